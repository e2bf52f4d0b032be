"""Change control: cases, their consumers, notices, and how much contracts are used"""

import sqlalchemy as sa
from alembic import op

from easement.store.columns import Moment, Tree

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change_cases",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("old_revision", sa.String(length=64), nullable=False),
        sa.Column("successor", sa.String(length=80), nullable=False),
        sa.Column("new_revision", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("verdicts", Tree, nullable=False),
        sa.Column("opened_by", sa.String(length=200), nullable=False),
        sa.Column("opened", Moment(), nullable=False),
        sa.Column("noticed", Moment()),
        sa.Column("sunset", Moment()),
        sa.Column("started", Moment()),
        sa.Column("closed", Moment()),
        sa.Column("confirmed_by", sa.String(length=200), nullable=False),
        sa.Column("permitted_until", Moment()),
        sa.Column("follow_up", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_change_cases")),
        sqlite_autoincrement=True,
        comment="One change of an interface (or of a contract) with its verdicts and its clock.",
    )
    op.create_index(op.f("ix_change_cases_state_number"), "change_cases", ["state", "number"], unique=False)
    op.create_index(op.f("ix_change_cases_kind_name"), "change_cases", ["kind", "name"], unique=False)
    op.create_table(
        "change_parties",
        sa.Column("case_number", sa.Integer(), nullable=False),
        sa.Column("integration", sa.String(length=63), nullable=False),
        sa.Column("consumer", sa.String(length=63), nullable=False),
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("criticality", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.String(length=24), nullable=False),
        sa.Column("until", Moment()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("answered", Moment()),
        sa.Column("hits", Tree, nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["change_cases.number"], name=op.f("fk_change_parties_case_number")),
        sa.PrimaryKeyConstraint("case_number", "integration", name=op.f("pk_change_parties")),
        comment="A consumer that a change reaches, what hits it, and what it answered.",
    )
    op.create_table(
        "change_notices",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_number", sa.Integer(), nullable=False),
        sa.Column("integration", sa.String(length=63), nullable=False),
        sa.Column("team", sa.String(length=63), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", Tree, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", Moment()),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("sent", Moment()),
        sa.Column("read_by", sa.String(length=200), nullable=False),
        sa.Column("read", Moment()),
        sa.ForeignKeyConstraint(["case_number"], ["change_cases.number"], name=op.f("fk_change_notices_case_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_notices")),
        comment="The outbox: what a consumer is told, and whether it has been. A secret is a reference, never a value.",
    )
    op.create_index(op.f("ix_change_notices_case_number"), "change_notices", ["case_number"], unique=False)
    op.create_index(op.f("ix_change_notices_state_due"), "change_notices", ["state", "due"], unique=False)
    op.create_index(op.f("ix_change_notices_team_id"), "change_notices", ["team", "id"], unique=False)
    op.create_table(
        "contract_usage",
        sa.Column("integration", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.String(length=64), nullable=False),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("integration", "revision", name=op.f("pk_contract_usage")),
        comment="How often a contract was used at each of its revisions, counted from the ledger.",
    )
    op.create_table(
        "usage_position",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_usage_position_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_position")),
        comment="One row: up to where the ledger has been counted.",
    )


def downgrade() -> None:
    op.drop_table("usage_position")
    op.drop_table("contract_usage")
    op.drop_index(op.f("ix_change_notices_team_id"), table_name="change_notices")
    op.drop_index(op.f("ix_change_notices_state_due"), table_name="change_notices")
    op.drop_index(op.f("ix_change_notices_case_number"), table_name="change_notices")
    op.drop_table("change_notices")
    op.drop_table("change_parties")
    op.drop_index(op.f("ix_change_cases_kind_name"), table_name="change_cases")
    op.drop_index(op.f("ix_change_cases_state_number"), table_name="change_cases")
    op.drop_table("change_cases")
