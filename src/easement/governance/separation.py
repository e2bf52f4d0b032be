"""Four eyes, and one role for each person: who may decide about a revision, and when enough have. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from easement.contract.kinds import Team
from easement.estate.review import OWNER_PREFIX, role_text
from easement.identity.vouching import Vouching


def four_eyes_refusal(author: str, person: str, issuer: str, vouching: Vouching) -> str:
    """Why ``person`` may not decide about a revision of ``author``; empty where they may.

    ``issuer`` is who issued the token or link with which the person signed in.
    """
    if person == author:
        return f"it was applied by {author}: another person must decide (four eyes)"
    if author in vouching.behind(person, issuer):
        return f"{author} applied it and stands behind {person} (made them, gave them a role, or issued their sign-in)"
    if person in vouching.behind(author):
        return f"{person} stands behind its author {author} (made them, or gave them a role)"
    return ""


def roles_with_teams(name: str, roles: Iterable[str], teams: Iterable[Team]) -> frozenset[str]:
    """The roles of a person, with ``owner:TEAM`` for each approved team that lists them among its members."""
    owned = (f"{OWNER_PREFIX}{team.metadata.name}" for team in teams if name in team.spec.members)
    return frozenset((*roles, *owned))


def unfilled(
    needed: Collection[str], approvals: Mapping[str, Collection[str]], *, one_person_several_roles: bool
) -> tuple[str, ...]:
    """The needed roles that nobody fills yet. ``approvals`` has the roles in which each person approved.

    Each person fills one role, unless ``one_person_several_roles``; people are dealt out so that as many roles as
    possible are filled.
    """
    if one_person_several_roles:
        given = {role for roles in approvals.values() for role in roles}
        return tuple(role for role in needed if role not in given)
    filled: dict[str, str] = {}
    for person in sorted(approvals):
        _place(person, approvals, frozenset(needed), filled, set())
    return tuple(role for role in needed if role not in filled)


def needed_text(roles: Iterable[str]) -> str:
    """Roles in words, joined by ``and``."""
    return " and ".join(role_text(role) for role in roles)


def _place(
    person: str, approvals: Mapping[str, Collection[str]], needed: frozenset[str], filled: dict[str, str],
    tried: set[str],
) -> bool:  # fmt: skip
    """Give ``person`` a role, moving others if need be (augmenting paths; there are few roles and people)."""
    for role in sorted(needed.intersection(approvals[person]) - tried):
        tried.add(role)
        if role not in filled or _place(filled[role], approvals, needed, filled, tried):
            filled[role] = person
            return True
    return False
