"""Running a ruleset over one document."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from easement.contract.places import pointer
from easement.contract.problems import Place
from easement.interfaces.sources import Sources
from easement.standards.spectral.definition import each_given
from easement.standards.spectral.finding import Result, SpectralFinding, SpectralSeverity
from easement.standards.spectral.formats import FORMATS, detect
from easement.standards.spectral.function import Context
from easement.standards.spectral.json_path import JsonPath, parse_path
from easement.standards.spectral.message import dotted, filled, pointer_text
from easement.standards.spectral.patterns import PatternTooSlowError
from easement.standards.spectral.resolving import Resolved, resolve, value_at
from easement.standards.spectral.ruleset import Ruleset, SpectralRule, Then
from easement.standards.spectral.schema_function import SchemaChecks
from easement.standards.spectral.script_values import UNDEFINED, member
from easement.standards.spectral.walk import Node, TooManyNodesError, Walker

MAX_FINDINGS: Final = 20_000
_FIELD: Final = re.compile(r"""[^.\[\]]+|\[(?:(-?\d+)|(["'])(.*?)\2)\]""")


def run(
    ruleset: Ruleset, document: str, *, source: Sources, formats: frozenset[str] | None = None
) -> tuple[SpectralFinding, ...]:
    """What the rules find in a document.

    ``document`` is its path among the files of ``source``, in which references are resolved; ``formats`` are detected
    where they are not given. Findings are in the order of the file and say each thing once. A document that cannot be
    read, or that is too large to be checked whole, has a finding that says so: no finding always means checked.
    """
    return _Run(ruleset, document, source, formats).findings()


@dataclass(slots=True)
class _Run:
    ruleset: Ruleset
    file: str
    source: Sources
    given_formats: frozenset[str] | None
    found: dict[Any, SpectralFinding] = field(default_factory=dict)
    left_out: int = 0

    def findings(self) -> tuple[SpectralFinding, ...]:
        raw = self.source.document(self.file)
        for problem in self.source.problems:
            self._add("parser", self._of_parser(problem.code), problem.message, (), problem.place)
        if raw is None:
            return self._sorted()
        document = resolve(self.file, raw, self._load)
        for broken in document.broken:
            keys = (*broken.path, "$ref")
            place = self.source.place_of(self.file, pointer(keys))
            self._add("invalid-ref", SpectralSeverity.ERROR, broken.message, keys, place)
        variant = self.ruleset.variant(self.file)
        formats = self.given_formats
        if formats is None:
            formats = detect(document.value, variant.formats)
        if not formats and variant.formats:
            self._unknown_format(variant.formats)
        rules = [rule for rule in variant.rules if rule.formats is None or rule.formats & formats]
        checks = SchemaChecks()
        for resolved in (True, False):
            chosen = [rule for rule in rules if rule.resolved is resolved]
            self._apply(chosen, document, formats, checks, resolved=resolved)
        if self.left_out:
            message = f"{self.left_out:,} more findings are not listed"
            self.found[None] = SpectralFinding(
                rule="too-many", severity=SpectralSeverity.ERROR, message=message, path=(), place=Place(file=self.file)
            )
        return self._sorted()

    def _of_parser(self, code: str) -> SpectralSeverity:
        return self.ruleset.duplicate_keys if code == "EAS-1003" else SpectralSeverity.ERROR

    def _load(self, name: str, base: str) -> tuple[str, Any] | None:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(base), name))
        if "://" in name or path.startswith(("..", "/")) or path not in self.source.files:
            return None
        value = self.source.document(path)
        return None if value is None else (path, value)

    def _unknown_format(self, known: Iterable[str]) -> None:
        listed = ", ".join(FORMATS[name][0] for name in sorted(known))
        message = f"The provided document does not match any of the registered formats [{listed}]"
        place = self.source.place_of(self.file, "")
        self._add("unrecognized-format", SpectralSeverity.WARN, message, (), place)

    def _apply(
        self,
        rules: list[SpectralRule],
        document: Resolved,
        formats: frozenset[str],
        checks: SchemaChecks,
        *,
        resolved: bool,
    ) -> None:
        by_path: dict[str, list[SpectralRule]] = {}
        for rule in rules:
            for text in each_given(rule.given, lambda name, rule=rule: _given(rule, name, formats)):  # type: ignore[misc] # the rule of this turn
                by_path.setdefault(text, []).append(rule)
        paths: list[JsonPath] = [parse_path(text) for text in by_path]
        users = list(by_path.values())

        def lint(index: int, node: Node) -> None:
            path = node.path
            for rule in users[index]:
                context = Context(document=document, formats=formats, checks=checks, path=path, resolved=resolved)
                self._lint(rule, node.value, context)

        try:
            Walker(paths).walk(document.value if resolved else document.raw, lint)
        except TooManyNodesError:
            message = "The document unfolds into too many places to check them all"
            place = self.source.place_of(self.file, "")
            self._add("too-complex", SpectralSeverity.ERROR, message, (), place)

    def _lint(self, rule: SpectralRule, value: Any, context: Context) -> None:
        for then in rule.then:
            for keys, target in _targets(value, then):
                inner = context
                if keys:
                    inner = Context(
                        document=context.document,
                        formats=context.formats,
                        checks=context.checks,
                        path=(*context.path, *keys),
                        resolved=context.resolved,
                    )
                for result in _results(then, target, inner):
                    self._note(rule, result, inner)

    def _note(self, rule: SpectralRule, result: Result, context: Context) -> None:
        document = context.document
        place = document.place(context.path if result.path is None else result.path, resolved=rule.resolved)
        raw = document.raw if place.file == document.file else document.others.get(place.file)
        longer = len(place.missing) > len(place.path)
        last = place.path[-1] if place.path else ""
        values: dict[str, Any] = {
            "property": dotted(place.missing[len(place.path) - 1 :]) if longer else last,
            "error": result.message,
            "path": pointer_text(place.path),
            "description": rule.description,
            "value": value_at(raw, place.path),
        }
        values["error"] = filled(result.message, values)
        message = values["error"] if rule.description is None else rule.description
        if rule.message is not None:
            message = filled(rule.message, values)
        severity = rule.severity_at(self.ruleset.relative(place.file), pointer_text(place.path))
        if severity is SpectralSeverity.OFF:
            return
        where = self.source.place_of(place.file, pointer(place.path))
        self._add(rule.name, severity, message.strip(), place.path, where, url=rule.documentation_url)

    def _add(
        self, rule: str, severity: SpectralSeverity, message: str, path: tuple[str, ...], place: Place, *, url: str = ""
    ) -> None:
        mark = (rule, path, place.file, message)
        if severity is SpectralSeverity.OFF or mark in self.found:
            return
        if len(self.found) >= MAX_FINDINGS:
            self.left_out += 1
            return
        self.found[mark] = SpectralFinding(
            rule=rule, severity=severity, message=message, path=path, place=place, documentation_url=url
        )

    def _sorted(self) -> tuple[SpectralFinding, ...]:
        def order(one: SpectralFinding) -> tuple[Any, ...]:
            return one.place.file, one.place.line, one.place.column, one.rule, one.path, one.message

        return tuple(sorted(self.found.values(), key=order))


def _given(rule: SpectralRule, name: str, formats: frozenset[str]) -> tuple[str, ...]:
    """What an alias stands for in this document: of several targets the last that fits."""
    for target in reversed(rule.aliases[name]):
        if target.formats is None or target.formats & formats:
            return target.given
    return ()


def _results(then: Then, value: Any, context: Context) -> list[Result]:
    try:
        return then.function.results(value, then.options, context)
    except PatternTooSlowError as error:
        return [Result(f"The pattern {error} takes too long to match", context.path)]
    except RecursionError:
        return [Result("The value is nested too deeply to be checked", context.path)]


def _targets(value: Any, then: Then) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """What ``field`` names below a value, as (keys, value)."""
    if not then.field or not isinstance(value, dict | list):
        yield (), value
    elif then.field == "@key":
        keys: list[str] = list(value) if isinstance(value, dict) else [str(index) for index in range(len(value))]
        yield from (((key,), key) for key in keys)
        if not keys:
            yield (), UNDEFINED
    elif then.field.startswith("$"):
        found: list[tuple[tuple[str | int, ...], Any]] = []
        Walker([parse_path(then.field)]).walk(value, lambda _index, node: found.append((node.path, node.value)))
        yield from found or [((), UNDEFINED)]
    else:
        path = field_keys(then.field) if then.field not in value else (then.field,)
        target: Any = value
        for key in path:
            target = UNDEFINED if target in (None, UNDEFINED) else member(target, key)
        yield path, target


def field_keys(text: str) -> tuple[str, ...]:
    """``a.b[0]`` as keys."""
    return tuple(found[1] or (found[3] if found[2] else found[0]) for found in _FIELD.finditer(text))
