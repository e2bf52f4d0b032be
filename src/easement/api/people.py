"""Administering people: who there is, their roles, their sign-in links and API tokens."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from easement.api.identity_answers import RoleGuard, answer
from easement.identity.people import Person, PersonEntry, Role
from easement.identity.sign_in import LINK_LIFE, SignIn


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewPerson(_Body):
    """A person to add."""

    name: str = Field(max_length=100)
    roles: list[str] = Field(min_length=1, max_length=len(Role))


class NewRoles(_Body):
    """The roles a person has from now on."""

    roles: list[str] = Field(min_length=1, max_length=len(Role))


class NewToken(_Body):
    """An API token: what for, with which of the owner's roles (none means all), for how long."""

    label: str = Field(max_length=100)
    scopes: list[str] = Field(default_factory=list, max_length=len(Role))
    life_days: int = Field(30, alias="lifeDays", ge=1, le=366)


def people_router(sign_in: SignIn, *, console_url: str, guard: RoleGuard) -> APIRouter:
    """Routes below ``/api/v1/people``, for administrators; and ``/api/v1/me``, for everybody who is signed in."""
    router = APIRouter(prefix="/api/v1", tags=["people"])
    admin = Annotated[Person, Depends(guard(Role.ADMIN))]
    reader = Annotated[Person, Depends(guard(Role.ADMIN, Role.AUDITOR))]
    anybody = Annotated[Person, Depends(guard(*Role))]
    people = sign_in.people

    @router.get("/me")
    def me(person: anybody) -> Response:
        """Who is asking, and in which roles."""
        return answer(lambda: {"name": person.name, "roles": sorted(person.roles)})

    @router.get("/people")
    def list_people(_person: reader) -> Response:
        """Everybody, by name."""
        return answer(lambda: {"items": [_entry(entry) for entry in people.all()]})

    @router.post("/people", status_code=201)
    def add(body: NewPerson, person: admin) -> Response:
        """Add a person."""
        return answer(
            lambda: _entry(people.add(body.name, body.roles, actor=person.name, now=datetime.now(UTC))), status=201
        )

    @router.put("/people/{name}/roles", status_code=204)
    def set_roles(name: str, body: NewRoles, person: admin) -> Response:
        """Replace a person's roles."""
        return answer(lambda: people.set_roles(name, body.roles, actor=person.name, now=datetime.now(UTC)))

    @router.delete("/people/{name}", status_code=204)
    def disable(name: str, person: admin) -> Response:
        """Shut a person out. The entry stays: the audit record names it."""
        return answer(lambda: people.disable(name, actor=person.name, now=datetime.now(UTC)))

    @router.post("/people/{name}/links", status_code=201)
    def issue_link(name: str, person: admin) -> Response:
        """Make a one-time sign-in link; an earlier one of this person ends."""

        def act() -> dict[str, Any]:
            code = sign_in.issue_link(name, actor=person.name)
            minutes = int(LINK_LIFE.total_seconds() // 60)
            return {"url": f"{console_url}/sign-in/{code.reveal()}", "minutes": minutes}

        return answer(act, status=201)

    @router.post("/people/{name}/tokens", status_code=201)
    def issue_token(name: str, body: NewToken, person: admin) -> Response:
        """Issue an API token; the answer is the only place where it ever is."""

        def act() -> dict[str, Any]:
            life = timedelta(days=body.life_days)
            token = sign_in.issue_api_token(name, label=body.label, scopes=body.scopes, life=life, actor=person.name)
            return {"token": token.reveal(), "lifeDays": body.life_days}

        return answer(act, status=201)

    @router.delete("/people/{name}/tokens")
    def revoke_tokens(name: str, person: admin) -> Response:
        """End every API token of a person."""
        return answer(lambda: {"revoked": sign_in.revoke_api_tokens(name, actor=person.name)})

    return router


def _entry(entry: PersonEntry) -> dict[str, Any]:
    return {"name": entry.name, "roles": list(entry.roles), "disabled": entry.disabled is not None}
