"""Imports and exports: what is made, what is refused with its place, and that nothing gets out of its quotes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from easement.contract.documents import to_json
from easement.contract.kinds import Severity
from easement.contract.loader import load
from easement.estate.assemble import assemble
from easement.estate.exchange.backstage import import_backstage
from easement.estate.exchange.csv_documents import COLUMNS, export_csv, import_csv
from easement.estate.exchange.csv_text import csv_text, inert, plain
from easement.estate.exchange.descriptions import import_descriptions
from easement.estate.exchange.drawing import dot_text, mermaid_text
from easement.estate.exchange.envoy import import_envoy
from easement.estate.exchange.exports import ExportFormat, export_text, main_definitions
from easement.estate.exchange.kong import import_kong
from easement.estate.exchange.made import Made, name_of
from easement.estate.graph import Edge, Node
from easement.estate.model import Estate

EXAMPLE = Path(__file__).parents[3] / "examples" / "meridian" / "estate"
KINDS = ("teams", "systems", "interfaces", "integrations", "agreements", "standards", "waivers")


def estate_of(files: Any) -> tuple[Estate, list[str]]:
    bundle = load(files)
    estate, problems = assemble(bundle)
    return estate, [problem.message for problem in (*bundle.problems, *problems)]


def example() -> dict[str, bytes]:
    return {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in EXAMPLE.rglob("*.yaml")}


def errors(made: Made) -> list[tuple[str, int, str]]:
    return [(one.code, one.place.line, one.message) for one in made.problems if one.severity is Severity.ERROR]


def exported(form: ExportFormat) -> str:
    bundle = load(example())
    sources = ((one.document, one.file, bundle.files) for one in bundle.documents)
    return export_text(assemble(bundle)[0], form, main_definitions(sources))


def test_backstage_brings_every_document_back_as_it_was():
    made = import_backstage({"catalog-info.yaml": exported(ExportFormat.BACKSTAGE).encode()}, country="DE")
    assert made.problems == ()
    before, _ = estate_of(example())
    after, problems = estate_of(made.files)
    assert problems == []
    for kind in KINDS:
        old, new = getattr(before, kind), getattr(after, kind)
        assert old.keys() == new.keys(), kind
        for name in old:
            one, other = to_json(old[name]), to_json(new[name])
            one["spec"].pop("definition", None), other["spec"].pop("definition", None)
            assert one == other
    assert before.models == after.models


CATALOGUE = """
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: Team-A, title: The A team}
spec: {type: team, profile: {email: a@example.org}, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: Order_Service, tags: [java], links: [{url: https://wiki.example/orders, title: Wiki}]}
spec: {type: service, lifecycle: production, owner: group:default/team-a, system: shop, providesApis: [orders]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: web}
spec: {type: website, owner: team-b, consumesApis: [api:default/orders, nowhere]}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: orders}
spec:
  type: openapi
  owner: team-a
  definition: |
    openapi: 3.1.0
    info: {title: Orders, version: 2.3.0}
    paths: {/orders: {get: {operationId: listOrders, responses: {'200': {description: ok}}}}}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: events}
spec: {type: graphql, owner: team-a, definition: 'type Query { a: Int }'}
"""


def test_a_backstage_catalogue_becomes_an_estate_with_open_decisions():
    made = import_backstage({"a/catalog-info.yaml": CATALOGUE.encode(), "a/other.yaml": b"x: 1"}, country="DE")
    assert made.counts == {"Team": 2, "System": 2, "Interface": 1, "Integration": 1}
    assert errors(made) == [
        ("EAS-3702", 15, "'nowhere' is no API of this import"),
        ("EAS-3701", 31, "an API of type 'graphql' has no interface here"),
    ]
    estate, problems = estate_of(made.files)
    assert problems == ["a request integration names its operations"]
    integration = estate.integrations["web-to-order-service"]
    assert (integration.spec.operations, integration.spec.fields) == ((), ())
    assert str(integration.spec.interface.version) == "^2.3"
    order = estate.systems["order-service"]
    assert order.metadata.labels == {"java": "true", "backstage-system": "shop"}
    assert order.metadata.links[0].url == "https://wiki.example/orders"
    assert any("which operations: listOrders" in one.message for one in made.problems)


@pytest.mark.parametrize(
    "tree",
    [
        {"kind": "Interface", "metadata": {"name": "../../evil"}, "spec": {}},
        {"kind": "Interface", "apiVersion": "easement/v1"},
        {"apiVersion": "easement/v1", "kind": "Integration", "metadata": {"name": "../x"}, "spec": {}},
        ["no", "mapping"],
        "text",
    ],
)
def test_a_hostile_annotation_makes_nothing_and_leaves_no_folder(tree: Any):
    entity = {
        "apiVersion": "backstage.io/v1alpha1", "kind": "API",
        "metadata": {"name": "../../etc/x", "annotations": {"easement/document": json.dumps(tree)}},
        "spec": {"type": "openapi", "definition": "openapi: 3.1.0\ninfo: {title: x, version: 1.0.0}\npaths: {}"},
    }  # fmt: skip
    made = import_backstage({"c.yaml": yaml.safe_dump(entity).encode()}, country="DE")
    assert not any(".." in path or path.startswith("/") for path in made.files)
    assert "Integration" not in made.counts
    assert errors(made)


KONG = """
_format_version: "3.0"
services:
  - name: Orders
    url: http://orders.internal:8000/api
    routes:
      - {name: r1, paths: [/orders], methods: [GET, POST]}
      - {name: r2, paths: ['~/x/[0-9]+$']}
    plugins:
      - {name: acl, config: {allow: [partners]}}
      - {name: key-auth}
      - {name: rate-limiting, config: {minute: 30, policy: local}}
  - name: open
    host: open.internal
    port: 80
    routes: [{paths: [/open]}]
  - {url: http://nameless.internal}
consumers:
  - {username: Acme, acls: [{group: partners}]}
  - {username: Other}
"""


def test_kong_becomes_systems_and_drafts_for_who_is_let_in():
    made = import_kong(KONG.encode(), "kong.yaml", country="DE", owner="")
    estate, problems = estate_of(made.files)
    assert problems == []
    assert set(estate.systems) == {"orders", "open", "acme", "other"}
    assert list(estate.integrations) == ["acme-to-orders"]
    draft = estate.integrations["acme-to-orders"].spec
    assert (draft.security.authentication, str(draft.sla.throughput.limit), draft.fields) == ("api-key", "30/m", ())
    assert set(draft.operations) == {"getOrdersByRest", "postOrdersByRest"}
    assert [(code, line) for code, line, _ in errors(made)] == [("EAS-3703", 8), ("EAS-3701", 17)]
    assert any("who calls it: the service has no acl" in one.message for one in made.problems)


ENVOY = """
static_resources:
  listeners:
    - name: in
      filter_chains:
        - filters:
            - name: hcm
              typed_config:
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                        - match: {path: /pay, headers: [{name: ":method", string_match: {exact: POST}}]}
                          route: {cluster: payments}
                        - match: {safe_regex: {regex: ".*"}}
                          route: {cluster: payments}
                        - match: {prefix: /gone}
                          route: {cluster: gone}
  clusters:
    - name: payments
      transport_socket: {name: tls}
      load_assignment:
        endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: pay.internal, port_value: 443}}}}]}]
