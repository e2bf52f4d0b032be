"""Saved views: a person's named searches, their own or shared with everybody. Saving and removing are on the record."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter, ValidationError

from easement.contract.values import Name
from easement.governance.errors import NotAllowedError, PolicyError, UnknownError
from easement.governance.records import Act
from easement.governance.registry import Actor, Registry
from easement.governance.search import SearchQuery
from easement.ledger.record import Step
from easement.store.database import reading, writing
from easement.store.saved_views import StoredView, count_views, delete_view, put_view, visible_views

MAX_VIEWS: Final = 200
_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)


def views_of(registry: Registry, person: str) -> tuple[StoredView, ...]:
    """The views that a person may use."""
    with reading(registry.engine) as connection:
        return visible_views(connection, person)


def view_named(registry: Registry, person: str, name: str, *, of: str = "") -> StoredView:
    """One view: of the person ``of``, else the asker's own, else a shared one. Raises :class:`UnknownError`."""
    for view in views_of(registry, person):
        if view.name == name and of in {"", view.person}:
            return view
    raise UnknownError(f"there is no view named {name!r} that you may use")


def save_view(registry: Registry, actor: Actor, name: str, query: SearchQuery, *, shared: bool) -> StoredView:
    """Make or replace the actor's view of that name. Raises :class:`PolicyError` for a bad name or too many views."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise PolicyError(
            f"{name[:80]!r} is no name for a view", ("write lower-case letters, digits and hyphens",)
        ) from None
    act = Act(person=actor.name, now=registry.now())
    with writing(registry.engine) as connection:
        if count_views(connection, actor.name) >= MAX_VIEWS:
            raise PolicyError(f"you have {MAX_VIEWS} views already", ("remove one first",))
        is_new = put_view(connection, person=actor.name, name=name, shared=shared, query=query.as_json(), now=act.now)
        action = "view.saved" if is_new else "view.replaced"
        registry.record([act.record(step=Step.CHANGED, action=action, view=name, shared=shared)])
    return view_named(registry, actor.name, name, of=actor.name)


def remove_view(registry: Registry, actor: Actor, name: str, *, of: str = "") -> None:
    """Remove a view. Only an administrator removes another person's. Raises :class:`UnknownError`."""
    owner = of or actor.name
    if owner != actor.name and "admin" not in actor.roles:
        raise NotAllowedError("only its owner or an administrator removes a view")
    act = Act(person=actor.name, now=registry.now())
    with writing(registry.engine) as connection:
        if not delete_view(connection, owner, name):
            raise UnknownError(f"{owner} has no view named {name!r}")
        registry.record([act.record(step=Step.CHANGED, action="view.removed", view=name, of=owner)])
