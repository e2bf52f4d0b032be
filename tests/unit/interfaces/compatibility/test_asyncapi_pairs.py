"""Pairs of AsyncAPI descriptions, each named for what it shows. Consumers subscribe unless the name says otherwise."""

# ruff: noqa: E501 -- one pair a line reads as a table

from __future__ import annotations

from typing import NamedTuple

import pytest
from compared_descriptions import asyncapi, compared, read

from easement.interfaces.compatibility.verdict import Direction


class Pair(NamedTuple):
    name: str
    old: str
    new: str
    worst: str
    rules: tuple[str, ...] = ()
    policy: str = "strict"


OBJECT = "{type: object}"


def channel(messages: str = "placed: {payload: {type: object}}", more: str = "", name: str = "orders") -> str:
    return f"channels: {{{name}: {{address: orders, messages: {{{messages}}}{', ' + more if more else ''}}}}}"


def payload(schema: str) -> str:
    return channel(f"placed: {{payload: {schema}}}")


def written(schema: str) -> str:
    """The same, published by consumers."""
    return payload(schema) + "\n" + action("receive")


def message(more: str) -> str:
    return channel(f"placed: {{payload: {{type: object}}, {more}}}")


def action(way: str = "send", more: str = "") -> str:
    return (
        f"operations: {{act: {{action: {way}, channel: {{$ref: '#/channels/orders'}}{', ' + more if more else ''}}}}}"
    )


def server(inside: str) -> str:
    return f"servers: {{live: {{{inside}}}}}"


def formatted(name: str, schema: str) -> str:
    return payload(f"{{schemaFormat: '{name}', schema: {schema}}}")


def two(way: str, message: str = "{payload: {type: object}}", more: str = "", root: str = "") -> str:
    """AsyncAPI 2.6: what is put over the skeleton of version 3."""
    inside = f"{{{way}: {{message: {message}{', ' + more if more else ''}}}}}"
    return f"asyncapi: 2.6.0\noperations: {{}}\nchannels: {{orders: {inside}}}\n{root}"


def obj(properties: str, required: str = "") -> str:
    return f"{{type: object, properties: {{{properties}}}{f', required: [{required}]' if required else ''}}}"


A, A_SURE, A_B = obj("a: {type: string}"), obj("a: {type: string}", "a"), obj("a: {type: string}, b: {type: string}")
AVRO = "application/vnd.apache.avro;version=1.9.0"
SECURE = "components: {securitySchemes: {k: {type: apiKey, in: user}, u: {type: userPassword}}}\n"
REPLY = "reply: {channel: {$ref: '#/channels/answers'}}"
ANSWERS = "answers: {address: answers, messages: {done: {payload: %s}}}"


def replied(schema: str, way: str = "receive") -> str:
    orders = "orders: {address: orders, messages: {placed: {payload: {type: object}}}}"
    return f"channels: {{{orders}, {ANSWERS % schema}}}\n{action(way, REPLY)}"


CHANNELS = (
    Pair("nothing differs", "{}", "{}", "none"),
    Pair("a channel is gone", channel(), "channels: {}\noperations: {}", "breaking", ("channel-removed",)),
    Pair("a channel is new", "channels: {}\noperations: {}", channel(), "safe", ("channel-added",)),
    Pair("another address", channel(), channel().replace("address: orders", "address: o2"), "breaking", ("channel-address-changed",)),
    Pair("another name for the same address", channel() + "\noperations: {}", channel(name="o2") + "\noperations: {}", "breaking", ("channel-renamed",)),
    Pair("another title", channel(more="title: a"), channel(more="title: b"), "documentation", ("channel-documentation-changed",)),
    Pair("other bindings of the channel", channel(more="bindings: {nats: {queue: a}}"), channel(more="bindings: {nats: {queue: b}}"), "risky", ("bindings-changed",)),
    Pair("a parameter of the address is new", channel(), channel(more="parameters: {z: {}}"), "breaking", ("address-parameter-added",)),
    Pair("a parameter of the address is gone", channel(more="parameters: {z: {}}"), channel(), "breaking", ("address-parameter-removed",)),
    Pair("a parameter can have one value more to hear from", channel(more="parameters: {z: {enum: [a]}}"), channel(more="parameters: {z: {enum: [a, b]}}"), "breaking"),
    Pair("a parameter can have one value less to hear from", channel(more="parameters: {z: {enum: [a, b]}}"), channel(more="parameters: {z: {enum: [a]}}"), "safe"),
    Pair("a parameter can have one value less to publish to", channel(more="parameters: {z: {enum: [a, b]}}") + "\n" + action("receive"), channel(more="parameters: {z: {enum: [a]}}") + "\n" + action("receive"), "breaking"),
    Pair("a parameter comes from another place", channel(more="parameters: {z: {location: '$message.payload#/a'}}"), channel(more="parameters: {z: {location: '$message.payload#/b'}}"), "risky", ("address-parameter-location-changed",)),
    Pair("another title of the document", "info: {title: a, version: '1'}", "info: {title: b, version: '1'}", "documentation", ("information-changed",)),
    Pair("another version of AsyncAPI", "asyncapi: 3.0.0", "asyncapi: 3.1.0", "documentation", ("format-version-changed",)),
)  # fmt: skip

