"""What affected consumers are told, and where: the console inbox, e-mail, a webhook. Written into the outbox. Pure.

A notice says what changes *for this consumer*, by when, what to do, and where to answer. Consumers that the change does
not reach hear nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from easement.contract.kinds import Team
from easement.store.change_cases import StoredCase, StoredParty
from easement.store.ids import new_id
from easement.store.notices import EMAIL, INBOX, SENT, WAITING, WEBHOOK, StoredNotice

_SUBJECT_LENGTH: Final = 200


class NoticeEvent(StrEnum):
    """Why somebody is told."""

    ANNOUNCED = "announced"
    STARTED = "started"
    REMINDER = "reminder"
    OVER = "over"
    WITHDRAWN = "withdrawn"
    EMERGENCY = "emergency"
    EMERGENCY_CLOSED = "emergency-closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """An event of a case, to be told to parties of it. ``console`` is the address of the console."""

    case: StoredCase
    event: NoticeEvent
    now: datetime
    console: str = ""


def notices_for(
    announcement: Announcement, parties: Iterable[StoredParty], teams: Mapping[str, Team]
) -> tuple[StoredNotice, ...]:
    """One notice for each party and channel of its team."""
    return tuple(notice for party in parties for notice in _notices(announcement, party, teams.get(party.team)))


def subject_of(announcement: Announcement, party: StoredParty) -> str:
    """The line by which the notice is known. No line breaks are in it, whatever a document says."""
    case = announcement.case
    said = {
        NoticeEvent.ANNOUNCED: f"{case.subject} changes: {party.integration} has until {_day(case.sunset)}",
        NoticeEvent.STARTED: f"{case.subject} is deprecated: {party.integration} has until {_day(case.sunset)}",
        NoticeEvent.REMINDER: f"{case.subject} ends on {_day(case.sunset)}: {party.integration} still uses it",
        NoticeEvent.OVER: f"{case.subject} is no longer served",
        NoticeEvent.WITHDRAWN: f"{case.subject} stays as it is: the change is withdrawn",
        NoticeEvent.EMERGENCY: f"{case.subject} changes at once, without notice (break-glass)",
        NoticeEvent.EMERGENCY_CLOSED: f"{case.subject}: the emergency change is followed up",
    }[announcement.event]
    return " ".join(f"[{case.id}] {said}".split())[:_SUBJECT_LENGTH]


def _notices(announcement: Announcement, party: StoredParty, team: Team | None) -> Iterator[StoredNotice]:
    content = content_of(announcement, party)

    def notice(channel: str, address: str = "", secret: str = "") -> StoredNotice:
        is_there = channel == INBOX
        return StoredNotice(
            id=new_id(),
            case_number=announcement.case.number,
            integration=party.integration,
            team=party.team,
            event=announcement.event.value,
            channel=channel,
            address=address,
            secret=secret,
            subject=subject_of(announcement, party),
            content=content,
            state=SENT if is_there else WAITING,
            due=None if is_there else announcement.now,
            created=announcement.now,
            sent=announcement.now if is_there else None,
        )

    yield notice(INBOX)
    if team is not None and team.spec.email:
        yield notice(EMAIL, team.spec.email)
    if team is not None and team.spec.notices is not None:
        yield notice(WEBHOOK, team.spec.notices.url, team.spec.notices.secret)


def content_of(announcement: Announcement, party: StoredParty) -> dict[str, Any]:
    """What is told, as JSON."""
    case = announcement.case
    return {
        "case": case.id,
        "event": announcement.event.value,
        "subject": case.subject,
        "successor": f"{case.kind.lower()}/{case.successor}" if case.successor else "",
        "integration": party.integration,
        "consumer": party.consumer,
        "reason": case.reason,
        "sunset": case.sunset.isoformat() if case.sunset else "",
        "documentation": case.link,
        "changes": [dict(hit) for hit in party.hits],
        "toDo": list(_to_do(announcement, party)),
        "link": f"{announcement.console}/changes/{case.id}" if announcement.console else "",
    }


def _to_do(announcement: Announcement, party: StoredParty) -> Iterator[str]:
    case = announcement.case
    match announcement.event:
        case NoticeEvent.ANNOUNCED | NoticeEvent.STARTED | NoticeEvent.REMINDER:
            if case.kind == "Integration":
                yield f"Look at the new revision of {case.subject}, and agree: easement change ack {case.id} ..."
                return
            if case.successor:
                yield f"Move {party.integration} to {case.successor}: set spec.interface.version to its major."
            else:
                yield f"Stop using {case.name}: nothing takes its place."
            yield f"Until then say when: easement change ack {case.id} {party.integration} --until DATE"
            yield f"Not affected? easement change not-affected {case.id} {party.integration} --reason WHY"
        case NoticeEvent.EMERGENCY:
            yield f"Check {party.integration} now; {case.opened_by} and {case.confirmed_by} answer for the change."
        case NoticeEvent.OVER:
            yield f"Whatever still calls {case.name} is refused (410)" + (
                f"; use {case.successor}." if case.successor else "."
            )
        case NoticeEvent.WITHDRAWN | NoticeEvent.EMERGENCY_CLOSED:
            return


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else "further notice"
