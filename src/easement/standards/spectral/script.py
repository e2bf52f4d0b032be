r"""Filter expressions of JSON paths: a small, closed part of ECMAScript, compiled to Python functions.

There is no ``eval``: an expression can read the node that it filters and call a fixed list of functions, nothing else.

    @.type === 'array' && !@.items          @property.match(/^x-/i)          @.enum.length > 2

Values: literals, ``@`` (the node), ``@property``, ``@parent``, ``@parentProperty``, ``@root``, ``@path``, type tests
such as ``@string()``. Operators: logical, comparison, arithmetic, ``in``, ``~=``, ``typeof``, ``void``, ``? :``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from easement.standards.spectral import script_values as js
from easement.standards.spectral.patterns import Pattern, PatternError, pattern
from easement.standards.spectral.script_calls import call_function, call_method
from easement.standards.spectral.script_values import UNDEFINED, ScriptError

MAX_LENGTH: Final = 5_000
MAX_DEPTH: Final = 60


class ExpressionError(ValueError):
    """The text is no expression of the accepted kind. The message says where it goes wrong."""


class Scope(Protocol):
    """What an expression may read about the node that it filters."""

    @property
    def value(self) -> Any:
        """The node itself."""

    @property
    def key(self) -> str | int | None:
        """Its name or index in the parent."""

    @property
    def parent_value(self) -> Any:
        """The object or list that holds it."""

    @property
    def parent_key(self) -> str | int | None:
        """The name or index of the parent."""

    @property
    def root(self) -> Any:
        """The whole document."""

    @property
    def path_text(self) -> str:
        """The path as text: ``$['paths']['/orders']``."""


Compiled = Callable[[Scope], Any]
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\$]|\\.)*`)
    |(?P<name>@{0,2}[A-Za-z_$][\w$]*|@)
    |(?P<sign>===|!==|==|!=|<=|>=|&&|\|\||\?\?|\?\.|~=|[<>!+\-*/%?:.,()\[\]]))""",
    re.VERBOSE | re.ASCII,
)
_REGEX: Final = re.compile(r"\s*/((?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)/([a-z]*)", re.ASCII)
_BINDING: Final[Mapping[str, int]] = {
    "??": 1,
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "===", "!=="), 6),
    **dict.fromkeys(("<", ">", "<=", ">="), 7),
    "in": 12,
    "+": 9,
    "-": 9,
    **dict.fromkeys(("*", "/", "%"), 10),
    "~=": 20,
}
_SHORTHANDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "@string": lambda value: isinstance(value, str),
    "@number": js.is_number,
    "@boolean": lambda value: isinstance(value, bool),
    "@integer": lambda value: js.is_number(value) and value == int(value),
    "@null": lambda value: value is None,
    "@array": lambda value: isinstance(value, list),
    "@object": lambda value: isinstance(value, dict | list),
    "@scalar": lambda value: not isinstance(value, dict | list),
}
_NODE: Final[Mapping[str, Compiled]] = {
    "@": lambda scope: scope.value,
    "@property": lambda scope: scope.key,
    "@parent": lambda scope: scope.parent_value,
    "@parentProperty": lambda scope: UNDEFINED if scope.parent_key is None else scope.parent_key,
    "@root": lambda scope: scope.root,
    "@path": lambda scope: scope.path_text,
}
_CONSTANTS: Final[Mapping[str, Any]] = {"null": None, "true": True, "false": False, "undefined": UNDEFINED}
_GLOBALS: Final = frozenset({"Array", "Object", "Number", "String", "Boolean", "Math"})


