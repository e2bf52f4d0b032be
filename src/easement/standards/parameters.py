"""Values that a rule reads and that a Standard may set: lists of approved technologies, floors, ages.

The default says what form a value has; what a document writes is read into that form, or refused with a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from easement.contract.values import Duration

ParameterValue = str | int | re.Pattern[str] | Duration | tuple[str, ...] | Mapping[str, tuple[str, ...]]
ParameterValues = Mapping[str, Any]
"""Values by name, each in the form of its parameter's default."""
_MAX_PATTERN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value of a rule. The form is that of ``default``."""

    default: ParameterValue
    meaning: str

    def read(self, written: Any) -> ParameterValue:
        """``written``, as it stands in a document, in the form of the default. Raises ``ValueError``."""
        match self.default:
            case Duration() if isinstance(written, str):
                return Duration.parse(written)
            case re.Pattern() if isinstance(written, str):
                return _pattern(written)
            case bool():
                raise ValueError("this parameter cannot be set")
            case int() if isinstance(written, int) and not isinstance(written, bool) and written >= 0:
                return written
            case str() if isinstance(written, str):
                return written
            case tuple() if isinstance(written, list | tuple):
                return _texts(written)
            case Mapping() if isinstance(written, Mapping):
                return {str(key): _texts(value) for key, value in written.items()}
        raise ValueError(f"write {self.form}")

    @property
    def form(self) -> str:
        """The form in words."""
        match self.default:
            case Duration():
                return "a duration, such as P90D"
            case re.Pattern():
                return "a regular expression"
            case int():
                return "a whole number"
            case str():
                return "text"
            case tuple():
                return "a list of texts"
        return "lists of texts by name"

    @property
    def shown(self) -> str:
        """The default as a document would write it."""
        match self.default:
            case re.Pattern():
                return self.default.pattern
            case tuple():
                return f"[{', '.join(self.default)}]"
            case Mapping():
                parts = (f"{key}: [{', '.join(texts)}]" for key, texts in self.default.items())
                return f"{{{', '.join(parts)}}}"
        return str(self.default)


def defaults(parameters: Mapping[str, Parameter]) -> ParameterValues:
    """The values that hold where no standard sets others."""
    return {name: parameter.default for name, parameter in parameters.items()}


def _texts(written: Any) -> tuple[str, ...]:
    if not isinstance(written, list | tuple) or not all(isinstance(text, str) for text in written):
        raise ValueError("write a list of texts")
    return tuple(written)


def _pattern(written: str) -> re.Pattern[str]:
    if len(written) > _MAX_PATTERN:
        raise ValueError(f"the expression is longer than {_MAX_PATTERN} characters")
    try:
        return re.compile(written)
    except re.error as error:
        raise ValueError(f"this is no regular expression: {error}") from None
