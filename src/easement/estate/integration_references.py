"""What an integration refers to: systems, an interface in a version, operations or channels, fields, agreements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from easement.contract.identity import bare_name, reference_key, versions_of
from easement.contract.kinds import Integration, Interface, Pattern
from easement.contract.suggestion import did_you_mean
from easement.estate.flows import FlowIndex
from easement.estate.model import Estate
from easement.estate.reporting import Reporter
from easement.interfaces.model import InterfaceModel


def check_integrations(estate: Estate, index: FlowIndex, reporter: Reporter) -> None:
    """Report everything about integrations that does not resolve or does not fit."""
    for integration in estate.integrations.values():
        _check_parties(estate, integration, reporter)
        _check_pattern(integration, reporter)
        _check_repeats(integration, reporter)
        interface = _check_interface(estate, integration, reporter)
        model = estate.model_of(integration) if interface else None
        if model is not None and _check_parts(integration, model, reporter):
            _check_fields(integration, index, reporter)
    _check_duplicates(estate, reporter)


def _check_parties(estate: Estate, integration: Integration, reporter: Reporter) -> None:
    spec = integration.spec
    for code, role, name in (("EAS-3002", "source", spec.source), ("EAS-3003", "target", spec.target)):
        if name not in estate.systems:
            reporter.unknown(integration, code, kind="System", name=name, path=f"/spec/{role}", known=estate.systems)
    if spec.source == spec.target:
        reporter.report(
            integration,
            "EAS-3014",
            f"source and target are both {spec.source}",
            "/spec/target",
            hint="name two systems",
        )
    dead_letter = spec.errors.dead_letter
    if dead_letter and dead_letter.owner and dead_letter.owner not in estate.teams:
        reporter.unknown(
            integration,
            "EAS-3001",
            kind="Team",
            name=dead_letter.owner,
            path="/spec/errors/deadLetter/owner",
            known=estate.teams,
        )
    if spec.transfer and spec.transfer.agreement and spec.transfer.agreement not in estate.agreements:
        reporter.unknown(
            integration,
            "EAS-3006",
            kind="Agreement",
            name=spec.transfer.agreement,
            path="/spec/transfer/agreement",
            known=estate.agreements,
        )


def _check_pattern(integration: Integration, reporter: Reporter) -> None:
    spec = integration.spec
    wrong: list[tuple[str, str, str]] = []
    if spec.pattern is Pattern.REQUEST and spec.channels:
        wrong.append(("a request integration has no channels", "/spec/channels", "set pattern: event"))
    if spec.pattern is Pattern.REQUEST and not spec.operations and not spec.channels:
        wrong.append(("a request integration names its operations", "/spec", "add operations: [...]"))
    if spec.pattern is Pattern.EVENT and spec.operations:
        wrong.append(("an event integration has no operations", "/spec/operations", "set pattern: request"))
    if spec.pattern is Pattern.EVENT and not spec.channels and not spec.operations:
        wrong.append(("an event integration names its channels", "/spec", "add channels: [...]"))
    if spec.pattern in {Pattern.FILE, Pattern.BATCH} and bool(spec.operations) == bool(spec.channels):
        message = f"a {spec.pattern} integration names either operations or channels"
        wrong.append((message, "/spec", "name what it calls, or where it publishes"))
    for message, path, hint in wrong:
        reporter.report(integration, "EAS-3015", message, path, hint=hint)


def _check_repeats(integration: Integration, reporter: Reporter) -> None:
    spec = integration.spec
    fields = spec.fields if isinstance(spec.fields, tuple) else ()
    for part, names in (("operations", spec.operations), ("channels", spec.channels), ("fields", fields)):
        seen: set[str] = set()
        for number, name in enumerate(names):
            if name in seen:
                reporter.report(integration, "EAS-3020", f"{name!r} is listed twice", f"/spec/{part}/{number}")
            seen.add(name)


def _check_interface(estate: Estate, integration: Integration, reporter: Reporter) -> Interface | None:
    spec = integration.spec
    interface = estate.interface_of(integration)
    if interface is None or not spec.interface.version.allows(interface.spec.version):
        _report_version(estate, integration, reporter)
    if interface is None:
        return None
    offering = interface.spec.system
    may_offer = {spec.target} if spec.pattern is Pattern.REQUEST else {spec.source, spec.target}
    if offering not in may_offer:
        reporter.report(
            integration,
            "EAS-3019",
            f"interface {spec.interface.name} belongs to system {offering}, not to {' or '.join(sorted(may_offer))}",
            "/spec/interface/name",
            hint=f"target: {offering}" if spec.pattern is Pattern.REQUEST else "",
        )
    return interface


def _report_version(estate: Estate, integration: Integration, reporter: Reporter) -> None:
    """Nothing has the name, or none of its versions is accepted."""
    wanted = integration.spec.interface
    versions = [estate.interfaces[key].spec.version for key in versions_of(wanted.name, estate.interfaces)]
    if not versions:
        known = {bare_name(key) for key in estate.interfaces}
        reporter.unknown(
            integration, "EAS-3005", kind="Interface", name=wanted.name, path="/spec/interface/name", known=known
        )
        return
    newest = versions[-1]
    reporter.report(
        integration,
        "EAS-3010",
        f"interface {wanted.name} is at {' and '.join(map(str, versions))}, outside {wanted.version}",
        "/spec/interface/version",
        hint=f"write ^{newest.major}.{newest.minor} once the change is understood",
    )


def _check_parts(integration: Integration, model: InterfaceModel, reporter: Reporter) -> bool:
    """Whether every operation and channel exists; only then is a missing field a slip of its own."""
    spec, interface = integration.spec, integration.spec.interface.name
    parts: tuple[tuple[str, str, Iterable[str], Mapping[str, object]], ...] = (
        ("EAS-3011", "operation", spec.operations, model.operations),
        ("EAS-3012", "channel", spec.channels, model.channels),
    )
    complete = True
    for code, part, names, known in parts:
        for number, name in enumerate(names):
            if name not in known:
                complete = False
                reporter.report(
                    integration,
                    code,
                    f"interface {interface} has no {part} {name!r}",
                    f"/spec/{part}s/{number}",
                    hint=did_you_mean(name, known) or f"it has {len(known)} {part}s",
                )
    return complete


def _check_fields(integration: Integration, index: FlowIndex, reporter: Reporter) -> None:
    known = index.known_paths(integration)
    if known is None:
        return
    named = integration.spec.fields
    for number, path in enumerate(named):
        if path not in known:
            reporter.report(
                integration,
                "EAS-3013",
                f"no declared operation or channel has a field {path!r}",
                f"/spec/fields/{path}" if isinstance(named, dict) else f"/spec/fields/{number}",
                hint=did_you_mean(path, known),
            )


def _check_duplicates(estate: Estate, reporter: Reporter) -> None:
    """Two contracts over one operation or channel leave open which of them a call is made under."""
    seen: dict[tuple[str, str, str, Pattern, str], Integration] = {}
    for integration in estate.integrations.values():
        spec = integration.spec
        shared: dict[str, list[str]] = {}
        for part in dict.fromkeys((*spec.operations, *spec.channels)):
            key = (spec.source, spec.target, reference_key(spec.interface), spec.pattern, part)
            other = seen.setdefault(key, integration)
            if other is not integration:
                shared.setdefault(other.metadata.name, []).append(part)
        for name, parts in shared.items():
            reporter.report(
                integration,
                "EAS-3016",
                f"integration {name} ({reporter.where(estate.integrations[name])}) already gives {spec.source} the "
                f"right to {', '.join(parts)} of {spec.interface.name} at {spec.target}",
                "/spec/operations" if spec.operations else "/spec/channels",
                hint=f"merge it into {name}, or leave these out",
            )
