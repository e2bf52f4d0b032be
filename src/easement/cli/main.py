"""The root command. Each command lives in a module of its own that is imported only when it is asked for."""

from __future__ import annotations

import difflib
import importlib
import sys
from typing import Any, Final, NamedTuple

import typer
from typer.core import TyperGroup

from easement import __version__
from easement.cli.failure import ExitCode, fail


class _Entry(NamedTuple):
    module: str
    attribute: str
    help: str


# In the order of a first day: write, check, register, review, run, watch.
COMMANDS: Final[dict[str, _Entry]] = {
    "init": _Entry("init_command", "init", "Start an estate in a folder."),
    "new": _Entry("new_command", "new", "Write a document from a template."),
    "import": _Entry("import_command", "app", "Make documents from OpenAPI, Backstage, Envoy, Kong, CSV ..."),
    "export": _Entry("export_command", "export", "Write the estate as Backstage entities, CSV, JSON or Mermaid."),
    "check": _Entry("check_command", "check", "Check a folder of documents against the standards."),
    "diff": _Entry("diff_command", "diff", "What changed between two descriptions, and what breaks."),
    "lint": _Entry("lint_command", "lint", "Check an API description with a Spectral-format ruleset."),
    "rules": _Entry("rules_command", "app", "List and explain the rules of the standards."),
    "standard": _Entry("standard_command", "app", "List, show and try standards."),
    "waivers": _Entry("waivers_command", "waivers", "List accepted findings: who, why, until when."),
    "patterns": _Entry("patterns_command", "app", "Which pattern of integration, and when."),
    "schema": _Entry("schema_command", "schema", "Print the JSON Schemas of the documents."),
    "explain": _Entry("explain_command", "explain", "Explain a problem code, or the layers of an integration."),
    "impact": _Entry("impact_command", "impact", "What is affected when something changes?"),
    "can-i-change": _Entry("can_i_change_command", "can_i_change", "Whom would a changed interface break?"),
    "change": _Entry("change_case_command", "app", "Change an interface with notice and transition."),
    "plan": _Entry("plan_command", "plan", "Show what apply would change."),
    "apply": _Entry("apply_command", "apply", "Register the documents of a folder."),
    "review": _Entry("review_command", "app", "List, show, comment on, approve and reject revisions."),
    "probe": _Entry("probe_command", "probe", "Try the controls of live integrations."),
    "scorecard": _Entry("scorecard_command", "scorecard", "Scores with the facts behind them."),
    "report": _Entry("report_command", "report", "The monthly report on the estate."),
    "lifecycle": _Entry("lifecycle_command", "app", "Move an integration: live, deprecate, retire."),
    "onboarding": _Entry("onboarding_command", "onboarding", "What does an integration lack to go live?"),
    "decommission": _Entry("decommission_command", "decommission", "Take an integration away for good, with proof."),
    "get": _Entry("get_command", "get", "List what is registered."),
    "search": _Entry("search_command", "search", "Search the registry by words and facets."),
    "view": _Entry("view_command", "app", "List, show and remove saved searches."),
    "history": _Entry("history_command", "history", "Who changed what in a document, field by field."),
    "quotas": _Entry("quotas_command", "quotas", "How much of the daily quotas is used."),
    "worklist": _Entry("worklist_command", "worklist", "What nobody owns or uses, is silent, or is there twice."),
    "shadow": _Entry("shadow_command", "app", "Attempts without a contract: look, draft one, dismiss."),
    "credential": _Entry("credential_command", "app", "Issue, rotate and revoke credentials of systems."),
    "person": _Entry("person_command", "app", "Add people, roles and sign-in links."),
    "audit": _Entry("audit_command", "app", "Search, trace and verify the ledger."),
    "dead-letters": _Entry("dead_letter_command", "app", "List, show and replay dead letters."),
    "up": _Entry("up_command", "up", "Run everything on this machine."),
    "serve": _Entry("serve_command", "serve", "Run one role."),
    "config": _Entry("config_command", "app", "Show the settings and where they come from."),
    "demo": _Entry("demo_command", "demo", "Run the example estate with real traffic."),
}


class LazyGroup(TyperGroup):
    """A group whose commands are imported on demand, so that ``--help`` and ``--version`` are quick.

    Typer keeps its command classes to itself, so the signatures here say ``Any`` where it has one of them.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is the library's
        """All commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Import and return one command."""
        if (entry := COMMANDS.get(cmd_name)) is None:
            return None
        target = getattr(importlib.import_module(f"easement.cli.{entry.module}"), entry.attribute)
        if not isinstance(target, typer.Typer):
            application = typer.Typer(add_completion=False, rich_markup_mode=None)
            application.command(name=cmd_name)(target)
            target = application
        command = typer.main.get_command(target)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """List the commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which one was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "Run 'easement --help' for the list."
            fail(f"there is no command {args[0]!r}. {hint}", code=ExitCode.USAGE)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=LazyGroup,
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Easement: integration governance that is enforced.",
)


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True),
) -> None:
    """Easement: integration governance that is enforced."""
    if version:
        typer.echo(f"easement {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the ``easement`` command."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"easement {__version__}\n")
        return
    app()
