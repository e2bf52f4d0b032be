"""What a single document says that no type can hold: values that only make sense together, and hostile text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from easement.contract.credential_detectors import RANDOM
from easement.contract.identity import document_key
from easement.contract.kinds import Agreement, Document, Integration, Interface
from easement.contract.literal_secrets import matches
from easement.contract.revision import resolve
from easement.contract.validation import Complaint, Token
from easement.contract.values import MAX_NAME_LENGTH, Duration

_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Control characters, and those that make text read otherwise than it is (CVE-2021-42574, "Trojan Source")."""


_JUDGED_BY_RULE: Final = frozenset({"System", "Interface", "Integration"})
"""In these what only looks random is a finding (rule credential-like-value), which stops it as well and can be waived
when it is proven to be something else."""


def text_complaints(tree: Any) -> Iterator[Complaint]:
    """Literal secrets and unseen characters anywhere in a document."""
    judged_by_rule = isinstance(tree, dict) and tree.get("kind") in _JUDGED_BY_RULE
    for tokens, match in matches(tree):
        if judged_by_rule and match.detector == RANDOM and isinstance(_value_at(tree, tokens), str):
            continue
        yield Complaint(
            code="EAS-1302",
            tokens=tokens,
            message=f"a literal secret: {match.what}",
            hint="refer to it (secret://env/SECRET_NAME) and change it where it is used: it has been seen",
        )
    yield from _unseen_characters(tree)


def document_complaints(document: Document, file: str) -> Iterator[Complaint]:
    """What is wrong between the values of one valid document that stands in ``file``."""
    match document:
        case Interface():
            yield from _interface_complaints(document, file)
        case Integration():
            yield from _integration_complaints(document)
        case Agreement():
            yield from _agreement_complaints(document)
        case _:
            return


def _value_at(tree: Any, tokens: tuple[Token, ...]) -> Any:
    for token in tokens:
        tree = tree[token]
    return tree


def _unseen_characters(tree: Any) -> Iterator[Complaint]:
    waiting: list[tuple[tuple[Token, ...], Any]] = [((), tree)]
    while waiting:
        tokens, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*tokens, key), child) for key, child in value.items())
            texts = list(value)
        elif isinstance(value, list):
            waiting.extend(((*tokens, index), child) for index, child in enumerate(value))
            continue
        else:
            texts = [value] if isinstance(value, str) else []
        for text in texts:
            if match := _UNSEEN.search(text):
                message = f"a character that people do not see (U+{ord(match[0]):04X})"
                yield Complaint(code="EAS-1206", tokens=tokens, message=message, hint="remove it")


def _interface_complaints(document: Interface, file: str) -> Iterator[Complaint]:
    if len(document_key(document)) > MAX_NAME_LENGTH:
        message = f"an interface's name and major version together have at most {MAX_NAME_LENGTH} characters"
        yield Complaint(code="EAS-1207", tokens=("metadata", "name"), message=message, hint="choose a shorter name")
    definition = document.spec.definition
    named = {key: path for key, path in (("openapi", definition.openapi), ("asyncapi", definition.asyncapi)) if path}
    if len(named) != 1:
        yield Complaint(
            code="EAS-1207",
            tokens=("spec", "definition"),
            message="spec.definition must name exactly one file",
            hint="write openapi: FILE or asyncapi: FILE",
        )
        return
    key, path = next(iter(named.items()))
    if not resolve(file, path):
        yield Complaint(
            code="EAS-1207",
            tokens=("spec", "definition", key),
            message=f"spec.definition.{key} must be a relative path inside the folder",
            hint="copy the description beside the document, such as ./orders.openapi.yaml",
        )


def _integration_complaints(document: Integration) -> Iterator[Complaint]:
    spec = document.spec
    durations: dict[tuple[Token, ...], Duration | None] = {
        ("spec", "sla", "timeout"): spec.sla.timeout,
        ("spec", "sla", "schedule", "every"): spec.sla.schedule.every if spec.sla.schedule else None,
        ("spec", "retention", "messages"): spec.retention.messages,
        ("spec", "retention", "records"): spec.retention.records,
        ("spec", "errors", "deadLetter", "retention"): (
            spec.errors.dead_letter.retention if spec.errors.dead_letter else None
        ),
    }
    # Zero means "no limit" to most proxies and brokers, which is the opposite of what a reader takes it for.
    for tokens, duration in durations.items():
        if duration is not None and duration.milliseconds <= 0:
            message = f"{'.'.join(map(str, tokens))} must be more than zero"
            yield Complaint(code="EAS-1205", tokens=tokens, message=message)
    retry = spec.errors.retry
    if retry and retry.maximum < retry.initial:
        message = "spec.errors.retry.maximum is shorter than spec.errors.retry.initial"
        yield Complaint(code="EAS-1207", tokens=("spec", "errors", "retry"), message=message)


def _agreement_complaints(document: Agreement) -> Iterator[Complaint]:
    spec = document.spec
    if spec.expires < spec.signed:
        message = "spec.expires is before spec.signed"
        yield Complaint(code="EAS-1207", tokens=("spec", "expires"), message=message)
    if len(set(spec.between)) < 2:
        message = "spec.between must name two parties or more"
        yield Complaint(code="EAS-1207", tokens=("spec", "between"), message=message, hint="self is our own side")
