"""The Protobuf part of ``easement diff``: which files belong to a description, and buf's word on both sides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final, NoReturn

from easement.cli.failure import ExitCode, fail
from easement.contract.kinds import Severity
from easement.contract.problems import Place, Problem
from easement.interfaces.compatibility.foreign import UnreadableSchemaError
from easement.interfaces.compatibility.policy import Policy
from easement.interfaces.compatibility.protobuf import compare_protobuf, read_findings
from easement.interfaces.compatibility.verdict import Comparison, Position
from easement.store.buf_process import BufCompileError, BufFailedError, BufMissingError, buf_breaking

MOST_FILES: Final = 5_000
MOST_BYTES: Final = 64 * 1024 * 1024
_IMPORT: Final = re.compile(
    rb"""(?:^|;)\s*import\s+(?:public\s|weak\s)?\s*["']([^"'\n]+\.proto)["']\s*;""", re.MULTILINE
)
_BUILT_IN: Final = "google/protobuf/"
_LEVELS_UP: Final = 8
_MISSING: Final = "Protobuf is compared with buf: install the extra, as in pip install 'easement[formats]'."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """Files below ``root``; ``main`` is the one that was named, empty where a folder was."""

    root: Path
    main: str
    files: Mapping[str, bytes]


def compare_protobuf_paths(old: Path, new: Path, policy: Policy) -> tuple[Comparison, tuple[Problem, ...]]:
    """Two ``.proto`` files with what they import, or two folders of them. Ends the command where buf cannot work."""
    if old.is_dir() != new.is_dir():
        fail(f"{old} and {new} must both be files or both be folders", code=ExitCode.USAGE)
    before, after = (_folder(path) if path.is_dir() else _with_imports(path) for path in (old, new))
    try:
        result = buf_breaking(_named_as(before, after.main), after.files)
        findings = read_findings(result.findings)
        found = compare_protobuf(findings, json.loads(result.old_image), json.loads(result.new_image), policy=policy)
    except BufMissingError as error:
        fail(str(error), hint=_MISSING)
    except BufCompileError as error:
        side = before if error.side == "old" else after
        return Comparison(), tuple(_problems(error, side, after.main))
    except (BufFailedError, UnreadableSchemaError, ValueError) as error:
        fail(f"the comparison failed: {error}", hint="Try buf itself on the files; it says what it cannot do.")
    return _shown(found, before, after), ()


def _named_as(side: _Files, main: str) -> dict[str, bytes]:
    """The files with the main one called as on the other side: which file it is in is no change of an interface."""
    return {(main if name == side.main and main else name): content for name, content in side.files.items()}


def _folder(path: Path) -> _Files:
    found: dict[str, bytes] = {}
    total = 0
    for each in sorted(path.rglob("*.proto")):
        if each.is_symlink() or not each.is_file():
            continue
        total += each.stat().st_size
        if len(found) >= MOST_FILES or total > MOST_BYTES:
            _too_much(path)
        found[each.relative_to(path).as_posix()] = each.read_bytes()
    if not found:
        fail(f"there is no .proto file in {path}", code=ExitCode.USAGE, hint="Name a folder of Protobuf files.")
    return _Files(root=path, main="", files=found)


def _with_imports(path: Path) -> _Files:
    if path.stat().st_size > MOST_BYTES:
        _too_much(path)
    root = _root(path)
    main = path.absolute().relative_to(root).as_posix()
    found: dict[str, bytes] = {}
    left, total = [main], 0
    while left:
        name = left.pop()
        file = root / name
        if name in found or not _is_below(file, root):
            continue
        total += file.stat().st_size
        if len(found) >= MOST_FILES or total > MOST_BYTES:
            _too_much(path)
        found[name] = file.read_bytes()
        left.extend(_imports(found[name]))
    if PurePosixPath(main).suffix != ".proto":
        found[f"{main}.proto"] = found.pop(main)
        main = f"{main}.proto"
    return _Files(root=root, main=main, files=found)


def _root(path: Path) -> Path:
    """The nearest folder from which every import can be found; that of the file where none is complete."""
    folder = path.absolute().parent
    wanted = list(_imports(path.read_bytes()))
    above = [folder, *folder.parents][:_LEVELS_UP]
    return next((one for one in above if all(_is_below(one / name, one) for name in wanted)), folder)


def _imports(content: bytes) -> Iterator[str]:
    for found in _IMPORT.finditer(content):
        name = found.group(1).decode("utf-8", "replace")
        if not name.startswith(_BUILT_IN):
            yield name


def _is_below(file: Path, root: Path) -> bool:
    """Whether a file is there and no name or link leads out of the root."""
    return file.is_file() and file.resolve().is_relative_to(root.resolve())


def _too_much(path: Path) -> NoReturn:
    fail(f"{path} has more than {MOST_FILES:,} files or {MOST_BYTES:,} bytes")


def _problems(error: BufCompileError, side: _Files, new_main: str) -> Iterator[Problem]:
    try:
        findings = read_findings(error.output, side=error.side)
    except UnreadableSchemaError:
        findings = ()
    for one in findings:
        place = Place(file=_path(side, one.file, new_main), line=one.line, column=one.column)
        yield _problem(one.message, place)
    if not findings:
        yield _problem("the files do not compile", Place(file=_path(side, new_main, new_main)))


def _problem(message: str, place: Place) -> Problem:
    hint = "Mend the file; imports are looked for beside it and in the folders above."
    return Problem(code="EAS-2503", message=message, place=place, hint=hint, severity=Severity.ERROR)


def _shown(found: Comparison, old: _Files, new: _Files) -> Comparison:
    return Comparison(
        verdicts=tuple(
            replace(verdict, old=_moved(verdict.old, old, new.main), new=_moved(verdict.new, new, new.main))
            for verdict in found.verdicts
        )
    )


def _moved(position: Position, side: _Files, new_main: str) -> Position:
    return replace(position, file=_path(side, position.file, new_main)) if position.file else position


def _path(side: _Files, file: str, new_main: str) -> str:
    """The file as people at this place would write it."""
    path = side.root / (side.main if file == new_main and side.main else file)
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()
