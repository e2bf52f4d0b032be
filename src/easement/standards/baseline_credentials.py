"""Baseline rules on credentials that stand literally in documents and descriptions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.credential_detectors import IN_DESCRIPTION, IN_DOCUMENT, IN_EXAMPLE
from easement.contract.documents import to_json
from easement.contract.kinds import Severity, Stage
from easement.contract.literal_secrets import random_texts
from easement.contract.places import pointer
from easement.interfaces.description_secrets import secrets_in_description
from easement.standards.facts import DocumentFacts, InterfaceFacts
from easement.standards.model import AnyRule, Found, Rule

_SOURCE: Final = "NIST SP 800-53 IA-5(7); PCI DSS 4.0.1 8.6.2; ISO/IEC 27001:2022 A.5.17, A.8.24; CWE-798"
_REMEDY: Final = (
    "Take it out and change it where it is used: it has been seen. Only what is proven to be no credential is waived."
)


def _random_values(facts: DocumentFacts) -> Iterable[Found]:
    for tokens, text in random_texts(to_json(facts.document)):
        message = f"a random string such as a key or token ({len(text)} characters)"
        yield Found(path=pointer(tokens), message=message)


def _in_description(facts: InterfaceFacts, *, known: bool) -> Iterable[Found]:
    definition = facts.interface.spec.definition
    form = "openapi" if definition.openapi else "asyncapi"
    for secret in secrets_in_description(facts.described):
        if secret.is_known is known:
            yield Found(path=f"/spec/definition/{form}{secret.path}", message=secret.what, place=secret.place)


def _credentials(facts: InterfaceFacts) -> Iterable[Found]:
    return _in_description(facts, known=True)


def _like_credentials(facts: InterfaceFacts) -> Iterable[Found]:
    return _in_description(facts, known=False)


CREDENTIAL_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=InterfaceFacts,
        id=IN_DESCRIPTION,
        title="No credential stands in an interface description",
        rationale="A description is sent to every consumer and kept for ever in version control: a private key, a "
        "provider's token, a signed token or an address with a password in an example is a secret no longer. Every "
        "value of the description and of the files that it refers to is looked at, also inside base64 and over folded "
        "lines; placeholders such as <token> are left alone.",
        severity=Severity.ERROR,
        blocks=Stage.CHECK,
        scope="interfaces",
        check=_credentials,
        remedy=_REMEDY,
        source=_SOURCE,
        bad="openapi: 3.1.0\nservers:\n  - url: https://shop:tr0mbone7@orders.example.com",
        good="openapi: 3.1.0\nservers:\n  - url: https://orders.example.com",
    ),
    Rule(
        about=InterfaceFacts,
        id=IN_EXAMPLE,
        title="Examples of secrets are plainly made up",
        rationale="A value that looks drawn at random under a name such as apiKey is a live key more often than its "
        "author remembers, and nobody can tell by reading.",
        severity=Severity.WARNING,
        blocks=Stage.REVIEW,
        scope="interfaces",
        check=_like_credentials,
        remedy="Write what cannot be taken for a secret, such as <api-key>. " + _REMEDY,
        source=_SOURCE,
        bad="openapi: 3.1.0\ncomponents:\n  examples:\n    login:\n      value: {apiKey: 9f4Kq2LwZ7pTxB3mVh8R}",
        good='openapi: 3.1.0\ncomponents:\n  examples:\n    login:\n      value: {apiKey: "<api-key>"}',
    ),
    Rule(
        about=DocumentFacts,
        id=IN_DOCUMENT,
        title="No value of a document looks drawn at random",
        rationale="A long text without any pattern is a key or token more often than a name. Values under keys that "
        "say secret, and known forms of credentials, are errors of the document (EAS-1302) and have no waiver.",
        severity=Severity.ERROR,
        blocks=Stage.CHECK,
        scope="systems, interfaces and integrations",
        check=_random_values,
        remedy="Refer to it (secret://env/SECRET_NAME). " + _REMEDY,
        source=_SOURCE,
        bad="kind: System\nmetadata:\n  name: shop\n  labels: {build: hT2kQ9vLx7Rp4Zs8Wm3Yb6Nc1Jd5Fg0a}",
        good="kind: System\nmetadata:\n  name: shop\n  labels: {build: blue-green}",
    ),
)
