"""One state of the registry as values: what is registered, what is enforced, and the estates that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from threading import RLock
from types import MappingProxyType
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from easement.contract.kinds import Severity
from easement.contract.problems import Problem
from easement.estate.assemble import assemble
from easement.estate.model import Estate, LifecycleState, Registration
from easement.governance.change_permits import NO_PERMITS, ChangePermits, load_permits
from easement.governance.entries import Entries, Entry, bundle_of, entry_of
from easement.standards.check import check
from easement.standards.model import Finding
from easement.store.decommissions import names_being_removed
from easement.store.documents import Head, StoredDocument, present, read_head
from easement.store.integrations import StoredIntegration, present_integrations
from easement.store.interface_states import StoredInterfaceState, present_interface_states
from easement.store.revisions import get_revisions, read_files

DocumentKey = tuple[str, str]
"""Kind and name."""

_Made = TypeVar("_Made")
_MOST_KEPT: Final = 8
_NOTHING_KNOWN: Final[Mapping[tuple[str, str, str], Entry]] = MappingProxyType({})


class _WorkedOut:
    """What one state of the registry comes to. Whoever asks first works it out, others wait; two days are kept."""

    __slots__ = ("_found", "_turn")

    def __init__(self) -> None:
        self._found: dict[object, Any] = {}
        self._turn = RLock()

    def once(self, what: object, make: Callable[[], _Made]) -> _Made:
        with self._turn:
            if what not in self._found:
                if len(self._found) >= _MOST_KEPT:
                    self._found.clear()
                self._found[what] = make()
            found: _Made = self._found[what]
            return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that one version of the registry says.

    ``authors`` are who applied the registered revisions; ``changes`` is what change cases allow. ``removals`` are
    integrations whose streams go with what is in them. With ``waits_for_gate`` nothing goes live by its approval alone.
    """

    head: Head
    documents: Mapping[DocumentKey, StoredDocument]
    integrations: Mapping[str, StoredIntegration]
    registered: Entries
    enforced: Entries
    authors: Mapping[DocumentKey, str] = field(default_factory=dict)
    interface_states: Mapping[str, StoredInterfaceState] = field(default_factory=dict)
    removals: tuple[str, ...] = ()
    waits_for_gate: bool = False
    changes: ChangePermits = NO_PERMITS
    _worked_out: _WorkedOut = field(default_factory=_WorkedOut, init=False, compare=False, repr=False)

    def registered_estate(self) -> Assembled:
        """Everything that was applied, approved or not; put together once."""
        return self._worked_out.once(
            "registered", lambda: assemble_entries(self.registered.values(), self.integrations)
        )

    def enforced_estate(self) -> Assembled:
        """Everything that is approved; put together once."""
        return self._worked_out.once("enforced", lambda: assemble_entries(self.enforced.values(), self.integrations))

    def registered_findings(self, today: date) -> tuple[Finding, ...]:
        """What the standards find in :meth:`registered_estate` on a day, waived findings included."""
        estate = self.registered_estate().estate
        return self._worked_out.once(("registered", today), lambda: check(estate, today))

    def enforced_findings(self, today: date) -> tuple[Finding, ...]:
        """What the standards find in :meth:`enforced_estate` on a day, waived findings included."""
        estate = self.enforced_estate().estate
        return self._worked_out.once(("enforced", today), lambda: check(estate, today))

    def entries(self) -> Iterator[Entry]:
        """Every entry, registered and enforced; one that is both comes twice."""
        yield from self.registered.values()
        yield from self.enforced.values()

    def with_changes(self, changes: ChangePermits) -> Snapshot:
        """The same documents under other permits of change cases."""
        other = replace(self, changes=changes)
        object.__setattr__(other, "_worked_out", self._worked_out)
        return other

    def state(self, integration: str) -> LifecycleState | None:
        """The lifecycle state of an integration, or None where it is not registered."""
        stored = self.integrations.get(integration)
        return None if stored is None else LifecycleState(stored.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """An estate with the problems that were met on the way; only errors are kept."""

    estate: Estate
    problems: tuple[Problem, ...]

    def new_problems(self, before: Assembled) -> tuple[Problem, ...]:
        """Problems that ``before`` did not have."""
        known = {(problem.code, problem.message) for problem in before.problems}
        return tuple(problem for problem in self.problems if (problem.code, problem.message) not in known)


def load_snapshot(connection: Connection, known: Mapping[tuple[str, str, str], Entry] = _NOTHING_KNOWN) -> Snapshot:
    """Read the present state. ``known`` are entries that were read before: a revision never changes."""
    head = read_head(connection)
    documents = {(document.kind, document.name): document for document in present(connection)}
    keys = [(*key, document.registered) for key, document in documents.items()]
    keys += [(*key, document.enforced) for key, document in documents.items() if document.enforced]
    stored = get_revisions(connection, (key for key in keys if key not in known))
    contents = read_files(connection, (digest for revision in stored.values() for digest in revision.files.values()))
    entries = {key: known[key] for key in keys if key in known}
    entries |= {key: entry_of(revision, contents) for key, revision in stored.items()}
    return Snapshot(
        head=head,
        documents=documents,
        integrations=present_integrations(connection),
        registered=_chosen(entries, documents, lambda document: document.registered),
        enforced=_chosen(entries, documents, lambda document: document.enforced),
        authors={
            key: entries[*key, document.registered].author
            for key, document in documents.items()
            if (*key, document.registered) in entries
        },
        changes=load_permits(connection),
        interface_states=present_interface_states(connection),
        removals=names_being_removed(connection),
    )


def assemble_entries(
    entries: Iterable[Entry],
    integrations: Mapping[str, StoredIntegration],
    *,
    states: Mapping[str, LifecycleState] | None = None,
    problems: tuple[Problem, ...] = (),
) -> Assembled:
    """Make an estate. ``states`` are lifecycle states that differ from what is stored."""
    chosen = tuple(entries)
    moved = states or {}
    registrations = {
        entry.name: Registration(
            id=integrations[entry.name].id,
            revision=entry.revision,
            state=moved.get(entry.name, LifecycleState(integrations[entry.name].state)),
        )
        for entry in chosen
        if entry.kind == "Integration" and entry.name in integrations
    }
    estate, found = assemble(bundle_of(chosen), registrations)
    errors = tuple(problem for problem in (*problems, *found) if problem.severity is Severity.ERROR)
    return Assembled(estate=estate, problems=tuple(dict.fromkeys(errors)))


def _chosen(
    entries: Mapping[tuple[str, str, str], Entry],
    documents: Mapping[DocumentKey, StoredDocument],
    revision: Callable[[StoredDocument], str],
) -> Entries:
    return {key: entries[*key, revision(document)] for key, document in documents.items() if revision(document)}
