"""The demonstration: Meridian's systems on a real installation. Started by ``easement demo``."""

from __future__ import annotations

import argparse
import logging
import shutil
import signal
import sys
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey
from rich.console import Console
from rich.table import Table
from services import start_all
from story import Outcome, Story
from traffic import Traffic

from easement.runtime.ports import occupied_ports
from easement.runtime.settings import Settings, load_settings
from easement.store.manifest_folder import read_folder
from easement.testing.installation import Caller, Installation, free_ports, settings_in

SYSTEM_PORTS = {"orders": 18101, "payments": 18102, "pharmacy": 18103}
MARK = ".meridian-demo"
CALLERS = ("storefront", "crm", "orders", "warehouse", "analytics", "clinic", "pharmacy")
out = Console(highlight=False, width=None if sys.stdout.isatty() else 190)


def main() -> int:
    """Parse the command line, play, and say how it went."""
    parser = argparse.ArgumentParser(prog="easement demo")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--once", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns about TLS that ends as it should
    began = time.monotonic()
    folder = fresh_folder(options.data)
    servers, ports = start_systems()
    settings, moved = choose_ports(folder)
    if moved:
        out.print("The usual ports are taken, so this demonstration uses free ones.")
    installation = Installation(settings)
    try:
        out.print("Starting: control plane, ledger, gateway (Envoy), broker (NATS), relay, monitor ...")
        installation.start()
        private_key = prepare_estate(folder, ports)
        register(installation, folder / "estate")
        callers = {name: installation.caller(name) for name in CALLERS}
        out.print(f"Ready after {time.monotonic() - began:.0f} s: {len(callers)} systems hold credentials.\n")
        if options.once:
            return play_once(installation, callers, private_key)
        return run_until_interrupted(installation, callers, private_key, began)
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave processes behind
        installation.stop()
        for server in servers:
            server.shutdown()


def fresh_folder(folder: Path) -> Path:
    """An empty folder; what an earlier demonstration left there is removed, anything else is refused."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise SystemExit(f"easement demo: {folder} holds something else; choose another folder with --data")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    return folder


def start_systems() -> tuple[list[ThreadingHTTPServer], dict[str, int]]:
    """Meridian's own services, on their usual ports or, where one is taken, on free ones."""
    try:
        return start_all(SYSTEM_PORTS), dict(SYSTEM_PORTS)
    except OSError:
        ports = dict(zip(SYSTEM_PORTS, free_ports(len(SYSTEM_PORTS)), strict=True))
        return start_all(ports), ports


def choose_ports(folder: Path) -> tuple[Settings, bool]:
    """The settings as they are, or with free ports where theirs are taken."""
    # Rene plays every role of a review; a house of more people leaves this setting alone.
    settings = load_settings(data=folder / "data", one_person_several_roles=True)
    if not occupied_ports(settings):
        return settings, False
    return settings_in(folder), True


def prepare_estate(folder: Path, ports: dict[str, int]) -> dict[str, Any]:
    """Copy the manifests, with the ports of this run and a fresh key of the pharmacy: its private half."""
    estate = folder / "estate"
    shutil.copytree(Path(__file__).parent / "estate", estate)
    key = ECKey.generate_key("P-256", {"use": "enc", "kid": "pharmacy-demo"})
    public = key.as_dict(private=False)
    file = estate / "systems.yaml"
    lines = file.read_text().splitlines()
    written = (
        f"  encryptionKey: {{kty: EC, crv: P-256, use: enc, kid: {public['kid']}, x: {public['x']}, y: {public['y']}}}"
    )
    lines = [written if line.startswith("  encryptionKey:") else line for line in lines]
    text = "\n".join(lines) + "\n"
    for name, port in SYSTEM_PORTS.items():
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ports[name]}")
    file.write_text(text)
    return key.as_dict(private=True)


def register(installation: Installation, estate: Path) -> None:
    """Dana, a developer, registers the estate; Rene, who may review, approves what no rule approves by itself."""
    installation.person("dana", "developer")
    installation.person("rene", "reviewer", "security", "compliance")
    applied = installation.apply("dana", read_folder(estate).files)
    waiting = installation.approve_all("rene", "reviewed for the demonstration")
    out.print(f"Registered {len(applied['documents'])} documents; {waiting} needed a second person.")
    installation.until_enforced()


def play_once(installation: Installation, callers: dict[str, Caller], private_key: dict[str, Any]) -> int:
    """Play the story, print its table, and give 0 only when all of it held."""
    story = Story(installation, callers, private_key)
    story.play()
    story.ledger()
    out.print(table_of(story.outcomes))
    failed = [outcome for outcome in story.outcomes if not outcome.held]
    out.print(f"\n{len(story.outcomes) - len(failed)} of {len(story.outcomes)} held.", style="bold")
    example = next(
        (outcome.transaction for outcome in story.outcomes if outcome.tried.startswith("an order event")), ""
    )
    out.print(f"Ask the ledger: easement audit trace {example} --data {installation.settings.data}")
    return 1 if failed else 0


def table_of(outcomes: list[Outcome]) -> Table:
    """The outcomes as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "tried", "expected", "got", "transaction"):
        table.add_column(heading, overflow="fold")
    for one in outcomes:
        table.add_row("ok" if one.held else "FAILED", one.tried, one.expected, one.got, one.transaction)
    return table


def run_until_interrupted(
    installation: Installation, callers: dict[str, Caller], private_key: dict[str, Any], began: float
) -> int:
    """Play the story, then keep traffic flowing and say every few seconds what came of it."""
    story = Story(installation, callers, private_key)
    story.say = lambda one: out.print(f"  {'ok ' if one.held else 'FAILED'} {one.tried}: {one.got}")
    story.play()
    link = installation.api("operator", "POST", "/people/administrator/links").json()["url"]
    out.print(f"\nReal traffic flows from now on. {time.monotonic() - began:.0f} s after the command.")
    out.print(f"Look at it: {link}")
    out.print("Ctrl-C ends it.\n")
    traffic = Traffic(installation, callers)
    traffic.start()
    try:
        while installation.process is not None and installation.process.poll() is None:
            threading.Event().wait(5)
            counts = "  ".join(f"{what}: {count}" for what, count in sorted(traffic.counts.items()))
            out.print(f"{time.strftime('%H:%M:%S')}  {counts}")
    except KeyboardInterrupt:
        out.print("\nStopping ...")
        return 0
    finally:
        traffic.stop()
    out.print(f"\nThe installation has ended by itself; its last words: {installation.data.root / 'up.log'}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
