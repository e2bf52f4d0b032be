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
from easement.contract.template_patterns import ALIASES, PATTERN_TEMPLATES, integration_text, interface_text
from easement.contract.template_texts import DOCUMENTS, GITIGNORE, SETTINGS
from easement.contract.values import NAME_PATTERN

PATTERNS: Final = (*ALIASES, *PATTERN_TEMPLATES)
"""What ``pattern`` may be: the patterns of the catalogue, and two short words."""
_DEFAULT_NAMES: Final[Mapping[str, str]] = {
    "Team": "platform",
    "System": "orders",
    "Standard": "our-standard",
    "Waiver": "our-waiver",
    "Agreement": "dpa-orders",
}


class TemplateError(ValueError):
    """A document was asked for that there is no template for, or with a name that is none."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def new_document(kind: str, name: str = "", *, pattern: str = "request", names: Mapping[str, str]) -> dict[str, str]:
    """The files of a new document: relative path to text. ``names`` may say owner, source, target, interface, system.

    ``pattern`` is one of :data:`PATTERNS`. Raises :class:`TemplateError`.
    """
    known = {known.casefold(): known for known in KINDS}.get(kind.casefold())
    if known is None:
        raise TemplateError(f"there is no kind {kind!r}", hint=did_you_mean(kind, KINDS))
    if pattern not in PATTERNS:
        raise TemplateError(f"there is no template for the pattern {pattern!r}", hint=did_you_mean(pattern, PATTERNS))
    chosen = ALIASES.get(pattern, pattern)
    template = PATTERN_TEMPLATES[chosen]
    default = _DEFAULT_NAMES.get(known) or template.names[known.lower()]
    values = {"owner": "platform", **template.names, **names, "name": name or default}
    for key, value in values.items():
        _require_name(key, value)
    values["title"] = values["name"].replace("-", " ").capitalize()
    return {path: Template(text).substitute(values) for path, text in _texts(known, chosen, values["name"]).items()}


def pattern_estate(pattern: str, *, names: Mapping[str, str]) -> dict[str, str]:
    """One document of each kind that an integration of ``pattern`` needs: a small estate that passes ``check``.

    ``names`` as in :func:`new_document`; ``integration`` names the integration. Raises :class:`TemplateError`.
    """
    if pattern not in PATTERNS:
        raise TemplateError(f"there is no template for the pattern {pattern!r}", hint=did_you_mean(pattern, PATTERNS))
    chosen = ALIASES.get(pattern, pattern)
    named = {"owner": "platform", **PATTERN_TEMPLATES[chosen].names, **names}
    given = {key: value for key, value in named.items() if key != "integration"}
    if "system" not in names:
        given["system"] = given["target" if PATTERN_TEMPLATES[chosen].form == "openapi" else "source"]
    files = new_document("Team", given["owner"], names={})
    files |= new_document("System", given["source"], names=given)
    files |= new_document("System", given["target"], pattern=chosen, names=given)
    files |= new_document("Interface", given["interface"], pattern=chosen, names=given)
    return files | new_document("Integration", named["integration"], pattern=chosen, names=given)


def _texts(kind: str, pattern: str, name: str) -> dict[str, str]:
    """The files of one document, not filled in."""
    template = PATTERN_TEMPLATES[pattern]
    file = f"{name}.{kind.lower()}.yaml"
    match kind:
        case "Integration":
            return {file: integration_text(pattern)}
        case "Interface":
            return {file: interface_text(pattern), f"{name}.{template.form}.yaml": template.definition}
        case "System":
            return {file: DOCUMENTS[kind] + template.delivery}
        case _:
            return {file: DOCUMENTS[kind]}


def starter_files(*, team: str) -> dict[str, str]:
    """The files of a new estate: settings, ignored folders, and the first team. Raises :class:`TemplateError`."""
    documents = new_document("Team", team, names={})
    return {"easement.toml": SETTINGS, ".gitignore": GITIGNORE, **documents}


def _require_name(key: str, value: str) -> None:
    if not re.fullmatch(NAME_PATTERN, value):
        form = "a lower-case letter, then up to 62 lower-case letters, digits and dashes"
        raise TemplateError(f"{key} {value[:70]!r} is no name: {form}")
