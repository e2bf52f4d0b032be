"""Messages of rules: ``{{error}}``, ``{{property}}``, ``{{path}}`` and the like, and ``#{{print("value")}}``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from easement.standards.spectral.resolving import decoded, encoded
from easement.standards.spectral.script_values import print_value, to_number, to_text

_TEMPLATE: Final = re.compile(r"#?\{\{([^}\n]+)\}\}")
_PRINT: Final = re.compile(r"\s*print\(\s*[\"'](\w+)[\"']\s*\)\s*")


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with its templates filled in; a name that is not known leaves nothing."""
    return _TEMPLATE.sub(lambda found: _value(found[0].startswith("#"), found[1], values), text)


def _value(calls: bool, inner: str, values: Mapping[str, Any]) -> str:  # noqa: FBT001 - the two forms of a template
    if not calls:
        return to_text(values[inner]) if inner in values else ""
    match = _PRINT.fullmatch(inner)
    if match is None:
        return ""
    match match[1]:
        case "property":
            name = values.get("property")
            return f'"{to_text(name)}" property ' if name else "The document "
        case "value":
            return print_value(values["value"])
        case name:
            return to_text(values[name]) if values.get(name) is not None else ""


def dotted(keys: Sequence[str]) -> str:
    """Keys as ``parent.child[0]``."""
    text = ""
    for index, key in enumerate(keys):
        if not key:
            text += "['']"
        elif re.search(r"\s", key):
            text += f"['{key}']"
        elif to_number(key) == to_number(key):
            text += f"[{key}]"
        else:
            text += key if index == 0 else f".{key}"
    return decoded(text)


def pointer_text(keys: Sequence[str]) -> str:
    """Keys as a JSON pointer in a URI fragment: ``#/paths/~1orders``."""
    return "#" + "".join(f"/{encoded(decoded(key).replace('~', '~0').replace('/', '~1'))}" for key in keys)
