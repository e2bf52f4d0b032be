"""Schemas compiled for the full validator, with patterns that cost no more than their text is long.

The linear engine is tried first. Where a pattern looks around or refers back, which that engine cannot, it runs with a
bound on its steps; a text that would take more does not fit.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final

import jsonschema_rs

_MAX_STEPS: Final = 20_000
_MAX_PATTERN_BYTES: Final = 4 * 1024 * 1024
_LINEAR: Final = jsonschema_rs.RegexOptions(size_limit=_MAX_PATTERN_BYTES, dfa_size_limit=_MAX_PATTERN_BYTES)
_BOUNDED: Final = jsonschema_rs.FancyRegexOptions(
    backtrack_limit=_MAX_STEPS, size_limit=_MAX_PATTERN_BYTES, dfa_size_limit=_MAX_PATTERN_BYTES
)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return False
    return True


_FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {"byte": _is_base64}


class SchemaError(ValueError):
    """The schema is none, refers outside, or has a pattern that no engine takes."""


def compile_schema(schema: Mapping[str, Any] | bool) -> jsonschema_rs.Validator:  # noqa: FBT001 - both are schemas
    """A validator of JSON Schema 2020-12 that asserts formats. Raises :class:`SchemaError`."""
    try:
        return _compile(schema, _LINEAR)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        pass
    try:
        return _compile(schema, _BOUNDED)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise SchemaError(str(error)) from error


def _compile(schema: Any, patterns: Any) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, formats=dict(_FORMATS), pattern_options=patterns
    )
