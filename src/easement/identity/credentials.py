"""Credentials of service accounts: client secrets, public keys, API keys and certificates, in two generations.

* A secret is shown once; only its SHA-256 is stored. Two may live at once, so that a system changes over without a
  gap; every secret ends.
* A public key belongs to one account for ever: for two accounts, or again after it was revoked, it is refused.
* Each change is a ledger record, written inside its transaction: what cannot be recorded is not done.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, Table, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from easement.identity.acts import RecordSink, administrative_act
from easement.identity.random_token import credential_pattern, new_random, stored_hash
from easement.keys.compact import JoseError
from easement.keys.jose import VerificationKey, verification_key
from easement.keys.secrets import Secret
from easement.store.api_key_hashes import ApiKeyHashes
from easement.store.database import reading, writing
from easement.store.tables import client_api_keys, client_certificates, client_keys, client_secrets

SECRET_PREFIX: Final = "eas_"  # noqa: S105 - the public prefix
API_KEY_PREFIX: Final = "eak_"
API_KEY_LIFE: Final = timedelta(days=90)
SECRET_LIFE: Final = timedelta(days=180)
MAX_SECRET_LIFE: Final = timedelta(days=366)
ROTATION_OVERLAP: Final = timedelta(hours=24)
MAX_LIVE: Final = 2
Kind = Literal["secret", "key", "api-key", "certificate"]
_CLIENT_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
_SECRET = credential_pattern(SECRET_PREFIX, "[0-9a-f]{16}")
_ENDING: Final[tuple[Kind, ...]] = ("secret", "api-key", "certificate")
_NO_HASH: Final = "0" * 64
_TABLES: Final[Mapping[Kind, Table]] = {
    "secret": client_secrets, "key": client_keys, "api-key": client_api_keys, "certificate": client_certificates,
}  # fmt: skip
# Built once: it runs for every token, and building it costs as much as running it.
_SECRET_ROW: Final = select(client_secrets.c.hash, client_secrets.c.expires, client_secrets.c.revoked).where(
    client_secrets.c.id == bindparam("id"), client_secrets.c.client_id == bindparam("client_id")
)


class CredentialError(Exception):
    """A credential cannot be issued, registered or revoked. ``code`` is explained in the catalogue of problem codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What may be shown of a credential. A key has no end of its own."""

    id: str
    client_id: str
    kind: Kind
    created: datetime
    expires: datetime | None
    revoked: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Whether it authenticates at ``now``."""
        return self.revoked is None and (self.expires is None or self.expires > now)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedSecret:
    """A new client secret: the only time that its value is at hand."""

    id: str
    client_id: str
    secret: Secret
    expires: datetime


