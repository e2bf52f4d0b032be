"""What the API answers about change cases and notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from easement.api.views import Moment, View
from easement.store.change_cases import StoredCase
from easement.store.notices import StoredNotice


class PartyView(View):
    """A consumer in a case. ``answer`` is empty, ``acknowledged``, ``not-affected`` or ``migrated``."""

    integration: str
    consumer: str
    team: str
    criticality: str
    answer: str
    until: Moment | None
    reason: str
    person: str
    answered: Moment | None
    hits: list[dict[str, Any]]


class StillUsingView(View):
    """How much a consumer used the old version. ``lastMs`` is milliseconds since the epoch, 0 for never."""

    integration: str
    consumer: str
    team: str
    answer: str
    uses: bool
    expired: bool
    count: int
    last_ms: int


class NoticeView(View):
    """One notice. ``address`` is left out: it may name a person."""

    id: str
    case: str
    integration: str
    team: str
    event: str
    channel: str
    subject: str
    content: dict[str, Any]
    state: str
    attempts: int
    error: str
    created: Moment
    sent: Moment | None
    read: Moment | None
    read_by: str


class NoticePage(View):
    """Notices, newest first."""

    items: list[NoticeView]
    cursor: str


class CaseView(View):
    """One change case."""

    id: str
    kind: str
    name: str
    successor: str
    state: str
    emergency: bool
    reason: str
    link: str
    old_revision: str
    new_revision: str
    opened_by: str
    opened: Moment
    noticed: Moment | None
    sunset: Moment | None
    started: Moment | None
    closed: Moment | None
    confirmed_by: str
    permitted_until: Moment | None
    follow_up: str
    version: int
    verdicts: list[dict[str, Any]]
    parties: list[PartyView]
    using: list[StillUsingView]
    notices: list[NoticeView]


class CasePage(View):
    """Change cases, oldest first. ``using`` and ``notices`` are given for one case only."""

    items: list[CaseView]
    cursor: str


def case_view(case: StoredCase, using: Sequence[StillUsingView] = (), notices: Sequence[NoticeView] = ()) -> CaseView:
    """A case as the API shows it."""
    names = CaseView.model_fields.keys() - {"parties", "using", "notices", "verdicts"}
    return CaseView(
        **{name: getattr(case, name) for name in names},
        verdicts=[dict(verdict) for verdict in case.verdicts],
        parties=[_party(case, index) for index in range(len(case.parties))],
        using=list(using),
        notices=list(notices),
    )


def notice_view(notice: StoredNotice) -> NoticeView:
    """A notice as the API shows it."""
    names = NoticeView.model_fields.keys() - {"case", "content"}
    return NoticeView(
        **{name: getattr(notice, name) for name in names},
        case=f"CHG-{notice.case_number:04d}",
        content=dict(notice.content),
    )


def _party(case: StoredCase, index: int) -> PartyView:
    party = case.parties[index]
    names = PartyView.model_fields.keys() - {"hits"}
    return PartyView(**{name: getattr(party, name) for name in names}, hits=[dict(hit) for hit in party.hits])
