"""The checkpoints that witnesses countersigned."""

import sqlalchemy as sa
from alembic import op

from migrations.keeping import keep

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "witnessed",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "size", name=op.f("pk_witnessed")),
        sqlite_with_rowid=False,
    )
    keep(op, "witnessed", ("log_id", "size"))


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back: restore the database from before")
