"""References of teams, interfaces, agreements and standards; integrations have a module of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from easement.contract.identity import document_key
from easement.contract.kinds import Agreement, Document, Interface, Standard
from easement.contract.suggestion import did_you_mean
from easement.estate.agreements import SELF
from easement.estate.flows import FlowIndex
from easement.estate.model import Estate
from easement.estate.reporting import Reporter

BUILT_IN_STANDARDS: Final = frozenset({"baseline"})


def check_references(estate: Estate, index: FlowIndex, reporter: Reporter) -> None:
    """Report every dangling reference outside integrations."""
    for document in _documents(estate):
        owner = document.metadata.owner
        if owner and owner not in estate.teams:
            reporter.unknown(document, "EAS-3001", kind="Team", name=owner, path="/metadata/owner", known=estate.teams)
    for interface in estate.interfaces.values():
        _check_interface(estate, interface, index, reporter)
    for agreement in estate.agreements.values():
        _check_agreement(estate, agreement, reporter)
    for standard in estate.standards.values():
        _check_standard(estate, standard, reporter)
    _check_circles(estate, reporter)


def _documents(estate: Estate) -> Iterator[Document]:
    yield from estate.teams.values()
    yield from estate.systems.values()
    yield from estate.interfaces.values()
    yield from estate.integrations.values()
    yield from estate.standards.values()
    yield from estate.waivers.values()
    yield from estate.agreements.values()


def _check_interface(estate: Estate, interface: Interface, index: FlowIndex, reporter: Reporter) -> None:
    spec = interface.spec
    if spec.system not in estate.systems:
        reporter.unknown(
            interface, "EAS-3004", kind="System", name=spec.system, path="/spec/system", known=estate.systems
        )
    _check_administrative(estate, interface, reporter)
    named = [(f"/spec/fields/{path}", path) for path in spec.fields]
    if spec.subject is not None:
        named.append(("/spec/subject/id", spec.subject.id))
    if spec.ordering is not None:
        named.append(("/spec/ordering/key", spec.ordering.key))
    offered = index.interface_fields(document_key(interface))
    if offered is None or not named:
        return
    known = offered.paths()
    for place, path in named:
        if path not in known:
            reporter.report(
                interface,
                "EAS-3013",
                f"interface {interface.metadata.name} has no field {path!r}",
                place,
                hint=did_you_mean(path, known),
            )


def _check_administrative(estate: Estate, interface: Interface, reporter: Reporter) -> None:
    model = estate.models.get(document_key(interface))
    if model is None:
        return
    for number, name in enumerate(interface.spec.administrative):
        if name not in model.operations:
            reporter.report(
                interface,
                "EAS-3011",
                f"interface {interface.metadata.name} has no operation {name!r}",
                f"/spec/administrative/{number}",
                hint=did_you_mean(name, model.operations) or f"it has {len(model.operations)} operations",
            )


def _check_agreement(estate: Estate, agreement: Agreement, reporter: Reporter) -> None:
    for number, name in enumerate(agreement.spec.between):
        if name != SELF and name not in estate.systems:
            known = {SELF, *estate.systems}
            reporter.unknown(
                agreement, "EAS-3007", kind="System", name=name, path=f"/spec/between/{number}", known=known
            )


def _check_standard(estate: Estate, standard: Standard, reporter: Reporter) -> None:
    known = BUILT_IN_STANDARDS | estate.standards.keys()
    for number, name in enumerate(standard.spec.extends):
        if name not in known and ("Standard", name) not in reporter.broken:
            reporter.report(
                standard,
                "EAS-3008",
                f"there is no standard {name!r} to extend",
                f"/spec/extends/{number}",
                hint=did_you_mean(name, known),
            )


def _check_circles(estate: Estate, reporter: Reporter) -> None:
    for name, standard in estate.standards.items():
        if name in _ancestors(estate, name):
            reporter.report(standard, "EAS-3009", f"standard {name} extends itself over a circle", "/spec/extends")


def _ancestors(estate: Estate, name: str) -> set[str]:
    found: set[str] = set()
    waiting = list(estate.standards[name].spec.extends)
    while waiting:
        here = waiting.pop()
        if here not in found and here in estate.standards:
            found.add(here)
            waiting += estate.standards[here].spec.extends
    return found
