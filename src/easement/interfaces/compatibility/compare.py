"""Two descriptions of an interface, in any format that is read, held against each other.

old = DefinitionSource(format="openapi", path="orders.yaml", files={"orders.yaml": old_bytes})
new = DefinitionSource(format="openapi", path="orders.yaml", files={"orders.yaml": new_bytes})
comparison, problems = compare_definitions(old, new)
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from easement.contract.kinds import Severity
from easement.contract.problems import Place, Problem
from easement.contract.suggestion import did_you_mean
from easement.interfaces.compatibility.asyncapi_compare import compare_asyncapi
from easement.interfaces.compatibility.asyncapi_read import read_asyncapi_description
from easement.interfaces.compatibility.budget import Budget
from easement.interfaces.compatibility.changes import Changes
from easement.interfaces.compatibility.documents import Document
from easement.interfaces.compatibility.foreign import UnreadableSchemaError
from easement.interfaces.compatibility.openapi_compare import compare_openapi
from easement.interfaces.compatibility.openapi_model import ApiPart
from easement.interfaces.compatibility.openapi_read import read_openapi_3
from easement.interfaces.compatibility.openapi_read_2 import read_openapi_2
from easement.interfaces.compatibility.payload_engines import ENGINES
from easement.interfaces.compatibility.policy import POLICIES, Policy
from easement.interfaces.compatibility.sameness import same_json
from easement.interfaces.compatibility.verdict import Comparison, Direction, Position, Verdict, comparison
from easement.interfaces.sources import Found, Location, Sources

Format = Literal["openapi", "asyncapi", "json-schema", "avro", "protobuf"]

BUDGET: Final = 3_000_000
"""Steps of one comparison of whole descriptions. The largest that are published need some hundred thousand."""

_SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionSource:
    """A description: its format, the path of its main file, and the bytes of that file and those it refers to."""

    format: Format
    path: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSource:
    """A description whose files were read before: ``sources`` holds the one at ``path``."""

    format: Literal["openapi", "asyncapi", "json-schema"]
    path: str
    sources: Sources


def compare_definitions(
    old: DefinitionSource, new: DefinitionSource, *, policy: Policy = POLICIES["strict"]
) -> tuple[Comparison, tuple[Problem, ...]]:
    """Every change from ``old`` to ``new``, and what is wrong with either description.

    Never raises because a description is bad: what cannot be read is a problem, and while there is one of severity
    ``error`` the comparison must not be taken for complete. A problem names the file; give the two sides different
    paths where it must be clear which is meant.
    """
    problems = [*_missing(old), *_missing(new)]
    if old.format != new.format:
        message = f"{old.format} and {new.format} cannot be compared"
        problems.append(_problem("EAS-2501", message, new.path, "Compare two descriptions of one format."))
    if problems:
        return Comparison(), tuple(problems)
    if old.format in {"avro", "protobuf"}:
        return _compare_foreign(old, new, policy)
    read_old, read_new = _parsed(old), _parsed(new)
    found = compare_parsed(read_old, read_new, policy=policy)
    found_problems = (
        *read_old.sources.all_problems(read_old.path),
        *read_new.sources.all_problems(read_new.path),
    )
    return _with_lines(found, read_old.sources, read_new.sources), tuple(dict.fromkeys(found_problems))


def compare_parsed(
    old: ParsedSource, new: ParsedSource, *, policy: Policy = POLICIES["strict"], budget: Budget | None = None
) -> Comparison:
    """As :func:`compare_definitions`, for files that were read before; positions have no lines.

    Problems go to the ``sources``.
    """
    compare: Mapping[str, Callable[[ParsedSource, ParsedSource, Policy, Budget], list[Verdict]]] = {
        "openapi": _compare_openapi,
        "asyncapi": _compare_asyncapi,
        "json-schema": _compare_json_schema,
    }
    return comparison(compare[old.format](old, new, policy, budget or Budget(BUDGET)))


def _parsed(source: DefinitionSource) -> ParsedSource:
    assert source.format not in {"avro", "protobuf"}  # noqa: S101 -- decided by the caller, for the type checker
    return ParsedSource(
        format=source.format,  # type: ignore[arg-type]  # narrowed above
        path=posixpath.normpath(source.path),
        sources=Sources(source.files),
    )


def _missing(source: DefinitionSource) -> list[Problem]:
    path = posixpath.normpath(source.path)
    if path in source.files:
        return []
    return [_problem("EAS-2001", f"there is no file {path}", path, did_you_mean(path, source.files))]


def _problem(code: str, message: str, file: str, hint: str) -> Problem:
    return Problem(code=code, message=message, place=Place(file=file), hint=hint, severity=Severity.ERROR)


def _compare_openapi(old: ParsedSource, new: ParsedSource, policy: Policy, budget: Budget) -> list[Verdict]:
    before, after = _read_openapi(old), _read_openapi(new)
    if before is None or after is None or _is_same(old, new):
        return []
    changes = Changes(
        old=Document(old.sources, old.path),
        new=Document(new.sources, new.path),
        dialect_old=before.dialect,
        dialect_new=after.dialect,
        policy=policy,
        budget=budget,
    )
    compare_openapi(before, after, changes)
    return changes.finished()


def _read_openapi(source: ParsedSource) -> ApiPart | None:
    sources, file = source.sources, source.path
    document = sources.mapping(sources.document(file), Location(file))
    version = str(document.get("openapi", document.get("swagger", "")))
    if version.startswith(("3.0", "3.1")) and "openapi" in document:
        return read_openapi_3(sources, file)
    if version.startswith("2.0") or (version == "2" and "swagger" in document):
        return read_openapi_2(sources, file)
    if document or not sources.problems:
        shown = f"OpenAPI {version[:20]} is not compared" if version else "this is no OpenAPI description"
        sources.report("EAS-2005", shown, Location(file), "Use OpenAPI 2.0, 3.0 or 3.1.")
    return None


def _compare_asyncapi(old: ParsedSource, new: ParsedSource, policy: Policy, budget: Budget) -> list[Verdict]:
    before = read_asyncapi_description(old.sources, old.path)
    after = read_asyncapi_description(new.sources, new.path)
    if before is None or after is None or _is_same(old, new):
        return []
    changes = Changes(
        old=Document(old.sources, old.path),
        new=Document(new.sources, new.path),
        dialect_old="draft-07",
        dialect_new="draft-07",
        policy=policy,
        budget=budget,
    )
    compare_asyncapi(before, after, changes)
    return changes.finished()


def _compare_json_schema(old: ParsedSource, new: ParsedSource, policy: Policy, budget: Budget) -> list[Verdict]:
    """Both directions: a schema alone does not say who writes."""
    before, after = old.sources.document(old.path), new.sources.document(new.path)
    if old.sources.problems or new.sources.problems:
        return []
    changes = Changes(
        old=Document(old.sources, old.path),
        new=Document(new.sources, new.path),
        dialect_old=_dialect(before),
        dialect_new=_dialect(after),
        policy=policy,
        budget=budget,
    )
    for direction in (Direction.REQUEST, Direction.RESPONSE):
        changes.schemas(Found(before, Location(old.path)), Found(after, Location(new.path)), direction)
    return changes.finished()


def _dialect(schema: Any) -> str:
    said = schema.get("$schema") if isinstance(schema, Mapping) else None
    return said if isinstance(said, str) else _SCHEMA_DIALECT


def _compare_foreign(
    old: DefinitionSource, new: DefinitionSource, policy: Policy
) -> tuple[Comparison, tuple[Problem, ...]]:
    engine = ENGINES.get(old.format)
    if engine is None:
        hint = "No engine for this format is installed."
        return Comparison(), (_problem("EAS-2502", f"{old.format} is not compared", new.path, hint),)
    old_text, new_text = (source.files[posixpath.normpath(source.path)] for source in (old, new))
    try:
        found = [
            verdict
            for direction in (Direction.PUBLISH, Direction.SUBSCRIBE)
            for verdict in engine(old_text, new_text, direction=direction, policy=policy)
        ]
    except UnreadableSchemaError as error:
        side = old if error.is_old else new
        hint = f"Name a valid {side.format} schema."
        return Comparison(), (_problem("EAS-2503", str(error), side.path, hint),)
    located = comparison(found).located(old_file=posixpath.normpath(old.path), new_file=posixpath.normpath(new.path))
    return _with_lines(located, *(_opened(side) for side in (old, new))), ()


def _opened(source: DefinitionSource) -> Sources:
    """Sources that know the places of the main file, which may be read as JSON."""
    sources = Sources(source.files)
    sources.document(posixpath.normpath(source.path))
    return sources


def _is_same(old: ParsedSource, new: ParsedSource) -> bool:
    """Whether both are one file with one content: then nothing can differ, whatever it refers to inside."""
    before, after = old.sources.document(old.path), new.sources.document(new.path)
    return len(old.sources.files) == len(new.sources.files) == 1 and same_json(before, after)


def _with_lines(found: Comparison, old: Sources, new: Sources) -> Comparison:
    return Comparison(
        verdicts=tuple(
            replace(verdict, old=_with_line(verdict.old, old), new=_with_line(verdict.new, new))
            for verdict in found.verdicts
        )
    )


def _with_line(position: Position, sources: Sources) -> Position:
    if not position.file:
        return position
    place = sources.place_of(position.file, position.pointer)
    return replace(position, line=place.line, column=place.column)
