"""Tables of the Centre of Excellence: comments in reviews, who granted roles to whom, and scores day by day."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table, Text

from easement.store.columns import Moment, Tree
from easement.store.tables import METADATA

review_comments: Final = Table(
    "review_comments",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("review_id", String(36), ForeignKey("reviews.id"), nullable=False, index=True),
    Column("person", String(200), nullable=False),
    Column("path", String(500), nullable=False),
    Column("body", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("resolved_by", String(200)),
    Column("resolved", Moment),
    comment="What somebody said about a place (a JSON pointer, empty for the whole document) in a revision.",
)

role_grants: Final = Table(
    "role_grants",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("person", String(200), nullable=False),
    Column("role", String(32), nullable=False),
    Column("granted_by", String(200), nullable=False),
    Column("created", Moment, nullable=False),
    Index(None, "person", "id"),
    comment="Who gave which role to whom; a person's first rows say who made them.",
)

scorecard_days: Final = Table(
    "scorecard_days",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("score", Integer, nullable=False),
    Column("parts", Tree, nullable=False),
    Index(None, "kind", "name", "day"),
    comment="One score for each day, in tenths of a point, of the estate, a team, system or integration.",
)
