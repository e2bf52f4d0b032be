"""The plan of a folder or of the registry, and the way of one integration through it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from easement.cli.explain_access_report import access_json, access_markdown, access_text
from easement.cli.failure import fail
from easement.governance.access.explain import UnknownIntegrationError, explain_access
from easement.governance.access.owasp import owasp_outline
from easement.plan.codec import decode_plan, encode_plan, plan_hash
from easement.plan.model import Plan


def explained(
    integration: str,
    *,
    folder: Path | None,
    environment: str,
    server: str,
    data: Path | None,
    owasp: bool,
    form: Literal["text", "json", "markdown"],
) -> str:
    """The answer of the command. Ends it where the plan cannot be had or knows no such integration."""
    plan = _plan_of_folder(folder, environment) if folder is not None else _plan_of_registry(server, data)
    try:
        path = explain_access(plan, integration)
    except UnknownIntegrationError as error:
        fail(str(error), hint="'easement get integrations' lists what is registered." if folder is None else "")
    outline = owasp_outline(path) if owasp else ()
    writers = {"text": access_text, "json": access_json, "markdown": access_markdown}
    return writers[form](path, plan_hash(encode_plan(plan)), outline)


def _plan_of_folder(folder: Path, environment: str) -> Plan:
    from easement.cli.bundle_request import sound_bundle
    from easement.cli.offline_plan import compiled_folder

    return compiled_folder(sound_bundle(folder), folder, environment=environment)


def _plan_of_registry(server: str, data: Path | None) -> Plan:
    from easement.cli.client import control_plane, segment

    with control_plane(server=server, data=data) as client:
        digest = str(client.get("/plan").body["hash"])
        content = client.text(f"/plan/{segment(digest)}").encode()
    if plan_hash(content) != digest:
        fail("the control plane answered with another plan than it names", hint="Ask again.")
    return decode_plan(content)
