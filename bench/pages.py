"""Pages of the console over an estate of 10,000 integrations: the first one after a change, and those after it."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from compiler import estate_files, timed

from easement.contract.loader import load
from easement.governance.apply import apply
from easement.runtime.bootstrap import ControlPlane, build_control_plane
from easement.runtime.settings import Settings

ADMINISTRATOR = "administrator"
PAGES = ("/", "/registry", "/registry?q=int77", "/graph?at=system/api7", "/integrations/int77", "/worklists")
CHANGED = b'"description": "int77"'


async def sign_in(client: httpx.AsyncClient, token: str) -> None:
    issued = await client.post(f"/api/v1/people/{ADMINISTRATOR}/links", headers={"Authorization": f"Bearer {token}"})
    path = "/sign-in/" + issued.json()["url"].split("/sign-in/")[1]
    await client.get(path)
    done = await client.post(path, headers={"Origin": "https://localhost", "Sec-Fetch-Site": "same-origin"})
    done.raise_for_status() if done.status_code >= 400 else None


async def measure(plane: ControlPlane, what: str) -> None:
    token = (plane.data.keys / "operator.token").read_text().strip()
    transport = httpx.ASGITransport(plane.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost", timeout=300) as client:
        await sign_in(client, token)
        for page in PAGES:
            taken = []
            for _ in range(6):
                began = time.perf_counter()
                answer = await client.get(page)
                taken.append((time.perf_counter() - began) * 1000)
                answer.raise_for_status()
            then = statistics.median(taken[1:])
            print(f"{what:<14} {page:<24} first {taken[0]:7,.0f} ms   then {then:5,.0f} ms", flush=True)


def main() -> int:
    files = estate_files()
    with tempfile.TemporaryDirectory() as folder:
        plane = build_control_plane(Settings(data=Path(folder) / "data"))
        began = time.perf_counter()
        apply(plane.registry, load(files), ADMINISTRATOR)
        timed("apply 11,101 documents, enforce 10,000 integrations", began)
        asyncio.run(measure(plane, "after the start"))
        changed = {n: c.replace(CHANGED, b'"description": "changed"') for n, c in files.items() if CHANGED in c}
        whole = {**files, **changed}
        began = time.perf_counter()
        apply(plane.registry, load(whole), ADMINISTRATOR)
        timed("apply again with one document changed", began)
        asyncio.run(measure(plane, "after a change"))
        plane.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
