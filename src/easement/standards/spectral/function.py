"""What a function of a ruleset is: a check of one value with options, given what it may know about the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from easement.standards.spectral.finding import Result
from easement.standards.spectral.resolving import Resolved
from easement.standards.spectral.schema_check import Check, Compiler
from easement.standards.spectral.schema_function import SchemaChecks, Wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The document and the place that a function is asked about."""

    document: Resolved
    formats: frozenset[str]
    checks: SchemaChecks
    path: tuple[str | int, ...]
    resolved: bool = True

    def has(self, name: str) -> bool:
        """Whether the document is of a format."""
        return name in self.formats


Body = Callable[[Any, Any, Context], list[Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function by name. ``options`` and ``accepts`` are JSON Schemas: of the options (None: it has none), of values.

    A value that is not accepted passes, as Spectral has it, unless ``invalid`` says what to report.
    """

    name: str
    body: Body
    options: Mapping[str, Any] | None = None
    accepts: Mapping[str, Any] | None = None
    invalid: str = ""

    def results(self, value: Any, options: Any, context: Context) -> list[Result]:
        """What is wrong with a value."""
        if self.accepts is not None and _checked(self.name, "accepts", self)(value):
            return [Result(self.invalid)] if self.invalid else []
        return self.body(value, options, context)

    def wrong_options(self, options: Any) -> list[str]:
        """What is wrong with options, in words."""
        if self.options is None:
            return [] if options is None else [f'"{self.name}" has no options']
        return [
            f'"{self.name}": functionOptions{error.path.replace("/", ".")} {error.message}'
            + (f": {', '.join(map(str, error.params['allowed']))}" if error.keyword == "enum" else "")
            + (f": {error.params['property']}" if error.keyword == "additionalProperties" else "")
            for error in _checked(self.name, "options", self)(options)
        ]

    def __hash__(self) -> int:
        return hash(self.name)


@cache
def _checked(_name: str, part: str, function: Function) -> Check:
    return Compiler(getattr(function, part), "draft7", every=True).compile()


def as_results(wrongs: list[Wrong]) -> list[Result]:
    """Findings of a schema as results of a function."""
    return [Result(wrong.text, wrong.path) for wrong in wrongs]
