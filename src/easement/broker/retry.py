"""When a failed delivery is tried again, and whether it is worth it. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from easement.plan.model import RetryPolicy

_LONGEST_EXPONENT: Final = 32
_WORTH_RETRYING: Final = frozenset({408, 425, 429})


class FailureClass(StrEnum):
    """What a failure means for the message: it may pass later, it never will, or it breaks the contract."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    CONTRACT = "contract"


def backoff_seconds(policy: RetryPolicy, attempt: int) -> float:
    """Pause after failed attempt number ``attempt`` (from 1), in seconds."""
    if not policy.exponential:
        return min(policy.initial_ms, policy.maximum_ms) / 1000
    growth: int = 2 ** min(attempt - 1, _LONGEST_EXPONENT)
    return min(policy.initial_ms * growth, policy.maximum_ms) / 1000


def is_exhausted(policy: RetryPolicy, attempt: int) -> bool:
    """Whether attempt number ``attempt`` (from 1) was the last one."""
    return attempt >= policy.attempts


def class_of_status(status: int) -> FailureClass | None:
    """What an HTTP status of a webhook means; None for success. Redirects are never followed: they are permanent."""
    if 200 <= status < 300:
        return None
    if status >= 500 or status in _WORTH_RETRYING:
        return FailureClass.TRANSIENT
    return FailureClass.PERMANENT