ACTIONS = (
    Pair("consumers cannot subscribe any more", action("send"), action("receive"), "breaking", ("action-removed", "action-added")),
    Pair("nothing said about who sends means both", "operations: {}", action("send"), "none"),
    Pair("what both could is judged both ways", payload(A) + "\noperations: {}", payload(A_SURE) + "\noperations: {}", "breaking"),
    Pair("an operation renamed", action(), action().replace("act:", "do:"), "documentation", ("action-renamed",)),
    Pair("other bindings of the operation", action("send", "bindings: {nats: {queue: a}}"), action("send", "bindings: {nats: {queue: b}}"), "risky", ("bindings-changed",)),
    Pair("another summary of the operation", action("send", "summary: a"), action("send", "summary: b"), "documentation"),
    Pair("a trait says what the operation said", action("send", "summary: a"), action("send", "traits: [{summary: a}]"), "none"),
    Pair("the operation overrides its trait", action("send", "summary: a, traits: [{summary: b}]"), action("send", "summary: a, traits: [{summary: c}]"), "none"),
    Pair("no reply any more", replied(A), replied(A).replace(f", {REPLY}", ""), "breaking", ("reply-removed",)),
    Pair("a reply leaves out what was sure", replied(A_SURE), replied(A), "breaking"),
    Pair("a reply is sure of what was not", replied(A), replied(A_SURE), "safe"),
    Pair("consumers must reply with more", replied(A, "send"), replied(A_SURE, "send"), "breaking"),
    Pair("replies go to another channel", replied(A), replied(A).replace("answers", "results"), "breaking", ("reply-address-changed",)),
    Pair("credentials for the operation", SECURE + action(), SECURE + action("send", "security: [{$ref: '#/components/securitySchemes/u'}]"), "breaking", ("security-added",)),
    Pair("another scheme for the operation", SECURE + action("send", "security: [{$ref: '#/components/securitySchemes/k'}]"), SECURE + action("send", "security: [{$ref: '#/components/securitySchemes/u'}]"), "breaking", ("security-alternative-removed",)),
)  # fmt: skip

