"""An estate in another notation, by the name of the notation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum

from easement.contract.documents import to_json
from easement.contract.identity import document_key
from easement.contract.kinds import Document, Interface
from easement.contract.revision import definition_path
from easement.estate.exchange.backstage import export_backstage
from easement.estate.exchange.csv_documents import export_csv
from easement.estate.exchange.drawing import estate_mermaid
from easement.estate.model import Estate


class ExportFormat(StrEnum):
    """What can be written."""

    BACKSTAGE = "backstage"
    CSV = "csv"
    JSON = "json"
    MERMAID = "mermaid"


def export_text(estate: Estate, form: ExportFormat, definitions: Mapping[str, bytes]) -> str:
    """The whole estate. ``definitions`` are the descriptions of interfaces by key (:func:`main_definitions`)."""
    if form is ExportFormat.BACKSTAGE:
        return export_backstage(estate, definitions)
    if form is ExportFormat.CSV:
        return export_csv(estate)
    if form is ExportFormat.MERMAID:
        return estate_mermaid(estate)
    groups: tuple[Mapping[str, Document], ...] = (
        estate.teams, estate.systems, estate.agreements, estate.standards, estate.waivers, estate.interfaces,
        estate.integrations,
    )  # fmt: skip
    documents = [to_json(document) for group in groups for _, document in sorted(group.items())]
    return json.dumps({"documents": documents}, indent=2, ensure_ascii=False) + "\n"


def main_definitions(sources: Iterable[tuple[Document, str, Mapping[str, bytes]]]) -> dict[str, bytes]:
    """The description that each interface names, by key. ``sources`` are documents with their file and its files."""
    return {
        document_key(document): files[path]
        for document, file, files in sources
        if isinstance(document, Interface) and (path := definition_path(document, file)) in files
    }
