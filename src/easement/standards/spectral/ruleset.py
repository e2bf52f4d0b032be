"""A ruleset, read and ready to run: values only."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from easement.standards.spectral.finding import SpectralSeverity
from easement.standards.spectral.function import Function
from easement.standards.spectral.globs import matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """One check of what ``given`` finds. ``field`` is a property, ``@key`` or a JSON path below it; empty: itself."""

    function: Function
    field: str = ""
    options: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasTarget:
    """What an alias stands for in documents of some formats; None: in all."""

    formats: frozenset[str] | None
    given: tuple[str, ...]


Aliases = Mapping[str, tuple[AliasTarget, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityOverride:
    """Another severity for what a rule finds at a pointer, or below it, in files of a name."""

    files: str
    pointer: str
    severity: SpectralSeverity


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectralRule:
    """One rule. ``formats`` None applies to every document; ``resolved`` False reads it as it is written."""

    name: str
    given: tuple[str, ...]
    then: tuple[Then, ...]
    severity: SpectralSeverity = SpectralSeverity.WARN
    description: str | None = None
    message: str | None = None
    formats: frozenset[str] | None = None
    resolved: bool = True
    documentation_url: str = ""
    aliases: Aliases = field(default_factory=dict)
    overrides: tuple[SeverityOverride, ...] = ()

    def severity_at(self, file: str, pointer: str) -> SpectralSeverity:
        """The severity at a place: of the closest override that holds there, or of the rule."""
        chosen, closest = self.severity, ""
        for one in self.overrides:
            below = pointer == one.pointer or pointer.startswith(f"{one.pointer}/")
            if below and len(one.pointer) >= len(closest) and matches(one.files, file):
                chosen, closest = one.severity, one.pointer
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The rules that are on for some files, and the formats that they know between them."""

    rules: tuple[SpectralRule, ...]
    formats: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """A ruleset of one file and all that it extends.

    ``overridden`` says what is on where the overrides of some ``globs`` apply; it keeps its answers.
    ``duplicate_keys`` and ``incompatible_values`` are the severities of such faults of a document.
    """

    path: str
    base: Variant
    globs: tuple[str, ...] = ()
    overridden: Callable[[frozenset[str]], Variant] | None = field(default=None, compare=False, repr=False)
    duplicate_keys: SpectralSeverity = SpectralSeverity.ERROR
    incompatible_values: SpectralSeverity = SpectralSeverity.ERROR

    def variant(self, file: str) -> Variant:
        """What is on for a file. Globs are relative to the folder of the ruleset."""
        relative = self.relative(file)
        applying = frozenset(one for one in self.globs if matches(one, relative))
        return self.overridden(applying) if applying and self.overridden is not None else self.base

    def relative(self, file: str) -> str:
        """A file's path from the folder of the ruleset."""
        return posixpath.relpath(file, posixpath.dirname(self.path) or ".")
