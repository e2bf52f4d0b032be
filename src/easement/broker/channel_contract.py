"""What the relay needs of a plan, compiled once for each plan: schemas, publishers and deliveries by subject."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import jsonschema_rs
import structlog

from easement.broker.message import Incoming, MessageRefusedError, strict_json
from easement.broker.naming import ingress_stream, ingress_subject, publisher_ids, publisher_subject
from easement.broker.outgoing import CompiledDelivery
from easement.broker.streams import distinct_channels
from easement.plan.model import ChannelPlan, Plan, interface_of

_log = structlog.get_logger()
_PLACE_BYTES: Final = 200
_SKIPPED: Final = frozenset({"$defs", "definitions"})


@dataclass(frozen=True, slots=True)
class ChannelContract:
    """One channel: the check of its payload and where it goes."""

    plan: ChannelPlan
    deliveries: tuple[CompiledDelivery, ...]
    _validator: jsonschema_rs.Validator | None = field(repr=False)

    def check(self, data: bytes) -> Any:
        """The decoded payload. Raises :class:`MessageRefusedError` with the place in the schema that it breaks."""
        if not _is_json(self.plan.content_type):
            raise MessageRefusedError("event.content-type", f"{self.plan.content_type} cannot be checked")
        if len(data) > self.plan.max_message_bytes:
            raise MessageRefusedError("event.too-large", f"the contract allows {self.plan.max_message_bytes} bytes")
        if self._validator is None:
            raise MessageRefusedError("event.schema-unusable", f"the schema of {self.plan.id} cannot be used")
        value = strict_json(data)
        try:
            valid = self._validator.is_valid(value)
        except (ValueError, OverflowError, RecursionError) as error:
            raise MessageRefusedError("event.not-json", "the payload is nested too deeply") from error
        if not valid:
            raise MessageRefusedError("event.schema", _first_error(self._validator, value))
        return value

    def for_source(self, system: str) -> tuple[CompiledDelivery, ...]:
        """The deliveries whose contract names ``system`` as its source."""
        return tuple(delivery for delivery in self.deliveries if delivery.plan.party.source == system)


@dataclass(frozen=True, slots=True)
class Route:
    """Whose subject it is, and what happens to its messages. ``account`` is empty where nobody may publish."""

    account: str
    channel: ChannelContract
    deliveries: tuple[CompiledDelivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPlan:
    """A plan as the relay runs it."""

    hash: str
    routes: Mapping[str, Route]
    deliveries: Mapping[str, CompiledDelivery]
    channels: Mapping[str, ChannelContract]
    streams: tuple[str, ...]

    def route(self, message: Incoming) -> Route:
        """Where a message goes. Raises :class:`MessageRefusedError` when nothing says so."""
        route = self.routes.get(message.subject)
        if route is None:
            raise MessageRefusedError("event.no-contract", "no contract covers this subject")
        return route


def compile_relay_plan(plan: Plan, plan_hash: str, *, hash_key: bytes) -> RelayPlan:
    """Compile what the relay needs. A schema that cannot be used closes its channel, and is logged."""
    channels, _problems = distinct_channels(plan)
    told = {notice.interface: notice for notice in plan.notices}
    compiled = {
        delivery.id: CompiledDelivery.of(
            delivery, hash_key=hash_key, notice=told.get(interface_of(delivery.channel_id))
        )
        for delivery in plan.deliveries
    }
    contracts = {
        channel.id: ChannelContract(channel, _deliveries_of(channel, compiled), _validator(channel))
        for channel in channels.values()
    }
    routes: dict[str, Route] = {}
    for contract in contracts.values():
        routes.update(_routes(contract))
    return RelayPlan(
        hash=plan_hash,
        routes=routes,
        deliveries=compiled,
        channels=contracts,
        streams=tuple(sorted({ingress_stream(channel) for channel in channels.values()})),
    )


def shard_of(name: str, workers: int) -> int:
    """Which of ``workers`` relay processes owns a stream: one owner keeps the order of its messages."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % workers


def _routes(contract: ChannelContract) -> dict[str, Route]:
    channel = contract.plan
    # Nobody may publish on a version that is gone; what its sources had published before still goes its way.
    clients = publisher_ids(channel) or tuple(sorted({it.plan.party.source for it in contract.deliveries}))
    routes = {
        publisher_subject(channel, client): Route(client, contract, contract.for_source(client)) for client in clients
    }
    if len(clients) == 1:
        routes[ingress_subject(channel)] = routes[publisher_subject(channel, clients[0])]
    return routes


def _deliveries_of(channel: ChannelPlan, compiled: Mapping[str, CompiledDelivery]) -> tuple[CompiledDelivery, ...]:
    return tuple(delivery for delivery in compiled.values() if delivery.plan.channel_id == channel.id)


def _is_json(content_type: str) -> bool:
    base = content_type.split(";", 1)[0].strip().lower()
    return base == "application/json" or base.endswith("+json")


def _validator(channel: ChannelPlan) -> jsonschema_rs.Validator | None:
    """A validator that reads nothing but the schema itself and runs patterns in linear time."""
    schema = channel.schema if isinstance(channel.schema, bool) else dict(channel.schema)
    try:
        return jsonschema_rs.Draft202012Validator(
            schema, validate_formats=True, retriever=_retrieve_nothing, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (ValueError, jsonschema_rs.ValidationError) as error:
        _log.error("relay.schema_unusable", channel=channel.id, error=type(error).__name__)
        return None


def _retrieve_nothing(_uri: str) -> NoReturn:
    raise ValueError("a schema may not refer outside itself")


def _first_error(validator: jsonschema_rs.Validator, value: Any) -> str:
    error = next(iter(validator.iter_errors(value)))
    return f"the payload breaks the schema at {_place(error.schema_path)}"


def _place(path: Sequence[str | int]) -> str:
    """A place in the *schema*: a place in the payload could hold names that are data."""
    return ("/" + "/".join(str(part) for part in path if part not in _SKIPPED))[:_PLACE_BYTES]
