"""The first run: an administrator with a one-time link, and the token files of the local CLI and of the nodes.

There is no default password. Whoever can read the token files (0600) runs the installation anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from easement.identity.people import People, PeopleError, Role
from easement.identity.random_token import new_random
from easement.identity.sign_in import SignIn
from easement.keys.private_file import PrivateFileError, create_private_file, read_private_file
from easement.keys.secrets import Secret
from easement.store.atomic_file import write_atomically

ADMINISTRATOR: Final = "administrator"
OPERATOR: Final = "operator"
_ACTOR: Final = "easement"
_OPERATOR_ROLES: Final = (Role.ADMIN, Role.OPERATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRun:
    """What the first run made. ``link_code`` is None on every later run."""

    link_code: Secret | None


def prepare_people(people: People, sign_in: SignIn, *, operator_token: Path, now: datetime) -> FirstRun:
    """Make sure that an administrator and the local operator exist, and that the operator's token file works.

    Safe to call at each start. A token file that is missing or no longer valid is written anew; its earlier tokens
    end. Where an administrator has disabled the person ``operator``, no token is made.
    """
    first = _ensure_person(people, ADMINISTRATOR, tuple(Role), now)
    _ensure_person(people, OPERATOR, _OPERATOR_ROLES, now)
    if people.find(OPERATOR).disabled is None and not _is_valid(sign_in, operator_token):
        sign_in.revoke_api_tokens(OPERATOR, actor=_ACTOR)
        token = sign_in.issue_api_token(OPERATOR, label="local operator file", life=None, actor=_ACTOR)
        write_atomically(operator_token, token.reveal().encode() + b"\n")
    return FirstRun(link_code=sign_in.issue_link(ADMINISTRATOR, actor=_ACTOR) if first else None)


def ensure_node_token(path: Path) -> Secret:
    """The bearer token of the nodes; made on the first run.

    Raises ``PrivateFileError`` when its file is open to others, ``OSError`` when it cannot be written.
    """
    create_private_file(path, new_random().encode() + b"\n")
    return Secret(read_private_file(path).decode().strip())


def _ensure_person(people: People, name: str, roles: tuple[str, ...], now: datetime) -> bool:
    """Whether the person was made now: not where they are there already, or another process was quicker."""
    if any(entry.name == name for entry in people.all()):
        return False
    try:
        people.add(name, roles, actor=_ACTOR, now=now)
    except PeopleError:
        people.find(name)
        return False
    return True


def _is_valid(sign_in: SignIn, path: Path) -> bool:
    if not path.exists():
        return False
    try:
        token = read_private_file(path).decode().strip()
    except (PrivateFileError, UnicodeDecodeError):
        return False
    person = sign_in.authenticate_bearer(token)
    return person is not None and person.name == OPERATOR
