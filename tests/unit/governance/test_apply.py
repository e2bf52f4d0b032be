"""Apply: what is registered, what is refused, what is enforced."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from easement.contract.loader import Bundle, load
from easement.estate.lifecycle import LifecycleEvent
from easement.governance.apply import Applied, apply
from easement.governance.compilation import compile_current, current_plan
from easement.governance.errors import BaseMovedError, InvalidBundleError, PolicyError
from easement.governance.lifecycle import move
from easement.governance.preview import preview
from easement.governance.registry import Actor, Registry
from easement.governance.reviews import pending
from easement.ledger.record import Status
from easement.plan.codec import decode_plan
from easement.plan.model import Plan
from easement.store.idempotency import IdempotencyKey, KeyReusedError
from easement.testing.small_estate import (
    INTEGRATION,
    document,
    integration,
    interface,
    openapi,
    small_bundle,
    small_files,
    system,
)

OPERATOR = Actor(name="olga", roles=frozenset({"operator"}))


def plan_of(registry: Registry) -> Plan:
    stored = current_plan(registry)
    assert stored is not None
    return decode_plan(stored.content)


def granted_fields(registry: Registry) -> list[str]:
    return sorted(plan_of(registry).routes[0].grants[0].projection)


def another(source: str) -> Bundle:
    """Only a further system and its integration: what they stand on is registered already."""
    files = small_files(system(source), integration(f"{source}-reads-stock", source=source))
    return load({file: content for file, content in files.items() if f"/{source}" in file})


def states(done: Applied) -> dict[str, str]:
    return {document.name: document.review_state for document in done.documents}


def retire(registry: Registry, name: str = INTEGRATION) -> None:
    move(registry, name, LifecycleEvent.DEPRECATE, OPERATOR, "replaced")
    move(registry, name, LifecycleEvent.RETIRE, OPERATOR, "replaced")


def test_low_risk_estate_is_registered_approved_by_rule_live_and_compiled(registry: Registry, records: Any) -> None:
    done = apply(registry, small_bundle(), "ana")
    assert set(states(done).values()) == {"approved"}
    assert [document.id for document in done.documents if document.id] == ["INT-0001"]
    assert registry.snapshot().state(INTEGRATION) == "live"
    assert granted_fields(registry) == ["count", "sku"]
    decided = next(r for r in records.kept if r.message_type == "review.approve" and r.integration == INTEGRATION)
    assert (decided.account, decided.detail["automatic"], decided.integration_id) == ("easement", True, "INT-0001")
    assert {"document.added", "lifecycle.live", "plan.compiled"} <= set(records.actions())


def test_preview_after_apply_is_empty_and_apply_again_changes_nothing(registry: Registry) -> None:
    first = apply(registry, small_bundle(), "ana")
    found = preview(registry, small_bundle())
    assert (found.changes, found.reviews, found.problems, found.base) == ((), (), (), first.head)
    again = apply(registry, small_bundle(), "ana")
    assert (again.documents, again.head, again.plan) == ((), first.head, first.plan)


def test_without_the_setting_everything_waits_and_nothing_flows(registry: Registry) -> None:
    strict = replace(registry, auto_approve_low_risk=False)
    done = apply(strict, small_bundle(), "ana")
    assert set(states(done).values()) == {"open"}
    assert len(pending(strict)) == 5
    assert (registry.snapshot().state(INTEGRATION), plan_of(registry).routes) == ("design", ())


def test_held_integration_is_approved_but_waits_in_build(registry: Registry) -> None:
    apply(registry, small_bundle(integration(labels={"hold": "true"})), "ana")
    assert registry.snapshot().state(INTEGRATION) == "build"
    assert plan_of(registry).routes == ()
    moved = move(registry, INTEGRATION, LifecycleEvent.GO_LIVE, OPERATOR, "")
    assert (moved.state, len(plan_of(registry).routes)) == ("live", 1)


def test_revision_of_higher_risk_waits_while_the_approved_one_stays_enforced(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    risky = integration(fields=["sku", "count", "place"], sla={**integration()["spec"]["sla"], "criticality": "vital"})
    done = apply(registry, small_bundle(risky), "ana")
    assert states(done) == {INTEGRATION: "open"}
    assert granted_fields(registry) == ["count", "sku"]
    assert registry.snapshot().state(INTEGRATION) == "live"


def test_going_back_to_the_enforced_revision_closes_the_review(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    risky = integration(sla={**integration()["spec"]["sla"], "criticality": "vital"})
    apply(registry, small_bundle(risky), "ana")
    done = apply(registry, small_bundle(), "ana")
    assert (states(done), pending(registry)) == ({INTEGRATION: ""}, ())


def test_document_with_a_problem_registers_nothing(registry: Registry, records: Any) -> None:
    with pytest.raises(InvalidBundleError, match="shup") as caught:
        apply(registry, small_bundle(integration(source="shup")), "ana")
    assert caught.value.problems[0].place.file == f"integration/{INTEGRATION}.yaml"
    assert (registry.snapshot().documents, records.kept) == ({}, [])


def test_reference_to_a_registered_document_resolves_without_its_file(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    done = apply(registry, another("crm"), "bo")
    assert {document.name for document in done.documents} == {"crm", "crm-reads-stock"}
    assert registry.snapshot().state("crm-reads-stock") == "live"


def test_base_that_moved_is_refused(registry: Registry) -> None:
    base = preview(registry, small_bundle()).base
    apply(registry, small_bundle(), "ana")
    with pytest.raises(BaseMovedError, match="run easement plan again"):
        apply(registry, small_bundle(system("crm")), "bo", base=base)


def test_record_that_cannot_be_written_stops_the_act(registry: Registry, records: Any) -> None:
    records.broken = True
    with pytest.raises(OSError, match="disk is full"):
        apply(registry, small_bundle(), "ana")
    assert registry.snapshot().documents == {}


def test_repetition_under_one_key_is_answered_as_before(registry: Registry) -> None:
    key = IdempotencyKey(person="ana", key="k", request="r")
    first = apply(registry, small_bundle(), "ana", key=key)
    assert apply(registry, small_bundle(), "ana", key=key) == first
    with pytest.raises(KeyReusedError):
        apply(registry, small_bundle(), "ana", key=replace(key, request="other"))


def test_documents_not_in_the_bundle_stay_unless_pruned(registry: Registry) -> None:
    apply(registry, small_bundle(system("crm")), "ana")
    assert preview(registry, small_bundle()).absent == ("system/crm",)
    apply(registry, small_bundle(), "ana")
    assert ("System", "crm") in registry.snapshot().documents
    done = apply(registry, small_bundle(), "ana", prune=True)
    assert [(document.action, document.name) for document in done.documents] == [("removed", "crm")]
    assert ("System", "crm") not in registry.snapshot().documents


@pytest.mark.parametrize("gone", [f"integration/{INTEGRATION}.yaml", "system/stock.yaml", "interface/stock-api.yaml"])
def test_nothing_live_loses_what_it_stands_on(registry: Registry, gone: str) -> None:
    apply(registry, small_bundle(), "ana")
    with pytest.raises(InvalidBundleError, match="cannot be removed"):
        apply(registry, small_bundle(without=[gone]), "ana", prune=True)


def test_number_is_not_given_again_after_removal(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    retire(registry)
    assert plan_of(registry).routes == ()
    apply(registry, small_bundle(without=[f"integration/{INTEGRATION}.yaml"]), "ana", prune=True)
    done = apply(registry, small_bundle(), "ana")
    assert [document.id for document in done.documents] == ["INT-0002"]


def test_retired_integration_cannot_change(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    retire(registry)
    with pytest.raises(InvalidBundleError, match="retired"):
        apply(registry, small_bundle(integration(fields=["sku"])), "ana")


def test_change_of_an_api_under_a_risky_live_integration_waits(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    described = openapi(fields=("sku", "count", "place", "batch"))
    assert states(apply(registry, small_bundle(description=described), "ana")) == {"stock-api@1": "approved"}
    confidential = interface(fields={"count": {"classification": "confidential"}})
    assert states(apply(registry, small_bundle(confidential, description=described), "ana")) == {"stock-api@1": "open"}


def test_one_revision_of_an_api_covers_the_files_that_it_refers_to(registry: Registry) -> None:
    files = small_files()
    shared = b'{"type": "object", "properties": {"sku": {"type": "string"}, "count": {"type": "string"}}}'
    answer = b'{"$ref": "shared.json"}'
    described = files["interface/stock.json"].replace(openapi_answer(), answer)
    assert answer in described
    files |= {"interface/stock.json": described, "interface/shared.json": shared}
    apply(registry, load(files), "ana")
    assert preview(registry, load(files)).reviews == ()
    files["interface/shared.json"] = shared.replace(b'"count"', b'"amount"')
    found = preview(registry, load(files))
    assert found.problems or found.reviews


def openapi_answer() -> bytes:
    text = openapi()
    start = text.index('"schema": {"type": "object"') + len('"schema": ')
    return text[start : text.index("}}}", start) + 3].encode()


def test_waiver_and_standard_need_a_person(registry: Registry) -> None:
    standard = document("Standard", "house", {"settings": {"approvers": {"default": ["security"]}}})
    done = apply(registry, small_bundle(standard), "ana")
    assert states(done)["house"] == "open"


def test_what_does_not_fit_waits_and_the_rest_passes(registry: Registry) -> None:
    other = integration("crm-reads-stock", source="crm", sla={"criticality": "vital"})
    done = apply(registry, small_bundle(system("crm"), other), "ana")
    assert {name for name, state in states(done).items() if state == "open"} == {"crm-reads-stock"}
    assert registry.snapshot().state(INTEGRATION) == "live"


def test_two_writers_at_once_both_succeed_and_numbers_differ(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    errors: list[Exception] = []

    def run(name: str) -> None:
        try:
            apply(registry, another(name), name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("crm", "erp", "pim")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len({stored.number for stored in registry.snapshot().integrations.values()}) == 4


def test_compiling_again_publishes_nothing_new(registry: Registry, records: Any) -> None:
    done = apply(registry, small_bundle(), "ana")
    before = len(records.kept)
    assert compile_current(registry) == done.plan
    assert (len(records.kept), records.kept[-1].status) == (before, Status.SUCCESS)


def test_finding_that_blocks_at_check_refuses_the_apply(registry: Registry) -> None:
    rule = {"id": "no-stock", "title": "No", "check": "false", "blocks": "check"}
    standard = document("Standard", "house", {"rules": [rule]})
    with pytest.raises(PolicyError, match="no-stock"):
        apply(registry, small_bundle(standard), "ana")
