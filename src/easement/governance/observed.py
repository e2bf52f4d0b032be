"""What the ledger has seen, against what is declared: three sets of edges, and the attempts that no contract covers.

* An integration is *seen* when something went through under it.
* An attempt is *undeclared* when nothing granted it: no contract, no such operation, no valid identity. A refusal under
  a contract, such as a body that breaks it or a limit, is not: that integration is declared.
* Values never come back: a path that fits no registered operation is shown with its changing parts cut out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from easement.contract.identity import reference_key
from easement.contract.kinds import Interface
from easement.estate.model import Estate, LifecycleState
from easement.interfaces.model import InterfaceModel
from easement.interfaces.path_templates import shape_of
from easement.ledger.query import Attempts, LedgerReader, Search
from easement.ledger.record import Record

MAX_GROUPS: Final = 10_000
MAX_LOOKED_AT: Final = 5_000
"""How many of the newest refusals without a known operation are read one by one."""
_UNDECLARED: Final = frozenset({"EAS-5401", "EAS-5402", "EAS-5403", "EAS-5404", "EAS-5405"})
_NOT_GRANTED: Final = re.compile(
    r"broker\.((publish|subscribe|reply)-not-granted|nothing-granted|no-token|token-.*|client-mismatch)"
)
_OPERATION: Final = re.compile(r"(?P<key>[a-z][a-z0-9-]{0,62}@\d{1,6})\.(?P<operation>.+)")
_SUBJECT: Final = re.compile(r"in\.(?P<name>[A-Za-z0-9_-]+)\.v(?P<major>\d+)\.(?P<channel>[A-Za-z0-9_-]+)(\..*)?")
_DELIVERY: Final = re.compile(r"(out|dlq)\.(?P<integration>[A-Za-z0-9_-]+)(\.(?P<channel>[A-Za-z0-9_-]+))?")
_PATH: Final = re.compile(r"/(?P<name>[a-z][a-z0-9-]{0,62})/v(?P<major>\d{1,6})(?P<rest>/.*)?")
_CHANGING: Final = re.compile(r"\d|@|%|^.{25,}$")
_SHOWN_PATH: Final = 120


class EdgeSet(StrEnum):
    """How a connection between two systems stands."""

    DECLARED_AND_SEEN = "declared-and-seen"
    DECLARED_NOT_SEEN = "declared-not-seen"
    SEEN_NOT_DECLARED = "seen-not-declared"


class Verb(StrEnum):
    """What a caller wanted."""

    CALL = "call"
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"
    CONNECT = "connect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Undeclared attempts of one kind. ``interface`` is a registry key and ``operation`` an operation or channel of it.

    Both are empty where nothing registered is there; ``place`` then says in words what was tried. ``account`` is empty
    for a caller without a valid identity.
    """

    account: str
    verb: Verb
    interface: str
    operation: str
    place: str
    code: str
    count: int
    first_ms: int
    last_ms: int
    transaction_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedEdge:
    """One connection. ``integration`` is empty where nothing is declared; times are 0 where nothing was seen."""

    edge_set: EdgeSet
    integration: str
    source: str
    target: str
    interface: str
    state: str
    count: int = 0
    first_ms: int = 0
    last_ms: int = 0


def observed_edges(estate: Estate, served: Iterable[Attempts], attempts: Iterable[Attempt]) -> tuple[ObservedEdge, ...]:
    """The three sets, in their order, each by integration, source and target. Retired integrations are left out."""
    used: dict[str, list[Attempts]] = {}
    for group in served:
        if group.integration:
            used.setdefault(group.integration, []).append(group)
    declared = list(_declared(estate, used))
    undeclared: dict[tuple[str, str, str], list[Attempt]] = {}
    for attempt in attempts:
        undeclared.setdefault((attempt.account, provider_of(estate, attempt), attempt.interface), []).append(attempt)
    shadows = [
        ObservedEdge(
            edge_set=EdgeSet.SEEN_NOT_DECLARED,
            integration="",
            source=account,
            target=target,
            interface=interface,
            state="",
            count=sum(one.count for one in group),
            first_ms=min(one.first_ms for one in group),
            last_ms=max(one.last_ms for one in group),
        )
        for (account, target, interface), group in undeclared.items()
    ]
    order = list(EdgeSet)
    found = [*declared, *shadows]
    return tuple(sorted(found, key=lambda e: (order.index(e.edge_set), e.integration, e.source, e.target, e.interface)))


def _declared(estate: Estate, used: Mapping[str, Sequence[Attempts]]) -> Iterator[ObservedEdge]:
    for name, integration in estate.integrations.items():
        registration = estate.registrations.get(name)
        if registration is not None and registration.state is LifecycleState.RETIRED:
            continue
        groups = used.get(name, ())
        yield ObservedEdge(
            edge_set=EdgeSet.DECLARED_AND_SEEN if groups else EdgeSet.DECLARED_NOT_SEEN,
            integration=name,
            source=integration.spec.source,
            target=integration.spec.target,
            interface=reference_key(integration.spec.interface),
            state=str(registration.state) if registration else "",
            count=sum(group.count for group in groups),
            first_ms=min((group.first_ms for group in groups), default=0),
            last_ms=max((group.last_ms for group in groups), default=0),
        )


def provider_of(estate: Estate, attempt: Attempt) -> str:
    """The system whose interface was tried; empty where it is not known."""
    interface = estate.interfaces.get(attempt.interface)
    return interface.spec.system if interface else ""


