"""JSON text (RFC 8259) into plain values, fast; positions only when somebody asks.

JSON is YAML, so positions and the place of a repeated key come from the YAML reader. It is ten times slower and does
not know surrogate pairs, so it is asked only when there is something to say.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from easement.contract.places import Places, Spot
from easement.contract.problems import Place, Problem
from easement.contract.yaml_events import MAX_DEPTH, MAX_NODES, read_events

_SURROGATE: Final = re.compile(r"\\u[dD][0-9a-fA-F]{3}")
_SPOT_STAND_IN: Final = r"\\u0020"
_MAX_DIGITS: Final = 400


class _RefusedError(ValueError):
    """A value that is valid for Python's reader and not for ours."""


def read_json(text: str, file: str) -> tuple[Any, Places, tuple[Problem, ...]]:
    """The value, its positions and the problems; the value is None where it cannot be read."""
    places = Places(file, find=lambda: _positions(text, file))
    repeated: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            repeated.append(pairs[0][0])
        return value

    try:
        value = json.loads(
            text, object_pairs_hook=members, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded
        )
        _check_bounds(value)
        if _SURROGATE.search(text):
            _check_unicode(value)
    except json.JSONDecodeError as error:
        place = Place(file=file, line=error.lineno, column=error.colno)
        return None, places, (Problem(code="EAS-1002", message=f"not JSON: {error.msg}", place=place),)
    except RecursionError:
        return None, places, (_too_large(f"nested more than {MAX_DEPTH} levels deep", file),)
    except _RefusedError as error:
        return None, places, (Problem(code="EAS-1005", message=str(error), place=Place(file=file)),)
    except OverflowError as error:
        return None, places, (_too_large(str(error), file),)
    return value, places, _repeated_keys(text, file) if repeated else ()


def _repeated_keys(text: str, file: str) -> tuple[Problem, ...]:
    found = tuple(p for p in read_events(_yaml_form(text), file).problems if p.code == "EAS-1003")
    return found or (Problem(code="EAS-1003", message="a key stands twice in one object", place=Place(file=file)),)


def _positions(text: str, file: str) -> Spot | None:
    documents = read_events(_yaml_form(text), file).documents
    return documents[0][1] if documents else None


def _yaml_form(text: str) -> str:
    """The text with surrogate escapes replaced by others of the same length: positions stay as they are."""
    return _SURROGATE.sub(_SPOT_STAND_IN, text)


def _check_bounds(value: Any) -> None:
    count = 0
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        count += sum(len(container) for container in level)
        if count > MAX_NODES:
            raise OverflowError(f"more than {MAX_NODES:,} values in one file")
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
    if level:
        raise OverflowError(f"nested more than {MAX_DEPTH} levels deep")


def _children(node: dict[str, Any] | list[Any]) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node


def _check_unicode(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _RefusedError("half of a surrogate pair (\\ud800 to \\udfff) stands alone: it is no character") from None


def _no_constant(name: str) -> Any:
    raise _RefusedError(f"{name} is no JSON number: quotes make it text")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _RefusedError("a number is too large: quotes make it text")
    return number


def _bounded(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _RefusedError("a number is too large: quotes make it text")
    return int(text)


def _too_large(message: str, file: str) -> Problem:
    return Problem(code="EAS-1004", message=message, place=Place(file=file))
