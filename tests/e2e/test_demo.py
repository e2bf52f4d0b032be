"""The demonstration, as a newcomer runs it; then its evidence is tampered with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The data directory of a finished ``easement demo --once``, and what it printed."""
    folder = tmp_path_factory.mktemp("meridian")
    done = easement("demo", "--once", "--data", str(folder / "demo"), cwd=folder, timeout=170)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return folder / "demo" / "data", done.stdout


def easement(*arguments: str, cwd: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EASEMENT_")}
    return subprocess.run(
        [sys.executable, "-m", "easement", *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "tried",
    [
        "the shop lists orders", "nobody: no token", "a stranger's token", "an operation not granted",
        "an unknown body field", "an oversized body", "15 calls at once", "a path with %2f..",
        "an order event reaches warehouse", "an order event reaches analytics", "an event that breaks its schema",
        "the same event, corrected and replayed", "a publish outside the grant", "the ledger is verified",
    ],
)  # fmt: skip
def test_each_row_of_the_story_held(played: tuple[Path, str], tried: str) -> None:
    (row,) = [line for line in played[1].splitlines() if tried in line]
    assert row.startswith("ok ")


def test_trace_prints_the_steps_of_any_transaction_of_the_story(played: tuple[Path, str]) -> None:
    data, printed = played
    transactions = sorted(set(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", printed)))
    assert len(transactions) >= 15
    for transaction in (transactions[0], transactions[-1]):
        traced = easement("audit", "trace", transaction, "--data", str(data), cwd=data)
        assert traced.returncode == 0, traced.stderr
        assert transaction in traced.stdout


def test_one_changed_byte_of_a_sealed_segment_is_found_and_its_place_named(played: tuple[Path, str]) -> None:
    data, _printed = played
    whole = easement("audit", "verify", "--data", str(data), cwd=data)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    segment = min(data.rglob("*.parquet"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    broken = easement("audit", "verify", "--data", str(data), cwd=data)
    assert broken.returncode == 3
    assert segment.name in broken.stdout
