"""API keys of service accounts: hashes, two live at once, each with an end"""

import sqlalchemy as sa
from alembic import op

from easement.store.columns import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_api_keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.Column("revoked", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_api_keys")),
    )
    op.create_index(op.f("ix_client_api_keys_client_id"), "client_api_keys", ["client_id"], unique=False)


def downgrade() -> None:
    op.drop_table("client_api_keys")
