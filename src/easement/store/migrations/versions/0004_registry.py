"""Saved views and the shadow inbox"""

import sqlalchemy as sa
from alembic import op

from easement.store.columns import Moment, Tree

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("query", Tree, nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("changed", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("person", "name", name=op.f("uq_saved_views_person_name")),
        comment="Named searches: a person's own, and those that they share with everybody.",
    )
    op.create_index(op.f("ix_saved_views_shared_name"), "saved_views", ["shared", "name"], unique=False)
    op.create_table(
        "shadow_dismissals",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("operations", Tree, nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_shadow_dismissals")),
        comment="Attempts without a contract that somebody has looked at and put away, until when and why.",
    )


def downgrade() -> None:
    op.drop_table("shadow_dismissals")
    op.drop_index(op.f("ix_saved_views_shared_name"), table_name="saved_views")
    op.drop_table("saved_views")
