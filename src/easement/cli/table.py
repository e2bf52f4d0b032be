"""Rows as aligned text or CSV. Nothing that a cell says can steer the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from easement.estate.exchange.csv_text import csv_text


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
    return csv_text([name.lower() for name in header], rows)
