"""Administering service accounts: secrets, public keys and client certificates. A secret is in one answer, once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from easement.api.identity_answers import RoleGuard, answer, problem
from easement.identity.certificate_authority import CertificateAuthority
from easement.identity.credentials import Credential, CredentialStore, IssuedSecret
from easement.identity.people import Person, Role
from easement.identity.spent_tokens import SpentTokens


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewSecret(_Body):
    """How long the secret lives."""

    life_days: int = Field(180, alias="lifeDays", ge=1, le=366)


class Rotation(_Body):
    """How long the old secret still works, and how long the new one lives."""

    overlap_hours: int = Field(24, alias="overlapHours", ge=0, le=720)
    life_days: int = Field(180, alias="lifeDays", ge=1, le=366)


class NewApiKey(_Body):
    """How long the key lives, and how long older ones still work: without an overlap they stay as they are."""

    overlap_hours: int | None = Field(None, alias="overlapHours", ge=0, le=720)
    life_days: int = Field(90, alias="lifeDays", ge=1, le=366)


class NewKey(_Body):
    """A public JWK."""

    jwk: dict[str, Any] = Field(max_length=16)


class NewCertificate(_Body):
    """How long the client certificate lives, and whether its system may sign in with it alone (RFC 8705 §2.1)."""

    life_hours: int = Field(24, alias="lifeHours", ge=1, le=720)
    sign_in: bool = Field(default=False, alias="signIn")


def accounts_router(
    credentials: CredentialStore,
    authority: CertificateAuthority,
    spent: SpentTokens,
    *,
    is_system: Callable[[str], bool],
    guard: RoleGuard,
) -> APIRouter:
    """Routes below ``/api/v1/accounts/{system}``. Changes need admin, operator or security; reading also auditor."""
    router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"])
    changer = Annotated[Person, Depends(guard(Role.ADMIN, Role.OPERATOR, Role.SECURITY))]
    reader = Annotated[Person, Depends(guard(Role.ADMIN, Role.OPERATOR, Role.SECURITY, Role.AUDITOR))]

    def of_system(system: str, act: Callable[[], dict[str, Any] | None], *, status: int = 200) -> Response:
        if not is_system(system):
            return problem("EAS-7101", f"no system named {system!r} is registered")
        return answer(act, status=status)

    @router.get("/{system}/credentials")
    def list_credentials(system: str, _person: reader) -> Response:
        """Ids, ages and ends of the credentials of a system; never a value."""
        now = datetime.now(UTC)
        return of_system(system, lambda: {"items": [_credential(one, now) for one in credentials.credentials(system)]})

    @router.post("/{system}/secrets", status_code=201)
    def issue_secret(system: str, body: NewSecret, person: changer) -> Response:
        """Issue a client secret; the answer is the only place where it ever is."""
        life = timedelta(days=body.life_days)
        return of_system(
            system,
            lambda: _issued(credentials.issue_secret(system, actor=person.name, now=datetime.now(UTC), life=life)),
            status=201,
        )

    @router.post("/{system}/secrets/rotate", status_code=201)
    def rotate_secret(system: str, body: Rotation, person: changer) -> Response:
        """Issue a new secret and let the old one end after the overlap."""
        return of_system(
            system,
            lambda: _issued(
                credentials.rotate_secret(
                    system,
                    actor=person.name,
                    now=datetime.now(UTC),
                    overlap=timedelta(hours=body.overlap_hours),
                    life=timedelta(days=body.life_days),
                )
            ),
            status=201,
        )

    @router.post("/{system}/api-keys", status_code=201)
    def issue_api_key(system: str, body: NewApiKey, person: changer) -> Response:
        """Issue an API key; the answer is the only place where it ever is. With an overlap it replaces the others."""

        def act() -> dict[str, Any]:
            overlap = None if body.overlap_hours is None else timedelta(hours=body.overlap_hours)
            issued = credentials.issue_api_key(
                system, actor=person.name, now=datetime.now(UTC), overlap=overlap, life=timedelta(days=body.life_days)
            )
            spent.changed()
            made = _issued(issued)
            return {**made, "apiKey": made.pop("clientSecret")}

        return of_system(system, act, status=201)

    @router.post("/{system}/keys", status_code=201)
    def register_key(system: str, body: NewKey, person: changer) -> Response:
        """Register a public key for ``private_key_jwt``."""
        now = datetime.now(UTC)
        return of_system(
            system,
            lambda: _credential(credentials.register_key(system, body.jwk, actor=person.name, now=now), now),
            status=201,
        )

    @router.post("/{system}/certificates", status_code=201)
    def issue_certificate(system: str, body: NewCertificate, person: changer) -> Response:
        """Issue a client certificate with its private key; the answer is the only place where the key ever is."""

        def act() -> dict[str, Any]:
            now = datetime.now(UTC)
            issued = authority.issue_client(system, life=timedelta(hours=body.life_hours), now=now)
            if body.sign_in:
                credentials.register_certificate(
                    system, issued.serial_number, issued.thumbprint, expires=issued.expires, actor=person.name, now=now
                )
            else:
                credentials.note_certificate(system, issued.serial_number, actor=person.name, now=now)
            return {
                "certificateChain": issued.chain_pem,
                "privateKey": issued.private_key.reveal(),
                "expires": _moment(issued.expires),
            }

        return of_system(system, act, status=201)

    _add_revocation(router, credentials, spent, of_system, changer)
    return router


def _add_revocation(
    router: APIRouter,
    credentials: CredentialStore,
    spent: SpentTokens,
    of_system: Callable[..., Response],
    changer: Any,
) -> None:
    """What ends at once, at every gateway and at the broker."""

    @router.delete("/{system}/credentials/{credential_id}", status_code=204)
    def revoke(system: str, credential_id: str, person: changer) -> Response:
        """End a credential at once, and every token that the system has: the good credential gets new ones."""

        def act() -> None:
            now = datetime.now(UTC)
            credentials.revoke(system, credential_id, actor=person.name, now=now)
            spent.revoke_account(system, now)

        return of_system(system, act)

    @router.post("/{system}/tokens/revoke", status_code=204)
    def revoke_tokens(system: str, person: changer) -> Response:
        """End every access token of the system that was issued until now, at gateway and broker."""

        def act() -> None:
            now = datetime.now(UTC)
            credentials.note_tokens_revoked(system, actor=person.name, now=now)
            spent.revoke_account(system, now)

        return of_system(system, act)


def _issued(issued: IssuedSecret) -> dict[str, Any]:
    return {
        "id": issued.id,
        "clientId": issued.client_id,
        "clientSecret": issued.secret.reveal(),
        "expires": _moment(issued.expires),
    }


def _credential(credential: Credential, now: datetime) -> dict[str, Any]:
    return {
        "id": credential.id,
        "kind": credential.kind,
        "live": credential.is_live(now),
        "created": _moment(credential.created),
        "expires": _moment(credential.expires),
        "revoked": _moment(credential.revoked),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
