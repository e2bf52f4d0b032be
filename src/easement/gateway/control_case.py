"""One case of continuous control validation as a value: what is sent, what must come back, or why it is not tried.

The outline is the OWASP API Security Top 10 of 2023. Credentials are named, not held; who sends a case makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

UNDECLARED: Final = "easementProbeUndeclared"
OTHER: Final = "easement-probe-other"
PROBE_ANSWER: Final = {UNDECLARED: "probe"}
"""What the probe's target answers."""


class Owasp(StrEnum):
    """The OWASP API Security Top 10, 2023."""

    OBJECT_LEVEL = "API1:2023 Broken Object Level Authorization"
    AUTHENTICATION = "API2:2023 Broken Authentication"
    PROPERTY_LEVEL = "API3:2023 Broken Object Property Level Authorization"
    CONSUMPTION = "API4:2023 Unrestricted Resource Consumption"
    FUNCTION_LEVEL = "API5:2023 Broken Function Level Authorization"
    BUSINESS_FLOWS = "API6:2023 Unrestricted Access to Sensitive Business Flows"
    SSRF = "API7:2023 Server Side Request Forgery"
    MISCONFIGURATION = "API8:2023 Security Misconfiguration"
    INVENTORY = "API9:2023 Improper Inventory Management"
    CONSUMPTION_OF_APIS = "API10:2023 Unsafe Consumption of APIs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a caller shows. ``kind`` ``token`` is an access token of ``claims``; ``certificate`` is shown in TLS."""

    kind: Literal["none", "token", "api-key"] = "none"
    key: Literal["trusted", "foreign", "unsigned"] = "trusted"
    claims: Mapping[str, Any] = field(default_factory=dict)
    header_type: str = "at+jwt"
    certificate: Literal["", "own", "other"] = ""
    system: str = ""
    """Whose certificate or API key."""
    is_bound: bool = False
    """Whether the token names the certificate that is shown (RFC 8705)."""
    is_live: bool = True
    """For an API key: whether it is one that counts."""
    place: Literal["header", "query"] = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest:
    """One request to the probe-safe copy of a route."""

    method: str
    path: str
    credential: Credential
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    times: int = 1
    """How often it is sent, one after another; what counts is the last answer."""
    is_limited: bool = False
    """Whether it goes to the copy that has the contract's limits; the others have none, or cases would use them up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must come back. ``reaches`` is whether the target must see it; empty ``statuses`` mean any of success."""

    statuses: frozenset[int] = frozenset()
    reaches: bool | None = False
    """None: it may or may not, for the budget of an earlier case may be used up."""
    absent: tuple[str, ...] = ()
    """What must not be in the answer, neither in its headers nor in its body."""
    misses: tuple[str, ...] = ()
    """What the target must not see, neither in headers nor in the target of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlCase:
    """One thing to try, or, without ``request``, why it is not tried.

    ``answer`` is how the target behaves meanwhile: ``fields`` answers with an undeclared field.
    """

    id: str
    item: Owasp
    what: str
    request: ProbeRequest | None = None
    expects: Expectation = Expectation()
    answer: Literal["fields", "broken", "foreign", "elsewhere"] = "fields"
    reason: str = ""
    is_open: bool = False
    """Without ``request``: True where it should be tried and cannot be, False where the contract gives no ground."""
