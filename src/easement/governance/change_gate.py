"""No change that breaks a live consumer is enforced without notice and transition. Pure; the one place of that rule.

:func:`change_refusals` compares what would be enforced with what is enforced now, whoever asks and by whatever way:

* an **interface** that stays in its major version may not break anybody whose contract flows. The way out is a new
  major version beside the old one, and a change case; what cannot be compared counts as breaking for everybody;
* its version only goes up;
* a **contract** that flows may not be narrowed without the hand of its consumer's team: as author of the revision, by
  an answer in a change case, or by moving to the announced successor. Where that team lists no members nobody can tell
  who speaks for it, and a person must approve (:func:`needs_a_person`);
* a version whose end is announced gets no new consumers;
* an emergency permit (break-glass) lets one revision through while it lasts.

Taking documents away is refused where documents are taken away: nothing that flows may lose what it stands on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from easement.contract.kinds import Integration, Interface
from easement.contract.problems import Problem
from easement.estate.contract_losses import consumer_of, consumer_team, interface_used, losses, move_of
from easement.estate.lifecycle import ENFORCED_STATES
from easement.estate.model import Estate
from easement.governance.entries import Entry
from easement.governance.interface_comparison import compare_entries
from easement.governance.snapshot import DocumentKey, Snapshot
from easement.interfaces.compatibility.consumers import Use, impact_on
from easement.interfaces.compatibility.verdict import Comparison

_SHOWN: Final = 12
Part = Literal["operation", "channel"]


def change_refusals(snapshot: Snapshot, before: Estate, after: Estate, keys: Sequence[DocumentKey]) -> tuple[str, ...]:
    """Why the registered revisions of ``keys`` may not be enforced together over ``before``, as sentences."""
    newcomers = tuple(
        sentence
        for kind, name in keys
        if kind == "Integration"
        for sentence in _too_late(snapshot, before, after, name)
    )
    return newcomers + tuple(
        sentence
        for kind, name in keys
        if (kind, name) in snapshot.enforced
        and snapshot.enforced[kind, name].revision != snapshot.registered[kind, name].revision
        and not snapshot.changes.allows(kind, name, snapshot.registered[kind, name].revision)
        for sentence in _refusals(snapshot, before, after, (kind, name))
    )


def live_uses(estate: Estate, interface: str) -> tuple[Use, ...]:
    """What each contract that flows uses of an interface version (its key)."""
    return tuple(
        use_of(estate, integration)
        for name, integration in sorted(estate.integrations.items())
        if _flows(estate, name) and interface_used(estate, integration) == interface
    )


def use_of(estate: Estate, integration: Integration) -> Use:
    """What one contract uses."""
    spec = integration.spec
    return Use(
        integration=integration.metadata.name,
        consumer=consumer_of(estate, integration),
        operations=frozenset(spec.operations),
        channels=frozenset(spec.channels),
        fields={path: str(handling) for path, handling in spec.handling.items()},
    )


def needs_a_person(snapshot: Snapshot, before: Estate, after: Estate, name: str) -> str:
    """Why a changed contract is never approved by the rule for low risk; empty when it takes nothing away."""
    old, new = before.integrations.get(name), after.integrations.get(name)
    if old is None or new is None or not _flows(before, name):
        return ""
    taken = losses(old, new)
    if taken:
        return f"it takes away from {consumer_of(before, old)}: {'; '.join(taken)}"
    move = move_of(old, new)
    if move is not None and not _announced(snapshot, *move):
        return f"it moves {consumer_of(before, old)} from {move[0]} to {move[1]}"
    return ""


def _too_late(snapshot: Snapshot, before: Estate, after: Estate, name: str) -> Iterator[str]:
    """A contract that would newly use an interface version whose end is announced."""
    new, old = after.integrations[name], before.integrations.get(name)
    key = interface_used(after, new)
    stored = snapshot.interface_states.get(key)
    if stored is None or not stored.successor:
        return
    if old is None or not _flows(before, name) or interface_used(before, old) != key:
        yield f"integration {name} would begin to use {key}, which is deprecated: use {stored.successor}"


def _announced(snapshot: Snapshot, old: str, new: str) -> bool:
    """Whether ``new`` is the successor of which the consumers of ``old`` have been told."""
    stored = snapshot.interface_states.get(old)
    return snapshot.changes.leads(old, new) or (stored is not None and stored.successor == new)


def _flows(estate: Estate, name: str) -> bool:
    registration = estate.registrations.get(name)
    return registration is not None and registration.state in ENFORCED_STATES


def _refusals(snapshot: Snapshot, before: Estate, after: Estate, key: DocumentKey) -> Iterable[str]:
    match key[0]:
        case "Interface":
            return interface_refusals(before, key[1], snapshot.enforced[key], snapshot.registered[key])
        case "Integration":
            return _contract_refusals(snapshot, before, after, key[1])
        case _:
            return ()


def interface_refusals(before: Estate, name: str, old: Entry, new: Entry) -> Iterator[str]:
    """Why ``new`` may not take the place of ``old``, the enforced revision of interface ``name``."""
    assert isinstance(old.document, Interface) and isinstance(new.document, Interface)  # noqa: S101, PT018 - both have this key
    was, will = old.document.spec, new.document.spec
    if will.version < was.version:
        yield f"interface {name} goes back from version {was.version} to {will.version}: versions only go up"
    uses = live_uses(before, name)
    if not uses:
        return
    if was.ordering is not None and was.ordering != will.ordering and any(use.channels for use in uses):
        yield f"interface {name} no longer keeps the order of {was.ordering.key}, on which {_names(uses)} may rely"
    comparison, problems = compare_entries(old, new)
    yield from _broken(name, uses, comparison, problems)


def _broken(name: str, uses: Sequence[Use], comparison: Comparison, problems: Sequence[Problem]) -> Iterator[str]:
    way_out = _way_out(name)
    if problems:
        yield (
            f"interface {name} cannot be compared with what is enforced ({problems[0].message}), so it counts as"
            f" breaking for {_names(uses)}. {way_out}"
        )
        return
    broken = impact_on(comparison, uses).broken
    for consumer in broken[:_SHOWN]:
        first = consumer.breaking[0].verdict
        more = f" and {len(consumer.breaking) - 1} more" if len(consumer.breaking) > 1 else ""
        yield (
            f"interface {name} would break {consumer.use.consumer} (integration {consumer.use.integration}):"
            f" {first.explanation} [{first.rule}]{more}. {way_out}"
        )
    if len(broken) > _SHOWN:
        yield f"interface {name} would break {len(broken) - _SHOWN} more consumers"


def _way_out(name: str) -> str:
    major = name.rpartition("@")[2]
    following = f"{name.rpartition('@')[0]}@{int(major) + 1}" if major.isdecimal() else "the next major version"
    return (
        f"Leave it as it is, publish {following} beside it, and tell its consumers: easement change open"
        f" interface/{name} --successor {following}"
    )


def _contract_refusals(snapshot: Snapshot, before: Estate, after: Estate, name: str) -> Iterator[str]:
    old = before.integrations.get(name)
    why = needs_a_person(snapshot, before, after, name)
    if old is None or not why:
        return
    team = before.teams.get(consumer_team(before, old))
    members = team.spec.members if team else ()
    if not members or snapshot.authors.get(("Integration", name), "") in members:
        return
    yield (
        f"integration {name} flows and {why}; team {consumer_team(before, old)} has not agreed."
        f" Let one of its members apply the revision, or ask them: easement change open integration/{name}"
    )


def _names(uses: Sequence[Use]) -> str:
    return ", ".join(f"{use.consumer} ({use.integration})" for use in uses[:_SHOWN])
