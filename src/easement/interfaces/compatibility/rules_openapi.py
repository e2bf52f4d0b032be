"""Rules about OpenAPI descriptions as wholes: operations, callbacks, webhooks, security, servers."""

from __future__ import annotations

from typing import Final

from easement.interfaces.compatibility.rules_model import Rule, Scope
from easement.interfaces.compatibility.verdict import ChangeClass

_B, _R, _S, _D = ChangeClass.BREAKING, ChangeClass.RISKY, ChangeClass.SAFE, ChangeClass.DOCUMENTATION

_LIST: Final = "  /orders:\n    get: {operationId: listOrders, responses: {'200': {description: ok}}}\n"
_ONE: Final = "  /orders/{id}:\n    get: {operationId: getOrder, responses: {'200': {description: ok}}}\n"
_KEY: Final = "components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}\n"
_OAUTH: Final = (
    "components: {{securitySchemes: {{login: {{type: oauth2, flows: {{{}}}}}}}}}\nsecurity: [{{login: [read]}}]\n"
)
_CLIENT: Final = "clientCredentials: {tokenUrl: 'https://id.example/token', scopes: {read: Read}}"
_CODE: Final = (
    "authorizationCode: {authorizationUrl: 'https://id.example/a', tokenUrl: 'https://id.example/token', "
    "scopes: {read: Read}}"
)
_CALLBACK: Final = "callbacks: {shipped: {'{$request.query.url}': {post: {responses: {'204': {description: taken}}}}}}"
_HOOK: Final = "webhooks: {paid: {post: {responses: {'204': {description: taken}}}}}"


def _rule(  # noqa: PLR0917 -- the catalogue below is read as a table
    name: str, title: str, classes: tuple[ChangeClass, ChangeClass], says: str, why: str, old: str, new: str,
    scope: Scope = Scope.OPENAPI,
) -> Rule:  # fmt: skip
    return Rule(
        id=name, title=title, writes=classes[0], reads=classes[1], says=says, why=why, scope=scope, old=old, new=new
    )


