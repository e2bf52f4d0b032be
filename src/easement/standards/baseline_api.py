"""Baseline rules on the design of APIs: names, versions, errors, pages, what may stand in a URL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from easement.contract.kinds import Severity, Stage
from easement.interfaces.model import InterfaceModel, Operation, Schema
from easement.standards.facts import IntegrationFacts, InterfaceFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.parameters import Parameter, ParameterValues
from easement.standards.wording import listing

_AT: Final = "/spec/definition"
_SECRETS: Final = (
    "accesstoken",
    "apikey",
    "authorization",
    "clientsecret",
    "jwt",
    "passwd",
    "password",
    "refreshtoken",
    "secret",
    "sessionid",
    "token",
)
_PERSONAL: Final = (
    "birthdate",
    "dateofbirth",
    "email",
    "emailaddress",
    "firstname",
    "iban",
    "lastname",
    "nationalid",
    "passportnumber",
    "phone",
    "phonenumber",
    "ssn",
    "taxid",
)
_PAGES: Final = (
    "after",
    "before",
    "continuation",
    "cursor",
    "first",
    "limit",
    "maxresults",
    "offset",
    "page",
    "pagesize",
    "pagetoken",
    "perpage",
    "size",
    "skip",
    "startindex",
    "top",
)
_VERBS: Final = ("add", "create", "delete", "fetch", "get", "insert", "list", "remove", "retrieve", "update")
_SEGMENT: Final = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_OPERATION: Final = re.compile(r"[a-z][A-Za-z0-9]*")
_CAMEL: Final = re.compile(r"[a-z][a-z0-9]*[A-Z][A-Za-z0-9]*")
_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_PROBLEM: Final = "application/problem+json"
_BODILESS: Final = frozenset({"GET", "HEAD"})
_UNSAFE_TO_REPEAT: Final = frozenset({"POST", "PATCH"})
_MAX_DEPTH: Final = 8


def _is_api(facts: InterfaceFacts) -> bool:
    return facts.model.format == "openapi"


def _segments(path: str) -> Iterator[str]:
    return (segment for segment in path.split("/") if segment and "{" not in segment)


def _path_names(facts: InterfaceFacts, settings: ParameterValues) -> Iterable[Found]:
    named: re.Pattern[str] = settings["segment"]
    odd = sorted(
        {
            segment
            for operation in facts.model.operations.values()
            for segment in _segments(operation.path)
            if not named.fullmatch(segment)
        }
    )
    if odd:
        yield Found(path=_AT, message=f"{listing(odd)} in a path does not have the form {named.pattern}")


def _verbs(facts: InterfaceFacts, settings: ParameterValues) -> Iterable[Found]:
    verbs = re.compile(rf"({'|'.join(map(re.escape, settings['verbs']))})([A-Z_-].*)?") if settings["verbs"] else None
    paths = sorted(
        {
            operation.path
            for operation in facts.model.operations.values()
            if verbs and any(verbs.fullmatch(segment) for segment in _segments(operation.path))
        }
    )
    if paths:
        yield Found(path=_AT, message=f"{listing(paths)} says in the path what the method says already")


def _operation_names(facts: InterfaceFacts, settings: ParameterValues) -> Iterable[Found]:
    named: re.Pattern[str] = settings["name"]
    odd = sorted(name for name in facts.model.operations if not named.fullmatch(name))
    if odd:
        yield Found(path=_AT, message=f"{listing(odd)} does not have the form {named.pattern}")


def _mixed_names(facts: InterfaceFacts) -> Iterable[Found]:
    names = {one.path.rpartition(".")[2] for one in facts.offered.fields()}
    camel = sorted(name for name in names if _CAMEL.fullmatch(name))
    snake = sorted(name for name in names if _SNAKE.fullmatch(name))
    if camel and snake:
        yield Found(path=_AT, message=f"{camel[0]} and {snake[0]} follow different rules")


def _version(facts: InterfaceFacts) -> Iterable[Found]:
    said, declared = re.match(r"v?(\d+)", facts.model.version), facts.interface.spec.version
    if said and int(said[1]) != declared.major:
        yield Found(
            path="/spec/version",
            message=f"the description says version {facts.model.version}, the interface {declared}",
        )


def _unstable(facts: IntegrationFacts) -> Iterable[Found]:
    version = facts.interface.spec.version
    if version.major == 0 or version.pre:
        yield Found(
            path="/spec/interface",
            message=f"{facts.interface.metadata.name} {version} promises nothing, yet the criticality is "
            f"{facts.integration.spec.sla.criticality}",
        )


def _is_error(status: str) -> bool:
    return status == "default" or status[:1] in {"4", "5"}


def _no_errors(facts: InterfaceFacts) -> Iterable[Found]:
    silent = sorted(
        name
        for name, operation in facts.model.operations.items()
        if not any(_is_error(response.status) for response in operation.responses)
    )
    if silent:
        yield Found(path=_AT, message=f"{listing(silent)} does not say how it fails")


def _other_errors(facts: InterfaceFacts) -> Iterable[Found]:
    odd = sorted(
        name
        for name, operation in facts.model.operations.items()
        if any(
            _is_error(response.status) and response.content is not None and _PROBLEM not in response.content.media
            for response in operation.responses
        )
    )
    if odd:
        yield Found(path=_AT, message=f"{listing(odd)} has errors of a form of its own, not {_PROBLEM}")


def _unpaged(facts: InterfaceFacts, settings: ParameterValues) -> Iterable[Found]:
    words = {_plain(word) for word in settings["words"]}
    endless = sorted(
        name
        for name, operation in facts.model.operations.items()
        if operation.method == "GET"
        and not operation.path.rstrip("/").endswith("}")
        and not any(_plain(one.name) in words for one in operation.parameters)
        and _answers_with_list(facts.model, operation)
    )
    if endless:
        yield Found(path=_AT, message=f"{listing(endless)} answers with a list that has no pages")


def _answers_with_list(model: InterfaceModel, operation: Operation) -> bool:
    return any(
        _is_list(model, schema)
        for response in operation.responses
        if response.status.startswith("2") and response.content is not None
        for schema in response.content.media.values()
    )


def _is_list(model: InterfaceModel, schema: Schema) -> bool:
    """Whether a body is a list without a bound, or an object around exactly one such list."""
    body = _resolved(model, schema)
    if body.get("type") == "array":
        return "maxItems" not in body
    properties = body.get("properties")
    if not isinstance(properties, Mapping):
        return False
    lists = [one for child in properties.values() if (one := _resolved(model, child)).get("type") == "array"]
    return len(lists) == 1 and len(properties) <= 3 and "maxItems" not in lists[0]


def _resolved(model: InterfaceModel, schema: Any) -> Mapping[str, Any]:
    for _ in range(_MAX_DEPTH):
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            break
        schema = model.definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
    return schema if isinstance(schema, Mapping) else {}


def _in_url(facts: InterfaceFacts, words: Iterable[str]) -> list[str]:
    plain = {_plain(word) for word in words}
    return sorted(
        f"{one.name} of {name}"
        for name, operation in facts.model.operations.items()
        for one in operation.parameters
        if one.location in {"query", "path"} and _plain(one.name) in plain
    )


def _secrets_in_url(facts: InterfaceFacts, settings: ParameterValues) -> Iterable[Found]:
    if found := _in_url(facts, settings["words"]):
        yield Found(path=_AT, message=f"{listing(found)} puts a secret into the URL")


def _people_in_url(facts: InterfaceFacts, settings: ParameterValues) -> Iterable[Found]:
    if found := _in_url(facts, settings["words"]):
        yield Found(path=_AT, message=f"{listing(found)} puts personal data into the URL")


def _reading_with_body(facts: InterfaceFacts) -> Iterable[Found]:
    odd = sorted(
        name
        for name, operation in facts.model.operations.items()
        if operation.method in _BODILESS and operation.request is not None
    )
    if odd:
        yield Found(path=_AT, message=f"{listing(odd)} reads, but takes a body")


def _blind_retry(facts: IntegrationFacts) -> Iterable[Found]:
    retry = facts.integration.spec.errors.retry
    if retry is None or retry.attempts < 2:
        return
    for number, name in enumerate(facts.integration.spec.operations):
        operation = facts.model.operations[name]
        if operation.method in _UNSAFE_TO_REPEAT and not _is_idempotent(operation):
            yield Found(
                path=f"/spec/operations/{number}",
                message=f"{name} may run {retry.attempts} times, and nothing makes the second time harmless",
            )


def _is_idempotent(operation: Operation) -> bool:
    return any(one.location == "header" and _plain(one.name) == "idempotencykey" for one in operation.parameters)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_PARAMETER: Final = """\
