"""The catalogue, the guide that chooses from it, and the better pattern that a review is told."""

from __future__ import annotations

from typing import Any

import pytest

from easement.contract.kinds import Pattern
from easement.contract.values import Duration, Rate
from easement.standards.pattern_advice import pattern_advice, pattern_of
from easement.standards.pattern_catalogue import CATALOGUE, RECOMMENDED
from easement.standards.pattern_choice import Answer, Need, Start, choose

READS, TOLD = "integration/reads", "integration/told"
HOUR = Duration.parse("1h")


def test_every_pattern_that_is_not_recommended_names_the_one_to_use() -> None:
    for name, entry in CATALOGUE.items():
        assert entry.id == name
        assert entry.recommended == (name in RECOMMENDED)
        assert entry.recommended or entry.instead in RECOMMENDED
        assert not entry.recommended or (entry.choose_when and entry.needs)


@pytest.mark.parametrize(
    ("need", "expected"),
    [
        (Need(answer=Answer.RESULT), ["request-reply"]),
        (Need(answer=Answer.RESULT, changes_state=True), ["command"]),
        (Need(answer=Answer.ACCEPTANCE, changes_state=True), ["command"]),
        (Need(answer=Answer.ACCEPTANCE, within=HOUR), ["work-queue", "command"]),
        (Need(answer=Answer.ACCEPTANCE, targets=4), ["event-carried-state"]),
        (Need(targets=3), ["event-carried-state"]),
        (Need(details=False), ["event-notification", "event-carried-state"]),
        (Need(holds_connection=False), ["webhook", "event-carried-state"]),
        (Need(changes_state=True), ["work-queue", "event-carried-state"]),
        (Need(start=Start.PULL, within=HOUR), ["scheduled-pull"]),
        (Need(start=Start.PULL, within=Duration.parse("1m")), ["event-carried-state", "scheduled-pull"]),
        (Need(start=Start.PULL, volume=Rate.parse("900/s")), ["batch-file", "scheduled-pull"]),
        (Need(volume=Rate.parse("900/s"), within=HOUR), ["batch-file", "event-carried-state"]),
        (Need(files_only=True, answer=Answer.RESULT), ["batch-file"]),
    ],
)
def test_the_guide_names_what_serves_best_first(need: Need, expected: list[str]) -> None:
    choices = choose(need)
    assert [choice.pattern.id for choice in choices] == expected
    assert all(choice.why and choice.pattern.recommended for choice in choices)


def test_the_pattern_is_told_from_what_is_declared(world: Any) -> None:
    def told(reference: str) -> str:
        estate = world.estate()
        return pattern_of(estate, estate.integrations[reference.partition("/")[2]])

    assert (told(READS), told(TOLD)) == ("request-reply", "event-notification")
    world.set(READS, "/spec/operations", ["write"])
    assert told(READS) == "command"
    world.set(READS, "/spec/pattern", Pattern.FILE.value)
    assert told(READS) == "batch-file"
    world.set("system/shop", "/spec/delivery", {"webhook": {"url": "https://shop.example", "secret": "secret://env/S"}})
    assert told(TOLD) == "webhook"
    world.set(TOLD, "/metadata/labels", {"pattern": "work-queue"})
    assert told(TOLD) == "work-queue"


def _advice(world: Any, name: str = "reads") -> str:
    estate = world.estate()
    advice = pattern_advice(estate, estate.integrations[name])
    return advice.better if advice else ""


def test_nothing_better_is_known_of_a_sound_choice(world: Any) -> None:
    assert (_advice(world), _advice(world, "told")) == ("", "")


@pytest.mark.parametrize(
    ("bends", "better"),
    [
        ([(READS, "/spec/sla/schedule", {"every": "5m"})], "event-carried-state"),
        ([(READS, "/spec/sla/maxBodyBytes", 50_000_000)], "batch-file"),
        ([(READS, "/spec/sla/timeout", "2m"), (READS, "/spec/operations", ["write"])], "work-queue"),
        ([("system/shop", "/spec/datastores", ["db"]), ("system/store", "/spec/datastores", ["db"])], "request-reply"),
        (
            [(READS, "/spec/pattern", "file"), (READS, "/spec/sla/schedule", {"every": "1m"})],
            "event-carried-state",
        ),
    ],
)
def test_a_better_pattern_is_named(world: Any, bends: list[tuple[str, str, Any]], better: str) -> None:
    for interface in ("store-api", "store-events"):
        world.set(f"interface/{interface}@1", "/spec/entities", ["Order"])
    for bend in bends:
        world.set(*bend)
    assert _advice(world) == better


def test_reading_now_and_then_is_no_polling(world: Any) -> None:
    for interface in ("store-api", "store-events"):
        world.set(f"interface/{interface}@1", "/spec/entities", ["Order"])
    world.set(READS, "/spec/sla/schedule", {"every": "1d"})
    assert _advice(world) == ""


def test_asking_back_for_details_is_noticed(world: Any) -> None:
    for interface in ("store-api", "store-events"):
        world.set(f"interface/{interface}@1", "/spec/entities", ["Order"])
    assert _advice(world, "told") == "event-carried-state"


def test_the_same_fact_told_by_call_to_many_is_noticed(world: Any) -> None:
    for name in ("store", "archive", "desk"):
        if name != "store":
            world.add("System", name, location={"country": "DE"})
        world.documents[f"integration/to-{name}"] = {
            **world.documents[READS],
            "metadata": {"name": f"to-{name}", "title": name, "owner": "shopkeepers"},
            "spec": {**world.documents[READS]["spec"], "target": name, "operations": ["write"]},
        }
    assert _advice(world, "to-desk") == "event-carried-state"
