"""The compact JOSE serialization (RFC 7515 §7.1, RFC 7516 §7.1), read strictly.

Libraries accept padding, stray characters, unused trailing bits and repeated JSON members; each of these lets two
different texts stand for one token. Here there is exactly one text for one token.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final, NoReturn

_ALPHABET = re.compile(r"^[A-Za-z0-9_-]*$", re.ASCII)
_TRAILING: Final = {2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}
_FORBIDDEN_HEADERS: Final = frozenset({"crit", "b64", "zip", "jwk", "jku", "x5u", "x5c"})


class JoseError(Exception):
    """A token, key or sealed payload that is refused. ``reason`` is a stable word; the message holds no value of it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def split_compact(text: str, segments: int, max_bytes: int) -> list[str]:
    """The dot-separated segments. Raises :class:`JoseError` when too long, or not exactly ``segments`` of them."""
    if len(text) > max_bytes:
        raise JoseError("oversize", f"longer than {max_bytes} bytes")
    parts = text.split(".")
    if len(parts) != segments:
        raise JoseError("malformed", f"a compact serialization of {segments} parts was expected")
    return parts


def decode_base64url(text: str) -> bytes:
    """Bytes of unpadded base64url (RFC 4648 §5) in its one canonical form."""
    remainder = len(text) % 4
    if not _ALPHABET.match(text) or text.endswith("\n") or remainder == 1:
        raise JoseError("malformed", "not base64url without padding")
    if remainder and text[-1] not in _TRAILING[remainder]:
        raise JoseError("malformed", "not canonical base64url: unused bits are set")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_object(data: bytes, what: str) -> dict[str, Any]:
    """A JSON object without repeated members, NaN or infinity."""
    try:
        value = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise JoseError("malformed", f"the {what} is not strict JSON") from error
    if not isinstance(value, dict):
        raise JoseError("malformed", f"the {what} is not a JSON object")
    return value


def read_header(segment: str) -> dict[str, Any]:
    """The protected header. Refuses extensions, compression and any key the token brings along (RFC 8725 §3.10)."""
    header = read_object(decode_base64url(segment), "header")
    if forbidden := _FORBIDDEN_HEADERS & header.keys():
        raise JoseError("header", f"header parameters that are never accepted: {', '.join(sorted(forbidden))}")
    if not all(isinstance(header.get(name, ""), str) for name in ("alg", "typ", "kid", "enc", "cty")):
        raise JoseError("header", "alg, typ, kid, enc and cty must be text")
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
