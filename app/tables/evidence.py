"""Evidence and files beside the log: attachments, erasures, witnesses' notes, other logs' bundles."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
)

from app.tables.columns import Digest, log_column, metadata

# Neither truth nor a projection: which statement names which file, and what was taken away from what was sealed.
# What is in a sealed field goes with it; so no row here may outlive a disclosure that it was read from.
attachments = Table(
    "attachments",
    metadata,
    log_column(),
    Column("first_index", BigInteger, nullable=False),
    Column("field", String(64), nullable=False),
    Column("line", SmallInteger, nullable=False),
    Column("sha256", Digest, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", String(80), nullable=False),
    Column("audience", String(10), nullable=False),
    PrimaryKeyConstraint("log_id", "first_index", "field", "line"),
    Index(None, "log_id", "sha256"),
    CheckConstraint("audience IN ('public', 'trade', 'regulator', 'owner')", name="audience"),
    sqlite_with_rowid=False,
)

# Never changed: who erased what, when and why. ``digest`` is that of the disclosure, ``sha256`` that of a public file.
erasures = Table(
    "erasures",
    metadata,
    log_column(),
    Column("number", BigInteger, nullable=False),
    Column("first_index", BigInteger, nullable=False),
    Column("field", String(64), nullable=False),
    Column("digest", Digest),
    Column("sha256", Digest),
    Column("ground", String(8), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("account_id", String(36)),
    Column("party", Digest),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "number"),
    Index(None, "log_id", "first_index"),
    CheckConstraint("ground IN ('request', 'due')", name="ground"),
    sqlite_with_rowid=False,
)

# Never changed: up to which erasure the storage itself has been gone over, so that its bytes are no longer there.
scrubs = Table(
    "scrubs",
    metadata,
    log_column(),
    Column("number", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "number"),
    sqlite_with_rowid=False,
)

# Evidence, and kept like truth; but a log stands without it, and nothing of the log is recomputed from it.
witnessed = Table(
    "witnessed",
    metadata,
    log_column(),
    Column("size", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "size"),
    sqlite_with_rowid=False,
)

# Evidence out of other counties' logs: for an intake the bundle that shows where its goods were shipped.
origins = Table(
    "origins",
    metadata,
    log_column(),
    Column("first_index", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sender", String(120), nullable=False),
    Column("shipped", BigInteger),
    Column("bundle", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "first_index"),
)
