"""Documents as CEL sees them: camelCase maps with every default filled in.

Durations are numbers of seconds, rates are numbers per second; versions, enumerations and dates (``2026-11-23``) are
text. What is not set is absent, so ``has(integration.errors.deadLetter)`` says whether it is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any

from pydantic.alias_generators import to_camel

from easement.contract.kinds import Document
from easement.contract.values import Duration, Rate, Version, VersionRange
from easement.interfaces.model import InterfaceModel
from easement.standards.facts import Facts, IntegrationFacts, InterfaceFacts, SystemFacts


def document_values(document: Document) -> dict[str, Any]:
    """The spec of a document together with its name, title, owner, description and labels."""
    return {**_values(document.metadata), **_values(document.spec)}


def facts_values(facts: Facts) -> dict[str, Any]:
    """The variables of a rule over ``facts``."""
    if isinstance(facts, IntegrationFacts):
        return {
            "integration": document_values(facts.integration),
            "source": document_values(facts.source),
            "target": document_values(facts.target),
            "interface": document_values(facts.interface),
            "model": model_values(facts.model),
            "graph": {
                "upstreams": list(facts.links.upstreams(facts.source.metadata.name)),
                "downstreams": list(facts.links.downstreams(facts.target.metadata.name)),
                "siblings": [other.metadata.name for other in facts.links.siblings(facts.integration)],
                "fanIn": len(facts.links.inbound(facts.target.metadata.name)),
                "fanOut": len(facts.links.outbound(facts.source.metadata.name)),
                "callDepth": facts.links.call_depth(facts.source.metadata.name),
            },
            "fields": [
                {
                    "path": carried.path,
                    "direction": flow.direction.value,
                    "receiver": flow.receiver,
                    "classification": carried.classification.value if carried.classification else "",
                    "tags": sorted(tag.value for tag in carried.tags),
                    "handling": carried.handling.value,
                    "personal": carried.is_personal,
                }
                for flow in facts.flows
                for carried in flow.fields
            ],
        }
    if isinstance(facts, InterfaceFacts):
        consumers = [integration.metadata.name for integration in facts.consumers]
        return {
            "interface": document_values(facts.interface),
            "model": model_values(facts.model),
            "graph": {"consumers": consumers, "fanIn": len(consumers)},
        }
    if isinstance(facts, SystemFacts):
        name = facts.system.metadata.name
        return {
            "system": document_values(facts.system),
            "graph": {
                "upstreams": list(facts.links.upstreams(name)),
                "downstreams": list(facts.links.downstreams(name)),
                "fanIn": len(facts.inbound),
                "fanOut": len(facts.links.outbound(name)),
                "callDepth": facts.links.call_depth(name),
                "callCircle": list(facts.links.call_circle(name)),
            },
        }
    return {}


def model_values(model: InterfaceModel) -> dict[str, Any]:
    """What the description of an interface says, as far as rules ask for it; bodies are in ``fields``."""
    return {
        "format": model.format,
        "title": model.title,
        "version": model.version,
        "operations": [
            {
                "id": operation.id,
                "method": operation.method,
                "path": operation.path,
                "title": operation.title,
                "secured": operation.secured,
                "deprecated": operation.deprecated,
                "tags": list(operation.tags),
                "hasBody": operation.request is not None,
                "parameters": [
                    {"name": one.name, "in": one.location, "required": one.required, "deprecated": one.deprecated}
                    for one in operation.parameters
                ],
                "answers": [
                    {"status": answer.status, "media": sorted(answer.content.media) if answer.content else []}
                    for answer in operation.responses
                ],
            }
            for operation in model.operations.values()
        ],
        "channels": [
            {"name": one.name, "address": one.address, "title": one.title, "contentType": one.content_type}
            for one in model.channels.values()
        ],
    }


def plain_values(value: Any) -> Any:
    """Any value of the contract language as CEL has it."""
    return _values(value)


@cache
def _keys(kind: type[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, to_camel(one.name)) for one in fields(kind))


def _values(value: Any) -> Any:  # noqa: PLR0911 - one case for each type of the contract language
    """A value of the contract language as CEL has it."""
    match value:
        case Enum():
            return value.value
        case bool() | int() | float() | str() | None:
            return value
        case Duration():
            return value.seconds
        case Rate():
            return value.per_second
        case Version() | VersionRange():
            return str(value)
        case date():
            return value.isoformat()
        case re.Pattern():
            return value.pattern
        case Mapping():
            return {str(key): _values(item) for key, item in value.items()}
        case tuple() | list():
            return [_values(item) for item in value]
        case _ if is_dataclass(value):
            pairs = ((alias, _values(getattr(value, name))) for name, alias in _keys(value.__class__))
            return {alias: item for alias, item in pairs if item is not None}
    raise TypeError(f"a {type(value).__name__} has no form in CEL")
