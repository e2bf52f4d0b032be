"""Compile what is approved and live, keep the plan, and wake the nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import Connection

from easement.estate.model import Estate
from easement.governance.approval import SYSTEM_ACTOR
from easement.governance.notices_of_plan import plan_notices
from easement.governance.records import Act
from easement.governance.registry import Registry
from easement.governance.snapshot import Snapshot
from easement.ledger.record import Step
from easement.plan.codec import encode_plan, plan_hash
from easement.plan.compile import compile_plan
from easement.plan.model import Plan
from easement.store.database import reading
from easement.store.plans import StoredPlan, current_hash, get_plan, make_current

_log = structlog.get_logger()


def enforced_estate(registry: Registry) -> Estate:
    """The estate of approved revisions, with states and ids."""
    snapshot = registry.snapshot()
    return snapshot.enforced_estate().estate


def compile_current(registry: Registry) -> str:
    """Compile the enforced estate; keep and publish the plan when it differs. Returns the hash of the current plan.

    Idempotent: call it after each act, at the start, and once a minute (agreements run out by themselves).
    """

    def prepare(snapshot: Snapshot) -> tuple[Estate, bytes, Mapping[str, bool]]:
        estate = snapshot.enforced_estate().estate
        notices = plan_notices(snapshot.interface_states)
        plan = compile_plan(
            estate,
            environment=registry.environment,
            today=registry.today,
            notices=notices,
            inspection=registry.inspection,
        )
        plan = replace(plan, removals=snapshot.removals)
        return estate, encode_plan(plan), _programmed(plan)

    def commit(
        connection: Connection, _snapshot: Snapshot, prepared: tuple[Estate, bytes, Mapping[str, bool]]
    ) -> Estate | None:
        estate, content, programmed = prepared
        if current_hash(connection) == plan_hash(content):
            return None
        now = registry.now()
        digest = make_current(connection, content, now)
        _tell(registry, digest, programmed, now)
        return estate

    if (estate := registry.in_turn(prepare, commit)) is not None:
        registry.on_plan(estate)
        registry.feed.publish()
    with reading(registry.engine) as connection:
        return current_hash(connection)


def current_plan(registry: Registry) -> StoredPlan | None:
    """The plan that is enforced now, or None before the first compilation."""
    with reading(registry.engine) as connection:
        return get_plan(connection, current_hash(connection))


def _programmed(plan: Plan) -> dict[str, bool]:
    return {status.integration: all(condition.status for condition in status.conditions) for status in plan.statuses}


def _tell(registry: Registry, digest: str, programmed: Mapping[str, bool], now: datetime) -> None:
    left_out = tuple(name for name, whole in programmed.items() if not whole)
    _log.info("governance.plan_compiled", plan=digest, integrations=len(programmed), left_out=len(left_out))
    registry.record(
        [
            Act(person=SYSTEM_ACTOR, now=now).record(
                step=Step.CHANGED,
                action="plan.compiled",
                plan=digest,
                enforced=len(programmed) - len(left_out),
                left_out=left_out,
            )
        ]
    )
