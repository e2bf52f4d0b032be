"""A small estate in which every baseline rule holds, and a way to bend it at one place."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from easement.contract.documents import from_json
from easement.contract.identity import document_key
from easement.contract.kinds import Agreement, Integration, Interface, Standard, System, Team, Waiver
from easement.estate.model import Estate, LifecycleState, Registration
from easement.interfaces.model import Channel, Content, InterfaceModel, Operation, Response
from easement.standards.check import check
from easement.standards.facts import subject_of
from easement.standards.model import Finding

TODAY = date(2026, 11, 23)
NAMES = ("id", "total", "name", "email", "diagnosis", "chart", "pan", "cvv", "secret", "note")
BODY = {"type": "object", "required": ["id"], "properties": {name: {"type": "string"} for name in NAMES}}
ORDER = {"type": "object", "properties": {"id": {"type": "string"}, "total": {"type": "string"}}}
TAGS = {
    "id": {"classification": "internal"},
    "total": {"classification": "internal"},
    "name": {"classification": "confidential", "tags": ["personal"]},
    "email": {"classification": "confidential", "tags": ["personal"]},
    "diagnosis": {"classification": "restricted", "tags": ["special-category"]},
    "chart": {"classification": "restricted", "tags": ["phi"]},
    "pan": {"classification": "restricted", "tags": ["pan"]},
    "cvv": {"classification": "restricted", "tags": ["sad"]},
    "secret": {"classification": "restricted"},
}


def operation(name: str, *, request: Any = None, response: Any = None, **more: Any) -> Operation:
    return Operation(
        id=name,
        method="POST" if request else "GET",
        path=f"/{name}",
        request=Content(required=True, media={"application/json": request}) if request else None,
        responses=(
            *(
                (Response(status="200", content=Content(required=True, media={"application/json": response})),)
                * bool(response)
            ),
            Response(status="4XX", content=None),
        ),
        **{"secured": True, **more},
    )


API = InterfaceModel(
    format="openapi",
    title="Store",
    version="1.0.0",
    operations={
        "read": operation("read", response=BODY),
        "brief": operation("brief", response=ORDER),
        "write": operation("write", request={"type": "object", "properties": {"email": {"type": "string"}}}),
        "old": operation("old", response=ORDER, deprecated=True),
    },
)
EVENTS = InterfaceModel(
    format="asyncapi",
    title="Store events",
    version="1.0.0",
    channels={"changed": Channel(name="changed", address="changed", payload=BODY)},
)


def _document(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "title": f"The {name}", "owner": "shopkeepers"}
    return {"apiVersion": "easement/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _documents() -> dict[str, dict[str, Any]]:
    documents = [
        _document("Team", "shopkeepers"),
        _document("System", "shop", location={"country": "DE"}, technology="python"),
        _document(
            "System",
            "store",
            location={"country": "FR"},
            technology="python",
            endpoints={"production": {"url": "https://store.example"}},
            capacity={"throughput": "100/s", "availability": 99.5},
        ),
        _document(
            "Interface", "store-api", system="store", version="1.0.0", definition={"openapi": "a.yaml"}, fields=TAGS
        ),
        _document(
            "Interface",
            "store-events",
            system="store",
            version="1.0.0",
            definition={"asyncapi": "b.yaml"},
            fields=TAGS,
            ordering={"key": "id"},
            envelope="cloudevents",
            compatibility="backward",
        ),
        _document(
            "Integration",
            "reads",
            source="shop",
            target="store",
            interface={"name": "store-api", "version": "^1.0"},
            operations=["read"],
            fields={"id": "clear", "total": "clear"},
            purpose="essential.service",
            security={"scopes": ["store.read"]},
            sla={"latency": {"p95": "300ms"}, "throughput": {"expected": "5/s", "limit": "10/s"}},
            retention={"records": "P2190D"},
        ),
        _document(
            "Integration",
            "told",
            source="store",
            target="shop",
            interface={"name": "store-events", "version": "^1.0"},
            pattern="event",
            channels=["changed"],
            fields={"id": "clear", "total": "clear"},
            purpose="essential.service",
            security={"scopes": ["store.events.read"]},
            errors={"retry": {"attempts": 5}, "deadLetter": {"retention": "P3D", "owner": "shopkeepers"}},
            retention={"messages": "P7D", "records": "P2190D"},
            sla={"latency": {"p95": "300ms"}, "throughput": {"expected": "5/s", "limit": "10/s"}},
        ),
    ]
    return {subject_of(from_json(document)): document for document in documents}


class World:
    """The documents of the small estate, to be bent and judged."""

    def __init__(self) -> None:
        self.documents = copy.deepcopy(_documents())
        self.models = {"store-api@1": API, "store-events@1": EVENTS}
        self.registrations: dict[str, Registration] = {}

    def set(self, reference: str, pointer: str, value: Any) -> None:
        """Put ``value`` at a JSON pointer; None removes what is there."""
        here: Any = self.documents[reference]
        *parents, last = pointer.strip("/").split("/")
        for token in parents:
            here = here.setdefault(token, {})
        if value is None:
            here.pop(last, None)
        else:
            here[last] = value

    def add(self, kind: str, name: str, **spec: Any) -> None:
        """One more document."""
        document = _document(kind, name, **spec)
        reference = f"{kind.lower()}/{name}"
        self.documents[subject_of(from_json(document)) if kind == "Interface" else reference] = document

    def retire(self, integration: str) -> None:
        """Say that an integration is over."""
        self.registrations[integration] = Registration(id="INT-0001", revision="0" * 64, state=LifecycleState.RETIRED)

    def estate(self) -> Estate:
        """All documents as an estate."""
        read = [from_json(tree) for tree in self.documents.values()]

        def of(kind: type[Any]) -> dict[str, Any]:
            return {document_key(document): document for document in read if isinstance(document, kind)}

        return Estate(
            teams=of(Team),
            systems=of(System),
            interfaces=of(Interface),
            integrations=of(Integration),
            standards=of(Standard),
            waivers=of(Waiver),
            agreements=of(Agreement),
            models=self.models,
            registrations=self.registrations,
        )

    def findings(self, rule: str = "") -> list[Finding]:
        """What checking finds, of one rule where it is named."""
        return [finding for finding in check(self.estate(), TODAY) if rule in {"", finding.rule}]

    def places(self, rule: str) -> list[str]:
        """Where a rule does not hold."""
        return [finding.at for finding in self.findings(rule)]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def world_factory() -> type[World]:
    return World
