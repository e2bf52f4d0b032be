"""From the texts of a parameter to the values they may stand for, by style (OpenAPI 3.1.1 §4.8.12.3, RFC 6570).

A text has no type; the schema's shape says which may stand where; where it says nothing, a
text is a text. Where it can be read both as a number and as
text, there are two readings: everything as its narrowest type, and everything as text. A value passes if the schema
accepts one of them. Whatever has no defined form, or two, is refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from easement.interfaces.openapi_parts import CONTENT_STYLE
from easement.interfaces.shape import Shape, ShapeSet
from easement.plan.model import DecidedParameter
from easement.plan.parameters import TEXT_MEDIA, is_readable

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<power>[eE][+-]?[0-9]+)?")
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ENCODED_STRUCTURE: Final = re.compile(r"%(?:2[CcEe]|3[BbDd]|5[BbDd])")
_SEPARATORS: Final[Mapping[str, str]] = {"spaceDelimited": " ", "pipeDelimited": "|"}
_POISONED: Final = frozenset({"__proto__", "constructor", "prototype"})
"""Names that some targets take for their own machinery."""
_MAX_DIGITS: Final = 309
_WORDS: Final[Mapping[str, bool]] = {"true": True, "false": False}
_ANY: Final = Shape(extra=True)


class UnreadableError(ValueError):
    """The text has no reading. ``reason`` is a word, the message a sentence; neither holds the text."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def decoded(raw: str, *, plus_is_space: bool) -> str:
    """A percent-decoded text. Raises :class:`UnreadableError` for broken escapes, UTF-8 or control characters."""
    if _BROKEN_ESCAPE.search(raw):
        raise UnreadableError("malformed-parameter", "has an incomplete percent escape")
    try:
        text = unquote_to_bytes(raw.replace("+", " ") if plus_is_space else raw).decode()
    except UnicodeDecodeError:
        raise UnreadableError("malformed-parameter", "is not UTF-8") from None
    return plain(text)


def plain(text: str) -> str:
    """The text itself. Raises :class:`UnreadableError` where it has control characters."""
    if _CONTROL.search(text):
        raise UnreadableError("malformed-parameter", "has a control character")
    return text


def refuse_encoded_structure(rule: DecidedParameter, raw: str) -> None:
    """Two readers of an escaped separator see two values. Plain lists keep their custom: there it separates."""
    is_strict = rule.style in {"label", "matrix"} or _is_object(_root(rule))
    if rule.style != CONTENT_STYLE and is_strict and _ENCODED_STRUCTURE.search(raw):
        raise UnreadableError("ambiguous-parameter", "has an escaped separator")


def takes_members(rule: DecidedParameter) -> bool:
    """Whether the parameter is written as several of the query: ``deepObject``, or an exploded object."""
    return rule.location == "query" and (
        rule.style == "deepObject" or (rule.style == "form" and rule.explode and _is_object(_root(rule)))
    )


def member_name(rule: DecidedParameter, name: str) -> str | None:
    """The property that a query parameter of this name gives; None where it belongs to somebody else."""
    if rule.style != "deepObject":
        node = _root(rule)
        return name if name in (node.properties or {}) or node.extra is not False else None
    if not name.startswith(f"{rule.name}["):
        return None
    key = name[len(rule.name) + 1 : -1]
    if not name.endswith("]") or not key or "[" in key or "]" in key:
        raise UnreadableError("malformed-parameter", "is nested deeper than its style")
    return key


def read_members(rule: DecidedParameter, members: Sequence[tuple[str, str]]) -> list[Any]:
    """The values that properties given one by one may stand for."""
    return _distinct(_object(rule.shape, members, eager=eager) for eager in (True, False))


def read_texts(rule: DecidedParameter, texts: Sequence[str]) -> list[Any]:
    """The values that the decoded texts of one parameter, in their order, may stand for; at least one.

    Raises :class:`UnreadableError` where they stand for none.
    """
    if rule.style == CONTENT_STYLE:
        return [_document(rule, _only(texts))]
    found: list[Any] = []
    failure: UnreadableError | None = None
    for read in (_read_scalar, _read_array, _read_object):
        for eager in (True, False):
            try:
                found.extend(read(rule, texts, eager=eager))
            except UnreadableError as error:
                failure = failure or error
    if not found:
        raise failure or UnreadableError("wrong-type", "has no form that its style defines")
    return _distinct(found)


def is_list(rule: DecidedParameter) -> bool:
    """Whether one text may hold several values."""
    return "array" in _root(rule).types or _is_object(_root(rule))


def _root(rule: DecidedParameter) -> Shape:
    return rule.shape.nodes[rule.shape.root]


def _is_object(node: Shape) -> bool:
    return "object" in node.types or (not node.types and node.properties is not None)


def _only(texts: Sequence[str]) -> str:
    if len(texts) > 1:
        raise UnreadableError("duplicate-parameter", "is given twice")
    return texts[0]


