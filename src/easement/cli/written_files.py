"""Files that commands write for the user: all of them or none, and nothing is overwritten unasked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from easement.cli.failure import fail
from easement.store.atomic_file import write_atomically


def write_files(folder: Path, files: Mapping[str, str], *, force: bool) -> list[Path]:
    """Write ``files`` (relative path to text) into ``folder``; ends the command where that cannot be done."""
    paths = {folder / name: text for name, text in files.items()}
    standing = [str(path) for path in paths if path.exists() or path.is_symlink()]
    if standing and not force:
        fail(f"already there: {', '.join(standing)}", hint="Choose another name or folder, or say --force.")
    try:
        for path, text in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text.encode(), mode=0o644)
    except OSError as error:
        fail(f"cannot write to {folder}: {error.strerror}", hint="Choose a folder that you may write to.")
    return list(paths)
