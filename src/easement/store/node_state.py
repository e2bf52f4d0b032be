"""The node's side of the control plane: the current plan and verification keys, followed by long poll, kept on disk.

Fail static: while the control plane is away the last good state goes on, also over a restart of the node.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import structlog

from easement.store.api_key_hashes import NO_KEYS, ApiKeyHashes, decode_api_keys
from easement.store.atomic_file import write_atomically
from easement.store.probe_messages import (
    ProbeMessage,
    ProbeRequested,
    decode_probe_request,
    encode_probe_message,
)
from easement.store.revocations import NOTHING_REVOKED, Revocations, decode_revocations
from easement.store.used_quotas import NOTHING_USED_UP, UsedQuotas, decode_used_quotas

_log = structlog.get_logger()
_POLL_S = 25
_RETRY_S = 1.0
_SEND_S = 30.0
_Content = TypeVar("_Content")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """What a node needs to enforce: the encoded plan (canonical JSON), its hash, and the token keys (a JWK set)."""

    plan: bytes
    plan_hash: str
    jwks: dict[str, Any]


def encode_node_state(state: NodeState) -> bytes:
    """As the control plane serves it and the node keeps it."""
    return json.dumps(
        {"plan": state.plan.decode(), "plan_hash": state.plan_hash, "jwks": state.jwks}, separators=(",", ":")
    ).encode()


def decode_node_state(data: bytes) -> NodeState:
    """Read what :func:`encode_node_state` wrote. Raises ``ValueError`` when damaged: the hash must fit the plan."""
    body = json.loads(data)
    try:
        plan = body["plan"].encode()
        state = NodeState(plan=plan, plan_hash=body["plan_hash"], jwks=body["jwks"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a node state: {error}") from error
    if hashlib.sha256(plan).hexdigest() != state.plan_hash:
        raise ValueError("the plan does not fit its hash")
    return state


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStateClient:
    """Follows ``GET {control_url}/internal/v1/state`` and ``.../revocations`` with an ETag and a long poll."""

    control_url: str
    token_file: Path
    cache: Path

    def cached(self) -> NodeState | None:
        """The last good state on disk, or None."""
        try:
            return decode_node_state(self.cache.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.warning("node_state.cache_unusable", error=str(error))
            return None

    async def follow(self, stop: asyncio.Event) -> AsyncIterator[NodeState]:
        """Yield the cached state at once if there is one, then each new state, until ``stop`` is set."""
        if (state := await asyncio.to_thread(self.cached)) is not None:
            yield state
        async for content in self._contents("/internal/v1/state", stop, decode_node_state, self.cache):
            yield content

    async def follow_revocations(self, stop: asyncio.Event) -> AsyncIterator[Revocations]:
        """Yield what was kept of the revocations, then each new list, until ``stop`` is set."""
        cache = self.cache.with_suffix(".revoked")
        yield await asyncio.to_thread(_kept, cache, decode_revocations, NOTHING_REVOKED)
        async for content in self._contents("/internal/v1/revocations", stop, decode_revocations, cache):
            yield content

    async def follow_api_keys(self, stop: asyncio.Event) -> AsyncIterator[ApiKeyHashes]:
        """Yield what was kept of the live API keys, then each new set, until ``stop`` is set."""
        cache = self.cache.with_suffix(".keys")
        yield await asyncio.to_thread(_kept, cache, decode_api_keys, NO_KEYS)
        async for content in self._contents("/internal/v1/api-keys", stop, decode_api_keys, cache):
            yield content

    async def follow_used_quotas(self, stop: asyncio.Event) -> AsyncIterator[UsedQuotas]:
        """Yield what was kept of the quotas that are used up, then each new list, until ``stop`` is set."""
        cache = self.cache.with_suffix(".quotas")
        yield await asyncio.to_thread(_kept, cache, decode_used_quotas, NOTHING_USED_UP)
        async for content in self._contents("/internal/v1/used-quotas", stop, decode_used_quotas, cache):
            yield content

    async def follow_probes(self, stop: asyncio.Event) -> AsyncIterator[ProbeRequested]:
        """Yield each change of what is to be probed, until ``stop`` is set."""
        cache = self.cache.with_suffix(".probe")
        async for content in self._contents("/internal/v1/probe-run", stop, decode_probe_request, cache):
            yield content

    async def send_probe(self, message: ProbeMessage) -> bool:
        """Send a report, or that a run is over. False when nobody waits for it. Raises :class:`httpx.HTTPError`."""
        async with httpx.AsyncClient(base_url=self.control_url, timeout=_SEND_S) as client:
            token = (await asyncio.to_thread(self.token_file.read_text)).strip()
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            content = encode_probe_message(message)
            answer = await client.post("/internal/v1/probe-reports", content=content, headers=headers)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        answer.raise_for_status()
        return True

    async def _contents(
        self, path: str, stop: asyncio.Event, decode: Callable[[bytes], _Content], cache: Path
    ) -> AsyncIterator[_Content]:
        """Each new content of a resource, kept in ``cache`` before it is yielded."""
        etag = ""
        reachable = True
        async with httpx.AsyncClient(base_url=self.control_url, timeout=_POLL_S + 10) as client:
            while not stop.is_set():
                try:
                    answer = await self._get(client, path, etag)
                    if answer.status_code == httpx.codes.OK:
                        content = decode(answer.content)
                        etag = answer.headers.get("etag", "")
                        await asyncio.to_thread(write_atomically, cache, answer.content)
                        yield content
                    elif answer.status_code != httpx.codes.NOT_MODIFIED:
                        raise httpx.HTTPError(f"status {answer.status_code}")  # noqa: TRY301 - one place handles all
                    reachable = True
                except (httpx.HTTPError, OSError, ValueError) as error:
                    if reachable:
                        _log.warning("node_state.control_unreachable", error=str(error) or type(error).__name__)
                    reachable = False
                    await _pause(stop, _RETRY_S)

    async def _get(self, client: httpx.AsyncClient, path: str, etag: str) -> httpx.Response:
        token = (await asyncio.to_thread(self.token_file.read_text)).strip()
        headers = {"Authorization": f"Bearer {token}"}
        if etag:
            headers["If-None-Match"] = etag
        return await client.get(path, params={"wait": _POLL_S if etag else 0}, headers=headers)


def _kept(cache: Path, decode: Callable[[bytes], _Content], nothing: _Content) -> _Content:
    try:
        return decode(cache.read_bytes())
    except FileNotFoundError:
        return nothing
    except (OSError, ValueError) as error:
        _log.warning("node_state.cache_unusable", error=str(error))
        return nothing


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
