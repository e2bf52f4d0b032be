"""The inspection of requests: what a contract asks for, what follows from the schema, what keeps it from being had."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from easement.contract.kinds import Integration, Pattern
from easement.interfaces.in_place import conjuncts
from easement.interfaces.media_types import is_json
from easement.interfaces.model import InterfaceModel, Operation, Schema
from easement.plan.model import INSPECTED_BODY_LIMIT, Inspection, InspectionExclusion, InspectionRules

_FORM: Final = "application/x-www-form-urlencoded"
_HTML: Final = "text/html"
_SCRIPTING: Final = "attack-xss"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_MAX_DEPTH: Final = 8
_MAX_DERIVED: Final = 50

Reason = tuple[str, str]


def inspection_of(
    integration: Integration, operation: Operation, definitions: Mapping[str, Schema]
) -> Inspection | None:
    """How requests of one contract for one operation are inspected; None where they are not.

    Rules against scripts in markup are left out for what the interface declares to be HTML, for that argument only.
    """
    waf = integration.spec.waf
    if waf.mode == "off":
        return None
    declared = [
        InspectionExclusion(rule=rule, argument=exclusion.argument)
        for exclusion in waf.exclusions
        if exclusion.operation == operation.id
        for rule in exclusion.rules
    ]
    derived = [
        InspectionExclusion(tag=_SCRIPTING, argument=argument) for argument in html_arguments(operation, definitions)
    ]
    exclusions = dict.fromkeys([*declared, *derived])
    return Inspection(
        mode=waf.mode,
        paranoia=waf.paranoia,
        exclusions=tuple(sorted(exclusions, key=lambda one: (one.rule, one.tag, one.argument))),
    )


def html_arguments(operation: Operation, definitions: Mapping[str, Schema]) -> tuple[str, ...]:
    """What is declared as HTML (``format: html`` or ``contentMediaType: text/html``), by the names that rules use.

    Query parameters and fields of JSON bodies, not inside arrays, whose members rules cannot name as one.
    """
    found = [
        parameter.name
        for parameter in operation.parameters
        if parameter.location == "query" and _NAME.fullmatch(parameter.name) and _is_html(parameter.schema, definitions)
    ]
    for media, schema in operation.request.media.items() if operation.request else ():
        if is_json(media):
            found.extend(_html_fields(schema, definitions, "json", 0))
    return tuple(dict.fromkeys(found))[:_MAX_DERIVED]


def _html_fields(schema: Schema, definitions: Mapping[str, Schema], path: str, depth: int) -> Iterator[str]:
    if depth >= _MAX_DEPTH:
        return
    for part in conjuncts(schema, definitions):
        properties = part.get("properties")
        for name, value in properties.items() if isinstance(properties, Mapping) else ():
            if _NAME.fullmatch(name) is None:
                continue
            if _is_html(value, definitions):
                yield f"{path}.{name}"
            else:
                yield from _html_fields(value, definitions, f"{path}.{name}", depth + 1)


def _is_html(schema: Schema, definitions: Mapping[str, Schema]) -> bool:
    return any(
        part.get("format") == "html" or str(part.get("contentMediaType", "")).partition(";")[0].strip() == _HTML
        for part in conjuncts(schema, definitions)
    )


def inspection_obstacles(
    integration: Integration, model: InterfaceModel, rules: InspectionRules | None
) -> Iterable[Reason]:
    """What keeps a contract from being inspected as it asks; then nothing of it flows (docs/adr/0003)."""
    spec = integration.spec
    if spec.waf.mode == "off":
        return
    if spec.pattern is not Pattern.REQUEST:
        yield "InspectionNotEnforced", "only requests are inspected; set waf.mode to off"
        return
    if rules is None or rules.problem:
        why = rules.problem if rules else "no rules were looked for"
        yield "InspectionNotAvailable", f"waf.mode is {spec.waf.mode}, and requests cannot be inspected: {why}"
    unknown = sorted({exclusion.operation for exclusion in spec.waf.exclusions} - set(spec.operations))
    if unknown:
        yield "InspectionExclusionUnknown", f"waf.exclusions name {', '.join(unknown)}, not operations of this contract"
    with_body = [model.operations[name] for name in spec.operations if model.operations[name].request is not None]
    if with_body and spec.sla.max_body_bytes > INSPECTED_BODY_LIMIT:
        allowed = spec.sla.max_body_bytes
        message = f"bodies of {allowed} bytes are not inspected; lower sla.maxBodyBytes to {INSPECTED_BODY_LIMIT}"
        yield "InspectionBodyTooLarge", message
    unread = [operation.id for operation in with_body if not _is_readable(operation)]
    if unread:
        yield "InspectionNotReadable", f"only JSON and form bodies are inspected; {', '.join(unread)} takes others"


def _is_readable(operation: Operation) -> bool:
    """Where JSON is declared, the gateway refuses every other type of body already."""
    media = operation.request.media if operation.request else {}
    return any(is_json(one) for one in media) or all(one == _FORM for one in media)


def in_words(inspection: Inspection, rules: InspectionRules) -> str:
    """One sentence for the conditions of a contract."""
    left_out = ", ".join(_exclusion(one) for one in inspection.exclusions)
    without = f", without {left_out}" if left_out else ""
    return f"{inspection.mode} by {rules.version} at paranoia {inspection.paranoia}{without}"


def _exclusion(one: InspectionExclusion) -> str:
    what = f"rule {one.rule}" if one.rule else f"rules of {one.tag}"
    return f"{what} for {one.argument}" if one.argument else what
