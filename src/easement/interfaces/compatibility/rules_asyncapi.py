"""Rules about AsyncAPI descriptions: channels, actions, messages, servers."""

from __future__ import annotations

from typing import Final

from easement.interfaces.compatibility.policy import Open
from easement.interfaces.compatibility.rules_model import Rule, Scope
from easement.interfaces.compatibility.verdict import ChangeClass

_B, _R, _S, _D = ChangeClass.BREAKING, ChangeClass.RISKY, ChangeClass.SAFE, ChangeClass.DOCUMENTATION

_PLACED: Final = "placed: {payload: {type: object}}"
_PAID: Final = "paid: {payload: {type: object, required: [sum]}}"


def _rule(  # noqa: PLR0917 -- the catalogue below is read as a table
    name: str, title: str, classes: tuple[ChangeClass, ChangeClass], says: str, why: str, old: str, new: str,
    question: Open | None = None,
) -> Rule:  # fmt: skip
    return Rule(
        id=name, title=title, writes=classes[0], reads=classes[1], says=says, why=why,
        scope=Scope.ASYNCAPI, old=old, new=new, question=question,
    )  # fmt: skip


def _channel(more: str = "", messages: str = _PLACED, name: str = "orders", address: str = "orders") -> str:
    return f"channels: {{{name}: {{address: {address}, messages: {{{messages}}}{', ' + more if more else ''}}}}}"


def _message(more: str) -> str:
    return _channel(messages=f"placed: {{payload: {{type: object}}, {more}}}")


def _action(more: str = "", action: str = "send", name: str = "onOrder") -> str:
    channel = "{$ref: '#/channels/orders'}"
    return f"operations: {{{name}: {{action: {action}, channel: {channel}{', ' + more if more else ''}}}}}"


def _payload(schema_format: str, schema: str) -> str:
    return _channel(messages=f"placed: {{payload: {{schemaFormat: '{schema_format}', schema: {schema}}}}}")


def _server(inside: str) -> str:
    return f"servers: {{live: {{{inside}}}}}"


_TWO_ACTIONS: Final = _action()[:-1] + _action(action="receive", name="toOrder").replace("operations: {", ", ")
_REPLY: Final = "reply: {address: {location: '$message.header#/replyTo'}}"
_TWO_SERVERS: Final = "\nservers: {a: {host: a, protocol: nats}, b: {host: b, protocol: nats}}"
_PARAMETER: Final = "parameters: {zone: {enum: [eu, us]}}"
_AVRO: Final = "application/vnd.apache.avro;version=1.9.0"

