"""Open a change case: hold the old version against the new one, find who is affected, and keep the verdicts.

Three kinds of case, one shape:

* an **interface** gets a successor (its next major version), or ends without one: a planned change with a notice;
* a **contract** that flows is narrowed: its consumer is asked;
* an **emergency** (break-glass) for one waiting revision of either: a second person confirms, within a window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from easement.contract.identity import UnknownKeyError, bare_name, resolve_key
from easement.estate.contract_losses import losses, move_of
from easement.estate.model import Estate
from easement.governance.change_case_states import RUNNING, CaseState
from easement.governance.change_cases import case_record, party_of, provider_team, require_member, stage_of
from easement.governance.change_gate import live_uses
from easement.governance.change_verdicts import hit_json, verdict_json
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.interface_comparison import compare_entries
from easement.governance.records import Act
from easement.governance.registry import Actor, Registry
from easement.governance.snapshot import DocumentKey, Snapshot
from easement.interfaces.compatibility.consumers import impact_on
from easement.plan.notices import is_safe_link
from easement.store.change_cases import StoredCase, StoredParty, add_case, list_cases
from easement.store.documents import move_head

_log = structlog.get_logger()
LONGEST_EMERGENCY_HOURS: Final = 72
_OVERSEERS: Final = frozenset({"operator", "admin"})
_KEPT_VERDICTS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What somebody wants to change, and why. ``sunset`` may be later than the notice period asks, never earlier."""

    kind: str
    name: str
    reason: str
    successor: str = ""
    link: str = ""
    sunset: date | None = None


def open_case(registry: Registry, actor: Actor, opening: Opening) -> StoredCase:
    """Open a planned change as a draft; nobody is told yet.

    Raises :class:`UnknownError` for a document that is not enforced, :class:`PolicyError` when a case runs already,
    and :class:`NotAllowedError` when the provider's team lists its members and ``actor`` is not one of them.
    """
    if opening.link and not is_safe_link(opening.link):
        raise PolicyError("the link is no plain http(s) address", ("it goes into header fields; leave queries short",))
    if not opening.reason.strip():
        raise PolicyError("a change needs a reason", ("say why: everybody affected reads it",))

    def build(snapshot: Snapshot, estate: Estate, name: str) -> StoredCase:
        if opening.kind == "Integration":
            return _contract_case(snapshot, estate, name)
        return _interface_case(snapshot, estate, name, opening.successor)

    return _open(registry, actor, opening, build)


def open_emergency(registry: Registry, actor: Actor, opening: Opening, hours: int) -> StoredCase:
    """Ask for an emergency: the waiting revision may be enforced without notice once a second person confirms.

    The window is ``hours`` from now. Raises as :func:`open_case`, and :class:`PolicyError` without a waiting revision.
    """
    if not opening.reason.strip():
        raise PolicyError("an emergency needs a reason", ("say what would happen otherwise; it goes on the record",))
    if not 1 <= hours <= LONGEST_EMERGENCY_HOURS:
        raise PolicyError(f"an emergency lasts 1 to {LONGEST_EMERGENCY_HOURS} hours, not {hours}")
    until = registry.now() + timedelta(hours=hours)

    def build(snapshot: Snapshot, estate: Estate, name: str) -> StoredCase:
        key = (opening.kind, name)
        waiting = snapshot.registered[key].revision if key in snapshot.registered else ""
        if not waiting or waiting == snapshot.enforced[key].revision:
            raise PolicyError(
                f"{opening.kind.lower()}/{name} has no revision that waits", ("apply the emergency change first",)
            )
        if opening.kind == "Integration":
            case = _contract_case(snapshot, estate, name)
        else:
            case = _same_version_case(snapshot, estate, name)
        return replace(case, emergency=True, permitted_until=until)

    return _open(registry, actor, opening, build)


def _open(registry: Registry, actor: Actor, opening: Opening, build: Any) -> StoredCase:
    act = Act(person=actor.name, now=registry.now())

    def prepare(snapshot: Snapshot) -> StoredCase:
        estate = stage_of(snapshot).estate
        name = enforced_key(snapshot, opening.kind, opening.name)
        if not actor.roles & _OVERSEERS:
            team = provider_team(estate, opening.kind, name)
            require_member(estate, team, actor, f"a change of {opening.kind.lower()}/{name}")
        case: StoredCase = build(snapshot, estate, name)
        return replace(
            case,
            reason=opening.reason,
            link=opening.link,
            opened_by=actor.name,
            opened=act.now,
            sunset=datetime.combine(opening.sunset, time(), UTC) if opening.sunset else None,
        )

    def commit(connection: Connection, _snapshot: Snapshot, case: StoredCase) -> StoredCase:
        running = list_cases(connection, states=tuple(RUNNING), kind=case.kind, name=case.name, limit=100)
        same = [each for each in running if each.emergency == case.emergency]
        if same:
            raise PolicyError(f"{same[0].id} is about {case.subject} already", ("go on with that one, or withdraw it",))
        kept = add_case(connection, case)
        move_head(connection, act.now)
        registry.record(
            [
                case_record(
                    act,
                    kept,
                    "change.break-glass-asked" if kept.emergency else "change.opened",
                    reason=kept.reason,
                    successor=kept.successor,
                    verdicts=len(kept.verdicts),
                    affected=tuple(party.integration for party in kept.parties),
                )
            ]
        )
        return kept

    done = registry.in_turn(prepare, commit)
    _log.info("change.opened", case=done.id, subject=done.subject, affected=len(done.parties))
    return done


