"""Keys that the service holds for a party, encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_keys",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("kid", sa.LargeBinary(length=32), nullable=False),
        sa.Column("party", sa.LargeBinary(length=32), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "kid", name=op.f("pk_held_keys")),
    )


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back: restore the database from before")
