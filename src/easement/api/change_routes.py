"""Preview and apply a bundle."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header

from easement.api.bundle_body import BundleBody
from easement.api.problem import place_of
from easement.api.services import ControlServices
from easement.api.views import AppliedView, ChangeView, FindingView, PlannedReviewView, PreviewView
from easement.governance.apply import Applied, apply
from easement.governance.preview import preview
from easement.identity.people import Person, Role
from easement.store.idempotency import IdempotencyKey

Key = Annotated[str, Header(alias="Idempotency-Key", max_length=200, pattern=r"^[\x21-\x7e]*$")]


def change_router(services: ControlServices) -> APIRouter:
    """``POST /preview`` and ``POST /apply``."""
    router = APIRouter(tags=["changes"])
    looker = Annotated[
        Person,
        Depends(
            services.access.guard(
                Role.DEVELOPER, Role.REVIEWER, Role.SECURITY, Role.COMPLIANCE, Role.OPERATOR, Role.ADMIN
            )
        ),
    ]
    author = Annotated[Person, Depends(services.access.guard(Role.DEVELOPER, Role.ADMIN))]

    @router.post("/preview")
    def preview_bundle(body: BundleBody, _person: looker) -> PreviewView:
        """What applying these files would change. Nothing is written; problems are part of the answer."""
        found = preview(services.registry, body.bundle(), prune=body.prune)
        return PreviewView(
            base=found.base,
            changes=[ChangeView.model_validate(change) for change in found.changes],
            problems=[place_of(problem) for problem in found.problems],  # type: ignore[misc] # validated by the model
            findings=[FindingView.model_validate(finding) for finding in found.findings],
            reviews=[PlannedReviewView.model_validate(review) for review in found.reviews],
            absent=list(found.absent),
        )

    @router.post("/apply", response_model=AppliedView)
    def apply_bundle(body: BundleBody, person: author, idempotency_key: Key = "") -> Any:
        """Register these files: all of them, or none.

        A repetition under the same ``Idempotency-Key`` gets the first answer again. With ``base`` it is refused (409)
        when the registry is no longer the one that a preview showed.
        """
        key = (
            IdempotencyKey(person=person.name, key=idempotency_key, request=body.digest()) if idempotency_key else None
        )
        done: Applied = apply(services.registry, body.bundle(), person.name, base=body.base, prune=body.prune, key=key)
        return AppliedView.model_validate(done)

    return router
