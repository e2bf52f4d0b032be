"""The keys that sign access tokens: looking at them, and changing them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from easement.api.identity_answers import RoleGuard, answer
from easement.identity.people import Person, Role
from easement.identity.signing_keys import KeyRing


class NewRotation(BaseModel):
    """``compromised`` ends every present key, and the tokens that they signed, at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    compromised: bool = False


def signing_keys_router(keys: KeyRing, *, on_changed: Callable[[], None], guard: RoleGuard) -> APIRouter:
    """Routes below ``/api/v1/signing-keys``. ``on_changed`` has the key set published to the nodes."""
    router = APIRouter(prefix="/api/v1/signing-keys", tags=["accounts"])
    reader = Annotated[Person, Depends(guard(Role.ADMIN, Role.OPERATOR, Role.SECURITY, Role.AUDITOR))]
    changer = Annotated[Person, Depends(guard(Role.ADMIN, Role.SECURITY))]

    @router.get("")
    def list_keys(_person: reader) -> Response:
        """Every key that ever was, and where it stands."""
        return answer(lambda: _listed(keys))

    @router.post("/rotate")
    def rotate(body: NewRotation, person: changer) -> Response:
        """Begin the change to a new key."""

        def act() -> dict[str, Any]:
            keys.rotate(actor=person.name, now=datetime.now(UTC), compromised=body.compromised)
            on_changed()
            return _listed(keys)

        return answer(act)

    return router


def _listed(keys: KeyRing) -> dict[str, Any]:
    return {"items": [{"kid": key.kid, "state": key.state} for key in keys.history()]}
