"""The life of an interface version: active, deprecated, gone. One table, and what must hold for each step. Pure.

* A deprecated version is served as before; its callers are told since when, until when, and what replaces it.
* A version is gone from its sunset on, by a step of the workflow and never by the clock alone: nothing breaks because
  a clock is wrong or because somebody still has a live contract on it.
* A sunset may be put off, and even a version that is gone can come back as deprecated: an emergency must be undone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from easement.contract.identity import bare_name


class InterfaceState(StrEnum):
    """Where an interface version stands. Only the workflow moves it."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceStanding:
    """What the workflow says of one interface version.

    ``deprecated`` is since when, ``sunset`` from when on it is gone or will be; ``successor`` is ``NAME@MAJOR`` of what
    replaces it, ``link`` leads to what people read.
    """

    state: InterfaceState = InterfaceState.ACTIVE
    deprecated: datetime | None = None
    sunset: datetime | None = None
    successor: str = ""
    link: str = ""


ACTIVE: Final = InterfaceStanding()
_S: Final = InterfaceState
MOVES: Final[Mapping[InterfaceState, frozenset[InterfaceState]]] = {
    _S.ACTIVE: frozenset({_S.DEPRECATED}),
    _S.DEPRECATED: frozenset({_S.ACTIVE, _S.DEPRECATED, _S.GONE}),
    _S.GONE: frozenset({_S.DEPRECATED}),
}


def standing_after(
    now: InterfaceStanding,
    state: InterfaceState,
    *,
    at: datetime,
    sunset: datetime | None = None,
    successor: str = "",
    link: str = "",
) -> InterfaceStanding:
    """The standing after a step at ``at``. What is not given stays as it was; an active version has nothing to say."""
    if state is InterfaceState.ACTIVE:
        return ACTIVE
    return InterfaceStanding(
        state=state,
        deprecated=now.deprecated or at,
        sunset=sunset or now.sunset or (at if state is InterfaceState.GONE else None),
        successor=successor or now.successor,
        link=link or now.link,
    )


def objections(
    key: str,
    now: InterfaceStanding,
    after: InterfaceStanding,
    *,
    at: datetime,
    users: Collection[str],
    others: Mapping[str, InterfaceStanding],
) -> Iterator[str]:
    """Sentences that stand against the step from ``now`` to ``after``.

    ``users`` are integrations that flow on this version; ``others`` are the versions that are enforced, by key.
    """
    if after.state not in MOVES[now.state]:
        yield f"interface {key} is {now.state}: it cannot become {after.state}"
        return
    if after.sunset is not None and after.deprecated is not None and after.sunset < after.deprecated:
        yield f"the sunset {after.sunset:%Y-%m-%d %H:%M} lies before the deprecation (RFC 9745 §4)"
    if after.state is InterfaceState.GONE:
        if after.sunset is not None and at < after.sunset:
            yield f"the sunset is {after.sunset:%Y-%m-%d %H:%M} UTC, and callers were told so"
        if users:
            yield f"{', '.join(sorted(users))} still flows on it: move it to {after.successor or 'a successor'} first"
    if after.successor:
        yield from _successor_objections(key, after.successor, others)


def _successor_objections(key: str, successor: str, others: Mapping[str, InterfaceStanding]) -> Iterator[str]:
    if successor == key:
        yield "a version cannot be its own successor"
    elif successor not in others:
        yield f"the successor {successor} is not enforced: have it approved first"
    elif others[successor].state is InterfaceState.GONE:
        yield f"the successor {successor} is gone itself"
    elif others[successor].state is InterfaceState.DEPRECATED and bare_name(successor) == bare_name(key):
        yield f"the successor {successor} is deprecated itself"