ASYNCAPI_RULES: Final = (
    _rule(
        "channel-removed", "A channel is gone", (_B, _B),
        "The channel {name} ({address}) is gone.", "What is published to it is lost; who subscribes hears nothing.",
        _channel(), "channels: {}\noperations: {}",
    ),
    _rule(
        "channel-added", "A channel is new", (_S, _S),
        "The channel {name} is new.", "Nobody uses it yet.",
        "channels: {}\noperations: {}", _channel(),
    ),
    _rule(
        "channel-renamed", "A channel has another name", (_B, _B),
        "The channel {before} is called {after} now: contracts that name it name nothing.",
        "On the wire nothing changes, but contracts and generated clients name channels.",
        _channel() + "\noperations: {}", _channel(name="purchases") + "\noperations: {}",
    ),
    _rule(
        "channel-address-changed", "A channel has another address", (_B, _B),
        "The address was {before}, is {after}.", "Both sides must use the new address at the same moment.",
        _channel(), _channel(address="orders.v2"),
    ),
    _rule(
        "channel-servers-changed", "A channel is on other servers", (_R, _R),
        "The channel was on {before}, is on {after}; none means all.", "Consumers that use another server lose it.",
        _channel("servers: [{$ref: '#/servers/a'}]") + _TWO_SERVERS,
        _channel("servers: [{$ref: '#/servers/b'}]") + _TWO_SERVERS,
    ),
    _rule(
        "channel-documentation-changed", "The description of a channel differs", (_D, _D),
        "Title, summary, description or tags of a channel or operation differ.", "No message changes.",
        _channel("title: Orders"), _channel("title: All orders"),
    ),
    _rule(
        "address-parameter-removed", "A parameter of an address is gone", (_B, _B),
        "The address has no parameter {name} any more.", "Addresses in the old form lead nowhere.",
        _channel(_PARAMETER), _channel(),
    ),
    _rule(
        "address-parameter-added", "A parameter of an address is new", (_B, _B),
        "The address has a parameter {name} now.", "Addresses in the old form lead nowhere.",
        _channel(), _channel(_PARAMETER),
    ),
    _rule(
        "address-parameter-location-changed", "A parameter of an address comes from another place", (_R, _R),
        "{name} is taken from {after} now, not from {before}.", "Messages may go to another address.",
        _channel("parameters: {zone: {location: '$message.payload#/zone'}}"),
        _channel("parameters: {zone: {location: '$message.payload#/area'}}"),
    ),
    _rule(
        "action-removed", "A channel cannot be used in this direction any more", (_B, _B),
        "Consumers cannot {action} here any more.", "What is published is not taken; who subscribes hears nothing.",
        _TWO_ACTIONS, _action(),
    ),
    _rule(
        "action-added", "A channel can be used in another direction", (_S, _S),
        "Consumers can {action} here now.", "Nobody does yet.",
        _action(), _TWO_ACTIONS,
    ),
    _rule(
        "action-renamed", "An operation has another name", (_D, _D),
        "The operation was called {before}, is called {after}.", "Contracts name channels; generated code may differ.",
        _action(), _action(name="onPurchase"),
    ),
    _rule(
        "reply-removed", "There is no reply any more", (_B, _B),
        "There is no reply any more.", "Who waits for it waits for ever.",
        _action(_REPLY), _action(),
    ),
    _rule(
        "reply-added", "There is a reply", (_B, _S),
        "There is a reply now.", "Who reads may leave it unread; who replies must send it.",
        _action(), _action(_REPLY),
    ),
    _rule(
        "reply-address-changed", "Replies go to another address", (_B, _B),
        "Replies go to {after} now, not to {before}.", "Who waits at the old address waits for ever.",
        _action(_REPLY), _action(_REPLY.replace("replyTo", "answerTo")),
    ),
    _rule(
        "message-removed", "A message is gone", (_B, _R),
        "The message {name} is gone.", "It is taken no longer; or it never comes again, which consumers may wait for.",
        _channel(messages=f"{_PLACED}, {_PAID}"), _channel(),
    ),
    _rule(
        "message-added", "A message is new", (_S, _B),
        "The message {name} is new on this channel.",
        "Who reads the channel gets messages that it does not know. Policies may hold this for risky.",
        _channel(), _channel(messages=f"{_PLACED}, {_PAID}"), Open.READ_VALUE_ADDED,
    ),
    _rule(
        "message-key-changed", "A message is listed under another key", (_D, _D),
        "The message is listed as {after}, not as {before}.", "The key is never sent.",
        _channel(), _channel(messages=_PLACED.replace("placed", "ordered")),
    ),
    _rule(
        "message-name-changed", "A message has another name", (_R, _R),
        "The name of the message was {before}, is {after}.", "Consumers may choose what to do by the name.",
        _message("name: placed"), _message("name: ordered"),
    ),
    _rule(
        "message-content-type-changed", "A message has another content type", (_B, _B),
        "{name} comes as {after} now, not as {before}.", "It cannot be read as what it was.",
        _message("contentType: application/json"), _message("contentType: application/cbor"),
    ),
    _rule(
        "correlation-id-changed", "The correlation id is at another place", (_R, _R),
        "The correlation id of {name} was at {before}, is at {after}.", "Messages may not be matched to each other.",
        _message("correlationId: {location: '$message.header#/id'}"),
        _message("correlationId: {location: '$message.header#/ref'}"),
    ),
    _rule(
        "bindings-changed", "Bindings to a protocol differ", (_R, _R),
        "The bindings of the {what} differ.", "Keys, partitions, quality of service or retention may differ.",
        _channel("bindings: {kafka: {partitions: 3}}"), _channel("bindings: {kafka: {partitions: 9}}"),
    ),
    _rule(
        "message-documentation-changed", "The description of a message differs", (_D, _D),
        "Description, examples, tags or deprecation of {name} differ.", "No message changes.",
        _message("summary: An order"), _message("summary: A new order"),
    ),
    _rule(
        "payload-format-changed", "The payload is described in another format", (_B, _B),
        "The payload was {before}, is {after}: it cannot be shown that the same messages fit.",
        "Formats write the same value as different bytes.",
        _payload("application/schema+json;version=draft-07", "{type: object}"),
        _payload(_AVRO, "{type: record, name: A, fields: []}"),
    ),
    _rule(
        "payload-not-comparable", "A payload differs in a format that is not compared", (_B, _B),
        "The payload differs, and payloads in {format} are not compared: held for breaking.",
        "Nothing is called compatible that was not looked at.",
        _payload("application/raml+yaml;version=1.0", "{type: object}"),
        _payload("application/raml+yaml;version=1.0", "{type: string}"),
    ),
    _rule(
        "server-address-changed", "A server has another address", (_R, _R),
        "The server {name} was at {before}, is at {after}.", "Consumers that have the old address lose it.",
        _server("host: a.example, protocol: nats"), _server("host: b.example, protocol: nats"),
    ),
    _rule(
        "server-protocol-changed", "A server speaks another protocol", (_B, _B),
        "The server {name} spoke {before}, speaks {after}.", "Clients of the old protocol cannot connect.",
        _server("host: a.example, protocol: nats"), _server("host: a.example, protocol: kafka"),
    ),
)  # fmt: skip