def undeclared_attempts(ledger: LedgerReader, estate: Estate, *, since_ms: int) -> tuple[Attempt, ...]:
    """Everything that was tried since then without a contract, grouped, the latest first."""
    found: list[Attempt] = []
    vague = False
    for group in ledger.refusals(since_ms=since_ms, limit=MAX_GROUPS):
        if group.integration or not _is_undeclared(group.error_code):
            continue
        if group.message_type:
            found.append(_attempt(estate, group))
        else:
            vague = True
    if vague:
        found += _without_operation(ledger, estate, since_ms)
    return tuple(sorted(found, key=lambda attempt: -attempt.last_ms))


def _is_undeclared(code: str) -> bool:
    return code in _UNDECLARED or bool(_NOT_GRANTED.fullmatch(code))


def _attempt(estate: Estate, group: Attempts) -> Attempt:
    verb, interface, operation = _meant(estate, group.message_type, group.error_code)
    return Attempt(
        account=group.account,
        verb=verb,
        interface=interface,
        operation=operation,
        place=group.message_type,
        code=group.error_code,
        count=group.count,
        first_ms=group.first_ms,
        last_ms=group.last_ms,
        transaction_id=group.last_transaction_id,
    )


def _meant(estate: Estate, message_type: str, code: str) -> tuple[Verb, str, str]:
    """Verb, interface and operation of a record's message type: an operation of the plan or a subject of the broker."""
    if match := _SUBJECT.fullmatch(message_type):
        verb = Verb.SUBSCRIBE if "subscribe" in code else Verb.PUBLISH
        key = _key_of_token(estate, match["name"], match["major"])
        return verb, key, _name_of_token(estate, key, match["channel"]) if key else ""
    if match := _DELIVERY.fullmatch(message_type):
        return Verb.SUBSCRIBE, *_delivered(estate, match["integration"], match["channel"] or "")
    if (match := _OPERATION.fullmatch(message_type)) and match["key"] in estate.interfaces:
        return Verb.CALL, match["key"], match["operation"]
    verb = Verb.CALL if code.startswith("EAS-") else Verb.CONNECT
    return verb, "", ""


def _key_of_token(estate: Estate, name: str, major: str) -> str:
    key = f"{name}@{major}"
    return key if key in estate.interfaces else ""


def _name_of_token(estate: Estate, key: str, token: str) -> str:
    """The channel whose name the broker writes as ``token``."""
    model = estate.models.get(key)
    channels = model.channels if model else {}
    return next((name for name in channels if re.sub(r"[^A-Za-z0-9_-]", "_", name) == token), "")


def _delivered(estate: Estate, integration: str, channel: str) -> tuple[str, str]:
    """Interface and channel of what is delivered under another's contract."""
    document = estate.integrations.get(integration)
    if document is None:
        return "", ""
    key = reference_key(document.spec.interface)
    return (key, _name_of_token(estate, key, channel)) if key in estate.interfaces else ("", "")


def _without_operation(ledger: LedgerReader, estate: Estate, since_ms: int) -> list[Attempt]:
    """Refusals that no route took: their paths are held against the registered operations, one by one."""
    groups: dict[tuple[str, Verb, str, str, str, str], list[Record]] = {}
    read, before = 0, 0
    while read < MAX_LOOKED_AT:
        page = ledger.search(Search(status="refused", since_ms=since_ms, before=before, limit=1_000))
        read += len(page.found)
        for one in page.found:
            record = one.record
            if not record.message_type and not record.integration and _is_undeclared(record.error_code):
                groups.setdefault(_tried(estate, record), []).append(record)
        before = page.cursor
        if not before:
            break
    return [
        Attempt(
            account=account,
            verb=verb,
            interface=interface,
            operation=operation,
            place=place,
            code=code,
            count=len(records),
            first_ms=min(record.time_ms for record in records),
            last_ms=max(record.time_ms for record in records),
            transaction_id=max(records, key=lambda record: record.time_ms).transaction_id,
        )
        for (account, verb, interface, operation, place, code), records in groups.items()
    ]


def _tried(estate: Estate, record: Record) -> tuple[str, Verb, str, str, str, str]:
    path = str(record.detail.get("tried", "")).partition("?")[0]
    if not path:
        verb = Verb.CALL if record.error_code.startswith("EAS-") else Verb.CONNECT
        return record.account, verb, "", "", "", record.error_code
    method = str(record.detail.get("http_method", "")).upper()
    interface, operation = operation_at(estate, method, path)
    place = f"{method} {_cut(path)}".strip()
    return record.account, Verb.CALL, interface, operation, place, record.error_code


def operation_at(estate: Estate, method: str, path: str) -> tuple[str, str]:
    """The registered interface and operation that a path at the gateway means; empty where there is none."""
    match = _PATH.fullmatch(path)
    key = f"{match['name']}@{int(match['major'])}" if match else ""
    if match is None or not isinstance(estate.interfaces.get(key), Interface):
        return "", ""
    model = estate.models.get(key)
    return key, _matching(model, method, match["rest"] or "/") if model else ""


def _matching(model: InterfaceModel, method: str, path: str) -> str:
    """The operation of that path; a literal segment goes before a parameter."""
    segments = path.split("/")
    best, most = "", -1
    for operation in model.operations.values():
        shape = shape_of(operation.path).split("/")
        if operation.method != method or len(shape) != len(segments):
            continue
        literal = sum(one == other for one, other in zip(shape, segments, strict=True))
        if literal > most and all(one == other or "{}" in one for one, other in zip(shape, segments, strict=True)):
            best, most = operation.id, literal
    return best


def _cut(path: str) -> str:
    """A path without what changes from call to call, which may be about a person."""
    shown = "/".join("{}" if _CHANGING.search(segment) else segment for segment in path.split("/"))
    return "".join(sign if sign.isprintable() else "?" for sign in shown)[:_SHOWN_PATH]
