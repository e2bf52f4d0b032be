"""A JSON Schema, compiled to functions that say what is wrong with a value, in the order in which Ajv says it.

Spectral checks with Ajv, and what it reports depends on the order of keywords and on whether it stops at the first
error. A validator that only answers yes or no, or answers in another order, would give other findings.
Dialects: draft-04 (and OpenAPI's ``nullable``), draft-06/07, 2019-09, 2020-12. Unknown keywords and formats pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urljoin

from easement.contract.places import pointer_tokens
from easement.standards.spectral import script_values as js
from easement.standards.spectral.schema_error import MissingReferenceError, SchemaError, Violation

Read = TypeVar("Read")
Errors = list[Violation]
Check = Callable[[Any], Errors]
"""What is wrong with a value; an empty list where nothing is."""

_NUMBER: Final = ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf", "format")
_STRING: Final = ("maxLength", "minLength", "pattern", "format")
_ARRAY: Final = (
    "maxItems", "minItems", "prefixItems", "additionalItems", "items", "contains", "uniqueItems", "unevaluatedItems",
)  # fmt: skip
_OBJECT: Final = (
    "maxProperties", "minProperties", "required", "propertyNames", "additionalProperties", "dependencies", "properties",
    "patternProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
)  # fmt: skip
_ANY: Final = ("$ref", "$dynamicRef", "$recursiveRef", "const", "enum", "not", "anyOf", "oneOf", "allOf", "if")
GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("", _ANY),
    ("number", _NUMBER),
    ("string", _STRING),
    ("array", _ARRAY),
    ("object", _OBJECT),
)
_MODERN: Final = frozenset({"prefixItems", "dependentRequired", "dependentSchemas"})
_UNEVALUATED: Final = frozenset({"unevaluatedItems", "unevaluatedProperties"})
_REMEMBERED: Final = 100_000
_KNOWN: Final = frozenset(keyword for _, keywords in GROUPS for keyword in keywords)


def is_type(value: Any, name: str) -> bool:  # noqa: PLR0911 - one line for each type
    """Whether a value is of a JSON Schema type; ``1.0`` is an integer."""
    match name:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case "number":
            return js.is_number(value)
        case "integer":
            return js.is_number(value) and value % 1 == 0
        case _:
            return False


@dataclass(slots=True)
class Library:
    """Schemas by ``$id`` that ``$ref`` may name, and what ``$dynamicRef`` leads to (None: the root of the schema)."""

    schemas: Mapping[str, Any] = field(default_factory=dict)
    dynamic: tuple[str, str] | None = None


@dataclass(slots=True)
class Compiler:
    """Compiles one schema and all that it refers to.

    ``every`` collects all errors, otherwise checking stops at the first. ``nullable`` are the words that let ``null``
    through beside the type. ``hidden`` drops properties that are
    ``readOnly`` or ``writeOnly`` from ``required``. ``shared`` keeps compiled parts between schemas of one document.
    ``remembers`` keeps which containers were found right, for values in which one container stands in many places.
    """

    root: Any
    dialect: str
    every: bool = False
    nullable: tuple[str, ...] = ("nullable",)
    known_schemas: Library = field(default_factory=Library)
    hidden: frozenset[str] = frozenset()
    shared: dict[Any, tuple[Any, Check]] = field(default_factory=dict)
    references: int = 0
    remembers: bool = False
    _targets: dict[int, list[Check]] = field(default_factory=dict)
    _bases: list[tuple[str, Any]] = field(default_factory=list)

    def compile(self) -> Check:
        """The check of the root. Raises SchemaError."""
        base = self.root.get("$id", "") if isinstance(self.root, dict) else ""
        self._bases.append((base if isinstance(base, str) else "", self.root))
        return self.target(self.root)

    def part(self, schema: Any) -> Check:
        """The check of one schema inside."""
        if schema is True or schema == {}:
            return _accept
        if schema is False:
            return _refuse
        if not isinstance(schema, dict):
            raise SchemaError("schema must be object or boolean")
        mark = (id(schema), self.dialect, self.every, self.hidden, self.nullable)
        if (known := self.shared.get(mark)) is not None:
            return known[1]
        before = self.references
        check = self._schema(schema, top=False)
        if self.references == before:
            self.shared[mark] = (schema, check)
        return check

    def target(self, schema: Any) -> Check:
        """The check of something that is referred to: compiled once, also where it refers to itself."""
        if not isinstance(schema, dict):
            return self.part(schema)
        self.references += 1
        if id(schema) in self._targets:
            slot = self._targets[id(schema)]
            return lambda value: slot[0](value)  # noqa: PLW0108 - it is filled in later
        slot = self._targets[id(schema)] = []
        own = schema.get("$id")
        named = isinstance(own, str) and schema is not self.root and self.dialect != "draft4"
        if named:
            self._bases.append((urljoin(self._bases[-1][0], own), schema))
        check = self._schema(schema, top=True)
        slot.append(_remembered(check) if self.remembers else check)
        if named:
            self._bases.pop()
        return slot[0]

    def referred(self, reference: str) -> Check:
        """The check of what ``$ref`` names. Raises MissingReferenceError."""
        return self.inside(reference, self.target)

    def inside(self, reference: str, read: Callable[[Any], Read]) -> Read:
        """What ``read`` makes of the schema that ``$ref`` names. Raises MissingReferenceError."""
        base, holder = self._bases[-1]
        name, _, fragment = reference.partition("#")
        address = urljoin(base, name) if name else base
        if name:
            holder = self.known_schemas.schemas.get(address, self.known_schemas.schemas.get(f"{address}#"))
        found = holder
        for token in pointer_tokens(unquote(fragment)) if fragment.startswith("/") else []:
            found = js.member(found, token) if isinstance(found, dict | list) else js.UNDEFINED
        if found is None or found is js.UNDEFINED or (fragment and not fragment.startswith("/")):
            raise MissingReferenceError(f"can't resolve reference {reference} from id {base or '#'}")
        self._bases.append((address, holder))
        try:
            return read(found)
        finally:
            self._bases.pop()

    def dynamic(self) -> Check:
        """The check of what ``$dynamicRef`` leads to."""
        if self.known_schemas.dynamic is None:
            return self.target(self.root)
        return self.referred(self.known_schemas.dynamic[1])

    def _schema(self, schema: Mapping[str, Any], *, top: bool) -> Check:
        from easement.standards.spectral.schema_keywords import KEYWORDS  # noqa: PLC0415 - the two need each other

        nullable = next((schema[word] for word in self.nullable if word in schema), None)
        types = _types(schema, nullable)
        if isinstance(schema.get("$ref"), str) and not self._has_rules(schema):
            return _behind(self.referred(schema["$ref"]))
        groups: list[tuple[str, list[Check]]] = []
        for group, keywords in GROUPS:
            # A keyword is compiled in the order in which it is checked, so that the first fault of a schema is the
            # one that is reported.
            checks = [
                _marked(KEYWORDS[keyword](self, schema), f"/{keyword}")
                for keyword in keywords
                if keyword in schema and self._knows(keyword)
            ]
            if checks:
                groups.append((group, checks))
        check = _ordered(schema, types, groups, every=self.every)
        if self.every and "errorMessage" in schema:
            from easement.standards.spectral.schema_wording import reworded  # noqa: PLC0415 - only few schemas need it

            return reworded(check, schema["errorMessage"], top=top)
        return check

    def _has_rules(self, schema: Mapping[str, Any]) -> bool:
        return any(key != "$ref" and key in _KNOWN and self._knows(key) for key in schema) or "type" in schema

    def _knows(self, keyword: str) -> bool:
        modern = self.dialect in {"draft2019-09", "draft2020-12"}
        if keyword in {"$dynamicRef", "prefixItems"}:
            return self.dialect == "draft2020-12"
        if keyword == "$recursiveRef":
            return self.dialect == "draft2019-09"
        if keyword == "additionalItems":
            return self.dialect != "draft2020-12"
        return modern or keyword not in _MODERN | _UNEVALUATED


def _types(schema: Mapping[str, Any], nullable: Any) -> list[str]:
    kind = schema.get("type")
    types = [kind] if isinstance(kind, str) else list(kind) if isinstance(kind, list) else []
    if "null" in types:
        if nullable is False:
            raise SchemaError("type: null contradicts nullable: false")
    else:
        if not types and nullable is not None:
            raise SchemaError('"nullable" cannot be used without "type"')
        if nullable is True:
            types.append("null")
    return types


def _ordered(
    schema: Mapping[str, Any], types: list[str], groups: list[tuple[str, list[Check]]], *, every: bool
) -> Check:
    """All checks of one schema: the type first, unless its own group says it."""
    late = len(types) == 1 and any(group == types[0] for group, _ in groups)
    wrong = _type_check(schema, types) if types else None

    def check(value: Any) -> Errors:
        errors: Errors = []
        if wrong is not None and not late and not any(is_type(value, name) for name in types):
            errors.append(wrong())
            if not every:
                return errors
        for group, checks in groups:
            if not group or is_type(value, group):
                for one in checks:
                    if found := one(value):
                        errors.extend(found)
                        if not every:
                            return errors
            elif late and wrong is not None and group == types[0]:
                errors.append(wrong())
                if not every:
                    return errors
        return errors

    return check


def _type_check(schema: Mapping[str, Any], types: list[str]) -> Callable[[], Violation]:
    kind = schema["type"]
    named = ",".join(map(str, kind)) if isinstance(kind, list) else str(kind)
    nullable = schema.get("nullable") is True or schema.get("x-nullable") is True
    params = {"types": types, "nullable": nullable}
    return lambda: Violation(keyword="type", message=f"must be {named}", rule="/type", params=params)


def _marked(check: Check, rule: str) -> Check:
    def marked(value: Any) -> Errors:
        errors = check(value)
        for error in errors:
            if error.rule is not None:
                error.rule = rule + error.rule
        return errors

    return marked


def _behind(check: Check) -> Check:
    def behind(value: Any) -> Errors:
        errors = check(value)
        for error in errors:
            error.rule = None
        return errors

    return behind


def _remembered(check: Check) -> Check:
    """The check, asked once for each container. Errors are not kept, as they are changed on their way up."""
    right: dict[int, Any] = {}

    def remembered(value: Any) -> Errors:
        if id(value) in right:
            return []
        errors = check(value)
        if not errors and isinstance(value, dict | list):
            if len(right) > _REMEMBERED:
                right.clear()
            right[id(value)] = value
        return errors

    return remembered


def _accept(_value: Any) -> Errors:
    return []


def _refuse(_value: Any) -> Errors:
    return [Violation(keyword="false schema", message="boolean schema is false")]
