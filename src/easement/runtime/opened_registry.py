"""The registry as a process of this installation opens it: one policy, whoever acts on it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Engine

from easement.estate.model import Estate
from easement.gateway.waf_rules import rules_facts
from easement.governance.records import RecordSink
from easement.governance.registry import Registry
from easement.identity.credentials import CredentialStore
from easement.ledger.query import LedgerReader
from easement.monitoring.expectations import write_expectations
from easement.runtime.layout import DataDirectory
from easement.runtime.operating import LocalOperating
from easement.runtime.roles import issuer_of
from easement.runtime.settings import Settings

_log = structlog.get_logger()


def open_registry(settings: Settings, data: DataDirectory, engine: Engine, record: RecordSink) -> Registry:
    """The registry on ``engine``, with the policy that the settings say."""
    return Registry(
        engine=engine,
        environment=settings.environment,
        record=record,
        auto_approve_low_risk=settings.auto_approve_low_risk,
        one_person_several_roles=settings.one_person_several_roles,
        on_plan=partial(_expect, data.monitor),
        console_url=console_url(settings),
        enforce_gate=is_gate_enforced(settings),
        operating=LocalOperating(data, CredentialStore(engine, record), LedgerReader(data.ledger)),
        inspection=rules_facts(settings.waf_rules),
    )


def console_url(settings: Settings) -> str:
    """Where people reach the console."""
    if settings.environment == "development":
        return f"http://127.0.0.1:{settings.console_port}"
    return issuer_of(settings)


def is_gate_enforced(settings: Settings) -> bool:
    """Whether nothing goes live but through the go-live gate: in production, unless the setting says otherwise."""
    if settings.go_live_gate == "auto":
        return settings.environment == "production"
    return settings.go_live_gate == "enforce"


def _expect(folder: Path, estate: Estate) -> None:
    """Tell the monitor what to expect before any of it flows; the control plane makes up for a failure."""
    try:
        write_expectations(folder, estate)
    except OSError as error:
        _log.error("control.expectations_not_written", error=str(error))
