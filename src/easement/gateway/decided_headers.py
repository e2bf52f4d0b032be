"""The headers between gateway and decider: what of a request it is shown, and what of it may go on to the target."""

from __future__ import annotations

import re
from typing import Final

from easement.plan.model import Route

TARGET_HEADER: Final = "x-easement-target"
"""To the decider: the request target as the caller wrote it, after normalisation, with its escapes and its query."""
SEEN_PREFIX: Final = "x-easement-seen-"
"""To the decider: a declared header, or ``cookie``. Envoy strips ``x-easement-*`` from callers."""
PASSED_PREFIX: Final = "x-easement-passed-"
"""From the decider: the value that goes on to the target in place of the caller's, whatever else the caller sent."""
COOKIE: Final = "cookie"
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 §5.1: no other name can arrive."""
_PLAIN_NAME: Final = re.compile(r"[a-z0-9._-]+")


def decided_headers(route: Route) -> tuple[str, ...]:
    """Names of the headers that the decider checks, in lower case and sorted; ``cookie`` stands for all cookies."""
    names = {one.name.lower() for one in route.decided if one.location == "header" and is_plain_name(one.name)}
    if any(one.location == "cookie" for one in route.decided):
        names.add(COOKIE)
    return tuple(sorted(names))


def replaced_headers(route: Route) -> tuple[str, ...]:
    """Names of all headers of the caller's that the decider answers for: none of them goes on as it came."""
    names = {one.name.lower() for one in route.decided if one.location == "header" and _TOKEN.fullmatch(one.name)}
    return tuple(sorted({*names, *decided_headers(route)}))


def is_plain_name(name: str) -> bool:
    """Whether a header name can stand inside a command of Envoy's."""
    return _PLAIN_NAME.fullmatch(name.lower()) is not None
