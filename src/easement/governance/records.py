"""Governance acts as ledger records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from easement.ledger.record import DetailValue, Record, RecordKind, Status, Step
from easement.store.ids import new_id

RecordSink = Callable[[Sequence[Record]], None]
"""Writes records to disk before it returns; raises when it cannot, and then the act does not happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does something, and when. All records of one act share the transaction id."""

    person: str
    now: datetime
    transaction_id: str = field(default_factory=new_id)

    def record(
        self,
        *,
        step: Step,
        action: str,
        kind: str = "",
        name: str = "",
        integration_id: str = "",
        revision: str = "",
        plan: str = "",
        refused: str = "",
        **detail: DetailValue,
    ) -> Record:
        """One record. ``action`` names what was done, such as ``review.approve``; ``kind`` and ``name`` the document.

        ``refused`` says why it was not done.
        """
        if kind:
            detail["document"] = f"{kind.lower()}/{name}"
        return Record(
            id=new_id(),
            transaction_id=self.transaction_id,
            kind=RecordKind.GOVERNANCE,
            step=step,
            status=Status.REFUSED if refused else Status.SUCCESS,
            time_ms=int(self.now.timestamp() * 1000),
            message_type=action,
            account=self.person,
            integration=name if kind == "Integration" else "",
            integration_id=integration_id,
            revision=revision,
            plan=plan,
            error_code="refused" if refused else "",
            error=refused,
            detail=detail,
        )
