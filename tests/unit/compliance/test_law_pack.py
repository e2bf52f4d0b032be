"""The law pack: windows, conditions and grounds of transfers."""

from __future__ import annotations

from datetime import date

import pytest

from easement.compliance.countries import COUNTRIES, OFTEN_MEANT
from easement.compliance.law_pack import (
    ADEQUACY,
    DPF_LABEL,
    EEA,
    PACK_VERSION,
    PIPEDA_LABEL,
    adequacy_of,
    transfer_basis,
)

TODAY = date(2026, 11, 23)


def basis(destination: str, *, origin: str = "DE", today: date = TODAY, **more: object) -> str:
    return transfer_basis(origin=origin, destination=destination, today=today, **more).kind  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("destination", "kind"),
    [("FR", "domestic"), ("NO", "domestic"), ("RE", "domestic"), ("CH", "adequacy"), ("BR", "adequacy"), ("IN", "none"),
     ("CN", "none"), ("US", "none"), ("CA", "none")],
)  # fmt: skip
def test_grounds_without_a_declaration(destination: str, kind: str) -> None:
    assert basis(destination) == kind


def test_the_united_kingdom_is_covered_until_the_decision_ends() -> None:
    assert basis("GB", today=date(2031, 12, 27)) == "adequacy"
    ended = transfer_basis(origin="DE", destination="GB", today=date(2031, 12, 28))
    assert not ended.lawful
    assert "ended on 2031-12-27" in ended.reason


def test_a_decision_does_not_hold_before_it_was_taken() -> None:
    assert adequacy_of("BR", date(2026, 1, 25)) is None
    assert adequacy_of("BR", date(2026, 1, 26)) is not None


@pytest.mark.parametrize(("country", "label"), [("US", DPF_LABEL), ("CA", PIPEDA_LABEL)])
def test_a_conditional_decision_needs_declaration_and_label(country: str, label: str) -> None:
    labels = frozenset({label})
    assert basis(country, recipient_labels=labels) == "none"
    assert basis(country, mechanism="adequacy") == "none"
    assert basis(country, mechanism="adequacy", recipient_labels=frozenset({"other"})) == "none"
    assert basis(country, mechanism="adequacy", recipient_labels=labels) == "adequacy"


@pytest.mark.parametrize("mechanism", ["SCC", "BCR"])
def test_safeguards_need_their_own_agreement_in_force(mechanism: str) -> None:
    assert basis("IN", mechanism=mechanism) == "none"
    assert basis("IN", mechanism=mechanism, agreements_in_force=frozenset({"DPA"})) == "none"
    assert basis("IN", mechanism=mechanism, agreements_in_force=frozenset({mechanism})) == mechanism


def test_claiming_adequacy_does_not_make_a_country_adequate() -> None:
    assert basis("IN", mechanism="adequacy", recipient_labels=frozenset({DPF_LABEL})) == "none"


def test_a_derogation_is_no_ground_for_a_standing_flow() -> None:
    refused = transfer_basis(origin="DE", destination="IN", today=TODAY, mechanism="derogation")
    assert not refused.lawful
    assert "49" in refused.reason


def test_data_that_does_not_start_in_the_eea_is_no_export_of_it() -> None:
    assert basis("IN", origin="US") == "domestic"


def test_the_pack_is_sound() -> None:
    assert len(COUNTRIES) == 249
    assert len({decision.country for decision in ADEQUACY}) == len(ADEQUACY)
    assert all(decision.decision and decision.country in COUNTRIES - EEA for decision in ADEQUACY)
    assert EEA <= COUNTRIES
    assert not COUNTRIES.intersection(OFTEN_MEANT)
    assert COUNTRIES.issuperset(OFTEN_MEANT.values())
    assert transfer_basis(origin="DE", destination="IN", today=TODAY).pack == PACK_VERSION
