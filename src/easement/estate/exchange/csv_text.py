"""CSV (RFC 4180) that a spreadsheet shows and never executes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for the beginning of a formula, the full-width forms included."""


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A header line and rows. A cell that a spreadsheet would take for a formula gets an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([inert(str(cell)) for cell in row])
    return text.getvalue()


def inert(cell: str) -> str:
    """The cell as text. White space in front does not hide a formula, and a bare apostrophe stays tellable."""
    begins = cell.lstrip(" ")
    return f"'{cell}" if begins.startswith((*_FORMULA, "'")) else cell


def plain(cell: str) -> str:
    """The cell before :func:`inert`."""
    return cell[1:] if cell.startswith("'") and inert(cell[1:]) == cell else cell
