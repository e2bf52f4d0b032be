"""All declared parameters of one operation, held against their whole schemas.

What the check has not seen does not go on: the headers and cookies that reach the target are the ones that are returned
here, and an undeclared query parameter refuses the request. Messages name places, never values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple

import jsonschema_rs

from easement.gateway.decided_headers import COOKIE, is_plain_name
from easement.gateway.full_schema import compile_schema
from easement.gateway.parameter_text import (
    UnreadableError,
    decoded,
    is_list,
    member_name,
    plain,
    read_members,
    read_texts,
    refuse_encoded_structure,
    takes_members,
)
from easement.gateway.route_contract import path_parts
from easement.plan.model import DecidedParameter, Route

MAX_ERRORS: Final = 10
MAX_TARGET: Final = 16_384
"""Characters of path and query together; what is longer is refused."""
_MAX_PAIRS: Final = 2000
_MAX_NAME: Final = 64
_COOKIE_VALUE: Final = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
"""RFC 6265 §4.1.1 cookie-octet: no space, quote, comma, semicolon or backslash."""
_COOKIE_LIST: Final = re.compile(r"[\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]*")
"""The same with commas, which separate the items of a list."""


class Misfit(NamedTuple):
    """Where (RFC 6901), a word for the record, and a sentence for the caller."""

    path: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as the decider is shown it. ``target`` is path and query, undecoded; ``header`` gives one by name."""

    target: str
    header: Callable[[str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """``misfits`` refuse. ``passed`` are the headers that go on, ``cookie`` among them, by name in lower case."""

    misfits: Sequence[Misfit] = ()
    passed: Mapping[str, str] = field(default_factory=dict)


class _RefusedError(Exception):
    """A misfit that ends the check."""

    def __init__(self, misfit: Misfit) -> None:
        super().__init__(misfit.message)
        self.misfit = misfit


class ParameterCheck:
    """The compiled check. Raises :class:`~easement.gateway.full_schema.SchemaError` for a schema that is none."""

    def __init__(self, route: Route) -> None:
        self._path = _path_expression(route)
        self._path_names = [name for _, name in path_parts(route.path) if name]
        self._rules = {
            location: tuple(one for one in route.decided if one.location == location)
            for location in ("path", "query", "header", "cookie")
        }
        self._plain = {one.name: one for one in self._rules["query"] if not takes_members(one)}
        several = [one for one in self._rules["query"] if takes_members(one)]
        self._several = sorted(several, key=lambda one: one.style != "deepObject")
        self._validators: Mapping[str, jsonschema_rs.Validator] = {
            _id(one): compile_schema(one.schema) for one in route.decided
        }

    def check(self, seen: Seen) -> Checked:
        """Whether every parameter fits, and what may go on. A body is not looked at."""
        if len(seen.target) > MAX_TARGET or not seen.target.isascii():
            return Checked(misfits=[Misfit("", "malformed-parameter", "the path is too long or not percent-encoded")])
        path, _, query = seen.target.partition("?")
        passed: dict[str, str] = {}
        found: list[Misfit] = []
        try:
            found.extend(self._check_path(path))
            found.extend(self._check_query(query))
            found.extend(self._check_headers(seen, passed))
            found.extend(self._check_cookies(seen, passed))
        except _RefusedError as refused:
            found.append(refused.misfit)
        return Checked(misfits=found[:MAX_ERRORS]) if found else Checked(passed=passed)

    def _check_path(self, path: str) -> Iterator[Misfit]:
        given = self._path.fullmatch(path)
        if given is None:
            raise _RefusedError(Misfit("", "malformed-parameter", "the path is not the one of the operation"))
        values = dict(zip(self._path_names, given.groups(), strict=True))
        for rule in self._rules["path"]:
            yield from self._fit(rule, values[rule.name], plus_is_space=False)

    def _check_query(self, query: str) -> Iterator[Misfit]:
        texts: dict[str, list[str]] = {}
        members: dict[str, list[tuple[str, str]]] = {}
        for name, raw in _pairs(query):
            if name in self._plain:
                texts.setdefault(name, []).append(raw)
                continue
            owner, key = self._owner(name)
            with _at(owner):
                refuse_encoded_structure(owner, raw)
                members.setdefault(owner.name, []).append((key, decoded(raw, plus_is_space=True)))
        for rule in self._rules["query"]:
            if rule.name in self._plain and rule.name in texts:
                yield from self._fit(rule, *texts[rule.name], plus_is_space=True)
            elif rule.name not in self._plain and rule.name in members:
                with _at(rule):
                    values = read_members(rule, members[rule.name])
                yield from self._misfits(rule, values)
            else:
                yield from _missing(rule)

    def _owner(self, name: str) -> tuple[DecidedParameter, str]:
        for rule in self._several:
            with _at(rule):
                key = member_name(rule, name)
            if key is not None:
                return rule, key
        shown = f"/{_escaped(name[:_MAX_NAME])}"
        raise _RefusedError(Misfit(shown, "unknown-parameter", "is not a declared query parameter"))

    def _check_headers(self, seen: Seen, passed: dict[str, str]) -> Iterator[Misfit]:
        for rule in self._rules["header"]:
            name = rule.name.lower()
            text = seen.header(name) if is_plain_name(name) else None
            if text is None:
                yield from _missing(rule)
                continue
            with _at(rule):
                values = read_texts(rule, [plain(text)])
            yield from self._misfits(rule, values)
            passed[name] = text

    def _check_cookies(self, seen: Seen, passed: dict[str, str]) -> Iterator[Misfit]:
        given = _cookies(seen.header(COOKIE) or "") if self._rules["cookie"] else {}
        kept: list[str] = []
        for rule in self._rules["cookie"]:
            values = given.get(rule.name, [])
            if not values:
                yield from _missing(rule)
                continue
            with _at(rule):
                texts = list(dict.fromkeys(_cookie_texts(rule, values)))
            for text in texts:
                with _at(rule):
                    readings = read_texts(rule, [text])
                yield from self._misfits(rule, readings)
            kept.append(f"{rule.name}={values[0]}")
        if kept:
            passed[COOKIE] = "; ".join(kept)

    def _fit(self, rule: DecidedParameter, *raw: str, plus_is_space: bool) -> Iterator[Misfit]:
        with _at(rule):
            for one in raw:
                refuse_encoded_structure(rule, one)
            values = read_texts(rule, [decoded(one, plus_is_space=plus_is_space) for one in raw])
        yield from self._misfits(rule, values)

    def _misfits(self, rule: DecidedParameter, values: Iterable[Any]) -> list[Misfit]:
        """Nothing where one of the readings fits; else what is wrong with the first."""
        validator = self._validators[_id(rule)]
        first: list[Misfit] = []
        for value in values:
            found = misfits_of(validator, value, f"/{_escaped(rule.name)}")
            if not found:
                return []
            first = first or found
        return first or [Misfit(f"/{_escaped(rule.name)}", "wrong-type", "has no reading")]


def misfits_of(validator: jsonschema_rs.Validator, value: Any, place: str) -> list[Misfit]:
    """What is wrong with a value; also a value that the validator cannot take is wrong."""
    try:
        errors = list(islice(validator.iter_errors(value), MAX_ERRORS))
    except (ValueError, RecursionError, OverflowError):
        return [Misfit(place, "unreadable", "cannot be checked")]
    return [
        Misfit(place + pointer(error.instance_path), f"schema:{error.kind.name}", f"does not fit {error.kind.name}")
        for error in errors
    ]


def pointer(parts: Iterable[str | int]) -> str:
    """RFC 6901; the whole value is the empty pointer."""
    return "".join("/" + _escaped(str(part)) for part in parts)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _id(rule: DecidedParameter) -> str:
    return f"{rule.location} {rule.name}"


class _at:  # noqa: N801 - used as a function
    """Says of which parameter an unreadable text was."""

    def __init__(self, rule: DecidedParameter) -> None:
        self._rule = rule

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnreadableError):
            place = f"/{_escaped(self._rule.name)}"
            raise _RefusedError(Misfit(place, error.reason, str(error))) from None


def _missing(rule: DecidedParameter) -> Iterator[Misfit]:
    if rule.required:
        yield Misfit(f"/{_escaped(rule.name)}", "missing-parameter", f"is a required {rule.location} parameter")


def _path_expression(route: Route) -> re.Pattern[str]:
    """Of the whole path; one group for each placeholder, in order."""
    parts = path_parts(route.prefix + route.path)
    return re.compile("".join("([^/]+)" if name else re.escape(literal) for literal, name in parts))


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    """Names, decoded, and values, as they stand. A raw semicolon separates for some targets and for others not."""
    pairs = [pair for pair in query.split("&") if pair]
    if len(pairs) > _MAX_PAIRS:
        raise _RefusedError(Misfit("", "too-many", f"has more than {_MAX_PAIRS} query parameters"))
    if ";" in query:
        raise _RefusedError(Misfit("", "ambiguous-parameter", "has a raw semicolon in its query"))
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            yield decoded(name, plus_is_space=True), value
        except UnreadableError as error:
            raise _RefusedError(Misfit("", error.reason, f"the name of a query parameter {error}")) from None


def _cookies(header: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in header.split(";"):
        name, equals, value = pair.strip(" \t").partition("=")
        if equals:
            found.setdefault(name, []).append(value)
    return found


def _cookie_texts(rule: DecidedParameter, values: Sequence[str]) -> Iterator[str]:
    """The text as it stands, and decoded: some targets decode cookies and others do not, so both must fit."""
    if len(values) > 1:
        raise UnreadableError("duplicate-parameter", "is given twice")
    allowed = _COOKIE_VALUE if rule.explode or not is_list(rule) else _COOKIE_LIST
    if allowed.fullmatch(values[0]) is None:
        raise UnreadableError("malformed-parameter", "has a character that no cookie may have")
    yield values[0]
    if "%" in values[0]:
        yield decoded(values[0], plus_is_space=False)
