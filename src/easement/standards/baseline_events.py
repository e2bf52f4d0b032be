"""Baseline rules on the design of events: schema, envelope, compatibility, order, and what happens on failure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Severity, Stage
from easement.estate.flows import is_event
from easement.interfaces.fields import body_fields
from easement.interfaces.model import Channel, ClassifiedField
from easement.standards.facts import IntegrationFacts, InterfaceFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.parameters import Parameter, ParameterValues
from easement.standards.wording import listing

_AT: Final = "/spec/definition"
_CLOUD_EVENT: Final = "application/cloudevents"
_ENVELOPE: Final = frozenset({"id", "source", "specversion", "type"})
_ADDRESS: Final = re.compile(r"[a-z0-9]+([./_-][a-z0-9]+)*([./]\{[A-Za-z][A-Za-z0-9]*\})*", re.IGNORECASE)


def _publishes(facts: InterfaceFacts) -> bool:
    return facts.model.format == "asyncapi"


def _sends_events(facts: IntegrationFacts) -> bool:
    return is_event(facts.integration)


def _fields_of(facts: InterfaceFacts, channel: Channel) -> tuple[ClassifiedField, ...]:
    return body_fields(channel.payload, facts.model.definitions, tags={}, default=None)


def _no_schema(facts: InterfaceFacts) -> Iterable[Found]:
    bare = sorted(
        name
        for name, channel in facts.model.channels.items()
        if channel.content_type.endswith("json") and [one.path for one in _fields_of(facts, channel)] in ([], ["$"])
    )
    if bare:
        yield Found(path=_AT, message=f"messages on {listing(bare)} have no fields that are described")


def _no_envelope(facts: InterfaceFacts) -> Iterable[Found]:
    if facts.interface.spec.envelope:
        return
    bare = sorted(name for name, channel in facts.model.channels.items() if not _is_enveloped(facts, channel))
    if bare:
        yield Found(path="/spec", message=f"nothing says in which envelope messages on {listing(bare)} come")


def _is_enveloped(facts: InterfaceFacts, channel: Channel) -> bool:
    if channel.content_type.startswith(_CLOUD_EVENT):
        return True
    return {one.path for one in _fields_of(facts, channel)} >= _ENVELOPE


def _envelope_differs(facts: InterfaceFacts) -> Iterable[Found]:
    """``cloudevents`` is kept in headers (binary mode) or in the body; a body with half of it is neither."""
    if facts.interface.spec.envelope != "cloudevents":
        return
    for name, channel in sorted(facts.model.channels.items()):
        present = _ENVELOPE.intersection(one.path for one in _fields_of(facts, channel))
        structured = "specversion" in present or channel.content_type.startswith(_CLOUD_EVENT)
        if structured and present != _ENVELOPE:
            missing = sorted(_ENVELOPE - present)
            yield Found(path="/spec/envelope", message=f"messages on {name} lack {listing(missing)} of the envelope")


def _no_compatibility(facts: InterfaceFacts) -> Iterable[Found]:
    if not facts.interface.spec.compatibility:
        yield Found(path="/spec", message="nothing says what its next versions keep")


def _no_promise(facts: InterfaceFacts) -> Iterable[Found]:
    if facts.interface.spec.compatibility == "none" and facts.consumers:
        used_by = sorted(integration.metadata.name for integration in facts.consumers)
        yield Found(path="/spec/compatibility", message=f"it promises nothing, but {listing(used_by)} rests on it")


def _no_ordering(facts: InterfaceFacts) -> Iterable[Found]:
    if facts.interface.spec.ordering is None:
        yield Found(path="/spec", message="nothing says which messages keep their order")


def _key_may_be_missing(facts: InterfaceFacts) -> Iterable[Found]:
    spec = facts.interface.spec
    keys = {"ordering": spec.ordering.key if spec.ordering else "", "idempotency": ""}
    if spec.idempotency:
        keys["idempotency"] = spec.idempotency.key
    for kind, key in keys.items():
        loose = sorted(
            name for name, channel in facts.model.channels.items() if key and not _has_always(facts, channel, key)
        )
        if loose:
            yield Found(path=f"/spec/{kind}/key", message=f"{key} may be missing in messages on {listing(loose)}")


def _has_always(facts: InterfaceFacts, channel: Channel, key: str) -> bool:
    required = {one.path for one in _fields_of(facts, channel) if one.required}
    parts = key.split(".")
    return all(".".join(parts[: number + 1]) in required for number in range(len(parts)))


def _no_idempotency(facts: InterfaceFacts) -> Iterable[Found]:
    spec = facts.interface.spec
    enveloped = spec.envelope == "cloudevents" or all(
        _is_enveloped(facts, channel) for channel in facts.model.channels.values()
    )
    if spec.idempotency is None and not enveloped:
        yield Found(path="/spec", message="nothing tells a message that comes again from a new one")


def _addresses(facts: InterfaceFacts, settings: ParameterValues) -> Iterable[Found]:
    named: re.Pattern[str] = settings["address"]
    odd = sorted(channel.address for channel in facts.model.channels.values() if not named.fullmatch(channel.address))
    if odd:
        yield Found(path=_AT, message=f"{listing(odd)} does not have the form {named.pattern}")


def _no_retry(facts: IntegrationFacts) -> Iterable[Found]:
    if facts.integration.spec.errors.retry is None:
        yield Found(path="/spec/errors", message="nothing says how often a failed delivery is tried again")


def _hammering(facts: IntegrationFacts, settings: ParameterValues) -> Iterable[Found]:
    retry = facts.integration.spec.errors.retry
    if retry and retry.backoff == "constant" and retry.attempts > settings["most"]:
        yield Found(
            path="/spec/errors/retry",
            message=f"{retry.attempts} attempts at one pace hit a target that is down just as hard as one that is up",
        )


def _outlasts(facts: IntegrationFacts) -> Iterable[Found]:
    retry, kept = facts.integration.spec.errors.retry, facts.integration.spec.retention.messages
    if retry is None or kept is None:
        return
    waits = 0
    for number in range(retry.attempts - 1):
        wait = retry.initial.milliseconds * (2**number if retry.backoff == "exponential" else 1)
        waits += min(wait, retry.maximum.milliseconds)
    if waits > kept.milliseconds:
        yield Found(path="/spec/errors/retry", message=f"it tries for {waits // 1000} s, but messages are kept {kept}")


_RETRY: Final = "kind: Integration\nmetadata: {name: orders-to-shop}\nspec: {errors: {retry: %s}}"

EVENT_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=InterfaceFacts,
        id="event-without-schema",
        title="Every event has a schema",
        rationale="Without a schema no field can be classified, granted or left out, and nobody can say what changed.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="interfaces described by AsyncAPI",
        applies=_publishes,
        check=_no_schema,
        remedy="Describe the payload of each message with its properties.",
        source="AsyncAPI 3.0; NIST SP 800-53 SI-10",
        bad="""\