def _read_scalar(rule: DecidedParameter, texts: Sequence[str], *, eager: bool) -> Iterator[Any]:
    node = _root(rule)
    if node.types and set(node.types) <= {"array", "object"}:
        return
    if not node.types and node.properties is not None:
        return
    text = _only(texts)
    if rule.style == "label":
        text = _after(".", text)
    elif rule.style == "matrix":
        text = _after(f";{rule.name}", text)
        text = _after("=", text) if text else text
    yield _scalar(text, node.types, eager=eager)


def _read_array(rule: DecidedParameter, texts: Sequence[str], *, eager: bool) -> Iterator[Any]:
    node = _root(rule)
    if "array" not in node.types:
        return
    items = _ANY if node.items is None else rule.shape.nodes[node.items]
    yield [_scalar(text, items.types, eager=eager) for text in _items(rule, texts)]


def _read_object(rule: DecidedParameter, texts: Sequence[str], *, eager: bool) -> Iterator[Any]:
    if rule.location == "cookie" and rule.explode:
        return
    if _is_object(_root(rule)) and rule.style != "deepObject":
        yield _object(rule.shape, _members(rule, _only(texts)), eager=eager)


def _items(rule: DecidedParameter, texts: Sequence[str]) -> Sequence[str]:
    if rule.location == "query" and rule.explode:
        return texts
    text = _only(texts)
    if rule.style == "matrix" and rule.explode:
        return [_after(f"{rule.name}=", part) for part in _after(";", text).split(";")]
    return _split(rule, text)


def _members(rule: DecidedParameter, text: str) -> list[tuple[str, str]]:
    if rule.style == "matrix" and rule.explode:
        return [_pair(part) for part in _after(";", text).split(";")]
    parts = _split(rule, text)
    if rule.explode:
        return [_pair(part) for part in parts]
    if len(parts) % 2:
        raise UnreadableError("malformed-parameter", "has a name without a value")
    return list(zip(parts[::2], parts[1::2], strict=True))


def _split(rule: DecidedParameter, text: str) -> list[str]:
    if rule.style == "label":
        return _after(".", text).split("." if rule.explode else ",")
    if rule.style == "matrix":
        return _after(f";{rule.name}=", text).split(",")
    return text.split(_SEPARATORS.get(rule.style, ","))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or "=" in value:
        raise UnreadableError("malformed-parameter", "has a name without a value")
    return name, value


def _after(prefix: str, text: str) -> str:
    if not text.startswith(prefix):
        raise UnreadableError("malformed-parameter", "has not the form of its style")
    return text[len(prefix) :]


def _object(shape: ShapeSet, members: Sequence[tuple[str, str]], *, eager: bool) -> dict[str, Any]:
    node = shape.nodes[shape.root]
    found: dict[str, Any] = {}
    for name, text in members:
        if name in _POISONED:
            raise UnreadableError("unknown-field", "has a property that no contract can declare")
        child = _child(shape, node, name)
        if "array" in child.types:
            items = _ANY if child.items is None else shape.nodes[child.items]
            found.setdefault(name, []).append(_scalar(text, items.types, eager=eager))
        elif name in found:
            raise UnreadableError("duplicate-name", "gives a property twice")
        else:
            found[name] = _scalar(text, child.types, eager=eager)
    return found


def _child(shape: ShapeSet, node: Shape, name: str) -> Shape:
    index = (node.properties or {}).get(name)
    if index is None and not isinstance(node.extra, bool):
        index = node.extra
    return _ANY if index is None else shape.nodes[index]


def _scalar(text: str, types: Sequence[str], *, eager: bool) -> Any:
    admits_text = not types or "string" in types
    if not types:
        return text
    if admits_text and not eager:
        return text
    if "number" in types or "integer" in types:
        number = _number(text)
        if number is not None:
            return number
    if text in _WORDS and "boolean" in types:
        return _WORDS[text]
    if admits_text:
        return text
    if text == "null" and "null" in types:
        return None
    raise UnreadableError("wrong-type", f"must be {' or '.join(types)}")


def _number(text: str) -> int | float | None:
    """A number as JSON writes it, and none that is beyond any double."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    if match["fraction"] is None and match["power"] is None:
        return int(text) if len(text) <= _MAX_DIGITS and math.isfinite(float(text)) else None
    value = float(text)
    return value if math.isfinite(value) else None


def _document(rule: DecidedParameter, text: str) -> Any:
    if rule.media == TEXT_MEDIA:
        return text
    if not is_readable(rule.media):
        raise UnreadableError("media-type", "is a document that the gateway cannot read")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_never)
    except (ValueError, RecursionError):
        raise UnreadableError("malformed-json", "is not JSON") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs) or not _POISONED.isdisjoint(found):
        raise ValueError("a name is given twice")
    return found


def _never(name: str) -> Any:
    raise ValueError(name)


def _distinct(values: Any) -> list[Any]:
    return list({json.dumps(value, sort_keys=True): value for value in values}.values())
