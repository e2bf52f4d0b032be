"""Problem codes EAS-5xxx: what the gateway refuses or cannot do."""

from __future__ import annotations

from typing import Final

from easement.contract.code_entry import CodeEntry

CODES: Final[tuple[CodeEntry, ...]] = (
    CodeEntry(
        code="EAS-5400",
        title="The request does not fit its contract",
        explanation="A parameter or the body has something the interface does not declare, lacks something it "
        "requires, or has a value of a wrong type or outside the declared range. The answer names the place; the value "
        "is not kept.",
        fix="Change the request to fit the interface description, or propose a new version of the interface.",
    ),
    CodeEntry(
        code="EAS-5401",
        title="No access token",
        explanation="The request has no Authorization header with a bearer token. Nothing is said about what exists.",
        fix="Get a token with the client credentials of the service account and send it as Authorization: Bearer "
        "TOKEN.",
    ),
    CodeEntry(
        code="EAS-5402",
        title="The access token is not valid",
        explanation="The token is expired, signed by an unknown key, issued by somebody else, or not a token at all.",
        fix="Get a new token from the token endpoint; check the clock of the caller.",
    ),
    CodeEntry(
        code="EAS-5403",
        title="Not granted",
        explanation="The token is genuine, but no integration in force grants this operation to this account, or the "
        "token lacks the scope, the audience or the attributes that the contract asks for.",
        fix="Ask for the right scope and resource when getting the token; else register an integration for the "
        "operation.",
    ),
    CodeEntry(
        code="EAS-5404",
        title="No such operation",
        explanation="No interface with an integration in force has this path.",
        fix="Check the path: /INTERFACE/vMAJOR/PATH. See `easement plan` for what is programmed.",
    ),
    CodeEntry(
        code="EAS-5405",
        title="No such method",
        explanation="The interface has this path, but declares no operation with this method on it.",
        fix="Use a declared method.",
    ),
    CodeEntry(
        code="EAS-5406",
        title="Undeclared query",
        explanation="The operation declares no query parameters, and the request has a query.",
        fix="Leave the query away, or declare the parameter in the interface.",
    ),
    CodeEntry(
        code="EAS-5407",
        title="The request is malformed",
        explanation="Escaped slashes, header names with underscores, conflicting lengths and the like are refused: two "
        "servers may read them in two ways.",
        fix="Send well-formed HTTP; encode a slash inside a path parameter differently.",
    ),
    CodeEntry(
        code="EAS-5408",
        title="The request came too slowly",
        explanation="Headers or body did not arrive within the time the gateway waits.",
        fix="Send the request at once; look for a network fault.",
    ),
    CodeEntry(
        code="EAS-5410",
        title="This version has ended",
        explanation="The major version of the interface that the path names was announced as deprecated, and its "
        "sunset has come. Nothing of it is forwarded any more. The answer names the successor, in the member "
        "`successor` and in the Link header (rel=successor-version), and the record names who still called it.",
        fix="Call the successor: register an integration on it, or change the version range of the one there is.",
    ),
    CodeEntry(
        code="EAS-5413",
        title="The body is too large",
        explanation="The body is larger than maxBodyBytes of the contract (or is there where none is declared).",
        fix="Send less, or have maxBodyBytes of the integration raised and reviewed.",
    ),
    CodeEntry(
        code="EAS-5415",
        title="The content type is not accepted",
        explanation="The content type is not declared for this operation, or the body is encoded so that it cannot be "
        "read.",
        fix="Send one of the declared content types, without Content-Encoding.",
    ),
    CodeEntry(
        code="EAS-5414",
        title="The object is not the caller's",
        explanation="The contract's condition on the object (access: resource...) does not hold for what the target "
        "answered. The caller gets what it would get for an object that is not there: 404 with EAS-5599.",
        fix="If the caller should see it, compare the attributes of its system with the object's; the record names the "
        "contract. A field that the answer lacks never fits.",
    ),
    CodeEntry(
        code="EAS-5420",
        title="The request looks like an attack",
        explanation="The contract has its requests inspected (waf.mode: block), and rules of the Core Rule Set found "
        "an attack, or a body that cannot be inspected. The record names the rules and the kind of attack; what was "
        "sent is not kept.",
        fix="If the request is legitimate, look up the rules in the record and propose an exclusion for the operation "
        "(spec.waf.exclusions, with a reason), for one argument where possible.",
    ),
    CodeEntry(
        code="EAS-5429",
        title="Over the limit of the contract",
        explanation="The rate that the contract allows, over all its operations or for this one, is used up.",
        fix="Wait as long as Retry-After says; if the need is lasting, change sla.throughput.limit and have it "
        "reviewed.",
    ),
    CodeEntry(
        code="EAS-5430",
        title="The quota of the day is used up",
        explanation="The contract allows so many calls a day (UTC), over all its operations and all gateways, and so "
        "many have been let through today.",
        fix="Wait as long as Retry-After says; 'easement quotas' shows what is used. If the need is lasting, change "
        "sla.throughput.dailyQuota and have it reviewed.",
    ),
    CodeEntry(
        code="EAS-5431",
        title="The headers are too large",
        explanation="The request has more or larger headers than the gateway reads.",
        fix="Send fewer and shorter headers.",
    ),
    CodeEntry(
        code="EAS-5500",
        title="The gateway could not check the request",
        explanation="The contract runtime failed. Nothing passes unchecked.",
        fix="Report it with the transaction id; the reason is in the gateway's log.",
    ),
    CodeEntry(
        code="EAS-5502",
        title="The target broke its contract",
        explanation="The answer is not JSON, is damaged, encoded or too large, so its fields cannot be held to the "
        "contract.",
        fix="Mend the target, or the interface description where it is that which is wrong.",
    ),
    CodeEntry(
        code="EAS-5503",
        title="The target is not available",
        explanation="The target refuses connections, fails its TLS check, or has reached its declared capacity.",
        fix="Look at the target; the record of the transaction names the cause.",
    ),
    CodeEntry(
        code="EAS-5504",
        title="The target did not answer in time",
        explanation="sla.timeout of the contract is over.",
        fix="Look at the target's latency, or change sla.timeout and have it reviewed.",
    ),
    CodeEntry(
        code="EAS-5505",
        title="The decider did not answer",
        explanation="The operation needs the full schema check or the inspection of the decider, which is away, has no "
        "such schema or no rules yet, has too many requests to inspect, or takes too long. Nothing passes unchecked.",
        fix="Look at the decider's heartbeat and log; it is needed for operations of the cost classes decision and "
        "inspection. For inspection install libmodsecurity3 and modsecurity-crs, or set EASEMENT_WAF_RULES.",
    ),
    CodeEntry(
        code="EAS-5506",
        title="The target was not shown what it asks for",
        explanation="The gateway shows the target a credential (endpoints.*.credential), and has none, or the target "
        "refused it with 401. The caller's own credential is not the matter.",
        fix="Read the gateway's heartbeat and log for the reference that cannot be resolved; if there is none, have "
        "the target's owner look at the credential, and turn it.",
    ),
    CodeEntry(
        code="EAS-5599",
        title="The target answered with an error",
        explanation="The status is the target's; its body is replaced, for the contract declares no fields of errors.",
        fix="Look at the target's own log for the transaction id, which it got as x-transaction-id.",
    ),
    CodeEntry(
        code="EAS-5901",
        title="A port of the gateway is taken",
        explanation="Another process listens on the port that the gateway was told to use.",
        fix="Stop that process or set another port: EASEMENT_GATEWAY_PORT, EASEMENT_CONTROL_PORT, "
        "EASEMENT_GATEWAY_ADMIN_PORT.",
    ),
    CodeEntry(
        code="EAS-5902",
        title="A plan was refused by the gateway",
        explanation="Envoy did not accept the configuration rendered from the plan, or a probe against a shadow of it "
        "was allowed where it must be refused (or the other way round). The last good plan goes on.",
        fix="Read the reason in the gateway's heartbeat and log; report it with the plan hash.",
    ),
    CodeEntry(
        code="EAS-5903",
        title="No Envoy binary",
        explanation="The binary is missing or cannot be started.",
        fix="Install Easement with its dependencies, or set EASEMENT_ENVOY to an Envoy of version 1.40 or later.",
    ),
    CodeEntry(
        code="EAS-5904",
        title="A line of the access log cannot be read",
        explanation="Envoy was stopped while it wrote, or the file was changed. The line is recorded as unreadable.",
        fix="If it comes again, look who else writes to the file.",
    ),
    CodeEntry(
        code="EAS-5905",
        title="Envoy ended by itself",
        explanation="Envoy or its agent was killed or crashed, and was started again. Requests that it answered in its "
        "last hundredth of a second may be missing from the ledger; this record marks the place.",
        fix="Look in gateway/envoy.log below the data directory and in the system log (out of memory?) for the cause.",
    ),
    CodeEntry(
        code="EAS-5910",
        title="A control does not hold",
        explanation="A probe of an integration's controls got through where it must be refused, was refused where it "
        "must pass, or saw or showed what it must not. No target was called: the probe ends in a copy.",
        fix="Read the report (easement probe INTEGRATION, or the page Controls) for the case, and report it: what a "
        "contract says and what the gateway does have come apart.",
    ),
)
