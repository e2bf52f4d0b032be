"""Tables of change control: cases, the consumers in them, notices on their way, and how much contracts are used."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from easement.store.columns import Moment, Tree
from easement.store.tables import METADATA

change_cases: Final = Table(
    "change_cases",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("name", String(80), nullable=False),
    Column("old_revision", String(64), nullable=False),
    Column("successor", String(80), nullable=False),
    Column("new_revision", String(64), nullable=False),
    Column("state", String(24), nullable=False),
    Column("emergency", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("verdicts", Tree, nullable=False),
    Column("opened_by", String(200), nullable=False),
    Column("opened", Moment, nullable=False),
    Column("noticed", Moment),
    Column("sunset", Moment),
    Column("started", Moment),
    Column("closed", Moment),
    Column("confirmed_by", String(200), nullable=False),
    Column("permitted_until", Moment),
    Column("follow_up", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "state", "number"),
    Index(None, "kind", "name"),
    sqlite_autoincrement=True,
    comment="One change of an interface (or of a contract) with its verdicts and its clock.",
)

change_parties: Final = Table(
    "change_parties",
    METADATA,
    Column("case_number", Integer, ForeignKey("change_cases.number"), primary_key=True),
    Column("integration", String(63), primary_key=True),
    Column("consumer", String(63), nullable=False),
    Column("team", String(63), nullable=False),
    Column("criticality", String(16), nullable=False),
    Column("answer", String(24), nullable=False),
    Column("until", Moment),
    Column("reason", Text, nullable=False),
    Column("person", String(200), nullable=False),
    Column("answered", Moment),
    Column("hits", Tree, nullable=False),
    comment="A consumer that a change reaches, what hits it, and what it answered.",
)

change_notices: Final = Table(
    "change_notices",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("case_number", Integer, ForeignKey("change_cases.number"), nullable=False, index=True),
    Column("integration", String(63), nullable=False),
    Column("team", String(63), nullable=False),
    Column("event", String(40), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("address", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", Tree, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Moment),
    Column("error", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("sent", Moment),
    Column("read_by", String(200), nullable=False),
    Column("read", Moment),
    Index(None, "state", "due"),
    Index(None, "team", "id"),
    comment="The outbox: what a consumer is told, and whether it has been. A secret is a reference, never a value.",
)

contract_usage: Final = Table(
    "contract_usage",
    METADATA,
    Column("integration", String(63), primary_key=True),
    Column("revision", String(64), primary_key=True),
    Column("transactions", BigInteger, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    comment="How often a contract was used at each of its revisions, counted from the ledger.",
)

usage_position: Final = Table(
    "usage_position",
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    comment="One row: up to where the ledger has been counted.",
)
