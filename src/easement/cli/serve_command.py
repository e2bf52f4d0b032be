"""``easement serve ROLE``: one role as a process of its own."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    role: Annotated[str, typer.Argument(help="control, ledger, broker, decider, gateway, relay or monitor.")],
) -> None:
    """Run one role until SIGTERM. Settings come from EASEMENT_* and easement.toml."""
    from easement.cli.failure import fail
    from easement.runtime.roles import ROLE_RUNNERS, run_role
    from easement.runtime.settings import load_settings

    if role not in ROLE_RUNNERS:
        fail(f"there is no role {role!r}; roles are {', '.join(ROLE_RUNNERS)}", code=2)
    try:
        run_role(role, load_settings())
    except (OSError, RuntimeError, ValueError) as error:
        fail(str(error))
