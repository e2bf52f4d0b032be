"""Attempts without a contract: what counts as one, what is meant, what a draft says, what a dismissal does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from easement.api.registry_views import ShadowEntryView
from easement.cli.shadow_report import shadow_table, shadow_text, worklists_text
from easement.contract.loader import load
from easement.estate.assemble import assemble
from easement.governance.discovery import present_edges
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.observed import EdgeSet, Verb, operation_at, undeclared_attempts
from easement.governance.registry import Actor
from easement.governance.shadow_draft import UNKNOWN_SYSTEM, draft_contract
from easement.governance.shadow_inbox import dismiss, shadow_entry, shadow_inbox
from easement.ledger.record import Record, RecordKind, Status, Step
from easement.testing.records import MOMENT_MS, a_record
from easement.testing.small_estate import INTEGRATION, openapi, small_files, system

TWO = openapi(operations=("getStock", "getPlace"))
OLGA = Actor(name="olga", roles=frozenset({"operator"}))


def refusal(account: str = "crm", **changes: Any) -> Record:
    plain = {
        "status": Status.REFUSED, "integration": "", "integration_id": "", "source": account, "account": account,
        "target": "stock", "message_type": "stock-api@1.getPlace", "error_code": "EAS-5403", "time_ms": MOMENT_MS - 5,
    }  # fmt: skip
    return a_record(**{**plain, **changes})


def test_who_tried_what_is_grouped_by_caller_and_interface(stand: Any) -> None:
    stand.apply(system("crm"), description=TWO)
    stand.see(
        refusal(), refusal(time_ms=MOMENT_MS - 9), refusal(message_type="stock-api@1.getStock"), refusal("stranger")
    )
    inbox = shadow_inbox(stand.registry, stand.ledger.reader, stand.read().estate)
    assert {(one.account, one.known, one.count, one.tried) for one in inbox} == {
        ("crm", True, 3, ("getPlace", "getStock")),
        ("stranger", False, 1, ("getPlace",)),
    }
    crm = next(one for one in inbox if one.account == "crm")
    assert (crm.first_ms, crm.last_ms, crm.provider, crm.interface) == (
        MOMENT_MS - 9, MOMENT_MS - 5, "stock", "stock-api@1",
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"error_code": "EAS-5429"},
        {"error_code": "EAS-5413"},
        {"integration": INTEGRATION},
        {"status": Status.SUCCESS, "error_code": ""},
        {"time_ms": MOMENT_MS - 40 * 86_400_000},
    ],
)
def test_what_a_contract_covers_is_no_shadow(stand: Any, changes: dict[str, Any]) -> None:
    stand.apply(system("crm"), description=TWO)
    stand.see(refusal(**changes))
    assert shadow_inbox(stand.registry, stand.ledger.reader, stand.read().estate) == ()


def test_a_path_without_a_route_is_held_against_the_registered_operations(stand: Any) -> None:
    stand.apply(system("crm"), description=TWO)
    tried = {"http_method": "GET", "http_status": 404}
    stand.see(
        refusal(message_type="", error_code="EAS-5404", detail={**tried, "tried": "/stock-api/v1/getplace/A-17?x=1"}),
        refusal(message_type="", error_code="EAS-5404", detail={**tried, "tried": "/people/ada@example.org/12345"}),
    )
    attempts = undeclared_attempts(stand.ledger.reader, stand.read().estate, since_ms=0)
    assert {(one.interface, one.operation) for one in attempts} == {("stock-api@1", "getPlace"), ("", "")}
    places = {one.place for one in attempts}
    assert "GET /people/{}/{}" in places
    assert not any("ada" in place or "A-17" in place for place in places)


def test_the_broker_says_what_was_tried_by_its_subject(stand: Any) -> None:
    stand.apply(system("crm"))
    stand.see(
        refusal(
            kind=RecordKind.EVENT, step=Step.PUBLISHED, message_type="in.stock-api.v1.changes.crm",
            error_code="broker.publish-not-granted",
        ),
        refusal(
            kind=RecordKind.EVENT, step=Step.CONNECTED, message_type=f"out.{INTEGRATION}.x",
            error_code="broker.subscribe-not-granted",
        ),
        refusal(kind=RecordKind.EVENT, step=Step.CONNECTED, message_type="", error_code="broker.nothing-granted"),
    )  # fmt: skip
    inbox = shadow_inbox(stand.registry, stand.ledger.reader, stand.read().estate)
    assert {(one.verb, one.interface) for one in inbox} == {
        (Verb.PUBLISH, "stock-api@1"), (Verb.SUBSCRIBE, "stock-api@1"), (Verb.CONNECT, ""),
    }  # fmt: skip


def test_a_literal_path_goes_before_a_parameter(stand: Any) -> None:
    stand.apply(description=openapi(operations=("getStock",)).replace("/getstock/{sku}", "/stock/{sku}"))
    estate = stand.read().estate
    assert operation_at(estate, "GET", "/stock-api/v1/stock/A") == ("stock-api@1", "getStock")
    for method, path in (
        ("POST", "/stock-api/v1/stock/A"), ("GET", "/stock-api/v2/stock/A"), ("GET", "/stock-api/v1"),
        ("GET", "//stock-api/v1/stock/A"), ("GET", "/stock-api/v1/stock/A/B"),
    ):  # fmt: skip
        assert operation_at(estate, method, path)[1] == ""


def test_a_draft_passes_the_check_up_to_the_places_that_it_names(stand: Any) -> None:
    stand.apply(system("crm"), description=TWO)
    stand.see(refusal())
    estate = stand.read().estate
    (entry,) = shadow_inbox(stand.registry, stand.ledger.reader, estate)
    draft = draft_contract(entry, estate)
    files = small_files(system("crm"), description=TWO) | {"draft.yaml": draft.text.encode()}
    bundle = load(files)
    after, problems = assemble(bundle)
    assert (bundle.problems, problems) == ((), ())
    made = after.integrations[draft.name]
    assert (made.spec.source, made.spec.target, made.spec.operations, made.spec.fields) == (
        "crm", "stock", ("getPlace",), (),
    )  # fmt: skip
    assert made.metadata.owner == "platform"
    assert {one.path for one in draft.placeholders} == {"/spec/fields", "/spec/purpose"}
    assert all(f"# Decide {one.path}: " in draft.text for one in draft.placeholders)


def test_a_draft_for_a_stranger_names_the_stranger_as_open(stand: Any) -> None:
    stand.apply(description=TWO)
    hostile = "x: [}\n# spec"
    stand.see(refusal(hostile))
    estate = stand.read().estate
    (entry,) = shadow_inbox(stand.registry, stand.ledger.reader, estate)
    draft = draft_contract(entry, estate)
    assert hostile not in draft.text
    assert "/spec/source" in {one.path for one in draft.placeholders}
    _, problems = assemble(load(small_files(description=TWO) | {"draft.yaml": draft.text.encode()}))
    assert [problem.place.path for problem in problems] == ["/spec/source"]
    assert UNKNOWN_SYSTEM in problems[0].message


def test_what_nothing_answers_cannot_be_drafted(stand: Any) -> None:
    stand.apply()
    stand.see(refusal(message_type="", error_code="EAS-5404", detail={"http_method": "GET", "tried": "/nowhere"}))
    estate = stand.read().estate
    (entry,) = shadow_inbox(stand.registry, stand.ledger.reader, estate)
    with pytest.raises(PolicyError, match="nothing registered answers there"):
        draft_contract(entry, estate)


def test_a_dismissal_needs_a_reason_is_recorded_and_ends(stand: Any) -> None:
    stand.apply(system("crm"), description=TWO)
    stand.see(refusal())
    reader, estate = stand.ledger.reader, stand.read().estate
    (entry,) = shadow_inbox(stand.registry, reader, estate)
    with pytest.raises(PolicyError, match="reason"):
        dismiss(stand.registry, entry, OLGA, "  ")
    with pytest.raises(PolicyError, match="ends"):
        dismiss(stand.registry, entry, OLGA, "for ever", period=timedelta(days=4_000))
    dismiss(stand.registry, entry, OLGA, "a load test, agreed", period=timedelta(days=20))
    assert shadow_inbox(stand.registry, reader, estate) == ()
    assert shadow_inbox(stand.registry, reader, estate, every=True)[0].dismissed.reason == "a load test, agreed"
    last = stand.records[-1]
    assert (last.message_type, last.account, last.detail["reason"]) == (
        "shadow.dismissed", "olga", "a load test, agreed",
    )  # fmt: skip
    stand.moment[0] += timedelta(days=21)
    assert len(shadow_inbox(stand.registry, reader, estate)) == 1


def test_another_operation_brings_a_dismissed_entry_back(stand: Any) -> None:
    stand.apply(system("crm"), description=TWO)
    stand.see(refusal())
    reader, estate = stand.ledger.reader, stand.read().estate
    dismiss(stand.registry, shadow_inbox(stand.registry, reader, estate)[0], OLGA, "known")
    stand.see(refusal())
    assert shadow_inbox(stand.registry, reader, estate) == ()
    stand.see(refusal(message_type="stock-api@1.getStock"))
    assert len(shadow_inbox(stand.registry, reader, estate)) == 1


def test_an_entry_is_found_by_the_first_digits_of_its_key(stand: Any) -> None:
    stand.apply(system("crm"), description=TWO)
    stand.see(refusal())
    reader, estate = stand.ledger.reader, stand.read().estate
    (entry,) = shadow_inbox(stand.registry, reader, estate)
    assert shadow_entry(stand.registry, reader, estate, entry.key[:6]) == entry
    for wrong in ("", "zz"):
        with pytest.raises(UnknownError):
            shadow_entry(stand.registry, reader, estate, wrong)


def test_three_sets_of_edges_also_over_sealed_records(stand: Any) -> None:
    stand.apply(system("crm"), description=TWO)
    stand.see(refusal())
    reader, estate = stand.ledger.reader, stand.read().estate
    before = present_edges(stand.registry, reader, estate)
    assert [(edge.edge_set, edge.integration) for edge in before] == [
        (EdgeSet.DECLARED_NOT_SEEN, INTEGRATION), (EdgeSet.SEEN_NOT_DECLARED, ""),
    ]  # fmt: skip
    stand.ledger.seal([a_record(integration=INTEGRATION, source="shop", target="stock", time_ms=MOMENT_MS - 50)] * 1)
    stand.see(a_record(integration=INTEGRATION, source="shop", target="stock", time_ms=MOMENT_MS - 20))
    after = present_edges(stand.registry, reader, estate)
    assert after[0].edge_set is EdgeSet.DECLARED_AND_SEEN
    assert (after[0].count, after[0].first_ms, after[0].last_ms) == (2, MOMENT_MS - 50, MOMENT_MS - 20)


def test_the_command_line_shows_what_the_api_answers(stand: Any) -> None:
    stand.apply(system("crm"), description=TWO)
    stand.see(refusal(), refusal("\x1b[2Jevil"))
    reader, estate = stand.ledger.reader, stand.read().estate
    dismiss(stand.registry, shadow_inbox(stand.registry, reader, estate)[0], OLGA, "looked\x1b[at")
    found = shadow_inbox(stand.registry, reader, estate, every=True)
    answers = [ShadowEntryView.model_validate(one).model_dump(mode="json", by_alias=True) for one in found]
    table = shadow_table(answers)
    assert "crm" in table
    assert "2026-11-18 11:06Z" in table
    texts = [shadow_text(one) for one in answers]
    assert any("Dismissed by olga" in text for text in texts)
    assert "\x1b" not in table + "".join(texts)
    lists = [{"name": "stale", "count": 1, "items": [{"subject": "integration/x", "owner": "", "why": "no traffic"}]}]
    assert "integration/x  -      no traffic" in worklists_text(lists)