openapi: 3.1.0
paths:
  /orders:
    get:
      parameters: [{name: %s, in: %s, schema: {type: string}}]"""

API_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=InterfaceFacts,
        id="api-path-naming",
        title="Paths are written in one way",
        rationale="Whoever knows one API of the estate should find the way in all of them.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by OpenAPI",
        applies=_is_api,
        check=_path_names,
        remedy="Write the words of a path in lower case, joined by dashes: /delivery-notes/{id}.",
        source="RFC 3986 §6.2.2.1",
        parameters={"segment": Parameter(default=_SEGMENT, meaning="The form of a word in a path.")},
        bad="""\
openapi: 3.1.0
paths:
  /deliveryNotes:
    get: {operationId: listNotes, responses: {"204": {description: None}}}""",
        good="""\
openapi: 3.1.0
paths:
  /delivery-notes:
    get: {operationId: listNotes, responses: {"204": {description: None}}}""",
    ),
    Rule(
        about=InterfaceFacts,
        id="api-verb-in-path",
        title="Paths name things, methods name what is done",
        rationale="A verb in the path hides from caches, gateways and grants whether a call reads or writes.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by OpenAPI",
        applies=_is_api,
        check=_verbs,
        remedy="Name the thing in the path and say by the method what is done: DELETE /orders/{id}.",
        source="RFC 9110 §9",
        parameters={"verbs": Parameter(default=_VERBS, meaning="Words that belong into the method.")},
        bad="""\
