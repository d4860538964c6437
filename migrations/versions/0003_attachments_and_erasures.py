"""Attachments, and what was erased.

PostgreSQL keeps samples of a column's values for its planner, which erasing a row would leave behind: so of what is
sealed it takes none.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.keeping import keep

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAMED = {"media_type", "name", "sha256", "size"}


def upgrade() -> None:
    attachments = op.create_table(
        "attachments",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=80), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.CheckConstraint(
            "audience IN ('public', 'trade', 'regulator', 'owner')", name=op.f("ck_attachments_audience")
        ),
        sa.PrimaryKeyConstraint("log_id", "first_index", "field", "line", name=op.f("pk_attachments")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_attachments_log_id_sha256"), "attachments", ["log_id", "sha256"], unique=False)
    op.create_table(
        "erasures",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("first_index", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=True),
        sa.Column("sha256", sa.LargeBinary(32), nullable=True),
        sa.Column("ground", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("party", sa.LargeBinary(32), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("ground IN ('request', 'due')", name=op.f("ck_erasures_ground")),
        sa.PrimaryKeyConstraint("log_id", "number", name=op.f("pk_erasures")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_erasures_log_id_first_index"), "erasures", ["log_id", "first_index"], unique=False)
    op.create_table(
        "scrubs",
        sa.Column("log_id", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "number", name=op.f("pk_scrubs")),
        sqlite_with_rowid=False,
    )
    keep(op, "erasures", ("log_id", "number"))
    keep(op, "scrubs", ("log_id", "number"))
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("ALTER TABLE disclosures ALTER COLUMN disclosure SET STATISTICS 0")
        op.execute("ALTER TABLE attachments ALTER COLUMN sha256 SET STATISTICS 0")
        # What was sampled before goes with the column's statistics, which a change of type, even to the same, drops.
        op.execute("ALTER TABLE disclosures ALTER COLUMN disclosure TYPE text")
    rows = list(_named_before(connection))
    if rows:
        connection.execute(attachments.insert(), rows)


def _named_before(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """The attachments of what is recorded already, by their shape."""
    for log_id, first, jws in connection.execute(sa.text("SELECT log_id, first_index, jws FROM statements")).all():
        body = _json(jws.split(".")[1])["body"]
        yield from _rows(log_id, first, "", body, "public")
        if isinstance(body.get("new"), dict):
            yield from _rows(log_id, first, "new.", body["new"], "public")
    sealed = sa.text("SELECT log_id, first_index, audience, disclosure FROM disclosures")
    for log_id, first, audience, disclosure in connection.execute(sealed).all():
        _, name, value = _json(disclosure)
        yield from _rows(log_id, first, "", {name: value}, audience)


def _rows(log_id: int, first: int, before: str, values: dict[str, Any], audience: str) -> Iterator[dict[str, Any]]:
    for name, value in values.items():
        for line, one in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(one, dict) and one.keys() == _NAMED:
                yield {
                    "log_id": log_id,
                    "first_index": first,
                    "field": before + name,
                    "line": line,
                    "sha256": _bytes(one["sha256"]),
                    "size": one["size"],
                    "media_type": one["media_type"],
                    "audience": audience,
                }


def _json(segment: str) -> Any:
    return json.loads(_bytes(segment))


def _bytes(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def downgrade() -> None:
    raise NotImplementedError("a ledger is not taken back: restore the database from before")
