"""Assembling: every reference that does not resolve is a problem at its line, with what was probably meant."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from easement.contract.codes import CATALOGUE
from easement.contract.loader import load
from easement.estate.assemble import assemble
from easement.estate.model import LifecycleState, Registration


def problems(folder: Any) -> list[tuple[str, str, str]]:
    """Code, ``file:line path``, and message with hint."""
    found = folder.assemble()[1]
    assert all(problem.code in CATALOGUE for problem in found)
    return [
        (
            problem.code,
            f"{problem.place.file}:{problem.place.line} {problem.place.path}",
            f"{problem.message}; {problem.hint}",
        )
        for problem in found
    ]


def test_a_sound_folder_assembles_without_problems(folder: Any) -> None:
    estate, found = folder.assemble()
    assert found == ()
    assert sorted(estate.models) == ["store-api@1", "store-events@1"]
    assert sorted(estate.integrations) == ["shop-reads", "store-tells"]
    assert estate.registrations == {}


class Slip(NamedTuple):
    """A text of the folder, what it is replaced by, and the problem that follows: ``line`` is part of its line."""

    old: str
    new: str
    code: str
    path: str
    line: str
    says: str


SLIPS = [
    Slip(
        "{name: shop, owner: commerce}",
        "{name: shop, owner: comerce}",
        "EAS-3001",
        "/metadata/owner",
        "owner: comerce",
        "did you mean 'commerce'?",
    ),
    Slip(
        "fields: {id: clear, total: mask}",
        "fields: {id: clear}\n  errors: {deadLetter: {retention: P1D, owner: comerce}}",
        "EAS-3001",
        "/spec/errors/deadLetter/owner",
        "owner: comerce",
        "did you mean 'commerce'?",
    ),
    Slip(
        "source: shop",
        "source: shopp",
        "EAS-3002",
        "/spec/source",
        "source: shopp",
        "did you mean 'shop'?",
    ),
    Slip(
        "target: shop",
        "target: shob",
        "EAS-3003",
        "/spec/target",
        "target: sho",
        "did you mean 'shop'?",
    ),
    Slip(
        "system: store, version: 1.0.0",
        "system: stor, version: 1.0.0",
        "EAS-3004",
        "/spec/system",
        "system: stor,",
        "did you mean 'store'?",
    ),
    Slip(
        "name: store-api, version: ^1.3",
        "name: store-apis, version: ^1.3",
        "EAS-3005",
        "/spec/interface/name",
        "interface:",
        "did you mean 'store-api'?",
    ),
    Slip(
        "lines.sku]",
        "lines.sku]\n  transfer: {mechanism: SCC, agreement: scc}",
        "EAS-3006",
        "/spec/transfer/agreement",
        "agreement: scc",
        "add the Agreement document",
    ),
    Slip(
        "version: ^1.3",
        "version: ^1.5",
        "EAS-3010",
        "/spec/interface/version",
        "version: ^1.5",
        "at 1.4.0, outside ^1.5",
    ),
    Slip(
        "[getOrder]",
        "[getOrdr]",
        "EAS-3011",
        "/spec/operations/0",
        "operations: [getOrdr]",
        "did you mean 'getOrder'?",
    ),
    Slip(
        "[orderPlaced]",
        "[orderPlacd]",
        "EAS-3012",
        "/spec/channels/0",
        "channels: [orderPlacd]",
        "did you mean 'orderPlaced'?",
    ),
    Slip(
        "lines.sku]",
        "lines.sko]",
        "EAS-3013",
        "/spec/fields/1",
        "fields: [id, lines.sko]",
        "did you mean 'lines.sku'?",
    ),
    Slip(
        "total: mask",
        "totals: mask",
        "EAS-3013",
        "/spec/fields/totals",
        "fields: {id: clear, totals: mask}",
        "did you mean 'total'?",
    ),
    Slip(
        "[getOrder]",
        "[dropOrder, getOrder]\n  pattern: event",
        "EAS-3015",
        "/spec/operations",
        "operations: [dropOrder",
        "set pattern: request",
    ),
    Slip(
        "  pattern: event\n",
        "",
        "EAS-3015",
        "/spec/channels",
        "channels: [orderPlaced]",
        "set pattern: event",
    ),
    Slip(
        "[getOrder]",
        "[]",
        "EAS-3015",
        "/spec",
        "spec:",
        "names its operations",
    ),
    Slip(
        "[getOrder]",
        "[getOrder]\n  pattern: batch\n  channels: [orderPlaced]",
        "EAS-3015",
        "/spec",
        "spec:",
        "either operations or channels",
    ),
    Slip(
        "definition: {openapi: store-api.yaml}",
        "definition: {openapi: store-ap.yaml}",
        "EAS-3017",
        "/spec/definition/openapi",
        "store-ap.yaml",
        "did you mean 'store-api.yaml'?",
    ),
    Slip(
        "  source: shop\n  target: store",
        "  source: store\n  target: shop",
        "EAS-3019",
        "/spec/interface/name",
        "interface:",
        "belongs to system store",
    ),
    Slip(
        "[id, lines.sku]",
        "[id, lines.sku, id]",
        "EAS-3020",
        "/spec/fields/2",
        "fields:",
        "'id' is listed twice",
    ),
    Slip(
        "  source: store\n  target: shop",
        "  source: shop\n  target: shop",
        "EAS-3014",
        "/spec/target",
        "target: sho",
        "both shop",
    ),
]


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: f"{slip.code}{slip.path}")
def test_a_slip_is_found_at_its_line(folder: Any, slip: Slip) -> None:
    folder.replace(slip.old, slip.new)
    (found,) = [problem for problem in folder.assemble()[1] if problem.code == slip.code]
    line = folder.texts[found.place.file].splitlines()[found.place.line - 1]
    assert found.place.path == slip.path
    assert slip.line in line
    assert slip.says in f"{found.message}; {found.hint}"
    assert found.code in CATALOGUE


def test_all_problems_come_at_once_and_in_order(folder: Any) -> None:
    folder.replace("source: shop", "source: shopp")
    folder.replace("version: ^1.3", "version: =1.0.0")
    folder.replace("{name: shop, owner: commerce}", "{name: shop, owner: nobody}")
    assert [code for code, _, _ in problems(folder)] == ["EAS-3002", "EAS-3010", "EAS-3001"]


def test_administration_names_operations_that_are_there(folder: Any) -> None:
    folder.replace("openapi: store-api.yaml}, ", "openapi: store-api.yaml}, administrative: [getOrdr], ")
    assert [code for code, _, _ in problems(folder)] == ["EAS-3011"]


def test_an_operation_that_is_not_there_makes_no_second_problem_of_its_fields(folder: Any) -> None:
    folder.replace("[getOrder]", "[getOrdr]")
    assert [code for code, _, _ in problems(folder)] == ["EAS-3011"]


def test_a_broken_document_is_not_also_missing(folder: Any) -> None:
    folder.replace("{location: {country: DE}}", "{location: {country: germany}}")
    bundle = load({name: text.encode() for name, text in folder.texts.items()})
    assert bundle.problems
    assert "EAS-3002" not in {problem.code for problem in assemble(bundle)[1]}


SECOND = """
    apiVersion: easement/v1
    kind: Integration
    metadata: {name: shop-second, owner: commerce}
    spec:
      source: shop
      target: store
      interface: {name: store-api, version: ^1.3}
      operations: [%s]
      fields: []
      purpose: essential.service
    """


def test_two_contracts_over_one_operation_are_refused(folder: Any) -> None:
    folder.add("second.yaml", SECOND % "placeOrder, getOrder")
    ((code, place, text),) = problems(folder)
    assert (code, place) == ("EAS-3016", "second.yaml:9 /spec/operations")
    assert "integrations.yaml:2:1" in text
    assert "getOrder" in text
    assert "placeOrder" not in text


def test_two_contracts_over_different_operations_are_two_purposes(folder: Any) -> None:
    folder.add("second.yaml", SECOND % "placeOrder")
    assert problems(folder) == []


def test_parties_of_agreements_and_extended_standards_must_exist(folder: Any) -> None:
    folder.add(
        "law.yaml",
        """
        apiVersion: easement/v1
        kind: Agreement
        metadata: {name: paper}
        spec: {type: DPA, between: [self, stor], signed: 2025-01-01, expires: 2030-01-01}
        ---
        apiVersion: easement/v1
        kind: Standard
        metadata: {name: house}
        spec: {extends: [baselin, ./style.spectral.yaml]}
        """,
    )
    assert [(code, place) for code, place, _ in problems(folder)] == [
        ("EAS-3007", "law.yaml:5 /spec/between/1"),
        ("EAS-3008", "law.yaml:10 /spec/extends/0"),
        ("EAS-3008", "law.yaml:10 /spec/extends/1"),
    ]


def test_standards_that_extend_each_other_in_a_circle_are_refused(folder: Any) -> None:
    for name, other in (("one", "two"), ("two", "three"), ("three", "one")):
        folder.add(
            f"{name}.yaml",
            f"{{apiVersion: easement/v1, kind: Standard, metadata: {{name: {name}}}, "
            f"spec: {{extends: [{other}, baseline]}}}}",
        )
    assert [code for code, _, _ in problems(folder)] == ["EAS-3009"] * 3


def test_fields_that_an_interface_names_must_exist(folder: Any) -> None:
    folder.replace(
        "{openapi: store-api.yaml}, ",
        "{openapi: store-api.yaml}, subject: {category: c, id: customer.id}, "
        "fields: {lines.sko: {classification: public}}, ",
    )
    assert [(code, place.split(" ")[1]) for code, place, _ in problems(folder)] == [
        ("EAS-3013", "/spec/subject/id"),
        ("EAS-3013", "/spec/fields/lines.sko"),
    ]


def test_a_broken_description_is_a_problem_and_no_model(folder: Any) -> None:
    folder.texts["store/store-api.yaml"] = "openapi: 3.1.0\npaths: ["
    estate, found = folder.assemble()
    assert "store-api@1" not in estate.models
    assert found
    assert all(problem.code.startswith("EAS-") for problem in found)


def test_registrations_of_other_integrations_are_left_out(folder: Any) -> None:
    known = Registration(id="INT-0001", revision="0" * 64, state=LifecycleState.LIVE)
    bundle = load({name: text.encode() for name, text in folder.texts.items()})
    estate, _ = assemble(bundle, {"shop-reads": known, "gone": known})
    assert estate.registrations == {"shop-reads": known}


def test_the_order_of_files_changes_nothing(folder: Any) -> None:
    folder.add("second.yaml", SECOND % "getOrder")
    files = {name: text.encode() for name, text in folder.texts.items()}
    forward, backward = assemble(load(files)), assemble(load(dict(reversed(files.items()))))
    assert forward == backward
