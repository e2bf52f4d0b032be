"""What an inspection found: rule ids and kinds of attack, never a value. Also as the header that goes to the log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Outcome = Literal["blocked", "would-block", "noticed"]
FINDING_HEADER: Final = "x-easement-finding"
"""From the decider to the access log. Callers do not get it."""
_MAX_RULES: Final = 16
_MAX_ATTACKS: Final = 6
_WRITTEN: Final = re.compile(
    r"(blocked|would-block|noticed);([0-9]{1,9}(?:,[0-9]{1,9})*)?;([A-Za-z0-9-]{1,40}(?:,[A-Za-z0-9-]{1,40})*)?;([^;]{0,40})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``rules`` are those that matched, ``attacks`` what the rule set calls them (``sqli``, ``xss``, ...).

    ``noticed`` is below the threshold of the rule set, and passes in each mode.
    """

    outcome: Outcome
    rules: tuple[int, ...]
    attacks: tuple[str, ...]
    ruleset: str


def write_finding(finding: Finding) -> str:
    """As a header's value of at most 256 characters; of very many rules the first are named."""
    rules = ",".join(str(rule) for rule in finding.rules[:_MAX_RULES])
    return f"{finding.outcome};{rules};{','.join(finding.attacks[:_MAX_ATTACKS])};{finding.ruleset[:40]}"[:256]


def read_finding(text: str) -> Finding | None:
    """Read what :func:`write_finding` wrote; None for anything else."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    outcome, rules, attacks, ruleset = match.groups()
    return Finding(
        outcome=_OUTCOMES[outcome],
        rules=tuple(int(rule) for rule in (rules or "").split(",") if rule),
        attacks=tuple(attack for attack in (attacks or "").split(",") if attack),
        ruleset=ruleset,
    )


_OUTCOMES: Final[dict[str, Outcome]] = {"blocked": "blocked", "would-block": "would-block", "noticed": "noticed"}
