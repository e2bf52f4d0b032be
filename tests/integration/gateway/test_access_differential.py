"""Conditions on objects against cel-cpp: each expression over thousands of made-up objects, through one live Envoy."""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from easement.gateway.access_condition import evaluate
from easement.testing.gateways import GatewaySimulator
from easement.testing.plans import make_grant, make_plan, make_route, make_upstream
from easement.testing.upstreams import Answer, UpstreamSimulator

ROUNDS = 60
ATTRIBUTES = {"region": "eu", "tenant": "é", "level": "7"}
EXPRESSIONS = [
    "resource.a == principal.region",
    "resource.a != principal.region",
    "resource.a == 1",
    "resource.a < 2 || resource.b == 'eu'",
    "resource.a <= resource.b",
    "resource.a > 1 && resource.b >= 'a'",
    "!(resource.a == resource.b)",
    "!resource.a",
    "resource.a",
    "resource.a in ['eu', 1, true, null]",
    "principal.region in resource.a",
    "resource.a in resource.b",
    "has(resource.a)",
    "has(resource.a.b) && resource.a.b == 'eu'",
    "!has(resource.a) || resource.a == null",
    "size(resource.a) == 2",
    "resource.a.size() > 0 ? resource.b == 'eu' : resource.b == 1",
    "resource.a.startsWith('e') && resource.a.endsWith('u')",
    "resource.a.contains(principal.tenant)",
    "resource.a.startsWith('') || resource.b.endsWith('')",
    "resource['a'] == resource.a",
    "resource.a[0] == 'eu'",
    "resource.a[1] == resource.b[1]",
    "resource.a == {'b': 'eu'}.b",
    "resource.a == ['eu', 1]",
    "resource == null",
    "resource == 'eu'",
    "principal.aud == resource.a",
    "principal.missing == resource.a || resource.b == 'eu'",
    "principal.missing == resource.a && resource.b == 'eu'",
    "resource.a == 'eu' || principal.missing == 'x'",
    "(resource.a == 'eu') == (resource.b == 'eu')",
    "request.method == 'GET' && resource.a == principal.client_id",
    "request.path.id == resource.a",
    "resource.a.b.c == 'eu'",
    "resource.a == true",
    "resource.a == 1.0",
    "resource.a == -1 || resource.b == ''",
]
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 7, 1.0, 1.5, "", "eu", "e", "é", "shop", "7", "EU", "a\"b\\", "\u2028", [], ["eu"],
    ["eu", 1], ["eu", 1.0], [["eu"]], {}, {"b": "eu"}, {"b": {"c": "eu"}}, {"b": None}, {"a": "eu", "b": "eu"},
]  # fmt: skip


def usable(expression: str) -> bool:
    return "{" not in expression


@pytest.fixture(scope="module")
def target() -> Iterator[UpstreamSimulator]:
    with UpstreamSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def gateway(target: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewaySimulator]:
    routes = [
        make_route(
            f"list{number}", path=f"/list{number}/{{id}}",
            grants=[
                make_grant(
                    operation=f"list{number}", projection={"items": "clear"}, access=expression, resource_at="items"
                )
            ],
        )
        for number, expression in enumerate(EXPRESSIONS)
        if usable(expression)
    ]  # fmt: skip
    plan = make_plan(*routes, upstreams=[make_upstream(target.port)])
    with GatewaySimulator(plan, tmp_path_factory.mktemp("access")) as simulator:
        yield simulator


def an_object(chance: random.Random) -> Any:
    if chance.random() < 0.08:
        return chance.choice(VALUES)
    return {name: chance.choice(VALUES) for name in ("a", "b", "é") if chance.random() < 0.8}


@pytest.mark.parametrize("number", [n for n, expression in enumerate(EXPRESSIONS) if usable(expression)])
def test_what_is_seen_is_what_the_condition_says(number: int, gateway: GatewaySimulator, target: UpstreamSimulator):
    chance = random.Random(number)
    expression = EXPRESSIONS[number]
    scopes = [f"orders-api:list{number}"]
    claims = {
        "client_id": "shop", "sub": "shop", "aud": ["urn:easement:interface:orders-api"], "scope": scopes[0],
        "attributes": ATTRIBUTES,
    }  # fmt: skip
    headers = {"authorization": f"Bearer {gateway.token(scopes=scopes, attributes=ATTRIBUTES)}"}
    connection = http.client.HTTPConnection("127.0.0.1", gateway.place.port, timeout=30)
    outcomes = set()
    try:
        for turn in range(ROUNDS):
            items = [an_object(chance) for _ in range(chance.randrange(6))]
            target.answer = Answer(body=json.dumps({"n": turn, "items": items}, indent=turn % 3 or None).encode())
            seen = [
                evaluate(expression, claims=claims, method="GET", path={"id": "eu"}, resource=item) for item in items
            ]
            outcomes.update(seen)
            connection.request("GET", f"/orders-api/v1/list{number}/eu", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            expected = [item for item, is_seen in zip(items, seen, strict=True) if is_seen]
            assert json.loads(body) == {"items": expected}, (expression, items)
    finally:
        connection.close()
    assert False in outcomes, "a condition that always holds tells nothing"
