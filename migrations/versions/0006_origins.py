"""What came from other counties' logs, and those logs' own bundles of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "arrivals",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("intake", sa.BigInteger(), nullable=False),
        sa.Column("log", sa.String(length=120), nullable=False),
        sa.Column("shipment", sa.LargeBinary(length=32), nullable=False),
        sa.Column("chain", sa.LargeBinary(length=32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "first_index", name=op.f("pk_arrivals")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_arrivals_log_id_shipment"), "arrivals", ["log_id", "shipment"], unique=False)
    op.create_table(
        "origins",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.String(length=120), nullable=False),
        sa.Column("shipped", sa.BigInteger(), nullable=True),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "first_index", name=op.f("pk_origins")),
    )


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back: restore the database from before")
