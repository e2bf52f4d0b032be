"""Asking the running Envoy: whether it serves, which versions it took, to drain, to reopen its log."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Final

import httpx

_VERSION: Final = re.compile(r'^(\S+)\.version_text: "(.*)"$', re.MULTILINE)
_REJECTED: Final = re.compile(r"^(\S+)\.update_rejected: (\d+)$", re.MULTILINE)
_POLL_S: Final = 0.05
SCOPES: Final = {
    "cds.json": "cluster_manager.cds",
    "rds.json": "http.data.rds.data",
    "lds.json": "listener_manager.lds",
    "limits.json": "extension_config_discovery.http_filter.easement.limits",
}
"""Where Envoy counts the updates of each file."""


class NotTakenError(RuntimeError):
    """Envoy rejected an update or did not take it in time."""


@dataclass(frozen=True, slots=True)
class EnvoyAdmin:
    """The administration interface on loopback."""

    port: int

    async def is_ready(self) -> bool:
        """Whether Envoy has its configuration and serves."""
        return (await self._ask("GET", "/ready")) == "LIVE"

    async def wait_ready(self, seconds: float) -> bool:
        """Wait until it serves."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if await self.is_ready():
                return True
            await asyncio.sleep(_POLL_S)
        return False

    async def rejected(self) -> dict[str, int]:
        """How many updates were rejected so far, by scope."""
        stats = await self._ask("GET", "/stats?filter=update_rejected")
        return {scope: int(count) for scope, count in _REJECTED.findall(stats)}

    async def wait_version(self, file: str, version: str, *, rejected: dict[str, int], seconds: float) -> None:
        """Wait until Envoy has taken ``version`` of ``file``. Raises :class:`NotTakenError`."""
        scope = SCOPES[file]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            stats = await self._ask("GET", "/stats?filter=(version_text|update_rejected)")
            if dict(_VERSION.findall(stats)).get(scope) == version:
                return
            now = dict(_REJECTED.findall(stats))
            if int(now.get(scope, 0)) > rejected.get(scope, 0):
                raise NotTakenError(f"Envoy rejected {file}; its log says why")
            await asyncio.sleep(_POLL_S)
        raise NotTakenError(f"Envoy did not take {file} within {seconds:.0f} s")

    async def drain(self, seconds: float) -> None:
        """Take no more connections and wait until no request is under way."""
        await self._ask("POST", "/healthcheck/fail")
        await self._ask("POST", "/drain_listeners?graceful")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            stats = await self._ask("GET", "/stats?filter=http%5C.(data%7Ccontrol)%5C.downstream_rq_active")
            if not re.search(r": [1-9]", stats):
                return
            await asyncio.sleep(_POLL_S)

    def reopen_logs(self) -> bool:
        """Have the access log opened anew (blocking; called from the thread that reads the log)."""
        try:
            return httpx.post(f"http://127.0.0.1:{self.port}/reopen_logs", timeout=5).is_success
        except httpx.HTTPError:
            return False

    async def _ask(self, method: str, path: str) -> str:
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=10) as client:
                answer = await client.request(method, path)
        except httpx.HTTPError:
            return ""
        return answer.text.strip()
