"""What ``easement new`` and ``easement init`` write: commented, minimal, valid documents.

The names that a template has by default fit together, so that one of each makes an estate that passes ``check``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Template
from typing import Final

from easement.contract.kinds import KINDS
from easement.contract.suggestion import did_you_mean
from easement.contract.template_texts import DEFINITION_SUFFIXES, DEFINITIONS, DOCUMENTS, GITIGNORE, SETTINGS
from easement.contract.values import NAME_PATTERN

PATTERNS: Final = ("request", "event")
_PATTERNED: Final = frozenset({"Interface", "Integration"})
_DEFAULT_NAMES: Final[Mapping[str, str]] = {
    "Team": "platform",
    "System": "orders",
    "Interface-request": "orders-api",
    "Interface-event": "orders-events",
    "Integration-request": "storefront-reads-orders",
    "Integration-event": "orders-to-storefront",
    "Standard": "our-standard",
    "Waiver": "our-waiver",
    "Agreement": "dpa-orders",
}
_DEFAULT_REFERENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "request": {"source": "storefront", "target": "orders", "interface": "orders-api", "system": "orders"},
    "event": {"source": "orders", "target": "storefront", "interface": "orders-events", "system": "orders"},
}


class TemplateError(ValueError):
    """A document was asked for that there is no template for, or with a name that is none."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def new_document(kind: str, name: str = "", *, pattern: str = "request", names: Mapping[str, str]) -> dict[str, str]:
    """The files of a new document: relative path to text. ``names`` may say owner, source, target, interface, system.

    Raises :class:`TemplateError`.
    """
    known = {known.casefold(): known for known in KINDS}.get(kind.casefold())
    if known is None:
        raise TemplateError(f"there is no kind {kind!r}", hint=did_you_mean(kind, KINDS))
    if pattern not in PATTERNS:
        raise TemplateError(f"there is no template for the pattern {pattern!r}", hint=did_you_mean(pattern, PATTERNS))
    template = f"{known}-{pattern}" if known in _PATTERNED else known
    values = {"owner": "platform", **_DEFAULT_REFERENCES[pattern], **names, "name": name or _DEFAULT_NAMES[template]}
    for key, value in values.items():
        _require_name(key, value)
    values["title"] = values["name"].replace("-", " ").capitalize()
    base = values["name"]
    files = {f"{base}.{known.lower()}.yaml": Template(DOCUMENTS[template]).substitute(values)}
    if known == "Interface":
        files[f"{base}.{DEFINITION_SUFFIXES[pattern]}.yaml"] = Template(DEFINITIONS[pattern]).substitute(values)
    return files


def starter_files(*, team: str) -> dict[str, str]:
    """The files of a new estate: settings, ignored folders, and the first team. Raises :class:`TemplateError`."""
    documents = new_document("Team", team, names={})
    return {"easement.toml": SETTINGS, ".gitignore": GITIGNORE, **documents}


def _require_name(key: str, value: str) -> None:
    if not re.fullmatch(NAME_PATTERN, value):
        form = "a lower-case letter, then up to 62 lower-case letters, digits and dashes"
        raise TemplateError(f"{key} {value[:70]!r} is no name: {form}")
