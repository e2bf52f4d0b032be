"""Waivers: one finding of one rule at one place, accepted until a day.

* A waiver covers the finding whose rule and place it names exactly, and nothing else.
* On its last day it still holds. After that the finding stops things again, and the waiver is a finding itself.
* A waiver that covers nothing is a finding too, so that none outlives what it was for.
* Some rules have no exceptions; a waiver of one is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from easement.contract.identity import bare_name
from easement.contract.kinds import Severity, Stage, Waiver
from easement.contract.suggestion import did_you_mean
from easement.standards.model import Finding

EXPIRED: Final = "waiver-expired"
UNUSED: Final = "waiver-covers-nothing"
REFUSED: Final = "waiver-refused"
_TITLES: Final = {
    EXPIRED: "Waivers are renewed or ended in time",
    UNUSED: "Waivers cover something",
    REFUSED: "Only rules with exceptions are waived",
}


def apply_waivers(
    findings: Sequence[Finding], waivers: Mapping[str, Waiver], today: date, *, unwaivable: Collection[str]
) -> tuple[Finding, ...]:
    """``findings`` with the waived ones marked, and the findings about the waivers themselves."""
    covering: dict[tuple[str, str], str] = {}
    lapsed: dict[tuple[str, str], str] = {}
    about: list[Finding] = []
    places = {(finding.rule, finding.at) for finding in findings}
    whole = _whole_places(finding.at for finding in findings)
    for name, waiver in sorted(waivers.items()):
        spec = waiver.spec
        at = whole.get(spec.at, spec.at)
        if spec.rule in unwaivable:
            about.append(_about(name, REFUSED, "/spec/rule", f"rule {spec.rule} has no exceptions", Severity.ERROR))
        elif spec.expires < today:
            message = f"it ended on {spec.expires}; what it covered stops things again"
            about.append(_about(name, EXPIRED, "/spec/expires", message, Severity.ERROR))
            lapsed[spec.rule, spec.at] = f"; waiver {name} ended on {spec.expires}"
        elif (spec.rule, at) not in places:
            about.append(_about(name, UNUSED, "/spec/at", _covers_nothing(waiver, findings), Severity.WARNING))
        else:
            covering.setdefault((spec.rule, at), name)
    return (*(_marked(one, covering, lapsed) for one in findings), *about)


def _marked(
    finding: Finding, covering: Mapping[tuple[str, str], str], lapsed: Mapping[tuple[str, str], str]
) -> Finding:
    place = (finding.rule, finding.at)
    if place in covering:
        return replace(finding, waived_by=covering[place])
    return replace(finding, message=finding.message + lapsed[place]) if place in lapsed else finding


def _whole_places(places: Iterable[str]) -> dict[str, str]:
    """Places on interfaces by what they are without the major version, where only one version has them."""
    found: dict[str, set[str]] = {}
    for place in places:
        subject, mark, path = place.partition("#")
        if subject.startswith("interface/"):
            found.setdefault(f"{bare_name(subject)}{mark}{path}", set()).add(place)
    return {bare: versions.pop() for bare, versions in found.items() if len(versions) == 1}


def _covers_nothing(waiver: Waiver, findings: Iterable[Finding]) -> str:
    places = [finding.at for finding in findings if finding.rule == waiver.spec.rule]
    message = f"rule {waiver.spec.rule} finds nothing at {waiver.spec.at}"
    hint = did_you_mean(waiver.spec.at, places) if places else ""
    return f"{message}; {hint}" if hint else message


def _about(name: str, rule: str, path: str, message: str, severity: Severity) -> Finding:
    return Finding(
        rule=rule,
        title=_TITLES[rule],
        severity=severity,
        blocks=Stage.REVIEW if severity is Severity.ERROR else Stage.NEVER,
        subject=f"waiver/{name}",
        path=path,
        message=message,
        remedy="Mend what it covers and remove the waiver, or have a new one approved."
        if rule == EXPIRED
        else "Correct or remove the waiver.",
    )
