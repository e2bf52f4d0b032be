"""Tables of what the workflow does over time: interface versions, scheduled transitions, decommissioning."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, String, Table, Text

from easement.store.columns import Moment, Tree
from easement.store.tables import METADATA

interface_states: Final = Table(
    "interface_states",
    METADATA,
    Column("interface", String(63), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("deprecated", Moment),
    Column("sunset", Moment),
    Column("successor", String(63), nullable=False),
    Column("link", String(500), nullable=False),
    Column("reason", Text, nullable=False),
    Column("person", String(200), nullable=False),
    Column("changed", Moment, nullable=False),
    Column("version", Integer, nullable=False),
    comment="Where an interface version stands; one without a row is active.",
)

scheduled_transitions: Final = Table(
    "scheduled_transitions",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("subject", String(80), nullable=False),
    Column("event", String(16), nullable=False),
    Column("due", Moment, nullable=False),
    Column("person", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("said", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Index(None, "state", "due"),
    comment="What is to happen by itself at a time: deprecate, sunset, retire.",
)

decommissions: Final = Table(
    "decommissions",
    METADATA,
    Column("integration", String(63), nullable=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("person", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("cut", Moment),
    Column("finished", Moment),
    Column("steps", Tree, nullable=False),
    Column("facts", Tree, nullable=False),
    Column("version", Integer, nullable=False),
    comment="The removal of an integration, step by step; ``steps`` are those that are done.",
)
