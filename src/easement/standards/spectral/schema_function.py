"""Checking a value of a document against a schema of a ruleset or of the document itself, in Spectral's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from easement.standards.spectral.published import by_id, metaschemas, named_dialect, reject_unless_schema
from easement.standards.spectral.schema_check import Check, Compiler, Errors, Library
from easement.standards.spectral.schema_error import MissingReferenceError, SchemaError, sentences
from easement.standards.spectral.script_values import UNDEFINED

_ITEM: Final = re.compile(r"/(\d+)\Z")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A sentence and the path of the value that it is about, from the root of the document."""

    text: str
    path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a schema is read; see Compiler."""

    dialect: str
    every: bool
    hidden: frozenset[str]
    nullable: tuple[str, ...]
    again: bool


@dataclass(slots=True)
class SchemaChecks:
    """Compiled schemas of one run, so that a schema that many values use is compiled once."""

    _compiled: dict[Any, tuple[Any, Check | SchemaError]] = field(default_factory=dict)
    _shared: dict[Any, tuple[Any, Check]] = field(default_factory=dict)
    _meta: dict[str, Check] = field(default_factory=dict)

    def wrong(
        self,
        value: Any,
        schema: Any,
        path: Sequence[str | int],
        *,
        dialect: str = "auto",
        every: bool = False,
        hidden: frozenset[str] = frozenset(),
        nullable: tuple[str, ...] = ("nullable",),
        resolved: bool = True,
        again: bool = False,
        prepare: Callable[[Errors], Errors] | None = None,
    ) -> list[Wrong]:
        """What is wrong with ``value`` at ``path``, or with the schema itself.

        A schema with a reference that was not resolved says nothing, unless the rule reads the raw document. ``again``
        where a value was checked with this schema before: Ajv then names the keyword, not what the metaschema says.
        """
        if value is UNDEFINED:
            return [Wrong('#{{print("property")}}must exist', tuple(path))]
        check = self._check(schema, _Reading(dialect, every, hidden, nullable, again))
        if isinstance(check, SchemaError):
            ignored = resolved and isinstance(check, MissingReferenceError)
            return [] if ignored else [Wrong(str(check), tuple(path))]
        errors = check(value)
        if not errors:
            return []
        if prepare is not None:
            errors = prepare(errors)
        return worded(errors, value, path)

    def faults(self, schema: Any, dialect: str) -> list[str]:
        """Why a schema cannot be used at all; empty where it can."""
        check = self._check(schema, _Reading(dialect, False, frozenset(), ("nullable",), False))  # noqa: FBT003 - in order
        return [str(check)] if isinstance(check, SchemaError) else []

    def _check(self, schema: Any, reading: _Reading) -> Check | SchemaError:
        mark = (id(schema), reading)
        if mark not in self._compiled:
            self._compiled[mark] = (schema, self._compile(schema, reading))
        return self._compiled[mark][1]

    def _compile(self, schema: Any, reading: _Reading) -> Check | SchemaError:
        try:
            dialect = reading.dialect if reading.dialect != "auto" else _detected(schema) or "draft7"
            if not reading.again:
                reject_unless_schema(schema, dialect, self._meta)
            elif not isinstance(schema, dict | bool):
                raise SchemaError("schema must be object or boolean")  # noqa: TRY301 - one way out for all of these
            identified = isinstance(schema, dict) and isinstance(schema.get("$id"), str)
            return Compiler(
                schema,
                dialect,
                every=reading.every,
                nullable=reading.nullable,
                known_schemas=Library({**metaschemas(), **(by_id(schema) if identified else {})}),
                hidden=reading.hidden,
                shared=self._shared,
            ).compile()
        except SchemaError as error:
            return error
        except RecursionError:
            return SchemaError("schema is nested too deeply")


def _detected(schema: Any) -> str | None:
    named = schema.get("$schema") if isinstance(schema, dict) else None
    return named_dialect(named) if isinstance(named, str) else None


def worded(errors: Errors, value: Any, path: Sequence[str | int]) -> list[Wrong]:
    """Errors of a value at ``path`` as sentences with their own paths."""
    unmatched = {
        error.path: error.keyword
        for error in errors
        if error.keyword == "anyOf" or (error.keyword == "oneOf" and not error.params.get("passing"))
    }
    found: list[Wrong] = []
    for sentence in sentences(errors, value, path):
        text = _of_item(sentence.text, sentence.path)
        keyword = unmatched.get(sentence.path)
        if keyword is not None and text.endswith(f" in {keyword}"):
            text += ". None of the schemas matched, see the other errors reported for this value"
        inner = sentence.path.removeprefix("/").split("/") if sentence.path else []
        found.append(Wrong(text, (*path, *inner)))
    return found


def _of_item(text: str, pointer: str) -> str:
    """An item of a list is named by its place, not as a property."""
    match = _ITEM.search(pointer)
    if match is None:
        return text
    for prefix in (f'"{match[1]}" property type', f'"{match[1]}" property'):
        if text.startswith(prefix):
            return f"Item at index {match[1]}{text[len(prefix) :]}"
    return text
