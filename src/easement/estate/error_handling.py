"""Whether the error handling of a contract is complete: what happens when a side is slow or away, and who acts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from easement.contract.identity import reference_key
from easement.contract.kinds import Criticality, Integration, Retry
from easement.estate.answers import Fact, FactsAbout
from easement.estate.flows import is_event
from easement.estate.model import Estate
from easement.interfaces.model import InterfaceModel, Operation

_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""Idempotent methods (RFC 9110 §9.2.2)."""


def error_facts(estate: Estate, integration: Integration, model: InterfaceModel | None) -> tuple[Fact, ...]:
    """The facts of the fourth question. ``model`` is None where the interface is unknown."""
    say = FactsAbout(f"integration/{integration.metadata.name}")
    own = _message_facts(integration, say) if is_event(integration) else _call_facts(integration, model, say)
    return (*own, *_who_acts(estate, integration, say))


def _call_facts(integration: Integration, model: InterfaceModel | None, say: FactsAbout) -> Iterator[Fact]:
    sla, retry = integration.spec.sla, integration.spec.errors.retry
    operations = _operations(integration, model)
    if sla.latency.p95 is not None and sla.timeout.seconds < sla.latency.p95.seconds:
        yield say.no(
            f"calls end after {sla.timeout}, before the promised p95 of {sla.latency.p95}", "/spec/sla/timeout"
        )
    else:
        yield say.yes(f"a call that hangs ends after {sla.timeout}", "/spec/sla/timeout")
    unsafe = [f"{one.method} {one.id}" for one in operations if one.method not in _REPEATABLE]
    if retry is None:
        yield say.attention("no retry is declared: a failed call is the caller's to repeat", "/spec/errors/retry")
    elif unsafe:
        what = ", ".join(unsafe[:3])
        yield say.attention(
            f"retries would repeat {what}: the target must recognise a repetition", "/spec/errors/retry"
        )
    else:
        yield say.yes(f"a failed call is tried {retry.attempts} times, {retry.backoff}", "/spec/errors/retry")
    silent = [one.id for one in operations if not _describes_errors(one)]
    at = FactsAbout(f"interface/{reference_key(integration.spec.interface)}")
    if silent:
        yield at.attention(f"no error answer is described for {', '.join(silent[:5])}", "/spec/definition")
    elif operations:
        yield at.yes("each operation describes its error answers", "/spec/definition")


def _message_facts(integration: Integration, say: FactsAbout) -> Iterator[Fact]:
    errors = integration.spec.errors
    is_low = integration.spec.sla.criticality is Criticality.LOW
    lacking = say.attention if is_low else say.no
    if errors.retry is None:
        yield lacking("no retry is declared: one failed delivery is the end of a message", "/spec/errors/retry")
    else:
        yield say.yes(f"a failed delivery is tried {errors.retry.attempts} times, {errors.retry.backoff}",
                      "/spec/errors/retry")  # fmt: skip
    if errors.dead_letter is None:
        yield lacking("no dead letter is declared: what cannot be delivered is lost", "/spec/errors/deadLetter")
        return
    kept = errors.dead_letter.retention
    if errors.retry is not None and kept.seconds < _retry_span_s(errors.retry):
        yield say.no(f"dead letters are kept for {kept}, shorter than the retries may take", "/spec/errors/deadLetter")
    else:
        yield say.yes(f"what cannot be delivered is kept for {kept}", "/spec/errors/deadLetter/retention")


def _who_acts(estate: Estate, integration: Integration, say: FactsAbout) -> Iterator[Fact]:
    dead = integration.spec.errors.dead_letter
    name = (dead.owner if dead else "") or integration.metadata.owner
    team = estate.teams.get(name)
    if not name:
        yield say.no("no team owns it, so nobody acts when it fails", "/metadata/owner")
    elif team is None:
        yield say.no(f"team {name} is not registered, so nobody can be told when it fails", "/metadata/owner")
    elif not (team.spec.oncall or team.spec.email):
        yield FactsAbout(f"team/{name}").no(
            f"team {name} gives neither an on-call nor an e-mail address", "/spec/oncall"
        )
    elif not team.spec.oncall and integration.spec.sla.criticality in {Criticality.HIGH, Criticality.VITAL}:
        yield FactsAbout(f"team/{name}").attention(
            f"its criticality is {integration.spec.sla.criticality}, and team {name} has no on-call", "/spec/oncall"
        )
    else:
        yield say.yes(f"team {name} acts when it fails", "/metadata/owner")
    if (
        integration.spec.sla.criticality in {Criticality.HIGH, Criticality.VITAL}
        and integration.spec.sla.schedule is None
    ):
        yield say.attention(
            "no schedule says when traffic is expected, so silence is not noticed", "/spec/sla/schedule"
        )


def _operations(integration: Integration, model: InterfaceModel | None) -> list[Operation]:
    known = model.operations if model else {}
    return [known[name] for name in integration.spec.operations if name in known]


def _describes_errors(operation: Operation) -> bool:
    return any(_is_error(response.status) for response in operation.responses)


def _is_error(status: str) -> bool:
    return status == "default" or status[:1] in {"4", "5"}


def _retry_span_s(retry: Retry) -> float:
    return sum(_waits_s(retry))


def _waits_s(retry: Retry) -> Iterable[float]:
    wait = retry.initial.seconds
    for _ in range(retry.attempts - 1):
        yield min(wait, retry.maximum.seconds)
        wait = wait * 2 if retry.backoff == "exponential" else wait
