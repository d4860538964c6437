"""Findings that open and close, what they stop, who answered; dated tables of rules; notices."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_postings_log_id_batch"), table_name="postings")
    op.create_index(
        "ix_postings_sums",
        "postings",
        ["log_id", "batch", "account", "owner", "corrects", "amount"],
        unique=False,
    )
    # A projection: made anew, and filled by a rebuild.
    op.drop_table("findings")
    op.create_table(
        "findings",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=4), nullable=False),
        sa.Column("batch", sa.LargeBinary(length=32), nullable=True),
        sa.Column("about", sa.BigInteger(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=9), nullable=True),
        sa.CheckConstraint("closed_by IN ('released', 'corrected', 'record')", name=op.f("ck_findings_closed_by")),
        sa.CheckConstraint("severity IN ('hold', 'flag')", name=op.f("ck_findings_severity")),
        sa.PrimaryKeyConstraint("log_id", "first_index", "line", name=op.f("pk_findings")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_findings_log_id_about"), "findings", ["log_id", "about"], unique=False)
    op.create_index(op.f("ix_findings_log_id_batch"), "findings", ["log_id", "batch"], unique=False)
    op.create_index(
        op.f("ix_findings_log_id_code_first_index"), "findings", ["log_id", "code", "first_index"], unique=False
    )
    op.create_table(
        "grounds",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("batch", sa.LargeBinary(length=32), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("stays", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("log_id", "batch", "first_index", "line", name=op.f("pk_grounds")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_grounds_log_id_first_index_line"), "grounds", ["log_id", "first_index", "line"], unique=False
    )
    op.create_table(
        "answers",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("about", sa.LargeBinary(length=32), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("party", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "about", "first_index", name=op.f("pk_answers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rule_tables",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("imported", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("log_id", "name", "version", name=op.f("pk_rule_tables")),
    )
    op.create_table(
        "rule_runs",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("tables", sa.Text(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "run", name=op.f("pk_rule_runs")),
    )
    op.create_table(
        "rule_changes",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=6), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("batch", sa.LargeBinary(length=32), nullable=True),
        sa.Column("about", sa.BigInteger(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.CheckConstraint("change IN ('opened', 'closed')", name=op.f("ck_rule_changes_change")),
        sa.PrimaryKeyConstraint("log_id", "run", "line", name=op.f("pk_rule_changes")),
    )
    op.create_index(op.f("ix_rule_changes_log_id_batch"), "rule_changes", ["log_id", "batch"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("party", sa.LargeBinary(length=32), nullable=False),
        sa.Column("channel", sa.String(length=7), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("channel IN ('webhook', 'email')", name=op.f("ck_contacts_channel")),
        sa.PrimaryKeyConstraint("log_id", "contact_id", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_log_id_party"), "contacts", ["log_id", "party"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("party", sa.LargeBinary(length=32), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("log_id", "number", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "log_id", "first_index", "event", "contact_id", name=op.f("uq_outbox_log_id_first_index_event_contact_id")
        ),
    )
    op.create_index(op.f("ix_outbox_log_id_next_at"), "outbox", ["log_id", "next_at"], unique=False)
    op.create_table(
        "followed",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("follower", sa.String(length=20), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "follower", name=op.f("pk_followed")),
    )


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back: restore the database from before")
