"""People: accounts and sessions, the keys the service holds for parties, where notices go."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from app.tables.columns import Digest, log_column, metadata

accounts = Table(
    "accounts",
    metadata,
    log_column(),
    Column("account_id", String(36), nullable=False),
    Column("party", Digest, nullable=False),
    Column("login", String(64), nullable=False),
    Column("name", String(60), nullable=False),
    Column("password", Text, nullable=False),
    Column("role", String(12), nullable=False),
    Column("division", String(12), nullable=False),
    Column("side", String(12), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("disabled", BigInteger),
    PrimaryKeyConstraint("log_id", "account_id"),
    UniqueConstraint("log_id", "login"),
    CheckConstraint("role IN ('member', 'manager', 'inspector', 'auditor')", name="role"),
)

sessions = Table(
    "sessions",
    metadata,
    log_column(),
    Column("token_hash", Digest, nullable=False),
    Column("account_id", String(36), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "token_hash"),
    ForeignKeyConstraint(["log_id", "account_id"], ["accounts.log_id", "accounts.account_id"], ondelete="CASCADE"),
    Index(None, "log_id", "account_id"),
)

# Secrets, encrypted under a key that is not in the database (app.custody).
held_keys = Table(
    "held_keys",
    metadata,
    log_column(),
    Column("kid", Digest, nullable=False),
    Column("party", Digest),
    Column("secret", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "kid"),
)

contacts = Table(
    "contacts",
    metadata,
    log_column(),
    Column("contact_id", String(36), nullable=False),
    Column("party", Digest, nullable=False),
    Column("channel", String(7), nullable=False),
    Column("address", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "contact_id"),
    Index(None, "log_id", "party"),
    CheckConstraint("channel IN ('webhook', 'email')", name="channel"),
)

outbox = Table(
    "outbox",
    metadata,
    log_column(),
    Column("number", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("contact_id", String(36), nullable=False),
    Column("party", Digest, nullable=False),
    Column("first_index", BigInteger, nullable=False),
    Column("event", String(40), nullable=False),
    Column("payload", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", BigInteger),
    Column("done", BigInteger),
    Column("error", String(200)),
    PrimaryKeyConstraint("log_id", "number"),
    # However often the log is followed, nobody is told the same twice.
    UniqueConstraint("log_id", "first_index", "event", "contact_id"),
    Index(None, "log_id", "next_at"),
)

# How far the notices have followed the log.
followed = Table(
    "followed",
    metadata,
    log_column(),
    Column("follower", String(20), nullable=False),
    Column("size", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "follower"),
)
