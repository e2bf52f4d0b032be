"""The text of a ruleset, checked for shape: every fault has its place in the file and says what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from easement.contract.places import pointer
from easement.contract.problems import Problem
from easement.contract.suggestion import did_you_mean
from easement.contract.yaml_reader import ReadDocument
from easement.standards.spectral.finding import SpectralSeverity
from easement.standards.spectral.formats import FORMATS, known_format
from easement.standards.spectral.functions import FUNCTIONS
from easement.standards.spectral.json_path import PathError, parse_path
from easement.standards.spectral.patterns import PatternError, slashed
from easement.standards.spectral.schema_function import SchemaChecks

Keys = tuple[str | int, ...]
SEVERITIES: Final = {one.name.lower(): one for one in SpectralSeverity}
EXTENTS: Final = ("off", "recommended", "all")
_RULESET: Final = (
    "aliases", "description", "documentationUrl", "extends", "formats", "functions", "functionsDir", "overrides",
    "parserOptions", "rules",
)  # fmt: skip
_OVERRIDE: Final = ("aliases", "extends", "files", "formats", "parserOptions", "rules")
_RULE: Final = (
    "description", "documentationUrl", "extensions", "formats", "given", "message", "recommended",
    "resolved", "severity", "tags", "then", "type",
)  # fmt: skip
_THEN: Final = ("field", "function", "functionOptions")
_ALIAS: Final = re.compile(r"#([A-Za-z0-9_-]+)(.*)", re.DOTALL)
_NO_CODE: Final = (
    "Functions of your own are JavaScript, and no foreign code is run here. Use a core function, or write the rule in "
    "CEL as a rule of a Standard."
)


def severity_of(value: Any) -> SpectralSeverity | None:
    """A severity as rulesets write it: a word, or a number from -1 to 3."""
    if isinstance(value, str):
        return SEVERITIES.get(value)
    if isinstance(value, int) and not isinstance(value, bool) and -1 <= value <= 3:
        return SpectralSeverity(value)
    return None


@dataclass(slots=True)
class Definition:
    """One ruleset file: its value, and the problems found in it."""

    file: str
    document: ReadDocument
    problems: list[Problem] = field(default_factory=list)

    @property
    def value(self) -> Any:
        """The text as values."""
        return self.document.value

    def problem(self, code: str, message: str, keys: Keys, hint: str = "", *, key: bool = False) -> None:
        """Note what is wrong at a place."""
        place = self.document.places.place(pointer(keys), key=key)
        self.problems.append(Problem(code=code, message=message, place=place, hint=hint))

    def check(self) -> None:
        """Note everything that is wrong with the shape."""
        if not self._mapping(self.value, (), "a ruleset"):
            return
        self._keys(self.value, _RULESET, (), "a ruleset")
        if not {"extends", "rules", "overrides"} & self.value.keys():
            self.problem("EAS-3502", "a ruleset needs rules, extends or overrides", ())
        for name in ("functions", "functionsDir"):
            if name in self.value:
                self.problem("EAS-3503", f"{name}: custom functions are not run", (name,), _NO_CODE, key=True)
        self._parser_options(self.value, ())
        self._common(self.value, ())
        overrides = self.value.get("overrides")
        for index, one in enumerate(self._list(overrides, ("overrides",)) if overrides is not None else ()):
            self._override(one, ("overrides", index))

    def _common(self, value: Mapping[str, Any], keys: Keys) -> None:
        if "formats" in value:
            self._formats(value["formats"], (*keys, "formats"))
        if "extends" in value:
            self._extends(value["extends"], (*keys, "extends"))
        aliases = value.get("aliases")
        for name, one in self._items(aliases, (*keys, "aliases"), "aliases"):
            self._alias(name, one, (*keys, "aliases", name))
        for name, one in self._items(value.get("rules"), (*keys, "rules"), "rules"):
            self._rule(one, (*keys, "rules", name))

    def _override(self, value: Any, keys: Keys) -> None:
        if not self._mapping(value, keys, "an override"):
            return
        self._keys(value, _OVERRIDE, keys, "an override")
        files = value.get("files")
        if not isinstance(files, list) or not files or not all(isinstance(one, str) and one for one in files):
            self.problem("EAS-3502", "files must be a list of file patterns", (*keys, "files"))
            return
        if all(re.match("[^#]+#", one) for one in files):
            for name, one in self._items(value.get("rules"), (*keys, "rules"), "rules"):
                if severity_of(one) is None:
                    message = "an override at a JSON pointer sets a severity"
                    self.problem("EAS-3502", message, (*keys, "rules", name), f"Write one of {', '.join(SEVERITIES)}.")
            return
        self._parser_options(value, keys)
        self._common(value, keys)

    def _parser_options(self, value: Mapping[str, Any], keys: Keys) -> None:
        for name, one in self._items(value.get("parserOptions"), (*keys, "parserOptions"), "parserOptions"):
            where = (*keys, "parserOptions", name)
            if name not in {"duplicateKeys", "incompatibleValues"}:
                self._unknown(name, ("duplicateKeys", "incompatibleValues"), where, "parserOptions")
            elif severity_of(one) is None:
                self.problem("EAS-3502", f"{one!r} is no severity", where, f"Write one of {', '.join(SEVERITIES)}.")

    def _extends(self, value: Any, keys: Keys) -> None:
        for index, one in enumerate(value if isinstance(value, list) else [value]):
            where = (*keys, index) if isinstance(value, list) else keys
            pair = isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) and one[1] in EXTENTS
            if not isinstance(one, str) and not pair:
                hint = "Write a name, such as spectral:oas, or [name, off | recommended | all]."
                self.problem("EAS-3502", "extends names rulesets", where, hint)

    def _alias(self, name: str, value: Any, keys: Keys) -> None:
        if not re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", name):
            hint = "Start with a letter; go on with letters, digits, _ and -."
            self.problem("EAS-3502", f"{name!r} is no name for an alias", keys, hint, key=True)
        if not isinstance(value, Mapping):
            self._given(value, keys)
            return
        for index, one in enumerate(self._list(value.get("targets"), (*keys, "targets"))):
            where = (*keys, "targets", index)
            if self._mapping(one, where, "a target") and {"formats", "given"} <= one.keys():
                self._formats(one["formats"], (*where, "formats"))
                self._given(one["given"], (*where, "given"))
            else:
                self.problem("EAS-3502", "a target needs formats and given", where)

    def _formats(self, value: Any, keys: Keys) -> None:
        for index, one in enumerate(self._list(value, keys)):
            if not isinstance(one, str) or known_format(one) is None:
                self.problem("EAS-3502", f"{one!r} is no format", (*keys, index), did_you_mean(str(one), list(FORMATS)))

    def _rule(self, value: Any, keys: Keys) -> None:
        if isinstance(value, bool) or (isinstance(value, str) and value in SEVERITIES):
            return
        if not isinstance(value, Mapping):
            hint = f"Write a rule, true or false, or one of {', '.join(SEVERITIES)}."
            self.problem("EAS-3502", f"{value!r} is no rule and no severity", keys, hint)
            return
        self._keys(value, _RULE, keys, "a rule")
        for name in {"given", "then"} - value.keys():
            self.problem("EAS-3502", f"the rule has no {name}", keys, key=True)
        if "severity" in value and severity_of(value["severity"]) is None:
            hint = f"Write one of {', '.join(SEVERITIES)}."
            self.problem("EAS-3502", f"{value['severity']!r} is no severity", (*keys, "severity"), hint)
        for name, kind in (("message", str), ("description", str), ("recommended", bool), ("resolved", bool)):
            if name in value and not isinstance(value[name], kind):
                expected = "text" if kind is str else "true or false"
                self.problem("EAS-3502", f"{name} is {expected}", (*keys, name))
        if "formats" in value:
            self._formats(value["formats"], (*keys, "formats"))
        if "given" in value:
            self._given(value["given"], (*keys, "given"))
        then = value.get("then")
        for index, one in enumerate(then if isinstance(then, list) else [then] if "then" in value else []):
            self._then(one, (*keys, "then", index) if isinstance(then, list) else (*keys, "then"))

    def _then(self, value: Any, keys: Keys) -> None:
        if not self._mapping(value, keys, "then"):
            return
        self._keys(value, _THEN, keys, "then")
        at = value.get("field", "")
        if not isinstance(at, str):
            self.problem("EAS-3502", "field is text", (*keys, "field"))
        elif at.startswith("$"):
            self._path(at, (*keys, "field"))
        function = FUNCTIONS.get(str(value.get("function")))
        if function is None:
            name = value.get("function")
            hint = f"{did_you_mean(str(name), list(FUNCTIONS))} {_NO_CODE}".strip()
            self.problem("EAS-3503", f"there is no function {name!r}", (*keys, "function"), hint)
            return
        options = value.get("functionOptions")
        for message in function.wrong_options(options):
            self.problem("EAS-3504", message, (*keys, "functionOptions") if options is not None else keys)
        if function.name == "pattern" and isinstance(options, Mapping):
            self._patterns(options, (*keys, "functionOptions"))
        if function.name == "schema" and isinstance(options, Mapping) and isinstance(options.get("schema"), Mapping):
            for wrong in SchemaChecks().faults(options["schema"], str(options.get("dialect", "auto"))):
                self.problem("EAS-3504", wrong, (*keys, "functionOptions", "schema"))

    def _patterns(self, options: Mapping[str, Any], keys: Keys) -> None:
        for name in ("match", "notMatch"):
            if isinstance(options.get(name), str):
                try:
                    slashed(options[name])
                except PatternError as error:
                    self.problem("EAS-3504", f"no regular expression: {error}", (*keys, name))

    def _given(self, value: Any, keys: Keys) -> None:
        if isinstance(value, list) and not value:
            self.problem("EAS-3502", "at least one JSON path is needed", keys)
        for index, one in enumerate(value if isinstance(value, list) else [value]):
            where = (*keys, index) if isinstance(value, list) else keys
            if not isinstance(one, str):
                self.problem("EAS-3505", "a JSON path is text", where)
            elif one.startswith("#"):
                if _ALIAS.fullmatch(one) is None:
                    self.problem("EAS-3505", f"{one!r} names no alias", where)
            else:
                self._path(one, where)

    def _path(self, text: str, keys: Keys) -> None:
        try:
            parse_path(text)
        except PathError as error:
            self.problem("EAS-3505", str(error), keys)

    def _mapping(self, value: Any, keys: Keys, what: str) -> bool:
        if isinstance(value, Mapping):
            return True
        self.problem("EAS-3502", f"{what} is an object", keys)
        return False

    def _list(self, value: Any, keys: Keys) -> list[Any]:
        if isinstance(value, list):
            return value
        self.problem("EAS-3502", f"{keys[-1]} is a list", keys)
        return []

    def _items(self, value: Any, keys: Keys, what: str) -> Iterable[tuple[str, Any]]:
        if value is None:
            return ()
        return list(value.items()) if self._mapping(value, keys, what) else ()

    def _keys(self, value: Mapping[str, Any], known: tuple[str, ...], keys: Keys, what: str) -> None:
        for name in value:
            if name not in known and not name.startswith("x-"):
                self._unknown(name, known, (*keys, name), what)

    def _unknown(self, name: str, known: tuple[str, ...], keys: Keys, what: str) -> None:
        self.problem("EAS-3502", f"{what} has no key {name!r}", keys, did_you_mean(name, list(known)), key=True)


def each_given(
    expressions: Iterable[str], aliases: Callable[[str], tuple[str, ...] | None], open_: frozenset[str] = frozenset()
) -> list[str]:
    """JSON paths with their aliases written out. Raises PathError."""
    found: list[str] = []
    for expression in expressions:
        match = _ALIAS.fullmatch(expression)
        if match is None:
            found.append(expression)
            continue
        name, rest = match.groups()
        if name in open_:
            raise PathError(f"alias {name!r} is made of itself")
        given = aliases(name)
        if given is None:
            raise PathError(f"there is no alias {name!r}")
        found.extend(each_given([one + rest for one in given], aliases, open_ | {name}))
    return found
