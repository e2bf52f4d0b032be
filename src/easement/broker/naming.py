"""The names that the broker gives things: streams, subjects, consumers, inboxes. One place, used by every other module.

========================  =========================================  ==============================
what                      stream                                     subject
========================  =========================================  ==============================
published by a source     ``IN_INTERFACE_vMAJOR``                    ``in.INTERFACE.vMAJOR.CHANNEL``
delivered to a target     ``OUT_INTEGRATION``                        ``out.INTEGRATION.CHANNEL``
dead letters              ``DLQ_INTEGRATION``                        ``dlq.INTEGRATION.CHANNEL``
========================  =========================================  ==============================

A channel with several publishers gives each one a subject of its own, ``in.INTERFACE.vMAJOR.CHANNEL.CLIENT``, because
the broker does not stamp a message with the account that sent it: the subject is the proof.
"""

from __future__ import annotations

import re
from typing import Final

from easement.plan.model import ChannelPlan, Delivery

INGRESS_PREFIX: Final = "IN_"
TARGET_PREFIX: Final = "OUT_"
DEAD_LETTER_PREFIX: Final = "DLQ_"
EVIDENCE_STREAM: Final = "EVIDENCE"
RELAY_CONSUMER: Final = "relay"
BUS_ACCOUNT: Final = "BUS"
CLIENT_ACCOUNT: Final = "CLIENTS"

_ODD = re.compile(r"[^A-Za-z0-9_-]")


def token(name: str) -> str:
    """``name`` as one token of a subject: what could be a separator or wildcard becomes an underscore."""
    return _ODD.sub("_", name)


def ingress_stream(channel: ChannelPlan) -> str:
    """The stream that keeps what sources publish on the interface version of ``channel``."""
    return f"{INGRESS_PREFIX}{token(channel.interface)}_v{_major(channel)}"


def ingress_subject(channel: ChannelPlan) -> str:
    """Where the only publisher of ``channel`` sends."""
    return f"in.{token(channel.interface)}.v{_major(channel)}.{token(channel.channel)}"


def publisher_subject(channel: ChannelPlan, client_id: str) -> str:
    """Where ``client_id`` sends when it is one of several publishers."""
    return f"{ingress_subject(channel)}.{token(client_id)}"


def publisher_ids(channel: ChannelPlan) -> tuple[str, ...]:
    """The accounts that may publish on ``channel``, each once, sorted."""
    return tuple(sorted({grant.client_id for grant in channel.publishers}))


def target_stream(integration: str) -> str:
    """The stream that only the target of ``integration`` may read."""
    return f"{TARGET_PREFIX}{token(integration)}"


def target_subject(delivery: Delivery) -> str:
    """Where the relay puts messages for the target of ``delivery``."""
    return f"out.{token(delivery.party.integration)}.{token(delivery.channel)}"


def target_consumer(delivery: Delivery) -> str:
    """The durable consumer of the target."""
    return token(delivery.client_id)


def dead_letter_stream(integration: str) -> str:
    """The stream that keeps what could not be delivered under ``integration``."""
    return f"{DEAD_LETTER_PREFIX}{token(integration)}"


def dead_letter_subject(delivery: Delivery) -> str:
    """Where the relay puts dead letters of ``delivery``."""
    return f"dlq.{token(delivery.party.integration)}.{token(delivery.channel)}"


def inbox_prefix(client_id: str) -> str:
    """The only place where ``client_id`` may receive answers: shared inboxes would let accounts read each other's."""
    return f"_INBOX_{token(client_id)}"


def _major(channel: ChannelPlan) -> str:
    return channel.version.split(".", 1)[0]
