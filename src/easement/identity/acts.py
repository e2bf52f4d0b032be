"""Administrative acts as ledger records: who did what to whom. Never a credential, only its public id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from easement.ledger.record import DetailValue, Record, RecordKind, Status, Step
from easement.store.ids import new_id

RecordSink = Callable[[Sequence[Record]], None]
"""Appends records; returns when they are on disk and raises when they are not, so that the act is not done either."""


def administrative_act(
    act: str, *, actor: str, subject: str, now: datetime, detail: Mapping[str, DetailValue] | None = None
) -> Record:
    """The record of ``act`` (``credential.issued`` ...) by ``actor`` (a person's name) on ``subject``."""
    return _record(
        act, RecordKind.ADMINISTRATION, Step.CHANGED, Status.SUCCESS, now, account=actor, target=subject, detail=detail
    )


def refused_authentication(client_id: str, *, remote: str, reason: str, now: datetime) -> Record:
    """The record of a failed proof of identity for an account that exists."""
    return _record(
        "client.authentication",
        RecordKind.ACCESS,
        Step.DECIDED,
        Status.REFUSED,
        now,
        account=client_id,
        detail={"remote": remote},
        error_code=reason,
    )


def _record(
    message_type: str,
    kind: RecordKind,
    step: Step,
    status: Status,
    now: datetime,
    *,
    account: str,
    target: str = "",
    detail: Mapping[str, DetailValue] | None = None,
    error_code: str = "",
) -> Record:
    identifier = new_id()
    return Record(
        id=identifier,
        transaction_id=identifier,
        kind=kind,
        step=step,
        status=status,
        time_ms=int(now.timestamp() * 1000),
        message_type=message_type,
        account=account,
        target=target,
        detail=dict(detail or {}),
        error_code=error_code,
    )
