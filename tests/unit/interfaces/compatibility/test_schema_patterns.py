"""Automata against the validator's own engine of expressions."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from easement.interfaces.compatibility.budget import Budget, BudgetSpentError
from easement.interfaces.compatibility.json_schema_pattern import Texts, automaton
from easement.interfaces.compatibility.json_schema_value import finds

ATOMS = st.sampled_from(
    ["a", "b", "[ab]", "[^a]", ".", "\\d", "\\w", "\\.", "(a|b)", "(?:ab)", "[a-c0-2]", "\\s", "\\x61"]
)
SIGNS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{2,}", "*?"])
PIECES = st.builds(lambda atom, sign: atom + sign, ATOMS, SIGNS)
BODIES = st.lists(PIECES, min_size=1, max_size=4).map("".join)
EXPRESSIONS = st.builds(
    lambda start, parts, end: start + "|".join(parts) + end,
    st.sampled_from(["", "^"]),
    st.lists(BODIES, min_size=1, max_size=2),
    st.sampled_from(["", "$"]),
)
TEXTS = st.text(st.sampled_from("abcAB01. \n_é"), max_size=6)


@settings(max_examples=400, deadline=None)
@given(expression=EXPRESSIONS, text=TEXTS)
def test_a_text_fits_the_automaton_as_it_fits_the_expression(expression: str, text: str) -> None:
    matched = finds(expression, text)
    assume(matched is not None)
    found = automaton(expression)
    assert found is not None
    states = found.initial()
    for character in text:
        states = found.after(states, ord(character))
    assert found.accepts(states, is_empty=not text) == matched


@settings(max_examples=200, deadline=None)
@given(one=EXPRESSIONS, other=EXPRESSIONS, text=TEXTS)
def test_containment_holds_for_texts_and_its_refusal_has_one(one: str, other: str, text: str) -> None:
    try:
        difference = Texts(patterns=(one,), others=(other,)).shortest(Budget(100_000))
    except (ValueError, BudgetSpentError):
        return
    if difference is None:
        assert not finds(one, text) or finds(other, text)
    else:
        assert finds(one, difference)
        assert not finds(other, difference)


@pytest.mark.parametrize(
    "expression",
    [
        *("(?=a)", "(?!a)", "(?<=a)b", "(a)\\1", "\\bword\\b", "\\p{L}", "(", ")", "[", "a{2,1}", "*a", "a**"),
        *("[b-a]", "[[a]]", "\\u{61}", "\\ud800", "a{1000}", "x" * 3_000, "(" * 40 + ")" * 40, "(((a{99}){99}){99})"),
    ],
)
def test_what_is_outside_the_subset_is_not_read(expression: str) -> None:
    assert automaton(expression) is None


@pytest.mark.parametrize(
    ("texts", "shortest"),
    [
        (Texts(patterns=("^[A-Z]{3}-\\d+$",)), "AAA-0"),
        (Texts(patterns=("^[A-Z]{3}-\\d+$",), least=8), "AAA-0000"),
        (Texts(patterns=("^a+$",), most=0), None),
        (Texts(patterns=("^a", "b$")), "ab"),
        (Texts(patterns=("^a$",), others=("^a$",)), None),
        (Texts(others=("",)), None),
        (Texts(patterns=("^$",)), ""),
        (Texts(patterns=("$^",)), ""),
        (Texts(patterns=("a^",)), None),
    ],
)
def test_the_shortest_text(texts: Texts, shortest: str | None) -> None:
    assert texts.shortest(Budget()) == shortest


def test_an_automaton_that_grows_too_large_is_given_up() -> None:
    with pytest.raises(ValueError, match="work"):
        Texts(patterns=("^(a|b)*a(a|b){14}$",), others=("^(a|b)*b(a|b){14}$", "^(b|a)*a(a|b){13}$")).shortest(Budget())


def test_steps_are_counted() -> None:
    with pytest.raises(BudgetSpentError, match="more than 3 steps"):
        Texts(patterns=("^[a-z]{9}$",)).shortest(Budget(3))
