"""Continuous control validation: runs, and the report of each integration"""

import sqlalchemy as sa
from alembic import op

from easement.store.columns import Moment, Tree

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "probe_runs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("integrations", Tree, nullable=False),
        sa.Column("requested", Moment(), nullable=False),
        sa.Column("finished", Moment()),
        sa.Column("plan", sa.String(length=64), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe_runs")),
        comment="A run over some integrations, or over all when the list is empty; ``problem`` is why it says nothing.",
    )
    op.create_table(
        "probe_reports",
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("integration", sa.String(length=63), nullable=False),
        sa.Column("taken", Moment(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("not_tried", sa.Integer(), nullable=False),
        sa.Column("content", Tree, nullable=False),
        sa.PrimaryKeyConstraint("run", "integration", name=op.f("pk_probe_reports")),
        comment="What a run found about an integration; the row without a name is about the gateway as a whole.",
    )
    op.create_index(op.f("ix_probe_reports_integration_taken"), "probe_reports", ["integration", "taken"], unique=False)


def downgrade() -> None:
    op.drop_table("probe_reports")
    op.drop_table("probe_runs")
