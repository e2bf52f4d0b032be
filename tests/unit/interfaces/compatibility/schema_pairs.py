"""Pairs of JSON Schemas and what a change from the first to the second does to who writes and who reads.

``B`` breaking, ``R`` risky, ``S`` safe, ``D`` documentation, ``-`` no difference; under the policy ``strict``.
"""

# ruff: noqa: E501 - one pair, one line

from __future__ import annotations

from typing import Any, NamedTuple

STR: Any = {"type": "string"}
INT: Any = {"type": "integer"}
NUM: Any = {"type": "number"}
BOOL: Any = {"type": "boolean"}
NULL: Any = {"type": "null"}
ARR: Any = {"type": "array"}


class Pair(NamedTuple):
    name: str
    old: Any
    new: Any
    writes: str
    reads: str
    dialect: str = "2020-12"


def obj(*required: str, closed: bool = False, **properties: Any) -> Any:
    said: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        said["required"] = list(required)
    if closed:
        said["additionalProperties"] = False
    return said


def s(**keywords: Any) -> Any:
    return {"type": "string", **keywords}


def n(**keywords: Any) -> Any:
    return {"type": "number", **keywords}


def i(**keywords: Any) -> Any:
    return {"type": "integer", **keywords}


def a(**keywords: Any) -> Any:
    return {"type": "array", **keywords}


def o(**keywords: Any) -> Any:
    return {"type": "object", **keywords}


