"""What a red team got past the whole control plane as it is put together, and past the files it leaves."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from easement.runtime.bootstrap import ControlPlane, build_control_plane
from easement.runtime.layout import DataDirectory
from easement.runtime.settings import Settings

PUBLIC = frozenset({
    "/livez", "/readyz", "/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/jwks",
    "/.well-known/oauth-authorization-server", "/.well-known/jwks.json",
})  # fmt: skip
"""What answers without a person: probes, and the OAuth endpoints, which ask for a client by themselves."""


@pytest.fixture(scope="module")
def red_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = build_control_plane(Settings(data=tmp_path_factory.mktemp("red") / "data"))
    yield plane
    plane.close()


def ask(plane: ControlPlane, method: str, path: str, token: str = "") -> httpx.Response:
    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(plane.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return await client.request(method, path, headers=headers)

    return asyncio.run(one())


def operator_token(plane: ControlPlane) -> str:
    return (plane.data.keys / "operator.token").read_text().strip()


@pytest.mark.parametrize("query", ["", "?_person=x", "?_person=%7B%7D", "?person=operator"])
def test_metrics_take_a_sign_in(red_plane: ControlPlane, query: str):
    assert ask(red_plane, "GET", f"/metrics{query}").status_code == 401


def test_metrics_answer_who_is_signed_in(red_plane: ControlPlane):
    assert ask(red_plane, "GET", "/metrics", operator_token(red_plane)).status_code == 200


def test_nothing_of_the_api_is_open_to_strangers(red_plane: ControlPlane):
    described = ask(red_plane, "GET", "/api/openapi.json")
    assert described.status_code == 200
    operations = [(method, path) for path, item in described.json()["paths"].items() for method in item]
    assert ("get", "/metrics") in operations
    open_to_strangers = [
        (method, path)
        for method, path in operations
        if path not in PUBLIC
        and ask(red_plane, method.upper(), path.replace("{", "").replace("}", "")).status_code != 401
    ]
    assert open_to_strangers == []


def test_no_operation_takes_its_person_from_the_caller(red_plane: ControlPlane):
    paths = ask(red_plane, "GET", "/api/openapi.json").json()["paths"]
    parameters = {
        parameter["name"]
        for item in paths.values()
        for operation in item.values()
        for parameter in operation.get("parameters", [])
    }
    assert not {name for name in parameters if name.startswith("_") or name == "person"}


def test_folders_that_were_opened_are_closed_again(tmp_path: Path):
    data = DataDirectory(tmp_path / "data")
    data.create()
    data.keys.chmod(0o755)
    data.create()
    assert stat.S_IMODE(data.keys.stat().st_mode) == 0o700


def test_a_root_that_others_use_is_left_as_it_is(tmp_path: Path):
    tmp_path.chmod(0o755)
    DataDirectory(tmp_path).create()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
