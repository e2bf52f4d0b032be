"""Estate to plan: the pure compiler.

* Only integrations that are registered and live (or deprecated, which still flows) are compiled.
* A contract that cannot be enforced whole is not programmed at all, and its conditions say why.
* The result does not depend on the order of documents; equal estates give equal plans.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final
from urllib.parse import urlsplit

from easement.contract.identity import reference_key
from easement.contract.kinds import Integration, Pattern
from easement.estate.model import Estate, LifecycleState
from easement.plan.enforceable import obstacles
from easement.plan.events import EventCompiler
from easement.plan.inspection import in_words
from easement.plan.model import (
    API_KEY,
    Account,
    ChannelPlan,
    Condition,
    ConditionType,
    Delivery,
    InspectionRules,
    Notice,
    ObjectStatus,
    Plan,
    Route,
    Upstream,
)
from easement.plan.parties import endpoint_of, upstream_of
from easement.plan.requests import Notes, RequestCompiler

_MAX_SAID: Final = 30
FLOWING: Final = frozenset({LifecycleState.LIVE, LifecycleState.DEPRECATED})
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_NO_CREDENTIAL: Final = frozenset({
    "accept", "connection", "content-encoding", "content-length", "content-type", "cookie", "expect", "host", "te",
    "trailer", "transfer-encoding", "upgrade", "x-request-id", "x-transaction-id",
})  # fmt: skip
"""Headers by which a request is framed, read or traced."""


def compile_plan(
    estate: Estate,
    *,
    environment: str,
    today: date | None = None,
    notices: Iterable[Notice] = (),
    inspection: InspectionRules | None = None,
) -> Plan:
    """Compile everything that may flow.

    ``environment`` chooses endpoints; plain-text ones are programmed in ``development`` only. With ``today`` an
    agreement that is not in force stops its integration. ``notices`` are of interface versions that are deprecated or
    gone; of those that are gone nothing is forwarded or taken, and their clients can still learn so. ``inspection`` is
    of the rules that are there; without, no contract that asks for inspection is programmed. Never raises because a
    contract is bad: see ``statuses``.
    """
    conditions: dict[str, list[Condition]] = {}
    requests: dict[str, list[Integration]] = {}
    events: dict[str, list[Integration]] = {}
    for name, integration in sorted(estate.integrations.items()):
        conditions[name] = [_accepted(estate, integration)]
        if not conditions[name][0].status:
            continue
        conditions[name].append(_resolved(estate, integration, environment))
        if not conditions[name][1].status:
            continue
        found = obstacles(estate, integration, today=today, inspection=inspection)
        if found:
            conditions[name].append(
                _condition(ConditionType.PROGRAMMED, found[0][0], "; ".join(text for _, text in found), status=False)
            )
            continue
        group = requests if integration.spec.pattern is Pattern.REQUEST else events
        group.setdefault(reference_key(integration.spec.interface), []).append(integration)

    told = {notice.interface: notice for notice in notices}
    gone = frozenset(key for key, notice in told.items() if notice.gone)
    routes, upstreams = _requests(estate, requests, environment, conditions, inspection)
    channels, deliveries = _events(estate, events, conditions)
    _say_what_ended(estate, told, conditions)
    forwarded = [route for route in routes if route.interface_key not in gone]
    return Plan(
        environment=environment,
        accounts=_accounts(estate, routes, channels, deliveries),
        upstreams=_used(upstreams, forwarded),
        routes=tuple(sorted(forwarded, key=lambda route: route.id)),
        channels=tuple(sorted((_closed(channel, gone) for channel in channels), key=lambda channel: channel.id)),
        deliveries=tuple(sorted(deliveries, key=lambda delivery: delivery.id)),
        statuses=tuple(
            ObjectStatus(integration=name, conditions=tuple(found)) for name, found in sorted(conditions.items())
        ),
        notices=tuple(told[key] for key in sorted(told)),
        inspection=inspection if any(route.is_inspected for route in forwarded) else None,
    )


def _used(upstreams: Iterable[Upstream], routes: Iterable[Route]) -> tuple[Upstream, ...]:
    wanted = {route.upstream for route in routes}
    return tuple(sorted((one for one in upstreams if one.name in wanted), key=lambda upstream: upstream.name))


def _closed(channel: ChannelPlan, gone: Collection[str]) -> ChannelPlan:
    """A channel of a version that is gone takes nothing new; what it took before is still delivered."""
    return replace(channel, publishers=()) if channel.interface_key in gone else channel


def _say_what_ended(estate: Estate, told: Mapping[str, Notice], conditions: Mapping[str, list[Condition]]) -> None:
    for name, found in conditions.items():
        key = reference_key(estate.integrations[name].spec.interface)
        notice = told.get(key)
        if notice is None or not notice.gone or not found[-1].status:
            continue
        successor = f"; use {notice.successor}" if notice.successor else ""
        message = f"interface {key} has ended{successor}"
        found[-1] = _condition(ConditionType.PROGRAMMED, "InterfaceGone", message, status=False)


def _condition(kind: ConditionType, reason: str, message: str = "", *, status: bool = True) -> Condition:
    return Condition(type=kind, status=status, reason=reason, message=message)


def _accepted(estate: Estate, integration: Integration) -> Condition:
    registration = estate.registrations.get(integration.metadata.name)
    if registration is None:
        return _condition(ConditionType.ACCEPTED, "NotRegistered", "apply it to register it", status=False)
    if registration.state not in FLOWING:
        return _condition(ConditionType.ACCEPTED, "NotLive", f"it is in state {registration.state}", status=False)
    return _condition(ConditionType.ACCEPTED, "Approved", f"revision {registration.revision[:12]}")


def _resolved(estate: Estate, integration: Integration, environment: str) -> Condition:
    missing = "; ".join(_unresolved(estate, integration, environment))
    if missing:
        return _condition(ConditionType.RESOLVED_REFS, "ReferenceMissing", missing, status=False)
    return _condition(ConditionType.RESOLVED_REFS, "Resolved")


def _unresolved(estate: Estate, integration: Integration, environment: str) -> Iterable[str]:
    spec = integration.spec
    for role, name in (("source", spec.source), ("target", spec.target)):
        if name not in estate.systems:
            yield f"{role} system {name} is not registered"
    interface = estate.interface_of(integration)
    model = estate.model_of(integration)
    if interface is None or model is None:
        yield f"interface {reference_key(spec.interface)} is not registered or cannot be read"
        return
    if not spec.interface.version.allows(interface.spec.version):
        yield f"interface {spec.interface.name} {interface.spec.version} is not in {spec.interface.version}"
    for name in spec.operations:
        if name not in model.operations:
            yield f"operation {name} is not in interface {spec.interface.name}"
    for name in spec.channels:
        if name not in model.channels:
            yield f"channel {name} is not in interface {spec.interface.name}"
    if spec.pattern is Pattern.REQUEST:
        yield from _unresolved_endpoint(estate, interface.spec.system, environment)


def _unresolved_endpoint(estate: Estate, system_name: str, environment: str) -> Iterable[str]:
    system = estate.systems.get(system_name)
    endpoint = endpoint_of(system, environment) if system else None
    if endpoint is None:
        yield f"system {system_name} has no endpoint for {environment}"
    elif environment != "development" and endpoint.url.startswith("http://"):
        yield f"the endpoint of system {system_name} is plain http, which only development allows"
    elif endpoint.tls.client_certificate and endpoint.url.startswith("http://"):
        yield f"the endpoint of system {system_name} is plain http: no certificate can be shown to it"
    elif endpoint.credential is not None:
        if endpoint.url.startswith("http://") and urlsplit(endpoint.url).hostname not in _LOOPBACK:
            yield f"the endpoint of system {system_name} is plain http: its credential would travel in the clear"
        if endpoint.credential.header.lower() in _NO_CREDENTIAL:
            yield f"the credential of system {system_name} cannot stand in the header {endpoint.credential.header}"


def _requests(
    estate: Estate,
    groups: dict[str, list[Integration]],
    environment: str,
    conditions: dict[str, list[Condition]],
    inspection: InspectionRules | None,
) -> tuple[list[Route], list[Upstream]]:
    routes: list[Route] = []
    upstreams: dict[str, Upstream] = {}
    for key, integrations in groups.items():
        interface = estate.interfaces[key]
        system = estate.systems[interface.spec.system]
        endpoint = endpoint_of(system, environment)
        if endpoint is None:  # _unresolved has already said so; kept for the type checker and for safety
            continue
        upstreams[system.metadata.name] = upstream_of(system, endpoint)
        compiler = RequestCompiler(estate, interface, estate.models[key], system.metadata.name)
        compiled = compiler.routes(integrations)
        routes.extend(compiled)
        inspected = _inspected(compiled, inspection)
        for integration in integrations:
            notes = {name: compiler.notes[name] for name in integration.spec.operations}
            conditions[integration.metadata.name].append(
                _programmed(notes, inspected.get(integration.metadata.name, ()))
            )
    return routes, list(upstreams.values())


def _inspected(routes: Iterable[Route], rules: InspectionRules | None) -> dict[str, list[str]]:
    """By integration: how its operations are inspected."""
    said: dict[str, list[str]] = {}
    for route in routes:
        for grant in route.grants:
            if grant.inspection is not None and rules is not None:
                sentence = f"{route.operation}: {in_words(grant.inspection, rules)}"
                said.setdefault(grant.party.integration, []).append(sentence)
    return said


def _programmed(notes: Mapping[str, Notes], inspected: Iterable[str] = ()) -> Condition:
    unchecked = [f"{name}: {text}" for name, one in notes.items() for text in one.unchecked]
    refused = [f"{name}: {text}" for name, one in notes.items() for text in one.refused]
    decided = [f"{name}: {text}" for name, one in notes.items() for text in one.decided]
    dropped = [f"{name}: {text}" for name, one in notes.items() for text in one.dropped]
    said = []
    if inspected:
        said.append("inspected: " + "; ".join(inspected))
    if decided:
        more = f"; and {len(decided) - _MAX_SAID} more" if len(decided) > _MAX_SAID else ""
        said.append("checked by the decider: " + "; ".join(decided[:_MAX_SAID]) + more)
    if dropped:
        said.append("never passed on: " + "; ".join(dropped))
    if unchecked:
        said.append("not checked by the gateway: " + "; ".join(unchecked))
    if refused:
        said.append("refused by the gateway, which reads JSON only: " + "; ".join(refused))
    return _condition(ConditionType.PROGRAMMED, "EnforcedInPart" if unchecked else "Enforced", ". ".join(said))


def _events(
    estate: Estate, groups: dict[str, list[Integration]], conditions: dict[str, list[Condition]]
) -> tuple[list[ChannelPlan], list[Delivery]]:
    channels: list[ChannelPlan] = []
    deliveries: list[Delivery] = []
    for key, integrations in groups.items():
        compiler = EventCompiler(estate, estate.interfaces[key], estate.models[key])
        channels.extend(compiler.channels(integrations))
        deliveries.extend(compiler.deliveries(integrations))
        for integration in integrations:
            conditions[integration.metadata.name].append(_programmed({}))
    return channels, deliveries


def _accounts(
    estate: Estate, routes: list[Route], channels: list[ChannelPlan], deliveries: list[Delivery]
) -> tuple[Account, ...]:
    scopes: dict[str, set[str]] = {}
    audiences: dict[str, set[str]] = {}
    methods: dict[str, set[str]] = {}

    def grant(client: str, granted: Iterable[str], audience: str, method: str) -> None:
        scopes.setdefault(client, set()).update(granted)
        audiences.setdefault(client, set()).add(audience)
        methods.setdefault(client, set()).add(method)

    for route in routes:
        for request in route.grants:
            if request.outside is not None or request.authentication == API_KEY:  # no token of ours is for it
                continue
            grant(request.client_id, request.scopes, request.audience, request.authentication)
    for channel in channels:
        for publisher in channel.publishers:
            grant(publisher.client_id, publisher.scopes, publisher.audience, publisher.authentication)
    for delivery in deliveries:
        if delivery.webhook is None:
            method = estate.integrations[delivery.party.integration].spec.security.authentication
            grant(delivery.client_id, delivery.scopes, delivery.audience, method)
    return tuple(
        Account(
            client_id=client,
            system=client,
            scopes=tuple(sorted(scopes[client])),
            audiences=tuple(sorted(audiences[client])),
            attributes=dict(sorted(estate.systems[client].spec.attributes.items())),
            authentication=tuple(sorted(methods[client])),
        )
        for client in sorted(scopes)
    )
