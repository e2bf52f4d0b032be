"""Law as data with dates: the EEA, the adequacy decisions of GDPR Art. 45, and what carries a transfer.

* Every entry has its source and the days between which it holds. A decision that ends is not deleted.
* An answer names the pack version; whoever stores the answer stores the version with it.
* Not legal advice. It gives evidence for a control; counsel decides what the control needs.

Sources: Regulation (EU) 2016/679 (GDPR) Chapter V; the Commission decisions named in each entry; EDPB Guidelines 2/2018
on Art. 49; EEA Joint Committee Decision 154/2018 (GDPR in Iceland, Liechtenstein and Norway).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

PACK_VERSION: Final = "2026.11.1"

EEA: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    "AX", "GF", "GP", "MF", "MQ", "RE", "YT",
})  # fmt: skip
"""Members of the European Union, Iceland, Liechtenstein and Norway; in the last line Union territory that has codes of
its own (TFEU Art. 355(1) and (4))."""

DPF_LABEL: Final = "dpf-certified"
PIPEDA_LABEL: Final = "pipeda-subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdequacyDecision:
    """One decision under GDPR Art. 45(3).

    ``until`` is the last day on which it holds, None when it has no end date. ``condition`` is the label that a
    recipient's System document must carry as ``"true"`` because the decision covers only some recipients.
    """

    country: str
    decision: str
    since: date
    until: date | None = None
    condition: str = ""
    scope: str = ""

    def holds(self, today: date) -> bool:
        """Whether the decision is in force on ``today``."""
        return self.since <= today and (self.until is None or today <= self.until)


def _decision(country: str, decision: str, since: str, **more: str) -> AdequacyDecision:
    until = more.pop("until", "")
    return AdequacyDecision(
        country=country,
        decision=decision,
        since=date.fromisoformat(since),
        until=date.fromisoformat(until) if until else None,
        **more,
    )


ADEQUACY: Final[tuple[AdequacyDecision, ...]] = (
    _decision("AD", "2010/625/EU", "2010-10-19"),
    _decision("AR", "2003/490/EC", "2003-06-30"),
    _decision("BR", "(EU) 2026/179", "2026-01-26"),
    _decision("CA", "2002/2/EC", "2001-12-20", condition=PIPEDA_LABEL, scope="organisations subject to PIPEDA"),
    _decision("CH", "2000/518/EC", "2000-07-26"),
    _decision("FO", "2010/146/EU", "2010-03-05"),
    _decision("GB", "(EU) 2021/1772, renewed 19 December 2025", "2021-06-28", until="2031-12-27"),
    _decision("GG", "2003/821/EC", "2003-11-21"),
    _decision("IL", "2011/61/EU", "2011-01-31"),
    _decision("IM", "2004/411/EC", "2004-04-28"),
    _decision("JE", "2008/393/EC", "2008-05-08"),
    _decision("JP", "(EU) 2019/419", "2019-01-23"),
    _decision("KR", "(EU) 2022/254", "2021-12-17"),
    _decision("NZ", "2013/65/EU", "2012-12-19"),
    _decision("US", "(EU) 2023/1795", "2023-07-10", condition=DPF_LABEL, scope="importers on the DPF list"),
    _decision("UY", "2012/484/EU", "2012-08-21"),
)
_BY_COUNTRY: Final = {decision.country: decision for decision in ADEQUACY}

Mechanism = Literal["", "adequacy", "SCC", "BCR", "derogation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferBasis:
    """Whether personal data may go from one country to another, and on what ground.

    ``kind`` is ``domestic`` (not an export from the EEA, or inside it), ``adequacy``, ``SCC``, ``BCR`` or ``none``.
    ``reason`` is a sentence for the finding or the record.
    """

    kind: Literal["domestic", "adequacy", "SCC", "BCR", "none"]
    reason: str
    pack: str = PACK_VERSION

    @property
    def lawful(self) -> bool:
        """Whether a ground was found."""
        return self.kind != "none"


def adequacy_of(country: str, today: date) -> AdequacyDecision | None:
    """The decision in force for ``country`` on ``today``, conditional ones included."""
    decision = _BY_COUNTRY.get(country)
    return decision if decision is not None and decision.holds(today) else None


def transfer_basis(
    *,
    origin: str,
    destination: str,
    today: date,
    mechanism: Mechanism = "",
    recipient_labels: frozenset[str] = frozenset(),
    agreements_in_force: frozenset[str] = frozenset(),
) -> TransferBasis:
    """The ground of GDPR Chapter V for personal data from ``origin`` to ``destination`` (ISO 3166-1 alpha-2).

    ``mechanism`` is what the contract declares, ``recipient_labels`` the labels that the recipient carries as true, and
    ``agreements_in_force`` the types (``SCC``, ``BCR``) of the declared agreement where it binds both parties today.
    A decision without a condition needs no declaration; a conditional one needs ``mechanism`` adequacy and its label.
    """
    if origin not in EEA:
        return TransferBasis(kind="domestic", reason=f"{origin} is not in the EEA: no export under GDPR Chapter V")
    if destination in EEA:
        return TransferBasis(kind="domestic", reason=f"{destination} is in the EEA")
    decision = adequacy_of(destination, today)
    if decision is not None and (not decision.condition or _condition_met(decision, mechanism, recipient_labels)):
        return TransferBasis(kind="adequacy", reason=f"adequacy decision {decision.decision} covers {destination}")
    if mechanism in {"SCC", "BCR"}:
        return _appropriate_safeguards(mechanism, agreements_in_force)
    return TransferBasis(kind="none", reason=_why_not(destination, decision, mechanism, today))


def _condition_met(decision: AdequacyDecision, mechanism: Mechanism, labels: frozenset[str]) -> bool:
    return mechanism == "adequacy" and decision.condition in labels


def _appropriate_safeguards(mechanism: Literal["SCC", "BCR"], in_force: frozenset[str]) -> TransferBasis:
    if mechanism in in_force:
        article = "46(2)(c)" if mechanism == "SCC" else "47"
        return TransferBasis(kind=mechanism, reason=f"{mechanism} in force between the parties (GDPR Art. {article})")
    return TransferBasis(
        kind="none", reason=f"{mechanism} is declared, but no {mechanism} agreement between the parties is in force"
    )


def _why_not(destination: str, decision: AdequacyDecision | None, mechanism: Mechanism, today: date) -> str:
    if mechanism == "derogation":
        return "a derogation of Art. 49 does not carry a standing flow (EDPB Guidelines 2/2018)"
    if decision is not None:
        return (
            f"decision {decision.decision} covers {decision.scope} only: that needs transfer.mechanism adequacy and "
            f'the label {decision.condition}: "true" on the recipient'
        )
    ended = _BY_COUNTRY.get(destination)
    if ended is not None and ended.until is not None and ended.until < today:
        return f"the adequacy decision for {destination} ended on {ended.until}"
    return f"there is no adequacy decision for {destination}"
