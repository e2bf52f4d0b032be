"""axe-core on every page of the console that a person can reach by its links, at two widths, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from easement.testing.installation import Installation, running, until

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.timeout(600)]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
ROOT = Path(__file__).parents[2]
ESTATE = ROOT / "examples" / "meridian" / "estate"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
OF_ONE_SHAPE = 2
"""How many pages that differ only in what they are about are looked at."""
MOST_PAGES = 80
MUST_BE_REACHED = {
    "/", "/registry", "/integrations/*", "/reviews", "/reviews/*", "/findings", "/standards", "/standards/*",
    "/scorecards", "/scorecards/*/*", "/refused", "/controls", "/controls/*", "/dead-letters",
}  # fmt: skip
LOOKS = ((1280, "light"), (420, "dark"))


@pytest.fixture(scope="module")
def estate_at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The example estate with contracts that wait, a comment, and an attempt that was refused."""
    with running(tmp_path_factory.mktemp("accessibility")) as one:
        one.person("dana", "developer")
        one.person("rita", "reviewer")
        one.apply("dana", {str(path.relative_to(ESTATE)): path.read_bytes() for path in ESTATE.rglob("*.yaml")})
        waiting = one.api("operator", "GET", "/reviews").json()["items"]
        assert waiting
        for review in waiting[:2]:
            one.api(
                "rita", "POST", f"/reviews/{review['id']}/comments", json={"path": "/spec", "body": "Why all of it?"}
            )
        one.gateway.get("/nothing/of/the/kind")
        run = one.api("operator", "POST", "/probe-runs", json={}).json()["id"]
        until(lambda: bool(one.api("operator", "GET", f"/probe-runs/{run}").json()["finished"]), "the probe", 60)
        yield one


@pytest.fixture(scope="module")
def signed_in_browser(chromium: str, estate_at_work: Installation) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = browser.new_context()
        page = context.new_page()
        page.goto(estate_at_work.api("operator", "POST", "/people/administrator/links").json()["url"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state("load")
        yield context
        browser.close()


def shape(path: str) -> str:
    """The path with what it is about left out: ``/reviews/*``."""
    parts = path.strip("/").split("/")
    depth = {"scorecards": 2}.get(parts[0], 1)
    return "/" + "/".join([parts[0], *["*" for _ in parts[1 : 1 + depth]], *parts[1 + depth :]])


def crawl(context: BrowserContext, origin: str) -> list[str]:
    """Every page within reach of the first one, a few of each shape."""
    page = context.new_page()
    waiting, seen, shapes = ["/"], {"/"}, {}
    found: list[str] = []
    while waiting and len(found) < MOST_PAGES:
        path = waiting.pop(0)
        kind = shape(urlsplit(path).path)
        if shapes.get(kind, 0) >= OF_ONE_SHAPE:
            continue
        answer = page.goto(origin + path)
        assert answer is not None
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert answer.status == 200, f"{path}: {answer.status}"
        shapes[kind] = shapes.get(kind, 0) + 1
        found.append(path)
        for link in page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))"):
            clean = link.partition("#")[0]
            if re.match(r"/(?!/|api/|static/|sign-)", clean or "") and not is_file(clean) and clean not in seen:
                seen.add(clean)
                waiting.append(clean)
    page.close()
    return found


def is_file(path: str) -> bool:
    """Whether a link is a download."""
    return urlsplit(path).path.endswith((".csv", ".json", ".svg")) or "format=" in path


def test_axe_finds_nothing_on_any_page(estate_at_work: Installation, signed_in_browser: BrowserContext) -> None:
    origin = f"http://127.0.0.1:{estate_at_work.settings.console_port}"
    paths = crawl(signed_in_browser, origin)
    reached = {shape(urlsplit(path).path) for path in paths}
    assert reached >= MUST_BE_REACHED, sorted(MUST_BE_REACHED - reached)
    script, page = AXE.read_text(), signed_in_browser.new_page()
    found = []
    for path in paths:
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of two words
            page.goto(origin + path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            found += [f"{path} at {width}: {wide} pixels wide"] if wide > width else []
            page.evaluate(script)
            found += [
                f"{path} at {width}, {scheme}: {one['id']} ({one['impact']}) {one['nodes'][0]['html'][:160]}"
                for one in page.evaluate("axe.run().then(found => found.violations)")
                if one["impact"] in {"moderate", "serious", "critical"}
            ]
    page.close()
    assert found == []


def test_a_review_is_commented_and_decided_without_a_script(
    estate_at_work: Installation, signed_in_browser: BrowserContext
) -> None:
    """The forms work in a browser that runs no script, and the review moves on."""
    estate_at_work.person("pia", "reviewer", "security", "compliance", "coe")
    waiting = estate_at_work.api("operator", "GET", "/reviews").json()["items"][-1]
    browser = signed_in_browser.browser
    assert browser is not None
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(estate_at_work.api("operator", "POST", "/people/pia/links").json()["url"])
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"http://127.0.0.1:{estate_at_work.settings.console_port}/reviews/{waiting['id']}")
    page.get_by_label("Comment", exact=True).fill("<b>Is</b> it needed?")
    page.get_by_role("button", name="Comment").click()
    assert "<b>Is</b> it needed?" in page.locator("ol.comments").inner_text()
    page.get_by_role("button", name=re.compile("Resolve the comment of pia")).last.click()
    assert "resolved by pia" in page.locator("ol.comments").inner_text()
    page.get_by_label("What you looked at").fill("Say what the data is for.")
    page.get_by_role("button", name="Ask for changes").click()
    assert "changes-requested" in page.locator("h1").inner_text()
    page.context.close()
    after = estate_at_work.api("operator", "GET", f"/reviews/{waiting['id']}").json()["review"]
    assert (after["state"], after["decisions"][-1]["person"]) == ("changes-requested", "pia")
