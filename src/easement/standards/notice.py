"""How long consumers are told before a breaking change reaches them.

The period follows the highest criticality among the integrations that the change breaks. The baseline has one for each
criticality; a Standard may set others in ``spec.notice``. Where several standards apply the longest period counts, and
a higher criticality never has a shorter period than a lower one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from easement.contract.kinds import Criticality
from easement.contract.values import Duration
from easement.estate.model import Estate
from easement.standards.selection import is_selected, traits_of_interface

NO_NOTICE: Final = Duration.parse("P0D")
BASELINE_NOTICE: Final[Mapping[Criticality, Duration]] = MappingProxyType(
    {
        Criticality.LOW: Duration.parse("14d"),
        Criticality.MEDIUM: Duration.parse("30d"),
        Criticality.HIGH: Duration.parse("90d"),
        Criticality.VITAL: Duration.parse("180d"),
    }
)
"""What counts where no standard says otherwise."""


def notice_period(estate: Estate, interface: str, affected: Iterable[str]) -> Duration:
    """How long the consumers of ``interface`` (its key) are told before a change that breaks ``affected`` integrations.

    ``affected`` are names of integrations; one that the estate does not have counts as vital. Nobody affected needs no
    notice.
    """
    criticalities = [_criticality(estate, name) for name in affected]
    if not criticalities:
        return NO_NOTICE
    highest = max(criticality.rank for criticality in criticalities)
    periods = notice_periods(estate, interface)
    return max(period for criticality, period in periods.items() if criticality.rank <= highest)


def notice_periods(estate: Estate, interface: str) -> dict[Criticality, Duration]:
    """The period of each criticality, as the standards that apply to ``interface`` set it, else the baseline."""
    periods = {}
    for criticality, default in BASELINE_NOTICE.items():
        declared = [
            standard.spec.notice[criticality]
            for standard in estate.standards.values()
            if criticality in standard.spec.notice and _covers(estate, interface, standard.metadata.name)
        ]
        periods[criticality] = max(declared, default=default)
    return periods


def _criticality(estate: Estate, name: str) -> Criticality:
    integration = estate.integrations.get(name)
    return integration.spec.sla.criticality if integration else Criticality.VITAL


def _covers(estate: Estate, interface: str, standard: str) -> bool:
    """Whether the standard is for this interface. One that cannot be judged is covered: the longer period is safer."""
    traits = traits_of_interface(estate, interface)
    return traits is None or is_selected(estate.standards[standard].spec.select, traits)
