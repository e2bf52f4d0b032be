"""What a rule is, and what it finds.

* A rule is a value: id, title, why, severity, the stage that it stops, what it applies to, check, remedy, source.
* A rule reads the facts of one document and nothing else: no clock, no network, no registry.
* A rule reports; it never raises because a document is bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from easement.contract.kinds import Severity, Stage
from easement.contract.problems import Place
from easement.standards.parameters import Parameter, ParameterValues, defaults

FactsT = TypeVar("FactsT")
BASELINE_NAME: Final = "baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One place at which a rule does not hold. ``path`` is a JSON pointer into the document.

    ``place`` is set where that is in another file than the document.
    """

    path: str
    message: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[FactsT]):
    """One rule over one kind of facts.

    ``about`` is the class of facts it reads. ``scope`` says in words what it applies to, ``applies`` decides it;
    ``check`` takes the facts, and ``settings`` as well where the rule has ``parameters``. ``source`` is the article or
    requirement that the rule gives evidence for; ``good`` and ``bad`` are parts of documents in YAML. A rule with
    ``waivable`` False has no exceptions.
    """

    about: type[FactsT]
    id: str
    title: str
    rationale: str
    severity: Severity
    blocks: Stage
    scope: str
    check: Callable[..., Iterable[Found]]
    remedy: str
    source: str
    applies: Callable[[FactsT], bool] = lambda _facts: True
    waivable: bool = True
    standard: str = BASELINE_NAME
    owner: str = ""
    good: str = ""
    bad: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    settings: ParameterValues = field(default_factory=dict)

    def findings(self, facts: FactsT) -> Iterable[Found]:
        """The places at which the rule does not hold; none where it does not apply."""
        if not self.applies(facts):
            return ()
        return (
            self.check(facts, {**defaults(self.parameters), **self.settings}) if self.parameters else self.check(facts)
        )


AnyRule = Rule[Any]
"""A rule whatever it is about, for listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that does not hold at one place.

    ``subject`` is ``kind/name`` and ``path`` a JSON pointer into that document. ``waived_by`` names the waiver in
    force; a waived finding stops nothing and stays visible.
    """

    rule: str
    title: str
    severity: Severity
    blocks: Stage
    subject: str
    path: str
    message: str
    remedy: str
    waived_by: str = ""
    source: str = ""
    standard: str = BASELINE_NAME
    place: Place | None = field(default=None, compare=False)
    """Where it stands, if that is in another file than its subject."""

    @property
    def at(self) -> str:
        """The place as a waiver names it: ``integration/NAME#/spec/...``."""
        return f"{self.subject}#{self.path}"

    def stops(self, stage: Stage) -> bool:
        """Whether the finding stops a document at ``stage`` (or stopped it before)."""
        stages = list(Stage)
        return (
            not self.waived_by and self.blocks is not Stage.NEVER and stages.index(self.blocks) <= stages.index(stage)
        )
