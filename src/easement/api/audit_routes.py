"""Reading the ledger. Every reading is itself a record."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from easement.api.access import access_record
from easement.api.paging import MAX_PAGE, decode_cursor, encode_cursor
from easement.api.problem import ApiError
from easement.api.services import ControlServices
from easement.api.views import RecordPage, RecordView
from easement.governance.errors import UnknownError
from easement.identity.people import Person, Role
from easement.ledger.query import Found, Search

_Text = Annotated[str, Field(max_length=200)]


class RecordQuery(BaseModel):
    """What to look for; an empty value asks nothing. Times are milliseconds since the epoch, UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)
    since_ms: Annotated[int, Field(ge=0)] = 0
    until_ms: Annotated[int, Field(ge=0)] = 0
    integration: _Text = ""
    status: _Text = ""
    account: _Text = ""
    source: _Text = ""
    target: _Text = ""
    kind: Literal["", "request", "event", "governance", "administration", "access"] = ""
    correlation_id: _Text = ""
    text: _Text = ""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100
    cursor: Annotated[str, Field(max_length=400)] = ""


def audit_router(services: ControlServices) -> APIRouter:
    """``GET /audit/records`` and ``GET /audit/transactions/{id}``."""
    router = APIRouter(prefix="/audit", tags=["audit"])
    auditor = Annotated[
        Person,
        Depends(services.access.guard(Role.AUDITOR, Role.SECURITY, Role.COMPLIANCE, Role.OPERATOR, Role.ADMIN)),
    ]

    @router.get("/records")
    def search(query: Annotated[RecordQuery, Query()], person: auditor) -> RecordPage:
        """Records, newest first."""
        asked = query.model_dump(exclude={"cursor"})
        wanted = Search(**asked, before=_position(query.cursor))
        services.registry.record([access_record(person.name, "audit.searched", integration=query.integration)])
        page = services.ledger.search(wanted)
        following = encode_cursor(str(page.cursor)) if page.cursor else ""
        return RecordPage(items=[_view(found) for found in page.found], cursor=following)

    @router.get("/transactions/{transaction_id}")
    def trace(transaction_id: str, person: auditor) -> RecordPage:
        """Every step of one transaction, in the order of time."""
        services.registry.record([access_record(person.name, "audit.traced", transaction=transaction_id[:64])])
        found = services.ledger.trace(transaction_id)
        if not found:
            raise UnknownError("the ledger has no record of this transaction")
        return RecordPage(items=[_view(each) for each in found], cursor="")

    return router


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    text = decode_cursor(cursor)
    if not text.isdecimal():
        raise ApiError(422, "malformed", "this cursor is not one of ours: begin at the first page")
    return int(text)


def _view(found: Found) -> RecordView:
    return RecordView(position=found.position, record=asdict(found.record))
