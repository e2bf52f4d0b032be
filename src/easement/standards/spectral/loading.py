"""Reading a ruleset with all that it extends, and working out which rules are on.

Extension and overriding follow Spectral: later rulesets win, a severity turns a rule on, ``off`` turns it off, and
``all`` or ``recommended`` say which rules of an extended ruleset start out as on.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files as package_files
from typing import Any, Final

from easement.contract.problems import Place, Problem
from easement.contract.yaml_reader import read
from easement.standards.spectral.definition import Definition, each_given, severity_of
from easement.standards.spectral.finding import SpectralSeverity
from easement.standards.spectral.formats import known_format
from easement.standards.spectral.functions import FUNCTIONS
from easement.standards.spectral.json_path import PathError, parse_path
from easement.standards.spectral.ruleset import (
    Aliases,
    AliasTarget,
    Ruleset,
    SeverityOverride,
    SpectralRule,
    Then,
    Variant,
)

BUILT_IN: Final = ("spectral:oas", "spectral:asyncapi")
MAX_RULESETS: Final = 50
MAX_BYTES: Final = 2_000_000


def load_ruleset(files: Mapping[str, bytes], path: str) -> tuple[Ruleset | None, tuple[Problem, ...]]:
    """Read the ruleset ``path`` among ``files`` (relative path to content); None where it has problems."""
    loader = _Loader(files)
    definition = loader.definition(path)
    if definition is None or loader.problems:
        return None, tuple(loader.problems)
    ruleset = loader.ruleset(path, definition)
    return (None if loader.problems else ruleset), tuple(loader.problems)


@dataclass(slots=True, eq=False)
class _Source:
    """A ruleset in its text form, and where relative names in it lead from."""

    file: str
    value: Mapping[str, Any]
    definition: Definition
    extends: tuple[tuple[_Source, str, bool], ...] = ()

    @property
    def formats(self) -> frozenset[str] | None:
        """The formats that its rules have where they name none."""
        return _formats(self.value["formats"]) if "formats" in self.value else None


@dataclass(slots=True)
class _Rule:
    """A rule while rulesets are laid over each other."""

    name: str
    owner: _Source
    aliases: _Source
    keys: dict[str, Any]
    enabled: bool = True
    severity: SpectralSeverity = SpectralSeverity.WARN
    formats: frozenset[str] | None = None
    url: str = ""
    overrides: list[SeverityOverride] = field(default_factory=list)

    @property
    def recommended(self) -> bool:
        return self.keys.get("recommended") is not False


class _Loader:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.problems: list[Problem] = []
        self._files = files
        self._known: dict[str, _Source] = {}
        self._count = 0

    def definition(self, path: str, stack: tuple[str, ...] = ()) -> _Source | None:
        """The file with all that it extends, each checked once."""
        if path in self._known:
            return self._known[path]
        self._count += 1
        data = _built_in(path) if path in BUILT_IN else self._files.get(path)
        if data is None or len(data) > MAX_BYTES or self._count > MAX_RULESETS:
            self._unreadable(path, data)
            return None
        reading = read(data, path)
        self.problems.extend(reading.problems)
        if len(reading.documents) != 1:
            if not reading.problems:
                self._add("EAS-3501", "not one YAML or JSON document", Place(file=path))
            return None
        checked = Definition(path, reading.documents[0])
        checked.check()
        self.problems.extend(checked.problems)
        if checked.problems or not isinstance(checked.value, Mapping):
            return None
        source = self._known[path] = _Source(path, checked.value, checked)
        source.extends = self._extended(source, (*stack, path))
        return source

    def _unreadable(self, path: str, data: bytes | None) -> None:
        if data is None:
            self._add("EAS-3501", f"there is no file {path}", Place(file=path))
        elif self._count > MAX_RULESETS:
            self._add("EAS-3501", f"more than {MAX_RULESETS} rulesets extend each other", Place(file=path))
        else:
            self._add("EAS-3501", f"{len(data):,} bytes; a ruleset may have {MAX_BYTES:,}", Place(file=path))

    def _add(self, code: str, message: str, place: Place, hint: str = "") -> None:
        self.problems.append(Problem(code=code, message=message, place=place, hint=hint))

    def _extended(self, source: _Source, stack: tuple[str, ...]) -> tuple[tuple[_Source, str, bool], ...]:
        listed = source.value.get("extends", [])
        found: list[tuple[_Source, str, bool]] = []
        for index, one in enumerate(listed if isinstance(listed, list) else [listed]):
            explicit = isinstance(one, list)
            name, extent = one if explicit else (one, "recommended")
            path = self._path_of(name, source, index, listed=isinstance(listed, list))
            if path is None or path in stack:
                continue
            if (extended := self.definition(path, stack)) is not None:
                found.append((extended, extent, explicit))
        return tuple(found)

    def _path_of(self, name: str, source: _Source, index: int, *, listed: bool) -> str | None:
        if name in BUILT_IN:
            return name
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source.file), name))
        if "://" not in name and not path.startswith("..") and path in self._files:
            return path
        keys = ("extends", index) if listed else ("extends",)
        before = len(source.definition.problems)
        hint = f"Built in are {' and '.join(BUILT_IN)}. Nothing is fetched: copy other rulesets beside this one."
        source.definition.problem("EAS-3501", f"cannot extend {name!r}: there is no such file", keys, hint)
        self.problems.extend(source.definition.problems[before:])
        return None

    def ruleset(self, path: str, source: _Source) -> Ruleset:
        """The ruleset; each override is tried once, so that its faults are known now."""
        options = source.value.get("parserOptions", {})
        overrides = source.value.get("overrides", [])
        globs = tuple(dict.fromkeys(one.partition("#")[0] for entry in overrides for one in entry["files"]))
        overridden = cache(lambda applying: self._variant(source, applying))
        for applying in (*(frozenset({one}) for one in globs), frozenset(globs)):
            overridden(applying)
        return Ruleset(
            path=path,
            base=self._variant(source, frozenset()),
            globs=globs,
            overridden=overridden,
            duplicate_keys=severity_of(options.get("duplicateKeys")) or SpectralSeverity.ERROR,
            incompatible_values=severity_of(options.get("incompatibleValues")) or SpectralSeverity.ERROR,
        )

    def _variant(self, source: _Source, globs: frozenset[str]) -> Variant:
        whole, pointed = _chosen(source.value.get("overrides", []), globs)
        top = self._overridden(source, whole) if whole else source
        rules, formats = self._rules(top, "recommended", explicit=False)
        for override in pointed:
            for name, severity in override["rules"].items():
                for one in override["files"]:
                    glob, _, pointer = one.partition("#")
                    if name in rules and glob in globs and (chosen := severity_of(severity)) is not None:
                        rules[name].overrides.append(
                            SeverityOverride(files=glob, pointer=f"#{pointer}", severity=chosen)
                        )
        made = [self._made(rule) for rule in rules.values() if rule.enabled or rule.overrides]
        return Variant(rules=tuple(rule for rule in made if rule is not None), formats=formats)

    def _overridden(self, source: _Source, overrides: list[Mapping[str, Any]]) -> _Source:
        """A ruleset that extends the one with the overrides that apply."""
        merged: dict[str, Any] = {}
        for one in overrides:
            for key in ("rules", "aliases"):
                if key in one:
                    merged[key] = {**merged.get(key, {}), **one[key]}
            if "formats" in one:
                merged["formats"] = one["formats"]
        more: list[tuple[_Source, str, bool]] = []
        for one in overrides:
            if "extends" in one:
                held = _Source(source.file, {"extends": one["extends"]}, source.definition)
                more.extend(self._extended(held, (source.file,)))
        merged["aliases"] = {**source.value.get("aliases", {}), **merged.get("aliases", {})}
        base = _Source(source.file, source.value, source.definition, source.extends)
        return _Source(source.file, merged, source.definition, (*more, (base, "recommended", False)))

    def _rules(self, source: _Source, extent: str, *, explicit: bool) -> tuple[dict[str, _Rule], frozenset[str]]:
        rules: dict[str, _Rule] = {}
        formats = set(source.formats or ())
        for extended, inner_extent, inner_explicit in source.extends:
            inner, inner_formats = self._rules(extended, inner_extent, explicit=inner_explicit)
            formats |= inner_formats
            for rule in inner.values():
                rules[rule.name] = rule
                if explicit:
                    rule.enabled = _starts_on(rule, extent)
        for name, definition in source.value.get("rules", {}).items():
            laid = self._laid_over(rules.get(name), name, definition, source)
            if laid is None:
                continue
            rule = rules[name] = laid
            if rule.owner is source or explicit:
                rule.enabled = _starts_on(rule, extent)
            if rule.formats is None:
                rule.formats = rule.owner.formats if rule.owner is not source else source.formats
            else:
                formats |= rule.formats
            if not rule.url and source.value.get("documentationUrl"):
                rule.url = f"{source.value['documentationUrl']}#{name}"
        return rules, frozenset(formats)

    def _laid_over(self, known: _Rule | None, name: str, definition: Any, source: _Source) -> _Rule | None:
        if isinstance(definition, Mapping):
            rule = known or _Rule(name, source, source, {})
            rule.keys = {**rule.keys, **definition}
            rule.enabled = True
            if "given" in definition:
                rule.aliases = source
            if "severity" in definition:
                rule.severity = severity_of(definition["severity"]) or SpectralSeverity.ERROR
            if "formats" in definition:
                rule.formats = _formats(definition["formats"])
            rule.url = str(definition.get("documentationUrl", rule.url))
            return rule
        if known is None:
            message = f"there is no rule {name!r} to change"
            hint = "Extend the ruleset that has it, or write the rule."
            place = source.definition.document.places.place(f"/rules/{name}", key=True)
            self._add("EAS-3506", message, place, hint)
            return None
        if isinstance(definition, bool):
            known.enabled = definition
            return known
        known.severity = severity_of(definition) or SpectralSeverity.ERROR
        known.enabled = definition != "off"
        return known

    def _made(self, rule: _Rule) -> SpectralRule | None:
        keys = rule.keys
        aliases = _aliases(rule.aliases)
        given = tuple(keys["given"] if isinstance(keys["given"], list) else [keys["given"]])
        try:
            for expression in given:
                for path in each_given([expression], lambda name: _everything(aliases, name)):
                    parse_path(path)
        except PathError as error:
            place = rule.aliases.definition.document.places.place(f"/rules/{rule.name}/given")
            self._add("EAS-3505", str(error), place)
            return None
        then = keys["then"] if isinstance(keys["then"], list) else [keys["then"]]
        return SpectralRule(
            name=rule.name,
            given=given,
            then=tuple(
                Then(
                    function=FUNCTIONS[one["function"]], field=one.get("field", ""), options=one.get("functionOptions")
                )
                for one in then
            ),
            # A rule that is off but for some pointers is off elsewhere.
            severity=rule.severity if rule.enabled else SpectralSeverity.OFF,
            description=keys.get("description"),
            message=keys.get("message"),
            formats=rule.formats,
            resolved=keys.get("resolved") is not False,
            documentation_url=rule.url,
            aliases=aliases,
            overrides=tuple(rule.overrides),
        )


def _starts_on(rule: _Rule, extent: str) -> bool:
    return extent == "all" or (extent == "recommended" and rule.recommended)


def _formats(names: Iterable[str]) -> frozenset[str]:
    return frozenset(known for name in names if (known := known_format(name)) is not None)


def _aliases(source: _Source) -> Aliases:
    found: dict[str, tuple[AliasTarget, ...]] = {}
    for name, value in source.value.get("aliases", {}).items():
        if isinstance(value, Mapping):
            found[name] = tuple(
                AliasTarget(formats=_formats(one["formats"]), given=_texts(one["given"])) for one in value["targets"]
            )
        else:
            found[name] = (AliasTarget(formats=None, given=_texts(value)),)
    return found


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _everything(aliases: Aliases, name: str) -> tuple[str, ...] | None:
    if name not in aliases:
        return None
    return tuple(one for target in aliases[name] for one in target.given)


def _chosen(
    overrides: list[Mapping[str, Any]], globs: frozenset[str]
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """The overrides that apply: of whole files, and of places in files."""
    applying = [one for one in overrides if any(name.partition("#")[0] in globs for name in one["files"])]
    whole = [one for one in applying if any("#" not in name and name in globs for name in one["files"])]
    pointed = [one for one in applying if any("#" in name for name in one["files"])]
    return whole, pointed


@cache
def _built_in(name: str) -> bytes:
    file = f"{name.partition(':')[2]}.yaml"
    return package_files("easement.standards.spectral").joinpath("rulesets", file).read_bytes()
