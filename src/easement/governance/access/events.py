"""The way of an event: published to the bus, checked and cut by the relay, delivered to the target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from easement.broker.naming import (
    ingress_stream,
    ingress_subject,
    publisher_ids,
    publisher_subject,
    target_consumer,
    target_stream,
)
from easement.governance.access.model import Aspect, Control, Way, compiled, ledger, metric, none, test
from easement.governance.access.wording import counted, listed, projected, span
from easement.plan.model import ChannelPlan, Delivery, Party, Plan, PublishGrant

_REVOKED: Final = "tests/attacks/test_revocation_attacks.py"
_ATTACKS: Final = "tests/attacks/broker/test_broker_attacks.py"
_FLOW: Final = "tests/integration/broker/test_event_flow.py"
_RELAY: Final = "tests/unit/broker/test_relay_message.py"
_WEBHOOK: Final = "tests/integration/broker/test_webhook_delivery.py"
_PERMISSIONS: Final = "tests/unit/broker/test_permission_rules.py"


def channel_ways(plan: Plan, integration: str) -> tuple[Way, ...]:
    """For each channel of ``integration``: the way in from its source, and the way out to its target."""
    channels = {channel.id: channel for channel in plan.channels}
    ways: list[Way] = []
    for delivery in plan.deliveries:
        if delivery.party.integration != integration:
            continue
        channel = channels.get(delivery.channel_id)
        if channel is not None:
            ways.extend(_published(channel, grant, integration) for grant in _grants(channel, integration))
        ways.append(_delivered(delivery))
    return tuple(ways)


def _grants(channel: ChannelPlan, integration: str) -> Iterator[PublishGrant]:
    for grant in channel.publishers:
        if any(party.integration == integration for party in grant.parties):
            yield grant


def _published(channel: ChannelPlan, grant: PublishGrant, integration: str) -> Way:
    party = next(party for party in grant.parties if party.integration == integration)
    return Way(
        name=f"publish {channel.channel}",
        title=f"{grant.client_id} publishes {channel.id} to stream {ingress_stream(channel)}",
        controls=(
            _registration(_subject(channel, grant)),
            _authentication(grant.authentication, grant.audience),
            _revocation(),
            _authorisation(grant.client_id, grant.scopes, f"publish to {_subject(channel, grant)}"),
            none(Aspect.RATE, "publishing is limited by size and number of messages, not by rate"),
            compiled(
                Aspect.SIZE_AND_TIME,
                f"messages up to {channel.max_message_bytes:,} bytes, kept {span(channel.max_age_ms)}",
                "stream, relay",
                ledger("error_code=event.too-large"),
                test(f"{_ATTACKS}::test_a_message_beyond_the_size_of_the_contract_is_refused"),
            ),
            _firewall(),
            _transport(),
            _hygiene(),
            _addresses(),
            _certificate(grant.authentication),
            _inside(),
            _no_certificate_inside(),
            _message(channel),
            none(Aspect.OBJECTS, "access conditions are enforced for requests only; a contract with one does not flow"),
            none(Aspect.FIELDS, "the relay receives the whole message; fields are cut on the way to each target"),
            none(Aspect.SEALING, "sealing begins at the relay, which must read a message to check and cut it"),
            _at_rest(),
            _audit(party, "published", f"{_FLOW}::test_two_targets_receive_different_fields_and_each_step_is_recorded"),
        ),
    )


def _delivered(delivery: Delivery) -> Way:
    webhook = delivery.webhook
    place = f"webhook {webhook.url}" if webhook else f"stream {target_stream(delivery.party.integration)}"
    return Way(
        name=f"deliver {delivery.channel}",
        title=f"the relay delivers {delivery.channel_id} to {delivery.client_id} by {place}",
        controls=(*_receiving(delivery), *_handed_over(delivery)),
    )


def _receiving(delivery: Delivery) -> tuple[Control, ...]:
    if delivery.webhook is None:
        fetched = f"{target_stream(delivery.party.integration)}.{target_consumer(delivery)}"
        return (
            _registration(f"consumer {fetched}"),
            _authentication(delivery.authentication, delivery.audience),
            _revocation(),
            _authorisation(delivery.client_id, delivery.scopes, f"fetch from {fetched}"),
            none(Aspect.RATE, "the target fetches at its own pace"),
            _delivery_time(delivery),
            _firewall(),
            _transport(),
            _hygiene(),
            _addresses(),
            _certificate(delivery.authentication),
            _inside(),
            _no_certificate_inside(),
        )
    return (
        _registration(f"the one address {delivery.webhook.url}"),
        compiled(
            Aspect.AUTHENTICATION,
            "the relay signs each post (HMAC-SHA256, Standard Webhooks) with the secret that the system refers to",
            "relay",
            ledger("error_code=delivery.secret"),
            test(f"{_WEBHOOK}::test_an_event_is_posted_signed_and_projected"),
        ),
        none(Aspect.REVOCATION, "a signature ends with its secret: change it at both sides"),
        compiled(Aspect.AUTHORISATION, f"posts go to {delivery.client_id} only, without redirects", "relay"),
        _webhook_rate(delivery),
        _delivery_time(delivery),
        _firewall(),
        _webhook_transport(delivery.webhook.url),
        none(Aspect.HYGIENE, "the relay writes the request itself"),
        _addresses(),
        none(Aspect.CALLER_CERTIFICATE, "the relay calls; the target is the one that is called"),
        _webhook_target(delivery.webhook.url),
        none(Aspect.OWN_CERTIFICATE, "the relay shows webhooks no certificate; the signature proves who posts"),
    )


def _handed_over(delivery: Delivery) -> tuple[Control, ...]:
    passing = projected(delivery.projection)
    return (
        none(Aspect.OBJECTS, "access conditions are enforced for requests only; a contract with one does not flow"),
        compiled(
            Aspect.FIELDS,
            f"{listed(passing)}; every other field is removed" if passing else "no field of a message passes",
            "relay",
            ledger("detail.removed"),
            test(f"{_FLOW}::test_two_targets_receive_different_fields_and_each_step_is_recorded"),
        ),
        _sealing(delivery),
        _at_rest(),
        _audit(delivery.party, "delivered", f"{_FLOW}::test_a_message_that_its_target_refuses_becomes_a_dead_letter"),
    )


def _registration(what: str) -> Control:
    return compiled(
        Aspect.REGISTRATION,
        f"{what}; no other subject exists for this account",
        "broker permissions",
        ledger("status=refused"),
        test(f"{_ATTACKS}::test_publishing_outside_the_grant_is_refused_and_recorded"),
    )


def _authentication(method: str, audience: str) -> Control:
    return compiled(
        Aspect.AUTHENTICATION,
        f"{method}: signed access token, audience {audience}; the connection ends with the token",
        "broker callout",
        ledger("step=connected"),
        test(f"{_ATTACKS}::test_logins_that_prove_nothing_are_refused_and_recorded"),
        test(f"{_ATTACKS}::test_a_connection_ends_with_its_token"),
    )


def _revocation() -> Control:
    return compiled(
        Aspect.REVOCATION,
        "a revoked token opens no connection, and the connections of its account end; a lost grant ends them too",
        "broker callout",
        ledger("error_code=broker.token-revoked"),
        test(f"{_REVOKED}::test_a_revoked_token_does_not_connect_to_the_broker_and_its_connection_ends"),
    )


def _authorisation(client: str, scopes: tuple[str, ...], right: str) -> Control:
    return compiled(
        Aspect.AUTHORISATION,
        f"client {client} with scope {listed(scopes)} may {right}, no more",
        "broker callout",
        ledger("error_code=broker.nothing-granted"),
        test(f"{_PERMISSIONS}::test_no_right_without_its_scope_audience_or_account"),
        test(f"{_ATTACKS}::test_a_lost_grant_ends_the_connection"),
    )


def _firewall() -> Control:
    return none(Aspect.FIREWALL, "messages are no HTTP requests; they are held against their schema instead")


def _transport() -> Control:
    return compiled(
        Aspect.TRANSPORT,
        "TLS 1.2 or later",
        "broker listener",
        test(f"{_ATTACKS}::test_a_client_without_trust_in_our_authority_does_not_speak"),
    )


def _hygiene() -> Control:
    return compiled(
        Aspect.HYGIENE,
        "headers that rule streams are refused; inboxes are private to an account",
        "broker permissions, streams",
        test(f"{_ATTACKS}::test_headers_that_rule_the_stream_are_refused"),
        test(f"{_ATTACKS}::test_listening_beyond_the_own_inbox_is_refused"),
    )


def _addresses() -> Control:
    return none(Aspect.ADDRESSES, "contracts have no address lists; callers are told apart by token, not by address")


def _certificate(method: str) -> Control:
    if method in {"mtls", "oauth2+mtls"}:
        return compiled(
            Aspect.CALLER_CERTIFICATE,
            "the token is bound to a verified certificate (RFC 8705)",
            "broker callout",
            ledger("error_code=broker.certificate-mismatch"),
            test(f"{_ATTACKS}::test_a_bound_token_works_with_its_own_certificate_only"),
        )
    return none(Aspect.CALLER_CERTIFICATE, f"the contract authenticates by {method} alone")


def _inside() -> Control:
    return compiled(
        Aspect.TARGET,
        "relay and broker speak TLS; the relay has rights on its own subjects only",
        "broker accounts",
        test(f"{_ATTACKS}::test_a_consumer_can_ask_for_nothing_but_its_own_messages"),
    )


def _no_certificate_inside() -> Control:
    return none(Aspect.OWN_CERTIFICATE, "relay and callout prove themselves to the broker by key (nkey)")


def _message(channel: ChannelPlan) -> Control:
    return compiled(
        Aspect.MESSAGE,
        f"{channel.content_type} held against the schema of {channel.id}; a message that does not fit is dead-lettered",
        "relay (jsonschema-rs)",
        ledger("error_code=event.schema"),
        ledger("step=dead-lettered"),
        test(f"{_FLOW}::test_poison_messages_become_dead_letters_and_the_next_message_flows"),
        test(f"{_RELAY}::test_what_readers_could_understand_differently_is_refused"),
    )


def _delivery_time(delivery: Delivery) -> Control:
    return compiled(
        Aspect.SIZE_AND_TIME,
        f"{counted(delivery.retry.attempts, 'attempt')}, then a dead letter that is kept "
        f"{span(delivery.dead_letter_ms)}; messages wait at most {span(delivery.max_age_ms)}",
        "relay, streams",
        ledger("step=dead-lettered"),
        metric("easement_dead_letters"),
        test(f"{_FLOW}::test_a_message_that_its_target_refuses_becomes_a_dead_letter"),
    )


def _webhook_rate(delivery: Delivery) -> Control:
    if not delivery.max_per_second:
        return none(Aspect.RATE, "the contract sets no limit (sla.throughput.limit)")
    return compiled(Aspect.RATE, f"{delivery.max_per_second:g} posts a second", "relay")


def _webhook_transport(url: str) -> Control:
    if not url.startswith("https://"):
        return none(Aspect.TRANSPORT, "the webhook is plain http")
    return compiled(Aspect.TRANSPORT, "https, the target's certificate is verified", "relay")


def _webhook_target(url: str) -> Control:
    if not url.startswith("https://"):
        return none(Aspect.TARGET, f"plain http to {url}")
    return compiled(Aspect.TARGET, f"verified TLS to {url}; redirects are not followed", "relay")


def _sealing(delivery: Delivery) -> Control:
    key = delivery.encryption_key
    if key is None:
        return none(Aspect.SEALING, "the contract asks for encryption: transport; broker and relay hold clear payloads")
    return compiled(
        Aspect.SEALING,
        f"JWE to the target's key {key.get('kid', '(without kid)')}; "
        "the published copy and dead letters stay clear inside the broker",
        "relay",
        ledger("error_code=delivery.seal"),
        ledger("error_code=delivery.no-key"),
    )


def _at_rest() -> Control:
    return compiled(
        Aspect.AT_REST,
        "streams are encrypted on disk (AES-GCM, key of the installation)",
        "broker storage",
        test("tests/unit/broker/test_broker_parts.py::test_messages_are_not_opened_over_with_another_storage_key"),
    )


def _audit(party: Party, step: str, shown: str) -> Control:
    return compiled(
        Aspect.AUDIT,
        f"a record of each step: {party.integration_id}, revision {party.revision[:12]}, plan, account, "
        f"names of removed fields; kept {party.retention_class.removeprefix('d')} days",
        "relay, ledger",
        ledger(f"step={step}"),
        metric("easement_transactions"),
        test(shown),
    )


def _subject(channel: ChannelPlan, grant: PublishGrant) -> str:
    """A channel with one publisher has one subject; of several, each has its own."""
    alone = publisher_ids(channel) == (grant.client_id,)
    return ingress_subject(channel) if alone else publisher_subject(channel, grant.client_id)
