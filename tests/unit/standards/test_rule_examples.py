"""Every rule of the baseline, by its own examples: what it shows as bad it finds, what it shows as good it does not.

An example is part of one or more documents. It is laid over a small estate in which every rule holds: a document by its
kind and name (the first of the kind where none is named), a description by its format; ``null`` takes a key away.
"""

from __future__ import annotations

import copy
import json
from datetime import date
from typing import Any

import pytest
import yaml

from easement.contract.loader import load
from easement.contract.problems import Problem
from easement.estate.assemble import assemble
from easement.standards.baseline import BASELINE, THEMES
from easement.standards.check import check
from easement.standards.facts import UnresolvedFacts
from easement.standards.model import AnyRule, Finding

TODAY = date(2026, 11, 23)
DOCUMENTS = """\
apiVersion: easement/v1
kind: Team
metadata: {name: shopkeepers, title: Shopkeepers}
spec: {email: shop@example.com, oncall: "https://oncall.example.com/shop"}
---
apiVersion: easement/v1
kind: System
metadata: {name: orders, title: Orders, owner: shopkeepers}
spec:
  technology: python
  location: {country: DE}
  endpoints: {production: {url: "https://orders.example.com"}}
  capacity: {throughput: 100/s, availability: 99.5}
---
apiVersion: easement/v1
kind: System
metadata: {name: shop, title: Shop, owner: shopkeepers}
spec: {technology: python, location: {country: DE}}
---
apiVersion: easement/v1
kind: Interface
metadata: {name: orders-api, title: Orders API, owner: shopkeepers}
spec:
  system: orders
  version: 1.0.0
  definition: {openapi: orders.openapi.yaml}
  entities: [Order]
  defaultClassification: internal
---
apiVersion: easement/v1
kind: Interface
metadata: {name: orders-events, title: Order events, owner: shopkeepers}
spec:
  system: orders
  version: 1.0.0
  definition: {asyncapi: orders.asyncapi.yaml}
  entities: [Shipment]
  defaultClassification: internal
  ordering: {key: id}
  idempotency: {key: id}
  envelope: cloudevents
  compatibility: backward
---
apiVersion: easement/v1
kind: Integration
metadata: {name: shop-reads-orders, title: The shop reads orders, owner: shopkeepers}
spec:
  source: shop
  target: orders
  interface: {name: orders-api, version: ^1.0}
  operations: [getOrder]
  fields: [id, status]
  purpose: essential.service
  security: {authentication: oauth2, scopes: [orders.read]}
  monitoring: {alertOwner: shopkeepers}
  sla: {latency: {p95: 300ms}, throughput: {expected: 5/s, limit: 20/s}}
  retention: {records: P400D}
---
apiVersion: easement/v1
kind: Integration
metadata: {name: orders-to-shop, title: Orders to the shop, owner: shopkeepers}
spec:
  source: orders
  target: shop
  interface: {name: orders-events, version: ^1.0}
  pattern: event
  channels: [orderPlaced]
  fields: [id, status]
  purpose: essential.service
  security: {authentication: oauth2, scopes: [orders.events.read]}
  errors:
    retry: {attempts: 5, initial: 1s, maximum: 5m}
    deadLetter: {retention: P7D, owner: shopkeepers}
  sla: {latency: {p95: 1s}, throughput: {expected: 5/s, limit: 20/s}}
  retention: {messages: P7D, records: P400D}
"""
OPENAPI = """\
openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
security: [{oauth: []}]
paths:
  /orders:
    get:
      operationId: listOrders
      parameters: [{name: limit, in: query, schema: {type: integer}}]
      responses:
        "200":
          description: Orders
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Order"}}}}
        "4XX": {description: It failed, content: {application/problem+json: {schema: {type: object}}}}
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getOrder
      responses:
        "200":
          description: One order
          content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}
        "4XX": {description: It failed, content: {application/problem+json: {schema: {type: object}}}}
components:
  securitySchemes:
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: "https://example.com/token", scopes: {}}}}
  schemas:
    Order:
      type: object
      required: [id, status]
      properties: {id: {type: string}, status: {type: string}}
"""
ASYNCAPI = """\
asyncapi: 3.0.0
info: {title: Order events, version: 1.0.0}
channels:
  orderPlaced:
    address: orders.placed
    messages: {orderPlaced: {$ref: "#/components/messages/OrderPlaced"}}
components:
  messages:
    OrderPlaced:
      contentType: application/json
      payload:
        type: object
        required: [id, status]
        properties: {id: {type: string}, status: {type: string}}
"""


