"""Where personal data of an integration leaves the EEA, and on what ground (GDPR Art. 44 to 49).

Who receives is derived per flow. Each country of the receiver counts: the operator's and every hosting place. The
export is judged from each EEA country of the sender, so that hosting inside the EEA makes an exporter too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from easement.compliance.law_pack import EEA, TransferBasis, transfer_basis
from easement.contract.kinds import Integration, System
from easement.estate.agreements import binds, in_force
from easement.estate.flows import Flow
from easement.estate.model import Estate


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalTransfer:
    """Personal data from one country to another outside the EEA. ``paths`` are the personal fields."""

    sender: str
    receiver: str
    origin: str
    destination: str
    paths: tuple[str, ...]
    basis: TransferBasis


def countries_of(system: System) -> tuple[str, ...]:
    """The operator's country and each hosting country, without repeats."""
    return tuple(dict.fromkeys((system.spec.location.country, *system.spec.location.hosting)))


def personal_transfers(
    estate: Estate, integration: Integration, flows: Iterable[Flow], today: date
) -> tuple[PersonalTransfer, ...]:
    """Every export of personal data out of the EEA that the flows make, lawful or not."""
    transfers: list[PersonalTransfer] = []
    for flow in flows:
        sender, receiver = estate.systems.get(flow.sender), estate.systems.get(flow.receiver)
        paths = tuple(carried.path for carried in flow.fields if carried.is_personal)
        if sender is None or receiver is None or not paths:
            continue
        origin = next((country for country in countries_of(sender) if country in EEA), "")
        if not origin:
            continue
        agreement_types = _agreement_types(estate, integration, sender, receiver, today)
        transfers += [
            PersonalTransfer(
                sender=flow.sender,
                receiver=flow.receiver,
                origin=origin,
                destination=destination,
                paths=paths,
                basis=transfer_basis(
                    origin=origin,
                    destination=destination,
                    today=today,
                    mechanism=integration.spec.transfer.mechanism if integration.spec.transfer else "",
                    recipient_labels=_true_labels(receiver),
                    agreements_in_force=agreement_types,
                ),
            )
            for destination in countries_of(receiver)
            if destination not in EEA
        ]
    return tuple(transfers)


def _true_labels(system: System) -> frozenset[str]:
    return frozenset(key for key, value in system.metadata.labels.items() if value == "true")


def _agreement_types(
    estate: Estate, integration: Integration, sender: System, receiver: System, today: date
) -> frozenset[str]:
    """The type of the agreement that the integration names, where it binds both parties today."""
    named = integration.spec.transfer.agreement if integration.spec.transfer else ""
    agreement = estate.agreements.get(named)
    if agreement is None or not in_force(agreement, today):
        return frozenset()
    bound = binds(estate, agreement, sender) and binds(estate, agreement, receiver)
    return frozenset({agreement.spec.type}) if bound else frozenset()