def compile_expression(text: str) -> Compiled:
    """The expression as a function of a node. Raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"{len(text):,} characters; a filter may have at most {MAX_LENGTH:,}")
    parser = _Parser(text)
    compiled = parser.expression(0)
    if not parser.at_end():
        raise ExpressionError(f"cannot read {parser.rest()!r} in the filter {text[:200]!r}")
    return compiled


def holds(compiled: Compiled, scope: Scope) -> bool:
    """Whether a filter lets a node through; one that ECMAScript would stop with an error does not."""
    try:
        return js.truthy(compiled(scope))
    except ScriptError:
        return False


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def at_end(self) -> bool:
        return not self._text[self._at :].strip()

    def rest(self) -> str:
        return self._text[self._at :].strip()[:60]

    def _peek(self) -> tuple[str, str, int]:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            return "", "", self._at
        kind = match.lastgroup or ""
        return kind, match[kind], match.end()

    def _take(self, *signs: str) -> bool:
        kind, lexeme, end = self._peek()
        if kind == "sign" and lexeme in signs:
            self._at = end
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise ExpressionError(f"expected {sign} at {self.rest()!r} in the filter {self._text[:200]!r}")

    def expression(self, binding: int) -> Compiled:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(f"more than {MAX_DEPTH} levels in one filter")
        left = self._operand()
        while True:
            kind, lexeme, end = self._peek()
            if (kind != "sign" and lexeme != "in") or (power := _BINDING.get(lexeme, 0)) <= binding:
                break
            self._at = end
            left = self._binary(lexeme, left, power)
        if binding == 0 and self._take("?"):
            left = self._choice(left)
        self._depth -= 1
        return left

    def _choice(self, test: Compiled) -> Compiled:
        yes = self.expression(0)
        self._need(":")
        no = self.expression(0)
        return lambda scope: yes(scope) if js.truthy(test(scope)) else no(scope)

    def _binary(self, sign: str, left: Compiled, power: int) -> Compiled:
        right = self.expression(power)
        if sign == "&&":
            return lambda scope: right(scope) if js.truthy(value := left(scope)) else value
        if sign == "||":
            return lambda scope: value if js.truthy(value := left(scope)) else right(scope)
        if sign == "??":
            return lambda scope: right(scope) if (value := left(scope)) is None or value is UNDEFINED else value
        operator = _OPERATORS[sign]
        return lambda scope: operator(left(scope), right(scope))

    def _operand(self) -> Compiled:  # noqa: PLR0911 - one line for each kind of operand
        kind, lexeme, end = self._peek()
        if kind == "sign" and lexeme in {"!", "-", "+"}:
            self._at = end
            inner = self.expression(15)
            return _UNARY[lexeme](inner)
        if kind == "sign" and lexeme == "/":
            return self._members(self._regular_expression())
        self._at = end
        if kind == "sign" and lexeme == "(":
            inner = self.expression(0)
            self._need(")")
            return self._members(inner)
        if kind == "sign" and lexeme == "[":
            return self._members(self._list())
        if kind == "number":
            number = float(lexeme) if {".", "e", "E"} & set(lexeme) else int(lexeme)
            return lambda _scope: number
        if kind == "text":
            text = _unescaped(lexeme[1:-1])
            return self._members(lambda _scope: text)
        if kind == "name":
            return self._name(lexeme)
        raise ExpressionError(f"expected a value at {self.rest()!r} in the filter {self._text[:200]!r}")

    def _regular_expression(self) -> Compiled:
        match = _REGEX.match(self._text, self._at)
        if match is None:
            raise ExpressionError(f"expected a regular expression at {self.rest()!r}")
        self._at = match.end()
        try:
            compiled = pattern(match[1], match[2])
        except PatternError as error:
            raise ExpressionError(f"/{match[1]}/: {error}") from None
        return lambda _scope: compiled

    def _list(self) -> Compiled:
        items: list[Compiled] = []
        while not self._take("]"):
            items.append(self.expression(0))
            if not self._take(","):
                self._need("]")
                break
        return lambda scope: [item(scope) for item in items]

    def _name(self, name: str) -> Compiled:
        if name == "typeof":
            inner = self.expression(15)
            return lambda scope: js.type_of(inner(scope))
        if name == "void":
            self.expression(15)
            return lambda _scope: UNDEFINED
        if name in _SHORTHANDS:
            self._need("(")
            self._need(")")
            test = _SHORTHANDS[name]
            return lambda scope: test(scope.value)
        if name in _NODE:
            return self._members(_NODE[name])
        if name in _CONSTANTS:
            constant = _CONSTANTS[name]
            return lambda _scope: constant
        if name in _GLOBALS:
            return self._members(self._global(name))
        raise ExpressionError(f"{name!r} is not known in a filter; write @.{name} for a member of the node")

    def _global(self, name: str) -> Compiled:
        function = ""
        if self._take("."):
            _, function, self._at = self._peek()
        self._need("(")
        arguments = self._arguments()
        try:
            call_function(name, function, ())
        except ScriptError:
            raise ExpressionError(f"{name}.{function} is not available in a filter") from None
        return lambda scope: call_function(name, function, tuple(argument(scope) for argument in arguments))

    def _arguments(self) -> list[Compiled]:
        arguments: list[Compiled] = []
        while not self._take(")"):
            arguments.append(self.expression(0))
            if not self._take(","):
                self._need(")")
                break
        return arguments

    def _members(self, value: Compiled) -> Compiled:
        while True:
            if self._take("[", "?."):
                optional = self._text[: self._at].endswith("?.")
                value = self._optional(value) if optional else self._computed(value)
            elif self._take("."):
                value = self._named(value)
            else:
                return value

    def _computed(self, value: Compiled) -> Compiled:
        name = self.expression(0)
        self._need("]")
        return lambda scope: js.member(value(scope), name(scope))

    def _optional(self, value: Compiled) -> Compiled:
        _, name, self._at = self._peek()
        return lambda scope: UNDEFINED if (held := value(scope)) is None or held is UNDEFINED else js.member(held, name)

    def _named(self, value: Compiled) -> Compiled:
        kind, name, end = self._peek()
        if kind != "name":
            raise ExpressionError(f"expected a name at {self.rest()!r} in the filter {self._text[:200]!r}")
        self._at = end
        if self._take("("):
            arguments = self._arguments()
            return lambda scope: call_method(value(scope), name, tuple(argument(scope) for argument in arguments))
        if name == "constructor" and self._take("."):
            self._at = self._peek()[2]
            return lambda scope: _constructor(value(scope))
        return lambda scope: js.member(value(scope), name)


def _constructor(value: Any) -> Any:
    if isinstance(value, dict):
        return js.member(value["constructor"], "name") if "constructor" in value else "Object"
    if value is None or value is UNDEFINED:
        raise ScriptError("constructor of nothing")
    names = {"boolean": "Boolean", "number": "Number", "string": "String"}
    return "Array" if isinstance(value, list) else names.get(js.type_of(value), "Object")


def _unescaped(text: str) -> str:
    plain = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
    return re.sub(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", lambda found: _escape(found[1], plain), text)


def _escape(code: str, plain: Mapping[str, str]) -> str:
    return chr(int(code[1:], 16)) if len(code) > 1 else plain.get(code, code)


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return test(left, right)
        return test(js.to_number(left), js.to_number(right))

    return compared


def _add(left: Any, right: Any) -> Any:
    if all(js.is_number(value) or isinstance(value, bool | None) for value in (left, right)):
        return js.to_number(left) + js.to_number(right)
    return js.to_text(left) + js.to_text(right)


def _divide(left: Any, right: Any) -> float:
    divisor = js.to_number(right)
    return js.to_number(left) / divisor if divisor else float("nan")


def _remainder(left: Any, right: Any) -> float:
    divisor = js.to_number(right)
    return js.to_number(left) % divisor if divisor else float("nan")


def _included(left: Any, right: Any) -> bool:
    if isinstance(right, list | str):
        return bool(call_method(right, "includes", (left,)))
    return isinstance(right, dict) and js.to_text(left) in right


def _matches(left: Any, right: Any) -> bool:
    try:
        compiled = right if isinstance(right, Pattern) else pattern(js.to_text(right))
    except PatternError as error:
        raise ScriptError(str(error)) from None
    return compiled.search(js.to_text(left)) is not None


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "===": js.strict_equal,
    "!==": lambda left, right: not js.strict_equal(left, right),
    "==": js.loose_equal,
    "!=": lambda left, right: not js.loose_equal(left, right),
    "<": _compare(lambda left, right: left < right),
    ">": _compare(lambda left, right: left > right),
    "<=": _compare(lambda left, right: left <= right),
    ">=": _compare(lambda left, right: left >= right),
    "+": _add,
    "-": lambda left, right: js.to_number(left) - js.to_number(right),
    "*": lambda left, right: js.to_number(left) * js.to_number(right),
    "/": _divide,
    "%": _remainder,
    "in": _included,
    "~=": _matches,
}
_UNARY: Final[Mapping[str, Callable[[Compiled], Compiled]]] = {
    "!": lambda inner: lambda scope: not js.truthy(inner(scope)),
    "-": lambda inner: lambda scope: -js.to_number(inner(scope)),
    "+": lambda inner: lambda scope: js.to_number(inner(scope)),
}