openapi: 3.1.0
paths:
  /getOrders:
    get: {operationId: getOrders, responses: {"204": {description: None}}}""",
        good="""\
openapi: 3.1.0
paths:
  /orders:
    get: {operationId: listOrders}""",
    ),
    Rule(
        about=InterfaceFacts,
        id="api-operation-naming",
        title="Operations are named in one way",
        rationale="Contracts, grants and records name operations; their names should look alike and need no quotes.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by OpenAPI",
        applies=_is_api,
        check=_operation_names,
        remedy="Set operationId in camelCase, verb first: listOrders.",
        source="OpenAPI 3.1 §4.8.10",
        parameters={"name": Parameter(default=_OPERATION, meaning="The form of an operationId.")},
        bad="openapi: 3.1.0\npaths: {/orders: {get: {operationId: Orders_List}}}",
        good="openapi: 3.1.0\npaths: {/orders: {get: {operationId: listOrders}}}",
    ),
    Rule(
        about=InterfaceFacts,
        id="field-naming-mixed",
        title="Fields of an interface are named in one way",
        rationale="Two ways of writing in one interface are two chances to name a field that is not there.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces",
        check=_mixed_names,
        remedy="Write all names of properties in camelCase, or all in snake_case.",
        source="ISO/IEC 11179-5:2015",
        bad="""\
openapi: 3.1.0
components: {schemas: {Order: {properties: {placedAt: {type: string}, paid_at: {type: string}}}}}""",
        good="""\
