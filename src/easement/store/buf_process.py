"""The ``buf`` program as a subprocess: compiles Protobuf files and lists what breaks between two sets of them.

It reads only what is staged for it in a folder of its own, asks for no module of others, reaches no network (its proxy
is a closed port), and is ended when it takes too long or writes too much. Its program is in the extra ``formats``.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from easement.store.child_process import die_with_parent

TIMEOUT: Final = 60.0
"""Seconds for one run; a large repository of definitions takes some."""
MOST_OUTPUT: Final = 128 * 1024 * 1024
_FINDINGS: Final = 100
_CLOSED: Final = "http://127.0.0.1:9"
_CONFIGURATION: Final = b"version: v2\nmodules: [{path: .}]\nbreaking: {use: [FILE, PACKAGE, WIRE_JSON]}\n"


class BufMissingError(Exception):
    """The program is not installed."""


class BufFailedError(Exception):
    """The program did not do its work: it took too long, wrote too much, or ended with an unknown status."""


class BufCompileError(Exception):
    """The files of a side (``old`` or ``new``) do not compile. ``output`` is what buf wrote: a JSON object per line."""

    def __init__(self, side: str, output: bytes) -> None:
        super().__init__(f"the {side} files do not compile")
        self.side = side
        self.output = output


@dataclass(frozen=True, slots=True, kw_only=True)
class BufResult:
    """Raw output: findings as a JSON object per line, and both sides as FileDescriptorSets in JSON."""

    findings: bytes
    old_image: bytes
    new_image: bytes


def buf_program() -> Path:
    """Where buf is: beside the interpreter, else on PATH.

    Raises :class:`BufMissingError`.
    """
    beside = Path(sys.executable).parent / "buf"
    if beside.is_file():
        return beside
    found = shutil.which("buf")
    if found is None:
        raise BufMissingError("the program 'buf' is not installed")
    return Path(found)


def buf_breaking(old: Mapping[str, bytes], new: Mapping[str, bytes], *, timeout: float = TIMEOUT) -> BufResult:
    """Compile both sets of files (relative path to content) and list what breaks, by buf's FILE and WIRE_JSON rules.

    Raises :class:`BufMissingError`, :class:`BufCompileError`, :class:`BufFailedError`, and ValueError for a path that
    leads out of its folder.
    """
    program = buf_program()
    with _staged({"old": old, "new": new}) as folder:
        images = {}
        for side in ("old", "new"):
            status, output = _run(program, folder, ["build", side, "-o", "-#format=json"], timeout)
            if status:
                _, output = _run(program, folder, ["build", side, "-o", os.devnull, "--error-format", "json"], timeout)
                raise BufCompileError(side, output)
            images[side] = output
        arguments = ["breaking", "new", "--against", "old", "--error-format", "json"]
        status, findings = _run(program, folder, arguments, timeout)
    if status not in {0, _FINDINGS}:
        raise BufFailedError(f"buf ended with status {status}")
    return BufResult(findings=findings, old_image=images["old"], new_image=images["new"])


@contextmanager
def _staged(sides: Mapping[str, Mapping[str, bytes]]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="easement-buf-") as name:
        folder = Path(name)
        for side, files in sides.items():
            (folder / side).mkdir()
            (folder / side / "buf.yaml").write_bytes(_CONFIGURATION)
            for path, content in files.items():
                target = folder / side / _inside(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        yield folder


def _inside(path: str) -> PurePosixPath:
    inner = PurePosixPath(path)
    if inner.is_absolute() or ".." in inner.parts or inner.suffix != ".proto" or "\0" in path:
        raise ValueError(f"{path!r} is no relative path of a .proto file")
    return inner


def _run(program: Path, folder: Path, arguments: list[str], timeout: float) -> tuple[int, bytes]:
    with tempfile.TemporaryFile(dir=folder) as output:
        process = subprocess.Popen(
            [str(program), *arguments],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output if "--error-format" in arguments else subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_limited,  # noqa: PLW1509 -- one system call each, no lock is taken
        )
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise BufFailedError(f"buf took longer than {timeout:g} s and was ended") from None
        finally:
            _end(process)
        if output.tell() >= MOST_OUTPUT:
            raise BufFailedError(f"buf wrote more than {MOST_OUTPUT:,} bytes")
        output.seek(0)
        return status, output.read(MOST_OUTPUT)


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of ours: no token, no configuration, no proxy that would let it out."""
    return {
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "PATH": "",
        "NO_COLOR": "1",
        "GOMEMLIMIT": "1GiB",
        "HTTP_PROXY": _CLOSED,
        "HTTPS_PROXY": _CLOSED,
    }


def _limited() -> None:
    """For ``preexec_fn``: no file beyond the bound on output, no core, and no life without its parent."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_OUTPUT, MOST_OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    die_with_parent()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
