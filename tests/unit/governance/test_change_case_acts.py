"""Change cases from the first notice to the end of the old version, and what nobody may do in between."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from easement.contract.loader import load
from easement.estate.interface_lifecycle import InterfaceState
from easement.governance.apply import apply
from easement.governance.change_case_clock import advance_change_cases
from easement.governance.change_case_opening import Opening, open_case, open_emergency
from easement.governance.change_cases import (
    acknowledge,
    case_of,
    cases,
    close,
    confirm,
    emergencies,
    migrate,
    not_affected,
    notify,
    start,
    withdraw,
)
from easement.governance.change_interface_states import settle_interface
from easement.governance.contract_use import burn_down
from easement.governance.errors import NotAllowedError, PolicyError, UnknownError
from easement.governance.notice_delivery import inbox_of
from easement.governance.notices_of_plan import standing_of
from easement.governance.registry import Actor, Registry
from easement.governance.reviews import Verdict, decide, pending
from easement.ledger.query import Found
from easement.ledger.record import Record, RecordKind, Status, Step
from easement.store.change_cases import StoredCase
from easement.store.database import reading
from easement.store.notices import notices_of_case
from easement.testing.small_estate import (
    INTEGRATION,
    document,
    integration,
    interface,
    openapi,
    small_files,
    system,
)

V1, V2 = "stock-api@1", "stock-api@2"
SECOND = "till-reads-stock"
PAT = Actor(name="pat", roles=frozenset({"developer"}))
CAROL = Actor(name="carol", roles=frozenset({"developer"}))
OLGA = Actor(name="olga", roles=frozenset({"operator"}))
RITA = Actor(name="rita", roles=frozenset({"reviewer"}))


def base_files(*changed: dict[str, Any], description: str = "") -> dict[str, bytes]:
    teams = [
        document("Team", "platform", {"email": "platform@example.org", "oncall": "x"}),
        document("Team", "shopping", {"email": "shop@example.org", "oncall": "x", "members": ["carol"]}),
        document("Team", "tills", {"email": "tills@example.org", "oncall": "x", "members": ["theo"]}),
    ]
    shop, till = system("shop"), system("till")
    shop["metadata"]["owner"], till["metadata"]["owner"] = "shopping", "tills"
    second = integration(SECOND, source="till", fields=["sku"])
    return small_files(*teams, shop, till, second, *changed, description=description)


def next_major(fields: Iterable[str] = ("sku", "place")) -> dict[str, bytes]:
    described = interface(version="2.0.0", definition={"openapi": "stock-2.json"})
    return {
        "interface/stock-api-2.yaml": json.dumps(described).encode(),
        "interface/stock-2.json": openapi(fields=fields).replace('"1.0.0"', '"2.0.0"').encode(),
    }


def retyped(field: str) -> str:
    """Version 1 with another type for one field of its answer."""
    return openapi().replace(f'"{field}": {{"type": "string", "maxLength": 40}}', f'"{field}": {{"type": "integer"}}')


def moved(name: str, **spec: Any) -> bytes:
    return json.dumps(integration(name, interface={"name": "stock-api", "version": "^2.0"}, **spec)).encode()


@pytest.fixture
def two(registry: Registry) -> Registry:
    """Two consumers of version 1; version 2, without the field that one of them reads, stands beside it."""
    apply(registry, load(base_files()), "ana")
    apply(registry, load(base_files() | next_major()), "pat")
    assert ("Interface", V2) in registry.snapshot().enforced
    return registry


def opened(registry: Registry) -> StoredCase:
    case = open_case(
        registry, PAT, Opening(kind="Interface", name=V1, successor=V2, reason="counts move to another API")
    )
    return notify(registry, case.id, PAT)


def started(registry: Registry) -> StoredCase:
    case = start(registry, opened(registry).id, PAT)
    settle_interface(registry, case)
    return case


def move_away(registry: Registry, name: str, person: str, **spec: Any) -> None:
    files = base_files() | next_major()
    others = {file for file in files if file.startswith("integration/")}
    kept = {file: content for file, content in files.items() if file not in others}
    done = apply(registry, load(kept | {f"integration/{name}.yaml": moved(name, **spec)}), person)
    for review in pending(registry):
        decide(registry, [review.id], RITA, Verdict.APPROVE, "")
    assert done.documents


def state_of(registry: Registry) -> InterfaceState:
    return standing_of(registry.snapshot().interface_states.get(V1)).state


def test_a_case_holds_what_breaks_whom_and_tells_only_those_affected(two: Registry, records: Any) -> None:
    case = opened(two)
    shop, till = case.party(INTEGRATION), case.party(SECOND)
    assert shop is not None
    assert till is not None
    assert {hit["field"] for hit in shop.hits if hit["change"] == "breaking"} == {"count"}
    assert not [hit for hit in till.hits if hit["change"] == "breaking"]
    assert case.sunset == two.now() + timedelta(days=30)
    assert {"change.opened", "change.noticed"} <= set(records.actions())
    with reading(two.engine) as connection:
        told = notices_of_case(connection, case.number)
    assert {(each.team, each.channel) for each in told} == {
        ("shopping", "inbox"), ("shopping", "email"), ("tills", "inbox"), ("tills", "email"),
    }  # fmt: skip
    (mine,) = inbox_of(two, "carol")
    assert mine.integration == INTEGRATION
    assert [change["field"] for change in mine.content["changes"] if change["change"] == "breaking"] == ["count"]
    assert inbox_of(two, "nobody") == ()


def test_the_old_version_ends_when_notice_has_run_and_nobody_is_left(two: Registry, clock: Any, records: Any) -> None:
    case = started(two)
    assert state_of(two) is InterfaceState.DEPRECATED
    move_away(two, INTEGRATION, "carol", fields=["sku"])
    advance_change_cases(two, clock.now)
    after = case_of(two, case.id)
    assert (after.party(INTEGRATION).answer, after.state) == ("migrated", "transition")
    late = (clock.now + timedelta(days=45)).date()
    acknowledge(two, case.id, SECOND, Actor(name="theo", roles=frozenset({"developer"})), late)
    clock.pass_(days=31)
    advance_change_cases(two, clock.now)
    assert case_of(two, case.id).state == "transition"
    with pytest.raises(PolicyError):
        close(two, case.id, PAT, cut=[SECOND])
    move_away(two, SECOND, "theo", source="till", fields=["sku"])
    advance_change_cases(two, clock.now)
    assert (case_of(two, case.id).state, state_of(two)) == ("closed", InterfaceState.GONE)
    assert advance_change_cases(two, clock.now) == 0
    assert {"change.started", "change.migrated", "change.sunset-ready", "change.closed"} <= set(records.actions())


def test_whoever_is_silent_is_cut_off_by_name_and_by_a_person_only(two: Registry, clock: Any) -> None:
    case = started(two)
    move_away(two, INTEGRATION, "carol", fields=["sku"])
    clock.pass_(days=400)
    advance_change_cases(two, clock.now)
    assert (case_of(two, case.id).state, state_of(two)) == ("sunset-ready", InterfaceState.DEPRECATED)
    with pytest.raises(PolicyError, match="name each one"):
        close(two, case.id, PAT)
    settle_interface(two, close(two, case.id, PAT, cut=[SECOND]))
    assert state_of(two) is InterfaceState.GONE


def test_a_clock_that_jumps_back_ends_nothing(two: Registry, clock: Any) -> None:
    case = started(two)
    clock.pass_(days=31)
    advance_change_cases(two, clock.now)
    assert case_of(two, case.id).state == "sunset-ready"
    clock.pass_(days=-30)
    advance_change_cases(two, clock.now)
    assert case_of(two, case.id).state == "transition"
    assert state_of(two) is InterfaceState.DEPRECATED


def test_nobody_new_comes_to_a_version_that_ends(two: Registry, clock: Any) -> None:
    case = started(two)
    third = json.dumps(integration("desk-reads-stock", source="desk")).encode()
    desk = json.dumps(system("desk")).encode()
    files = base_files() | next_major() | {"system/desk.yaml": desk, "integration/desk.yaml": third}
    apply(two, load(files), "ana")
    assert two.snapshot().state("desk-reads-stock") == "design"
    (review,) = pending(two)
    with pytest.raises(PolicyError, match="is deprecated: use stock-api@2"):
        decide(two, [review.id], RITA, Verdict.APPROVE, "")
    advance_change_cases(two, clock.now)
    assert case_of(two, case.id).party("desk-reads-stock") is None


def test_answers_are_the_consumers_own(two: Registry) -> None:
    case = opened(two)
    with pytest.raises(NotAllowedError):
        acknowledge(two, case.id, INTEGRATION, PAT, None)
    with pytest.raises(PolicyError, match="reason"):
        not_affected(two, case.id, INTEGRATION, CAROL, " ")
    with pytest.raises(PolicyError, match="still uses"):
        migrate(two, case.id, INTEGRATION, CAROL)
    with pytest.raises(PolicyError, match="too late"):
        acknowledge(two, case.id, INTEGRATION, CAROL, (two.now() + timedelta(days=61)).date())
    with pytest.raises(PolicyError, match="over"):
        acknowledge(two, case.id, INTEGRATION, CAROL, (two.now() - timedelta(days=1)).date())
    with pytest.raises(UnknownError):
        acknowledge(two, case.id, "nobody", CAROL, None)
    answered = not_affected(two, case.id, INTEGRATION, CAROL, "we never read count")
    assert (answered.party(INTEGRATION).answer, answered.party(INTEGRATION).person) == ("not-affected", "carol")


def test_nobody_opens_a_second_case_nor_one_that_leads_nowhere(two: Registry) -> None:
    opened(two)
    with pytest.raises(PolicyError, match="already"):
        opened(two)
    with pytest.raises(PolicyError, match="cannot succeed itself"):
        open_case(two, PAT, Opening(kind="Interface", name=V1, successor=V1, reason="x"))
    with pytest.raises(PolicyError, match="older"):
        open_case(two, PAT, Opening(kind="Interface", name=V2, successor=V1, reason="x"))
    with pytest.raises(UnknownError):
        open_case(two, PAT, Opening(kind="Interface", name="stock-api@9", reason="x"))
    with pytest.raises(PolicyError, match="reason"):
        open_case(two, PAT, Opening(kind="Interface", name=V1, successor=V2, reason=" "))


def test_a_change_that_is_withdrawn_leaves_the_interface_as_it_was(two: Registry) -> None:
    case = started(two)
    with pytest.raises(PolicyError):
        withdraw(two, case.id, PAT, "")
    settle_interface(two, withdraw(two, case.id, PAT, "not needed"))
    assert state_of(two) is InterfaceState.ACTIVE
    assert cases(two) == ()
    with pytest.raises(PolicyError):
        start(two, case.id, PAT)


def test_an_emergency_takes_two_people_ends_by_itself_and_is_followed_up(
    two: Registry, clock: Any, records: Any
) -> None:
    breaking = base_files(description=retyped("count"))
    apply(two, load(breaking), "pat")
    (review,) = [each for each in pending(two) if each.name == V1]
    with pytest.raises(PolicyError, match="would break shop"):
        decide(two, [review.id], RITA, Verdict.APPROVE, "")
    with pytest.raises(PolicyError, match="1 to 72"):
        open_emergency(two, PAT, Opening(kind="Interface", name=V1, reason="leak"), 73)
    case = open_emergency(two, OLGA, Opening(kind="Interface", name=V1, reason="count leaks prices"), 2)
    with pytest.raises(PolicyError, match="two different people"):
        confirm(two, case.id, OLGA)
    with pytest.raises(NotAllowedError):
        confirm(two, case.id, Actor(name="dev", roles=frozenset({"developer"})))
    with pytest.raises(PolicyError, match="would break shop"):
        decide(two, [review.id], RITA, Verdict.APPROVE, "")
    confirm(two, case.id, RITA)
    assert [each.id for each in emergencies(two)] == [case.id]
    assert [notice.event for notice in inbox_of(two, "carol")] == ["emergency"]
    assert inbox_of(two, "theo") == ()
    clock.pass_(hours=3)
    with pytest.raises(PolicyError, match="would break shop"):
        decide(two, [review.id], RITA, Verdict.APPROVE, "")
    clock.pass_(hours=-2)
    decide(two, [review.id], RITA, Verdict.APPROVE, "")
    assert two.snapshot().enforced["Interface", V1].revision == review.revision
    with pytest.raises(PolicyError, match="follow-up"):
        close(two, case.id, OLGA)
    close(two, case.id, OLGA, follow_up="shop told by phone; version 2 is planned")
    assert emergencies(two) == ()
    assert {"change.break-glass-asked", "change.break-glass", "change.closed"} <= set(records.actions())


def test_an_act_that_cannot_be_recorded_does_not_happen(two: Registry, records: Any) -> None:
    records.broken = True
    with pytest.raises(OSError, match="disk"):
        open_case(two, PAT, Opening(kind="Interface", name=V1, successor=V2, reason="x"))
    records.broken = False
    assert cases(two) == ()


def test_who_still_uses_the_old_version_is_counted_from_the_ledger_once(two: Registry, clock: Any) -> None:
    case = started(two)
    revision = two.snapshot().enforced["Integration", INTEGRATION].revision

    class Ledger:
        def follow(self, after: int, limit: int = 1_000) -> tuple[Found, ...]:
            made = [Status.SUCCESS, Status.SUCCESS, Status.REFUSED]
            found = [Found(place, used(revision, status, place)) for place, status in enumerate(made, start=1)]
            return tuple(each for each in found if each.position > after)[:limit]

    for _ in range(3):
        advance_change_cases(two, clock.now, Ledger())
    estate_rows = {row.integration: row for row in burn_down_of(two, case)}
    assert (estate_rows[INTEGRATION].count, estate_rows[INTEGRATION].last_ms, estate_rows[SECOND].count) == (2, 2, 0)


def used(revision: str, status: Status, place: int) -> Record:
    return Record(
        id=f"r{place}", transaction_id=f"t{place}", kind=RecordKind.REQUEST, step=Step.REQUESTED, status=status,
        time_ms=place, integration=INTEGRATION, revision=revision,
    )  # fmt: skip


def burn_down_of(registry: Registry, case: StoredCase) -> Any:
    from easement.governance.change_cases import stage_of

    return burn_down(registry, case, stage_of(registry.snapshot()).estate)
