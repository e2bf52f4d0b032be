"""Every description of a published collection goes in: read, compiled, rendered; what is wrong with it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from easement.contract.codes import CATALOGUE
from easement.contract.kinds import Classification
from easement.contract.loader import load
from easement.contract.problems import Problem
from easement.estate.assemble import assemble
from easement.estate.model import LifecycleState, Registration
from easement.gateway.render_routes import route_configuration
from easement.interfaces.importer import import_openapi, import_problems
from easement.interfaces.reader import read_definition
from easement.plan.compile import compile_plan
from easement.testing.small_estate import document, system

pytestmark = pytest.mark.node

DESCRIPTIONS: Final = Path(__file__).parents[2] / "node_modules/@readme/oas-examples"
FILES: Final = sorted(
    str(path.relative_to(DESCRIPTIONS))
    for version in ("3.0", "3.1")
    for path in (DESCRIPTIONS / version).rglob("*")
    if path.suffix in (".json", ".yaml")
)


def assert_is_a_sentence(problem: Problem) -> None:
    assert problem.code in CATALOGUE
    assert " " in problem.message
    assert not any(word in problem.message for word in ("Traceback", "Error(", "None", "object at 0x"))
    assert problem.place.line > 0


def test_the_collection_is_there() -> None:
    assert len(FILES) > 90, "@readme/oas-examples is missing: run make test, which installs it"


@pytest.mark.parametrize("file", FILES)
def test_description_is_imported_compiled_and_rendered_whole(file: str) -> None:
    data = (DESCRIPTIONS / file).read_bytes()
    model, _ = read_definition("openapi", file, {file: data})
    assert model is not None
    made = import_openapi(
        data,
        file_name=Path(file).name,
        system="target",
        url="http://127.0.0.1:9",
        country="DE",
        default_classification=Classification.INTERNAL,
        source="shop" if model.operations else "",
        operations=list(model.operations),
    )
    for problem in import_problems(made):
        assert_is_a_sentence(problem)
    written = {
        f"{tree['metadata']['name']}.yaml": json.dumps(tree).encode()
        for tree in (
            system("shop"),
            document("Team", "platform", {"email": "platform@example.org", "oncall": "platform"}),
        )
    }
    bundle = load({**made, **written})
    assert bundle.problems == ()
    registration = Registration(id="INT-0001", revision="0" * 64, state=LifecycleState.LIVE)
    estate, _ = assemble(bundle, {"shop-to-target": registration})
    plan = compile_plan(estate, environment="development")
    assert {route.operation for route in plan.routes} == set(model.operations)
    assert all(route.grants for route in plan.routes)
    assert json.dumps(route_configuration(plan, "f" * 64))