MESSAGES = (
    Pair("a message that consumers do not know", channel("a: {payload: {type: object}}"), channel("a: {payload: {type: object}}, b: {payload: {type: string}}"), "breaking", ("message-added",)),
    Pair("a message that consumers do not know, tolerantly", channel("a: {payload: {type: object}}"), channel("a: {payload: {type: object}}, b: {payload: {type: string}}"), "risky", ("message-added",), "tolerant-reader"),
    Pair("a message never comes again", channel("a: {payload: {type: object}}, b: {payload: {type: string}}"), channel("a: {payload: {type: object}}"), "risky", ("message-removed",)),
    Pair("a message is taken no longer", channel("a: {payload: {type: object}}, b: {payload: {type: string}}") + "\n" + action("receive"), channel("a: {payload: {type: object}}") + "\n" + action("receive"), "breaking", ("message-removed",)),
    Pair("one message more is taken", channel("a: {payload: {type: object}}") + "\n" + action("receive"), channel("a: {payload: {type: object}}, b: {payload: {type: string}}") + "\n" + action("receive"), "safe", ("message-added",)),
    Pair("the key of a message", channel("a: {payload: {type: object}}"), channel("b: {payload: {type: object}}"), "documentation", ("message-key-changed",)),
    Pair("the name of a message", message("name: a"), message("name: b"), "risky", ("message-name-changed",)),
    Pair("an operation lists one message less", channel("a: {payload: {type: object}}, b: {payload: {type: string}}") + "\n" + action(), channel("a: {payload: {type: object}}, b: {payload: {type: string}}") + "\n" + action("send", "messages: [{$ref: '#/channels/orders/messages/a'}]"), "risky", ("message-removed",)),
    Pair("another content type", message("contentType: application/json"), message("contentType: application/avro"), "breaking", ("message-content-type-changed",)),
    Pair("another default content type", "defaultContentType: application/json", "defaultContentType: application/cbor", "breaking", ("message-content-type-changed",)),
    Pair("the default content type said aloud", "{}", "defaultContentType: application/json", "none"),
    Pair("the correlation id moves", message("correlationId: {location: '$message.header#/a'}"), message("correlationId: {location: '$message.header#/b'}"), "risky", ("correlation-id-changed",)),
    Pair("other bindings of the message", message("bindings: {kafka: {key: {type: string}}}"), message("bindings: {kafka: {key: {type: integer}}}"), "risky", ("bindings-changed",)),
    Pair("a header must be read no longer sure", message("headers: {type: object, properties: {h: {type: string}}, required: [h]}"), message("headers: {type: object, properties: {h: {type: string}}}"), "breaking"),
    Pair("a header is sure now", message("headers: {type: object, properties: {h: {type: string}}}"), message("headers: {type: object, properties: {h: {type: string}}, required: [h]}"), "safe"),
    Pair("headers from a trait", message("headers: {type: object}"), message("traits: [{headers: {type: object}}]"), "none"),
    Pair("another summary of the message", message("summary: a"), message("summary: b"), "documentation", ("message-documentation-changed",)),
)  # fmt: skip

PAYLOADS = (
    Pair("integer to string", payload("{type: integer}"), payload("{type: string}"), "breaking"),
    Pair("what was sure may be missing", payload(A_SURE), payload(A), "breaking"),
    Pair("what may be missing is sure", payload(A), payload(A_SURE), "safe"),
    Pair("one property more, tolerantly", payload(A), payload(A_B), "safe", (), "tolerant-reader"),
    Pair("a property is gone", payload(A_B), payload(A), "breaking"),
    Pair("a new value", payload("{enum: [a]}"), payload("{enum: [a, b]}"), "breaking"),
    Pair("a value less", payload("{enum: [a, b]}"), payload("{enum: [a]}"), "safe"),
    Pair("any payload where one was said", payload(A), channel("placed: {}"), "breaking"),
    Pair("one payload where any was", channel("placed: {}"), payload(A), "safe"),
    Pair("consumers must publish more", written(A), written(A_SURE), "breaking"),
    Pair("consumers may publish less", written(A_SURE), written(A), "safe"),
    Pair("consumers may publish a new value", written("{enum: [a]}"), written("{enum: [a, b]}"), "safe"),
    Pair("consumers may not publish a value any more", written("{enum: [a, b]}"), written("{enum: [a]}"), "breaking"),
    Pair("consumers may publish integers as text no longer", written("{type: [integer, string]}"), written("{type: integer}"), "breaking"),
    Pair("by reference or in place", "components: {schemas: {S: {type: object}}}\n" + payload("{$ref: '#/components/schemas/S'}"), payload(OBJECT), "none"),
    Pair("the format said aloud", payload(OBJECT), formatted("application/schema+json;version=draft-07", OBJECT), "none"),
    Pair("another format", formatted("application/schema+json;version=draft-07", OBJECT), formatted(AVRO, "{type: record, name: R, fields: []}"), "breaking", ("payload-format-changed",)),
    Pair("the same in a format that is not known", formatted("application/raml+yaml;version=1.0", OBJECT), formatted("application/raml+yaml;version=1.0", OBJECT), "none"),
    Pair("another in a format that is not known", formatted("application/raml+yaml;version=1.0", OBJECT), formatted("application/raml+yaml;version=1.0", A), "breaking", ("payload-not-comparable",)),
    Pair("a payload is described otherwise", payload("{type: object, description: a}"), payload("{type: object, description: b}"), "documentation"),
)  # fmt: skip

