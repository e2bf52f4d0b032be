"""Tables of the registry's readers: saved views, and what was dismissed from the shadow inbox."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from easement.store.columns import Moment, Tree
from easement.store.tables import METADATA

saved_views: Final = Table(
    "saved_views",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("person", String(200), nullable=False),
    Column("name", String(63), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("query", Tree, nullable=False),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("person", "name"),
    Index(None, "shared", "name"),
    comment="Named searches: a person's own, and those that they share with everybody.",
)

shadow_dismissals: Final = Table(
    "shadow_dismissals",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("person", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("operations", Tree, nullable=False),
    Column("created", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    comment="Attempts without a contract that somebody has looked at and put away, until when and why.",
)
