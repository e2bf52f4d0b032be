"""What a folder would enforce if all of it were approved: the same compiler as the server's, on a checkout."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from easement.cli.bundle_request import end_with_problems
from easement.cli.table import as_table
from easement.contract.kinds import Severity
from easement.contract.loader import Bundle
from easement.estate.assemble import assemble
from easement.estate.model import LifecycleState, Registration
from easement.plan.codec import encode_plan, plan_hash
from easement.plan.compile import compile_plan
from easement.plan.model import InspectionRules, Plan

_UNREGISTERED = "INT-0000"
_GATEWAYS_RULES = InspectionRules(version="the gateway's rules")
"""A checkout is compiled where no gateway need be; whether its rules are there is the server's to say."""


def offline_plan(bundle: Bundle, folder: Path, *, as_json: bool) -> str:
    """The compiled plan of a folder for development, as text or as its canonical JSON."""
    compiled = compiled_folder(bundle, folder, environment="development")
    content = encode_plan(compiled)
    if as_json:
        return json.dumps(json.loads(content), indent=2, ensure_ascii=False) + "\n"
    return _text(compiled, plan_hash(content))


def compiled_folder(bundle: Bundle, folder: Path, *, environment: str) -> Plan:
    """The plan of a folder as if all of it were approved and live. Shows its problems and ends where it has errors."""
    registrations = {
        loaded.document.metadata.name: Registration(
            id=_UNREGISTERED, revision=loaded.revision, state=LifecycleState.LIVE
        )
        for loaded in bundle.documents
        if loaded.document.kind == "Integration"
    }
    estate, problems = assemble(bundle, registrations)
    if any(problem.severity is Severity.ERROR for problem in problems):
        end_with_problems(problems, bundle.files, folder)
    return compile_plan(estate, environment=environment, today=datetime.now(UTC).date(), inspection=_GATEWAYS_RULES)


def _text(compiled: Plan, digest: str) -> str:
    rows = []
    for status in compiled.statuses:
        last = status.conditions[-1]
        rows.append((status.integration, "yes" if last.status else "no", last.reason, last.message))
    counts = (
        f"{len(compiled.routes)} routes, {len(compiled.channels)} channels, {len(compiled.deliveries)} deliveries, "
        f"{len(compiled.accounts)} accounts"
    )
    table = as_table(("INTEGRATION", "ENFORCED", "REASON", "DETAIL"), rows) if rows else "No integrations.\n"
    return f"{table}\n{counts}\nPlan {digest[:12]}, if all of it were approved and live.\n"
