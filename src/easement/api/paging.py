"""Cursor paging and entity tags."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

from fastapi import Query
from starlette.requests import Request

from easement.api.problem import ApiError

_Item = TypeVar("_Item")
MAX_PAGE: Final = 500
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Items on a page.")]
Cursor = Annotated[str, Query(max_length=400, description="The cursor of the page before; empty for the first.")]


def encode_cursor(key: str) -> str:
    """A key as an opaque cursor."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The key of a cursor. Raises :class:`~easement.api.problem.ApiError` for one that we did not make."""
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise ApiError(422, "malformed", "this cursor is not one of ours: begin at the first page") from error
    return key


def page(
    items: Sequence[_Item], key: Callable[[_Item], str], *, cursor: str, limit: int
) -> tuple[Sequence[_Item], str]:
    """The page after ``cursor`` of ``items``, which are sorted by ``key``; and the next cursor, empty at the end."""
    after = decode_cursor(cursor) if cursor else ""
    rest = [item for item in items if key(item) > after]
    chosen = rest[:limit]
    return chosen, encode_cursor(key(chosen[-1])) if len(rest) > limit else ""


def is_known(request: Request, etag: str) -> bool:
    """Whether the caller holds ``etag`` already (``If-None-Match``, weak comparison, RFC 9110 §13.1.2)."""
    held = (tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(","))
    return etag.removeprefix("W/") in set(held)


def require_match(request: Request, etag: str) -> bool:
    """Check ``If-Match`` (RFC 9110 §13.1.1): True when it was there and fits, False when it was not there.

    Raises :class:`~easement.api.problem.ApiError` 412 when it does not fit.
    """
    asked = request.headers.get("if-match", "")
    if not asked:
        return False
    if asked.strip() != "*" and etag not in {tag.strip() for tag in asked.split(",")}:
        raise ApiError(412, "stale", "it changed since you read it: read it again, then repeat")
    return True
