"""The auth callout (ADR-26): who may connect, by the OAuth 2.0 token of the gateway, with exactly the grants it covers.

The server asks for each connection; no answer is a refusal. The connection ends with the token.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import nkeys  # type: ignore[import-untyped] # the library has no type information
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from easement.broker import nats_jwt
from easement.broker.naming import CLIENT_ACCOUNT
from easement.broker.permissions import Presented, permissions_for
from easement.broker.records import RecordWriter, refused
from easement.identity.certificates import is_bound_to
from easement.identity.tokens import Claims, TokenError, TokenVerifier
from easement.ledger.record import Step
from easement.plan.model import Plan
from easement.store.revocations import NOTHING_REVOKED, Revocations

SUBJECT: Final = "$SYS.REQ.USER.AUTH"
_SERVER_KEY: Final = "N"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What logins are judged by at the moment."""

    plan: Plan
    plan_hash: str
    verifier: TokenVerifier


class LoginRefusedError(Exception):
    """A connection that is not allowed. ``code`` is stable; ``account`` is set only when the token proved it."""

    def __init__(self, code: str, message: str, account: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.account = account


@dataclass(slots=True)
class Callout:
    """Answers the server's questions. Without :attr:`rules` everybody is refused."""

    issuer: nkeys.KeyPair
    records: RecordWriter
    rules: Rules | None = None
    revocations: Revocations = NOTHING_REVOKED

    async def start(self, connection: Client) -> None:
        """Begin to answer."""
        await connection.subscribe(SUBJECT, queue="callout", cb=self._on_request)

    async def _on_request(self, request: Msg) -> None:
        try:
            question = nats_jwt.verify(request.data, kind=_SERVER_KEY)
            nats = question["nats"]
            server_id, user_key = str(nats["server_id"]["id"]), str(nats["user_nkey"])
        except (nats_jwt.NatsJwtError, KeyError, TypeError) as error:
            _log.error("broker.callout_request_invalid", error=type(error).__name__)
            return
        if question["iss"] != server_id:
            _log.error("broker.callout_request_invalid", error="issuer")
            return
        now = time.time()
        try:
            answer = {"jwt": self._admit(nats, user_key, now)}
        except LoginRefusedError as refusal:
            answer = {"error": str(refusal)}
            await self._record(refusal, nats, now)
        except Exception:  # noqa: BLE001 - an unforeseen fault must refuse at once, with its trace in our log only
            _log.exception("broker.callout_failed")
            answer = {"error": "the login could not be checked"}
        await request.respond(self._response(server_id, user_key, answer, now).encode())

    def _admit(self, nats: Mapping[str, Any], user_key: str, now: float) -> str:
        rules = self.rules
        if rules is None:
            raise LoginRefusedError("broker.not-ready", "the broker has no plan yet: try again in a few seconds")
        claims = judge(nats, rules, now)
        if self.revocations.covers(token_id=claims.token_id, client_id=claims.client_id, issued_at=claims.issued_at):
            raise LoginRefusedError("broker.token-revoked", "the access token is revoked", claims.client_id)
        user = {
            "iss": self._issuer_key(),
            "iat": int(now),
            "exp": claims.expires_at,
            "aud": CLIENT_ACCOUNT,
            "sub": user_key,
            "name": claims.client_id,
            "nats": {
                "version": 2,
                "type": "user",
                **permissions_for(rules.plan, presented_of(claims, nats)).to_json(),
                "subs": -1,
                "data": -1,
                "payload": -1,
            },
        }
        return nats_jwt.sign(user, self.issuer)

    def _response(self, server_id: str, user_key: str, answer: Mapping[str, str], now: float) -> str:
        claims = {
            "iss": self._issuer_key(),
            "iat": int(now),
            "aud": server_id,
            "sub": user_key,
            "nats": {"version": 2, "type": "authorization_response", **answer},
        }
        return nats_jwt.sign(claims, self.issuer)

    def _issuer_key(self) -> str:
        return str(self.issuer.public_key.decode())

    async def _record(self, refusal: LoginRefusedError, nats: Mapping[str, Any], now: float) -> None:
        client = nats.get("client_info")
        address = str(client.get("host", "")) if isinstance(client, dict) else ""
        _log.warning("broker.connection_refused", account=refusal.account, error_code=refusal.code)
        await self.records.write(
            refused(
                step=Step.CONNECTED,
                account=refusal.account,
                code=refusal.code,
                message=str(refusal),
                plan=self.rules.plan_hash if self.rules else "",
                now_ms=int(now * 1000),
                detail={"address": address},
            )
        )


def judge(nats: Mapping[str, Any], rules: Rules, now: float) -> Claims:
    """The claims of an admitted connection. Raises :class:`LoginRefusedError` with a sentence for its user."""
    options = nats.get("connect_opts")
    token = _token_of(options) if isinstance(options, dict) else ""
    if not token:
        raise LoginRefusedError("broker.no-token", "connect with an access token as auth_token or password")
    try:
        claims = rules.verifier.verify(token, now)
    except TokenError as error:
        raise LoginRefusedError(f"broker.token-{error.reason}", f"the access token is refused: {error}") from error
    if claims.expires_at <= now:  # the verifier forgives clock skew; the server would take such an end as never
        raise LoginRefusedError("broker.token-expired", "the access token has expired", claims.client_id)
    user = options.get("user") if isinstance(options, dict) else None
    if user and user != claims.client_id:
        raise LoginRefusedError(
            "broker.client-mismatch", "the user name is not the client of the token", claims.client_id
        )
    presented = presented_of(claims, nats)
    if claims.certificate_thumbprint and not presented.bound:
        raise LoginRefusedError(
            "broker.certificate-mismatch", "the token is bound to another client certificate", claims.client_id
        )
    if not permissions_for(rules.plan, presented):
        raise LoginRefusedError(
            "broker.nothing-granted", "no contract in force grants a channel to this token", claims.client_id
        )
    return claims


def presented_of(claims: Claims, nats: Mapping[str, Any]) -> Presented:
    """What a token and the verified certificate of its bearer prove."""
    certificate = _verified_certificate(nats)
    bound = bool(claims.certificate_thumbprint and certificate) and is_bound_to(claims, certificate)
    return Presented(
        client_id=claims.client_id,
        audiences=frozenset(claims.audiences),
        scopes=frozenset(claims.scopes),
        bound=bound,
    )


def _token_of(options: Mapping[str, Any]) -> str:
    for name in ("auth_token", "pass"):
        value = options.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def _verified_certificate(nats: Mapping[str, Any]) -> str:
    """The client's own certificate, from a chain that the server has verified; empty where there is none."""
    tls = nats.get("client_tls")
    chains = tls.get("verified_chains") if isinstance(tls, dict) else None
    if not isinstance(chains, list) or not chains or not isinstance(chains[0], list) or not chains[0]:
        return ""
    return str(chains[0][0])
