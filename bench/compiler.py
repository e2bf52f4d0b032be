"""Compile and check of a large estate: 10,000 request integrations on 500 APIs, and one change of them."""

from __future__ import annotations

import json
import sys
import time
from datetime import date

from easement.contract.kinds import Integration
from easement.contract.loader import load
from easement.estate.assemble import assemble
from easement.estate.graph import build_graph
from easement.estate.model import LifecycleState, Registration
from easement.plan.codec import encode_plan
from easement.plan.compile import compile_plan
from easement.standards.check import check

APIS, CLIENTS, INTEGRATIONS = 500, 100, 10_000
TODAY = date(2026, 1, 1)


def documents(kind: str, name: str, spec: dict[str, object]) -> dict[str, object]:
    metadata = {"name": name, "title": name, "description": name, "owner": "team" if kind != "Team" else ""}
    return {"apiVersion": "easement/v1", "kind": kind, "metadata": metadata, "spec": spec}


def description(operations: int) -> bytes:
    order = {"type": "object", "properties": {f"f{n}": {"type": "string", "maxLength": 40} for n in range(10)}}
    content = {"application/json": {"schema": order}}
    paths = {
        f"/things{n}/{{id}}": {
            "post": {
                "operationId": f"op{n}", "security": [{"o": []}],
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": {"content": content}, "responses": {"200": {"description": "ok", "content": content}},
            }
        }
        for n in range(operations)
    }  # fmt: skip
    return json.dumps({"openapi": "3.1.0", "info": {"title": "x", "version": "1.0.0"}, "paths": paths}).encode()


def estate_files() -> dict[str, bytes]:
    spec_of_api = {"location": {"country": "DE"}, "endpoints": {"production": {"url": "https://a.example"}}}
    all_documents = [documents("Team", "team", {})]
    all_documents += [documents("System", f"client{n}", {"location": {"country": "DE"}}) for n in range(CLIENTS)]
    for n in range(APIS):
        all_documents.append(documents("System", f"api{n}", spec_of_api))
        definition = {"definition": {"openapi": "api.json"}, "version": "1.0.0", "defaultClassification": "internal"}
        all_documents.append(documents("Interface", f"i{n}", {"system": f"api{n}", **definition}))
    for n in range(INTEGRATIONS):
        api, client = n % APIS, n // APIS
        spec = {
            "source": f"client{client}", "target": f"api{api}", "interface": {"name": f"i{api}", "version": "^1.0"},
            "operations": [f"op{client}"], "fields": ["f1", "f2"], "purpose": "bench",
            "sla": {"throughput": {"limit": "10/s"}},
        }  # fmt: skip
        all_documents.append(documents("Integration", f"int{n}", spec))
    files = {f"d{n}.json": json.dumps(one).encode() for n, one in enumerate(all_documents)}
    return files | {"api.json": description(INTEGRATIONS // APIS)}


def timed(what: str, began: float) -> float:
    now = time.perf_counter()
    print(f"{what:<44} {now - began:8.3f} s")
    return time.perf_counter()


def main() -> int:
    files = estate_files()
    began = time.perf_counter()
    bundle = load(files)
    began = timed(f"load {len(bundle.documents):,} documents", began)
    registrations = {
        one.document.metadata.name: Registration(id="INT-0001", revision=one.revision, state=LifecycleState.LIVE)
        for one in bundle.documents
        if isinstance(one.document, Integration)
    }
    estate, problems = assemble(bundle, registrations)
    began = timed("assemble", began)
    findings = check(estate, TODAY)
    began = timed(f"check ({len(findings):,} findings)", began)
    plan = compile_plan(estate, environment="production", today=TODAY)
    began = timed(f"compile {INTEGRATIONS:,} integrations", began)
    encoded = encode_plan(plan)
    began = timed(f"encode the plan ({len(encoded) / 1e6:.0f} MB, {len(plan.routes):,} routes)", began)
    graph = build_graph(estate)
    began = timed("build the graph", began)
    found = graph.impact("system/api7")
    timed(f"impact of one system ({len(found)} affected)", began)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