def _read(text: str) -> list[dict[str, Any]]:
    return [dict(tree) for tree in yaml.safe_load_all(text) if tree]


def _merge(onto: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(onto) if isinstance(onto, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


def _write(tree: Any) -> bytes:
    return json.dumps(tree, default=str).encode()


def laid_over(example: str) -> dict[str, bytes]:
    """The small estate as files, with the parts of ``example`` merged into it."""
    documents = {(tree["kind"], tree["metadata"]["name"]): tree for tree in _read(DOCUMENTS)}
    descriptions = {"openapi": _read(OPENAPI)[0], "asyncapi": _read(ASYNCAPI)[0]}
    for part in _read(example):
        described = next((form for form in descriptions if form in part), "")
        if described:
            descriptions[described] = _merge(descriptions[described], part)
            continue
        first = next((name for kind, name in documents if kind == part["kind"]), "")
        key = (part["kind"], part.get("metadata", {}).get("name", first))
        new = {"apiVersion": "easement/v1", "kind": key[0], "metadata": {"name": key[1], "title": key[1]}}
        if key[0] != "Waiver":
            new["metadata"]["owner"] = "shopkeepers"
        documents[key] = _merge(copy.deepcopy(documents.get(key, new)), part)
    files = {f"{kind}-{name}.json": _write(tree) for (kind, name), tree in documents.items()}
    return files | {f"orders.{form}.yaml": _write(tree) for form, tree in descriptions.items()}


def judged(example: str) -> tuple[tuple[Problem, ...], tuple[Finding, ...]]:
    bundle = load(laid_over(example))
    estate, problems = assemble(bundle)
    return (*bundle.problems, *problems), check(estate, TODAY)


def test_the_small_estate_has_no_finding() -> None:
    assert judged("") == ((), ())


@pytest.mark.parametrize("rule", BASELINE, ids=lambda rule: rule.id)
def test_what_a_rule_shows_as_bad_is_found(rule: AnyRule) -> None:
    problems, findings = judged(rule.bad)
    if rule.about is not UnresolvedFacts:
        assert [problem.message for problem in problems if problem.severity == "error"] == []
    (*_, found) = [finding for finding in findings if finding.rule == rule.id]
    assert (found.severity, found.blocks) == (rule.severity, rule.blocks)
    assert not [finding.message for finding in findings if finding.subject.startswith("standard/")]


@pytest.mark.parametrize("rule", BASELINE, ids=lambda rule: rule.id)
def test_what_a_rule_shows_as_good_is_not_found(rule: AnyRule) -> None:
    problems, findings = judged(rule.good)
    assert [problem.message for problem in problems if problem.severity == "error"] == []
    assert [finding.message for finding in findings if finding.rule == rule.id] == []
    assert not [finding.message for finding in findings if finding.subject.startswith("standard/")]
    assert rule.good.strip() not in {"", rule.bad.strip()}


def test_the_baseline_covers_every_theme_with_distinct_rules() -> None:
    ids = [rule.id for rule in BASELINE]
    assert len(ids) == len(set(ids)) >= 60
    assert all(THEMES.values())
    for rule in BASELINE:
        assert all((rule.rationale, rule.remedy, rule.source, rule.scope, rule.title)), rule.id
