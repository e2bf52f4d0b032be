"""The lowest version of TLS that a system's endpoint asks for is what the gateway speaks with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from easement.contract.documents import from_json
from easement.contract.kinds import System
from easement.gateway.place import GatewayPlace
from easement.gateway.render_clusters import clusters
from easement.plan.parties import endpoint_of, upstream_of
from easement.testing.plans import make_plan

PLACE = GatewayPlace(
    folder=Path("/srv/gateway"), certificates=Path("/srv/certificates"), host="0.0.0.0", port=8443, control_port=9443,
    console_port=8080, decider_port=8081, admin_port=9901, issuer="https://easement.example:9443",
)  # fmt: skip


@pytest.mark.parametrize(
    ("tls", "version"), [({}, "TLSv1_2"), ({"minimum": "1.2"}, "TLSv1_2"), ({"minimum": "1.3"}, "TLSv1_3")]
)
def test_the_gateway_speaks_no_less_than_the_endpoint_asks_for(tls: dict[str, str], version: str) -> None:
    spec = {
        "location": {"country": "DE"},
        "endpoints": {"production": {"url": "https://orders.example.com", "tls": tls}},
    }
    system = from_json({"apiVersion": "easement/v1", "kind": "System", "metadata": {"name": "orders"}, "spec": spec})
    assert isinstance(system, System)
    endpoint = endpoint_of(system, "production")
    assert endpoint is not None
    rendered = json.dumps(clusters(make_plan(upstreams=[upstream_of(system, endpoint)]), PLACE))
    assert f'"tls_minimum_protocol_version": "{version}"' in rendered
