"""The pages in a real browser: complete, quiet, usable with a keyboard and without scripts, and safe to look at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from easement.console.routes import NAVIGATION
from easement.testing.installation import Installation, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
# Nothing but the pages: a browser that looks for updates on a closed network makes everything wait.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
ESTATE = Path(__file__).parents[2] / "examples" / "meridian" / "estate"
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
ATTACK = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
TRANSACTION = "01900000-0000-7000-8000-000000000000"
PAGES = {
    "/": "Health",
    "/registry": "Registry",
    "/integrations/storefront-reads-orders": ATTACK,
    f"/transactions/{TRANSACTION}": "Transaction",
    "/refused": "Refused attempts",
    "/reviews": "Reviews",
    "/dead-letters": "Dead letters",
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An estate with a hostile title, a contract that waits for a review, and an attempt that was refused."""
    with running(tmp_path_factory.mktemp("console")) as one:
        one.person("dana", "developer")
        one.person("vera", "viewer")
        files = {str(path.relative_to(ESTATE)): path.read_bytes() for path in ESTATE.rglob("*.yaml")}
        quoted = ATTACK.replace("'", "''").encode()
        files["integrations.yaml"] = files["integrations.yaml"].replace(b"The shop shows orders", b"'" + quoted + b"'")
        one.apply("dana", files)
        one.until_enforced()
        one.gateway.get("/nothing/of/the/kind")
        yield one


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def signed_in(installation: Installation, browser: Browser) -> Iterator[BrowserContext]:
    context = sign_in(installation, browser, "administrator")
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    page = signed_in.new_page()
    yield page
    page.close()


def console(installation: Installation, path: str = "/") -> str:
    return f"http://127.0.0.1:{installation.settings.console_port}{path}"


def sign_in(installation: Installation, browser: Browser, person: str, **options: object) -> BrowserContext:
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(installation.api("operator", "POST", f"/people/{person}/links").json()["url"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("load")
    assert urlsplit(page.url).path == "/"
    return context  # the page goes with it: to close one that has just moved on may wait for ever


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_its_heading_and_no_complaint(installation: Installation, page: Page, path: str):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(console(installation, path))
    assert page.locator("h1").inner_text().startswith(PAGES[path])
    assert page.locator("header nav a").count() == len(NAVIGATION)
    assert complaints == []


@pytest.mark.node
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(installation: Installation, page: Page, path: str, scheme: str):
    page.emulate_media(color_scheme=scheme)
    page.goto(console(installation, path))
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(found => found.violations)")
    serious = [
        (one["id"], [node["html"][:120] for node in one["nodes"]])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
    assert serious == []


@pytest.mark.parametrize("width", [1300, 390])
@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_wider_than_its_window(installation: Installation, page: Page, path: str, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(console(installation, path))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_hostile_title_is_shown_as_text(installation: Installation, page: Page):
    for path in ("/registry", "/integrations/storefront-reads-orders"):
        page.goto(console(installation, path))
        assert ATTACK in page.locator("main").inner_text()
        assert page.locator("main img, main script").count() == 0
        assert page.title() != "owned"


def test_a_hostile_search_is_shown_as_text(installation: Installation, page: Page):
    page.goto(console(installation) + "?q=%22%3E%3Cscript%3Edocument.title%3D%27owned%27%3C/script%3E")
    assert page.locator("input[type=search]").input_value() == "\"><script>document.title='owned'</script>"
    assert page.title() == "Health · Easement"


def test_the_policy_stops_a_script_that_got_in(installation: Installation, page: Page):
    page.goto(console(installation))
    page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = \"document.title = 'owned'\";"
        " document.body.append(one); }"
    )
    assert page.title() == "Health · Easement"


def test_the_keyboard_reaches_search_and_pages(installation: Installation, page: Page):
    page.goto(console(installation))
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("crm")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?q=crm$"))
    assert page.locator("tbody tr").count() == 1
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url(re.compile("/registry$"))


def test_pages_are_whole_without_scripts(installation: Installation, browser: Browser):
    context = sign_in(installation, browser, "administrator", java_script_enabled=False)
    page = context.new_page()
    for path, heading in PAGES.items():
        page.goto(console(installation, path))
        assert page.locator("h1").inner_text().startswith(heading)
    page.goto(console(installation))
    page.locator("input[type=search]").fill("crm")
    page.get_by_role("button", name="Filter").click()
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("button", name="Sign out").click()
    page.goto(console(installation, "/registry"))
    assert page.locator("h1").inner_text() == "You are not signed in"
    context.close()


def test_who_is_not_signed_in_learns_how(installation: Installation, browser: Browser):
    context = browser.new_context()
    page = context.new_page()
    for path in PAGES:
        answer = page.goto(console(installation, path))
        assert answer is not None
        assert answer.status == 401
        assert "easement person link NAME" in page.locator("main").inner_text()
        assert page.locator("header nav a").count() == 0
    context.close()


def test_a_link_signs_in_once(installation: Installation, browser: Browser):
    link = installation.api("operator", "POST", "/people/vera/links").json()["url"]
    for expected in ("Health", "This link no longer works"):
        context = browser.new_context()
        page = context.new_page()
        page.goto(link)
        if page.get_by_role("button", name="Sign in").count():
            page.get_by_role("button", name="Sign in").click()
        assert page.locator("h1").inner_text() == expected
        context.close()


def test_a_viewer_sees_health_but_not_who_tried_what(installation: Installation, browser: Browser):
    context = sign_in(installation, browser, "vera")
    page = context.new_page()
    page.goto(console(installation, "/registry"))
    assert page.locator("tbody tr").count() == 9
    for path in ("/refused", f"/transactions/{TRANSACTION}"):
        answer = page.goto(console(installation, path))
        assert answer is not None
        assert answer.status == 403
        assert page.locator("h1").inner_text() == "Not for this role"
        assert page.locator("main table").count() == 0
    context.close()


def test_what_waits_and_what_was_refused_is_on_its_page(installation: Installation, page: Page):
    page.goto(console(installation, "/reviews"))
    assert "orders-charges-cards" in page.locator("tbody").inner_text()
    page.goto(console(installation, "/refused"))
    expect(page.locator("tbody")).to_contain_text("No access token", timeout=20_000)  # the page refreshes itself
