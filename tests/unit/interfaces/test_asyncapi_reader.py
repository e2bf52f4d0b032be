"""AsyncAPI descriptions into the model."""

from __future__ import annotations

import pytest

from easement.interfaces.reader import read_definition

ORDERS = """
asyncapi: 3.0.0
info: {title: Order events, version: 1.2.0}
channels:
  orderPlaced:
    address: orders/{region}/placed
    title: An order was placed
    messages:
      placed: {$ref: '#/components/messages/Placed'}
  orderChanged:
    messages:
      changed: {payload: {type: object, properties: {orderId: {type: string}}}}
      closed:
        payload:
          schemaFormat: application/schema+json;version=draft-07
          schema: {type: object, dependencies: {reason: [orderId]}}
components:
  messages:
    Placed:
      contentType: application/json; charset=utf-8
      payload: {$ref: 'order.json#/definitions/Order'}
"""
ORDER = b'{"definitions": {"Order": {"type": "object", "properties": {"id": {"type": "string"}}}}}'


def read(text):
    return read_definition("asyncapi", "events.yaml", {"events.yaml": text.encode(), "order.json": ORDER})


def test_channels_are_read():
    model, problems = read(ORDERS)
    assert problems == ()
    assert (model.format, model.title, model.version) == ("asyncapi", "Order events", "1.2.0")
    placed, changed = model.channels["orderPlaced"], model.channels["orderChanged"]
    assert (placed.address, placed.title, placed.content_type) == (
        "orders/{region}/placed",
        "An order was placed",
        "application/json",
    )
    assert placed.payload == {"$ref": "#/$defs/Order"}
    assert model.definitions["Order"]["properties"] == {"id": {"type": "string"}}
    assert changed.address == "orderChanged"
    assert changed.payload["anyOf"][1] == {"type": "object", "dependentRequired": {"reason": ["orderId"]}}


def channel(text):
    return f"asyncapi: 3.0.0\nchannels:\n  c: {text}\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(channel("{messages: {m: {payload: {schemaFormat: 'application/vnd.apache.avro;version=1.9.0', "
                             "schema: {}}}}}"), "EAS-2205", id="avro"),
        pytest.param(channel("{messages: {}}"), "EAS-2401", id="no-message"),
        pytest.param(channel("{messages: {a: {payload: {}}, b: {payload: {}, contentType: text/plain}}}"), "EAS-2402",
                     id="two-content-types"),
        pytest.param(channel("{messages: {m: {$ref: '#/nothing'}}}"), "EAS-2101", id="dangling"),
        pytest.param(channel("{messages: {m: {payload: {schemaFormat: application/schema+json}}}}"), "EAS-2004",
                     id="format-without-schema"),
    ],
)  # fmt: skip
def test_a_channel_that_cannot_be_read_accepts_nothing(text, code):
    model, problems = read(text)
    assert [problem.code for problem in problems] == [code]
    assert model.channels["c"].payload is False


@pytest.mark.parametrize("text", ["asyncapi: 2.6.0\nchannels: {}", "openapi: 3.0.0", "- 1", ""])
def test_what_is_no_asyncapi_3_gives_no_model(text):
    model, problems = read(text)
    assert model is None
    assert problems or not text
