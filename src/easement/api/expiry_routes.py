"""``GET /api/v1/expiries``: which credentials and certificates end, the soonest first."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from easement.api.identity_answers import RoleGuard
from easement.api.views import Moment, View
from easement.identity.expiries import Expiry, in_order
from easement.identity.people import Person, Role


class ExpiryView(View):
    """One thing that ends. ``replaced``: nobody has to act, for a younger one lives, or it is renewed by itself."""

    kind: str
    name: str
    id: str
    expires: Moment
    replaced: bool


class ExpiriesView(View):
    """What ends."""

    items: list[ExpiryView]


def expiry_router(
    expiries: Callable[[datetime], Iterable[Expiry]], now: Callable[[], datetime], *, guard: RoleGuard
) -> APIRouter:
    """For those who must act, and those who watch that they do."""
    router = APIRouter(prefix="/api/v1", tags=["accounts"])
    reader = Annotated[Person, Depends(guard(Role.ADMIN, Role.OPERATOR, Role.SECURITY, Role.AUDITOR))]

    @router.get("/expiries")
    def get_expiries(_person: reader, days: Annotated[int, Query(ge=1, le=4000)] = 30) -> ExpiriesView:
        """Client secrets, API keys and certificates of the installation that end within so many days."""
        moment = now()
        until = moment + timedelta(days=days)
        found: list[dict[str, Any]] = [
            {"kind": one.kind, "name": one.name, "id": one.id, "expires": one.expires, "replaced": one.is_replaced}
            for one in in_order(expiries(moment))
            if one.expires <= until
        ]
        return ExpiriesView.model_validate({"items": found})

    return router
