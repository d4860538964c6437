"""The first tables, and the triggers that keep what is truth as it was written.

SQLite's ``INSERT OR REPLACE`` deletes without asking a delete trigger unless ``recursive_triggers`` is on, which
is for each connection to say; so there an insert that would replace anything is refused as well.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TRUTH = {
    "logs": (("log_id",), ("origin",)),
    "statements": (("log_id", "first_index"), ("log_id", "hash"), ("log_id", "kid", "n")),
    "entries": (("log_id", "log_index"), ("log_id", "chain", "seq"), ("log_id", "first_index", "chain")),
    "tile_hashes": (("log_id", "level", "position"),),
    "checkpoints": (("log_id", "size"),),
}


def _triggers(dialect: str, table: str, keys: tuple[tuple[str, ...], ...]) -> list[str]:
    refused = f"{table}: what is recorded is not changed"
    if dialect == "sqlite":
        same = [" AND ".join(f"{column} = NEW.{column}" for column in key) for key in keys]
        taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in same)  # noqa: S608 - names from above
        return [
            f"CREATE TRIGGER {table}_keep_{verb.lower()} BEFORE {verb} ON {table} {when}"
            f"BEGIN SELECT RAISE(ABORT, '{refused}'); END"
            for verb, when in (("UPDATE", ""), ("DELETE", ""), ("INSERT", f"WHEN {taken} "))
        ]
    return [
        f"""CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{refused}'; END $$""",
        f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} EXECUTE FUNCTION {table}_keep()",
    ]


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("party", sa.LargeBinary(32), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("disabled", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("role IN ('member', 'manager', 'inspector', 'auditor')", name=op.f("ck_accounts_role")),
        sa.PrimaryKeyConstraint("log_id", "account_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("log_id", "login", name=op.f("uq_accounts_log_id_login")),
    )
    op.create_table(
        "batches",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("chain", sa.LargeBinary(32), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("party", sa.LargeBinary(32), nullable=False),
        sa.Column("product", sa.LargeBinary(32), nullable=True),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("made", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "chain", name=op.f("pk_batches")),
        sa.UniqueConstraint("log_id", "code", name=op.f("uq_batches_log_id_code")),
        sa.UniqueConstraint("log_id", "product", "lot", name=op.f("uq_batches_log_id_product_lot")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_batches_log_id_first_index"), "batches", ["log_id", "first_index"], unique=False)
    op.create_index(
        op.f("ix_batches_log_id_party_first_index"), "batches", ["log_id", "party", "first_index"], unique=False
    )
    op.create_table(
        "checkpoints",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "size", name=op.f("pk_checkpoints")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "disclosures",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("disclosure", sa.Text(), nullable=False),
        sa.CheckConstraint("audience IN ('trade', 'regulator', 'owner')", name=op.f("ck_disclosures_audience")),
        sa.PrimaryKeyConstraint("log_id", "first_index", "name", name=op.f("pk_disclosures")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "entries",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.LargeBinary(32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("prev", sa.LargeBinary(32), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "log_index", name=op.f("pk_entries")),
        sa.UniqueConstraint("log_id", "chain", "seq", name=op.f("uq_entries_log_id_chain_seq")),
        sa.UniqueConstraint("log_id", "first_index", "chain", name=op.f("uq_entries_log_id_first_index_chain")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "findings",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=4), nullable=False),
        sa.Column("batch", sa.LargeBinary(32), nullable=True),
        sa.Column("params", sa.Text(), nullable=False),
        sa.CheckConstraint("severity IN ('hold', 'flag')", name=op.f("ck_findings_severity")),
        sa.PrimaryKeyConstraint("log_id", "first_index", "line", name=op.f("pk_findings")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_findings_log_id_batch"), "findings", ["log_id", "batch"], unique=False)
    op.create_index(
        op.f("ix_findings_log_id_code_first_index"), "findings", ["log_id", "code", "first_index"], unique=False
    )
    op.create_table(
        "lineage",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("child", sa.LargeBinary(32), nullable=False),
        sa.Column("parent", sa.LargeBinary(32), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "child", "parent", name=op.f("pk_lineage")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_lineage_log_id_parent"), "lineage", ["log_id", "parent"], unique=False)
    op.create_table(
        "logs",
        sa.Column("log_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.String(length=255), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", name=op.f("pk_logs")),
        sa.UniqueConstraint("origin", name=op.f("uq_logs_origin")),
    )
    op.create_table(
        "named",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("chain", sa.LargeBinary(32), nullable=False),
        sa.Column("type", sa.String(length=7), nullable=False),
        sa.Column("party", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("type IN ('party', 'place', 'product')", name=op.f("ck_named_type")),
        sa.PrimaryKeyConstraint("log_id", "chain", name=op.f("pk_named")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_named_log_id_type_code"), "named", ["log_id", "type", "code"], unique=False)
    op.create_table(
        "postings",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("corrects", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.LargeBinary(32), nullable=False),
        sa.Column("account", sa.String(length=8), nullable=False),
        sa.Column("owner", sa.LargeBinary(32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "account IN ('origin', 'held', 'transit', 'consumed', 'sold', 'lost')", name=op.f("ck_postings_account")
        ),
        sa.PrimaryKeyConstraint("log_id", "first_index", "line", name=op.f("pk_postings")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_postings_log_id_batch"), "postings", ["log_id", "batch"], unique=False)
    op.create_index(op.f("ix_postings_log_id_corrects"), "postings", ["log_id", "corrects"], unique=False)
    op.create_index(op.f("ix_postings_log_id_owner_batch"), "postings", ["log_id", "owner", "batch"], unique=False)
    op.create_table(
        "shipments",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.LargeBinary(32), nullable=False),
        sa.Column("receiver", sa.LargeBinary(32), nullable=False),
        sa.Column("carrier", sa.LargeBinary(32), nullable=True),
        sa.Column("planned_arrival", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("log_id", "hash", name=op.f("pk_shipments")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_shipments_log_id_receiver_first_index"),
        "shipments",
        ["log_id", "receiver", "first_index"],
        unique=False,
    )
    op.create_index(
        op.f("ix_shipments_log_id_sender_first_index"), "shipments", ["log_id", "sender", "first_index"], unique=False
    )
    op.create_table(
        "statements",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("kid", sa.LargeBinary(32), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("iss", sa.LargeBinary(32), nullable=True),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "first_index", name=op.f("pk_statements")),
        sa.UniqueConstraint("log_id", "hash", name=op.f("uq_statements_log_id_hash")),
        sa.UniqueConstraint("log_id", "kid", "n", name=op.f("uq_statements_log_id_kid_n")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_statements_log_id_kind_first_index"), "statements", ["log_id", "kind", "first_index"], unique=False
    )
    op.create_table(
        "tile_hashes",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "level", "position", name=op.f("pk_tile_hashes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sessions",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id", "account_id"],
            ["accounts.log_id", "accounts.account_id"],
            name=op.f("fk_sessions_log_id_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("log_id", "token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_log_id_account_id"), "sessions", ["log_id", "account_id"], unique=False)
    for table, keys in TRUTH.items():
        for statement in _triggers(op.get_bind().dialect.name, table, keys):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back: restore the database from before")
