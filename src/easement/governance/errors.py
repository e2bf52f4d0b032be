"""Why the workflow refuses. Each error says what to do next; the API and the CLI turn them into answers."""

from __future__ import annotations

from collections.abc import Iterable

from easement.contract.problems import Problem


class GovernanceError(Exception):
    """An act was refused. ``code`` is stable, ``reasons`` are sentences."""

    code = "refused"

    def __init__(self, message: str, reasons: Iterable[str] = ()) -> None:
        self.message = message
        self.reasons = tuple(reasons)
        super().__init__("; ".join((message, *self.reasons)))


class UnknownError(GovernanceError):
    """There is no such thing in the registry."""

    code = "not-found"


class BaseMovedError(GovernanceError):
    """The registry is no longer what the author had seen."""

    code = "base-moved"


class StaleError(GovernanceError):
    """It was changed by somebody else since it was read."""

    code = "stale"


class BusyError(GovernanceError):
    """Too many writers at once."""

    code = "busy"


class NotAllowedError(GovernanceError):
    """This person may not do this: their own revision, or a role is missing."""

    code = "not-allowed"


class PolicyError(GovernanceError):
    """A rule of the estate stands against it: a finding, a guard, a dependent that is live."""

    code = "policy"


class InvalidBundleError(GovernanceError):
    """The documents have problems."""

    code = "invalid"

    def __init__(self, message: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(message, (f"{problem.place}: {problem.message}" for problem in self.problems))
