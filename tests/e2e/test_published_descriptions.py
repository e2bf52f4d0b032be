"""Descriptions that others published, through the whole product: imported, registered, approved, enforced, recorded.

The installation is a real one (``easement up``); each target is a mock server that answers as its description says.
The descriptions are those of the npm package ``@readme/oas-examples``, the mock servers are Prism: ``make test``
installs both, and without them these tests fail.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import pytest
import yaml

from easement.interfaces.model import Operation
from easement.interfaces.reader import read_definition
from easement.plan.codec import decode_plan
from easement.plan.model import Plan
from easement.store.manifest_folder import read_folder
from easement.testing.installation import Caller, Installation, running
from easement.testing.mock_targets import mock_targets, until_mocked
from easement.testing.small_estate import document, system

pytestmark = pytest.mark.node

MODULES: Final = Path(__file__).parents[2] / "node_modules"
DESCRIPTIONS: Final = MODULES / "@readme/oas-examples"
PRISM: Final = MODULES / "@stoplight/prism-cli/dist/index.js"
CLIENT: Final = "explorer"
UUID: Final = "efdbb9d1-02c2-4bc3-afb7-6788d8782b1e"
SECRET: Final = "swordfish"


@dataclass(frozen=True, kw_only=True)
class Published:
    """A description, and what the contract of this test grants of it."""

    name: str
    file: str
    operations: int
    ungranted: tuple[str, str]
    """Method and path of an operation that the contract leaves out."""
    grants: Callable[[str], bool]
    keeps: tuple[str, ...]
    """The last names of the fields of the contract."""
    costs: Mapping[str, int]
    """Routes by cost class; those that nobody is granted are native: they refuse before anything is read."""

    @property
    def interface(self) -> str:
        return f"{self.name}-api"

    @property
    def prefix(self) -> str:
        return f"/{self.interface}/v{'2' if self.name == 'readme' else '1'}"


PUBLISHED: Final = (
    Published(
        name="star-trek",
        file="3.0/json/star-trek.json",
        operations=120,
        ungranted=("GET", "/weapon?uid=1"),
        grants=lambda operation: operation not in {"getWeapon", "getWeaponSearch", "postWeaponSearch"},
        keeps=("uid", "name", "title"),
        costs={"body": 117, "native": 3},
    ),
    Published(
        name="readme",
        file="3.1/json/readme.json",
        operations=54,
        ungranted=("GET", "/projects/me"),
        grants=lambda operation: operation not in {"getProject", "deleteBranch", "createAPIKey"},
        keeps=("total", "ip_address", "title", "slug", "uri"),
        costs={"body": 9, "decision": 42, "native": 3},
    ),
    Published(
        name="train-travel",
        file="3.1/json/train-travel.json",
        operations=7,
        ungranted=("GET", "/bookings"),
        grants=lambda operation: operation not in {"get-bookings", "delete-booking"},
        keeps=("id", "name", "origin", "price", "trip_id", "amount"),
        costs={"body": 2, "decision": 3, "native": 2},
    ),
    Published(
        name="petstore",
        file="3.1/json/petstore.json",
        operations=20,
        ungranted=("GET", "/user/login?username=kirk&password=enterprise"),
        grants=lambda operation: operation not in {"loginUser", "deleteUser"},
        keeps=("id", "name", "quantity"),
        costs={"body": 14, "native": 6},
    ),
)
BY_NAME: Final = {one.name: one for one in PUBLISHED}


CARD: Final = {
    "object": "card", "name": "J. Doe", "number": "4242", "cvc": 123, "exp_month": 12, "exp_year": 2030,
    "address_country": "gb",
}  # fmt: skip
TRIP: Final = {"origin": UUID, "destination": UUID, "date": "2026-12-01T09:00:00Z"}
PAYMENT: Final = f"/bookings/{UUID}/payment"
PET: Final = {"name": "Rex", "photoUrls": []}
USER: Final = {"username": "ada", "userStatus": 1}
JSON: Final = {"Content-Type": "application/json"}


class Malformed(NamedTuple):
    """A call that does not fit its contract, and what its record must say."""

    name: str
    method: str
    path: str
    arguments: dict[str, Any]
    status: int
    reason: str

    def __str__(self) -> str:
        return f"{self.name}-{self.method}-{self.path.partition('?')[0]}-{self.reason}".replace(" ", "-")


MALFORMED: Final = (
    Malformed(
        "train-travel",
        "POST",
        "/bookings",
        {"json": {"trip_id": UUID, "surprise": SECRET}},
        400,
        "unknown-field /surprise",
    ),
    Malformed("train-travel", "POST", "/bookings", {"json": {"has_dog": SECRET}}, 400, "wrong-type /has_dog"),
    Malformed("train-travel", "POST", "/bookings", {"json": {"id": UUID}}, 400, "/id"),
    Malformed("train-travel", "POST", "/bookings", {}, 400, "missing-body"),
    Malformed(
        "train-travel",
        "POST",
        "/bookings",
        {"content": b'{"trip_id": "swordfish', "headers": JSON},
        400,
        "malformed-json",
    ),
    Malformed(
        "train-travel",
        "POST",
        "/bookings",
        {"content": b"swordfish", "headers": {"Content-Type": "text/plain"}},
        415,
        "media-type",
    ),
    Malformed(
        "train-travel",
        "POST",
        "/bookings",
        {"content": b"<a/>", "headers": {"Content-Type": "application/xml"}},
        415,
        "media-type",
    ),
    Malformed("train-travel", "POST", PAYMENT, {"json": {"amount": 0}}, 400, "/amount"),
    Malformed("train-travel", "POST", PAYMENT, {"json": {"currency": SECRET}}, 400, "/currency"),
    Malformed("train-travel", "GET", "/trips", {"params": {"origin": UUID, "destination": UUID}}, 400, "/date"),
    Malformed("train-travel", "GET", "/trips", {"params": TRIP | {"bicycles": SECRET}}, 400, "/bicycles"),
    Malformed("train-travel", "GET", "/trips", {"params": TRIP | {"surprise": SECRET}}, 400, "/surprise"),
    Malformed("train-travel", "GET", f"/bookings/{UUID}", {"params": {"surprise": SECRET}}, 400, "Undeclared query"),
    Malformed("train-travel", "GET", "/stations", {"params": {"surprise": SECRET}}, 400, "Undeclared query"),
    Malformed("petstore", "POST", "/pet", {"json": {"name": "Rex"}}, 400, "/photoUrls"),
    Malformed("petstore", "POST", "/pet", {"json": PET | {"photoUrls": SECRET}}, 400, "wrong-type /photoUrls"),
    Malformed("petstore", "POST", "/pet", {"json": PET | {"tags": [{"id": 1}, {"id": SECRET}]}}, 400, "/tags/1/id"),
    Malformed("petstore", "POST", "/pet", {"json": PET | {"category": {"colour": SECRET}}}, 400, "/category/colour"),
    Malformed("petstore", "POST", "/pet", {"json": PET | {"status": SECRET}}, 400, "/status"),
    Malformed("petstore", "POST", "/pet", {"json": [PET]}, 400, "wrong-type"),
    Malformed("petstore", "POST", "/user/createWithArray", {"json": USER}, 400, "wrong-type"),
    Malformed("petstore", "POST", "/user/createWithArray", {"json": [USER, {"admin": SECRET}]}, 400, "/1/admin"),
    Malformed("petstore", "POST", "/store/order", {"json": {"quantity": 1.5}}, 400, "/quantity"),
    Malformed("petstore", "POST", "/store/order", {"content": b'{"id": 1, "id": 2}', "headers": JSON}, 400, "/id"),
    Malformed("petstore", "GET", f"/pet/{SECRET}", {}, 400, "/petId"),
    Malformed("petstore", "GET", "/pet/findByStatus", {"params": {"status": SECRET}}, 400, "/status"),
    Malformed("petstore", "GET", "/pet/findByStatus", {}, 400, "/status"),
    Malformed("petstore", "GET", "/store/inventory", {"content": b"{}", "headers": JSON}, 413, "too large"),
    Malformed("readme", "POST", "/apply", {"json": {"job": "Front End Engineer"}}, 400, "/name"),
    Malformed("readme", "POST", "/apply", {"json": {"name": "", "job": "Front End Engineer"}}, 400, "/name"),
    Malformed("readme", "GET", "/changelogs", {"params": {"page": 0}}, 400, "/page"),
    Malformed("readme", "GET", "/changelogs", {"params": {"per_page": 101}}, 400, "/per_page"),
    Malformed("readme", "GET", "/changelogs", {"params": {"page": SECRET}}, 400, "/page"),
    Malformed("readme", "GET", "/changelogs?page=1&page=2", {}, 400, "/page"),
    Malformed("readme", "GET", "/search", {"params": {"section": "guides"}}, 400, "/query"),
    Malformed("star-trek", "GET", "/animal", {}, 400, "/uid"),
    Malformed("star-trek", "GET", "/animal/search", {"params": {"pageNumber": SECRET}}, 400, "/pageNumber"),
    Malformed("star-trek", "POST", "/animal/search", {"json": {"name": "tribble"}}, 415, "media-type"),
)


@dataclass(frozen=True, kw_only=True)
class Stand:
    """The installation with everything enforced, and the one caller that contracts were made for."""

    installation: Installation
    caller: Caller
    imported: Mapping[str, str]
    """What the import command said, by description."""
    contracts: Mapping[str, Mapping[str, Any]]
    """The spec of the integration, by description."""

    def plan(self) -> Plan:
        """The plan in force."""
        digest = self.installation.api("operator", "GET", "/plan").json()["hash"]
        return decode_plan(self.installation.api("operator", "GET", f"/plan/{digest}").content)


def import_description(installation: Installation, one: Published, estate: Path, port: int) -> str:
    """The command, as a user gives it; what it said."""
    operations = [name for name in operations_of(one) if one.grants(name)]
    return installation.command(
        "import", "openapi", str(DESCRIPTIONS / one.file),
        "--system", one.name, "--url", f"http://127.0.0.1:{port}", "--owner", "platform", "--country", "DE",
        "--default-classification", "internal", "--source", CLIENT, "--operations", ",".join(operations),
        "--out", str(estate),
    ).stdout  # fmt: skip


def operations_of(one: Published) -> Mapping[str, Operation]:
    """What the description offers, by the names that contracts use."""
    model, _ = read_definition("openapi", one.file, {one.file: (DESCRIPTIONS / one.file).read_bytes()})
    assert model is not None
    return model.operations


def narrow(estate: Path, one: Published) -> dict[str, Any]:
    """What the starter integration asks its reader to do: keep the fields that are needed, say the true purpose."""
    file = estate / f"integrations/{CLIENT}-to-{one.name}.yaml"
    tree = yaml.safe_load(file.read_text())
    spec: dict[str, Any] = tree["spec"]
    spec["fields"] = [path for path in spec["fields"] if path.rpartition(".")[2] in one.keeps]
    spec["purpose"] = "essential.service.fulfillment"
    spec["legalBasis"] = "contract"
    spec["sla"] = {"throughput": {"limit": "500/s"}}
    tree["metadata"] |= {"title": f"What the explorer reads of {one.name}", "description": "For the tests."}
    file.write_text(yaml.safe_dump(tree))
    return spec


def waiver(interface: str) -> dict[str, Any]:
    """These descriptions take a key or a password in the URL, which blocks at review."""
    spec = {
        "rule": "api-secret-in-url",
        "at": f"interface/{interface}@1#/spec/definition",
        "reason": "Callers of the gateway show a token, and these parameters are not theirs to give.",
        "expires": str(datetime.now(UTC).date() + timedelta(days=60)),
    }
    return document("Waiver", f"{interface}-secret-in-url", spec, owner="platform")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("published")
    estate = folder / "estate"
    estate.mkdir()
    written = (
        document("Team", "platform", {"email": "platform@example.org", "oncall": "platform"}),
        system(CLIENT),
        *(waiver(name) for name in ("star-trek-api", "petstore-api")),
    )
    for tree in written:
        (estate / f"{tree['metadata']['name']}.yaml").write_text(yaml.safe_dump(tree))
    for needed in (PRISM, DESCRIPTIONS):
        assert needed.exists(), f"{needed.relative_to(MODULES)} is missing: run make test, which installs it"
    served = {one.name: DESCRIPTIONS / one.file for one in PUBLISHED}
    with mock_targets(PRISM, served, folder) as ports, running(folder) as installation:
        installation.person("dana", "developer")
        installation.person("rene", "reviewer", "security", "compliance", "coe")
        imported = {one.name: import_description(installation, one, estate, ports[one.name]) for one in PUBLISHED}
        contracts = {one.name: narrow(estate, one) for one in PUBLISHED}
        installation.command("check", str(estate))
        installation.apply("dana", read_folder(estate).files)
        installation.approve_all("rene")
        installation.until_enforced()
        until_mocked(ports)
        yield Stand(
            installation=installation, caller=installation.caller(CLIENT), imported=imported, contracts=contracts
        )


# --- registered and enforced -----------------------------------------------------------------------------------------


def test_whole_descriptions_are_imported_and_enforced(stand: Stand) -> None:
    routes = stand.plan().routes
    by_interface = Counter(route.interface for route in routes)
    assert by_interface == {one.interface: one.operations for one in PUBLISHED}
    costs = {one.name: Counter(str(r.cost) for r in routes if r.interface == one.interface) for one in PUBLISHED}
    assert costs == {one.name: one.costs for one in PUBLISHED}
    for one in PUBLISHED:
        assert "Next: read what was written" in stand.imported[one.name]
    assert all(status.conditions[-1].status for status in stand.plan().statuses)


def test_readme_says_which_patterns_of_parameters_the_decider_checks(stand: Stand) -> None:
    last = {status.integration: status.conditions[-1] for status in stand.plan().statuses}
    assert last[f"{CLIENT}-to-readme"].reason == "EnforcedInPart"
    assert "getAPIKeys: path parameter subdomain: pattern" in last[f"{CLIENT}-to-readme"].message
    assert last[f"{CLIENT}-to-train-travel"].reason == "Enforced"
    assert "create-booking: request bodies of type application/xml" in last[f"{CLIENT}-to-train-travel"].message


# --- what passes -----------------------------------------------------------------------------------------------------


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The paths of the values in an answer, as contracts write them."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from leaves(child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child, path)
    else:
        yield path


def assert_keeps_the_contract(answer: httpx.Response, fields: Collection[str]) -> None:
    assert answer.is_success, (answer.status_code, answer.text)
    assert answer.headers["content-type"].startswith("application/json")
    assert set(leaves(answer.json())) <= set(fields)


def test_every_granted_reading_of_star_trek_shows_the_fields_of_the_contract_only(stand: Stand) -> None:
    """Eighty operations less those that are not granted, each called once, with the parameters that it needs."""
    one = BY_NAME["star-trek"]
    seen: set[str] = set()
    for operation in operations_of(one).values():
        if operation.method != "GET" or not one.grants(operation.id):
            continue
        needed = {parameter.name: "XX01" for parameter in operation.parameters if parameter.required}
        answer = stand.caller.call("GET", f"{one.prefix}{operation.path}", params=needed)
        assert_keeps_the_contract(answer, stand.contracts[one.name]["fields"])
        seen.update(leaves(answer.json()))
    assert {"animal.uid", "animals.name", "sort.clauses.name", "spacecraft.name"} <= seen


@pytest.mark.parametrize(
    ("name", "call", "arguments", "shows"),
    [
        ("train-travel", "GET /stations", {}, {"data.id", "data.name"}),
        ("train-travel", "GET /trips", {"params": TRIP | {"dogs": "true"}}, {"data.origin", "data.price"}),
        ("train-travel", f"GET /bookings/{UUID}", {}, {"id", "trip_id"}),
        ("train-travel", "POST /bookings", {"json": {"trip_id": UUID, "has_dog": True}}, {"id", "trip_id"}),
        ("petstore", "GET /pet/12", {}, {"id", "name", "category.name", "tags.id"}),
        ("petstore", "GET /pet/12", {"headers": {"Accept": "application/xml"}}, {"id", "name", "tags.id"}),
        ("petstore", "GET /pet/findByStatus", {"params": {"status": ["sold", "pending"]}}, set()),
        ("petstore", "POST /store/order", {"json": {"petId": 12, "quantity": 2}}, {"id", "quantity"}),
        ("readme", "GET /outbound_ips", {}, {"data.ip_address"}),
        ("readme", "GET /changelogs", {"params": {"page": 1, "per_page": 100}}, {"total", "data.slug", "data.uri"}),
        ("readme", "GET /search", {"params": {"query": "x", "projects": ["a", "b"]}}, {"total"}),
        ("readme", "POST /apply", {"json": {"name": "Ada", "job": "Front End Engineer"}}, set()),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_granted_calls_are_answered_with_the_fields_of_the_contract(
    stand: Stand, name: str, call: str, arguments: dict[str, Any], shows: set[str]
) -> None:
    method, _, path = call.partition(" ")
    answer = stand.caller.call(method, BY_NAME[name].prefix + path, **arguments)
    assert_keeps_the_contract(answer, stand.contracts[name]["fields"])
    assert shows <= set(leaves(answer.json()))
    (record,) = stand.installation.trace(answer.headers["x-transaction-id"])
    assert (record["status"], record["integration"]) == ("success", f"{CLIENT}-to-{name}")


def test_deletion_without_an_answer_body_passes(stand: Stand) -> None:
    answer = stand.caller.call("DELETE", f"{BY_NAME['readme'].prefix}/changelogs/{'0a' * 12}")
    assert (answer.status_code, answer.content) == (204, b"")


def test_body_that_the_gateway_cannot_read_passes_where_the_interface_knows_no_other_form(stand: Stand) -> None:
    prefix = BY_NAME["star-trek"].prefix
    answer = stand.caller.call("POST", f"{prefix}/animal/search", data={"name": "tribble"})
    assert_keeps_the_contract(answer, stand.contracts["star-trek"]["fields"])


# --- what does not ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", PUBLISHED, ids=lambda one: one.name)
def test_what_is_not_granted_does_not_exist_or_comes_without_a_token_is_refused_and_recorded(
    stand: Stand, one: Published
) -> None:
    method, path = one.ungranted
    ungranted = stand.caller.call(method, one.prefix + path)
    unknown = stand.caller.call("GET", f"{one.prefix}/nothing/here")
    nobody = stand.installation.gateway.request(method, one.prefix + path)
    for answer, status, code in (
        (ungranted, 403, "EAS-5403"),
        (unknown, 404, "EAS-5404"),
        (nobody, 401, "EAS-5401"),
    ):
        (record,) = stand.installation.trace(answer.headers["x-transaction-id"])
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (record["status"], record["error_code"]) == ("refused", code)
        assert record["integration"] == ""


@pytest.mark.parametrize("case", MALFORMED, ids=str)
def test_malformed_calls_are_refused_and_recorded_with_their_reason(stand: Stand, case: Malformed) -> None:
    answer = stand.caller.call(case.method, BY_NAME[case.name].prefix + case.path, **case.arguments)
    (record,) = stand.installation.trace(answer.headers["x-transaction-id"])
    assert answer.status_code == case.status, answer.text
    assert (record["status"], record["error_code"]) == ("refused", answer.json()["code"])
    assert record["integration"] == f"{CLIENT}-to-{case.name}"
    assert case.reason in record["error"], (record["error"], record["detail"])
    assert SECRET not in json.dumps(record) + answer.text


# --- the decider -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("train-travel", PAYMENT, {"amount": 49.9, "currency": "gbp", "source": CARD}),
        ("readme", "/branches", {"name": "v1.2"}),
        ("readme", "/branches", {"name": "stable", "base": "1.0", "privacy": {"view": "hidden"}}),
        ("readme", "/changelogs", {"title": "New", "metadata": {"image": {"uri": f"/images/{'0a' * 12}"}}}),
    ],
)
def test_decider_lets_pass_what_fits_the_whole_schema(stand: Stand, name: str, path: str, body: dict[str, Any]) -> None:
    answer = stand.caller.call("POST", BY_NAME[name].prefix + path, json=body)
    assert_keeps_the_contract(answer, stand.contracts[name]["fields"])


@pytest.mark.parametrize(
    ("name", "path", "body", "place"),
    [
        ("train-travel", PAYMENT, {"source": CARD | {"surprise": SECRET}}, "/source"),
        ("train-travel", PAYMENT, {"source": CARD | {"number": 4242}}, "/source"),
        ("train-travel", PAYMENT, {"source": {"object": "card", "name": SECRET}}, "/source"),
        ("readme", "/branches", {"name": SECRET}, ""),
        ("readme", "/branches", {"name": "stable", "state": "current"}, ""),
        ("readme", "/changelogs", {"title": "x", "metadata": {"image": {"uri": SECRET}}}, "/metadata/image/uri"),
    ],
)
def test_decider_refuses_what_only_the_whole_schema_excludes(
    stand: Stand, name: str, path: str, body: dict[str, Any], place: str
) -> None:
    answer = stand.caller.call("POST", BY_NAME[name].prefix + path, json=body)
    (record,) = stand.installation.trace(answer.headers["x-transaction-id"])
    assert (answer.status_code, answer.json()["code"]) == (400, "EAS-5400"), answer.text
    assert answer.json()["errors"][0]["path"] == place
    assert (record["status"], record["integration"]) == ("refused", f"{CLIENT}-to-{name}")
    assert record["detail"]["verdict"].startswith("schema:")
    assert record["error"].endswith(f" {place}" if place else record["detail"]["verdict"])
    assert "x-easement-verdict" not in answer.headers
    assert SECRET not in json.dumps(record) + answer.text
