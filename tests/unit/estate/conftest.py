"""A folder of documents with one API and one event description, to be bent and assembled."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest

from easement.contract.loader import load
from easement.contract.problems import Problem
from easement.estate.assemble import assemble
from easement.estate.model import Estate

FILES = {
    "people.yaml": """
        apiVersion: easement/v1
        kind: Team
        metadata: {name: commerce}
        ---
        apiVersion: easement/v1
        kind: System
        metadata: {name: shop, owner: commerce}
        spec: {location: {country: DE}}
        ---
        apiVersion: easement/v1
        kind: System
        metadata: {name: store, title: The store, owner: commerce}
        spec: {location: {country: FR}, criticality: high}
        """,
    "store/interfaces.yaml": """
        apiVersion: easement/v1
        kind: Interface
        metadata: {name: store-api, owner: commerce}
        spec: {system: store, version: 1.4.0, definition: {openapi: store-api.yaml}, defaultClassification: internal}
        ---
        apiVersion: easement/v1
        kind: Interface
        metadata: {name: store-events, owner: commerce}
        spec: {system: store, version: 1.0.0, definition: {asyncapi: ./events.yaml}, defaultClassification: internal}
        """,
    "store/store-api.yaml": """
        openapi: 3.1.0
        info: {title: Store, version: 1.4.0}
        paths:
          /orders/{id}:
            parameters: [{name: id, in: path, required: true, schema: {type: string}}]
            get:
              operationId: getOrder
              responses:
                '200':
                  description: The order
                  content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}
            delete:
              operationId: dropOrder
              responses: {'204': {description: Gone}}
          /orders:
            post:
              operationId: placeOrder
              requestBody:
                content: {application/json: {schema: {type: object, properties: {sku: {type: string}}}}}
              responses: {'201': {description: Placed}}
        components:
          schemas:
            Order:
              type: object
              properties:
                id: {type: string}
                lines: {type: array, items: {type: object, properties: {sku: {type: string}, price: {type: number}}}}
        """,
    "store/events.yaml": """
        asyncapi: 3.0.0
        info: {title: Store events, version: 1.0.0}
        channels:
          orderPlaced:
            address: orders.placed
            messages:
              placed: {payload: {type: object, properties: {id: {type: string}, total: {type: number}}}}
        """,
    "integrations.yaml": """
        apiVersion: easement/v1
        kind: Integration
        metadata: {name: shop-reads, owner: commerce}
        spec:
          source: shop
          target: store
          interface: {name: store-api, version: ^1.3}
          operations: [getOrder]
          fields: [id, lines.sku]
          purpose: essential.service
        ---
        apiVersion: easement/v1
        kind: Integration
        metadata: {name: store-tells, owner: commerce}
        spec:
          source: store
          target: shop
          interface: {name: store-events, version: ^1.0}
          pattern: event
          channels: [orderPlaced]
          fields: {id: clear, total: mask}
          purpose: essential.service
        """,
}


class Folder:
    """Files as text; :meth:`assemble` loads and assembles them."""

    def __init__(self) -> None:
        self.texts = {name: textwrap.dedent(text) for name, text in FILES.items()}

    def replace(self, old: str, new: str) -> None:
        """Replace a text that occurs in one or more files."""
        assert any(old in text for text in self.texts.values()), old
        self.texts = {name: text.replace(old, new) for name, text in self.texts.items()}

    def add(self, name: str, text: str) -> None:
        """One more file."""
        self.texts[name] = textwrap.dedent(text)

    def assemble(self) -> tuple[Estate, tuple[Problem, ...]]:
        """The estate and the problems of assembling; loading must not find any."""
        bundle = load({name: text.encode() for name, text in self.texts.items()})
        assert bundle.problems == ()
        return assemble(bundle)


@pytest.fixture
def folder() -> Folder:
    return Folder()


@pytest.fixture
def estate_after(folder: Folder) -> Callable[..., Estate]:
    """The estate after texts are replaced: pairs of old and new."""

    def make(*replacements: tuple[str, str]) -> Estate:
        bent = Folder()
        for old, new in replacements:
            bent.replace(old, new)
        estate, problems = bent.assemble()
        assert problems == ()
        return estate

    return make
