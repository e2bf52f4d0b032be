"""The patterns of integration that an estate should use, and those it should not; when to choose which.

A pattern here is finer than ``spec.pattern`` of a contract, which only says how the data path moves things. An
integration may name its pattern in the label ``pattern``; else it is told from what it declares.

Source of the names: G. Hohpe, B. Woolf, Enterprise Integration Patterns, 2003; M. Fowler, "What do you mean by
Event-Driven?", 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from easement.contract.kinds import Pattern

LABEL: Final = "pattern"
"""The label by which an integration names its pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationPattern:
    """One entry of the catalogue.

    ``moves`` is the contract's ``spec.pattern``. ``needs`` is what a contract of this pattern declares; ``instead``
    names the pattern to use in place of one that is not ``recommended``. ``enforced`` says whether the data path of
    this release carries it.
    """

    id: str
    title: str
    summary: str
    moves: Pattern
    choose_when: tuple[str, ...]
    avoid_when: tuple[str, ...]
    needs: tuple[str, ...]
    recommended: bool = True
    enforced: bool = True
    instead: str = ""


_RECOMMENDED: Final = (
    IntegrationPattern(
        id="request-reply",
        title="Request and reply",
        summary="The source asks, the target answers at once. The source needs the answer to go on.",
        moves=Pattern.REQUEST,
        choose_when=("a person or a process waits for the answer", "the answer must be as fresh as the target itself"),
        avoid_when=("the same question is asked on a timer", "many systems ask for the same thing"),
        needs=("operations that only read", "a throughput limit and a timeout", "least scopes"),
    ),
    IntegrationPattern(
        id="command",
        title="Command",
        summary="The source tells the target to do something and learns at once whether it was taken.",
        moves=Pattern.REQUEST,
        choose_when=("exactly one system must act", "the source must know that the order was accepted"),
        avoid_when=("the target may be away for a while", "several systems act on the same fact"),
        needs=("an Idempotency-Key, so that a repeated command acts once", "a throughput limit and a timeout"),
    ),
    IntegrationPattern(
        id="event-notification",
        title="Event notification",
        summary="The source says that something happened, and little more; who wants details asks for them.",
        moves=Pattern.EVENT,
        choose_when=("targets only need to know that something changed", "the data itself is too sensitive to spread"),
        avoid_when=("every target asks back for the same details",),
        needs=("a schema, an ordering key and an idempotency key", "retry and dead letters with an owner"),
    ),
    IntegrationPattern(
        id="event-carried-state",
        title="Event-carried state transfer",
        summary="The source says what happened together with the data that targets need, so nobody asks back.",
        moves=Pattern.EVENT,
        choose_when=("several systems need the same data", "targets must work while the source is away"),
        avoid_when=("targets need little of it: notify instead", "a decision needs the state of this very moment"),
        needs=("only the fields that this target needs", "a schema, an ordering key and an idempotency key"),
    ),
    IntegrationPattern(
        id="work-queue",
        title="Work queue",
        summary="The source hands work over; it waits in a queue until the one target has the time.",
        moves=Pattern.EVENT,
        choose_when=("the work takes long or comes in bursts", "the target may be away for a while"),
        avoid_when=("the source needs the result to go on",),
        needs=("an idempotency key", "retry and dead letters with an owner", "a schedule, so that silence is seen"),
    ),
    IntegrationPattern(
        id="webhook",
        title="Webhook",
        summary="Events are posted to an address of the target, signed; for targets that cannot hold a connection.",
        moves=Pattern.EVENT,
        choose_when=("the target is another organisation or a product that takes HTTPS only",),
        avoid_when=("the target can read from its stream: that needs no open address",),
        needs=("a signing secret at the target's System", "retry and dead letters with an owner"),
    ),
    IntegrationPattern(
        id="scheduled-pull",
        title="Scheduled pull",
        summary="The source fetches what changed, page by page, at set times.",
        moves=Pattern.REQUEST,
        choose_when=("the target can neither push nor publish", "a daily state is enough"),
        avoid_when=("the target publishes events of the same entity",),
        needs=("a schedule", "pages and a way to ask for changes only", "a throughput limit"),
    ),
    IntegrationPattern(
        id="batch-file",
        title="Batch file",
        summary="A file goes over by SFTP at set times; a message with its checksum says that it is whole.",
        moves=Pattern.FILE,
        choose_when=("the volume is large and a day's delay is fine", "the other side takes files only"),
        avoid_when=("single records are wanted within minutes",),
        needs=("SFTP with a key", "a checksum", "a schedule", "retention"),
        enforced=False,
    ),
)
_AVOIDED: Final = (
    IntegrationPattern(
        id="polling",
        title="Polling",
        summary="The source asks on a timer whether something changed, though the target publishes it.",
        moves=Pattern.REQUEST,
        choose_when=(),
        avoid_when=("always where events of the entity exist: most answers say nothing, and the rest come late",),
        needs=(),
        recommended=False,
        instead="event-carried-state",
    ),
    IntegrationPattern(
        id="shared-database",
        title="Shared database",
        summary="Two systems read and write the same tables.",
        moves=Pattern.REQUEST,
        choose_when=(),
        avoid_when=("always: every table becomes an interface that nobody declared and nobody can change",),
        needs=(),
        recommended=False,
        enforced=False,
        instead="request-reply",
    ),
)
CATALOGUE: Final[dict[str, IntegrationPattern]] = {entry.id: entry for entry in (*_RECOMMENDED, *_AVOIDED)}
"""Every pattern by id, the recommended ones first."""
RECOMMENDED: Final = tuple(entry.id for entry in _RECOMMENDED)