asyncapi: 3.0.0
channels:
  orderPaid: {address: orders.paid, messages: {orderPaid: {payload: {type: object}}}}""",
        good="""\
asyncapi: 3.0.0
channels:
  orderPaid:
    address: orders.paid
    messages: {orderPaid: {payload: {type: object, properties: {id: {type: string}}}}}""",
    ),
    Rule(
        about=InterfaceFacts,
        id="event-without-envelope",
        title="Events come in the CloudEvents envelope",
        rationale="id, source, type and time in the same place let every consumer trace, filter and tell apart what it "
        "gets without knowing the payload.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by AsyncAPI",
        applies=_publishes,
        check=_no_envelope,
        remedy="Set spec.envelope: cloudevents (or none, on purpose), and let the producer send the ce- headers.",
        source="CloudEvents 1.0.2 §3",
        bad="kind: Interface\nmetadata: {name: orders-events}\nspec: {envelope: null}",
        good="kind: Interface\nmetadata: {name: orders-events}\nspec: {envelope: cloudevents}",
    ),
    Rule(
        about=InterfaceFacts,
        id="event-envelope-incomplete",
        title="An envelope in the body is whole",
        rationale="Half an envelope is read by nobody: id, source, specversion and type belong together.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="interfaces described by AsyncAPI with envelope: cloudevents",
        applies=_publishes,
        check=_envelope_differs,
        remedy="Describe id, source, specversion and type in the payload, or send the envelope in headers.",
        source="CloudEvents 1.0.2 §3.1; CloudEvents JSON format 1.0.2",
        bad="""\
asyncapi: 3.0.0
components: {messages: {OrderPlaced: {payload: {properties: {specversion: {type: string}}}}}}""",
        good="""\
