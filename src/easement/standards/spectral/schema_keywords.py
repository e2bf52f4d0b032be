"""The keywords of JSON Schema, each compiled to a check. The messages are Ajv's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from easement.standards.spectral import script_values as js
from easement.standards.spectral.patterns import Pattern, PatternError, PatternTooSlowError, pattern
from easement.standards.spectral.schema_check import Check, Compiler, Errors, is_type
from easement.standards.spectral.schema_error import SchemaError, Violation
from easement.standards.spectral.schema_evaluated import evaluated_items, evaluated_names
from easement.standards.spectral.schema_formats import NUMBER_FORMATS, TEXT_FORMATS

Schema = Mapping[str, Any]
Keyword = Callable[[Compiler, Schema], Check]


def _accept(_value: Any) -> Errors:
    return []


def _when(failed: Callable[[Any], bool], keyword: str, message: str) -> Check:
    return lambda value: [Violation(keyword=keyword, message=message)] if failed(value) else []


def _reference(compiler: Compiler, schema: Schema) -> Check:
    if not isinstance(schema["$ref"], str):
        raise SchemaError('$ref value must be "string"')
    return _detached(compiler.referred(schema["$ref"]))


def _dynamic(compiler: Compiler, _schema: Schema) -> Check:
    return _detached(compiler.dynamic())


def _detached(check: Check) -> Check:
    def detached(value: Any) -> Errors:
        errors = check(value)
        for error in errors:
            error.rule = None
        return errors

    return detached


def _const(_compiler: Compiler, schema: Schema) -> Check:
    constant = schema["const"]
    return _when(lambda value: not js.deep_equal(value, constant), "const", "must be equal to constant")


def _enum(_compiler: Compiler, schema: Schema) -> Check:
    allowed = schema["enum"]

    def check(value: Any) -> Errors:
        if any(js.deep_equal(value, item) for item in allowed):
            return []
        message = "must be equal to one of the allowed values"
        return [Violation(keyword="enum", message=message, params={"allowed": allowed})]

    return check


def _not(compiler: Compiler, schema: Schema) -> Check:
    inner = compiler.part(schema["not"])
    return lambda value: [] if inner(value) else [Violation(keyword="not", message="must NOT be valid")]


def _any_of(compiler: Compiler, schema: Schema) -> Check:
    branches = [compiler.part(branch) for branch in schema["anyOf"]]

    def check(value: Any) -> Errors:
        errors: Errors = []
        for number, branch in enumerate(branches):
            found = branch(value)
            if not found:
                return []
            errors.extend(_numbered(found, number))
        return [*errors, Violation(keyword="anyOf", message="must match a schema in anyOf")]

    return check


def _one_of(compiler: Compiler, schema: Schema) -> Check:
    branches = [compiler.part(branch) for branch in schema["oneOf"]]

    def check(value: Any) -> Errors:
        errors: Errors = []
        passing: list[int] = []
        for number, branch in enumerate(branches):
            found = branch(value)
            if not found:
                passing.append(number)
                if len(passing) == 2:
                    break
            errors.extend(_numbered(found, number))
        if len(passing) == 1:
            return []
        params = {"passing": passing}
        return [*errors, Violation(keyword="oneOf", message="must match exactly one schema in oneOf", params=params)]

    return check


def _all_of(compiler: Compiler, schema: Schema) -> Check:
    branches = [compiler.part(branch) for branch in schema["allOf"]]

    def check(value: Any) -> Errors:
        errors: Errors = []
        for number, branch in enumerate(branches):
            if found := branch(value):
                errors.extend(_numbered(found, number))
                if not compiler.every:
                    break
        return errors

    return check


def _numbered(errors: Errors, number: int) -> Errors:
    for error in errors:
        if error.rule is not None:
            error.rule = f"/{number}{error.rule}"
    return errors


def _if(compiler: Compiler, schema: Schema) -> Check:
    if "then" not in schema and "else" not in schema:
        return _accept
    test = compiler.part(schema["if"])
    then = compiler.part(schema.get("then", True))
    otherwise = compiler.part(schema.get("else", True))

    def check(value: Any) -> Errors:
        name, branch = ("else", otherwise) if test(value) else ("then", then)
        errors = branch(value)
        for error in errors:
            if error.rule is not None:
                error.rule = f"/{name}{error.rule}"
        return [*errors, Violation(keyword="if", message=f'must match "{name}" schema')] if errors else []

    return check


def _modifier(keyword: str, schema: Schema) -> Check:
    """``exclusiveMaximum`` of draft-04, which says how ``maximum`` is meant."""
    if not isinstance(schema[keyword], bool):
        raise SchemaError(f'{keyword} value must be ["boolean"]')
    inclusive = keyword.removeprefix("exclusive").lower()
    if inclusive not in schema:
        raise SchemaError(f"{keyword} can only be used with {inclusive}")
    return _accept


def _limit(keyword: str, sign: str, exclusive_sign: str, fails: Callable[[Any, Any], bool]) -> Keyword:
    def compile_limit(compiler: Compiler, schema: Schema) -> Check:
        bound = schema[keyword]
        old = compiler.dialect == "draft4"
        if old and keyword.startswith("exclusive"):
            return _modifier(keyword, schema)
        if not js.is_number(bound):
            raise SchemaError(f'{keyword} value must be ["number"]')
        strict = old and schema.get(f"exclusive{keyword.capitalize()}") is True
        shown = exclusive_sign if strict else sign
        message = f"must be {shown} {js.number_text(bound)}"
        return _when(lambda value: fails(value, bound) or (strict and value == bound), keyword, message)

    return compile_limit


def _multiple(_compiler: Compiler, schema: Schema) -> Check:
    divisor = schema["multipleOf"]

    def fails(value: Any) -> bool:
        quotient = value / divisor
        return not math.isfinite(quotient) or quotient != int(quotient)

    return _when(fails, "multipleOf", f"must be multiple of {js.number_text(divisor)}")


def _size(keyword: str, what: str, *, most: bool) -> Keyword:
    def compile_size(_compiler: Compiler, schema: Schema) -> Check:
        bound = schema[keyword]
        word = "more" if most else "fewer"
        message = f"must NOT have {word} than {js.number_text(bound)} {what}"
        if most:
            return _when(lambda value: len(value) > bound, keyword, message)
        return _when(lambda value: len(value) < bound, keyword, message)

    return compile_size


def compiled_pattern(source: str) -> Pattern:
    """The expression of a schema. Raises SchemaError."""
    try:
        return pattern(source)
    except PatternError as error:
        raise SchemaError(f"Invalid regular expression: /{source}/: {error}") from None


def _pattern(_compiler: Compiler, schema: Schema) -> Check:
    source = schema["pattern"]
    compiled = compiled_pattern(source)

    def check(value: Any) -> Errors:
        try:
            matched = compiled.search(value) is not None
        except PatternTooSlowError:
            message = f'takes too long to match against pattern "{source}"'
            return [Violation(keyword="pattern", message=message)]
        return [] if matched else [Violation(keyword="pattern", message=f'must match pattern "{source}"')]

    return check


def _format(_compiler: Compiler, schema: Schema) -> Check:
    name = schema["format"]
    if not isinstance(name, str):
        raise SchemaError('format value must be "string"')
    text, number = TEXT_FORMATS.get(name), NUMBER_FORMATS.get(name)
    message = f'must match format "{name}"'
    if text is not None:
        return _when(lambda value: isinstance(value, str) and not text(value), "format", message)
    if number is not None:
        return _when(lambda value: js.is_number(value) and not number(value), "format", message)
    return _accept


def _each(checks: Callable[[int], Check | None], *, every: bool) -> Check:
    def check(value: Any) -> Errors:
        errors: Errors = []
        for index, item in enumerate(value):
            one = checks(index)
            if one is not None and (found := one(item)):
                errors.extend(error.within(index) for error in found)
                if not every:
                    break
        return errors

    return check


def _items(compiler: Compiler, schema: Schema) -> Check:
    items = schema["items"]
    if isinstance(items, list):
        if compiler.dialect == "draft2020-12":
            raise SchemaError('items value must be ["object","boolean"]')
        return _tuple(compiler, items)
    if compiler.dialect == "draft2020-12" and isinstance(schema.get("prefixItems"), list):
        return _rest(compiler, items, len(schema["prefixItems"]), "items")
    one = compiler.part(items)
    return _each(lambda _index: one, every=compiler.every)


def _tuple(compiler: Compiler, items: list[Any]) -> Check:
    checks = [compiler.part(item) for item in items]
    return _each(lambda index: checks[index] if index < len(checks) else None, every=compiler.every)


def _additional_items(compiler: Compiler, schema: Schema) -> Check:
    if not isinstance(schema.get("items"), list):
        return _accept
    return _rest(compiler, schema["additionalItems"], len(schema["items"]), "additionalItems")


def _rest(compiler: Compiler, rest: Any, start: int, keyword: str) -> Check:
    if rest is False:
        return _when(lambda value: len(value) > start, keyword, f"must NOT have more than {start} items")
    one = compiler.part(rest)
    return _each(lambda index: one if index >= start else None, every=compiler.every)


def _contains(compiler: Compiler, schema: Schema) -> Check:
    inner = compiler.part(schema["contains"])
    modern = compiler.dialect in {"draft2019-09", "draft2020-12"}
    least = schema.get("minContains", 1) if modern else 1
    most = schema.get("maxContains") if modern else None
    if most is None and least == 0:
        return _accept
    more = f" and no more than {most}" if most is not None else ""

    def check(value: Any) -> Errors:
        found = [inner(item) for item in value]
        count = sum(not errors for errors in found)
        if count >= least and (most is None or count <= most):
            return []
        errors = [error.within(index) for index, listed in enumerate(found) for error in listed]
        own = Violation(keyword="contains", message=f"must contain at least {least}{more} valid item(s)")
        return [*errors, own] if compiler.every else [own]

    return check


def _unique(_compiler: Compiler, schema: Schema) -> Check:
    if schema["uniqueItems"] is not True:
        return _accept
    items = schema.get("items")
    kinds = items.get("type") if isinstance(items, dict) else None
    kinds = [kinds] if isinstance(kinds, str) else kinds or []
    # Where items are declared as scalars, Ajv looks from the end and names the later one first.
    scalar = bool(kinds) and not {"object", "array"} & set(kinds)

    def check(value: Any) -> Errors:
        pair = _last_repeated(value, kinds) if scalar else _repeated(value)
        if pair is None:
            return []
        message = f"must NOT have duplicate items (items ## {pair[0]} and {pair[1]} are identical)"
        return [Violation(keyword="uniqueItems", message=message)]

    return check


def _repeated(items: list[Any]) -> tuple[int, int] | None:
    """The last item that stands before as well, and where, as (earlier, later)."""
    if all(not isinstance(item, dict | list) for item in items):
        return _repeated_scalar(items)
    for later in range(len(items) - 1, 0, -1):
        for earlier in range(later - 1, -1, -1):
            if js.deep_equal(items[later], items[earlier]):
                return earlier, later
    return None


def _repeated_scalar(items: list[Any]) -> tuple[int, int] | None:
    seen: dict[Any, int] = {}
    repeated: tuple[int, int] | None = None
    for index, item in enumerate(items):
        mark = (isinstance(item, bool), item)
        if mark in seen:
            repeated = seen[mark], index
        seen[mark] = index
    return repeated


def _last_repeated(items: list[Any], kinds: list[str]) -> tuple[int, int] | None:
    seen: dict[Any, int] = {}
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        if not any(is_type(item, kind) for kind in kinds):
            continue
        mark = (isinstance(item, bool), item)
        if mark in seen:
            return seen[mark], index
        seen[mark] = index
    return None


def _unevaluated_items(compiler: Compiler, schema: Schema) -> Check:
    inner = schema["unevaluatedItems"]
    one = compiler.part(inner)
    seen = evaluated_items(compiler, schema)

    def check(value: Any) -> Errors:
        start = seen(value)
        if inner is False:
            message = f"must NOT have more than {start} items"
            return [Violation(keyword="unevaluatedItems", message=message)] if start < len(value) else []
        return [error.within(index) for index in range(start, len(value)) for error in one(value[index])]

    return check


def _required(compiler: Compiler, schema: Schema) -> Check:
    names = _shown(compiler, schema)

    def check(value: Any) -> Errors:
        missing = [name for name in names if name not in value]
        return [
            Violation(keyword="required", message=f"must have required property '{name}'", params={"missing": name})
            for name in (missing if compiler.every else missing[:1])
        ]

    return check


def _shown(compiler: Compiler, schema: Schema) -> list[str]:
    """The required properties without those that this direction hides."""
    properties = schema.get("properties")
    if not compiler.hidden or not isinstance(properties, dict):
        return list(schema["required"])
    hidden = {
        name
        for name, inner in properties.items()
        if isinstance(inner, dict) and any(inner.get(mark) is True for mark in compiler.hidden)
    }
    return [name for name in schema["required"] if name not in hidden]


def _property_names(compiler: Compiler, schema: Schema) -> Check:
    inner = compiler.part(schema["propertyNames"])

    def check(value: Any) -> Errors:
        errors: Errors = []
        for name in value:
            if found := inner(name):
                errors += [*found, Violation(keyword="propertyNames", message="property name must be valid")]
                if not compiler.every:
                    break
        return errors

    return check


def _patterns(schema: Schema) -> list[tuple[str, Pattern]]:
    return [(source, compiled_pattern(source)) for source in schema.get("patternProperties") or {}]


def _additional(compiler: Compiler, schema: Schema) -> Check:
    inner = schema["additionalProperties"]
    if inner is True or inner == {}:
        return _accept
    known = frozenset(schema.get("properties") or ())
    patterns = _patterns(schema)
    one = compiler.part(inner)

    def check(value: Any) -> Errors:
        errors: Errors = []
        for name, item in value.items():
            if name in known or any(compiled.search(name) for _, compiled in patterns):
                continue
            if inner is False:
                message = "must NOT have additional properties"
                errors.append(Violation(keyword="additionalProperties", message=message, params={"property": name}))
            else:
                errors.extend(error.within(name) for error in one(item))
            if errors and not compiler.every:
                break
        return errors

    return check


def _properties(compiler: Compiler, schema: Schema) -> Check:
    checks = [(name, compiler.part(inner)) for name, inner in schema["properties"].items()]

    def check(value: Any) -> Errors:
        errors: Errors = []
        for name, one in checks:
            if name in value and (found := one(value[name])):
                for error in found:
                    if error.rule is not None:
                        error.rule = f"/{name}{error.rule}"
                errors.extend(error.within(name) for error in found)
                if not compiler.every:
                    break
        return errors

    return check


def _pattern_properties(compiler: Compiler, schema: Schema) -> Check:
    checks = [(compiled, compiler.part(schema["patternProperties"][source])) for source, compiled in _patterns(schema)]

    def check(value: Any) -> Errors:
        errors: Errors = []
        for compiled, one in checks:
            for name, item in value.items():
                if compiled.search(name) and (found := one(item)):
                    errors.extend(error.within(name) for error in found)
                    if not compiler.every:
                        return errors
        return errors

    return check


def _dependencies(keyword: str) -> Keyword:
    def compile_dependencies(compiler: Compiler, schema: Schema) -> Check:
        given = schema[keyword]
        names = {name: inner for name, inner in given.items() if isinstance(inner, list)}
        schemas = {name: compiler.part(inner) for name, inner in given.items() if not isinstance(inner, list)}

        def check(value: Any) -> Errors:
            errors: Errors = []
            for name, wanted in names.items():
                missing = [other for other in wanted if name in value and other not in value]
                word = "property" if len(wanted) == 1 else "properties"
                message = f"must have {word} {', '.join(wanted)} when property {name} is present"
                errors += [Violation(keyword=keyword, message=message) for _ in missing]
            for name, one in schemas.items():
                if name in value:
                    errors += one(value)
            return errors if compiler.every else errors[:1]

        return check

    return compile_dependencies


def _unevaluated_properties(compiler: Compiler, schema: Schema) -> Check:
    inner = schema["unevaluatedProperties"]
    if inner is True or inner == {}:
        return _accept
    one = compiler.part(inner)
    seen = evaluated_names(compiler, schema, own=True)

    def check(value: Any) -> Errors:
        known = seen(value)
        errors: Errors = []
        for name, item in value.items():
            if known is None or name in known:
                continue
            if inner is False:
                message = "must NOT have unevaluated properties"
                errors.append(Violation(keyword="unevaluatedProperties", message=message, params={"property": name}))
            else:
                errors.extend(error.within(name) for error in one(item))
            if errors and not compiler.every:
                break
        return errors

    return check


KEYWORDS: Final[Mapping[str, Keyword]] = {
    "$ref": _reference,
    "$dynamicRef": _dynamic,
    "$recursiveRef": _dynamic,
    "const": _const,
    "enum": _enum,
    "not": _not,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "if": _if,
    "maximum": _limit("maximum", "<=", "<", lambda value, bound: value > bound),
    "minimum": _limit("minimum", ">=", ">", lambda value, bound: value < bound),
    "exclusiveMaximum": _limit("exclusiveMaximum", "<", "<", lambda value, bound: value >= bound),
    "exclusiveMinimum": _limit("exclusiveMinimum", ">", ">", lambda value, bound: value <= bound),
    "multipleOf": _multiple,
    "maxLength": _size("maxLength", "characters", most=True),
    "minLength": _size("minLength", "characters", most=False),
    "maxItems": _size("maxItems", "items", most=True),
    "minItems": _size("minItems", "items", most=False),
    "maxProperties": _size("maxProperties", "properties", most=True),
    "minProperties": _size("minProperties", "properties", most=False),
    "pattern": _pattern,
    "format": _format,
    "prefixItems": lambda compiler, schema: _tuple(compiler, schema["prefixItems"]),
    "items": _items,
    "additionalItems": _additional_items,
    "contains": _contains,
    "uniqueItems": _unique,
    "unevaluatedItems": _unevaluated_items,
    "required": _required,
    "propertyNames": _property_names,
    "additionalProperties": _additional,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "dependencies": _dependencies("dependencies"),
    "dependentRequired": _dependencies("dependentRequired"),
    "dependentSchemas": _dependencies("dependentSchemas"),
    "unevaluatedProperties": _unevaluated_properties,
}