P = Pair
TYPES = [
    P("the same type", STR, dict(STR), "-", "-"),
    P("anything against true", {}, True, "-", "-"),
    P("true became a string", True, STR, "B", "S"),
    P("a string became anything", STR, {}, "S", "B"),
    P("false became true", False, True, "S", "B"),
    P("true became false", True, False, "B", "S"),
    P("false became a string", False, STR, "S", "B"),
    P("not true means false", {"not": True}, False, "-", "-"),
    P("not of the empty schema means false", {"not": {}}, False, "-", "-"),
    P("string became integer", STR, INT, "B", "B"),
    P("integer became number", INT, NUM, "S", "B"),
    P("number became integer", NUM, INT, "B", "S"),
    P("object became array", {"type": "object"}, ARR, "B", "B"),
    P("string became string or null", STR, {"type": ["string", "null"]}, "S", "B"),
    P("string or null became string", {"type": ["string", "null"]}, STR, "B", "S"),
    P("the order of types does not matter", {"type": ["string", "null"]}, {"type": ["null", "string"]}, "-", "-"),
    P("a list of one type is that type", {"type": ["string"]}, STR, "-", "-"),
    P("integer beside number adds nothing", {"type": ["integer", "number"]}, NUM, "-", "-"),
    P("all types are no restriction",
      {"type": ["null", "boolean", "object", "array", "number", "string"]}, {}, "-", "-"),
    P("one type more", {"type": ["object"]}, {"type": ["object", "array"]}, "S", "B"),
    P("one type swapped", {"type": ["string", "integer"]}, {"type": ["string", "boolean"]}, "B", "B"),
    P("boolean became its two values", BOOL, {"enum": [True, False]}, "-", "-"),
    P("null became the constant null", NULL, {"const": None}, "-", "-"),
    P("boolean became true only", BOOL, {"const": True}, "B", "S"),
    P("true only became boolean", {"const": True}, BOOL, "S", "B"),
    P("types that exclude each other are false", {"allOf": [STR, INT]}, False, "-", "-"),
]  # fmt: skip
VALUES = [
    P("a value added to an enumeration", {"enum": ["a", "b"]}, {"enum": ["a", "b", "c"]}, "S", "B"),
    P("a value removed from an enumeration", {"enum": ["a", "b"]}, {"enum": ["a"]}, "B", "S"),
    P("the order of an enumeration does not matter", {"enum": ["a", "b"]}, {"enum": ["b", "a"]}, "-", "-"),
    P("a repeated value adds nothing", {"enum": ["a", "a"]}, {"enum": ["a"]}, "-", "-"),
    P("a value replaced", {"enum": ["a", "b"]}, {"enum": ["a", "c"]}, "B", "B"),
    P("an enumeration of one is a constant", {"enum": ["a"]}, {"const": "a"}, "-", "-"),
    P("a constant changed", {"const": "a"}, {"const": "b"}, "B", "B"),
    P("a constant became an enumeration with it", {"const": "a"}, {"enum": ["a", "b"]}, "S", "B"),
    P("an enumeration became a constant of it", {"enum": ["a", "b"]}, {"const": "b"}, "B", "S"),
    P("a string became an enumeration", STR, s(enum=["a"]), "B", "S"),
    P("an enumeration became any string", s(enum=["a"]), STR, "S", "B"),
    P("a type beside an enumeration of that type", {"enum": ["a"]}, s(enum=["a"]), "-", "-"),
    P("a type strikes values of an enumeration", {"enum": ["a", 1]}, s(enum=["a", 1]), "B", "S"),
    P("values that the type strikes are not missed", s(enum=["a", 1]), s(enum=["a"]), "-", "-"),
    P("1 and true are two values", {"enum": [1]}, {"enum": [True]}, "B", "B"),
    P("0 and false are two values", {"const": 0}, {"const": False}, "B", "B"),
    P("1 and 1.0 are one value", {"const": 1}, {"const": 1.0}, "-", "-"),
    P("true inside a list is not 1", {"const": [1]}, {"const": [True]}, "B", "B"),
    P("objects as values", {"enum": [{"a": 1}]}, {"enum": [{"a": 1}, {"b": 2}]}, "S", "B"),
    P("the order of keys in a value does not matter", {"const": {"a": 1, "b": 2}}, {"const": {"b": 2, "a": 1}}, "-", "-"),
    P("an enumeration inside the new length", {"enum": ["a", "bb"]}, s(maxLength=2), "S", "B"),
    P("an enumeration beyond the new length", {"enum": ["a", "bbb"]}, s(maxLength=2), "B", "B"),
    P("an enumeration that fits the new pattern", {"enum": ["ab", "cd"]}, s(pattern="^[a-d]+$"), "S", "B"),
    P("whole numbers in a range, written out", i(minimum=1, maximum=3), {"enum": [1, 2, 3]}, "-", "-"),
    P("a range became some of its numbers", i(minimum=1, maximum=3), {"enum": [1, 2]}, "B", "S"),
    P("an enumeration emptied by allOf", {"allOf": [{"enum": ["a"]}, {"enum": ["b"]}]}, False, "-", "-"),
    P("enumerations joined by allOf", {"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, {"const": "b"}, "-", "-"),
    P("a value that oneOf excludes twice", {"oneOf": [{"const": 1}, {"const": 1}]}, False, "-", "-"),
]  # fmt: skip
NUMBERS = [
    P("maximum raised", n(maximum=10), n(maximum=11), "S", "B"),
    P("maximum lowered", n(maximum=10), n(maximum=9), "B", "S"),
    P("maximum removed", n(maximum=10), NUM, "S", "B"),
    P("maximum added", NUM, n(maximum=10), "B", "S"),
    P("minimum raised", n(minimum=10), n(minimum=11), "B", "S"),
    P("minimum lowered", n(minimum=10), n(minimum=9.5), "S", "B"),
    P("minimum removed", n(minimum=10), NUM, "S", "B"),
    P("minimum added", NUM, n(minimum=0), "B", "S"),
    P("limit became exclusive", n(maximum=10), n(exclusiveMaximum=10), "B", "S"),
    P("limit became inclusive", n(exclusiveMinimum=0), n(minimum=0), "S", "B"),
    P("for whole numbers above 0 is from 1", i(exclusiveMinimum=0), i(minimum=1), "-", "-"),
    P("for whole numbers below 10 is up to 9", i(exclusiveMaximum=10), i(maximum=9), "-", "-"),
    P("for numbers above 0 is not from 1", n(exclusiveMinimum=0), n(minimum=1), "B", "S"),
    P("half a step between whole numbers", i(minimum=0.5), i(minimum=1), "-", "-"),
    P("a weaker limit beside a stronger one", n(minimum=5, exclusiveMinimum=3), n(minimum=5), "-", "-"),
    P("limits crossed are false", n(minimum=5, maximum=4), False, "-", "-"),
    P("no whole number between", i(exclusiveMinimum=1, exclusiveMaximum=2), False, "-", "-"),
    P("limits say nothing about strings", s(minimum=5), STR, "-", "-"),
    P("limits without a type concern numbers", {"minimum": 5}, {}, "S", "B"),
    P("multipleOf a divisor", n(multipleOf=10), n(multipleOf=5), "S", "B"),
    P("multipleOf a multiple", n(multipleOf=5), n(multipleOf=10), "B", "S"),
    P("multipleOf another number", n(multipleOf=10), n(multipleOf=11), "B", "B"),
    P("multipleOf removed", n(multipleOf=10), NUM, "S", "B"),
    P("multipleOf added", NUM, n(multipleOf=10), "B", "S"),
    P("multiples of 1 are whole numbers", n(multipleOf=1), INT, "-", "-"),
    P("multiples of 2 are whole numbers", n(multipleOf=2), INT, "S", "B"),
    P("whole numbers are multiples of a half", INT, i(multipleOf=0.5), "-", "-"),
    P("a tenth is exact", n(multipleOf=0.1), n(multipleOf=0.01), "S", "B"),
    P("three tenths are not a multiple of two tenths", n(multipleOf=0.3), n(multipleOf=0.2), "B", "B"),
    P("very large limits", i(maximum=10**30), i(maximum=10**31), "S", "B"),
    P("the same limit with a point", n(maximum=10), n(maximum=10.0), "-", "-"),
    P("minimum of an older draft became exclusive", n(minimum=1), n(minimum=1, exclusiveMinimum=True), "B", "S", "draft-04"),
    P("exclusive false asks nothing more", n(minimum=1, exclusiveMinimum=False), n(minimum=1), "-", "-", "draft-04"),
    P("exclusive maximum of an older draft lifted", n(maximum=1, exclusiveMaximum=True), n(maximum=1), "S", "B", "draft-04"),
    P("exclusive without a limit asks nothing", n(exclusiveMinimum=True), NUM, "-", "-", "draft-04"),
]  # fmt: skip
STRINGS = [
    P("maxLength raised", s(maxLength=10), s(maxLength=12), "S", "B"),
    P("maxLength lowered", s(maxLength=12), s(maxLength=10), "B", "S"),
    P("maxLength added", STR, s(maxLength=10), "B", "S"),
    P("maxLength removed", s(maxLength=10), STR, "S", "B"),
    P("minLength raised", s(minLength=10), s(minLength=11), "B", "S"),
    P("minLength lowered", s(minLength=11), s(minLength=10), "S", "B"),
    P("minLength added", STR, s(minLength=1), "B", "S"),
    P("minLength removed", s(minLength=1), STR, "S", "B"),
    P("minLength 0 asks nothing", STR, s(minLength=0), "-", "-"),
    P("lengths crossed are false", s(minLength=3, maxLength=2), False, "-", "-"),
    P("the same pattern", s(pattern="^a"), s(pattern="^a"), "-", "-"),
    P("pattern removed", s(pattern="uuid"), STR, "S", "B"),
    P("pattern added", STR, s(pattern="uuid"), "B", "S"),
    P("pattern changed to another", s(pattern="date-time"), s(pattern="uuid"), "B", "B"),
    P("pattern changed to one that finds more", s(pattern="uuid"), s(pattern="u"), "S", "B"),
    P("pattern that every text fits", STR, s(pattern="a*"), "-", "-"),
    P("one or more became any number", s(pattern="^a+$"), s(pattern="^a*$"), "S", "B"),
    P("any number became one or more", s(pattern="^a*$"), s(pattern="^a+$"), "B", "S"),
    P("alternatives of letters are a class", s(pattern="^(a|b|c)$"), s(pattern="^[a-c]$"), "-", "-"),
    P("a counted repetition inside an open one", s(pattern="^[a-z]{2,4}$"), s(pattern="^[a-z]+$"), "S", "B"),
    P("digits written in two ways", s(pattern="^\\d{3}$"), s(pattern="^[0-9]{3}$"), "-", "-"),
    P("word characters hold digits", s(pattern="^\\d+$"), s(pattern="^\\w+$"), "S", "B"),
    P("anchors removed", s(pattern="^abc$"), s(pattern="abc"), "S", "B"),
    P("anchors added", s(pattern="abc"), s(pattern="^abc$"), "B", "S"),
    P("a dot is no line end", s(pattern="^.*$"), s(pattern="^[^\\n\\r\\u2028\\u2029]*$"), "-", "-"),
    P("an optional part", s(pattern="^v\\d+$"), s(pattern="^v\\d+(\\.\\d+)?$"), "S", "B"),
    P("a pattern gives the length", s(pattern="^[A-Z]{3}$"), s(maxLength=3, minLength=3), "S", "B"),
    P("a pattern longer than the new length", s(pattern="^[A-Z]{3}$"), s(maxLength=2), "B", "B"),
    P("two patterns that exclude each other are false", {"allOf": [s(pattern="^a$"), s(pattern="^b$")]}, False, "-", "-"),
    P("a pattern narrowed by a length", s(pattern="^a*$", maxLength=2), s(pattern="^(|a|aa)$"), "-", "-"),
    P("looking around cannot be shown", s(pattern="^(?=a)a$"), s(pattern="^a$"), "B", "B"),
    P("looking around, unchanged, with a wider length", s(pattern="^(?=a)", maxLength=2), s(pattern="^(?=a)", maxLength=3), "S", "B"),
    P("pattern without a type concerns strings", {"pattern": "^a"}, {}, "S", "B"),
    P("pattern says nothing about numbers", n(pattern="^a"), NUM, "-", "-"),
    P("format added", STR, s(format="email"), "B", "S"),
    P("format removed", s(format="email"), STR, "S", "B"),
    P("format changed", s(format="date"), s(format="date-time"), "B", "B"),
    P("format widened to one that holds it", s(format="email"), s(format="idn-email"), "S", "B"),
    P("32 bits became 64", i(format="int32"), i(format="int64"), "S", "B"),
    P("64 bits became 32", i(format="int64"), i(format="int32"), "B", "S"),
    P("a format of texts says nothing about numbers", n(format="email"), NUM, "-", "-"),
]  # fmt: skip
OBJECTS = [
    P("an optional property added to an open object", obj(a=STR), obj(a=STR, b=INT), "B", "S"),
    P("an optional property removed from an open object", obj(a=STR, b=INT), obj(a=STR), "R", "B"),
    P("an optional property added to a closed object", obj(closed=True, a=STR), obj(closed=True, a=STR, b=INT), "S", "B"),
    P("an optional property removed from a closed object", obj(closed=True, a=STR, b=INT), obj(closed=True, a=STR), "B", "B"),
    P("a required property added to an open object", obj(a=STR), obj("b", a=STR, b=INT), "B", "S"),
    P("a required property added to a closed object", obj(closed=True, a=STR), obj("b", closed=True, a=STR, b=INT), "B", "B"),
    P("a required property removed from an open object", obj("b", a=STR, b=INT), obj(a=STR), "R", "B"),
    P("a property without a schema added", obj(a=STR), obj(a=STR, b={}), "-", "-"),
    P("a property became required", obj(a=STR), obj("a", a=STR), "B", "S"),
    P("a property became optional", obj("a", a=STR), obj(a=STR), "S", "B"),
    P("the order of required does not matter", obj("a", "b", a=STR, b=STR), obj("b", "a", a=STR, b=STR), "-", "-"),
    P("the order of properties does not matter", obj(a=STR, b=INT), obj(b=INT, a=STR), "-", "-"),
    P("a property renamed", obj(a=STR), obj(b=STR), "B", "B"),
    P("a required property renamed", obj("a", a=STR), obj("b", b=STR), "B", "B"),
    P("the type of a property changed", obj(a=STR), obj(a=INT), "B", "B"),
    P("the type of a property widened", obj(a=INT), obj(a=NUM), "S", "B"),
    P("a property deep inside narrowed", obj(a=obj(b=obj(c=s(maxLength=9)))), obj(a=obj(b=obj(c=s(maxLength=8)))), "B", "S"),
    P("an open object became closed", obj(a=STR), obj(closed=True, a=STR), "B", "S"),
    P("a closed object became open", obj(closed=True, a=STR), obj(a=STR), "S", "B"),
    P("additionalProperties true says nothing", obj(a=STR), {**obj(a=STR), "additionalProperties": True}, "-", "-"),
    P("a property removed where additionalProperties is true", {**obj(a=STR, b=INT), "additionalProperties": True}, {**obj(a=STR), "additionalProperties": True}, "R", "B"),
    P("a property removed where other names have a pattern", {**obj(a=STR, b=INT), "patternProperties": {"^x": STR}}, {**obj(a=STR), "patternProperties": {"^x": STR}}, "R", "B"),
    P("a property removed that a pattern describes as well", {**obj(a=STR), "patternProperties": {"^a": STR}}, o(patternProperties={"^a": STR}), "-", "-"),
    P("a property removed that the values of the map describe", {**obj(a=STR), "additionalProperties": STR}, o(additionalProperties=STR), "-", "-"),
    P("a map became typed", o(), o(additionalProperties=STR), "B", "S"),
    P("the values of a map widened", o(additionalProperties=INT), o(additionalProperties=NUM), "S", "B"),
    P("the values of a map changed", o(additionalProperties=INT), o(additionalProperties=STR), "B", "B"),
    P("a typed map became closed", o(additionalProperties=INT), o(additionalProperties=False), "B", "S"),
    P("a name of a map described as it was", o(additionalProperties=INT), {**obj(a=INT), "additionalProperties": INT}, "-", "-"),
    P("a name of a map described more widely", o(additionalProperties=INT), {**obj(a=NUM), "additionalProperties": INT}, "S", "B"),
    P("a name of a map described more narrowly", o(additionalProperties=NUM), {**obj(a=INT), "additionalProperties": NUM}, "B", "S"),
    P("a forbidden property", obj(a=STR), obj(a=False), "B", "B"),
    P("a forbidden property is one that a closed object lacks", {**obj(closed=True), "properties": {"a": False}}, o(additionalProperties=False), "-", "-"),
    P("a required property that is forbidden is false", obj("a", a=False), False, "-", "-"),
    P("required without a description", o(required=["a"]), o(), "S", "B"),
    P("properties without a type concern objects", {"properties": {"a": STR}}, {}, "S", "B"),
    P("required says nothing about strings", s(required=["a"]), STR, "-", "-"),
    P("minProperties raised", o(minProperties=1), o(minProperties=2), "B", "S"),
    P("minProperties lowered", o(minProperties=2), o(minProperties=1), "S", "B"),
    P("maxProperties raised", o(maxProperties=1), o(maxProperties=2), "S", "B"),
    P("maxProperties lowered", o(maxProperties=2), o(maxProperties=1), "B", "S"),
    P("maxProperties removed", o(maxProperties=2), o(), "S", "B"),
    P("two required properties are at least two", obj("a", "b", a=STR, b=STR), {**obj("a", "b", a=STR, b=STR), "minProperties": 2}, "-", "-"),
    P("a closed object has at most its properties", obj(closed=True, a=STR), {**obj(closed=True, a=STR), "maxProperties": 1}, "-", "-"),
    P("counts crossed are false", o(minProperties=2, maxProperties=1), False, "-", "-"),
    P("a pattern of names added", o(), o(patternProperties={"^x": STR}), "B", "S"),
    P("a pattern of names removed", o(patternProperties={"^x": STR}), o(), "S", "B"),
    P("values under a pattern widened", o(patternProperties={"^x": INT}), o(patternProperties={"^x": NUM}), "S", "B"),
    P("values under a pattern narrowed", o(patternProperties={"^x": NUM}), o(patternProperties={"^x": INT}), "B", "S"),
    P("a pattern of names that finds fewer", o(patternProperties={"^x": STR}), o(patternProperties={"^xy": STR}), "S", "B"),
    P("a pattern of names that finds more", o(patternProperties={"^xy": STR}), o(patternProperties={"^x": STR}), "B", "S"),
    P("a property that a pattern covers", o(patternProperties={"^I_": INT}, additionalProperties=False),
      {**obj(I_1=INT), "patternProperties": {"^I_": INT}, "additionalProperties": False}, "-", "-"),
    P("a property that a pattern covers otherwise", o(patternProperties={"^I_": INT}), {**obj(I_1=STR), "patternProperties": {"^I_": INT}}, "B", "S"),
    P("a pattern of names for all is a map", o(additionalProperties=INT), o(patternProperties={"": INT}), "-", "-"),
    P("only names of a pattern", o(patternProperties={"^x": STR}), o(patternProperties={"^x": STR}, additionalProperties=False), "B", "S"),
    P("two patterns became one over both", o(patternProperties={"^a": INT, "^b": INT}, additionalProperties=False),
      o(patternProperties={"^[ab]": INT}, additionalProperties=False), "-", "-"),
    P("propertyNames added", o(), o(propertyNames={"maxLength": 5}), "B", "S"),
    P("propertyNames removed", o(propertyNames={"maxLength": 5}), o(), "S", "B"),
    P("propertyNames widened", o(propertyNames={"maxLength": 5}), o(propertyNames={"maxLength": 6}), "S", "B"),
    P("propertyNames narrowed", o(propertyNames={"pattern": "^[a-z]+$"}), o(propertyNames={"pattern": "^[a-c]+$"}), "B", "S"),
    P("propertyNames that every property fits", obj(closed=True, ab=STR), {**obj(closed=True, ab=STR), "propertyNames": {"maxLength": 2}}, "-", "-"),
    P("listed names are a closed object", o(propertyNames={"enum": ["a"]}), {"type": "object", "properties": {"a": {}}, "additionalProperties": False}, "-", "-"),
    P("propertyNames false allows only the empty object", o(propertyNames=False), o(maxProperties=0), "-", "-"),
    P("a property needs another now", obj(a=STR, b=STR), {**obj(a=STR, b=STR), "dependentRequired": {"a": ["b"]}}, "B", "S"),
    P("a property needs another no longer", {**obj(a=STR, b=STR), "dependentRequired": {"a": ["b"]}}, obj(a=STR, b=STR), "S", "B"),
    P("a needed property is there anyhow", obj("b", a=STR, b=STR), {**obj("b", a=STR, b=STR), "dependentRequired": {"a": ["b"]}}, "-", "-"),
    P("needs follow each other", o(dependentRequired={"a": ["b"], "b": ["c"]}), o(dependentRequired={"a": ["c"]}), "S", "B"),
    P("a property asks for a schema now", o(), o(dependentSchemas={"a": {"required": ["b"]}}), "B", "S"),
    P("a dependent schema that asks for a name", o(dependentRequired={"a": ["b"]}), o(dependentSchemas={"a": {"required": ["b"]}}), "-", "-"),
    P("dependencies of an older draft", o(), o(dependencies={"a": ["b"]}), "B", "S", "draft-07"),
    P("dependencies with a schema", o(dependencies={"a": {"required": ["b"]}}), o(dependencies={"a": ["b"]}), "-", "-", "draft-07"),
    P("unevaluatedProperties closes", obj(a=STR), {**obj(a=STR), "unevaluatedProperties": False}, "B", "S"),
    P("unevaluatedProperties alone is additionalProperties", {**obj(a=STR), "unevaluatedProperties": False}, obj(closed=True, a=STR), "-", "-"),
    P("unevaluatedProperties sees through allOf", {"allOf": [obj(a=STR)], "unevaluatedProperties": False}, obj(closed=True, a=STR), "-", "-"),
    P("additionalProperties does not see through allOf", {"allOf": [obj(a=STR)], "unevaluatedProperties": False},
      {"allOf": [obj(a=STR)], "additionalProperties": False}, "B", "S"),
    P("unevaluatedProperties asks nothing in an older draft", obj(a=STR), {**obj(a=STR), "unevaluatedProperties": False}, "R", "R", "draft-07"),
]  # fmt: skip
ARRAYS = [
    P("minItems raised", a(minItems=1), a(minItems=2), "B", "S"),
    P("minItems lowered", a(minItems=2), a(minItems=1), "S", "B"),
    P("maxItems raised", a(maxItems=1), a(maxItems=2), "S", "B"),
    P("maxItems lowered", a(maxItems=2), a(maxItems=1), "B", "S"),
    P("maxItems removed", a(maxItems=2), ARR, "S", "B"),
    P("minItems added", ARR, a(minItems=1), "B", "S"),
    P("items became typed", ARR, a(items=STR), "B", "S"),
    P("items became anything", a(items=STR), ARR, "S", "B"),
    P("items widened", a(items=INT), a(items=NUM), "S", "B"),
    P("items narrowed", a(items=NUM), a(items=INT), "B", "S"),
    P("items changed", a(items=STR), a(items=INT), "B", "B"),
    P("items false is the empty array", a(items=False), a(maxItems=0), "-", "-"),
    P("uniqueItems added", ARR, a(uniqueItems=True), "B", "S"),
    P("uniqueItems removed", a(uniqueItems=True), ARR, "S", "B"),
    P("uniqueItems false asks nothing", ARR, a(uniqueItems=False), "-", "-"),
    P("one item is unique", a(maxItems=1), a(maxItems=1, uniqueItems=True), "-", "-"),
    P("counts of items crossed are false", a(minItems=2, maxItems=1), False, "-", "-"),
    P("an impossible item that must be there is false", a(minItems=1, items=False), False, "-", "-"),
    P("a tuple became longer and stays closed", a(prefixItems=[INT], items=False), a(prefixItems=[INT, INT], items=False), "S", "B"),
    P("a tuple became shorter and stays closed", a(prefixItems=[INT, INT], items=False), a(prefixItems=[INT], items=False), "B", "S"),
    P("a place added to an open tuple", a(prefixItems=[INT]), a(prefixItems=[INT, INT]), "B", "S"),
    P("a place added as the rest was", a(prefixItems=[INT], items=INT), a(prefixItems=[INT, INT], items=INT), "-", "-"),
    P("an array of one kind as a tuple", a(items=INT), a(prefixItems=[INT, INT], items=INT), "-", "-"),
    P("a tuple became an array of its kind", a(prefixItems=[INT, INT], items=False), a(items=INT), "S", "B"),
    P("a place of a tuple widened", a(prefixItems=[INT, STR]), a(prefixItems=[NUM, STR]), "S", "B"),
    P("a place of a tuple changed", a(prefixItems=[INT, STR]), a(prefixItems=[INT, BOOL]), "B", "B"),
    P("a closed tuple has at most its places", a(prefixItems=[INT], items=False), a(prefixItems=[INT], maxItems=1), "-", "-"),
    P("a place that the length never reaches", a(prefixItems=[INT, STR], maxItems=1), a(prefixItems=[INT, BOOL], maxItems=1), "-", "-"),
    P("a tuple of an older draft", a(items=[INT, INT], additionalItems=False), a(items=[INT], additionalItems=False), "B", "S", "draft-07"),
    P("the rest of an older tuple", a(items=[INT], additionalItems=INT), a(items=[INT]), "S", "B", "draft-07"),
    P("additionalItems without a tuple asks nothing", a(items=INT, additionalItems=STR), a(items=INT), "-", "-", "draft-07"),
    P("contains added", ARR, a(contains=STR), "B", "S"),
    P("contains removed", a(contains=STR), ARR, "S", "B"),
    P("contains widened", a(contains=INT), a(contains=NUM), "S", "B"),
    P("contains narrowed", a(contains=NUM), a(contains=INT), "B", "S"),
    P("contains of anything is at least one item", a(contains=True), a(minItems=1), "-", "-"),
    P("items that all are what must be contained", a(items=INT, minItems=1), a(items=INT, contains=NUM), "-", "-"),
    P("minContains raised", a(contains=STR, minContains=1), a(contains=STR, minContains=2), "B", "S"),
    P("minContains 0 asks nothing", a(contains=STR, minContains=0), ARR, "-", "-"),
    P("maxContains added", a(contains=STR), a(contains=STR, maxContains=2), "B", "S"),
    P("maxContains raised", a(contains=STR, maxContains=2), a(contains=STR, maxContains=3), "S", "B"),
    P("minContains asks nothing before 2019-09", a(contains=STR), a(contains=STR, minContains=2), "-", "-", "draft-07"),
    P("unevaluatedItems closes", a(prefixItems=[INT]), a(prefixItems=[INT], unevaluatedItems=False), "B", "S"),
    P("unevaluatedItems alone is items", a(prefixItems=[INT], unevaluatedItems=False), a(prefixItems=[INT], items=False), "-", "-"),
    P("objects inside an array", a(items=obj(a=STR)), a(items=obj(a=INT)), "B", "B"),
    P("arrays inside arrays", a(items=a(items=INT)), a(items=a(items=NUM)), "S", "B"),
]  # fmt: skip
DOG = obj("kind", kind={"const": "dog"}, barks=BOOL)
CAT = obj("kind", kind={"const": "cat"}, lives=INT)
FISH = obj("kind", kind={"const": "fish"})
COMBINED = [
    P("allOf of one is itself", STR, {"allOf": [STR]}, "-", "-"),
    P("the order of allOf does not matter", {"allOf": [s(maxLength=5), {"enum": ["a"]}]}, {"allOf": [{"enum": ["a"]}, s(maxLength=5)]}, "-", "-"),
    P("a repeated member of allOf adds nothing", {"allOf": [STR]}, {"allOf": [STR, STR]}, "-", "-"),
    P("allOf merged into one", {"allOf": [obj(a=STR), obj("b", b=INT)]}, obj("b", a=STR, b=INT), "-", "-"),
    P("a member of allOf removed", {"allOf": [STR, {"maxLength": 5}]}, {"allOf": [STR]}, "S", "B"),
    P("a member of allOf added", {"allOf": [STR]}, {"allOf": [STR, {"maxLength": 5}]}, "B", "S"),
    P("a weaker limit in allOf is hidden", {"allOf": [s(maxLength=5), {"maxLength": 9}]}, {"allOf": [s(maxLength=5), {"maxLength": 8}]}, "-", "-"),
    P("limits from all of allOf", {"allOf": [{"minimum": 1}, {"maximum": 5}, INT]}, i(minimum=1, maximum=5), "-", "-"),
    P("two members of allOf describe one property, one of them more widely now", {"allOf": [obj(p=obj(x=INT)), obj(p=obj(y=STR))]}, {"allOf": [obj(p=obj(x=NUM)), obj(p=obj(y=STR))]}, "S", "B"),
    P("two members of allOf describe one property, one of them with a name less", {"allOf": [obj(p=obj(x=INT)), obj(p=obj(y=STR))]}, {"allOf": [obj(p=obj()), obj(p=obj(y=STR))]}, "R", "B"),
    P("a name of a property moved to the other member of allOf", {"allOf": [obj(p=obj(x=INT)), obj(p=obj(y=STR))]}, {"allOf": [obj(p=obj()), obj(p=obj(x=INT, y=STR))]}, "-", "-"),
    P("items that two members of allOf describe", {"allOf": [a(items=obj(x=INT)), a(items=obj(y=STR))]}, {"allOf": [a(items=obj(x=NUM)), a(items=obj(y=STR))]}, "S", "B"),
    P("allOf that nothing fits", STR, {"allOf": [STR, NUM]}, "B", "S"),
    P("anyOf of types is a list of types", {"anyOf": [STR, INT]}, {"type": ["string", "integer"]}, "-", "-"),
    P("oneOf of separate types is a list of types", {"oneOf": [STR, INT]}, {"type": ["string", "integer"]}, "-", "-"),
    P("a list of types as anyOf", {"type": ["string", "null"]}, {"anyOf": [STR, NULL]}, "-", "-"),
    P("the order of anyOf does not matter", {"anyOf": [STR, INT]}, {"anyOf": [INT, STR]}, "-", "-"),
    P("a branch added to anyOf", {"anyOf": [STR]}, {"anyOf": [STR, INT]}, "S", "B"),
    P("a branch removed from anyOf", {"anyOf": [STR, INT]}, {"anyOf": [STR]}, "B", "S"),
    P("a branch of anyOf widened", {"anyOf": [s(maxLength=3), INT]}, {"anyOf": [s(maxLength=4), INT]}, "S", "B"),
    P("a branch of anyOf narrowed", {"anyOf": [s(maxLength=4), INT]}, {"anyOf": [s(maxLength=3), INT]}, "B", "S"),
    P("a branch of anyOf inside another", {"anyOf": [NUM, INT]}, NUM, "-", "-"),
    P("a branch of anyOf that takes all", {"anyOf": [STR, {}]}, {}, "-", "-"),
    P("an impossible branch adds nothing", {"anyOf": [STR, False]}, STR, "-", "-"),
    P("anyOf with nothing possible", {"anyOf": [False, False]}, False, "-", "-"),
    P("one schema became one of several", STR, {"oneOf": [NUM, STR]}, "S", "B"),
    P("one of several became one", {"oneOf": [NUM, STR]}, STR, "B", "S"),
    P("oneOf became anyOf", {"oneOf": [STR]}, {"anyOf": [NUM, STR]}, "S", "B"),
    P("oneOf that overlaps against anyOf", {"anyOf": [INT, NUM]}, {"oneOf": [INT, NUM]}, "B", "S"),
    P("oneOf of integer and number leaves fractions", {"oneOf": [INT, NUM]}, NUM, "S", "B"),
    P("a branch added to oneOf, separate by type", {"oneOf": [STR]}, {"oneOf": [STR, INT]}, "S", "B"),
    P("a branch added to oneOf that overlaps", {"oneOf": [s(maxLength=5)]}, {"oneOf": [s(maxLength=5), s(minLength=3)]}, "B", "B"),
    P("a branch of oneOf removed", {"oneOf": [STR, INT]}, {"oneOf": [STR]}, "B", "S"),
    P("a branch of oneOf changed", {"oneOf": [STR]}, {"oneOf": [NUM]}, "B", "B"),
    P("a kind added, told apart by a constant", {"oneOf": [DOG, CAT]}, {"oneOf": [DOG, CAT, FISH]}, "S", "B"),
    P("a kind removed, told apart by a constant", {"oneOf": [DOG, CAT, FISH]}, {"oneOf": [DOG, CAT]}, "B", "S"),
    P("a property of a kind changed", {"oneOf": [DOG, CAT]}, {"oneOf": [DOG, obj("kind", kind={"const": "cat"}, lives=STR)]}, "B", "B"),
    P("a property of a kind widened", {"oneOf": [DOG, CAT]}, {"oneOf": [DOG, obj("kind", kind={"const": "cat"}, lives=NUM)]}, "S", "B"),
    P("a kind widened beside properties of all kinds", {"allOf": [obj(a=STR, b=INT), {"oneOf": [DOG, CAT]}]}, {"allOf": [obj(a=STR, b=INT), {"oneOf": [DOG, obj("kind", kind={"const": "cat"}, lives=NUM)]}]}, "S", "B"),
    P("a kind loses a property that another kind has", {"oneOf": [CAT, obj("kind", kind={"const": "fish"}, lives=INT)]}, {"oneOf": [CAT, FISH]}, "R", "B"),
    P("kinds in another order", {"oneOf": [DOG, CAT]}, {"oneOf": [CAT, DOG]}, "-", "-"),
    P("oneOf of kinds is anyOf of kinds", {"oneOf": [DOG, CAT]}, {"anyOf": [DOG, CAT]}, "-", "-"),
    P("an enumeration of kinds told apart", obj("kind", closed=True, kind={"enum": ["x", "y"]}),
      {"anyOf": [obj("kind", closed=True, kind={"const": "x"}), obj("kind", closed=True, kind={"const": "y"})]}, "-", "-"),
    P("a range in two halves", i(minimum=0, maximum=9), {"anyOf": [i(minimum=0, maximum=4), i(minimum=5, maximum=9)]}, "-", "-"),
    P("not narrowed allows more", {"not": NUM}, {"not": INT}, "S", "B"),
    P("not widened allows less", {"not": INT}, {"not": NUM}, "B", "S"),
    P("not added", {}, {"not": STR}, "B", "S"),
    P("not removed", {"not": STR}, {}, "S", "B"),
    P("not of another type says nothing", STR, s(**{"not": INT}), "-", "-"),
    P("not not is itself", STR, {"not": {"not": STR}}, "-", "-"),
    P("not of a value outside the enumeration", {"enum": ["a", "b"]}, {"enum": ["a", "b"], "not": {"const": "c"}}, "-", "-"),
    P("not of a value of the enumeration", {"enum": ["a", "b"]}, {"enum": ["a", "b"], "not": {"const": "b"}}, "B", "S"),
    P("not strikes a value", {"enum": ["a", "b"], "not": {"const": "b"}}, {"const": "a"}, "-", "-"),
    P("not required forbids a property", o(**{"not": {"required": ["a"]}}), o(), "S", "B"),
    P("if and then added", o(), o(**{"if": {"required": ["a"]}, "then": {"required": ["b"]}}), "B", "S"),
    P("if and then removed", o(**{"if": {"required": ["a"]}, "then": {"required": ["b"]}}), o(), "S", "B"),
    P("then widened beside properties for all", obj(a=STR, b=INT) | {"if": {"required": ["a"]}, "then": {"properties": {"c": INT}}}, obj(a=STR, b=INT) | {"if": {"required": ["a"]}, "then": {"properties": {"c": NUM}}}, "S", "B"),
    P("if without then and else asks nothing", STR, {"if": {"maxLength": 3}, "type": "string"}, "-", "-"),
    P("then without if asks nothing", STR, {"then": False, "type": "string"}, "-", "-"),
    P("if and then that name what is needed", o(**{"if": {"required": ["a"]}, "then": {"required": ["b"]}}), o(dependentRequired={"a": ["b"]}), "-", "-"),
    P("then widened", {"if": STR, "then": {"maxLength": 3}}, {"if": STR, "then": {"maxLength": 4}}, "S", "B"),
    P("else narrowed", {"if": STR, "else": INT}, {"if": STR, "else": i(minimum=0)}, "B", "S"),
    P("if of a type is a case of anyOf", {"if": STR, "then": {"maxLength": 3}, "else": INT}, {"anyOf": [s(maxLength=3), INT]}, "-", "-"),
    P("if and then ask nothing in an older draft", STR, s(**{"if": {}, "then": False}), "R", "R", "draft-06"),
]  # fmt: skip


def _defs(schema: Any, **named: Any) -> Any:
    return {"$defs": named, **schema}


def ref(name: str) -> Any:
    return {"$ref": f"#/$defs/{name}"}


TREE = {"type": "object", "properties": {"value": INT, "children": {"type": "array", "items": {"$ref": "#"}}}}
WIDER_TREE = {"type": "object", "properties": {"value": NUM, "children": {"type": "array", "items": {"$ref": "#"}}}}
LIST = _defs(ref("cell"), cell=obj(value=INT, rest=ref("cell")))
REFERENCES = [
    P("a definition instead of the schema itself", obj(a=STR), _defs(obj(a=ref("text")), text=STR), "-", "-"),
    P("a definition renamed", _defs(obj(a=ref("x")), x=STR), _defs(obj(a=ref("y")), y=STR), "-", "-"),
    P("a definition moved from definitions to $defs", {"definitions": {"x": STR}, "$ref": "#/definitions/x"}, _defs(ref("x"), x=STR), "-", "-"),
    P("a definition narrowed", _defs(obj(a=ref("x")), x=s(maxLength=9)), _defs(obj(a=ref("x")), x=s(maxLength=8)), "B", "S"),
    P("a definition that nobody refers to", _defs(obj(a=STR), x=STR), _defs(obj(a=STR), x=INT), "-", "-"),
    P("a reference through a reference", _defs(ref("x"), x=ref("y"), y=STR), STR, "-", "-"),
    P("keywords beside $ref count", _defs({**ref("x"), "maxLength": 3}, x=STR), s(maxLength=3), "-", "-"),
    P("keywords beside $ref do not count in draft 7", {"definitions": {"x": STR}, "$ref": "#/definitions/x", "maxLength": 3}, STR, "-", "-", "draft-07"),
    P("a name with signs to escape", _defs({"$ref": "#/$defs/a~1b"}, **{"a/b": STR}), STR, "-", "-"),
    P("a percent sign in a reference", _defs({"$ref": "#/$defs/a%20b"}, **{"a b": STR}), STR, "-", "-"),
    P("a reference to an anchor", {"$defs": {"x": {"$anchor": "here", "type": "string"}}, "$ref": "#here"}, STR, "-", "-"),
    P("a reference to an identifier", {"$id": "https://a.example/r", "$defs": {"x": {"$id": "x", "type": "string"}}, "$ref": "x"}, STR, "-", "-"),
    P("a reference to an identifier of draft 4", {"definitions": {"x": {"id": "#x", "type": "string"}}, "$ref": "#x"}, STR, "-", "-", "draft-04"),
    P("a dynamic reference without a choice", {"$defs": {"x": {"$dynamicAnchor": "n", "type": "string"}}, "$dynamicRef": "#n"}, STR, "-", "-"),
    P("a recursive reference without a choice", {"type": "object", "properties": {"a": {"$recursiveRef": "#"}}},
      {"type": "object", "properties": {"a": {"$ref": "#"}}}, "-", "-", "2019-09"),
    P("a reference that leads nowhere, unchanged", obj(a={"$ref": "#/$defs/none"}), obj(a={"$ref": "#/$defs/none"}), "-", "-"),
    P("a reference that leads nowhere, new", obj(a=STR), obj(a={"$ref": "#/$defs/none"}), "B", "B"),
    P("a reference outside, unchanged beside a widening", obj(a={"$ref": "https://x.example/y"}, b=INT), obj(a={"$ref": "https://x.example/y"}, b=NUM), "S", "B"),
    P("another reference outside", {"$ref": "https://x.example/y"}, {"$ref": "https://x.example/z"}, "B", "B"),
    P("a tree is a tree", TREE, {**TREE, "title": "Tree"}, "D", "D"),
    P("the value of a tree widened", TREE, WIDER_TREE, "S", "B"),
    P("the value of a tree narrowed", WIDER_TREE, TREE, "B", "S"),
    P("a tree unrolled once", TREE, {**TREE, "properties": {"value": INT, "children": {"type": "array", "items": TREE}}}, "-", "-"),
    P("a recursive list written at the root", LIST, {"type": "object", "properties": {"value": INT, "rest": {"$ref": "#"}}}, "-", "-"),
    P("two definitions that refer to each other", _defs(ref("a"), a=obj(b=ref("b")), b=obj(a=ref("a"), v=INT)),
      _defs(ref("a"), a=obj(b=ref("b")), b=obj(a=ref("a"), v=NUM)), "S", "B"),
    P("a reference to itself asks nothing that can be read", _defs(ref("x"), x=ref("x")), _defs(ref("y"), y=ref("y")), "-", "-"),
    P("a schema that is its own opposite, unchanged", {"not": {"$ref": "#"}}, {"not": {"$ref": "#"}}, "-", "-"),
    P("a schema that became its own opposite", {}, {"not": {"$ref": "#"}}, "B", "S"),
    P("a schema that was its own opposite", {"not": {"$ref": "#"}}, STR, "B", "B"),
]  # fmt: skip
NOTES = [
    P("a title added", STR, s(title="Name"), "D", "D"),
    P("a description changed", s(description="a"), s(description="b"), "D", "D"),
    P("a description deep inside", obj(a=obj(b=s(description="a"))), obj(a=obj(b=s(description="b"))), "D", "D"),
    P("an example added", STR, s(examples=["a"]), "D", "D"),
    P("a comment changed", s(**{"$comment": "a"}), s(**{"$comment": "b"}), "D", "D"),
    P("a default changed", i(default=1), i(default=2), "R", "R"),
    P("a default added", INT, i(default=1), "R", "R"),
    P("a default of 1 became true", {"default": 1}, {"default": True}, "R", "R"),
    P("a property became deprecated", obj(a=STR), obj(a=s(deprecated=True)), "S", "S"),
    P("a property became read-only", obj(a=STR), obj(a=s(readOnly=True)), "R", "R"),
    P("an extension added", STR, s(**{"x-order": 1}), "D", "D"),
    P("a classification changed", s(**{"x-easement": {"classification": "public"}}), s(**{"x-easement": {"classification": "internal"}}), "R", "R"),
    P("a keyword nobody knows added", STR, s(foo=1), "R", "R"),
    P("a keyword nobody knows, unchanged", s(foo=1), s(foo=1), "-", "-"),
    P("the encoding of a content changed", s(contentEncoding="base64"), s(contentEncoding="base32"), "R", "R"),
    P("an identifier changed", {"$id": "https://a.example/1"}, {"$id": "https://a.example/2"}, "-", "-"),
]  # fmt: skip
OPENAPI = [
    P("nullable added", s(), s(nullable=True), "S", "B", "openapi-3.0"),
    P("nullable removed", s(nullable=True), s(), "B", "S", "openapi-3.0"),
    P("nullable false says nothing", s(), s(nullable=False), "-", "-", "openapi-3.0"),
    P("nullable beside a list of values", s(enum=["a"]), s(enum=["a"], nullable=True), "S", "B", "openapi-3.0"),
    P("nullable beside allOf", {"allOf": [STR]}, {"allOf": [STR], "nullable": True}, "S", "B", "openapi-3.0"),
    P("nullable became a list of types", s(nullable=True), {"anyOf": [STR, {"enum": [None]}]}, "-", "-", "openapi-3.0"),
    P("a read-only property is not asked of who writes", obj(id=s(readOnly=True)), obj("id", id=s(readOnly=True)), "-", "S", "openapi-3.0"),
    P("a write-only property is not promised to who reads", obj("pin", pin=s(writeOnly=True)), obj(pin=s(writeOnly=True)), "S", "-", "openapi-3.0"),
    P("a discriminator changed", {"oneOf": [DOG], "discriminator": {"propertyName": "kind"}}, {"oneOf": [DOG], "discriminator": {"propertyName": "type"}}, "R", "R", "openapi-3.0"),
    P("exclusive limits as in draft 4", n(minimum=0), n(minimum=0, exclusiveMinimum=True), "B", "S", "openapi-3.0"),
    P("exclusive limits as in 2020-12", n(minimum=0), n(exclusiveMinimum=0), "B", "S", "openapi-3.1"),
    P("a file of OpenAPI 2", {"type": "file"}, {"type": "file"}, "-", "-", "openapi-2.0"),
    P("x-nullable of OpenAPI 2", STR, s(**{"x-nullable": True}), "S", "B", "openapi-2.0"),
    P("an example is documentation", STR, s(example="a"), "D", "D", "openapi-3.0"),
    P("a bad limit cannot be read", s(maxLength=3), s(maxLength="3"), "B", "B", "openapi-3.0"),
]  # fmt: skip
PAIRS = (*TYPES, *VALUES, *NUMBERS, *STRINGS, *OBJECTS, *ARRAYS, *COMBINED, *REFERENCES, *NOTES, *OPENAPI)
