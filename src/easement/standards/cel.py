"""Common Expression Language behind a small interface: compile once, evaluate often, never pass by mistake.

The engine is cel-cpp, the same that a gateway evaluates, so an expression means the same in review and at run time.

* A name that is not declared, a type that does not fit, and a syntax error are :class:`CelError` with a position.
* An expression must give a boolean. What gives anything else, or cannot be evaluated, raises :class:`CelError`; it is
  never read as true or false.
* Work is bounded: the length here, nesting (32) and iterations by the engine.

Source: the CEL language definition (cel-spec), https://github.com/google/cel-spec.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cel_expr_python import cel  # type: ignore[import-untyped]  # the wheel has stubs but no py.typed

MAX_LENGTH: Final = 2000
_POSITION: Final = re.compile(r"<input>:(\d+):(\d+): (.*)")
_STATUS: Final = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")


class CelError(ValueError):
    """An expression that is wrong. ``line`` and ``column`` count from 1; 0 where there is no position."""

    def __init__(self, message: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(f"column {column}: {message}" if column else message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class CelExpression:
    """A compiled boolean expression. Made by :meth:`CelEnvironment.compile`."""

    text: str
    _program: Any

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the expression is true of ``values``. Raises ``CelError`` when it cannot be said."""
        try:
            result = self._program.eval(data=dict(values))
            answer = result.value()
        except RuntimeError as error:
            raise CelError(_first_line(str(error))) from None
        if result.type() == cel.Type.ERROR:
            raise CelError(_first_line(str(answer)))
        if not isinstance(answer, bool):
            raise CelError(f"it gives {result.type().name()} and not true or false")
        return answer


class CelEnvironment:
    """The variables that expressions may name. Each is a map with text keys, unless it is in ``lists``."""

    __slots__ = ("_environment", "variables")

    def __init__(self, variables: Iterable[str], *, lists: Iterable[str] = ()) -> None:
        record = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
        types = dict.fromkeys(variables, record) | dict.fromkeys(lists, cel.Type.List(record))
        self.variables = frozenset(types)
        self._environment = cel.NewEnv(variables=types)

    def compile(self, text: str) -> CelExpression:
        """Compile and type-check. Raises ``CelError`` with the position of the first mistake."""
        if not text.strip():
            raise CelError("the expression is empty")
        if len(text) > MAX_LENGTH:
            raise CelError(f"the expression is longer than {MAX_LENGTH} characters")
        try:
            program = self._environment.compile(text)
        except RuntimeError as error:
            raise _located(str(error)) from None
        kind = program.return_type()
        if kind not in (cel.Type.BOOL, cel.Type.DYN):
            raise CelError(f"it gives {kind.name()} and not true or false")
        return CelExpression(text, program)


def _located(message: str) -> CelError:
    match = _POSITION.search(message)
    if match is None:
        return CelError(_first_line(message))
    return CelError(match[3].strip(), line=int(match[1]), column=int(match[2]))


def _first_line(message: str) -> str:
    return _STATUS.sub("", message.partition("\n")[0]).strip()
