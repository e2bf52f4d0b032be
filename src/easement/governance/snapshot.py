"""One state of the registry as values: what is registered, what is enforced, and the estates that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from easement.contract.kinds import Severity
from easement.contract.problems import Problem
from easement.estate.assemble import assemble
from easement.estate.model import Estate, LifecycleState, Registration
from easement.governance.change_permits import NO_PERMITS, ChangePermits, load_permits
from easement.governance.entries import Entries, Entry, bundle_of, entry_of
from easement.store.decommissions import names_being_removed
from easement.store.documents import Head, StoredDocument, present, read_head
from easement.store.integrations import StoredIntegration, present_integrations
from easement.store.interface_states import StoredInterfaceState, present_interface_states
from easement.store.revisions import get_revisions, read_files

DocumentKey = tuple[str, str]
"""Kind and name."""


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


def load_snapshot(connection: Connection) -> Snapshot:
    """Read the present state."""
    head = read_head(connection)
    documents = {(document.kind, document.name): document for document in present(connection)}
    keys = [(*key, document.registered) for key, document in documents.items()]
    keys += [(*key, document.enforced) for key, document in documents.items() if document.enforced]
    stored = get_revisions(connection, keys)
    contents = read_files(connection, (digest for revision in stored.values() for digest in revision.files.values()))
    entries = {key: entry_of(revision, contents) for key, revision in stored.items()}
    return Snapshot(
        head=head,
        documents=documents,
        integrations=present_integrations(connection),
        registered=_chosen(entries, documents, lambda document: document.registered),
        enforced=_chosen(entries, documents, lambda document: document.enforced),
        authors={
            key: stored[*key, document.registered].author
            for key, document in documents.items()
            if (*key, document.registered) in stored
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
