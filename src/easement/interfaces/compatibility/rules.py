"""The catalogue of rules about interfaces: what each change is called, how bad it is for whom, and an example of it.

Rules about the inside of schemas are not here but with the engine that compares schemas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Final

from easement.interfaces.compatibility.rules_asyncapi import ASYNCAPI_RULES
from easement.interfaces.compatibility.rules_model import Rule, Scope
from easement.interfaces.compatibility.rules_openapi import OPENAPI_RULES
from easement.interfaces.compatibility.rules_openapi_parts import OPENAPI_PART_RULES
from easement.interfaces.compatibility.verdict import Role

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {rule.id: rule for rule in chain(OPENAPI_RULES, OPENAPI_PART_RULES, ASYNCAPI_RULES)}
)

_HEADINGS: Final = {
    Scope.OPERATION: ("OpenAPI: in an operation", "The example is a part of `GET /orders`."),
    Scope.BODY_OPERATION: ("OpenAPI: in an operation with a body", "The example is a part of `POST /orders`."),
    Scope.WEBHOOK: ("OpenAPI: in a webhook", "The example is a part of `POST` of the webhook `orderShipped`."),
    Scope.OPENAPI: ("OpenAPI: in the document", "The example is a part of the document."),
    Scope.ASYNCAPI: ("AsyncAPI", "The example is a part of the document."),
}

_ABOUT: Final = (
    "What `easement diff` says about OpenAPI and AsyncAPI descriptions. A change is judged for the consumer of the",
    "interface: it *writes* requests, events that it publishes, and its answers to callbacks and webhooks; it *reads*",
    "responses, events that it subscribes to, and callbacks and webhooks. The policies `backward` and `forward` take",
    "the first or the second judgement whoever writes, `full` the worse one. Changes inside of schemas are judged by",
    "the schema engine, with the same roles.",
)


def rules_page() -> Iterator[str]:
    """The catalogue in Markdown, line by line."""
    yield "# Rules of interface compatibility"
    yield ""
    yield from _ABOUT
    for scope, (heading, about) in _HEADINGS.items():
        yield from ("", f"## {heading}", "", about)
        for rule in (rule for rule in RULES.values() if rule.scope is scope):
            yield from _section(rule)


def _section(rule: Rule) -> Iterator[str]:
    yield from ("", f"### {rule.id}", "", f"{rule.title}. {rule.why}", "")
    yield from (
        "| consumer writes | consumer reads |",
        "|---|---|",
        f"| {rule.class_for(Role.WRITES)} | {rule.class_for(Role.READS)} |",
    )
    for name, example in (("before", rule.old), ("after", rule.new)):
        yield from ("", f"```yaml\n# {name}\n{example.strip() or '{}'}\n```")
