"""The keys that sign access tokens, and their life: published → active → retiring → gone.

* A key is published before its first use, so that every verifier has it when the first token arrives.
* Exactly one key is active. Its private half is destroyed when it retires; its public half is published until the last
  token that it signed has expired.
* A compromised key is gone at once, and with it every token that it signed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, insert, select, update

from easement.identity.acts import RecordSink, administrative_act
from easement.keys.jose import SigningKey, generate_signing_key, signing_key
from easement.keys.provider import KeyProvider
from easement.store.database import reading, writing
from easement.store.tables import signing_keys

_ACTOR: Final = "easement"
_RELOAD_AFTER: Final = timedelta(seconds=15)


class KeyState(StrEnum):
    """Where a signing key stands in its life."""

    PUBLISHED = "published"
    ACTIVE = "active"
    RETIRING = "retiring"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationPolicy:
    """How long a key signs, is known before its first use, and is known after its last."""

    active: timedelta = timedelta(days=30)
    published: timedelta = timedelta(hours=1)
    retiring: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """The public facts of one signing key."""

    kid: str
    state: KeyState
    created: datetime
    activated: datetime | None = None
    retired: datetime | None = None


def advance(keys: Sequence[KeyRecord], now: datetime, policy: RotationPolicy) -> tuple[tuple[KeyRecord, ...], bool]:
    """The keys as they should stand at ``now``, and whether one more has to be made.

    A new key starts as published, or as active where none is. Pure: the caller makes keys and writes states.
    """
    active = next((key for key in keys if key.state is KeyState.ACTIVE), None)
    ripe = _ripe(keys, now, policy)
    successor = ripe if ripe and (active is None or _age(active, now) >= policy.active) else None
    moved = tuple(_move(key, successor, now, policy) for key in keys)
    signing = next((key for key in moved if key.state is KeyState.ACTIVE), None)
    if signing is None:
        return moved, True
    waiting = any(key.state is KeyState.PUBLISHED for key in moved)
    return moved, not waiting and _age(signing, now) >= policy.active - policy.published


def _ripe(keys: Sequence[KeyRecord], now: datetime, policy: RotationPolicy) -> KeyRecord | None:
    published = sorted((key for key in keys if key.state is KeyState.PUBLISHED), key=lambda key: key.created)
    return next((key for key in published if key.created + policy.published <= now), None)


def _age(key: KeyRecord, now: datetime) -> timedelta:
    return now - (key.activated or key.created)


def _move(key: KeyRecord, successor: KeyRecord | None, now: datetime, policy: RotationPolicy) -> KeyRecord:
    if successor is not None and key.kid == successor.kid:
        return replace(key, state=KeyState.ACTIVE, activated=now)
    if successor is not None and key.state is KeyState.ACTIVE:
        return replace(key, state=KeyState.RETIRING, retired=now)
    if key.state is KeyState.RETIRING and key.retired is not None and key.retired + policy.retiring <= now:
        return replace(key, state=KeyState.GONE)
    return key


@dataclass(slots=True)
class KeyRing:
    """The signing keys in the database, sealed by the key provider, with the active one at hand."""

    engine: Engine
    provider: KeyProvider
    record: RecordSink
    policy: RotationPolicy = field(default_factory=RotationPolicy)
    _active: SigningKey | None = field(default=None, init=False, repr=False)
    _loaded: datetime | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def advance(self, now: datetime) -> bool:
        """Move keys along and make new ones as the policy says; call it at start and every few minutes.

        Returns whether the key set changed, and so has to be published to the nodes.
        """
        with writing(self.engine) as connection:
            _serialize(connection)
            before = _records(connection)
            after, needs_new = advance(before, now, self.policy)
            changed = [key for key, old in zip(after, before, strict=True) if key != old]
            for key in changed:
                self._write(connection, key, now)
            if needs_new:
                signs_already = any(key.state is KeyState.ACTIVE for key in after)
                self._make(connection, KeyState.PUBLISHED if signs_already else KeyState.ACTIVE, _ACTOR, now)
        self._forget()
        return bool(changed) or needs_new

    def rotate(self, *, actor: str, now: datetime, compromised: bool = False) -> None:
        """Begin the change to a new key; with ``compromised``, end every present key and sign with a new one at once.

        Otherwise the active key is made to end as soon as its successor has been published for long enough.
        """
        with writing(self.engine) as connection:
            _serialize(connection)
            if compromised:
                present = signing_keys.c.state != KeyState.GONE
                gone = {"state": KeyState.GONE, "retired": now, "private_sealed": b""}
                connection.execute(update(signing_keys).where(present).values(**gone))
                self._make(connection, KeyState.ACTIVE, actor, now)
            else:
                due = now - self.policy.active
                is_active = signing_keys.c.state == KeyState.ACTIVE
                connection.execute(update(signing_keys).where(is_active).values(activated=due))
                if not any(key.state is KeyState.PUBLISHED for key in _records(connection)):
                    self._make(connection, KeyState.PUBLISHED, actor, now)
        self._forget()

    def current(self, now: datetime) -> SigningKey:
        """The active key, read anew every few seconds: another process may have rotated it."""
        with self._lock:
            if self._active is None or self._loaded is None or now - self._loaded >= _RELOAD_AFTER:
                self._active = self._load()
                self._loaded = now
            return self._active

    def jwks(self) -> dict[str, Any]:
        """The public key set: published, active and retiring keys, by ``kid``."""
        query = (
            select(signing_keys.c.jwk_public).where(signing_keys.c.state != KeyState.GONE).order_by(signing_keys.c.kid)
        )
        with reading(self.engine) as connection:
            return {"keys": list(connection.execute(query).scalars())}

    def history(self) -> tuple[KeyRecord, ...]:
        """Every key that ever was, oldest first."""
        with reading(self.engine) as connection:
            return tuple(_records(connection))

    def _load(self) -> SigningKey:
        query = select(signing_keys.c.kid, signing_keys.c.private_sealed).where(signing_keys.c.state == KeyState.ACTIVE)
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise LookupError("no signing key is active: KeyRing.advance has not run on this database")
        return signing_key(json.loads(self.provider.open(row.private_sealed, _aad(row.kid))))

    def _make(self, connection: Connection, state: KeyState, actor: str, now: datetime) -> None:
        key = generate_signing_key()
        sealed = self.provider.seal(json.dumps(key.private_jwk()).encode(), _aad(key.kid))
        activated = now if state is KeyState.ACTIVE else None
        row = {"kid": key.kid, "state": state, "jwk_public": key.public_jwk(), "private_sealed": sealed}
        connection.execute(insert(signing_keys).values(**row, created=now, activated=activated))
        self._record(key.kid, state, actor, now)

    def _write(self, connection: Connection, key: KeyRecord, now: datetime) -> None:
        values: dict[str, Any] = {"state": key.state, "activated": key.activated, "retired": key.retired}
        if key.state in {KeyState.RETIRING, KeyState.GONE}:
            values["private_sealed"] = b""
        connection.execute(update(signing_keys).where(signing_keys.c.kid == key.kid).values(**values))
        self._record(key.kid, key.state, _ACTOR, now)

    def _record(self, kid: str, state: KeyState, actor: str, now: datetime) -> None:
        act = administrative_act(
            f"signing-key.{state}", actor=actor, subject="token-issuer", now=now, detail={"kid": kid}
        )
        self.record([act])

    def _forget(self) -> None:
        with self._lock:
            self._active = None


def _records(connection: Connection) -> list[KeyRecord]:
    rows = connection.execute(select(signing_keys).order_by(signing_keys.c.created, signing_keys.c.kid))
    return [
        KeyRecord(
            kid=row.kid,
            state=KeyState(row.state),
            created=row.created,
            activated=row.activated,
            retired=row.retired,
        )
        for row in rows
    ]


def _serialize(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("signing-keys"))))


def _aad(kid: str) -> bytes:
    return f"signing-key:{kid}".encode()
