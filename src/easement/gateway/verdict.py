"""What the decider says of one request, whichever check it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``status`` 200 and nothing else lets pass. ``reason`` is for the record: a word and a place, never a value."""

    status: int
    code: str = ""
    document: bytes = b""
    reason: str = ""
    passed: Mapping[str, str] = field(default_factory=dict)
    """Headers that go on to the target in place of the caller's, by name in lower case."""
    finding: str = ""
    """What an inspection found, for the record; also where the request passes."""
