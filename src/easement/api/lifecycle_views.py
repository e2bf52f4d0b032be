"""What the API answers about onboarding, decommissioning and the calendar."""

from __future__ import annotations

from easement.api.views import Moment, View


class ChecklistItemView(View):
    """One line of an onboarding list."""

    id: str
    title: str
    done: bool
    evidence: str
    next_step: str


class OnboardingView(View):
    """What an integration has and lacks on its way to production, in the order in which things are done."""

    integration: str
    id: str
    state: str
    gate_enforced: bool
    items: list[ChecklistItemView]


class StepView(View):
    """One step of a decommissioning: done, waiting, to do; in a rehearsal, what it would do."""

    id: str
    title: str
    state: str
    said: str


class DecommissionView(View):
    """How far a decommissioning is."""

    integration: str
    id: str
    dry_run: bool
    finished: bool
    steps: list[StepView]


class TransitionView(View):
    """A step on the calendar; ``said`` is why it has not happened yet."""

    id: str
    subject: str
    event: str
    due: Moment
    person: str
    reason: str
    state: str
    attempts: int
    said: str
    created: Moment
    changed: Moment


class CalendarView(View):
    """Scheduled steps in the order in which they are due."""

    items: list[TransitionView]
