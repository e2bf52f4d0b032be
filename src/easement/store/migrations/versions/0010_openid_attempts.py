"""Attempts of people to sign in at an OpenID provider: each of one browser, for one answer, for minutes"""

import sqlalchemy as sa
from alembic import op

from easement.store.columns import Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "openid_attempts",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("nonce", sa.String(length=128), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_openid_attempts")),
    )
    op.create_index(op.f("ix_openid_attempts_expires"), "openid_attempts", ["expires"], unique=False)


def downgrade() -> None:
    op.drop_table("openid_attempts")
