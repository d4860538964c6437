"""Truth: what was signed, where it stands, the tree over it and the checkpoints; disclosures by their digests."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from app.tables.columns import Digest, log_column, metadata

logs = Table(
    "logs",
    metadata,
    Column("log_id", SmallInteger, nullable=False, autoincrement=False),
    Column("origin", String(255), nullable=False),
    Column("demonstration", Boolean, nullable=False),
    PrimaryKeyConstraint("log_id"),
    UniqueConstraint("origin"),
)

statements = Table(
    "statements",
    metadata,
    log_column(),
    Column("first_index", BigInteger, nullable=False),
    Column("hash", Digest, nullable=False),
    Column("kid", Digest, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("iss", Digest),
    Column("jws", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "first_index"),
    UniqueConstraint("log_id", "hash"),
    UniqueConstraint("log_id", "kid", "n"),
    Index(None, "log_id", "kind", "first_index"),
    sqlite_with_rowid=False,
)

entries = Table(
    "entries",
    metadata,
    log_column(),
    Column("log_index", BigInteger, nullable=False),
    Column("chain", Digest, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("prev", Digest),
    Column("received", BigInteger, nullable=False),
    Column("first_index", BigInteger, nullable=False),
    Column("hash", Digest, nullable=False),
    PrimaryKeyConstraint("log_id", "log_index"),
    UniqueConstraint("log_id", "chain", "seq"),
    UniqueConstraint("log_id", "first_index", "chain"),
    sqlite_with_rowid=False,
)

tile_hashes = Table(
    "tile_hashes",
    metadata,
    log_column(),
    Column("level", SmallInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("hash", Digest, nullable=False),
    PrimaryKeyConstraint("log_id", "level", "position"),
    sqlite_with_rowid=False,
)

checkpoints = Table(
    "checkpoints",
    metadata,
    log_column(),
    Column("size", BigInteger, nullable=False),
    Column("root", Digest, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "size"),
    sqlite_with_rowid=False,
)

disclosures = Table(
    "disclosures",
    metadata,
    log_column(),
    Column("first_index", BigInteger, nullable=False),
    Column("name", String(64), nullable=False),
    Column("audience", String(10), nullable=False),
    Column("disclosure", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "first_index", "name"),
    CheckConstraint("audience IN ('trade', 'regulator', 'owner')", name="audience"),
    sqlite_with_rowid=False,
)

TRUTH = (logs, statements, entries, tile_hashes, checkpoints)
