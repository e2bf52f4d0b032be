"""Whose a revoked token was and when it was revoked; accounts whose tokens are all revoked up to a moment"""

import sqlalchemy as sa
from alembic import op

from easement.store.columns import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("revoked_tokens", sa.Column("client_id", sa.String(length=63)))
    op.add_column("revoked_tokens", sa.Column("revoked", Moment()))
    op.create_table(
        "revoked_accounts",
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_revoked_accounts")),
        comment="Every token of the account that was issued until then is revoked; kept until the last would expire.",
    )
    op.create_index(op.f("ix_revoked_accounts_expires"), "revoked_accounts", ["expires"], unique=False)


def downgrade() -> None:
    op.drop_table("revoked_accounts")
    op.drop_column("revoked_tokens", "revoked")
    op.drop_column("revoked_tokens", "client_id")
