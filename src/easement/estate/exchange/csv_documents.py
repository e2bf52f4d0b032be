"""Documents from and to CSV: one row each, columns as below; a column of yours is renamed by a mapping.

===============  ====================  =============================================================================
column           for                   holds
===============  ====================  =============================================================================
kind             all                   team, system, interface or integration; integration where it is empty
name, title      all                   the name is made from the title where it is empty
owner            all but team          a team
description      all
labels, links    all                   ``key=value`` and addresses, with a space between
email            team
country, zones   system                zones with a space between
technology       system
criticality      system, integration
url              system                where it answers
system           interface             who offers it
version          interface             also of an integration, as a range
definition       interface             path of the OpenAPI or AsyncAPI description
entities         interface             with a space between
source, target   integration           systems
interface        integration           name of the interface
pattern          integration           request, event, file or batch
operations       integration           also channels; with a space between
fields           integration           with a space between; ``path:mask`` where one does not pass clear
purpose, limit   integration           the limit is such as 100/s
===============  ====================  =============================================================================
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from easement.contract.kinds import Document, Integration, Interface, System, Team
from easement.contract.problems import Place, Problem
from easement.contract.suggestion import did_you_mean
from easement.contract.yaml_reader import decode
from easement.estate.exchange.csv_text import csv_text, plain
from easement.estate.exchange.made import Made, Workshop, endpoint, line, name_of
from easement.estate.model import Estate

COLUMNS: Final = (
    "kind", "name", "title", "owner", "description", "labels", "links", "email", "country", "zones", "technology",
    "criticality", "url", "system", "version", "definition", "entities", "source", "target", "interface", "pattern",
    "operations", "channels", "fields", "purpose", "limit",
)  # fmt: skip
MAX_ROWS: Final = 20_000
MAX_CELL: Final = 20_000
_KINDS: Final = {"team": "Team", "system": "System", "interface": "Interface", "integration": "Integration"}
_SPLIT: Final = re.compile(r"[\s;,]+")
Row = Mapping[str, str]


def import_csv(
    data: bytes, file: str, *, mapping: Mapping[str, str] | None = None, country: str = "", owner: str = ""
) -> Made:
    """Documents from rows. ``mapping`` is from a column of the file to one of :data:`COLUMNS`.

    A bad row is a problem with its line, and the other rows are read all the same.
    """
    workshop = Workshop(country=country, owner=owner)
    text = decode(data, file)
    if isinstance(text, Problem):
        workshop.problems.append(text)
        return workshop.finish()
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] = []
    number = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = _header(workshop, cells, mapping or {}, file)
                continue
            number += 1
            if number > MAX_ROWS:
                workshop.error("EAS-3703", f"more than {MAX_ROWS:,} rows", Place(file=file, line=reader.line_num))
                break
            _row(workshop, names, cells, Place(file=file, line=reader.line_num, column=1))
    except csv.Error as error:
        place = Place(file=file, line=max(reader.line_num, 1), column=1)
        workshop.error("EAS-3701", f"the line is no CSV: {error}", place)
    if not names:
        place = Place(file=file, line=1, column=1)
        workshop.error("EAS-3701", "there is no header line", place, f"the first line names columns: {COLUMNS[1]}, ...")
    return workshop.finish()


def _header(workshop: Workshop, cells: Sequence[str], mapping: Mapping[str, str], file: str) -> list[str]:
    place = Place(file=file, line=1, column=1)
    names = []
    for cell in cells:
        written = cell.strip()
        name = mapping.get(written, written.casefold().replace(" ", ""))
        if name and name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS)
            workshop.error("EAS-3701", f"there is no column {written[:60]!r}", place, hint or "map it, or remove it")
            name = ""
        if name and name in names:
            workshop.error("EAS-3701", f"two columns are {name!r}", place)
        names.append(name)
    for column in mapping.keys() - {cell.strip() for cell in cells}:
        workshop.error("EAS-3702", f"the mapping names a column {column[:60]!r} that is not there", place)
    return names


def _row(workshop: Workshop, names: Sequence[str], cells: Sequence[str], place: Place) -> None:
    if len(cells) > len(names):
        workshop.error("EAS-3701", f"{len(cells)} cells under {len(names)} columns", place)
        return
    if any(len(cell) > MAX_CELL for cell in cells):
        workshop.error("EAS-3701", f"a cell has more than {MAX_CELL:,} characters", place)
        return
    row = {name: plain(cell).strip() for name, cell in zip(names, cells, strict=False) if name and cell.strip()}
    written = row.get("kind", "integration").casefold()
    kind = _KINDS.get(written)
    if kind is None:
        workshop.error("EAS-3701", f"there is no kind {written[:40]!r}", place, did_you_mean(written, _KINDS))
        return
    name = row.get("name") or name_of(row.get("title", ""))
    if not name:
        workshop.error("EAS-3703", "a row needs a name, or a title to make one from", place)
        return
    spec = _SPECS[kind](workshop, row)
    if workshop.add(kind, name, spec, place, metadata=_metadata(row)) and kind == "Integration":
        for what, is_open in (("which fields", not spec["fields"]), ("for which purpose", "purpose" not in row)):
            if is_open:
                workshop.decide(kind, name, what, place)


def _metadata(row: Row) -> dict[str, Any]:
    pairs = (one.partition("=") for one in row.get("labels", "").split())
    found: dict[str, Any] = {
        "title": line(row.get("title")),
        "description": row.get("description", ""),
        "labels": {key: value for key, _, value in pairs},
        "links": [{"title": url, "url": url} for url in row.get("links", "").split()],
    }
    if "owner" in row:
        found["owner"] = row["owner"]
    return found


def _list(row: Row, column: str) -> list[str]:
    return [one for one in _SPLIT.split(row.get(column, "")) if one]


def _team(_workshop: Workshop, row: Row) -> dict[str, Any]:
    return {"email": row.get("email", "")}


def _system(workshop: Workshop, row: Row) -> dict[str, Any]:
    country = row.get("country") or workshop.country
    return {
        "location": {"country": country} if country else None,
        "zones": _list(row, "zones") or None,
        "technology": row.get("technology"),
        "criticality": row.get("criticality"),
        "endpoints": endpoint(row["url"]) or {"production": {"url": row["url"]}} if "url" in row else None,
    }


def _interface(_workshop: Workshop, row: Row) -> dict[str, Any]:
    definition = row.get("definition", "")
    kind = "asyncapi" if "asyncapi" in definition.casefold() else "openapi"
    return {
        "system": row.get("system"),
        "version": row.get("version"),
        "definition": {kind: definition},
        "entities": _list(row, "entities") or None,
    }


def _integration(_workshop: Workshop, row: Row) -> dict[str, Any]:
    sla: dict[str, Any] = {}
    if "criticality" in row:
        sla["criticality"] = row["criticality"]
    if "limit" in row:
        sla["throughput"] = {"limit": row["limit"]}
    return {
        "source": row.get("source"),
        "target": row.get("target"),
        "interface": {"name": row.get("interface", ""), "version": row.get("version", "")},
        "pattern": row.get("pattern"),
        "operations": _list(row, "operations") or None,
        "channels": _list(row, "channels") or None,
        "fields": _fields(row),
        "purpose": row.get("purpose", "essential.service"),
        "sla": sla,
    }


def _fields(row: Row) -> list[str] | dict[str, str]:
    said = [one.partition(":") for one in _list(row, "fields")]
    if any(handling for _, _, handling in said):
        return {path: handling or "clear" for path, _, handling in said}
    return [path for path, _, _ in said]


_SPECS: Final[Mapping[str, Callable[[Workshop, Row], dict[str, Any]]]] = {
    "Team": _team, "System": _system, "Interface": _interface, "Integration": _integration,
}  # fmt: skip


def export_csv(estate: Estate) -> str:
    """Teams, systems, interfaces and integrations as rows that :func:`import_csv` reads again.

    A table holds less than a document: what has no column is in the documents alone.
    """
    documents: Iterable[Document] = (
        *(one for _, one in sorted(estate.teams.items())),
        *(one for _, one in sorted(estate.systems.items())),
        *(one for _, one in sorted(estate.interfaces.items())),
        *(one for _, one in sorted(estate.integrations.items())),
    )
    rows = (_cells(document) for document in documents)
    return csv_text(COLUMNS, ([row.get(column, "") for column in COLUMNS] for row in rows))


def _cells(document: Document) -> dict[str, str]:
    metadata = document.metadata
    cells = {
        "kind": document.kind.lower(),
        "name": metadata.name,
        "title": metadata.title,
        "owner": metadata.owner,
        "description": metadata.description,
        "labels": " ".join(f"{key}={value}" for key, value in metadata.labels.items()),
        "links": " ".join(link.url for link in metadata.links),
    }
    return cells | _particular(document)


def _particular(document: Document) -> dict[str, str]:
    if isinstance(document, Team):
        return {"email": document.spec.email}
    if isinstance(document, System):
        urls = [one.url for one in document.spec.endpoints.values()]
        return {
            "country": document.spec.location.country,
            "zones": " ".join(document.spec.zones),
            "technology": document.spec.technology,
            "criticality": str(document.spec.criticality),
            "url": urls[0] if urls else "",
        }
    if isinstance(document, Interface):
        definition = document.spec.definition
        return {
            "system": document.spec.system,
            "version": str(document.spec.version),
            "definition": definition.openapi or definition.asyncapi or "",
            "entities": " ".join(document.spec.entities),
        }
    if isinstance(document, Integration):
        return _integration_cells(document)
    return {}


def _integration_cells(document: Integration) -> dict[str, str]:
    spec = document.spec
    is_plain = not isinstance(spec.fields, dict)
    fields = (path if is_plain else f"{path}:{handling}" for path, handling in spec.handling.items())
    return {
        "criticality": str(spec.sla.criticality),
        "version": str(spec.interface.version),
        "source": spec.source,
        "target": spec.target,
        "interface": spec.interface.name,
        "pattern": str(spec.pattern),
        "operations": " ".join(spec.operations),
        "channels": " ".join(spec.channels),
        "fields": " ".join(fields),
        "purpose": spec.purpose,
        "limit": str(spec.sla.throughput.limit or ""),
    }
