"""The scripts that Envoy runs, and texts in them."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

_PLAIN: Final = re.compile(rb"[A-Za-z0-9/_.-]")


@cache
def lua_source(name: str) -> str:
    """The script of this name."""
    return files("easement.gateway").joinpath(f"lua/{name}.lua").read_text(encoding="utf-8")


def lua_text(text: str) -> str:
    """A text as a literal of Lua, whatever is in it."""
    written = (chr(byte) if _PLAIN.fullmatch(bytes([byte])) else f"\\{byte:03d}" for byte in text.encode())
    return f'"{"".join(written)}"'
