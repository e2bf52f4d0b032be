"""The registry's pages in a real browser: search with facets and views, the graph, the shadow inbox, work lists."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import select

from easement.api.access import AccessControl
from easement.api.app import create_api
from easement.api.services import ControlServices
from easement.api.session_cookie import SessionCookie
from easement.api.sign_in import sign_in_router
from easement.console.routes import console_router
from easement.contract.loader import load
from easement.governance.apply import apply
from easement.governance.registry import Registry
from easement.identity.people import People
from easement.identity.sign_in import SignIn
from easement.keys.secrets import Secret
from easement.ledger.record import Record, Status
from easement.monitoring.reader import MonitoringReader
from easement.store.database import open_engine, reading, sqlite_url
from easement.store.migrate import upgrade
from easement.store.revocations import Revocations
from easement.store.tables_probes import probe_runs
from easement.testing.installation import free_ports, until
from easement.testing.ledger_folder import LedgerFolder
from easement.testing.records import a_record

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
ESTATE = Path(__file__).parents[2] / "examples" / "meridian" / "estate"
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
ATTACK = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PAGES = {
    "/registry": "Registry",
    "/registry?every=1": "Registry",
    "/graph?at=system/orders": "Graph",
    "/graph?at=system/orders&overlay=data&depth=3": "Graph",
    "/graph?at=system/orders&overlay=health&direction=downstream": "Graph",
    "/graph?at=field/orders-api@1%23customer.email": "Graph",
    "/graph?at=%3Cscript%3E": "Graph",
    "/shadow?every=1": "Shadow inbox",
    "/worklists": "Work lists",
    "/documents/system/orders": "",
    "/documents/integration/storefront-reads-orders": "",
    "/documents/interface/orders-api@1": "",
}


@dataclass
class Site:
    """The console on a port of its own, with a person for each role that a test needs."""

    address: str
    sign_in: SignIn
    registry: Registry
    records: list[Record]

    def link(self, person: str) -> str:
        code = self.sign_in.issue_link(person, actor="test").reveal()
        return f"{self.address}/sign-in/{code}"


def refusal(account: str, operation: str) -> Record:
    return a_record(
        status=Status.REFUSED, integration="", integration_id="", source=account, account=account, target="orders",
        message_type=operation, error_code="EAS-5403", time_ms=int(datetime.now(UTC).timestamp() * 1000) - 1_000,
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("registry-pages")
    engine = open_engine(sqlite_url(folder / "control.db"))
    upgrade(engine)
    records: list[Record] = []
    people = People(engine, records.extend)
    sign_in = SignIn(engine, people, records.extend)
    for name, roles in (("ada", ["admin", "operator", "developer"]), ("vera", ["viewer"])):
        people.add(name, roles, actor="test", now=datetime.now(UTC))
    ledger = LedgerFolder(folder / "evidence")
    ledger.append([refusal("crm", "orders-api@1.cancelOrder"), refusal(ATTACK, "orders-api@1.getOrder")])
    ledger.settle()
    cookie = SessionCookie(allow_plain=True)
    registry = Registry(engine=engine, environment="development", record=records.extend)
    services = ControlServices(
        registry=registry, ledger=ledger.reader, health=MonitoringReader(folder / "monitor"),
        access=AccessControl(authenticator=sign_in, cookie=cookie, record=records.extend),
        node_token=Secret("node"), jwks=lambda: {"keys": []}, revocations=Revocations, api_keys=dict, roles=dict,
    )  # fmt: skip
    files = {str(path.relative_to(ESTATE)): path.read_bytes() for path in ESTATE.rglob("*.yaml")}
    quoted = ATTACK.replace("'", "''").encode()
    files["integrations.yaml"] = files["integrations.yaml"].replace(b"The shop shows orders", b"'" + quoted + b"'")
    apply(registry, load(files), "ada", base=None, prune=False, key=None)
    monitoring = MonitoringReader(folder / "monitor")
    app = create_api(services, [sign_in_router(sign_in, cookie), console_router(services, monitoring)])
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started, "the console serves")
    yield Site(f"http://127.0.0.1:{port}", sign_in, registry, records)
    server.should_exit = True
    thread.join(20)
    ledger.close()
    engine.dispose()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


def signed_in(site: Site, browser: Browser, person: str, **options: Any) -> BrowserContext:
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(site.link(person))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("load")
    return context


@pytest.fixture(scope="module")
def context(site: Site, browser: Browser) -> Iterator[BrowserContext]:
    context = signed_in(site, browser, "ada")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("path", PAGES)
def test_registry_page_is_whole_quiet_and_fits(site: Site, page: Page, path: str, width: int):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_viewport_size({"width": width, "height": 900})
    answer = page.goto(site.address + path)
    assert answer is not None
    assert answer.status == 200
    assert page.locator("h1").inner_text().startswith(PAGES[path])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.title() != "owned"
    assert complaints == []


@pytest.mark.node
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_registry_page_is_accessible(site: Site, page: Page, path: str, scheme: str):
    page.emulate_media(color_scheme=scheme)
    page.goto(site.address + path)
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(found => found.violations)")
    serious = [
        (one["id"], [node["html"][:140] for node in one["nodes"]][:4])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
    assert serious == []


def test_facets_narrow_down_and_a_view_keeps_them(site: Site, page: Page):
    page.goto(site.address + "/registry")
    assert page.locator("tbody tr").count() == 9
    page.locator("aside a", has_text="insight").click()
    page.wait_for_load_state("load")
    assert page.locator("tbody tr").count() == 2
    page.locator("input[name=name]").fill("insight-only")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/registry?view=insight-only")
    assert page.locator("tbody tr").count() == 2
    page.goto(site.address + "/registry")
    page.get_by_role("link", name="insight-only").click()
    page.wait_for_load_state("load")
    assert page.locator("tbody tr").count() == 2
    page.get_by_role("button", name="Remove view insight-only").click()
    page.wait_for_load_state("load")
    assert page.get_by_role("link", name="insight-only").count() == 0


def test_csv_of_the_page_has_no_formula(site: Site, page: Page):
    page.goto(site.address + "/registry")
    with page.expect_download() as download:
        page.get_by_role("link", name="as CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("kind,id,name,title")


def test_nodes_of_the_graph_are_links_for_the_keyboard(site: Site, page: Page):
    page.goto(site.address + "/graph?at=system/payments&depth=1")
    node = page.locator("svg.graph a").last
    node.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**at=interface*")
    assert page.locator("svg.graph a[aria-current]").count() == 1
    drawn = set(page.locator("svg.graph a").evaluate_all("nodes => nodes.map(node => node.dataset.reference)"))
    listed = set(page.locator("tbody th").all_inner_texts())
    assert listed <= drawn


def test_an_attempt_is_drafted_and_dismissed_with_a_reason(site: Site, page: Page):
    page.goto(site.address + "/shadow")
    assert ATTACK in page.locator("main").inner_text()
    page.get_by_role("link", name="Open the entry of crm at orders-api@1").click()
    page.wait_for_load_state("load")
    assert "operations:\n  - cancelOrder" in page.locator("pre").inner_text()
    page.locator("textarea").fill("agreed with the orders team")
    page.get_by_role("button", name="Dismiss").click()
    page.wait_for_url("**/shadow")
    assert page.get_by_role("link", name="Open the entry of crm at orders-api@1").count() == 0
    assert [one.account for one in site.records if one.message_type == "shadow.dismissed"] == ["ada"]


def test_a_viewer_may_search_but_not_see_who_tried_what(site: Site, browser: Browser):
    context = signed_in(site, browser, "vera")
    page = context.new_page()
    assert page.goto(site.address + "/registry").status == 200
    for path in ("/shadow", "/shadow/0123"):
        assert page.goto(site.address + path).status == 403
    page.goto(site.address + "/registry")
    csrf = page.evaluate("document.querySelector('input[name=csrf]').value")
    answer = page.request.post(
        site.address + "/shadow/0123/dismiss", form={"csrf": csrf, "reason": "x"}, headers={"Origin": site.address}
    )
    assert answer.status == 403
    forged = page.request.post(site.address + "/registry/views", form={"csrf": "0" * 20, "name": "stolen"})
    assert forged.status == 403
    context.close()


def test_only_who_may_asks_for_a_probe_and_only_from_the_page(site: Site, browser: Browser):
    address, own = site.address + "/controls/probe", {"Origin": site.address}
    viewer = signed_in(site, browser, "vera")
    page = viewer.new_page()
    page.goto(site.address + "/controls")
    assert page.get_by_role("button", name="Probe").count() == 0, "who may not ask is not offered to"
    page.goto(site.address + "/registry")
    csrf = page.evaluate("document.querySelector('input[name=csrf]').value")
    assert page.request.post(address, form={"csrf": csrf}, headers=own).status == 403
    viewer.close()
    admin = signed_in(site, browser, "ada")
    page = admin.new_page()
    page.goto(site.address + "/registry")
    csrf = page.evaluate("document.querySelector('input[name=csrf]').value")
    for form, headers in (
        ({"csrf": "0" * 20}, own), ({}, own), ({"csrf": csrf}, {"Origin": "https://evil.example"}),
        ({"csrf": csrf}, {"Sec-Fetch-Site": "cross-site"}),
    ):  # fmt: skip
        assert page.request.post(address, form=form, headers=headers).status == 403, (form, headers)
    with reading(site.registry.engine) as connection:
        assert connection.execute(select(probe_runs)).all() == []
    admin.close()


def test_odd_addresses_get_a_page_that_says_why(site: Site, page: Page):
    for path, status in (
        ("/registry?facet=size", 422), ("/registry?sort=mood", 422), ("/registry?cursor=%25", 422),
        ("/registry?view=none", 404), ("/documents/system/none", 404), ("/documents/none/none", 404),
        ("/shadow/none", 404), ("/graph?at=&depth=99&direction=x&overlay=y&kind=z", 200),
    ):  # fmt: skip
        answer = page.goto(site.address + path)
        assert answer is not None
        assert answer.status == status, path
