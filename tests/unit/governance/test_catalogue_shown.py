"""Pages of a large registry show the state before while the new one is read; programs always get the present one."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

from easement.governance import catalogue
from easement.governance.catalogue import Catalogue

TODAY = date(2026, 1, 1)


@dataclass
class Registry:
    """What the catalogue asks of the registry."""

    head: int = 1
    today: date = TODAY

    def snapshot(self) -> Any:
        return SimpleNamespace(head=self.head)


class SlowReading(catalogue.Reading):
    """A reading whose working out waits until it may."""

    may_go = threading.Event()

    def work_out(self) -> None:
        assert self.may_go.wait(10)
        self.is_whole = True


def prepared(monkeypatch: Any, took_s: float) -> tuple[Registry, Catalogue, Any]:
    monkeypatch.setattr(catalogue, "Reading", SlowReading)
    SlowReading.may_go = threading.Event()
    SlowReading.may_go.set()
    registry = Registry()
    shown = Catalogue(registry)  # type: ignore[arg-type]  # the part of a registry that is asked
    first = shown.shown()
    shown._took_s = took_s  # what a large registry would have measured
    return registry, shown, first


def test_a_page_shows_the_state_before_while_a_large_registry_is_read(monkeypatch: Any) -> None:
    registry, shown, first = prepared(monkeypatch, took_s=5)
    SlowReading.may_go.clear()
    registry.head = 2
    assert shown.shown() is first
    assert not shown.is_present(first)
    assert shown.shown() is first, "one renewal at a time, nobody waits"
    SlowReading.may_go.set()
    end = time.monotonic() + 10
    while shown.shown() is first and time.monotonic() < end:
        time.sleep(0.01)
    assert shown.is_present(shown.shown())


def test_a_page_of_a_small_registry_always_shows_the_present_state(monkeypatch: Any) -> None:
    registry, shown, first = prepared(monkeypatch, took_s=0.01)
    registry.head = 2
    assert shown.shown() is not first
    assert shown.is_present(shown.shown())


def test_a_program_always_reads_the_present_state(monkeypatch: Any) -> None:
    registry, shown, first = prepared(monkeypatch, took_s=5)
    SlowReading.may_go.clear()
    registry.head = 2
    assert shown.read() is not first
    SlowReading.may_go.set()


def test_the_state_before_is_shown_for_a_minute_at_most(monkeypatch: Any) -> None:
    registry, shown, first = prepared(monkeypatch, took_s=5)
    registry.head = 2
    shown._since = time.monotonic() - 61  # a renewal that began long ago and never ended
    assert shown.shown() is not first