asyncapi: 3.0.0
components:
  messages:
    OrderPlaced:
      payload:
        properties:
          specversion: {type: string}
          type: {type: string}
          source: {type: string}""",
    ),
    Rule(
        about=InterfaceFacts,
        id="event-without-compatibility",
        title="Event interfaces promise compatibility",
        rationale="Producers and consumers of events change at different times; the promise says which side may go "
        "first.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by AsyncAPI",
        applies=_publishes,
        check=_no_compatibility,
        remedy="Set spec.compatibility: backward (new consumers read old messages), forward, or full.",
        source="Semantic Versioning 2.0.0; ISO/IEC 20000-1:2018 8.5.1",
        bad="kind: Interface\nmetadata: {name: orders-events}\nspec: {compatibility: null}",
        good="kind: Interface\nmetadata: {name: orders-events}\nspec: {compatibility: full}",
    ),
    Rule(
        about=InterfaceFacts,
        id="compatibility-none-in-use",
        title="What others rest on promises compatibility",
        rationale="An interface that may change at any time cannot be relied on, and is.",
        severity=Severity.ERROR,
        blocks=Stage.LIVE,
        scope="interfaces with compatibility: none that an integration uses",
        check=_no_promise,
        remedy="Promise backward, forward or full compatibility.",
        source="ISO/IEC 20000-1:2018 8.5.1",
        bad="kind: Interface\nmetadata: {name: orders-events}\nspec: {compatibility: none}",
        good="kind: Interface\nmetadata: {name: orders-events}\nspec: {compatibility: backward}",
    ),
    Rule(
        about=InterfaceFacts,
        id="event-without-ordering",
        title="Event interfaces say which messages keep their order",
        rationale="Without a key a change may overtake the one before it, and the older state wins.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by AsyncAPI",
        applies=_publishes,
        check=_no_ordering,
        remedy="Set spec.ordering: {key: orderId}.",
        source="Enterprise Integration Patterns: Resequencer",
        bad="kind: Interface\nmetadata: {name: orders-events}\nspec: {ordering: null}",
        good="kind: Interface\nmetadata: {name: orders-events}\nspec: {ordering: {key: id}}",
    ),
    Rule(
        about=InterfaceFacts,
        id="event-key-optional",
        title="Keys of events are always there",
        rationale="A message without its key has no place in the order, and cannot be told from the one before.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="interfaces described by AsyncAPI with an ordering or idempotency key",
        applies=_publishes,
        check=_key_may_be_missing,
        remedy="Make the field required in the payload of every message.",
        source="JSON Schema 2020-12 Validation §6.5.3",
        bad="asyncapi: 3.0.0\ncomponents: {messages: {OrderPlaced: {payload: {required: [status]}}}}",
        good="asyncapi: 3.0.0\ncomponents: {messages: {OrderPlaced: {payload: {required: [id]}}}}",
    ),
    Rule(
        about=InterfaceFacts,
        id="event-without-idempotency",
        title="Consumers can tell a message that comes again",
        rationale="Delivery is at least once: after a crash a message comes a second time, and must do nothing then.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by AsyncAPI",
        applies=_publishes,
        check=_no_idempotency,
        remedy="Set spec.idempotency: {key: id}, or use the CloudEvents envelope, whose source and id do this.",
        source="CloudEvents 1.0.2 §3.1.1; Enterprise Integration Patterns: Idempotent Receiver",
        bad="kind: Interface\nmetadata: {name: orders-events}\nspec: {envelope: none, idempotency: null}",
        good="kind: Interface\nmetadata: {name: orders-events}\nspec: {envelope: none, idempotency: {key: id}}",
    ),
    Rule(
        about=InterfaceFacts,
        id="event-address-naming",
        title="Channels are addressed in one way",
        rationale="Permissions are patterns over addresses; what follows no form cannot be granted as a whole.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by AsyncAPI",
        applies=_publishes,
        check=_addresses,
        remedy="Write words joined by dots or slashes, thing first: orders.placed.",
        source="AsyncAPI 3.0 Channel Object",
        parameters={"address": Parameter(default=_ADDRESS, meaning="The form of an address.")},
        bad="asyncapi: 3.0.0\nchannels: {orderPlaced: {address: 'orders placed!'}}",
        good="asyncapi: 3.0.0\nchannels: {orderPlaced: {address: orders.placed}}",
    ),
    Rule(
        about=IntegrationFacts,
        id="event-without-retry",
        title="Every event flow has a retry policy",
        rationale="Targets restart and networks fail; what is not tried again is lost or blocks what comes after.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="integrations that store and forward messages",
        applies=_sends_events,
        check=_no_retry,
        remedy="Set spec.errors.retry: {attempts: 5, backoff: exponential, initial: 1s, maximum: 5m}.",
        source="NIST SP 800-53 SI-11, CP-10",
        bad=_RETRY % "null",
        good=_RETRY % "{attempts: 5, initial: 1s}",
    ),
    Rule(
        about=IntegrationFacts,
        id="retry-without-backoff",
        title="Retries become slower",
        rationale="Many retries at one pace keep a target down that was about to come up.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="integrations that retry",
        check=_hammering,
        remedy="Set spec.errors.retry.backoff: exponential.",
        source="NIST SP 800-53 SC-5",
        parameters={"most": Parameter(default=3, meaning="Attempts that may come at one pace.")},
        bad=_RETRY % "{attempts: 20, backoff: constant}",
        good=_RETRY % "{attempts: 20, backoff: exponential}",
    ),
    Rule(
        about=IntegrationFacts,
        id="retry-outlasts-retention",
        title="Messages are kept as long as they are tried",
        rationale="A message that is dropped between two attempts is lost without a trace.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that retry and say how long messages are kept",
        applies=_sends_events,
        check=_outlasts,
        remedy="Keep messages longer (spec.retention.messages), or try fewer times.",
        source="NIST SP 800-53 SI-11; GDPR Art. 5(1)(f)",
        bad=_RETRY % "{attempts: 100, backoff: constant, initial: 1d, maximum: 1d}",
        good=_RETRY % "{attempts: 6, backoff: constant, initial: 1d, maximum: 1d}",
    ),
)
