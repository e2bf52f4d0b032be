"""How ECMAScript sees JSON values: truth, equality, text, and the few members that filter expressions use.

Rulesets are written against JavaScript, so ``0``, ``""`` and ``null`` are false, ``1 === true`` is false, and a missing
member is ``undefined``, which is not ``null``. Only what JSON can hold is covered.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final


class Undefined:
    """The one value that is not there."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


class ScriptError(Exception):
    """An expression asked for something that ECMAScript refuses, such as a member of ``null``."""


def truthy(value: Any) -> bool:
    """Whether a value counts as true (ECMA-262, ToBoolean): containers always do, also empty ones."""
    if isinstance(value, dict | list):
        return True
    if isinstance(value, float) and math.isnan(value):
        return False
    return bool(value)


def type_of(value: Any) -> str:
    """The name that ``typeof`` gives."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "object"


def is_number(value: Any) -> bool:
    """A JSON number; ``true`` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def strict_equal(left: Any, right: Any) -> bool:
    """``===``: equal and of one type; containers only where they are the same object."""
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return left is right
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if left is None or right is None or left is UNDEFINED or right is UNDEFINED:
        return left is right
    return bool(left == right)


def loose_equal(left: Any, right: Any) -> bool:
    """``==``: ``null`` equals ``undefined``; numbers, booleans and text are compared as numbers."""
    nothing = (None, UNDEFINED)
    if any(left is one for one in nothing) or any(right is one for one in nothing):
        return any(left is one for one in nothing) and any(right is one for one in nothing)
    if type_of(left) == type_of(right):
        return strict_equal(left, right)
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return to_text(left) == to_text(right)
    return to_number(left) == to_number(right)


def to_number(value: Any) -> float:  # noqa: PLR0911 - one line for each type
    """ECMA-262, ToNumber; ``nan`` for what is no number."""
    if isinstance(value, bool | int | float):
        return float(value)
    if value is None:
        return 0.0
    if not isinstance(value, str):
        return math.nan
    text = value.strip()
    if not text:
        return 0.0
    if "_" in text or text.lower() in {"nan", "inf", "infinity", "+inf", "-inf"}:
        return math.nan
    try:
        return float(int(text, 16)) if text[:2] in {"0x", "0X"} else float(text)
    except ValueError:
        return math.nan


def number_text(value: float) -> str:
    """A number as ECMAScript prints it: ``1`` for ``1.0``."""
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)


def to_text(value: Any) -> str:
    """ECMA-262, ToString."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if value is None:
        return "null"
    if isinstance(value, list):
        return ",".join("" if item is None or item is UNDEFINED else to_text(item) for item in value)
    return "[object Object]" if isinstance(value, dict) else "undefined"


def print_value(value: Any) -> str:
    """A value as Spectral's messages show it."""
    if isinstance(value, list):
        return "Array[]"
    if isinstance(value, dict):
        return "Object{}"
    if is_number(value):
        return number_text(value)
    return "undefined" if value is UNDEFINED else json.dumps(value, ensure_ascii=False)


def member(value: Any, name: Any) -> Any:
    """``value[name]`` of a JSON value; own members only, plus ``length``; UNDEFINED where there is none."""
    if isinstance(value, dict):
        return value.get(name if isinstance(name, str) else to_text(name), UNDEFINED)
    if isinstance(value, list | str):
        return _indexed(value, name)
    if value is None or value is UNDEFINED:
        raise ScriptError(f"member {to_text(name)} of {to_text(value)}")
    return UNDEFINED


def _indexed(value: Any, name: Any) -> Any:
    if name == "length":
        return len(value)
    if isinstance(name, str) and name.isdecimal() and len(name) < 10:
        name = int(name)
    if isinstance(name, int | float) and not isinstance(name, bool) and 0 <= name < len(value) and name == int(name):
        return value[int(name)]
    return UNDEFINED


def deep_equal(left: Any, right: Any) -> bool:
    """Structural equality of JSON values; ``1`` equals ``1.0``, ``true`` does not equal ``1``."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(deep_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(deep_equal, left, right))
    return not isinstance(left, dict | list) and not isinstance(right, dict | list) and strict_equal(left, right)
