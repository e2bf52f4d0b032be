"""The functions that a filter expression may call: methods of text, lists and regular expressions, a few globals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from easement.standards.spectral.patterns import Pattern, PatternError, pattern
from easement.standards.spectral.script_values import (
    UNDEFINED,
    ScriptError,
    is_number,
    strict_equal,
    to_number,
    to_text,
    truthy,
)

Arguments = tuple[Any, ...]


def call_method(value: Any, name: str, arguments: Arguments) -> Any:
    """``value.name(arguments)``. Raises ScriptError for what is not on the list."""
    if isinstance(value, Pattern):
        return _pattern_method(value, name, arguments)
    if isinstance(value, list) and name in _LIST_METHODS:
        return _LIST_METHODS[name](value, arguments)
    if name == "hasOwnProperty" and isinstance(value, dict):
        return to_text(_first(arguments)) in value
    if name == "toString" and value is not None and value is not UNDEFINED:
        return to_text(value)
    # Indices of lists count as text here, since authors write @property.match(...) for names and indices alike.
    if (isinstance(value, str) or is_number(value)) and name in _TEXT_METHODS:
        return _TEXT_METHODS[name](to_text(value), arguments)
    raise ScriptError(f"{name}() of {to_text(value)[:50]}")


def call_function(owner: str, name: str, arguments: Arguments) -> Any:
    """``owner.name(arguments)`` of a global. Raises ScriptError for what is not on the list."""
    function = _FUNCTIONS.get((owner, name))
    if function is None:
        raise ScriptError(f"{owner}.{name}")
    return function(_first(arguments))


def _first(arguments: Arguments) -> Any:
    return arguments[0] if arguments else UNDEFINED


def _pattern_method(value: Pattern, name: str, arguments: Arguments) -> Any:
    if name not in {"test", "exec"}:
        raise ScriptError(f"{name}() of a regular expression")
    found = value.search(to_text(_first(arguments)))
    if name == "test":
        return found is not None
    return None if found is None else [found[0], *found.groups()]


def _match(text: str, arguments: Arguments) -> Any:
    wanted = _first(arguments)
    try:
        compiled = wanted if isinstance(wanted, Pattern) else pattern(to_text(wanted))
    except PatternError as error:
        raise ScriptError(str(error)) from None
    return _pattern_method(compiled, "exec", (text,))


def _slice(value: Any, arguments: Arguments) -> Any:
    start = int(to_number(arguments[0])) if arguments else 0
    return value[start : int(to_number(arguments[1]))] if len(arguments) > 1 else value[start:]


def _index(items: list[Any], wanted: Any) -> int:
    return next((index for index, item in enumerate(items) if strict_equal(item, wanted)), -1)


def _keys(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, list):
        return [str(index) for index in range(len(value))]
    raise ScriptError("Object.keys of a value without members")


_TEXT_METHODS: Final[Mapping[str, Callable[[str, Arguments], Any]]] = {
    "match": _match,
    "includes": lambda text, arguments: to_text(_first(arguments)) in text,
    "startsWith": lambda text, arguments: text.startswith(to_text(_first(arguments))),
    "endsWith": lambda text, arguments: text.endswith(to_text(_first(arguments))),
    "indexOf": lambda text, arguments: text.find(to_text(_first(arguments))),
    "toLowerCase": lambda text, _arguments: text.lower(),
    "toUpperCase": lambda text, _arguments: text.upper(),
    "trim": lambda text, _arguments: text.strip(),
    "slice": _slice,
    "substring": _slice,
    "split": lambda text, arguments: text.split(to_text(_first(arguments))) if _first(arguments) else list(text),
    "charAt": lambda text, arguments: text[int(to_number(_first(arguments)))] if arguments else text[:1],
}
_LIST_METHODS: Final[Mapping[str, Callable[[list[Any], Arguments], Any]]] = {
    "includes": lambda items, arguments: _index(items, _first(arguments)) >= 0,
    "indexOf": lambda items, arguments: _index(items, _first(arguments)),
    "join": lambda items, arguments: (to_text(arguments[0]) if arguments else ",").join(map(to_text, items)),
    "slice": _slice,
}
_FUNCTIONS: Final[Mapping[tuple[str, str], Callable[[Any], Any]]] = {
    ("Array", "isArray"): lambda value: isinstance(value, list),
    ("Object", "keys"): lambda value: [] if value is UNDEFINED else _keys(value),
    ("Object", "values"): lambda value: list(value.values()) if isinstance(value, dict) else [],
    ("Number", ""): to_number,
    ("Number", "isInteger"): lambda value: is_number(value) and value == int(value),
    ("String", ""): to_text,
    ("Boolean", ""): truthy,
    ("Math", "abs"): lambda value: abs(to_number(value)),
}