@dataclass(frozen=True, slots=True)
class CredentialStore:
    """Issues, checks and ends the credentials of service accounts."""

    engine: Engine
    record: RecordSink

    def issue_secret(self, client_id: str, *, actor: str, now: datetime, life: timedelta = SECRET_LIFE) -> IssuedSecret:
        """A new secret beside at most one other live one. Raises :class:`CredentialError` when two live already."""
        _check_client_id(client_id)
        _check_life(life)
        with writing(self.engine) as connection:
            _lock(connection, client_id)
            if len(_live_secrets(connection, client_id, now)) >= MAX_LIVE:
                raise CredentialError(
                    "EAS-7102", f"{client_id} has two live secrets: revoke one, or rotate to replace the older"
                )
            return self._insert_secret(connection, client_id, act="credential.issued", actor=actor, now=now, life=life)

    def rotate_secret(
        self,
        client_id: str,
        *,
        actor: str,
        now: datetime,
        overlap: timedelta = ROTATION_OVERLAP,
        life: timedelta = SECRET_LIFE,
    ) -> IssuedSecret:
        """A new secret; the newest old one works for ``overlap`` longer, any other ends now."""
        _check_client_id(client_id)
        _check_life(life)
        if not timedelta(0) <= overlap <= timedelta(days=30):
            raise CredentialError("EAS-7105", "the overlap of a rotation is at most 30 days")
        with writing(self.engine) as connection:
            _lock(connection, client_id)
            live = _live_secrets(connection, client_id, now)
            for credential in live[1:]:
                _revoke(connection, credential.id, now)
            if live:
                end = min(now + overlap, live[0].expires or now + overlap)
                connection.execute(update(client_secrets).where(client_secrets.c.id == live[0].id).values(expires=end))
            return self._insert_secret(connection, client_id, act="credential.rotated", actor=actor, now=now, life=life)

    def issue_api_key(
        self,
        client_id: str,
        *,
        actor: str,
        now: datetime,
        overlap: timedelta | None = None,
        life: timedelta = API_KEY_LIFE,
    ) -> IssuedSecret:
        """A new API key beside at most one other live one.

        With ``overlap`` it takes the place of the others: the newest works for so long still. Raises
        :class:`CredentialError` when two live already, or for a life or overlap beyond its bound.
        """
        _check_client_id(client_id)
        _check_life(life)
        if overlap is not None and not timedelta(0) <= overlap <= timedelta(days=30):
            raise CredentialError("EAS-7105", "the overlap of a rotation is at most 30 days")
        identifier = secrets.token_hex(8)
        value = f"{API_KEY_PREFIX}{identifier}_{new_random()}"
        row = {"id": identifier, "client_id": client_id, "hash": stored_hash(value), "created": now}
        with writing(self.engine) as connection:
            _lock(connection, client_id)
            live = _select(connection, client_id, "api-key", now)
            if overlap is None and len(live) >= MAX_LIVE:
                raise CredentialError("EAS-7102", f"{client_id} has two live API keys: revoke one, or rotate")
            if overlap is not None and live:
                for credential in live[1:]:
                    _revoke(connection, credential.id, now)
                end = min(now + overlap, live[0].expires or now + overlap)
                shortened = update(client_api_keys).where(client_api_keys.c.id == live[0].id).values(expires=end)
                connection.execute(shortened)
            connection.execute(insert(client_api_keys).values(**row, expires=now + life))
            act = "credential.api-key-issued" if overlap is None else "credential.api-key-rotated"
            self._record(act, actor, client_id, identifier, now)
        return IssuedSecret(id=identifier, client_id=client_id, secret=Secret(value), expires=now + life)

    def api_key_hashes(self, now: datetime) -> ApiKeyHashes:
        """What gateways must know of every live API key."""
        table = client_api_keys
        live = select(table).where(table.c.revoked.is_(None), table.c.expires > now)
        with reading(self.engine) as connection:
            return {row.hash: (row.client_id, int(row.expires.timestamp())) for row in connection.execute(live)}

    def register_key(self, client_id: str, jwk: Mapping[str, Any], *, actor: str, now: datetime) -> Credential:
        """Register a public key for ``private_key_jwt``. Its id is its RFC 7638 thumbprint.

        Raises :class:`CredentialError` for a key that is private, weak, known already, or a third live one.
        """
        _check_client_id(client_id)
        try:
            key = verification_key(jwk)
        except JoseError as error:
            raise CredentialError("EAS-7103", str(error)) from error
        identifier = key.key.thumbprint()
        stored = {**key.key.as_dict(private=False), "kid": key.kid, "alg": key.algorithm, "use": "sig"}
        with writing(self.engine) as connection:
            _lock(connection, client_id)
            live = _select(connection, client_id, "key", now)
            if len(live) >= MAX_LIVE:
                raise CredentialError("EAS-7102", f"{client_id} has two live keys: revoke one first")
            if key.kid in _keys(connection, client_id):
                raise CredentialError("EAS-7104", f"{client_id} has a live key with the same kid: give it another")
            try:
                connection.execute(
                    insert(client_keys).values(id=identifier, client_id=client_id, jwk=stored, created=now)
                )
            except IntegrityError as error:
                raise CredentialError("EAS-7104", "this key was registered before: make a new key pair") from error
            self._record("credential.key-registered", actor, client_id, identifier, now)
        return Credential(id=identifier, client_id=client_id, kind="key", created=now, expires=None, revoked=None)

    def note_certificate(self, client_id: str, serial_number: str, *, actor: str, now: datetime) -> None:
        """Record that a certificate was issued with which nobody signs in: it is not stored, and ends within days."""
        self._record("credential.certificate-issued", actor, client_id, serial_number, now)

    def register_certificate(
        self, client_id: str, serial_number: str, thumbprint: str, *, expires: datetime, actor: str, now: datetime
    ) -> None:
        """Let a client certificate of our own authority authenticate its system (``tls_client_auth``, RFC 8705 §2.1).

        ``thumbprint`` is as in :class:`~easement.identity.oauth_messages.PresentedCertificate`. Raises
        :class:`CredentialError` when two live already.
        """
        _check_client_id(client_id)
        with writing(self.engine) as connection:
            _lock(connection, client_id)
            if len(_select(connection, client_id, "certificate", now)) >= MAX_LIVE:
                raise CredentialError("EAS-7102", f"{client_id} has two live certificates to sign in with: revoke one")
            row = {"id": serial_number, "client_id": client_id, "hash": thumbprint, "created": now, "expires": expires}
            connection.execute(insert(client_certificates).values(**row))
            self._record("credential.certificate-issued", actor, client_id, serial_number, now)

    def is_certificate_of(self, client_id: str, thumbprint: str, now: datetime) -> bool:
        """Whether a live certificate with which ``client_id`` signs in has this thumbprint."""
        table = client_certificates
        live = select(table.c.hash).where(
            table.c.client_id == client_id, table.c.revoked.is_(None), table.c.expires > now
        )
        with reading(self.engine) as connection:
            return any(hmac.compare_digest(known, thumbprint) for known in connection.execute(live).scalars())

    def revoke(self, client_id: str, credential_id: str, *, actor: str, now: datetime) -> None:
        """End a credential at once. Raises :class:`CredentialError` when ``client_id`` has no such live one."""
        with writing(self.engine) as connection:
            if not _revoke(connection, credential_id, now, client_id=client_id):
                raise CredentialError("EAS-7106", f"{client_id} has no credential {credential_id!r} to revoke")
            self._record("credential.revoked", actor, client_id, credential_id, now)

    def note_tokens_revoked(self, client_id: str, *, actor: str, now: datetime) -> None:
        """Record that every token that the account has was revoked."""
        self._record("credential.tokens-revoked", actor, client_id, "", now)

    def credentials(self, client_id: str) -> tuple[Credential, ...]:
        """All credentials of an account, newest first, ended ones too."""
        with reading(self.engine) as connection:
            found = [one for kind in _TABLES for one in _select(connection, client_id, kind, None)]
        return tuple(sorted(found, key=lambda one: one.created, reverse=True))

    def live_with_an_end(self, now: datetime) -> tuple[Credential, ...]:
        """The live secrets, API keys and certificates of every account, newest first within each account."""
        found: list[Credential] = []
        with reading(self.engine) as connection:
            for kind in _ENDING:
                table = _TABLES[kind]
                rows = connection.execute(
                    select(table.c.id, table.c.client_id, table.c.created, table.c.expires)
                    .where(table.c.revoked.is_(None), table.c.expires > now)
                    .order_by(table.c.client_id, table.c.created.desc(), table.c.id.desc())
                )
                found += [
                    Credential(
                        id=row.id, client_id=row.client_id, kind=kind, created=row.created, expires=row.expires,
                        revoked=None,
                    )
                    for row in rows
                ]  # fmt: skip
        return tuple(found)

    def is_secret_of(self, client_id: str, value: str, now: datetime) -> bool:
        """Whether ``value`` is a live secret of ``client_id``. Unknown ones take the same steps as known ones."""
        match = _SECRET.fullmatch(value)
        identifier = match["id"] if match else ""
        with reading(self.engine) as connection:
            row = connection.execute(_SECRET_ROW, {"id": identifier, "client_id": client_id}).one_or_none()
        fits = hmac.compare_digest(row.hash if row else _NO_HASH, stored_hash(value))
        return bool(fits and row and row.revoked is None and (row.expires is None or row.expires > now))

    def keys_of(self, client_id: str) -> dict[str, VerificationKey]:
        """The live public keys of ``client_id`` by ``kid``."""
        with reading(self.engine) as connection:
            return _keys(connection, client_id)

    def _insert_secret(
        self, connection: Connection, client_id: str, *, act: str, actor: str, now: datetime, life: timedelta
    ) -> IssuedSecret:
        identifier = secrets.token_hex(8)
        value = f"{SECRET_PREFIX}{identifier}_{new_random()}"
        row = {"id": identifier, "client_id": client_id, "hash": stored_hash(value), "created": now}
        connection.execute(insert(client_secrets).values(**row, expires=now + life))
        self._record(act, actor, client_id, identifier, now)
        return IssuedSecret(id=identifier, client_id=client_id, secret=Secret(value), expires=now + life)

    def _record(self, act: str, actor: str, client_id: str, credential_id: str, now: datetime) -> None:
        detail = {"credential": credential_id}
        self.record([administrative_act(act, actor=actor, subject=client_id, now=now, detail=detail)])


