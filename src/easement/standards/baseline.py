"""The baseline: the rules that every estate is held against, whatever its own standards add."""

from __future__ import annotations

from typing import Final

from easement.standards.baseline_access import ACCESS_RULES
from easement.standards.baseline_api import API_RULES
from easement.standards.baseline_card import CARD_RULES
from easement.standards.baseline_credentials import CREDENTIAL_RULES
from easement.standards.baseline_events import EVENT_RULES
from easement.standards.baseline_health import HEALTH_RULES
from easement.standards.baseline_messaging import MESSAGING_RULES
from easement.standards.baseline_monitoring import MONITORING_RULES
from easement.standards.baseline_ownership import OWNERSHIP_RULES
from easement.standards.baseline_patterns import PATTERN_RULES
from easement.standards.baseline_privacy import PRIVACY_RULES
from easement.standards.baseline_security import SECURITY_RULES
from easement.standards.baseline_service import SERVICE_RULES
from easement.standards.baseline_technology import TECHNOLOGY_RULES
from easement.standards.baseline_waivers import WAIVER_RULES
from easement.standards.model import AnyRule

THEMES: Final[dict[str, tuple[AnyRule, ...]]] = {
    "Personal data": PRIVACY_RULES,
    "Health information": HEALTH_RULES,
    "Card data": CARD_RULES,
    "Technologies and data stores": TECHNOLOGY_RULES,
    "Patterns of integration": PATTERN_RULES,
    "Design of APIs": API_RULES,
    "Messaging": (*MESSAGING_RULES, *EVENT_RULES),
    "Logging and monitoring": MONITORING_RULES,
    "Security": (*SECURITY_RULES, *ACCESS_RULES, *CREDENTIAL_RULES),
    "Ownership and agreements": OWNERSHIP_RULES,
    "Service levels": SERVICE_RULES,
    "Waivers": WAIVER_RULES,
}
BASELINE: Final[tuple[AnyRule, ...]] = tuple(rule for rules in THEMES.values() for rule in rules)
"""Every baseline rule, by theme. Ids are unique and never reused for something else."""
