"""Plan to Envoy, held against files, for the plans of ``tests/golden/plan``.

``pytest tests/golden --update-golden`` rewrites them: the diff is the review.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from easement.gateway.place import GatewayPlace
from easement.gateway.render_listeners import contract_runtime
from easement.gateway.rendering import render
from easement.plan.codec import decode_plan

HERE = Path(__file__).parent
PLANS = sorted((HERE.parent / "plan" / "cases").glob("*.plan.json"))
PLACE = GatewayPlace(
    folder=Path("/srv/gateway"), certificates=Path("/srv/certificates"), host="0.0.0.0", port=8443, control_port=9443,
    console_port=8080, decider_port=8081, admin_port=9901, issuer="https://easement.example:9443",
)  # fmt: skip
JWKS = {"keys": [{"kty": "EC", "crv": "P-256", "kid": "one", "x": "AA", "y": "AA"}]}


@pytest.mark.parametrize("file", PLANS, ids=lambda file: file.name.removesuffix(".plan.json"))
def test_configuration_is_what_it_was(file: Path, golden: Callable[[Path, str], None]):
    rendering = render(decode_plan(file.read_bytes()), plan_hash="0" * 64, jwks=JWKS, place=PLACE)
    tree = {"clusters": rendering.clusters, "routes": rendering.routes}
    name = file.name.removesuffix(".plan.json")
    golden(HERE / f"{name}.envoy.json", json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def test_listeners_are_what_they_were(golden: Callable[[Path, str], None]):
    rendering = render(decode_plan(PLANS[0].read_bytes()), plan_hash="0" * 64, jwks=JWKS, place=PLACE)
    text = json.dumps(rendering.listeners, indent=1, sort_keys=True, ensure_ascii=False)
    script = json.dumps(contract_runtime(PLACE), ensure_ascii=False)[1:-1]
    golden(HERE / "listeners.json", text.replace(script, "(lua/contract_runtime.lua)") + "\n")
