"""Daily quotas at the gateway: who has used up the calls of the day, in a file that Envoy watches.

Who that is, the control plane counts from the records of all gateways. The file belongs to no route and no listener;
only operations under a contract with a quota look at it.
"""

from __future__ import annotations

import re
from typing import Final

from easement.gateway.envoy_types import Tree, typed
from easement.gateway.lua_source import lua_source
from easement.gateway.place import GatewayPlace
from easement.gateway.watched_files import filter_file, watched_filter
from easement.plan.model import Route
from easement.store.used_quotas import NOTHING_USED_UP, UsedQuotas

QUOTAS: Final = "quotas.json"
FILTER: Final = "easement.quotas"
_LUA: Final = "envoy.extensions.filters.http.lua.v3.Lua"
_INTEGRATION: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")


def quota_filter(place: GatewayPlace, *, live: bool) -> Tree:
    """The HTTP filter, off until a route turns it on. One that watches no files (``live`` False) refuses nobody."""
    if not live:
        return {"name": FILTER, "disabled": True, "typed_config": _script(NOTHING_USED_UP)}
    return watched_filter(FILTER, place.live / QUOTAS, _LUA, disabled=True)


def looks_at_quotas(route: Route) -> Tree | None:
    """What turns the filter on for a route, where a grant of it has a quota."""
    if not any(grant.daily_quota for grant in route.grants):
        return None
    return typed("envoy.extensions.filters.http.lua.v3.LuaPerRoute", filter_context={})


def quota_file(used: UsedQuotas) -> bytes:
    """What the filter reads."""
    return filter_file(FILTER, _script(used))


def _script(used: UsedQuotas) -> Tree:
    """The script with its table. What is not plainly a name does not get into it."""
    entries = [f'["{name}"]={int(second)}' for name, second in sorted(used.items()) if _INTEGRATION.fullmatch(name)]
    return typed(
        _LUA, default_source_code={"inline_string": f"local USED_UP = {{{','.join(entries)}}}\n{lua_source('quotas')}"}
    )
