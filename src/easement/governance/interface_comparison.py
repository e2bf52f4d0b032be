"""Two revisions of an interface, compared once: a revision never changes, so neither does the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from easement.contract.kinds import Interface, Severity
from easement.contract.problems import Place, Problem
from easement.contract.revision import definition_path
from easement.governance.entries import Entry
from easement.interfaces.compatibility.compare import DefinitionSource, compare_definitions
from easement.interfaces.compatibility.policy import POLICIES
from easement.interfaces.compatibility.verdict import Comparison

ENFORCED_POLICY: Final = "lenient"
"""Gateway and relay refuse what a description does not name, so nobody can have sent it."""
_KEPT: Final = 32


@dataclass(frozen=True, slots=True)
class _Pair:
    """Equal when the revisions are; the documents only come along."""

    old_revision: str
    new_revision: str
    old: DefinitionSource | None = field(compare=False, repr=False)
    new: DefinitionSource | None = field(compare=False, repr=False)


def compare_entries(old: Entry, new: Entry) -> tuple[Comparison, tuple[Problem, ...]]:
    """What differs between two revisions of an interface, and why it cannot be said where it cannot."""
    if old.revision == new.revision:
        return Comparison(), ()
    return _compared(_Pair(old.revision, new.revision, definition_source(old), definition_source(new)))


def definition_source(entry: Entry) -> DefinitionSource | None:
    """The description of an interface's revision; None where it names none, or two."""
    if not isinstance(entry.document, Interface):
        return None
    path = definition_path(entry.document, entry.file)
    return source_of(entry.document, path, entry.files)


def source_of(interface: Interface, path: str, files: Mapping[str, bytes]) -> DefinitionSource | None:
    """A description as the compatibility engine takes it."""
    definition = interface.spec.definition
    if bool(definition.openapi) == bool(definition.asyncapi):
        return None
    return DefinitionSource(format="openapi" if definition.openapi else "asyncapi", path=path, files=files)


@lru_cache(maxsize=_KEPT)
def _compared(pair: _Pair) -> tuple[Comparison, tuple[Problem, ...]]:
    if pair.old is None or pair.new is None:
        problem = Problem(code="EAS-3018", message="an interface must name exactly one definition", place=Place())
        return Comparison(), (problem,)
    return held_against(pair.old, pair.new)


def held_against(old: DefinitionSource, new: DefinitionSource) -> tuple[Comparison, tuple[Problem, ...]]:
    """Two descriptions under the policy that is enforced; only errors are problems here."""
    comparison, problems = compare_definitions(old, new, policy=POLICIES[ENFORCED_POLICY])
    errors = tuple(problem for problem in problems if problem.severity is Severity.ERROR)
    return comparison.located(old_file=old.path, new_file=new.path), errors
