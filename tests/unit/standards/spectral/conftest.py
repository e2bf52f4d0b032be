"""Linting of small documents: a ruleset and a document in, findings or problems out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from easement.contract.problems import Problem
from easement.interfaces.sources import Sources
from easement.standards.spectral import SpectralFinding, load_ruleset, run


def _lint(
    ruleset: Any, document: Any, *, name: str = "api.json", files: dict[str, bytes] | None = None
) -> list[SpectralFinding]:
    loaded, problems = load_ruleset({"rules.json": json.dumps(ruleset).encode()}, "rules.json")
    assert loaded is not None, problems
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(run(loaded, name, source=Sources({name: data, **(files or {})})))


def _refused(ruleset: Any) -> list[Problem]:
    loaded, problems = load_ruleset({"rules.json": json.dumps(ruleset).encode()}, "rules.json")
    assert loaded is None
    return list(problems)


def _one_rule(given: Any, function: str, options: Any = None, **more: Any) -> dict[str, Any]:
    then: dict[str, Any] = {"function": function}
    if options is not None:
        then["functionOptions"] = options
    if "field" in more:
        then["field"] = more.pop("field")
    return {"rules": {"rule": {"given": given, "then": then, **more}}}


def _built_in(name: str, *rules: str) -> dict[str, Any]:
    return {"extends": [[f"spectral:{name}", "off"]], "rules": dict.fromkeys(rules, True)}


@pytest.fixture
def lint() -> Callable[..., list[SpectralFinding]]:
    return _lint


@pytest.fixture
def refused() -> Callable[..., list[Problem]]:
    return _refused


@pytest.fixture
def one_rule() -> Callable[..., dict[str, Any]]:
    return _one_rule


@pytest.fixture
def built_in() -> Callable[..., dict[str, Any]]:
    return _built_in
