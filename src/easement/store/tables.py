"""Every table of the control plane.

* A revision is written once and never changed: its name is the hash of its content.
* ``version`` columns count changes; a writer names the version it has seen (optimistic concurrency).
* Credentials are kept as SHA-256 of a random value of full entropy; the value itself is nowhere.
* ``migrations/`` builds these tables; a test holds the two against each other.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from easement.store.columns import Moment, Tree

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_REVISION: Final = ("revisions.kind", "revisions.name", "revisions.revision")


# --- the registry ---------------------------------------------------------------------------------------------------

estate_head: Final = Table(
    "estate_head",
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("registered", String(64), nullable=False),
    Column("changed", Moment, nullable=False),
    comment="One row: the hash of all registered revisions and how often it moved. Writers lock it.",
)

revisions: Final = Table(
    "revisions",
    METADATA,
    Column("kind", String(32), primary_key=True),
    Column("name", String(63), primary_key=True),
    Column("revision", String(64), primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("body", Tree, nullable=False),
    Column("file", Text, nullable=False),
    Column("author", String(200), nullable=False),
    Column("created", Moment, nullable=False),
    UniqueConstraint("kind", "name", "ordinal"),
    comment="One immutable version of a document.",
)

definition_files: Final = Table(
    "definition_files",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    comment="Interface descriptions and what they refer to, by SHA-256 of their bytes.",
)

revision_files: Final = Table(
    "revision_files",
    METADATA,
    Column("kind", String(32), primary_key=True),
    Column("name", String(63), primary_key=True),
    Column("revision", String(64), primary_key=True),
    Column("path", String(500), primary_key=True),
    Column("hash", String(64), ForeignKey("definition_files.hash"), nullable=False),
    ForeignKeyConstraint(("kind", "name", "revision"), _REVISION),
    comment="Which definition files a revision consists of.",
)

documents: Final = Table(
    "documents",
    METADATA,
    Column("kind", String(32), primary_key=True),
    Column("name", String(63), primary_key=True),
    Column("registered", String(64), nullable=False),
    Column("enforced", String(64)),
    Column("removed", Moment),
    Column("version", Integer, nullable=False),
    ForeignKeyConstraint(("kind", "name", "registered"), _REVISION),
    ForeignKeyConstraint(("kind", "name", "enforced"), _REVISION),
    comment="Each document: the revision that was applied last, and the approved one that is enforced.",
)

integrations: Final = Table(
    "integrations",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("name", String(63), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("removed", Moment),
    Column("version", Integer, nullable=False),
    Index(
        "uq_integrations_present",
        "name",
        unique=True,
        sqlite_where=text("removed IS NULL"),
        postgresql_where=text("removed IS NULL"),
    ),
    sqlite_autoincrement=True,
    comment="INT-0001 style ids and lifecycle states. Rows stay after removal, so a number is never given twice.",
)

reviews: Final = Table(
    "reviews",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("name", String(63), nullable=False),
    Column("revision", String(64), nullable=False),
    Column("author", String(200), nullable=False),
    Column("state", String(24), nullable=False),
    Column("risk", String(16), nullable=False),
    Column("reasons", Tree, nullable=False),
    Column("roles", Tree, nullable=False),
    Column("created", Moment, nullable=False),
    Column("decided", Moment),
    Column("version", Integer, nullable=False),
    ForeignKeyConstraint(("kind", "name", "revision"), _REVISION),
    Index(None, "state", "id"),
    Index(None, "kind", "name", "id"),
    comment="The design review of one revision.",
)

decisions: Final = Table(
    "decisions",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("review_id", String(36), ForeignKey("reviews.id"), nullable=False, index=True),
    Column("person", String(200), nullable=False),
    Column("roles", Tree, nullable=False),
    Column("verdict", String(24), nullable=False),
    Column("automatic", Boolean, nullable=False, server_default=false()),
    Column("comment", Text, nullable=False),
    Column("created", Moment, nullable=False),
    comment="What one person, or the automatic rule, decided in a review, and in which roles.",
)

plans: Final = Table(
    "plans",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("created", Moment, nullable=False),
    comment="Every plan that was ever enforced, by its hash.",
)

current_plan: Final = Table(
    "current_plan",
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True, autoincrement=False),
    Column("hash", String(64), ForeignKey("plans.hash"), nullable=False),
    Column("changed", Moment, nullable=False),
    comment="One row: the plan that is enforced now.",
)

idempotency_keys: Final = Table(
    "idempotency_keys",
    METADATA,
    Column("person", String(200), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("answer", Tree, nullable=False),
    Column("created", Moment, nullable=False),
    comment="Answers already given to a request; ``request`` is the hash of what was asked.",
)


# --- people and credentials (the repositories are in easement.identity) ---------------------------------------------

people: Final = Table(
    "people",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("roles", Tree, nullable=False),
    Column("created", Moment, nullable=False),
    Column("disabled", Moment),
    comment="People who use the API, the CLI and the console. ``disabled`` is when, or empty.",
)

api_tokens: Final = Table(
    "api_tokens",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("person_id", String(36), ForeignKey("people.id"), nullable=False, index=True),
    Column("label", String(200), nullable=False),
    Column("scopes", Tree, nullable=False),
    Column("issued_by", String(200)),
    Column("expires", Moment),
    Column("created", Moment, nullable=False),
    Column("revoked", Moment),
)

one_time_links: Final = Table(
    "one_time_links",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("person_id", String(36), ForeignKey("people.id"), nullable=False),
    Column("issued_by", String(200)),
    Column("expires", Moment, nullable=False),
    Column("used", Moment),
)

web_sessions: Final = Table(
    "web_sessions",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("person_id", String(36), ForeignKey("people.id"), nullable=False, index=True),
    Column("issued_by", String(200)),
    Column("created", Moment, nullable=False),
    Column("last_seen", Moment),
    Column("expires", Moment, nullable=False, index=True),
)

openid_attempts: Final = Table(
    "openid_attempts",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("browser", String(64), nullable=False),
    Column("verifier", String(128), nullable=False),
    Column("nonce", String(128), nullable=False),
    Column("expires", Moment, nullable=False, index=True),
)

client_secrets: Final = Table(
    "client_secrets",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("client_id", String(63), nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Column("revoked", Moment),
)

client_api_keys: Final = Table(
    "client_api_keys",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("client_id", String(63), nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("revoked", Moment),
)

client_certificates: Final = Table(
    "client_certificates",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("client_id", String(63), nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("revoked", Moment),
)

client_keys: Final = Table(
    "client_keys",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("client_id", String(63), nullable=False, index=True),
    Column("jwk", Tree, nullable=False),
    Column("created", Moment, nullable=False),
    Column("revoked", Moment),
)

revoked_tokens: Final = Table(
    "revoked_tokens",
    METADATA,
    Column("jti", String(100), primary_key=True),
    Column("expires", Moment, nullable=False, index=True),
    Column("client_id", String(63)),
    Column("revoked", Moment),
)

revoked_accounts: Final = Table(
    "revoked_accounts",
    METADATA,
    Column("client_id", String(63), primary_key=True),
    Column("until", Moment, nullable=False),
    Column("expires", Moment, nullable=False, index=True),
    comment="Every token of the account that was issued until then is revoked; kept until the last would expire.",
)

used_assertions: Final = Table(
    "used_assertions",
    METADATA,
    Column("client_id", String(63), primary_key=True),
    Column("jti", String(200), primary_key=True),
    Column("expires", Moment, nullable=False, index=True),
    comment="Client assertions already seen (RFC 7523 §3 point 7): each is good for one use, over restarts too.",
)

signing_keys: Final = Table(
    "signing_keys",
    METADATA,
    Column("kid", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("jwk_public", Tree, nullable=False),
    Column("private_sealed", LargeBinary, nullable=False),
    Column("created", Moment, nullable=False),
    Column("activated", Moment),
    Column("retired", Moment),
)