dynamic_resources: {cds_config: {path: x}}
"""


def test_envoy_becomes_systems_and_drafts_of_unknown_callers():
    made = import_envoy(ENVOY.encode(), "envoy.yaml", country="DE", owner="")
    estate, problems = estate_of(made.files)
    assert [message for message in problems if "unknown-system" not in message] == []
    assert estate.systems["payments"].spec.endpoints["production"].url == "https://pay.internal:443"
    assert estate.integrations["unknown-system-to-payments"].spec.operations == ("postPay",)
    assert {code for code, _, _ in errors(made)} == {"EAS-3701", "EAS-3702", "EAS-3703"}
    assert all(line for _, line, _ in errors(made))


def test_a_folder_of_descriptions_becomes_interfaces():
    files = {path: data for path, data in example().items() if path.startswith("interfaces/")}
    for kind, count in (("openapi", 3), ("asyncapi", 3)):
        made = import_descriptions(files, kind, country="DE", owner="", default_classification="internal")
        assert (made.counts, errors(made)) == ({"Interface": count, "System": count}, [])
        assert estate_of(made.files)[1] == []
    broken = import_descriptions({"a.yaml": b"openapi: 3.1.0\npaths: {\n"}, "openapi", country="DE")
    assert (broken.counts, errors(broken)[0][0]) == ({}, "EAS-3701")
    assert import_descriptions({"a.yaml": b"x: 1"}, "openapi", country="DE").counts == {}
    unsaid = import_descriptions(files, "openapi", country="")
    assert {code for code, _, _ in errors(unsaid)} == {"EAS-3703"}


def test_csv_rows_become_documents_and_bad_rows_name_their_line():
    text = (
        "Sending,target,interface,version,operations,fields,title,owner\r\n"
        "shop,stock,stock-api,^1.0,getStock,sku count:mask,Shop reads stock,\r\n"
        "shop,stock,stock-api,newest,getStock,sku,Bad version,\r\n"
        "a,b,c,d,e,f,g,h,i\r\n"
        ",,,,,,,\r\n"
        "shop,stock,stock-api,^1.0,,,Shop reads stock,\r\n"
    )
    made = import_csv(text.encode(), "list.csv", mapping={"Sending": "source"})
    assert made.counts == {"Integration": 1}
    assert [(code, line) for code, line, _ in errors(made)] == [("EAS-3703", 3), ("EAS-3701", 4), ("EAS-3705", 6)]
    tree = yaml.safe_load(made.files["integrations/shop-reads-stock.yaml"])
    assert tree["spec"]["fields"] == {"sku": "clear", "count": "mask"}


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "EAS-3701", 1),
        (b"nme,source\n", "EAS-3701", 1),
        (b'name\n"unclosed', "EAS-3701", 2),
        (b"name,name\na,b\n", "EAS-3701", 1),
        (b"name\n\xff\n", "EAS-1001", 2),
        (b"kind,name\nplanet,x\n", "EAS-3701", 2),
    ],
)
def test_malformed_csv_says_where(data: bytes, code: str, line: int):
    found = errors(import_csv(data, "x.csv"))
    assert (found[0][0], found[0][1]) == (code, line)


def test_csv_of_the_estate_comes_back():
    estate, _ = estate_of(example())
    made = import_csv(export_csv(estate).encode(), "estate.csv")
    assert errors(made) == []
    trees = [yaml.safe_load(data) for path, data in made.files.items() if path.startswith("integrations/")]
    assert {tree["metadata"]["name"] for tree in trees} == estate.integrations.keys()
    for tree in trees:
        spec = estate.integrations[tree["metadata"]["name"]].spec
        assert tree["spec"]["source"] == spec.source
        fields = tree["spec"]["fields"]
        assert (fields if isinstance(fields, dict) else dict.fromkeys(fields, "clear")) == spec.handling


@given(st.text(max_size=30))
def test_no_cell_is_a_formula_and_every_cell_comes_back(cell: str):
    shown = inert(cell)
    assert not shown.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert plain(shown) == cell
    if "\x00" not in cell:
        rows = list(csv.reader(io.StringIO(csv_text(["a"], [[cell]]), newline="")))
        assert rows[1:] == [[shown]] or (not cell and rows[1:] in ([[]], [[""]]))


HOSTILE = st.text(alphabet='"\\\n\r]|[;#&<>`}{)( -x\u2028', min_size=1, max_size=20)


@given(HOSTILE, HOSTILE)
def test_no_name_breaks_out_of_dot_or_mermaid(name: str, relation: str):
    nodes = [Node(reference=f"system/{name}{n}", title="", owner="", criticality=None) for n in range(2)]
    edges = [Edge(start=nodes[0].reference, end=nodes[1].reference, relation=relation)]
    dot = dot_text(nodes, edges).splitlines()
    assert len(dot) == 7
    for line in dot[3:6]:
        outside = line.replace("\\\\", "").replace('\\"', "")
        assert outside.count('"') % 2 == 0
    mermaid = mermaid_text(nodes, edges).splitlines()
    assert len(mermaid) == 4
    for line in mermaid[1:3]:
        assert line.count('"') == 2
        inside = line.split('"')[1]
        assert not set(inside) & set('"<>[]|(){}`\\')


@given(st.text(max_size=80))
def test_a_made_name_is_a_name_or_nothing(text: str):
    import re

    assert name_of(text) == "" or re.fullmatch(r"[a-z][a-z0-9-]{0,62}", name_of(text))


def test_every_import_survives_any_bytes():
    for data in (b"", b"\x00", b"[", b"- 1", b"a: &a [*a]", b"{}", b"\xff\xfe", b"services: 5\n_format_version: 1\n"):
        assert import_kong(data, "k.yaml", country="DE").counts == {}
        assert import_envoy(data, "e.yaml", country="DE").counts == {}
        assert import_backstage({"b.yaml": b"backstage.io/" + data}, country="DE").counts == {}


def test_the_columns_are_all_written_and_all_read():
    assert exported(ExportFormat.CSV).splitlines()[0] == ",".join(COLUMNS)
    assert exported(ExportFormat.MERMAID).startswith("flowchart LR")
    assert len(json.loads(exported(ExportFormat.JSON))["documents"]) == 32
