"""First schema"""

import hashlib
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from easement.store.columns import Moment, Tree

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("jwk", Tree, nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("revoked", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_keys")),
    )
    op.create_index(op.f("ix_client_keys_client_id"), "client_keys", ["client_id"], unique=False)
    op.create_table(
        "client_secrets",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("expires", Moment()),
        sa.Column("revoked", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_secrets")),
    )
    op.create_index(op.f("ix_client_secrets_client_id"), "client_secrets", ["client_id"], unique=False)
    op.create_table(
        "definition_files",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_definition_files")),
        comment="Interface descriptions and what they refer to, by SHA-256 of their bytes.",
    )
    op.create_table(
        "estate_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("registered", sa.String(length=64), nullable=False),
        sa.Column("changed", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_estate_head")),
        comment="One row: the hash of all registered revisions and how often it moved. Writers lock it.",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("answer", Tree, nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("person", "key", name=op.f("pk_idempotency_keys")),
        comment="Answers already given to a request; ``request`` is the hash of what was asked.",
    )
    op.create_table(
        "integrations",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("changed", Moment(), nullable=False),
        sa.Column("removed", Moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_integrations")),
        comment="INT-0001 style ids and lifecycle states. Rows stay after removal, so a number is never given twice.",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_integrations_present",
        "integrations",
        ["name"],
        unique=True,
        sqlite_where=sa.text("removed IS NULL"),
        postgresql_where=sa.text("removed IS NULL"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("roles", Tree, nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("disabled", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("name", name=op.f("uq_people_name")),
        comment="People who use the API, the CLI and the console. ``disabled`` is when, or empty.",
    )
    op.create_table(
        "plans",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_plans")),
        comment="Every plan that was ever enforced, by its hash.",
    )
    op.create_table(
        "revisions",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("body", Tree, nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "revision", name=op.f("pk_revisions")),
        sa.UniqueConstraint("kind", "name", "ordinal", name=op.f("uq_revisions_kind_name_ordinal")),
        comment="One immutable version of a document.",
    )
    op.create_table(
        "revoked_tokens",
        sa.Column("jti", sa.String(length=100), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_revoked_tokens")),
    )
    op.create_index(op.f("ix_revoked_tokens_expires"), "revoked_tokens", ["expires"], unique=False)
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("jwk_public", Tree, nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("activated", Moment()),
        sa.Column("retired", Moment()),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "used_assertions",
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("jti", sa.String(length=200), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti", name=op.f("pk_used_assertions")),
        comment="Client assertions already seen (RFC 7523 §3 point 7): each is good for one use, over restarts too.",
    )
    op.create_index(op.f("ix_used_assertions_expires"), "used_assertions", ["expires"], unique=False)
    op.create_table(
        "api_tokens",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("scopes", Tree, nullable=False),
        sa.Column("expires", Moment()),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("revoked", Moment()),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_api_tokens_person_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_api_tokens")),
    )
    op.create_index(op.f("ix_api_tokens_person_id"), "api_tokens", ["person_id"], unique=False)
    op.create_table(
        "current_plan",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("changed", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["hash"], ["plans.hash"], name=op.f("fk_current_plan_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_current_plan")),
        comment="One row: the plan that is enforced now.",
    )
    op.create_table(
        "documents",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("registered", sa.String(length=64), nullable=False),
        sa.Column("enforced", sa.String(length=64)),
        sa.Column("removed", Moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kind", "name", "enforced"],
            ["revisions.kind", "revisions.name", "revisions.revision"],
            name=op.f("fk_documents_kind_name_enforced"),
        ),
        sa.ForeignKeyConstraint(
            ["kind", "name", "registered"],
            ["revisions.kind", "revisions.name", "revisions.revision"],
            name=op.f("fk_documents_kind_name_registered"),
        ),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_documents")),
        comment="Each document: the revision that was applied last, and the approved one that is enforced.",
    )
    op.create_table(
        "one_time_links",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.Column("used", Moment()),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_one_time_links_person_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_one_time_links")),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("risk", sa.String(length=16), nullable=False),
        sa.Column("reasons", Tree, nullable=False),
        sa.Column("roles", Tree, nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("decided", Moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kind", "name", "revision"],
            ["revisions.kind", "revisions.name", "revisions.revision"],
            name=op.f("fk_reviews_kind_name_revision"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        comment="The design review of one revision.",
    )
    op.create_index(op.f("ix_reviews_kind_name_id"), "reviews", ["kind", "name", "id"], unique=False)
    op.create_index(op.f("ix_reviews_state_id"), "reviews", ["state", "id"], unique=False)
    op.create_table(
        "revision_files",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["hash"], ["definition_files.hash"], name=op.f("fk_revision_files_hash")),
        sa.ForeignKeyConstraint(
            ["kind", "name", "revision"],
            ["revisions.kind", "revisions.name", "revisions.revision"],
            name=op.f("fk_revision_files_kind_name_revision"),
        ),
        sa.PrimaryKeyConstraint("kind", "name", "revision", "path", name=op.f("pk_revision_files")),
        comment="Which definition files a revision consists of.",
    )
    op.create_table(
        "web_sessions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("last_seen", Moment()),
        sa.Column("expires", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_web_sessions_person_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_web_sessions")),
    )
    op.create_index(op.f("ix_web_sessions_expires"), "web_sessions", ["expires"], unique=False)
    op.create_index(op.f("ix_web_sessions_person_id"), "web_sessions", ["person_id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("review_id", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("roles", Tree, nullable=False),
        sa.Column("verdict", sa.String(length=24), nullable=False),
        sa.Column("automatic", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_decisions_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        comment="What one person, or the automatic rule, decided in a review, and in which roles.",
    )
    op.create_index(op.f("ix_decisions_review_id"), "decisions", ["review_id"], unique=False)
    head = sa.table(
        "estate_head",
        sa.column("id", sa.Integer()),
        sa.column("version", sa.Integer()),
        sa.column("registered", sa.String()),
        sa.column("changed", Moment()),
    )
    nothing = hashlib.sha256(b"").hexdigest()
    op.bulk_insert(head, [{"id": 1, "version": 0, "registered": nothing, "changed": datetime.now(UTC)}])


def downgrade() -> None:
    op.drop_index(op.f("ix_decisions_review_id"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_index(op.f("ix_web_sessions_person_id"), table_name="web_sessions")
    op.drop_index(op.f("ix_web_sessions_expires"), table_name="web_sessions")
    op.drop_table("web_sessions")
    op.drop_table("revision_files")
    op.drop_index(op.f("ix_reviews_state_id"), table_name="reviews")
    op.drop_index(op.f("ix_reviews_kind_name_id"), table_name="reviews")
    op.drop_table("reviews")
    op.drop_table("one_time_links")
    op.drop_table("documents")
    op.drop_table("current_plan")
    op.drop_index(op.f("ix_api_tokens_person_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_index(op.f("ix_used_assertions_expires"), table_name="used_assertions")
    op.drop_table("used_assertions")
    op.drop_table("signing_keys")
    op.drop_index(op.f("ix_revoked_tokens_expires"), table_name="revoked_tokens")
    op.drop_table("revoked_tokens")
    op.drop_table("revisions")
    op.drop_table("plans")
    op.drop_table("people")
    op.drop_index(
        "uq_integrations_present",
        table_name="integrations",
        sqlite_where=sa.text("removed IS NULL"),
        postgresql_where=sa.text("removed IS NULL"),
    )
    op.drop_table("integrations")
    op.drop_table("idempotency_keys")
    op.drop_table("estate_head")
    op.drop_table("definition_files")
    op.drop_index(op.f("ix_client_secrets_client_id"), table_name="client_secrets")
    op.drop_table("client_secrets")
    op.drop_index(op.f("ix_client_keys_client_id"), table_name="client_keys")
    op.drop_table("client_keys")