def enforced_key(snapshot: Snapshot, kind: str, written: str) -> str:
    """The key of an enforced document that a person names. Raises :class:`UnknownError`."""
    known = [name for has_kind, name in snapshot.enforced if has_kind == kind]
    try:
        return resolve_key(kind, written, known)
    except UnknownKeyError as error:
        raise UnknownError(str(error), ("only what is approved and enforced can change under a case",)) from None


def _interface_case(snapshot: Snapshot, estate: Estate, name: str, successor: str) -> StoredCase:
    old = snapshot.enforced["Interface", name]
    if not successor:
        ends = {"rule": "interface-ends", "change": "breaking", "explanation": f"{name} ends and nothing takes over"}
        parties = tuple(party_of(estate, use.integration, (ends,)) for use in live_uses(estate, name))
        return _case(("Interface", name), old.revision, parties=parties, verdicts=(ends,))
    key = _successor_key(snapshot, name, successor)
    new = snapshot.registered["Interface", key]
    comparison, problems = compare_entries(old, new)
    if problems:
        raise PolicyError(f"{name} and {key} cannot be compared", (problem.message for problem in problems[:10]))
    uses = live_uses(estate, name)
    parties = tuple(
        party_of(estate, consumer.use.integration, [hit_json(hit) for hit in consumer.hits])
        for consumer in impact_on(comparison, uses).consumers
    )
    verdicts = tuple(verdict_json(verdict) for verdict in comparison.verdicts[:_KEPT_VERDICTS])
    case = _case(("Interface", name), old.revision, parties=parties, verdicts=verdicts)
    return replace(case, successor=key, new_revision=new.revision)


def _successor_key(snapshot: Snapshot, name: str, written: str) -> str:
    known = [key for kind, key in snapshot.registered if kind == "Interface"]
    try:
        key = resolve_key("Interface", written, known)
    except UnknownKeyError as error:
        raise UnknownError(f"the successor: {error}", ("apply its document first",)) from None
    if key == name:
        raise PolicyError(
            f"{name} cannot succeed itself: a breaking change within a major version is refused",
            ("publish the new version under the next major number, side by side",),
        )
    if bare_name(key) == bare_name(name) and int(key.rpartition("@")[2]) < int(name.rpartition("@")[2]):
        raise PolicyError(f"{key} is older than {name}: consumers only move forward")
    return key


def _same_version_case(snapshot: Snapshot, estate: Estate, name: str) -> StoredCase:
    """An emergency within a version: only those whom it breaks are affected, all where it cannot be compared."""
    old, new = snapshot.enforced["Interface", name], snapshot.registered["Interface", name]
    comparison, problems = compare_entries(old, new)
    uses = live_uses(estate, name)
    if problems:
        unknown = {"rule": "not-comparable", "change": "breaking", "explanation": problems[0].message}
        parties = tuple(party_of(estate, use.integration, (unknown,)) for use in uses)
        verdicts: tuple[Mapping[str, Any], ...] = (unknown,)
    else:
        parties = tuple(
            party_of(estate, consumer.use.integration, [hit_json(hit) for hit in consumer.hits])
            for consumer in impact_on(comparison, uses).broken
        )
        verdicts = tuple(verdict_json(verdict) for verdict in comparison.verdicts[:_KEPT_VERDICTS])
    case = _case(("Interface", name), old.revision, parties=parties, verdicts=verdicts)
    return replace(case, new_revision=new.revision)


def _contract_case(snapshot: Snapshot, estate: Estate, name: str) -> StoredCase:
    """A contract that flows takes something away: its consumer is the one affected."""
    old = snapshot.enforced["Integration", name]
    new = snapshot.registered.get(("Integration", name))
    before = estate.integrations[name]
    if new is None or new.revision == old.revision:
        raise PolicyError(f"integration/{name} has no revision that waits", ("apply the new revision first",))
    after = new.document
    assert after.kind == "Integration"  # noqa: S101 - the key says so
    taken = list(losses(before, after))
    if (move := move_of(before, after)) is not None:
        taken.append(f"it moves from {move[0]} to {move[1]}")
    if not taken:
        raise PolicyError(f"integration/{name} takes nothing away: it needs no case, only its review")
    hits = tuple({"rule": "contract-narrowed", "change": "breaking", "explanation": each} for each in taken)
    case = _case(("Integration", name), old.revision, parties=(party_of(estate, name, hits),), verdicts=hits)
    return replace(case, new_revision=new.revision)


def _case(
    key: DocumentKey, revision: str, *, parties: tuple[StoredParty, ...], verdicts: tuple[Mapping[str, Any], ...]
) -> StoredCase:
    return StoredCase(
        kind=key[0],
        name=key[1],
        old_revision=revision,
        state=CaseState.DRAFT,
        reason="",
        opened_by="",
        opened=datetime.min.replace(tzinfo=UTC),
        parties=parties,
        verdicts=verdicts,
    )
