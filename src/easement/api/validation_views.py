"""Runs and reports of continuous control validation as JSON."""

from collections.abc import Iterable
from typing import Self

from easement.api.views import Moment, View
from easement.governance.control_validation import RunState
from easement.store.probe_runs import StoredReport, StoredRun


class ProbeCountView(View):
    """What a run found about one integration; without a name, about the gateway as a whole."""

    integration: str
    taken: Moment
    held: int
    failed: int
    not_tried: int


class ProbeRunView(View):
    """A run. ``finished`` is empty while it is under way; ``problem`` says why a finished one says nothing."""

    id: str
    person: str
    integrations: list[str]
    requested: Moment
    finished: Moment | None
    plan: str
    problem: str
    failed: int
    reports: list[ProbeCountView]


class ProbeRunsView(View):
    """The newest runs."""

    items: list[ProbeRunView]

    @classmethod
    def of(cls, found: Iterable[tuple[StoredRun, int]]) -> Self:
        """From runs and their failures."""
        return cls(items=[_run(run, failed, ()) for run, failed in found])


class ProbeCaseView(View):
    """One case of one operation. ``said`` is what was answered, or why it was not tried."""

    operation: str
    case: str
    what: str
    outcome: str
    said: str


class ProbeItemView(View):
    """An item of the outline (OWASP API Security Top 10) with its cases."""

    item: str
    cases: list[ProbeCaseView]


class ProbeReportView(View):
    """The whole report. Its digest is in the ledger."""

    run: str
    integration: str
    revision: str
    plan: str
    taken: Moment
    counts: dict[str, int]
    items: list[ProbeItemView]


def run_view(state: RunState) -> ProbeRunView:
    """A run with its reports."""
    return _run(state.run, state.failed, state.reports)


def report_view(report: StoredReport) -> ProbeReportView:
    """A report."""
    return ProbeReportView.model_validate({**report.content, "taken": report.taken})


def _run(run: StoredRun, failed: int, reports: Iterable[StoredReport]) -> ProbeRunView:
    counted = [
        ProbeCountView(
            integration=one.integration, taken=one.taken, held=one.held, failed=one.failed, not_tried=one.not_tried
        )
        for one in reports
    ]
    return ProbeRunView(
        id=run.id, person=run.person, integrations=list(run.integrations), requested=run.requested,
        finished=run.finished, plan=run.plan, problem=run.problem, failed=failed, reports=counted,
    )  # fmt: skip
