"""Baseline rules on waivers themselves: who answers for one, why it is accepted, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Severity, Stage
from easement.contract.values import Duration
from easement.standards.facts import WaiverFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.parameters import Parameter, ParameterValues


def _no_owner(facts: WaiverFacts) -> Iterable[Found]:
    if not facts.waiver.metadata.owner:
        yield Found(path="/metadata", message="nobody answers for what it accepts")


def _no_reason(facts: WaiverFacts, settings: ParameterValues) -> Iterable[Found]:
    words = len(facts.waiver.spec.reason.split())
    if words < settings["words"]:
        yield Found(path="/spec/reason", message=f"{words} words do not say why it is acceptable and what will end it")


def _too_long(facts: WaiverFacts, settings: ParameterValues) -> Iterable[Found]:
    most: Duration = settings["most"]
    ahead = facts.waiver.spec.expires - facts.today
    if ahead > most.as_timedelta():
        yield Found(path="/spec/expires", message=f"it runs for {ahead.days} more days; the most is {most}")


_WAIVER: Final = """\
kind: Waiver
metadata: {name: no-words, owner: %s}
spec:
  rule: no-title
  at: system/shop#/metadata
  reason: %s
  expires: %s"""
_REASON: Final = "The name says it all until the move in March."

WAIVER_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=WaiverFacts,
        id="waiver-without-owner",
        title="Somebody answers for every waiver",
        rationale="A risk that is accepted by nobody is not accepted.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="waivers",
        check=_no_owner,
        remedy="Name a team in metadata.owner.",
        source="NIST SP 800-53 CA-5, PM-4; ISO/IEC 27001:2022 6.1.3 f)",
        waivable=False,
        bad=_WAIVER % ('""', _REASON, "2026-12-31"),
        good=_WAIVER % ("shopkeepers", _REASON, "2026-12-31"),
    ),
    Rule(
        about=WaiverFacts,
        id="waiver-without-reason",
        title="Every waiver says why",
        rationale="Whoever decides on it, and whoever has to renew it, must be able to judge it from its text.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="waivers",
        check=_no_reason,
        remedy="Say in spec.reason why the finding is acceptable, and what will end it.",
        source="NIST SP 800-53 CA-5; PCI DSS 4.0.1 Appendix B",
        waivable=False,
        parameters={"words": Parameter(default=3, meaning="Words that a reason has at least.")},
        bad=_WAIVER % ("shopkeepers", "Later.", "2026-12-31"),
        good=_WAIVER % ("shopkeepers", _REASON, "2026-12-31"),
    ),
    Rule(
        about=WaiverFacts,
        id="waiver-too-long",
        title="Waivers end within a year",
        rationale="A waiver without an end is a rule that is not meant.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="waivers",
        check=_too_long,
        remedy="Set spec.expires to a nearer day; a waiver can be renewed by another review.",
        source="NIST SP 800-53 CA-5, CA-7; PCI DSS 4.0.1 req. 12.3.1",
        waivable=False,
        parameters={"most": Parameter(default=Duration.parse("P366D"), meaning="How far ahead the end may lie.")},
        bad=_WAIVER % ("shopkeepers", _REASON, "2029-12-31"),
        good=_WAIVER % ("shopkeepers", _REASON, "2026-12-31"),
    ),
)
