"""Problem codes EAS-39xx: what the registry refuses because of what is registered already."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = (
    CodeEntry(
        code="EAS-3901",
        title="A retired integration cannot change",
        explanation="Retired is the end of an integration's life. Its id, its revisions and its records stay as they "
        "are, so that what was once allowed can always be told.",
        fix="Register the integration under a new name, or remove the document of the retired one.",
    ),
    CodeEntry(
        code="EAS-3902",
        title="A document that is in use cannot be removed",
        explanation="The document is live, or a live integration stands on it. Removing it would take a right away "
        "without notice to those who use it.",
        fix="Deprecate and retire the integrations that are named first; then remove the document.",
    ),
)
