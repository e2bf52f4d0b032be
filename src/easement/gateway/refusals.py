"""Every refusal the gateway makes by itself: a stable code, a status and a title, and which Envoy event it stands for.

Envoy names the reason of an answer of its own in ``RESPONSE_CODE_DETAILS``; :data:`REFUSALS` maps those to codes. The
first entry that matches wins, so the particular stand before the general. Codes are explained in
:mod:`easement.contract.codes_gateway`; the contract runtime (Lua) uses the ones marked as its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CODE_HEADER: Final = "x-easement-code"
"""On every answer of the gateway's own, and on no answer of a target: it is stripped from those."""
GONE: Final = "EAS-5410"
VERDICT_HEADER: Final = "x-easement-verdict"
"""From the decider to the access log: why it refused. Callers do not get it."""
TRANSACTION_HEADER: Final = "x-transaction-id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One kind of refusal. ``details`` are prefixes of Envoy's response code details; empty means any.

    ``status`` is the status Envoy gives, ``answers`` the one the caller gets where that is another.
    """

    code: str
    status: int
    title: str
    detail: str
    details: tuple[str, ...] = ()
    answers: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    headers_of_route: tuple[tuple[str, str], ...] = ()
    """Headers whose values are in the metadata of the route, under our name and this key."""
    with_header: str = ""
    """Only where the request still has this header, and came without a token of ours."""
    is_early: bool = False
    """Whether it may come before Envoy has given the request an id."""
    is_written: bool = False
    """Whether the route has written the problem document itself, because it says more than the kind of refusal."""


_CHALLENGE: Final = "WWW-Authenticate"

REFUSALS: Final[tuple[Refusal, ...]] = (
    Refusal(
        code="EAS-5401",
        status=401,
        title="No access token",
        detail="Send an access token: Authorization: Bearer TOKEN.",
        details=("jwt_authn_access_denied{Jwt_is_missing}",),
        headers=((_CHALLENGE, 'Bearer realm="easement"'),),
    ),
    Refusal(
        code="EAS-5402",
        status=401,
        title="The access token is not valid",
        detail="Get a new token from the token endpoint of this installation.",
        details=("jwt_authn_access_denied",),
        headers=((_CHALLENGE, 'Bearer realm="easement", error="invalid_token"'),),
    ),
    Refusal(
        code="EAS-5402",
        status=403,
        title="The access token is not valid",
        detail="Get a new token from the token endpoint of this installation.",
        details=("jwt_authn_access_denied", "rbac_access_denied_matched_policy[revoked]"),
        answers=401,
        headers=((_CHALLENGE, 'Bearer realm="easement", error="invalid_token"'),),
    ),
    Refusal(
        code="EAS-5401",
        status=403,
        title="No access token",
        detail="No contract takes an API key for this operation. Send an access token: Authorization: Bearer TOKEN.",
        details=("rbac_access_denied",),
        answers=401,
        headers=((_CHALLENGE, 'Bearer realm="easement"'),),
        with_header="x-api-key",
    ),
    Refusal(
        code="EAS-5403",
        status=403,
        title="Not granted",
        detail="No contract in force grants this operation to this account with this token.",
        details=("rbac_access_denied",),
    ),
    Refusal(
        code="EAS-5404",
        status=404,
        title="No such operation",
        detail="No registered interface has this path.",
    ),
    Refusal(
        code="EAS-5405",
        status=405,
        title="No such method",
        detail="The interface has this path, but not with this method.",
    ),
    Refusal(
        code=GONE,
        status=410,
        title="This version has ended",
        detail="This version of the interface has ended.",
        is_written=True,
    ),
    Refusal(
        code="EAS-5406",
        status=400,
        title="Undeclared query",
        detail="The operation declares no query parameters.",
        details=("direct_response",),
    ),
    Refusal(
        code="EAS-5413",
        status=413,
        title="The body is too large",
        detail="The body is larger than the contract allows.",
    ),
    Refusal(
        code="EAS-5429",
        status=429,
        title="Over the limit of the contract",
        detail="The account has used up the rate that its contract allows; try again later.",
        headers_of_route=(("Retry-After", "retry_after"),),
    ),
    Refusal(
        code="EAS-5431",
        status=431,
        title="The headers are too large",
        detail="The request has more or larger headers than the gateway reads.",
        is_early=True,
    ),
    Refusal(
        code="EAS-5408",
        status=408,
        title="The request came too slowly",
        detail="The request was not complete in time.",
        is_early=True,
    ),
    Refusal(
        code="EAS-5505",
        status=403,
        title="The decider did not answer",
        detail="The full check of this operation is not available; nothing passes without it.",
        details=("ext_authz_error",),
        answers=503,
        headers=(("Retry-After", "1"),),
    ),
    Refusal(
        code="EAS-5505",
        status=503,
        title="The decider did not answer",
        detail="The full check of this operation is not available; nothing passes without it.",
        details=("ext_authz_error",),
        headers=(("Retry-After", "1"),),
    ),
    Refusal(
        code="EAS-5502",
        status=500,
        title="The target broke its contract",
        detail="The answer of the target is larger than the gateway reads.",
        details=("response_payload_too_large",),
        answers=502,
    ),
    Refusal(
        code="EAS-5503",
        status=503,
        title="The target is not available",
        detail="The target cannot be reached, or has as many requests under way as it bears.",
        headers=(("Retry-After", "1"),),
    ),
    Refusal(
        code="EAS-5504",
        status=504,
        title="The target did not answer in time",
        detail="The time that the contract allows is over.",
    ),
    Refusal(
        code="EAS-5502",
        status=502,
        title="The target broke its contract",
        detail="The answer of the target is not HTTP that the gateway accepts.",
    ),
    Refusal(
        code="EAS-5407",
        status=400,
        title="The request is malformed",
        detail="The gateway refuses requests whose path, headers or framing are malformed or ambiguous.",
        is_early=True,
    ),
)

PASSED_ON: Final = ("lua_response", "ext_authz_denied")
"""Envoy's words for answers that the contract runtime or the decider wrote: they go out as they are."""
