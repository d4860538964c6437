"""The daily heads of all chains need no table: they lie in files, made again from the entries at any time."""

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back: restore the database from before")
