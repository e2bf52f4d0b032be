"""One rule of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from easement.interfaces.compatibility.policy import Open, Policy
from easement.interfaces.compatibility.verdict import ChangeClass, Role


class Scope(StrEnum):
    """Into what the example of a rule is to be put."""

    OPENAPI = "openapi"
    OPERATION = "operation"
    BODY_OPERATION = "body-operation"
    WEBHOOK = "webhook"
    ASYNCAPI = "asyncapi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind of change.

    ``writes`` and ``reads`` are its class for a consumer that writes or reads what the change is about. ``says`` is
    the sentence of a verdict with ``{names}`` to fill in. ``old`` and ``new`` are YAML fragments of ``scope`` that
    differ by exactly this. ``question`` leaves the class for a reader to the policy.
    """

    id: str
    title: str
    writes: ChangeClass
    reads: ChangeClass
    says: str
    why: str
    scope: Scope
    old: str
    new: str
    question: Open | None = None

    def class_for(self, role: Role, policy: Policy | None = None) -> ChangeClass:
        """How bad the change is for a consumer of this role; of the worse role where the policy asks for both."""
        if policy is None:
            return self.writes if role is Role.WRITES else self.reads
        reads = policy.judges(self.question) if self.question else self.reads
        judged = [self.writes] * policy.old_in_new(role) + [reads] * policy.new_in_old(role)
        return min(judged, key=lambda change: change.rank)
