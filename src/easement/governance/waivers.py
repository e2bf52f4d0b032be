"""The waivers of the registry with who asked for each and who approved it, from their reviews.

A waiver counts from its approval on: what is applied and not approved is in the report, without an approver, and covers
nothing that is enforced.
"""

from __future__ import annotations

from easement.governance.reading import registered_estate
from easement.governance.registry import Registry
from easement.governance.reviews import Verdict
from easement.standards.check import check
from easement.standards.waiver_report import Approval, WaiverEntry, waiver_report
from easement.store.database import reading
from easement.store.reviews import APPROVED, list_reviews

_PAGE = 500


def registered_waivers(registry: Registry) -> tuple[WaiverEntry, ...]:
    """Every waiver of the registry, the most urgent first."""
    estate = registered_estate(registry)
    return waiver_report(estate.waivers, check(estate, registry.today), registry.today, _approvals(registry))


def _approvals(registry: Registry) -> dict[str, Approval]:
    """Who approved the revision of each waiver that is in force, from its latest approved review."""
    enforced = {name: one.enforced for (kind, name), one in registry.snapshot().documents.items() if kind == "Waiver"}
    found: dict[str, Approval] = {}
    after = ""
    with reading(registry.engine) as connection:
        while page := list_reviews(connection, kind="Waiver", after=after, limit=_PAGE):
            after = page[-1].id
            for review in page:
                if review.state == APPROVED and enforced.get(review.name) == review.revision:
                    people = tuple(
                        one.person for one in review.decisions if one.verdict == Verdict.APPROVE and not one.automatic
                    )
                    found[review.name] = Approval(requester=review.author, approvers=people)
    return found
