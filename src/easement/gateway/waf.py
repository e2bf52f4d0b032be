"""Inspection of requests by the Core Rule Set, as the contracts ask for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog

from easement.gateway.waf_finding import Finding
from easement.gateway.waf_guards import OWN_RULES, before_rules
from easement.gateway.waf_library import InspectedRequest, RuleSet, WafError
from easement.gateway.waf_rules import LoadedRules
from easement.plan.model import Inspection

_log = structlog.get_logger()
_EVALUATION: Final = range(949_000, 1_000_000)
"""Rules that add up what others found."""
_MAX_LINE: Final = 65_536
_MAX_REASON: Final = 200


@dataclass(slots=True)
class Waf:
    """The rules with one prepared set for each way in which contracts want them; sets share what is in memory."""

    loaded: LoadedRules
    _prepared: dict[Inspection, RuleSet] = field(default_factory=dict, init=False)

    def prepare(self, inspections: Iterable[Inspection]) -> None:
        """Have the sets for these, and let go of those for any others. One that cannot be had is refused when asked."""
        wanted: dict[Inspection, RuleSet] = {}
        for inspection in set(inspections):
            try:
                wanted[inspection] = self._set(inspection)
            except (WafError, ValueError) as error:
                _log.error("decider.waf_contract_refused", reason=str(error)[:_MAX_REASON])
        self._prepared = wanted

    def inspect(self, inspection: Inspection, request: InspectedRequest) -> Finding | None:
        """What the rules find, or None. Blocking; safe in any thread.

        Raises ``ValueError`` or :class:`~easement.gateway.waf_library.WafError` for rules that cannot be written.
        """
        said = self.loaded.engine.inspect(self._set(inspection), request)
        rules = self._rules(said.lines)
        if not said.stopped and not rules:
            return None
        attacks = [
            attack
            for rule in rules
            for attack in ((OWN_RULES[rule],) if rule in OWN_RULES else self.loaded.attacks.get(rule, ()))
        ]
        return Finding(
            outcome=("blocked" if inspection.mode == "block" else "would-block") if said.stopped else "noticed",
            rules=tuple(rules),
            attacks=tuple(dict.fromkeys(attacks)),
            ruleset=self.loaded.facts.version,
        )

    def _set(self, inspection: Inspection) -> RuleSet:
        known = self._prepared.get(inspection)
        if known is not None:
            return known
        text = before_rules(inspection, self.loaded.facts.version)
        return self.loaded.engine.before(text, self.loaded.rules)

    def _rules(self, lines: Iterable[bytes]) -> list[int]:
        """Ids in the order in which rules matched. What is read stands right behind the secret name of a file."""
        pattern = re.escape(self.loaded.mark) + rb'[^"\[\]]{1,200}"\] \[line "\d{1,9}"\] \[id "(\d{1,9})"\]'
        found = (re.search(pattern, line[:_MAX_LINE]) for line in lines)
        ids = dict.fromkeys(int(match.group(1)) for match in found if match is not None)
        return [rule for rule in ids if rule not in _EVALUATION]
