"""Projections: what follows from the statements, dropped and recomputed by ``gengji rebuild``."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from app.tables.columns import Digest, log_column, metadata

named = Table(
    "named",
    metadata,
    log_column(),
    Column("chain", Digest, nullable=False),
    Column("type", String(7), nullable=False),
    Column("party", Digest, nullable=False),
    Column("name", String(120), nullable=False),
    Column("code", String(60), nullable=False),
    Column("first_index", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "chain"),
    Index(None, "log_id", "type", "code"),
    CheckConstraint("type IN ('party', 'place', 'product')", name="type"),
    sqlite_with_rowid=False,
)

batches = Table(
    "batches",
    metadata,
    log_column(),
    Column("chain", Digest, nullable=False),
    Column("first_index", BigInteger, nullable=False),
    Column("code", String(20), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("party", Digest, nullable=False),
    Column("product", Digest),
    Column("lot", String(40)),
    Column("unit", String(8), nullable=False),
    Column("made", String(20), nullable=False),
    PrimaryKeyConstraint("log_id", "chain"),
    UniqueConstraint("log_id", "code"),
    UniqueConstraint("log_id", "product", "lot"),
    Index(None, "log_id", "first_index"),
    Index(None, "log_id", "party", "first_index"),
    sqlite_with_rowid=False,
)

lineage = Table(
    "lineage",
    metadata,
    log_column(),
    Column("child", Digest, nullable=False),
    Column("parent", Digest, nullable=False),
    Column("first_index", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "child", "parent"),
    Index(None, "log_id", "parent"),
    sqlite_with_rowid=False,
)

postings = Table(
    "postings",
    metadata,
    log_column(),
    Column("first_index", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("corrects", BigInteger, nullable=False),
    Column("batch", Digest, nullable=False),
    Column("account", String(8), nullable=False),
    Column("owner", Digest, nullable=False),
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "first_index", "line"),
    # All that adding up a batch needs, in the order that it is added up in: a lineage adds up ten thousand.
    Index("ix_postings_sums", "log_id", "batch", "account", "owner", "corrects", "amount"),
    Index(None, "log_id", "owner", "batch"),
    Index(None, "log_id", "corrects"),
    CheckConstraint("account IN ('origin', 'held', 'transit', 'consumed', 'sold', 'lost')", name="account"),
    sqlite_with_rowid=False,
)

shipments = Table(
    "shipments",
    metadata,
    log_column(),
    Column("hash", Digest, nullable=False),
    Column("first_index", BigInteger, nullable=False),
    Column("sender", Digest, nullable=False),
    Column("receiver", Digest, nullable=False),
    Column("carrier", Digest),
    Column("planned_arrival", String(20)),
    PrimaryKeyConstraint("log_id", "hash"),
    Index(None, "log_id", "receiver", "first_index"),
    Index(None, "log_id", "sender", "first_index"),
    sqlite_with_rowid=False,
)

findings = Table(
    "findings",
    metadata,
    log_column(),
    Column("first_index", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("code", String(40), nullable=False),
    Column("severity", String(4), nullable=False),
    Column("batch", Digest),
    Column("about", BigInteger, nullable=False),
    Column("params", Text, nullable=False),
    Column("closed", BigInteger),
    Column("closed_by", String(9)),
    PrimaryKeyConstraint("log_id", "first_index", "line"),
    Index(None, "log_id", "batch"),
    Index(None, "log_id", "about"),
    Index(None, "log_id", "code", "first_index"),
    CheckConstraint("severity IN ('hold', 'flag')", name="severity"),
    CheckConstraint("closed_by IN ('released', 'corrected', 'record')", name="closed_by"),
    sqlite_with_rowid=False,
)

# Which batches a finding of severity hold reaches: the one it was found for, and, unless it stays, all that came of it.
grounds = Table(
    "grounds",
    metadata,
    log_column(),
    Column("batch", Digest, nullable=False),
    Column("first_index", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("stays", Boolean, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    PrimaryKeyConstraint("log_id", "batch", "first_index", "line"),
    Index(None, "log_id", "first_index", "line"),
    sqlite_with_rowid=False,
)

# Who answered which statement: a recall, a drill, a correction, a hold.
answers = Table(
    "answers",
    metadata,
    log_column(),
    Column("about", Digest, nullable=False),
    Column("first_index", BigInteger, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("party", Digest, nullable=False),
    PrimaryKeyConstraint("log_id", "about", "first_index"),
    sqlite_with_rowid=False,
)

# What was taken in of another log's shipment, once for the intake and once for each correction of it.
arrivals = Table(
    "arrivals",
    metadata,
    log_column(),
    Column("first_index", BigInteger, nullable=False),
    Column("intake", BigInteger, nullable=False),
    Column("log", String(120), nullable=False),
    Column("shipment", Digest, nullable=False),
    Column("chain", Digest, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("unit", String(8), nullable=False),
    PrimaryKeyConstraint("log_id", "first_index"),
    Index(None, "log_id", "shipment"),
    sqlite_with_rowid=False,
)

PROJECTIONS = (named, batches, lineage, postings, shipments, findings, grounds, answers, arrivals)
