"""The OAuth 2.0 authorization server for service accounts: client credentials, nothing else (RFC 6749 §4.4).

* What a token may contain comes from the account in the enforced plan; a request can only narrow it.
* Access tokens are RFC 9068 JWTs that live minutes. Introspection (RFC 7662), revocation (RFC 7009), metadata
  (RFC 8414) and the key set complete the surface. There is no refresh token, no implicit or password grant.
* No HTTP in here: a request is a value, an answer is a value. Calls block on the database; run them in a thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from easement.identity.acts import RecordSink, administrative_act
from easement.identity.client_authentication import METHODS, ClientAuthenticator
from easement.identity.credentials import CredentialStore
from easement.identity.oauth_messages import OAuthAnswer, OAuthError, OAuthRequest
from easement.identity.signing_keys import KeyRing
from easement.identity.spent_tokens import SpentTokens
from easement.identity.tokens import Claims, TokenError, TokenVerifier, claims_to_json, issue_access_token
from easement.keys.jose import CLOCK_SKEW_S, SIGNATURE_ALGORITHMS
from easement.plan.model import BOUND, Account

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")
TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - a path
INTROSPECTION_PATH: Final = "/oauth/introspect"
REVOCATION_PATH: Final = "/oauth/revoke"
JWKS_PATH: Final = "/oauth/jwks"
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"

AccountLookup = Callable[[str], Account | None]
"""The account of a client id in the enforced plan, or None when no live contract names it."""


def only_its_own(client_id: str, claims: Claims) -> bool:
    """The default of who may introspect a token: the client it was issued to."""
    return client_id == claims.client_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """Answers the OAuth 2.0 endpoints. Built by :func:`authorization_server`."""

    issuer: str
    accounts: AccountLookup
    clients: ClientAuthenticator
    keys: KeyRing
    spent: SpentTokens
    record: RecordSink
    token_lifetime_s: int = 300
    may_introspect: Callable[[str, Claims], bool] = only_its_own
    _verifiers: dict[str, TokenVerifier] = field(default_factory=dict, init=False, repr=False)

    def token(self, request: OAuthRequest, now: datetime) -> OAuthAnswer:
        """Issue an access token (RFC 6749 §4.4), or answer with the error of §5.2."""
        try:
            return self._token(request, now)
        except OAuthError as error:
            return error.answer()

    def introspect(self, request: OAuthRequest, now: datetime) -> OAuthAnswer:
        """Say whether a token is active (RFC 7662). To who may not know, every token is inactive."""
        try:
            client_id = self.clients.authenticate(request, now)
            claims = self._read_token(request, now)
        except OAuthError as error:
            return error.answer()
        if claims is None or not self.may_introspect(client_id, claims) or self.spent.is_revoked(claims):
            return OAuthAnswer(body={"active": False})
        return OAuthAnswer(body={"active": True, "token_type": "Bearer", **claims_to_json(claims)})

    def revoke(self, request: OAuthRequest, now: datetime) -> OAuthAnswer:
        """End an access token of the calling client (RFC 7009). A token that is invalid already is no error."""
        try:
            client_id = self.clients.authenticate(request, now)
            claims = self._read_token(request, now)
            if claims is not None and claims.client_id != client_id:
                raise OAuthError("unauthorized_client", "the token was issued to another client")  # noqa: TRY301 - all errors answer alike
        except OAuthError as error:
            return error.answer()
        if claims is not None:
            expires = datetime.fromtimestamp(claims.expires_at + CLOCK_SKEW_S, UTC)
            self.spent.revoke(claims.token_id, expires, client_id=claims.client_id, now=now)
            detail = {"token": claims.token_id}
            self.record(
                [administrative_act("token.revoked", actor=client_id, subject=client_id, now=now, detail=detail)]
            )
        return OAuthAnswer()

    def jwks(self) -> dict[str, Any]:
        """The key set that verifies our tokens (RFC 7517)."""
        return self.keys.jwks()

    def metadata(self) -> dict[str, Any]:
        """What this server can do and where (RFC 8414 §2)."""
        algorithms = list(SIGNATURE_ALGORITHMS)
        return {
            "issuer": self.issuer,
            "token_endpoint": self.issuer + TOKEN_PATH,
            "introspection_endpoint": self.issuer + INTROSPECTION_PATH,
            "revocation_endpoint": self.issuer + REVOCATION_PATH,
            "jwks_uri": self.issuer + JWKS_PATH,
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "tls_client_certificate_bound_access_tokens": True,
            "token_endpoint_auth_methods_supported": list(METHODS),
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint_auth_methods_supported": list(METHODS),
            "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
            "revocation_endpoint_auth_methods_supported": list(METHODS),
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        }

    def _token(self, request: OAuthRequest, now: datetime) -> OAuthAnswer:
        client_id = self.clients.authenticate(request, now)
        grant = request.one("grant_type")
        if not grant:
            raise OAuthError("invalid_request", "grant_type is missing")
        if grant != "client_credentials":
            raise OAuthError("unsupported_grant_type", "this server knows client_credentials only")
        account = self.accounts(client_id)
        if account is None or not account.audiences:
            raise OAuthError("unauthorized_client", f"no live contract grants {client_id} anything yet")
        scopes = _narrow_scopes(request.one("scope"), account)
        token, _ = issue_access_token(
            self.keys.current(now),
            issuer=self.issuer,
            client_id=client_id,
            audiences=_narrow_audiences(request.form.get("resource", ()), account),
            scopes=scopes,
            attributes=account.attributes,
            now=now.timestamp(),
            lifetime_s=self.token_lifetime_s,
            certificate_thumbprint=_binding(request, account),
        )
        body = {"access_token": token, "token_type": "Bearer", "expires_in": self.token_lifetime_s}
        return OAuthAnswer(body={**body, "scope": " ".join(scopes)})

    def _read_token(self, request: OAuthRequest, now: datetime) -> Claims | None:
        """The claims of the token in the request, or None when it is not one of ours in its time."""
        token = request.one("token")
        if not token:
            raise OAuthError("invalid_request", "token is missing")
        try:
            return TokenVerifier(self.keys.jwks(), self.issuer).verify(token, now.timestamp())
        except TokenError:
            return None


def _binding(request: OAuthRequest, account: Account) -> str:
    """The certificate that a token is bound to (RFC 8705 §3); empty where no contract of the account asks for it."""
    certificate = request.certificate
    if certificate is None:
        return ""
    if not certificate.is_of(account.client_id):
        raise OAuthError("invalid_client", "the client certificate is of another system", status=401)
    return certificate.thumbprint if BOUND in account.authentication else ""


def _narrow_scopes(asked: str, account: Account) -> tuple[str, ...]:
    if not asked:
        return account.scopes
    if not _SCOPE.fullmatch(asked):
        raise OAuthError("invalid_scope", "scope is a list of words with one space between them")
    scopes = tuple(dict.fromkeys(asked.split(" ")))
    if not set(scopes) <= set(account.scopes):
        raise OAuthError("invalid_scope", "a scope was asked for that no live contract of this client grants")
    return scopes


def _narrow_audiences(asked: tuple[str, ...], account: Account) -> tuple[str, ...]:
    if not asked:
        return account.audiences
    if not set(asked) <= set(account.audiences):
        raise OAuthError("invalid_target", "a resource was asked for that no live contract of this client names")
    return tuple(dict.fromkeys(asked))


def authorization_server(
    *,
    issuer: str,
    accounts: AccountLookup,
    credentials: CredentialStore,
    keys: KeyRing,
    spent: SpentTokens,
    record: RecordSink,
    token_lifetime_s: int = 300,
) -> AuthorizationServer:
    """The server of one issuer (``https://HOST:PORT``, no path), with its client authentication."""
    paths = ("", TOKEN_PATH, INTROSPECTION_PATH, REVOCATION_PATH)
    clients = ClientAuthenticator(
        credentials=credentials,
        spent=spent,
        audiences=frozenset(issuer + path for path in paths),
        record=record,
        is_known=lambda client_id: accounts(client_id) is not None,
    )
    return AuthorizationServer(
        issuer=issuer,
        accounts=accounts,
        clients=clients,
        keys=keys,
        spent=spent,
        record=record,
        token_lifetime_s=token_lifetime_s,
    )


def accounts_by_client(accounts: tuple[Account, ...]) -> Mapping[str, Account]:
    """The accounts of a plan by client id."""
    return {account.client_id: account for account in accounts}