openapi: 3.1.0
components: {schemas: {Order: {properties: {placedAt: {type: string}, paidAt: {type: string}}}}}""",
    ),
    Rule(
        about=InterfaceFacts,
        id="version-mismatch",
        title="Interface and description have the same major version",
        rationale="Consumers choose by the version of the interface; the description must be the one that it names.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces whose description has a version",
        check=_version,
        remedy="Give info.version and spec.version the same major number.",
        source="Semantic Versioning 2.0.0 §8",
        bad="openapi: 3.1.0\ninfo: {version: 2.0.0}",
        good="openapi: 3.1.0\ninfo: {version: 1.0.0}",
    ),
    Rule(
        about=IntegrationFacts,
        id="unstable-version",
        title="What is critical rests on a stable version",
        rationale="A version below 1.0.0, or a preview, may change at any time without notice.",
        severity=Severity.ERROR,
        blocks=Stage.LIVE,
        scope="integrations of criticality high or vital",
        applies=lambda facts: facts.integration.spec.sla.criticality.rank >= 2,
        check=_unstable,
        remedy="Wait for 1.0.0, or lower what depends on it.",
        source="Semantic Versioning 2.0.0 §4",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {version: 0.9.0}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {interface: {version: ^0.9}, sla: {criticality: vital}}""",
        good="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {interface: {version: ^1.0}, sla: {criticality: vital}}""",
    ),
    Rule(
        about=InterfaceFacts,
        id="api-errors-unsaid",
        title="Operations say how they fail",
        rationale="A consumer that does not know how a call fails treats every failure as the worst, or as none.",
        severity=Severity.INFO,
        blocks=Stage.NEVER,
        scope="interfaces described by OpenAPI",
        applies=_is_api,
        check=_no_errors,
        remedy="Describe at least one answer of 4XX or default.",
        source="RFC 9457; OWASP API Security Top 10 2023 API8",
        bad='openapi: 3.1.0\npaths: {/orders: {get: {responses: {"4XX": null}}}}',
        good="""\
openapi: 3.1.0
paths: {/orders: {get: {responses: {"4XX": {description: It failed, content: {application/problem+json: {}}}}}}}""",
    ),
    Rule(
        about=InterfaceFacts,
        id="api-errors-not-problem-json",
        title="Errors are problem details",
        rationale="One form of errors lets one piece of code in each consumer handle all of them.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by OpenAPI",
        applies=_is_api,
        check=_other_errors,
        remedy=f"Answer errors as {_PROBLEM} with type, title, status and detail.",
        source="RFC 9457",
        bad="""\
openapi: 3.1.0
paths: {/orders: {get: {responses: {"400": {description: Bad, content: {application/json: {}}}}}}}""",
        good="""\
openapi: 3.1.0
paths: {/orders: {get: {responses: {"400": {description: Bad, content: {application/problem+json: {}}}}}}}""",
    ),
    Rule(
        about=InterfaceFacts,
        id="api-list-without-pages",
        title="Lists come in pages",
        rationale="A list without pages grows until it no longer fits into a timeout, a limit or a memory.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by OpenAPI",
        applies=_is_api,
        check=_unpaged,
        remedy="Add limit and cursor as query parameters, or bound the list by maxItems.",
        source="OWASP API Security Top 10 2023 API4; RFC 8288",
        parameters={"words": Parameter(default=_PAGES, meaning="Query parameters that ask for a page.")},
        bad="openapi: 3.1.0\npaths: {/orders: {get: {parameters: []}}}",
        good="""\
openapi: 3.1.0
paths: {/orders: {get: {parameters: [{name: cursor, in: query, schema: {type: string}}]}}}""",
    ),
    Rule(
        about=InterfaceFacts,
        id="api-secret-in-url",
        title="URLs hold no secrets",
        rationale="URLs lie in logs, histories, caches and the Referer of the next request; whoever reads one of these "
        "has the secret.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="interfaces described by OpenAPI",
        applies=_is_api,
        check=_secrets_in_url,
        remedy="Take the secret in the Authorization header or in the body.",
        source="RFC 6750 §5.3; OWASP API Security Top 10 2023 API2; PCI DSS 4.0.1 req. 8.3.2",
        parameters={"words": Parameter(default=_SECRETS, meaning="Names of secrets, without dashes, in lower case.")},
        bad=_PARAMETER % ("api_key", "query"),
        good=_PARAMETER % ("X-Api-Key", "header"),
    ),
    Rule(
        about=InterfaceFacts,
        id="api-personal-data-in-url",
        title="URLs hold no personal data",
        rationale="What stands in a URL is written into every log on the way, and no erasure finds it there.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by OpenAPI",
        applies=_is_api,
        check=_people_in_url,
        remedy="Use an id that means nothing by itself, or search by POST.",
        source="GDPR Art. 5(1)(c), (f), 25; OWASP ASVS 5.0 14.2.1",
        parameters={"words": Parameter(default=_PERSONAL, meaning="Names of personal data, without dashes.")},
        bad=_PARAMETER % ("email", "query"),
        good=_PARAMETER % ("customerId", "query"),
    ),
    Rule(
        about=InterfaceFacts,
        id="api-reading-with-body",
        title="Reading takes no body",
        rationale="A body of GET has no meaning that all on the way agree on; some drop it, some refuse the request.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="interfaces described by OpenAPI",
        applies=_is_api,
        check=_reading_with_body,
        remedy="Use query parameters, or POST to a search.",
        source="RFC 9110 §9.3.1",
        bad="""\
openapi: 3.1.0
paths: {/orders: {get: {requestBody: {content: {application/json: {schema: {type: object}}}}}}}""",
        good="openapi: 3.1.0\npaths: {/orders: {get: {requestBody: null}}}",
    ),
    Rule(
        about=IntegrationFacts,
        id="retry-without-idempotency",
        title="What is tried again is harmless the second time",
        rationale="When an answer is lost nobody knows whether the call was done; trying again may do it twice.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that call operations and retry",
        check=_blind_retry,
        remedy="Let the operation take an Idempotency-Key header, or leave spec.errors.retry out.",
        source="RFC 9110 §9.2.2",
        bad="""\
openapi: 3.1.0
paths:
  /orders/{id}:
    post: {operationId: cancelOrder, responses: {"204": {description: Done}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {operations: [getOrder, cancelOrder], errors: {retry: {attempts: 3}}}""",
        good="""\
openapi: 3.1.0
paths:
  /orders/{id}:
    post:
      operationId: cancelOrder
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: Idempotency-Key, in: header, required: true, schema: {type: string}}
      responses: {"204": {description: Done}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {operations: [getOrder, cancelOrder], errors: {retry: {attempts: 3}}}""",
    ),
)
