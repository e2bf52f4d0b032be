"""Media types of bodies, as the compiler tells them apart."""

from __future__ import annotations


def is_json(media: str) -> bool:
    """Whether a media type is JSON (RFC 8259, RFC 6839 ``+json``)."""
    return media == "application/json" or media.endswith("+json")
