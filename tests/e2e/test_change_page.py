"""The how-to page about changing an interface: its commands, on a running installation, with a real mail server."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Final

import pytest
from aiosmtpd.controller import Controller

from easement.testing.installation import Installation, free_ports, running
from easement.testing.small_estate import (
    INTEGRATION,
    document,
    integration,
    interface,
    openapi,
    small_files,
    system,
)

pytestmark = pytest.mark.timeout(300)
PAGE: Final = (Path(__file__).parents[2] / "docs/how-to/change-an-interface.md").read_text()
COMMANDS: Final = [
    line.strip().removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


class Mailbox:
    def __init__(self) -> None:
        self.kept: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        self.kept.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


def estate() -> dict[str, bytes]:
    teams = [
        document("Team", "platform", {"email": "platform@example.org", "oncall": "x"}),
        document("Team", "shopping", {"email": "shop@example.org", "oncall": "x", "members": ["carol"]}),
    ]
    shop = system("shop")
    shop["metadata"]["owner"] = "shopping"
    return small_files(*teams, shop)


def second_version() -> dict[str, bytes]:
    described = interface(version="2.0.0", definition={"openapi": "stock-2.json"})
    return {
        "interface/stock-api-2.yaml": json.dumps(described).encode(),
        "interface/stock-2.json": openapi(fields=("sku", "place")).encode(),
    }


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box, (port,) = Mailbox(), free_ports(1)
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, port
    server.stop()


def token_of(one: Installation, person: str, *roles: str) -> str:
    """A new person, and a token of their own."""
    one.person(person, *roles)
    return one._person_token(person)


def typed(one: Installation, command: str, folder: Path, *, token: str, status: int = 0) -> str:
    words = shlex.split(command)
    assert words[0] == "easement"
    done = subprocess.run(
        [sys.executable, "-m", "easement", *words[1:]],
        cwd=folder, env={**one.environment, "EASEMENT_TOKEN": token}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == status, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_the_page_does_what_it_says(tmp_path: Path, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    mail = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "smtp_from": "easement@example.org"}
    folder = tmp_path / "work"
    write(folder / "estate", estate())
    (folder / "stock-2.json").write_text(openapi(fields=("sku", "place")))
    ask, publish, open_, list_, inbox, ack, start, show = COMMANDS
    with running(tmp_path / "installation", **mail) as one:
        dana = token_of(one, "dana", "developer")
        carol = token_of(one, "carol", "developer")
        one.person("rita", "reviewer", "security", "compliance", "coe")
        typed(one, publish, folder, token=dana)
        one.approve_all("rita")
        assert INTEGRATION in typed(one, ask, folder, token=dana, status=3)
        write(folder / "estate", second_version())
        typed(one, publish, folder, token=dana)
        one.approve_all("rita")
        assert "CHG-0001" in typed(one, open_, folder, token=dana)
        assert "noticed" in typed(one, list_, folder, token=dana)
        assert "CHG-0001" in typed(one, inbox, folder, token=carol)
        assert "acknowledged (carol)" in typed(one, ack, folder, token=carol)
        assert {str(each["to"]) for each in _arrived(box)} == {"shop@example.org"}
        assert "transition" in typed(one, start, folder, token=dana)
        assert "stock-api@2" in typed(one, show, folder, token=dana)
        _narrowing_is_refused(one, folder, dana)


def _narrowing_is_refused(one: Installation, folder: Path, token: str) -> None:
    """By the command line, after all of it: the contract stays as it is."""
    narrowed = json.dumps(integration(fields=["sku"])).encode()
    write(folder / "estate", {f"integration/{INTEGRATION}.yaml": narrowed})
    typed(one, "easement apply estate --auto-approve", folder, token=token)
    (waiting,) = one.api("rita", "GET", "/reviews").json()["items"]
    with pytest.raises(RuntimeError, match="has not agreed"):
        one.api("rita", "POST", f"/reviews/{waiting['id']}/approve", json={"comment": "x"})


def _arrived(box: Mailbox) -> list[Any]:
    deadline = time.monotonic() + 30
    while not box.kept and time.monotonic() < deadline:
        time.sleep(0.1)
    return box.kept
