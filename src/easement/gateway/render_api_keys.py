"""API keys at the gateway: hashes of the live ones in a file that Envoy watches, looked up where a contract takes keys.

The file belongs to no route and no listener: a key that is issued, rotated or revoked counts from the next request on.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from easement.gateway.envoy_types import Tree, typed
from easement.gateway.lua_source import lua_source
from easement.gateway.place import GatewayPlace
from easement.gateway.watched_files import filter_file, watched_filter
from easement.store.api_key_hashes import NO_KEYS, ApiKeyHashes

KEYS: Final = "keys.json"
FILTER: Final = "easement.keys"
METADATA: Final = "easement.key"
_LUA: Final = "envoy.extensions.filters.http.lua.v3.Lua"
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_CLIENT: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")


def key_filter(place: GatewayPlace, *, live: bool, known: ApiKeyHashes = NO_KEYS) -> Tree:
    """The HTTP filter, off until a route turns it on. One that watches no files (``live`` False) has ``known`` only."""
    if not live:
        return {"name": FILTER, "disabled": True, "typed_config": _script(known)}
    return watched_filter(FILTER, place.live / KEYS, _LUA, disabled=True)


def reads_keys() -> Tree:
    """What turns the filter on for a route."""
    return typed("envoy.extensions.filters.http.lua.v3.LuaPerRoute", filter_context={})


def holds_key_of(client: str) -> Tree:
    """The principal of who has sent a live key of ``client``, and no token."""
    path = [{"key": "client"}]
    matcher = {"filter": METADATA, "path": path, "value": {"string_match": {"exact": client}}}
    return {"sourced_metadata": {"metadata_matcher": matcher}}


def key_file(hashes: ApiKeyHashes) -> bytes:
    """What the filter reads."""
    return filter_file(FILTER, _script(hashes))


@cache
def _source() -> str:
    return f"{lua_source('sha256')}\n{lua_source('api_keys')}"


def _script(hashes: ApiKeyHashes) -> Tree:
    """The script with the keys as its table. What is not plainly a hash and a name does not get into it."""
    entries = [
        f'["{digest}"]={{"{client}",{int(until)}}}'
        for digest, (client, until) in sorted(hashes.items())
        if _HASH.fullmatch(digest) and _CLIENT.fullmatch(client)
    ]
    return typed(_LUA, default_source_code={"inline_string": f"local KEYS = {{{','.join(entries)}}}\n{_source()}"})
