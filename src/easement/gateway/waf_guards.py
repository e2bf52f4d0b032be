"""Rules of our own: what stands before the rule set, so that nothing passes because it was not read."""

from __future__ import annotations

import re
from typing import Final

from easement.plan.model import INSPECTED_BODY_LIMIT, Inspection, InspectionExclusion

MALFORMED_BODY: Final = 10_101
TOO_MANY_VALUES: Final = 10_102
UNREADABLE_BODY: Final = 10_103
OWN_RULES: Final = {
    MALFORMED_BODY: "malformed-body",
    TOO_MANY_VALUES: "too-many-values",
    UNREADABLE_BODY: "unreadable-body",
}
"""Rules of our own by id (1 to 99,999 are left to installations), and what each says."""
_MAX_VALUES: Final = 1000
_MAX_DEPTH: Final = 64
_MATCH_LIMIT: Final = 100_000
_ARGUMENT: Final = re.compile(r"[A-Za-z0-9_.\-]{1,200}")
_TAG: Final = re.compile(r"[a-z0-9-]{1,60}")

GUARDS: Final = rf"""
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess Off
SecRequestBodyLimit {INSPECTED_BODY_LIMIT}
SecRequestBodyNoFilesLimit {INSPECTED_BODY_LIMIT}
SecRequestBodyLimitAction Reject
SecRequestBodyJsonDepthLimit {_MAX_DEPTH}
SecArgumentsLimit {_MAX_VALUES}
SecPcreMatchLimit {_MATCH_LIMIT}
SecPcreMatchLimitRecursion {_MATCH_LIMIT}
SecAuditEngine Off
SecDefaultAction "phase:1,log,auditlog,pass"
SecDefaultAction "phase:2,log,auditlog,pass"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9!#$&^_.+-]+[+])?json\s*(?:;|$)" \
 "id:10100,phase:1,t:none,t:lowercase,nolog,pass,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" \
 "id:{MALFORMED_BODY},phase:2,t:none,deny,status:400,log,auditlog,msg:'The body cannot be read'"
SecRule &ARGS "@ge {_MAX_VALUES}" \
 "id:{TOO_MANY_VALUES},phase:2,t:none,deny,status:400,log,auditlog,msg:'More values than are inspected'"
SecRule REQUEST_BODY_LENGTH "@gt 0" \
 "id:{UNREADABLE_BODY},phase:2,t:none,deny,status:415,log,auditlog,msg:'A body of this type is not inspected',chain"
SecRule REQBODY_PROCESSOR "!@rx ^(?:JSON|URLENCODED)$" "t:none"
"""
"""A body that does not parse, more values than are looked at, and types that the engine does not take apart stop."""

_METHODS: Final = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE"
_RULED_BY_THE_CONTRACT: Final = (901321, 911100, 920420, 920430)
"""Counters between requests (901321), and what contracts say more strictly: methods, content types, HTTP versions."""


def before_rules(inspection: Inspection, version: str) -> str:
    """The rules of one contract, which run before all others: settings of the rule set, then exclusions.

    Raises ``ValueError`` for an exclusion that cannot be written without changing another rule.
    """
    level = inspection.paranoia
    settings = {
        "crs_setup_version": re.sub(r"\D", "", version)[:6] or "1",
        "paranoia_level": level,
        "executing_paranoia_level": level,
        "blocking_paranoia_level": level,
        "detection_paranoia_level": level,
        "allowed_methods": _METHODS,
    }
    setvars = ",".join(f"setvar:'tx.{name}={value}'" for name, value in settings.items())
    controls = [f"ruleRemoveById={rule}" for rule in _RULED_BY_THE_CONTRACT]
    controls += [_control(exclusion) for exclusion in inspection.exclusions]
    lines = [f'SecAction "id:10001,phase:1,t:none,nolog,pass,{setvars}"']
    lines += [
        f'SecAction "id:{10_200 + at},phase:1,t:none,nolog,pass,ctl:{control}"' for at, control in enumerate(controls)
    ]
    return "\n".join(lines) + "\n"


def _control(exclusion: InspectionExclusion) -> str:
    argument, tag, rule = exclusion.argument, exclusion.tag, exclusion.rule
    if argument and _ARGUMENT.fullmatch(argument) is None:
        raise ValueError(f"{argument!r} cannot stand in a rule")
    if tag:
        if _TAG.fullmatch(tag) is None or not argument:
            raise ValueError(f"a whole tag is left out for one argument only, not {tag!r}")
        return f"ruleRemoveTargetByTag={tag};ARGS:{argument}"
    return f"ruleRemoveTargetById={rule};ARGS:{argument}" if argument else f"ruleRemoveById={rule}"
