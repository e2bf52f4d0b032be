"""Rows as aligned text or CSV. Nothing that a cell says can steer the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def printable(text: str) -> str:
    """Text without control characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def as_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns by width, the last one open; only the header's columns. Ends with a line break."""
    lines = [tuple(header), *(tuple(printable(str(cell)) or "-" for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180, with a header line. A cell that a spreadsheet would take for a formula gets an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([name.lower() for name in header])
    for row in rows:
        writer.writerow([_inert(str(cell)) for cell in row])
    return text.getvalue()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
