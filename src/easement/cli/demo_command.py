"""``easement demo``: the example estate with real traffic, as a program of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    data: Annotated[Path, typer.Option(help="Folder for the demonstration; it is emptied at each start.")] = Path(
        ".easement/demo"
    ),
    once: Annotated[bool, typer.Option("--once", help="Play the story once, verify the ledger, and end.")] = False,
) -> None:
    """Run the example estate: a retailer with a health branch, its systems, and good, wrong and hostile callers."""
    import signal
    import subprocess
    import sys

    from easement.cli.failure import fail

    folder = _example_folder()
    if folder is None:
        fail("the example estate is not part of this installation", hint="Install the wheel, or run from a checkout.")
    command = [sys.executable, str(folder / "demo.py"), "--data", str(data.resolve()), *(["--once"] if once else [])]
    with subprocess.Popen(command) as process:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches the demonstration, which shuts down in order
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        raise typer.Exit(process.wait())


def _example_folder() -> Path | None:
    import importlib.util

    import easement

    found = importlib.util.find_spec("easement_examples")
    places = [Path(place) for place in (found.submodule_search_locations or ())] if found else []
    places.append(Path(easement.__file__).parents[2] / "examples")
    return next((place / "meridian" for place in places if (place / "meridian" / "demo.py").is_file()), None)