def _check_client_id(client_id: str) -> None:
    if not _CLIENT_ID.fullmatch(client_id):
        raise CredentialError("EAS-7101", f"{client_id!r} is not the name of a system")


def _check_life(life: timedelta) -> None:
    if not timedelta(0) < life <= MAX_SECRET_LIFE:
        raise CredentialError("EAS-7105", f"a secret lives at most {MAX_SECRET_LIFE.days} days")


def _lock(connection: Connection, client_id: str) -> None:
    """Let one writer at a time count an account's credentials. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"credentials:{client_id}"))))


def _live_secrets(connection: Connection, client_id: str, now: datetime) -> list[Credential]:
    return _select(connection, client_id, "secret", now)


def _select(connection: Connection, client_id: str, kind: Kind, now: datetime | None) -> list[Credential]:
    """Newest first; only those live at ``now`` where it is given."""
    table = _TABLES[kind]
    rows = connection.execute(
        select(table).where(table.c.client_id == client_id).order_by(table.c.created.desc(), table.c.id)
    ).mappings()
    found = [
        Credential(
            id=row["id"],
            client_id=client_id,
            kind=kind,
            created=row["created"],
            expires=row.get("expires"),
            revoked=row["revoked"],
        )
        for row in rows
    ]
    return [one for one in found if now is None or one.is_live(now)]


def _keys(connection: Connection, client_id: str) -> dict[str, VerificationKey]:
    query = select(client_keys.c.jwk).where(client_keys.c.client_id == client_id, client_keys.c.revoked.is_(None))
    keys = [verification_key(jwk) for jwk in connection.execute(query).scalars()]
    return {key.kid: key for key in keys}


def _revoke(connection: Connection, credential_id: str, now: datetime, *, client_id: str | None = None) -> bool:
    for table in _TABLES.values():
        statement = update(table).where(table.c.id == credential_id, table.c.revoked.is_(None)).values(revoked=now)
        if client_id is not None:
            statement = statement.where(table.c.client_id == client_id)
        if connection.execute(statement).rowcount:
            return True
    return False
