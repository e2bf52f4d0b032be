"""Shared by all tests: free ports, the refusal of skips in CI."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from ctypes.util import find_library
from pathlib import Path

import pytest

REFUSE_SKIPS = os.environ.get("EASEMENT_REFUSE_SKIPS") == "1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), "")


HAS_RULES = Path("/usr/share/modsecurity-crs/rules").is_dir() and find_library("modsecurity") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run, loudly; CI refuses."""
    for item in items:
        if item.get_closest_marker("browser") and not CHROMIUM and not REFUSE_SKIPS:
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine: install it to run browser tests"))
        if item.path.name.startswith("test_waf") and not HAS_RULES and not REFUSE_SKIPS:
            reason = "no libmodsecurity3 with modsecurity-crs on this machine: install them to run tests of inspection"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """In CI a skipped test is a failed one."""
    report = yield
    if REFUSE_SKIPS and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which this run refuses: {report.longrepr}"
    return report


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """A function that gives so many free TCP ports on loopback."""

    def take(count: int) -> list[int]:
        sockets = [socket.socket() for _ in range(count)]
        try:
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            return [one.getsockname()[1] for one in sockets]
        finally:
            for one in sockets:
                one.close()

    return take


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the Chromium binary."""
    assert CHROMIUM, "no Chromium on this machine"
    return CHROMIUM


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden`` rewrites golden files instead of comparing with them."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; the diff is the review")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """A function that holds text against a golden file, or rewrites the file under ``--update-golden``."""

    def hold(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.write_text(text)
        assert path.is_file(), f"{path.name} is missing: run pytest tests/golden --update-golden and look at it"
        assert text == path.read_text()

    return hold
