"""Each pattern of the catalogue has templates that pass ``check`` as they are, without any finding."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from easement.contract.loader import load
from easement.contract.template_patterns import ALIASES, PATTERN_TEMPLATES
from easement.contract.templates import TemplateError, pattern_estate
from easement.estate.assemble import assemble
from easement.plan.enforceable import obstacles
from easement.standards.check import check
from easement.standards.pattern_advice import pattern_advice, pattern_of
from easement.standards.pattern_catalogue import CATALOGUE, RECOMMENDED
from easement.standards.pattern_page import pattern_page

TODAY = date(2026, 11, 23)


def test_the_catalogue_and_the_templates_have_the_same_patterns() -> None:
    assert set(PATTERN_TEMPLATES) == set(RECOMMENDED)
    assert set(ALIASES.values()) <= set(RECOMMENDED)
    assert {name: CATALOGUE[name].moves for name in RECOMMENDED} == {
        name: template.moves for name, template in PATTERN_TEMPLATES.items()
    }


@pytest.mark.parametrize("pattern", RECOMMENDED)
@pytest.mark.parametrize("names", [{}, {"owner": "logistics", "integration": "our-flow", "source": "erp"}])
def test_a_small_estate_of_templates_has_no_finding(pattern: str, names: dict[str, str]) -> None:
    bundle = load({name: text.encode() for name, text in pattern_estate(pattern, names=names).items()})
    estate, problems = assemble(bundle)
    assert (bundle.problems, problems) == ((), ())
    assert check(estate, TODAY) == ()
    (integration,) = estate.integrations.values()
    assert pattern_of(estate, integration) == pattern
    assert pattern_advice(estate, integration) is None
    assert (obstacles(estate, integration, today=TODAY) == ()) == CATALOGUE[pattern].enforced
    assert names.get("integration", integration.metadata.name) == integration.metadata.name


@pytest.mark.parametrize("pattern", RECOMMENDED)
def test_without_its_label_a_template_is_told_from_what_it_declares(pattern: str) -> None:
    files = {
        name: text.replace(f"  labels: {{pattern: {pattern}}}\n", "").encode()
        for name, text in pattern_estate(pattern, names={}).items()
    }
    estate, _ = assemble(load(files))
    (integration,) = estate.integrations.values()
    told = pattern_of(estate, integration)
    assert CATALOGUE[told].moves == CATALOGUE[pattern].moves
    if pattern not in {"work-queue", "event-carried-state"}:
        assert told == pattern


def test_the_page_of_patterns_is_current() -> None:
    page = Path(__file__).parents[3] / "docs" / "explanation" / "patterns.md"
    assert page.read_text() == pattern_page(), "run: make docs"


def test_a_pattern_without_template_is_refused_with_the_nearest() -> None:
    with pytest.raises(TemplateError) as caught:
        pattern_estate("webhok", names={})
    assert "webhook" in caught.value.hint
