"""Targets that answer as their published descriptions say: one Prism mock server for each description."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from easement.store.child_process import die_with_parent
from easement.testing.installation import free_ports, until

START_S: Final = 90.0
_END_S: Final = 10.0


@contextlib.contextmanager
def mock_targets(prism: Path, descriptions: Mapping[str, Path], folder: Path) -> Iterator[Mapping[str, int]]:
    """Start them and give their ports by name at once; :func:`until_mocked` waits until they answer.

    ``prism`` is ``dist/index.js`` of the npm package ``@stoplight/prism-cli``. Each serves a copy, in ``folder``, of a
    description (JSON) without ``security``: the gateway keeps the callers' tokens to itself, so a target sees none.
    """
    ports = dict(zip(descriptions, free_ports(len(descriptions)), strict=True))
    with contextlib.ExitStack() as stack:
        for name, description in descriptions.items():
            served = folder / f"{name}.served.json"
            served.write_text(json.dumps(_without_security(json.loads(description.read_bytes()))))
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                ["node", prism, "mock", served, "-h", "127.0.0.1", "-p", str(ports[name])],  # noqa: S607 - node stands where its installer put it
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent,  # noqa: PLW1509 - it makes one call of the kernel
            )  # fmt: skip
            stack.callback(_end, process)
        yield ports


def until_mocked(ports: Mapping[str, int]) -> None:
    """Wait until each of them answers. Raises ``TimeoutError`` that names the one that does not."""
    for name, port in ports.items():
        until(partial(_answers, port), f"the mock server of {name} answers", START_S)


def _answers(port: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=5).status_code > 0
    return False


def _without_security(description: dict[str, Any]) -> dict[str, Any]:
    operations = [item for path in description["paths"].values() for item in path.values() if isinstance(item, dict)]
    for part in (description, *operations):
        part.pop("security", None)
    return description


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
