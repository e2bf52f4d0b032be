"""What a value does wrong under a JSON Schema, and how Spectral words it.

The wording is part of the interface: teams filter and count by message. Several errors of one place are first reduced
to the telling ones, then written as sentences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from easement.standards.spectral import script_values as js

_STEP: Final = re.compile(r"/[\w$_-]+(?:/\d+)?", re.ASCII)


class SchemaError(ValueError):
    """The schema itself cannot be used. The message says why."""


class MissingReferenceError(SchemaError):
    """A ``$ref`` of the schema names nothing."""


@dataclass(slots=True, kw_only=True)
class Violation:
    """One keyword that a value fails.

    ``path`` is the JSON pointer from the value that was checked; ``rule`` the pointer from the schema, None where the
    error comes from behind a ``$ref``. ``params`` hold what the wording needs.
    """

    keyword: str
    message: str
    path: str = ""
    rule: str | None = ""
    params: dict[str, Any] = field(default_factory=dict)

    def within(self, key: str | int) -> Violation:
        """The same error, seen from the value that holds this one under ``key``."""
        self.path = f"/{str(key).replace('~', '~0').replace('/', '~1')}{self.path}"
        return self


@dataclass(frozen=True, slots=True)
class Sentence:
    """One error in words. ``path`` as in Violation."""

    text: str
    path: str


def sentences(errors: Iterable[Violation], value: Any, path: Sequence[str | int]) -> list[Sentence]:
    """The errors in words, in the order in which Spectral gives them. ``path`` leads to the value."""
    root = _Branch()
    for error in errors:
        root.place(error)
    _drop_redundant(root, None, "")
    return list(_written(root, value, path))


@dataclass(slots=True)
class _Branch:
    """The errors of one place, and the places below."""

    errors: list[Violation] = field(default_factory=list)
    children: dict[str, _Branch] = field(default_factory=dict)

    def place(self, error: Violation) -> None:
        steps = _STEP.findall(error.path) if error.path else [""]
        branch = self
        for step in steps:
            branch = branch.children.setdefault(step, _Branch())
        if steps:
            branch.errors.append(error)


def _drop_redundant(branch: _Branch, above: _Branch | None, key: str) -> None:
    """Below an ``anyOf`` the errors inside say more than its own; values that are merely not listed say the least."""
    if any(error.keyword == "anyOf" for error in branch.errors) and branch.children:
        branch.errors = []
    listed = branch.errors and all(error.keyword == "enum" for error in branch.errors)
    # Any place beside this one counts, with or without errors of its own: an empty list is true in ECMAScript.
    if listed and above is not None and len(above.children) > 1:
        del above.children[key]
    for name, child in list(branch.children.items()):
        _drop_redundant(child, branch, name)


def _written(branch: _Branch, value: Any, path: Sequence[str | int]) -> Iterable[Sentence]:
    if branch.errors and all(error.keyword == "enum" for error in branch.errors):
        allowed: list[Any] = []
        for error in branch.errors:
            allowed.extend(
                item for item in error.params["allowed"] if not any(js.strict_equal(item, a) for a in allowed)
            )
        yield _enumeration(branch.errors[0], allowed, value, path)
        return
    for child in branch.children.values():
        yield from _written(child, value, path)
    for error in branch.errors:
        yield Sentence(_text(error, value, path), error.path)


def _text(error: Violation, value: Any, path: Sequence[str | int]) -> str:
    match error.keyword:
        case "additionalProperties":
            return f'Property "{error.params["property"]}" is not expected to be here'
        case "type":
            name = _last(error.path, path)
            return f"Value type {error.message}" if name is None else f'"{name}" property type {error.message}'
        case "errorMessage":
            return error.message
        case _:
            return f"{_named(error.path, value, path)} {clean(error.message)}"


def _enumeration(error: Violation, allowed: list[Any], value: Any, path: Sequence[str | int]) -> Sentence:
    shown = ", ".join(print_json(item) for item in allowed)
    text = f"{_named(error.path, value, path)} {error.message}: {shown}"
    best = best_match(at_pointer(value, error.path), allowed)
    return Sentence(f'{text}. Did you mean "{best}"?' if best is not None else text, error.path)


def clean(message: str) -> str:
    """One kind of quotes, and no shouting."""
    return re.sub("['\"]", '"', message).replace("NOT", "not")


def print_json(value: Any) -> str:
    """A value as JSON, numbers as ECMAScript prints them."""
    return (
        js.number_text(value) if js.is_number(value) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )


def best_match(value: Any, allowed: Iterable[Any]) -> str | None:
    """The allowed text that is nearest to ``value``, if it is near enough to be worth a suggestion."""
    listed = list(allowed)
    texts = [item for item in listed if isinstance(item, str)]
    if not isinstance(value, str) or not texts:
        return None
    weights = [distance(item, value) for item in texts]
    best = min(range(len(texts)), key=weights.__getitem__)
    return texts[best] if len(listed) == 1 or weights[best] < len(texts[best]) else None


def distance(left: str, right: str) -> int:
    """Levenshtein distance; texts beyond 1,000 characters count as far apart."""
    if max(len(left), len(right)) > 1_000:
        return max(len(left), len(right))
    row = list(range(len(right) + 1))
    for number, character in enumerate(left, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(right, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (character != other))
    return row[-1]


def at_pointer(value: Any, pointer: str) -> Any:
    """The value that a JSON pointer names, or UNDEFINED."""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, dict | list):
            return js.UNDEFINED
        value = js.member(value, name)
    return value


def _last(pointer: str, path: Sequence[str | int]) -> str | None:
    if pointer:
        return pointer.rpartition("/")[2]
    return str(path[-1]) if path else None


def _named(pointer: str, value: Any, path: Sequence[str | int]) -> str:
    name = _last(pointer, path)
    if name is not None:
        return f'"{name}" property'
    return js.type_of(at_pointer(value, pointer)).capitalize()
