"""Runs every benchmark and keeps the figures in docs/benchmarks.md, with the machine they were measured on."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
PARTS = {
    "gateway.py": "Gateway: requests beside plain Envoy",
    "scale.py": "Gateway: 10,000 integrations beside 10",
    "relay.py": "Relay: the whole pipeline beside a bare fetch and publish",
    "ledger.py": "Ledger",
    "tokens.py": "Tokens",
    "compiler.py": "Check, compile and impact of a large estate",
    "impact.py": "Impact of a change among 10,000 integrations",
    "pages.py": "Pages of the console over 10,000 integrations",
}
INTRODUCTION = """\
# Benchmarks

`make bench` measures these and writes this page. The ratios are what counts: both sides of a ratio are measured in one
run on one machine, in turn. Absolute figures are of that machine only; load generator, engine and target share its
cores. What is compared with what stands in each part of `bench/`.

"""
READING = "## Reading\n"
"""What people wrote about the figures begins here, and stays."""


def main() -> int:
    """Run all parts; 1 when one of them failed. A failed part keeps its output on the page."""
    chosen = sys.argv[1:] or list(PARTS)
    sections: list[str] = []
    failed = 0
    for name in chosen:
        print(f"== {PARTS[name]}", flush=True)
        done = subprocess.run([sys.executable, str(HERE / name)], capture_output=True, text=True, check=False)
        text = done.stdout.strip() or done.stderr.strip()
        print(text, flush=True)
        failed += done.returncode != 0
        sections.append(f"## {PARTS[name]}\n\n```text\n{text}\n```\n")
    if not sys.argv[1:]:
        machine = (
            f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
        )
        when = dt.datetime.now(dt.UTC).date()
        _, heading, reading = PAGE.read_text().partition(READING)
        PAGE.write_text(
            f"{INTRODUCTION}Measured on {when}: {machine}.\n\n"
            + "\n".join(sections)
            + f"\n{heading or READING}{reading}"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
