"""What Pydantic found wrong with a document, in the words of the people who write documents.

* One mistake is one complaint: the branches of a union are reduced to the one that was meant.
* Unknown keys get the key that was probably meant, or the place where the key does belong.
* A value is repeated only where it is short and cannot be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from easement.contract.json_schema import key_paths, known_keys
from easement.contract.literal_secrets import may_be_secret
from easement.contract.places import dotted
from easement.contract.suggestion import did_you_mean, nearest
from easement.contract.values import NAME_PATTERN

Token = str | int

_UNKNOWN: Final = frozenset({"unexpected_keyword_argument", "extra_forbidden"})
_CHOICE: Final = frozenset({"literal_error", "enum"})
_SHOWN: Final = 60
_TYPES: Final[Mapping[str, str]] = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "dict_type": "a mapping",
    "dataclass_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "date_type": "a date such as 2027-03-31",
}
_FORMS: Final[Mapping[str, str]] = {
    NAME_PATTERN: "a name: a lower-case letter, then up to 62 lower-case letters, digits and dashes",
    r"^[A-Z]{2}$": "a country code of two capital letters (ISO 3166-1), such as DE",
    r"^secret://(env|file|vault|aws|azure)/[^\s#?%\\]+(#[^\s#]+)?$": (
        "a reference to a secret in env, file, vault, aws or azure, such as secret://env/SECRET_NAME or "
        "secret://file/secrets/path#key"
    ),
    r"^https?://[^\s/?#@]+(/[^\s?#]*)?$": "an http or https URL without user name, query and fragment",
    r"^[\x21\x23-\x5B\x5D-\x7E]{1,100}$": "an OAuth scope: no spaces, quotes or backslashes (RFC 6749 section 3.3)",
    r"^[0-9a-f]{64}$": "a SHA-256 of 64 lower-case hexadecimal digits",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing that is wrong at ``tokens``; ``on_key`` when the key itself is."""

    code: str
    tokens: tuple[Token, ...]
    message: str
    hint: str = ""
    on_key: bool = False
    meant: str = ""
    """The key that an unknown key was taken for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Located:
    """An error of Pydantic with the path in the document; ``union`` is where a union stands, with the branch taken."""

    detail: ErrorDetails
    tokens: tuple[Token, ...]
    value: Any
    on_key: bool
    union: tuple[Token, ...] | None
    branch: str

    @property
    def shown(self) -> str:
        """The value as a message may show it."""
        return "a text that is not shown" if self.is_hidden else _named(self.value)

    @property
    def is_hidden(self) -> bool:
        """Whether the value may be a secret."""
        return isinstance(self.value, str) and may_be_secret(self.value, self.tokens)

    @property
    def at_root(self) -> bool:
        """Whether the branch as a whole does not fit, rather than something in it."""
        fits_not = self.detail["type"].endswith("_type") or self.detail["type"] in _CHOICE
        return fits_not and self.tokens == self.union and not self.on_key


def complaints(error: ValidationError, tree: Any, kind: str) -> tuple[Complaint, ...]:
    """All complaints about ``tree``, which is not a valid document of ``kind``."""
    plain: list[_Located] = []
    unions: dict[tuple[Token, ...], dict[str, list[_Located]]] = {}
    for detail in error.errors(include_url=False, include_input=False):
        located = _locate(detail, tree)
        if located.union is None:
            plain.append(located)
        else:
            unions.setdefault(located.union, {}).setdefault(located.branch, []).append(located)
    found = [_complain(located, kind) for located in plain]
    for branches in unions.values():
        found.extend(_of_union(branches, kind))
    return _without_echoes(found)


def _without_echoes(found: Sequence[Complaint]) -> tuple[Complaint, ...]:
    """Leave out a missing key where a misspelt one stands at the same level and is taken for it."""
    meant = {(*c.tokens[:-1], c.meant) for c in found if c.meant}
    return tuple(c for c in dict.fromkeys(found) if c.code != "EAS-1202" or c.tokens not in meant)


def _locate(detail: ErrorDetails, tree: Any) -> _Located:
    tokens: list[Token] = []
    here, union, branch, on_key = tree, None, "", False
    for part in detail["loc"]:
        if part == "[key]":
            on_key = True
        elif _holds(here, part):
            here = here[part]
            tokens.append(part)
        elif detail["type"] == "missing" and part is detail["loc"][-1]:
            here = None
            tokens.append(part)
        elif union is None:
            union, branch = tuple(tokens), str(part)
    return _Located(detail=detail, tokens=tuple(tokens), value=here, on_key=on_key, union=union, branch=branch)


def _holds(value: Any, part: Token) -> bool:
    if isinstance(part, int):
        return isinstance(value, list) and part < len(value)
    return isinstance(value, dict) and part in value


def _of_union(branches: Mapping[str, Sequence[_Located]], kind: str) -> Iterator[Complaint]:
    meant = [errors for errors in branches.values() if not any(error.at_root for error in errors)]
    if meant:
        yield from (_complain(error, kind) for error in min(meant, key=len))
        return
    roots = [next(error for error in errors if error.at_root) for errors in branches.values()]
    wanted = list(dict.fromkeys(text for root in roots if (text := _wanted(root.detail))))
    choices = [choice for root in roots for choice in _choices(root.detail)]
    where = dotted(roots[0].tokens)
    value = roots[0].value
    yield Complaint(
        code="EAS-1203" if choices and isinstance(value, str) else "EAS-1204",
        tokens=roots[0].tokens,
        message=f"{where} must be {' or '.join(wanted)}, not {roots[0].shown}",
        hint=did_you_mean(value, choices) if choices and isinstance(value, str) else "",
    )


def _wanted(detail: ErrorDetails) -> str:
    if detail["type"] in _CHOICE:
        return " or ".join(f"'{choice}'" for choice in _choices(detail))
    return _TYPES.get(detail["type"], "")


def _choices(detail: ErrorDetails) -> list[str]:
    if detail["type"] not in _CHOICE:
        return []
    return [choice for choice in re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", ""))) if choice]


def _complain(error: _Located, kind: str) -> Complaint:
    if error.detail["type"] == "missing":
        return _missing(error)
    if error.detail["type"] in _UNKNOWN:
        return _unknown_key(error, kind)
    if error.detail["type"] in _CHOICE:
        return _wrong_choice(error)
    if error.detail["type"] in _TYPES:
        return _wrong_type(error)
    return _wrong_form(error)


def _missing(error: _Located) -> Complaint:
    return Complaint(code="EAS-1202", tokens=error.tokens, message=f"{dotted(error.tokens)} is missing", on_key=True)


def _unknown_key(error: _Located, kind: str) -> Complaint:
    *level, key = error.tokens
    word = str(key)
    known = known_keys(kind, level)
    near = nearest(word, known)
    hint = f"did you mean {near!r}?" if near else ""
    if not hint and (elsewhere := key_paths(kind, word)):
        hint = f"it belongs at {' or '.join(elsewhere[:3])}"
    message = f"unknown key {_quoted(word)} in {dotted(level)}"
    return Complaint(
        code="EAS-1201",
        tokens=error.tokens,
        message=message,
        hint=hint or f"known here: {', '.join(known)}",
        on_key=True,
        meant=near,
    )


def _wrong_choice(error: _Located) -> Complaint:
    choices = _choices(error.detail)
    is_text = isinstance(error.value, str)
    near = nearest(error.value, choices) if is_text else ""
    return Complaint(
        code="EAS-1203",
        tokens=error.tokens,
        message=f"{dotted(error.tokens)} must be one of {', '.join(choices)}, not {error.shown}",
        hint=f"did you mean {near!r}?" if near else "",
    )


def _wrong_type(error: _Located) -> Complaint:
    kind = error.detail["type"]
    quotable = kind == "string_type" and isinstance(error.value, int | float)
    return Complaint(
        code="EAS-1204",
        tokens=error.tokens,
        message=f"{dotted(error.tokens)} must be {_TYPES[kind]}, not {error.shown}",
        hint="put it in quotes" if quotable else "",
    )


def _wrong_form(error: _Located) -> Complaint:
    where = dotted(error.tokens)
    what = f"the key {where}" if error.on_key else where
    if error.detail["type"] == "string_pattern_mismatch":
        pattern = str(error.detail.get("ctx", {}).get("pattern", ""))
        wanted = _FORMS.get(pattern, f"text of the form {pattern}")
        message, hint = f"{what} must be {wanted}; it is {error.shown}", _proper_name(error, pattern)
    elif error.detail["type"] == "value_error":
        return _refused_by_parser(error, what)
    elif error.detail["type"].startswith("date"):
        message, hint = f"{what} must be a date such as 2027-03-31, not {error.shown}", ""
    else:
        reason = re.sub(r"^(?:Input|String|Value|Tuple|Dictionary|Set|Data) should ", "should ", error.detail["msg"])
        message, hint = f"{what} {reason}", ""
    return Complaint(code="EAS-1205", tokens=error.tokens, message=message, hint=hint, on_key=error.on_key)


def _refused_by_parser(error: _Located, what: str) -> Complaint:
    text = str(error.detail.get("ctx", {}).get("error", ""))
    if not isinstance(error.value, str) and not error.on_key:
        message = f"{what}: {text}, not {error.shown}"
        return Complaint(code="EAS-1204", tokens=error.tokens, message=message, hint="put it in quotes")
    word = str(error.tokens[-1]) if error.on_key else cast("str", error.value)
    text = text.replace(repr(word), _quoted(word) if error.on_key else error.shown)
    return Complaint(code="EAS-1205", tokens=error.tokens, message=f"{what}: {text}", on_key=error.on_key)


def _proper_name(error: _Located, pattern: str) -> str:
    if pattern != NAME_PATTERN or error.is_hidden:
        return ""
    name = re.sub(r"[^a-z0-9]+", "-", str(error.value)[:200].lower()).strip("-").lstrip("0123456789-")[:63]
    return f"{name!r} would do" if name else ""


def _named(value: Any) -> str:
    """A value as a message may show it."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"[:_SHOWN]
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return "nothing"


def _quoted(text: str) -> str:
    if may_be_secret(text):
        return "a text that is not shown"
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
