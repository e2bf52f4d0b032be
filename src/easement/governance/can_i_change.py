"""May this interface (or contract) change like that, and whom would it break? Asked by CI, before anything is applied.

The answer is the one that the gate gives when the revision is to be enforced: the same comparison, the same consumers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from easement.contract.identity import bare_name, interface_key
from easement.contract.kinds import Interface
from easement.contract.problems import Problem
from easement.contract.values import Version
from easement.estate.model import Estate
from easement.governance.change_case_opening import enforced_key
from easement.governance.change_cases import stage_of
from easement.governance.change_gate import live_uses
from easement.governance.change_verdicts import consumer_json, verdict_json
from easement.governance.entries import Entry
from easement.governance.interface_comparison import definition_source, held_against
from easement.governance.registry import Registry
from easement.interfaces.compatibility.compare import DefinitionSource
from easement.interfaces.compatibility.consumers import Impact, impact_on
from easement.interfaces.compatibility.verdict import ChangeClass, Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuestion:
    """A new description of an interface. ``files`` hold ``path`` and what it refers to; ``version`` may be empty."""

    interface: str
    path: str
    files: Mapping[str, bytes]
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAnswer:
    """Whether it may be, and whom it breaks.

    ``side_by_side`` says that the version is a new major: nobody breaks until the old one ends, and then only under a
    change case. ``refusals`` are what policy says whoever is hit.
    """

    interface: str
    comparison: Comparison
    impact: Impact
    problems: tuple[Problem, ...]
    refusals: tuple[str, ...]
    side_by_side: bool

    @property
    def breaks(self) -> bool:
        """Whether a consumer would break at the moment of the change."""
        return bool(self.impact.broken) and not self.side_by_side

    @property
    def allowed(self) -> bool:
        """Whether it could be enforced."""
        return not (self.breaks or self.refusals or self.problems)


def can_i_change(registry: Registry, question: ChangeQuestion) -> ChangeAnswer:
    """Ask about an enforced interface. Raises :class:`~easement.governance.errors.UnknownError`."""
    snapshot = registry.snapshot()
    key = enforced_key(snapshot, "Interface", question.interface)
    return answer(stage_of(snapshot).estate, key, snapshot.enforced["Interface", key], question)


def answer(estate: Estate, key: str, enforced: Entry, question: ChangeQuestion) -> ChangeAnswer:
    """The answer from values: ``estate`` is what flows, ``enforced`` the revision of interface ``key``. Pure."""
    assert isinstance(enforced.document, Interface)  # noqa: S101 - the key says so
    old = definition_source(enforced)
    version = Version.parse(question.version) if question.version else enforced.document.spec.version
    refusals = []
    if version < enforced.document.spec.version:
        refusals.append(f"version {version} is lower than {enforced.document.spec.version}: versions only go up")
    if old is None:
        return ChangeAnswer(
            interface=key, comparison=Comparison(), impact=Impact(consumers=(), unnoticed=()), problems=(),
            refusals=(f"{key} names no definition to compare with",), side_by_side=False,
        )  # fmt: skip
    new = DefinitionSource(format=old.format, path=question.path, files=question.files)
    located, problems = held_against(old, new)
    return ChangeAnswer(
        interface=key,
        comparison=located,
        impact=impact_on(located, live_uses(estate, key)),
        problems=problems,
        refusals=tuple(refusals),
        side_by_side=interface_key(bare_name(key), version.major) != key,
    )


def answer_json(found: ChangeAnswer) -> dict[str, Any]:
    """The answer as the API gives it."""
    return {
        "interface": found.interface,
        "allowed": found.allowed,
        "breaks": found.breaks,
        "sideBySide": found.side_by_side,
        "refusals": list(found.refusals),
        "problems": [
            {"code": problem.code, "message": problem.message, "place": str(problem.place)}
            for problem in found.problems
        ],
        "verdicts": [
            verdict_json(verdict)
            for verdict in found.comparison.verdicts
            if verdict.change is not ChangeClass.DOCUMENTATION
        ],
        "consumers": [consumer_json(consumer) for consumer in found.impact.consumers],
        "unnoticed": [verdict_json(verdict) for verdict in found.impact.unnoticed],
    }
