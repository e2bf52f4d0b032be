"""Tables of continuous control validation: runs, and what each found about each integration."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, String, Table, Text

from easement.store.columns import Moment, Tree
from easement.store.tables import METADATA

probe_runs: Final = Table(
    "probe_runs",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("person", String(200), nullable=False),
    Column("integrations", Tree, nullable=False),
    Column("requested", Moment, nullable=False),
    Column("finished", Moment),
    Column("plan", String(64), nullable=False),
    Column("problem", Text, nullable=False),
    comment="A run over some integrations, or over all when the list is empty; ``problem`` is why it says nothing.",
)

probe_reports: Final = Table(
    "probe_reports",
    METADATA,
    Column("run", String(36), primary_key=True),
    Column("integration", String(63), primary_key=True),
    Column("taken", Moment, nullable=False),
    Column("held", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("not_tried", Integer, nullable=False),
    Column("content", Tree, nullable=False),
    Index(None, "integration", "taken"),
    comment="What a run found about an integration; the row without a name is about the gateway as a whole.",
)
