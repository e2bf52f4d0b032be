"""What ``easement diff`` compares: two paths become two descriptions, of a format that is said or guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

from easement.cli.can_i_change_offline import description_files
from easement.cli.failure import ExitCode, fail
from easement.contract.problems import Place, Problem
from easement.interfaces.compatibility.compare import DefinitionSource, Format, compare_definitions
from easement.interfaces.compatibility.policy import Policy
from easement.interfaces.compatibility.verdict import Comparison, Position
from easement.interfaces.sources import MAX_FILE_BYTES, Sources

_SUFFIXES: Final = {".avsc": "avro", ".proto": "protobuf"}
_HEADS: Final = (
    (re.compile(rb"""^\s*\{?\s*["']?(?:openapi|swagger)["']?\s*:""", re.MULTILINE), "openapi"),
    (re.compile(rb"""^\s*\{?\s*["']?asyncapi["']?\s*:""", re.MULTILINE), "asyncapi"),
)
_HEAD_BYTES: Final = 4096
_AVRO_KINDS: Final = frozenset({"record", "enum", "fixed"})
_SIDES: Final = ("old", "new")


@dataclass(frozen=True, slots=True)
class _Side:
    """One side: ``name`` is the folder under which its files are known inside the comparison."""

    name: str
    path: Path

    def source(self, kind: str) -> DefinitionSource:
        main, files = description_files(self.path)
        return DefinitionSource(
            format=cast("Format", kind),
            path=f"{self.name}/{main}",
            files={f"{self.name}/{file}": content for file, content in files.items()},
        )

    def shown(self, file: str) -> str:
        """The file as people at this place would write it."""
        inside = file.removeprefix(f"{self.name}/")
        return (self.path.parent / inside).as_posix() if inside != file else file


def compare_paths(old: Path, new: Path, kind: str, policy: Policy) -> tuple[Comparison, tuple[Problem, ...], str]:
    """The comparison, what is wrong with either side, and the format. Ends the command where a file is unfit."""
    if kind == "protobuf" or (not kind and "protobuf" in {_guessed_by_name(old), _guessed_by_name(new)}):
        from easement.cli.diff_protobuf import compare_protobuf_paths

        return (*compare_protobuf_paths(old, new, policy), "protobuf")
    sides = [_Side(name, path) for name, path in zip(_SIDES, (old, new), strict=True)]
    for side in sides:
        _fit(side.path)
    kinds = [kind or guessed_format(side.path) for side in sides]
    found, problems = compare_definitions(
        *(side.source(one) for side, one in zip(sides, kinds, strict=True)), policy=policy
    )
    shown = Comparison(
        verdicts=tuple(
            replace(verdict, old=_moved(verdict.old, sides), new=_moved(verdict.new, sides))
            for verdict in found.verdicts
        )
    )
    return shown, tuple(_moved_problem(problem, sides) for problem in problems), kinds[1]


def guessed_format(path: Path) -> str:
    """The format by the name of the file, else by what stands at its beginning, else by its keys."""
    if by_name := _guessed_by_name(path):
        return by_name
    content = path.read_bytes()
    for pattern, name in _HEADS:
        if pattern.search(content[:_HEAD_BYTES]):
            return name
    document: Any = Sources({path.name: content}).document(path.name)
    if not isinstance(document, Mapping):
        return "avro" if isinstance(document, list) else "json-schema"
    for key, name in (("openapi", "openapi"), ("swagger", "openapi"), ("asyncapi", "asyncapi")):
        if key in document:
            return name
    named = document.get("type")
    return "avro" if isinstance(named, str) and named in _AVRO_KINDS and "name" in document else "json-schema"


def _guessed_by_name(path: Path) -> str:
    return "protobuf" if path.is_dir() else _SUFFIXES.get(path.suffix.lower(), "")


def _fit(path: Path) -> None:
    if not path.is_file():
        fail(f"{path} is no file", code=ExitCode.USAGE, hint="Only Protobuf is compared by folder.")
    if path.stat().st_size > MAX_FILE_BYTES:
        fail(f"{path} has more than {MAX_FILE_BYTES:,} bytes")


def _moved(position: Position, sides: list[_Side]) -> Position:
    side = next((one for one in sides if position.file.startswith(f"{one.name}/")), None)
    return replace(position, file=side.shown(position.file)) if side else position


def _moved_problem(problem: Problem, sides: list[_Side]) -> Problem:
    side = next((one for one in sides if problem.place.file.startswith(f"{one.name}/")), None)
    if side is None:
        return problem
    place: Place = replace(problem.place, file=side.shown(problem.place.file))
    return replace(problem, place=place)
