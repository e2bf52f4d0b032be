"""What callers of an ending interface version are told, as header fields that gateway and broker both send.

* ``Deprecation`` (RFC 9745 §2): since when, as a structured date ``@EPOCH``.
* ``Sunset`` (RFC 8594 §3): when it stops answering, as an HTTP-date (RFC 9110 §5.6.7).
* ``Link`` (RFC 8288): ``deprecation`` and ``sunset`` lead to what people read, ``successor-version`` (RFC 5829 §3.4) to
  what replaces it.

Values are built from checked parts only: a link that could end its header field is never sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from easement.contract.values import NAME_PATTERN
from easement.plan.model import Notice

LINK_LIMIT: Final = 500
_LINK: Final = re.compile(
    r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(?::\d{1,5})?"
    r"(?:/(?:[A-Za-z0-9._~!$&'()*+=:@/-]|%[0-9A-Fa-f]{2})*)?(?:\?(?:[A-Za-z0-9._~!$&'()*+=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
_KEY: Final = re.compile(NAME_PATTERN.removesuffix("$") + r"@\d{1,9}$")


def is_safe_link(link: str) -> bool:
    """Whether ``link`` is an http(s) address without user, fragment or any character that ends a header value."""
    return len(link) <= LINK_LIMIT and _LINK.fullmatch(link) is not None


def is_interface_key(key: str) -> bool:
    """Whether ``key`` is ``NAME@MAJOR``."""
    return _KEY.match(key) is not None and not key.endswith("\n")


def gateway_prefix(key: str) -> str:
    """The path below which the gateway serves an interface version: ``/NAME/vMAJOR``."""
    name, _, major = key.partition("@")
    return f"/{name}/v{major}"


def notice_headers(notice: Notice, *, successor: str) -> Mapping[str, str]:
    """Header fields by name, in a fixed order. ``successor`` is a URI reference for the successor, or empty."""
    headers: dict[str, str] = {}
    if notice.deprecated is not None:
        headers["Deprecation"] = f"@{int(notice.deprecated.timestamp())}"
    if notice.sunset is not None:
        headers["Sunset"] = http_date(notice.sunset)
    links = []
    if is_safe_link(notice.link):
        links.append(f'<{notice.link}>; rel="deprecation"')
        if notice.sunset is not None:
            links.append(f'<{notice.link}>; rel="sunset"')
    if successor and is_interface_key(notice.successor):
        links.append(f'<{successor}>; rel="successor-version"')
    if links:
        headers["Link"] = ", ".join(links)
    return headers


def http_date(moment: datetime) -> str:
    """IMF-fixdate of RFC 9110 §5.6.7, such as ``Sun, 06 Nov 1994 08:49:37 GMT``."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