SERVERS = (
    Pair("a server is gone", server("host: a, protocol: nats"), "{}", "risky", ("server-removed",)),
    Pair("a server is new", "{}", server("host: a, protocol: nats"), "safe", ("server-added",)),
    Pair("another host", server("host: a, protocol: nats"), server("host: b, protocol: nats"), "risky", ("server-address-changed",)),
    Pair("another protocol", server("host: a, protocol: nats"), server("host: a, protocol: mqtt"), "breaking", ("server-protocol-changed",)),
    Pair("a server is described otherwise", server("host: a, protocol: nats, description: x"), server("host: a, protocol: nats, description: y"), "documentation"),
    Pair("credentials for a server", SECURE + server("host: a, protocol: nats"), SECURE + server("host: a, protocol: nats, security: [{$ref: '#/components/securitySchemes/u'}]"), "breaking", ("security-added",)),
)  # fmt: skip

VERSION_2 = (
    Pair("2.6: subscribe is read", two("subscribe", f"{{payload: {A_SURE}}}"), two("subscribe", f"{{payload: {A}}}"), "breaking"),
    Pair("2.6: publish is written", two("publish", f"{{payload: {A_SURE}}}"), two("publish", f"{{payload: {A}}}"), "safe"),
    Pair("2.6: publish asks for more", two("publish", f"{{payload: {A}}}"), two("publish", f"{{payload: {A_SURE}}}"), "breaking"),
    Pair("2.6: subscribe became publish", two("subscribe"), two("publish"), "breaking", ("action-removed", "action-added")),
    Pair("2.6: one of several messages is new", two("subscribe", "{oneOf: [{name: a, payload: {type: object}}]}"), two("subscribe", "{oneOf: [{name: a, payload: {type: object}}, {name: b, payload: {type: string}}]}"), "breaking", ("message-added",)),
    Pair("2.6: the order of messages does not matter", two("subscribe", "{oneOf: [{name: a, payload: {type: object}}, {name: b, payload: {type: string}}]}"), two("subscribe", "{oneOf: [{name: b, payload: {type: string}}, {name: a, payload: {type: object}}]}"), "none"),
    Pair("2.6: a trait overrides the message", two("subscribe", "{contentType: a/a, payload: {}, traits: [{contentType: b/b}]}"), two("subscribe", "{contentType: b/b, payload: {}}"), "none"),
    Pair("2.6: url of a server", two("subscribe", root="servers: {s: {url: 'nats://a', protocol: nats}}"), two("subscribe", root="servers: {s: {url: 'nats://b', protocol: nats}}"), "risky", ("server-address-changed",)),
    Pair("2.6 written as 3.0", two("subscribe"), action(), "documentation", ("format-version-changed",)),
    Pair("2.6 written as 3.0 the wrong way round", two("publish"), action("send"), "breaking", ("action-removed",)),
    Pair("2.6: another schema format", two("subscribe", f"{{schemaFormat: '{AVRO}', payload: {{type: string}}}}"), two("subscribe", "{payload: {type: string}}"), "breaking", ("payload-format-changed",)),
)  # fmt: skip

PAIRS = (*CHANNELS, *ACTIONS, *MESSAGES, *PAYLOADS, *SERVERS, *VERSION_2)


def test_there_are_enough_asyncapi_pairs() -> None:
    assert len(PAIRS) >= 60
    assert len({pair.name for pair in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_asyncapi_pair_is_judged(pair: Pair) -> None:
    found = compared(asyncapi(read(pair.old)), asyncapi(read(pair.new)), "asyncapi", pair.policy)
    shown = [(verdict.change.value, verdict.rule) for verdict in found.verdicts]
    assert (found.worst.value if found.worst else "none") == pair.worst, shown
    assert set(pair.rules) <= {verdict.rule for verdict in found.verdicts}, shown


def test_channel_is_named_as_contracts_name_it_and_the_field_as_fields_do() -> None:
    old = asyncapi(read(payload(obj(f"a: {A_SURE}"))))
    new = asyncapi(read(payload(obj(f"a: {A}"))))
    verdict = compared(old, new, "asyncapi").verdicts[0]
    assert (verdict.operation, verdict.field_path, verdict.direction) == ("orders", "a.a", Direction.SUBSCRIBE)
