"""Whether the security of a contract is adequate to the data that it carries and to the places it reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from easement.contract.identity import reference_key
from easement.contract.kinds import Classification, Integration, System, Tag
from easement.estate.agreements import same_organisation
from easement.estate.answers import Fact, FactsAbout
from easement.estate.flows import CarriedField, FlowIndex, is_event
from easement.estate.model import Estate
from easement.interfaces.model import InterfaceModel

EXPOSED: Final = frozenset({"internet", "dmz", "partner"})
_BOUND_TO_A_CERTIFICATE: Final = frozenset({"mtls", "oauth2+mtls"})
_REGULATED: Final = frozenset({Tag.SPECIAL_CATEGORY, Tag.PHI, Tag.PAN, Tag.SAD})


def security_facts(
    estate: Estate, integration: Integration, model: InterfaceModel | None, index: FlowIndex
) -> tuple[Fact, ...]:
    """The facts of the third question. ``model`` is None where the interface is unknown."""
    say = FactsAbout(f"integration/{integration.metadata.name}")
    source, target = estate.systems.get(integration.spec.source), estate.systems.get(integration.spec.target)
    if source is None or target is None or model is None:
        return (say.no("a reference does not resolve, so nobody can say what it carries", "/spec"),)
    fields = tuple(carried for flow in index.flows(integration) for carried in flow.fields)
    return (
        *_data(fields, say),
        *_authentication(integration, fields, source, target, say),
        *_encryption(integration, fields, say),
        *_rights(integration, model, say),
        *_places(source, target),
    )


def highest(fields: tuple[CarriedField, ...]) -> Classification | None:
    """The highest classification among the leaves; None when there is none."""
    levels = [carried.classification for carried in fields if carried.leaf and carried.classification]
    return max(levels, key=lambda level: level.rank, default=None)


def _data(fields: tuple[CarriedField, ...], say: FactsAbout) -> Iterator[Fact]:
    unknown = sorted({carried.path for carried in fields if carried.leaf and carried.classification is None})
    if unknown:
        yield say.no(f"nobody classified {', '.join(unknown[:5])}: how much harm it can do is unknown", "/spec/fields")
    level = highest(fields)
    if level is not None:
        tags = sorted({str(tag) for carried in fields for tag in carried.tags})
        yield say.yes(f"it carries {level} data" + (f" ({', '.join(tags)})" if tags else ""), "/spec/fields")


def _authentication(
    integration: Integration, fields: tuple[CarriedField, ...], source: System, target: System, say: FactsAbout
) -> Iterator[Fact]:
    how, path, level = integration.spec.security.authentication, "/spec/security/authentication", highest(fields)
    rank = level.rank if level else Classification.INTERNAL.rank
    outside = sorted(EXPOSED.intersection((*source.spec.zones, *target.spec.zones)))
    is_sensitive = rank >= Classification.RESTRICTED.rank or _has(fields, _REGULATED)
    if how == "api-key" and rank >= Classification.CONFIDENTIAL.rank:
        yield say.no(f"an API key alone proves too little for {level} data", path)
    elif is_sensitive and how not in _BOUND_TO_A_CERTIFICATE:
        yield say.attention(
            f"{how} is not bound to a certificate: a stolen token would open {_what(fields)} data", path
        )
    elif outside and rank >= Classification.CONFIDENTIAL.rank and how not in _BOUND_TO_A_CERTIFICATE:
        yield say.attention(f"{level} data crosses zone {', '.join(outside)} with a token that anybody could use", path)
    elif not same_organisation(source, target) and how == "api-key":
        yield say.attention("another organisation proves itself by an API key only", path)
    else:
        yield say.yes(f"{how} is adequate to it", path)


def _encryption(integration: Integration, fields: tuple[CarriedField, ...], say: FactsAbout) -> Iterator[Fact]:
    path, level = "/spec/security/encryption", highest(fields)
    if integration.spec.security.encryption == "payload":
        yield say.yes("the payload is sealed to its target", path)
    elif not is_event(integration):
        yield say.yes("calls are encrypted on their way and kept nowhere", path)
    elif (level and level.rank >= Classification.RESTRICTED.rank) or _has(fields, _REGULATED):
        yield say.no(
            f"messages with {_what(fields)} data wait in the broker without being sealed to their target", path
        )
    elif level and level.rank >= Classification.CONFIDENTIAL.rank:
        yield say.attention("messages with confidential data wait in the broker, encrypted at rest only", path)
    else:
        yield say.yes("messages are encrypted on their way and at rest", path)


def _rights(integration: Integration, model: InterfaceModel, say: FactsAbout) -> Iterator[Fact]:
    security = integration.spec.security
    if security.authentication.startswith("oauth2") and not security.scopes:
        yield say.attention("no scope narrows what its token is good for", "/spec/security/scopes")
    elif security.scopes:
        yield say.yes(f"its token is good for {', '.join(security.scopes)} only", "/spec/security/scopes")
    bare = [
        name for name in integration.spec.operations if name in model.operations and not model.operations[name].secured
    ]
    if bare:
        at = FactsAbout(f"interface/{reference_key(integration.spec.interface)}")
        yield at.attention(f"the description asks for no authentication on {', '.join(bare[:5])}", "/spec/definition")


def _places(source: System, target: System) -> Iterator[Fact]:
    for system in (source, target):
        say = FactsAbout(f"system/{system.metadata.name}")
        for environment, endpoint in sorted(system.spec.endpoints.items()):
            if endpoint.url.startswith("http://") and environment != "development":
                yield say.no(f"{system.metadata.name} answers without TLS in {environment}",
                             f"/spec/endpoints/{environment}/url")  # fmt: skip
    if not same_organisation(source, target):
        party = target if target.spec.party else source
        yield FactsAbout(f"system/{party.metadata.name}").attention(
            f"data goes between {source.metadata.name} and {target.metadata.name}, two organisations", "/spec/party"
        )


def _has(fields: tuple[CarriedField, ...], tags: frozenset[Tag]) -> bool:
    return any(not tags.isdisjoint(carried.tags) for carried in fields)


def _what(fields: tuple[CarriedField, ...]) -> str:
    tags = sorted({str(tag) for carried in fields for tag in carried.tags & _REGULATED})
    return ", ".join(tags) or str(highest(fields) or "unclassified")
