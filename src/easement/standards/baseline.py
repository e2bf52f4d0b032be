"""The baseline: the rules that every estate is held against, whatever its own standards add."""

from __future__ import annotations

from typing import Final

from easement.standards.baseline_card import CARD_RULES
from easement.standards.baseline_health import HEALTH_RULES
from easement.standards.baseline_messaging import MESSAGING_RULES
from easement.standards.baseline_ownership import OWNERSHIP_RULES
from easement.standards.baseline_privacy import PRIVACY_RULES
from easement.standards.baseline_security import SECURITY_RULES
from easement.standards.baseline_service import SERVICE_RULES
from easement.standards.model import AnyRule

THEMES: Final[dict[str, tuple[AnyRule, ...]]] = {
    "Personal data": PRIVACY_RULES,
    "Health information": HEALTH_RULES,
    "Card data": CARD_RULES,
    "Security": SECURITY_RULES,
    "Messaging": MESSAGING_RULES,
    "Ownership and agreements": OWNERSHIP_RULES,
    "Service levels": SERVICE_RULES,
}
BASELINE: Final[tuple[AnyRule, ...]] = tuple(rule for rules in THEMES.values() for rule in rules)
"""Every baseline rule, by theme. Ids are unique and never reused for something else."""
