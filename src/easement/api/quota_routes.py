"""``GET /api/v1/quotas``: how much of the daily quotas is used."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from easement.api.identity_answers import RoleGuard
from easement.api.views import Moment, View
from easement.identity.people import Person, Role
from easement.monitoring.quotas import QuotaUse


class QuotaView(View):
    """The calls a day of one integration, those of today, and when the next day begins."""

    integration: str
    quota: int
    used: int
    used_up: bool
    renewed: Moment


class QuotasView(View):
    """Every integration with a quota, by name."""

    items: list[QuotaView]


def quota_router(
    uses: Callable[[datetime], Iterable[QuotaUse]], now: Callable[[], datetime], *, guard: RoleGuard
) -> APIRouter:
    """For everybody who is signed in: a quota is part of a contract."""
    router = APIRouter(prefix="/api/v1", tags=["monitoring"])
    reader = Annotated[Person, Depends(guard(*Role))]

    @router.get("/quotas")
    def get_quotas(_person: reader) -> QuotasView:
        """What each contract with a daily quota allows, and what of it was let through today (UTC)."""
        items = [
            QuotaView(
                integration=one.integration,
                quota=one.quota,
                used=one.used,
                used_up=one.is_used_up,
                renewed=datetime.fromtimestamp(one.renewed, UTC),
            )
            for one in uses(now())
        ]
        return QuotasView(items=items)

    return router
