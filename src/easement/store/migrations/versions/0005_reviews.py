"""Comments in reviews, who granted roles and issued sign-ins, scores day by day"""

import sqlalchemy as sa
from alembic import op

from easement.store.columns import Moment, Tree

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ISSUED = ("api_tokens", "one_time_links", "web_sessions")


def upgrade() -> None:
    op.create_table(
        "review_comments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("review_id", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("resolved_by", sa.String(length=200)),
        sa.Column("resolved", Moment()),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_review_comments_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_comments")),
        comment="What somebody said about a place (a JSON pointer, empty for the whole document) in a revision.",
    )
    op.create_index(op.f("ix_review_comments_review_id"), "review_comments", ["review_id"], unique=False)
    op.create_table(
        "role_grants",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("granted_by", sa.String(length=200), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
        comment="Who gave which role to whom; a person's first rows say who made them.",
    )
    op.create_index(op.f("ix_role_grants_person_id"), "role_grants", ["person", "id"], unique=False)
    op.create_table(
        "scorecard_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("parts", Tree, nullable=False),
        sa.PrimaryKeyConstraint("day", "kind", "name", name=op.f("pk_scorecard_days")),
        comment="One score for each day, in tenths of a point, of the estate, a team, system or integration.",
    )
    op.create_index(op.f("ix_scorecard_days_kind_name_day"), "scorecard_days", ["kind", "name", "day"], unique=False)
    for table in _ISSUED:
        op.add_column(table, sa.Column("issued_by", sa.String(length=200)))


def downgrade() -> None:
    for table in _ISSUED:
        op.drop_column(table, "issued_by")
    op.drop_table("scorecard_days")
    op.drop_table("role_grants")
    op.drop_table("review_comments")
