"""Client certificates by which a service account signs in: thumbprints, each with an end"""

import sqlalchemy as sa
from alembic import op

from easement.store.columns import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_certificates",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=63), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.Column("revoked", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_certificates")),
    )
    op.create_index(op.f("ix_client_certificates_client_id"), "client_certificates", ["client_id"], unique=False)


def downgrade() -> None:
    op.drop_table("client_certificates")
