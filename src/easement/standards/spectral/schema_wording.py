"""The ``errorMessage`` keyword (ajv-errors): one sentence of the schema's author in place of what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from easement.standards.spectral.schema_check import Check, Errors
from easement.standards.spectral.schema_error import Violation


def reworded(check: Check, wording: Any, *, top: bool) -> Check:
    """The check with its errors reworded; ``top`` where the schema is referred to, so all inside counts as its own."""

    def worded(value: Any) -> Errors:
        errors = check(value)
        if not errors:
            return errors
        if isinstance(wording, str):
            return _all(errors, wording, top=top)
        if not isinstance(wording, Mapping):
            return errors
        errors = _by_keyword(errors, wording)
        if isinstance(wording.get("properties"), Mapping) and isinstance(value, dict):
            errors = _by_property(errors, wording["properties"])
        return _all(errors, wording["_"], top=top) if isinstance(wording.get("_"), str) else errors

    return worded


def _message(text: str, path: str = "") -> Violation:
    return Violation(keyword="errorMessage", message=text, path=path, rule="/errorMessage")


def _all(errors: Errors, text: str, *, top: bool) -> Errors:
    kept = [error for error in errors if error.keyword == "errorMessage" or (error.rule is None and not top)]
    return [*kept, _message(text)] if len(kept) < len(errors) else kept


def _by_keyword(errors: Errors, wording: Mapping[str, Any]) -> Errors:
    own = {key: text for key, text in wording.items() if isinstance(text, str) and key != "_"}
    used = [error for error in errors if not error.path and error.keyword in own and (error.rule or "").count("/") == 1]
    kept = [error for error in errors if not any(error is one for one in used)]
    said = {error.keyword for error in used}
    return [*kept, *(_message(text) for key, text in own.items() if key in said)]


def _by_property(errors: Errors, wording: Mapping[str, str]) -> Errors:
    kept: Errors = []
    said: list[str] = []
    for error in errors:
        name = error.path.split("/")[1].replace("~1", "/").replace("~0", "~") if error.path else ""
        if error.keyword != "errorMessage" and name in wording:
            said.append(name)
        else:
            kept.append(error)
    escaped = {name: name.replace("~", "~0").replace("/", "~1") for name in wording}
    return [*kept, *(_message(text, f"/{escaped[name]}") for name, text in wording.items() if name in said)]