OPENAPI_RULES: Final = (
    _rule(
        "operation-removed", "An operation is gone", (_B, _B),
        "{method} {path} is gone: calls to it fail.{sunset}",
        "Whoever calls it is refused. Deprecate it, give notice, and serve both versions until nobody calls it.",
        f"paths:\n{_LIST}{_ONE}", f"paths:\n{_LIST}",
    ),
    _rule(
        "operation-added", "An operation is new", (_S, _S),
        "{method} {path} is new.", "Nobody calls it yet.",
        f"paths:\n{_LIST}", f"paths:\n{_LIST}{_ONE}",
    ),
    _rule(
        "operation-id-changed", "An operation has another name", (_B, _B),
        "{method} {path} is now called {after}, not {before}: contracts that name it name nothing.",
        "On the wire nothing changes, but contracts and generated clients name operations by operationId.",
        "operationId: listOrders", "operationId: findOrders", Scope.OPERATION,
    ),
    _rule(
        "operation-generated-id-changed", "An operation without operationId has another generated name", (_R, _R),
        "Contracts that name {method} {path} as {before} must name it {after}.",
        "No call changes, but the name was made from the path and contracts use it. Say operationId.",
        "paths: {'/orders/{id}': {get: {responses: {'200': {description: ok}}}}}",
        "paths: {'/orders/{number}': {get: {responses: {'200': {description: ok}}}}}",
    ),
    _rule(
        "path-parameter-renamed", "A path parameter has another name", (_D, _D),
        "The path is written {after} instead of {before}; it matches the same calls.",
        "The name of a path parameter is never sent.",
        f"paths:\n{_ONE}", f"paths:\n{_ONE.replace('{id}', '{number}')}",
    ),
    _rule(
        "operation-deprecated", "An operation is deprecated", (_D, _D),
        "{method} {path} is deprecated.", "It still works. Plan to leave it.",
        "deprecated: false", "deprecated: true", Scope.OPERATION,
    ),
    _rule(
        "operation-undeprecated", "An operation is deprecated no longer", (_D, _D),
        "{method} {path} is deprecated no longer.", "It is there to stay.",
        "deprecated: true", "deprecated: false", Scope.OPERATION,
    ),
    _rule(
        "sunset-announced", "An operation has got a date on which it ends", (_R, _R),
        "{method} {path} ends on {after}.", "The date is a promise to break: every consumer needs notice of it.",
        "deprecated: true", "{deprecated: true, x-sunset: '2031-01-31'}", Scope.OPERATION,
    ),
    _rule(
        "sunset-brought-forward", "An operation ends earlier than announced", (_B, _B),
        "{method} {path} ends on {after}, earlier than announced ({before}).",
        "Consumers planned with the date that was announced.",
        "x-sunset: '2031-06-30'", "x-sunset: '2031-01-31'", Scope.OPERATION,
    ),
    _rule(
        "sunset-postponed", "An operation ends later, or not at all", (_S, _S),
        "{method} {path} does not end on {before} any more.", "There is more time.",
        "x-sunset: '2031-01-31'", "x-sunset: '2031-06-30'", Scope.OPERATION,
    ),
    _rule(
        "operation-documentation-changed", "The description of an operation differs", (_D, _D),
        "Summary, description, tags or external documentation differ.", "No call changes.",
        "summary: List orders", "summary: List your orders", Scope.OPERATION,
    ),
    _rule(
        "callback-removed", "A callback is gone", (_B, _B),
        "The callback {name} is gone: the consumer is told no longer.", "The consumer waits for it in vain.",
        _CALLBACK, "", Scope.OPERATION,
    ),
    _rule(
        "callback-added", "A callback is new", (_S, _S),
        "The callback {name} is new.", "Who does not ask for it gets none.",
        "", _CALLBACK, Scope.OPERATION,
    ),
    _rule(
        "webhook-removed", "A webhook is gone", (_B, _B),
        "The webhook {name} is gone: the consumer is told no longer.", "The consumer waits for it in vain.",
        _HOOK, "webhooks: {}",
    ),
    _rule(
        "webhook-added", "A webhook is new", (_S, _S),
        "The webhook {name} is new.", "Who does not subscribe to it gets none.",
        "webhooks: {}", _HOOK,
    ),
    _rule(
        "security-added", "Authentication is required where none was", (_B, _B),
        "Calls without credentials are refused now; required is {after}.", "Anonymous calls that worked are refused.",
        _KEY, _KEY + "security: [{key: []}]",
    ),
    _rule(
        "security-removed", "Authentication is required no longer", (_R, _R),
        "Calls need no credentials any more; required was {before}.",
        "No consumer is broken, but what was protected is open to everybody.",
        _KEY + "security: [{key: []}]", _KEY,
    ),
    _rule(
        "security-alternative-removed", "A way to authenticate is gone", (_B, _B),
        "Credentials of {before} are accepted no longer.", "Consumers that authenticate this way are refused.",
        "components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}, basic: {type: http, scheme: "
        "basic}}}\nsecurity: [{key: []}, {basic: []}]",
        "components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}, basic: {type: http, scheme: "
        "basic}}}\nsecurity: [{key: []}]",
    ),
    _rule(
        "security-alternative-added", "There is one more way to authenticate", (_S, _S),
        "Credentials of {after} are accepted as well.", "What worked still works.",
        "components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}, basic: {type: http, scheme: "
        "basic}}}\nsecurity: [{key: []}]",
        "components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}, basic: {type: http, scheme: "
        "basic}}}\nsecurity: [{key: []}, {basic: []}]",
    ),
    _rule(
        "security-scope-added", "One more scope is required", (_B, _B),
        "{scheme} must grant {scopes} as well.", "Tokens without the scope are refused.",
        _OAUTH.format(_CLIENT), _OAUTH.format(_CLIENT).replace("[read]", "[read, write]"),
    ),
    _rule(
        "security-scope-removed", "A scope is required no longer", (_S, _S),
        "{scheme} need not grant {scopes} any more.", "Tokens with the scope are still accepted.",
        _OAUTH.format(_CLIENT).replace("[read]", "[read, write]"), _OAUTH.format(_CLIENT),
    ),
    _rule(
        "security-scheme-changed", "A way to authenticate works otherwise", (_B, _B),
        "Credentials of {scheme} are sent otherwise: {what} was {before}, is {after}.",
        "Credentials that are sent the old way are not seen.",
        _KEY + "security: [{key: []}]", _KEY.replace("X-Key", "X-Api-Key") + "security: [{key: []}]",
    ),
    _rule(
        "security-scheme-address-changed", "Tokens come from another address", (_R, _R),
        "{what} of {scheme} was {before}, is {after}.",
        "Consumers that have the old address in their configuration may get no token that is accepted.",
        _OAUTH.format(_CLIENT), _OAUTH.format(_CLIENT).replace("example/token", "example/t"),
    ),
    _rule(
        "security-scheme-flow-removed", "An OAuth flow is gone", (_B, _B),
        "{scheme} offers the flow {flow} no longer.", "Consumers that use the flow get no token.",
        _OAUTH.format(f"{_CLIENT}, {_CODE}"), _OAUTH.format(_CLIENT),
    ),
    _rule(
        "security-scheme-flow-added", "An OAuth flow is new", (_S, _S),
        "{scheme} offers the flow {flow}.", "What worked still works.",
        _OAUTH.format(_CLIENT), _OAUTH.format(f"{_CLIENT}, {_CODE}"),
    ),
    _rule(
        "security-scheme-scope-removed", "A scope is offered no longer", (_R, _R),
        "{scheme} offers the scope {scope} no longer.",
        "A token request that names the scope may be refused as a whole (RFC 6749 section 5.2).",
        _OAUTH.format(_CLIENT.replace("{read: Read}", "{read: Read, write: Write}")), _OAUTH.format(_CLIENT),
    ),
    _rule(
        "security-scheme-scope-added", "A scope is new", (_S, _S),
        "{scheme} offers the scope {scope}.", "Nobody needs it yet.",
        _OAUTH.format(_CLIENT), _OAUTH.format(_CLIENT.replace("{read: Read}", "{read: Read, write: Write}")),
    ),
    _rule(
        "security-scheme-documentation-changed", "The description of a way to authenticate differs", (_D, _D),
        "The description, or the documented form of the token, of {scheme} differs.", "No call changes.",
        _KEY + "security: [{key: []}]", _KEY.replace("X-Key}", "X-Key, description: Ask us}") + "security: [{key: []}]",
    ),
    _rule(
        "server-removed", "A server is gone", (_R, _R),
        "{url} is listed no longer.", "Consumers that call this address should know whether it goes on answering.",
        "servers: [{url: 'https://a.example/v1'}, {url: 'https://b.example/v1'}]",
        "servers: [{url: 'https://a.example/v1'}]",
    ),
    _rule(
        "server-added", "A server is new", (_S, _S),
        "{url} is new.", "The old addresses still answer.",
        "servers: [{url: 'https://a.example/v1'}]",
        "servers: [{url: 'https://a.example/v1'}, {url: 'https://b.example/v1'}]",
    ),
    _rule(
        "base-path-changed", "No server has the base path any more", (_B, _B),
        "Paths start with {after} now, not with {before}.", "Calls to the old paths find nothing.",
        "servers: [{url: 'https://a.example/v1'}]", "servers: [{url: 'https://a.example/v2'}]",
    ),
    _rule(
        "server-variable-value-removed", "A value of a server variable is gone", (_R, _R),
        "{variable} of {url} can be {value} no longer.", "Consumers that call this address lose it.",
        "servers: [{url: 'https://{zone}.example', variables: {zone: {default: eu, enum: [eu, us]}}}]",
        "servers: [{url: 'https://{zone}.example', variables: {zone: {default: eu, enum: [eu]}}}]",
    ),
    _rule(
        "server-documentation-changed", "The description of a server differs", (_D, _D),
        "The description of {url} differs.", "No call changes.",
        "servers: [{url: 'https://a.example', description: Test}]",
        "servers: [{url: 'https://a.example', description: Live}]",
    ),
    _rule(
        "information-changed", "Title, version or other information differs", (_D, _D),
        "The information about the interface differs.", "No call changes.",
        "info: {title: Orders, version: 1.0.0}", "info: {title: Orders, version: 1.0.1}",
    ),
    _rule(
        "description-too-complex", "There is more than can be compared", (_B, _B),
        "The comparison ended before everything was looked at; the rest is held for breaking.",
        "The work of a comparison is bounded. Nothing is called compatible that was not looked at.",
        "", "",
    ),
    _rule(
        "format-version-changed", "The description is written in another version of its format", (_D, _D),
        "Written in {after} now, not in {before}.", "What it says is compared, not how.",
        "openapi: 3.0.3", "openapi: 3.1.0",
    ),
)  # fmt: skip
