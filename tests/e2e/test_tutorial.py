"""The tutorial works as written: its files are made, its commands run in order, and what it shows is what comes out."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-contract.md"
BLOCK = re.compile(r"^```(\S+)[ ]?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORTS = {"9000": "", "8443": "GATEWAY", "9443": "CONTROL", "8080": "CONSOLE", "4222": "BROKER"}
OTHER_PORTS = ("BROKER_MONITOR", "DECIDER", "GATEWAY_ADMIN")
VARYING = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # transaction, record and review ids
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    r"|\b[0-9a-f]{64}\b|\b[0-9a-f]{16}\b|\b[0-9a-f]{12}\b"  # revisions and plans, recorders, short plans
    r"|(?<=sign-in/)[\w-]+"
    r"|\b\d+(?:\.\d+)? m?s\b"
    r"|\b\d+(?= (?:sealed|in \d|log|unsealed))|(?<=in )\d+(?= segments)|(?<= at )\d+|(?<=\w{16} )\d+$"
    r"|(?<=bytes       ).*|\S+(?=/\.easement)|\.\.\."
)
PATIENCE_S = 20.0
"""A reader types more slowly than a plan reaches the gateway; this test does not."""


@dataclass(frozen=True)
class Block:
    language: str
    options: dict[str, str]
    text: str

    @property
    def steps(self) -> list[tuple[str, list[str]]]:
        """Commands, each with the lines that the page shows below it."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line.strip():
                found[-1][1].append(line)
        return found


@dataclass
class Reader:
    """Somebody who follows the page, with as many terminals as it asks for."""

    folder: Path
    environment: dict[str, str]
    known: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[str]] = field(default_factory=list)
    shell: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.shell = subprocess.Popen(
            ["bash", "--norc"], cwd=self.folder, env=self.environment, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.running.append(self.shell)

    def translated(self, text: str) -> str:
        """The page's text with this run's ports and ids."""
        for shown, actual in self.known.items():
            text = text.replace(shown, actual)
        return text

    def write(self, block: Block) -> None:
        path = self.folder / block.options["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.translated(block.text))

    def leave_running(self, block: Block) -> None:
        """Run a block in a terminal of its own, until its last shown line."""
        output = self.folder / f"{block.options['terminal']}.log"
        script = " && ".join(self.translated(command) for command, _ in block.steps)
        with output.open("w") as log:
            terminal = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self.environment,
                text=True,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.running.append(terminal)
        deadline = time.monotonic() + 90
        for _, shown in block.steps:
            while (missing := self.missing(shown, output.read_text())) is not None:
                assert time.monotonic() < deadline, f"{missing!r} did not appear in:\n{output.read_text()}"
                time.sleep(0.1)

    def type(self, command: str) -> tuple[int, str]:
        """Run a command in the reader's own terminal; its exit status and output."""
        assert self.shell.stdin
        assert self.shell.stdout
        self.shell.stdin.write(f"{command}\nprintf '\\n<<%s>>\\n' $?\n")
        self.shell.stdin.flush()
        lines: list[str] = []
        for line in self.shell.stdout:
            if ended := re.fullmatch(r"<<(\d+)>>\n", line):
                return int(ended[1]), "".join(lines)
            lines.append(line)
        raise AssertionError(f"the terminal closed at {command!r}: {lines}")

    def missing(self, shown: list[str], output: str) -> str | None:
        """The first shown line that the output lacks, in order; what varies is remembered under the page's words."""
        lines = iter(output.splitlines())
        found: dict[str, str] = {}
        for wanted in shown:
            if wanted.strip() == "...":
                continue
            wanted = self.translated(wanted)  # noqa: PLW2901 - the same line in this run's words
            pattern = re.compile("(.*)".join(re.escape(part) for part in VARYING.split(wanted.rstrip())) + r"\s*")
            match = next((match for line in lines if (match := pattern.fullmatch(line))), None)
            if match is None:
                return wanted
            found.update(zip(VARYING.findall(wanted), match.groups(), strict=True))
        self.known.update({word: value for word, value in found.items() if len(word) >= 12})
        return None

    def stop(self) -> None:
        for process in reversed(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()


def blocks_of(page: Path) -> list[Block]:
    return [
        Block(language, dict(option.split("=", 1) for option in options.split()), text)
        for language, options, text in BLOCK.findall(page.read_text())
    ]


@pytest.fixture
def reader(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Iterator[Reader]:
    ports = [str(port) for port in free_ports(len(PORTS) + len(OTHER_PORTS))]
    chosen = dict(zip(PORTS, ports, strict=False))
    names = [*PORTS.values(), *OTHER_PORTS]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EASEMENT_")}
    environment |= {f"EASEMENT_{name}_PORT": port for name, port in zip(names, ports, strict=True) if name}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
    one = Reader(tmp_path, environment, known=chosen)
    try:
        yield one
    finally:
        one.stop()


@pytest.mark.timeout(420)
def test_the_tutorial_works_as_written(reader: Reader):
    blocks = blocks_of(PAGE)
    assert sum(block.language == "console" for block in blocks) >= 15
    for block in blocks:
        if "file" in block.options:
            reader.write(block)
        elif "terminal" in block.options:
            reader.leave_running(block)
        else:
            follow(reader, block)


def follow(reader: Reader, block: Block) -> None:
    steps = block.steps
    for number, (command, shown) in enumerate(steps, 1):
        wanted = int(block.options.get("exits", 0)) if number == len(steps) else 0
        asks = command.startswith(("curl", "easement audit trace", "easement audit search", "easement audit verify"))
        deadline = time.monotonic() + (PATIENCE_S if asks else 0)
        while True:
            status, output = reader.type(reader.translated(command))
            missing = reader.missing(shown, output)
            if (status, missing) == (wanted, None):
                break
            assert time.monotonic() < deadline, f"$ {command}\nstatus {status}, missing {missing!r} in:\n{output}"
            time.sleep(0.3)
