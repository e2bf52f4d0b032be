"""Small value types of the contract language: names, durations, rates, versions, field paths.

Each parser raises ``ValueError`` with a sentence that says what was expected; the loader turns it into a
:class:`~easement.contract.problems.Problem` with a position.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import core_schema

NAME_PATTERN: Final = r"^[a-z][a-z0-9-]{0,62}$"
MAX_NAME_LENGTH: Final = 63
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]

_SIMPLE = re.compile(r"^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$", re.ASCII)
_ISO = re.compile(
    r"^P(?=.)(?:(?P<w>\d{1,4})W)?(?:(?P<d>\d{1,6})D)?(?:T(?=.)(?:(?P<h>\d{1,6})H)?(?:(?P<m>\d{1,6})M)?(?:(?P<s>\d{1,9}(?:\.\d{1,3})?)S)?)?$",
    re.ASCII,
)
_RATE = re.compile(r"^(\d{1,7}(?:\.\d{1,3})?)/(s|m|h)$", re.ASCII)
_SEMVER = re.compile(r"^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(?:-([0-9A-Za-z.-]{1,40}))?$", re.ASCII)
_RANGE = re.compile(r"^([\^~=]?)(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?$", re.ASCII)
_PATH = re.compile(r"^[A-Za-z_$@][\w$@-]*(?:\.[A-Za-z_$@][\w$@-]*)*$")
_UNIT_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class _Textual:
    """Mix-in: a value written as one string in YAML and JSON."""

    __slots__ = ()
    _pattern: str = ""
    _example: str = ""

    @classmethod
    def parse(cls, text: str) -> Any:
        """Read the text; each kind of value has its own."""
        raise TypeError(f"{cls.__name__} does not say how it is read from {text!r}")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: type[Any], _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def read(value: object) -> object:
            if isinstance(value, cls):
                return value
            if isinstance(value, str):
                return cls.parse(value)
            raise ValueError(f"expected text such as {cls._example!r}")

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": cls._pattern, "examples": [cls._example]}


@dataclass(frozen=True, slots=True, order=True)
class Duration(_Textual):
    """A length of time: ``500ms``, ``5m`` or ISO 8601 ``P7D`` (no years or months: their length varies).

    The text that was written is kept, so that a document prints as it was read.
    """

    milliseconds: int
    text: str = ""

    _pattern = r"^(\d+(\.\d+)?(ms|s|m|h|d)|P.+)$"
    _example = "P7D"

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read ``500ms``, ``1.5s``, ``5m``, ``2h``, ``7d`` or ISO 8601 ``PnWnDTnHnMnS``."""
        if match := _SIMPLE.fullmatch(text):
            return cls(round(float(match[1]) * _UNIT_SECONDS[match[2]] * 1000), text)
        if (match := _ISO.fullmatch(text)) and any(match.groups()):
            parts = {unit: float(number) for unit, number in match.groupdict().items() if number}
            days = parts.get("w", 0) * 7 + parts.get("d", 0)
            seconds = days * 86400 + parts.get("h", 0) * 3600 + parts.get("m", 0) * 60 + parts.get("s", 0)
            return cls(round(seconds * 1000), text)
        raise ValueError(f"{text!r} is not a duration: write 500ms, 5m, 2h or ISO 8601 such as P7D")

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.milliseconds / 1000

    def as_timedelta(self) -> timedelta:
        """The duration as the standard library has it."""
        return timedelta(milliseconds=self.milliseconds)

    def __str__(self) -> str:
        return self.text or f"{self.milliseconds}ms"


@dataclass(frozen=True, slots=True)
class Rate(_Textual):
    """Events per unit of time: ``200/s``, ``30/m``, ``1000/h``."""

    count: float
    per_seconds: int
    text: str = ""

    _pattern = r"^\d+(\.\d+)?/(s|m|h)$"
    _example = "200/s"

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read ``COUNT/UNIT`` where UNIT is s, m or h."""
        if (match := _RATE.fullmatch(text)) and float(match[1]) > 0:
            return cls(float(match[1]), int(_UNIT_SECONDS[match[2]]), text)
        raise ValueError(f"{text!r} is not a rate: write 200/s, 30/m or 1000/h (more than zero)")

    @property
    def per_second(self) -> float:
        """Events per second."""
        return self.count / self.per_seconds

    def __str__(self) -> str:
        return self.text or f"{self.count:g}/{ {1: 's', 60: 'm', 3600: 'h'}[self.per_seconds] }"


@dataclass(frozen=True, slots=True, order=True)
class Version(_Textual):
    """A semantic version (semver.org 2.0.0), without build metadata."""

    major: int
    minor: int
    patch: int
    pre: str = ""

    _pattern = _SEMVER.pattern
    _example = "1.4.0"

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``MAJOR.MINOR.PATCH`` with an optional ``-pre`` part."""
        if match := _SEMVER.fullmatch(text):
            return cls(int(match[1]), int(match[2]), int(match[3]), match[4] or "")
        raise ValueError(f"{text!r} is not a semantic version: write MAJOR.MINOR.PATCH such as 1.4.0")

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.pre}" if self.pre else "")


@dataclass(frozen=True, slots=True)
class VersionRange(_Textual):
    """Which versions of an interface an integration accepts: ``^1.2``, ``~1.2.3``, ``=1.2.0`` or ``1.2`` (as ``^``)."""

    operator: str
    major: int
    minor: int
    patch: int
    parts: int
    text: str = ""

    _pattern = _RANGE.pattern
    _example = "^1.2"

    @classmethod
    def parse(cls, text: str) -> VersionRange:
        """Read an optional ``^``, ``~`` or ``=`` and one to three numbers."""
        if match := _RANGE.fullmatch(text):
            numbers = [int(part) for part in match.groups()[1:] if part is not None]
            major, minor, patch = (*numbers, 0, 0)[:3]
            return cls(match[1] or "^", major, minor, patch, len(numbers), text)
        raise ValueError(f"{text!r} is not a version range: write ^1.2, ~1.2.3 or =1.2.0")

    def allows(self, version: Version) -> bool:
        """Whether ``version`` lies in the range. A pre-release only matches its own exact version."""
        low = (self.major, self.minor, self.patch)
        here = (version.major, version.minor, version.patch)
        if self.operator == "=":
            return here == low if self.parts == 3 else here[: self.parts] == low[: self.parts]
        if version.pre or here < low or version.major != self.major:
            return False
        if self.operator == "~" and self.parts >= 2:
            return version.minor == self.minor
        return self.major > 0 or self.parts < 2 or version.minor == self.minor

    def __str__(self) -> str:
        return self.text


def _field_path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise ValueError(f"{text!r} is not a field path: write names joined by dots, such as lines.sku")
    return text


FieldPath = Annotated[str, AfterValidator(_field_path)]
"""Dotted path into a document; it passes through arrays: ``lines.sku`` is the sku of each line."""
