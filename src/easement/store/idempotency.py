"""Answers already given under an ``Idempotency-Key``, written in the same transaction as what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from easement.store.tables import idempotency_keys

KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """Who asked, under which key, and the hash of what was asked."""

    person: str
    key: str
    request: str


class KeyReusedError(Exception):
    """The same key came with another request."""


def recall(connection: Connection, key: IdempotencyKey) -> dict[str, Any] | None:
    """The answer given before, or None. Raises :class:`KeyReusedError`."""
    row = connection.execute(
        select(idempotency_keys).where(idempotency_keys.c.person == key.person, idempotency_keys.c.key == key.key)
    ).first()
    if row is None:
        return None
    if row.request != key.request:
        raise KeyReusedError("this Idempotency-Key was used for another request: take a fresh one")
    answer: dict[str, Any] = row.answer
    return answer


def remember(connection: Connection, key: IdempotencyKey, answer: dict[str, Any], now: datetime) -> None:
    """Keep an answer for a day."""
    connection.execute(delete(idempotency_keys).where(idempotency_keys.c.created < now - KEPT))
    connection.execute(
        insert(idempotency_keys).values(person=key.person, key=key.key, request=key.request, answer=answer, created=now)
    )
