"""Deliver what waits in the outbox: at least once, again with growing pauses, and visible where it cannot be done.

A notice is taken for a while (so that several processes may work), tried, recorded in the ledger, and settled. A
process that dies in between leaves it due again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from easement.broker.retry import FailureClass
from easement.governance.approval import SYSTEM_ACTOR
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.notice_mail import MailServer, UndeliverableError, mail_of, send_mail
from easement.governance.notice_webhook import WebhookPolicy, post_notice
from easement.governance.records import Act
from easement.governance.registry import Actor, Registry
from easement.keys.secret_stores import SecretStores
from easement.keys.secrets import SecretError
from easement.ledger.record import DetailValue, Record, Step
from easement.store.database import reading, writing
from easement.store.notices import (
    DEAD,
    EMAIL,
    SENT,
    WAITING,
    StoredNotice,
    claim_notices,
    get_notice,
    inbox,
    mark_read,
    retry_notice,
    settle_notice,
)

_log = structlog.get_logger()
MOST_ATTEMPTS: Final = 12
_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=4)
_LEASE: Final = timedelta(minutes=5)
_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PostOffice:
    """How notices leave. Without ``mail`` e-mail waits, and says so; ``password`` is a reference to the secret.

    ``secrets`` resolves the references of teams and of our settings; ``source`` names this installation in events.
    """

    secrets: SecretStores
    mail: MailServer | None = None
    password: str = ""
    webhooks: WebhookPolicy = field(default_factory=WebhookPolicy)
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """How one attempt ended: an empty ``error`` is success; ``is_final`` ends the attempts."""

    error: str = ""
    is_final: bool = False


async def deliver_due(registry: Registry, office: PostOffice) -> int:
    """Try what is due now, a bounded number; returns how many were tried."""
    now = registry.now()
    taken = await asyncio.to_thread(_claim, registry, now)
    for notice in taken:
        attempt = await _attempt(notice, office)
        await asyncio.to_thread(_settle, registry, notice, attempt)
    return len(taken)


def inbox_of(
    registry: Registry, person: str, *, every: bool = False, after: str = "", limit: int = 100
) -> tuple[StoredNotice, ...]:
    """The notices for the teams of a person, newest first; ``every`` gives those of all teams."""
    teams = None if every else teams_of(registry, person)
    with reading(registry.engine) as connection:
        return inbox(connection, teams, after=after, limit=limit)


def teams_of(registry: Registry, person: str) -> frozenset[str]:
    """The enforced teams that list a person as a member."""
    return frozenset(
        name
        for (kind, name), entry in registry.snapshot().enforced.items()
        if kind == "Team" and entry.document.kind == "Team" and person in entry.document.spec.members
    )


def read_notice(registry: Registry, notice_id: str, actor: Actor) -> StoredNotice:
    """Mark a notice of the inbox as read. Raises :class:`UnknownError`, also where it is for another team."""
    with writing(registry.engine) as connection:
        notice = get_notice(connection, notice_id)
        mine = notice is not None and (notice.team in teams_of(registry, actor.name) or "admin" in actor.roles)
        if notice is None or not mine:
            raise UnknownError(f"there is no notice {notice_id!r} for you")
        if mark_read(connection, notice_id, actor.name, registry.now()):
            registry.record([_record(notice, "notice.read", actor.name, registry.now())])
    return notice


def send_again(registry: Registry, notice_id: str, actor: Actor) -> None:
    """Make a notice that could not be delivered due again. Raises :class:`UnknownError`, :class:`PolicyError`."""
    with writing(registry.engine) as connection:
        notice = get_notice(connection, notice_id)
        if notice is None:
            raise UnknownError(f"there is no notice {notice_id!r}")
        if not retry_notice(connection, notice_id, registry.now()):
            raise PolicyError(f"notice {notice_id} is {notice.state}: only one that is dead is sent again")
        registry.record([_record(notice, "notice.sent-again", actor.name, registry.now())])


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 30 seconds, doubled each time, four hours at most."""
    return min(_FIRST_PAUSE * (1 << min(attempts - 1, 20)), _LONGEST_PAUSE)


def _claim(registry: Registry, now: datetime) -> Sequence[StoredNotice]:
    with writing(registry.engine) as connection:
        return claim_notices(connection, now, now + _LEASE, _AT_ONCE)


async def _attempt(notice: StoredNotice, office: PostOffice) -> _Attempt:
    try:
        if notice.channel == EMAIL:
            return await asyncio.to_thread(_send_mail, notice, office)
        secret = await asyncio.to_thread(office.secrets.of_document, notice.secret, notice.team)
        outcome = await post_notice(notice, secret, office.webhooks, office.source)
    except UndeliverableError as error:
        return _Attempt(error=str(error), is_final=True)
    except (OSError, SecretError) as error:
        return _Attempt(error=_said(error))
    if outcome.failure is None:
        return _Attempt()
    return _Attempt(error=outcome.message, is_final=outcome.failure is FailureClass.PERMANENT)


def _send_mail(notice: StoredNotice, office: PostOffice) -> _Attempt:
    if office.mail is None:
        return _Attempt(error="no mail server is set: EASEMENT_SMTP_HOST")
    message = mail_of(notice, office.mail.sender)
    password = office.secrets.of_operator(office.password) if office.password else None
    send_mail(office.mail, password, message)
    return _Attempt()


def _settle(registry: Registry, notice: StoredNotice, attempt: _Attempt) -> None:
    """Record first: a notice that is settled without its record would be sent and not proven."""
    now = registry.now()
    attempts = notice.attempts + 1
    is_dead = bool(attempt.error) and (attempt.is_final or attempts >= MOST_ATTEMPTS)
    action = "notice.sent" if not attempt.error else "notice.undeliverable" if is_dead else "notice.failed"
    registry.record([_record(notice, action, SYSTEM_ACTOR, now, error=attempt.error, attempt=attempts)])
    with writing(registry.engine) as connection:
        if not attempt.error:
            settle_notice(connection, notice.id, state=SENT, sent=now)
        elif is_dead:
            settle_notice(connection, notice.id, state=DEAD, error=attempt.error)
        else:
            due = now + pause_after(attempts)
            settle_notice(connection, notice.id, state=WAITING, error=attempt.error, due=due)
    say = _log.error if is_dead else _log.warning if attempt.error else _log.info
    say(action, notice=notice.id, channel=notice.channel, team=notice.team, attempt=attempts, error=attempt.error)


def _record(notice: StoredNotice, action: str, person: str, now: datetime, **detail: DetailValue) -> Record:
    record = Act(person=person, now=now).record(
        step=Step.DECIDED,
        action=action,
        case=f"CHG-{notice.case_number:04d}",
        notice=notice.id,
        channel=notice.channel,
        team=notice.team,
        consumer_integration=notice.integration,
        event=notice.event,
    )
    return replace(record, detail={**record.detail, **detail})


def _said(error: Exception) -> str:
    """What went wrong, without what a server may have put into its answer beyond one short line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
