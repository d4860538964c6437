"""Every table. Constraints carry the law: what two rows may not both say, the database refuses.

Every key leads with ``log_id``, so that one database may hold many counties' logs and be spread by it. Ids and
hashes are 32 bytes in the database and b64u in Python (``Digest``).

Truth: logs, statements, entries, tile_hashes, checkpoints (and disclosures, by the digests that name them).
Projections, dropped and recomputed by ``gengji rebuild``: named, batches, lineage, postings, shipments, findings,
grounds, answers, arrivals.
People: accounts, sessions.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from ledger import b64u


class Digest(TypeDecorator[str]):
    """A hash or id: b64u in Python, its 32 bytes in the database."""

    impl = LargeBinary(32)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else b64u.decode(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else _text(bytes(value))


@lru_cache(maxsize=65536)
def _text(value: bytes) -> str:
    # A lineage reads the same ids again and again.
    return b64u.encode(value)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _log_id() -> Column[int]:
    return Column("log_id", SmallInteger, nullable=False)


# --- truth -------------------------------------------------------------------------------------------------------

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
    _log_id(),
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
    _log_id(),
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
    _log_id(),
    Column("level", SmallInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("hash", Digest, nullable=False),
    PrimaryKeyConstraint("log_id", "level", "position"),
    sqlite_with_rowid=False,
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _log_id(),
    Column("size", BigInteger, nullable=False),
    Column("root", Digest, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "size"),
    sqlite_with_rowid=False,
)

disclosures = Table(
    "disclosures",
    metadata,
    _log_id(),
    Column("first_index", BigInteger, nullable=False),
    Column("name", String(64), nullable=False),
    Column("audience", String(10), nullable=False),
    Column("disclosure", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "first_index", "name"),
    CheckConstraint("audience IN ('trade', 'regulator', 'owner')", name="audience"),
    sqlite_with_rowid=False,
)

TRUTH = (logs, statements, entries, tile_hashes, checkpoints)

# --- attachments and erasures -------------------------------------------------------------------------------------

# Neither truth nor a projection: which statement names which file, and what was taken away from what was sealed.
# What is in a sealed field goes with it; so no row here may outlive a disclosure that it was read from.
attachments = Table(
    "attachments",
    metadata,
    _log_id(),
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
    _log_id(),
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
    _log_id(),
    Column("number", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "number"),
    sqlite_with_rowid=False,
)

# --- projections -------------------------------------------------------------------------------------------------

named = Table(
    "named",
    metadata,
    _log_id(),
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
    _log_id(),
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
    _log_id(),
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
    _log_id(),
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
    _log_id(),
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
    _log_id(),
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
    _log_id(),
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
    _log_id(),
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
    _log_id(),
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

# --- witnesses ---------------------------------------------------------------------------------------------------

# Evidence, and kept like truth; but a log stands without it, and nothing of the log is recomputed from it.
witnessed = Table(
    "witnessed",
    metadata,
    _log_id(),
    Column("size", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "size"),
    sqlite_with_rowid=False,
)

# --- other logs ---------------------------------------------------------------------------------------------------

# Evidence out of other counties' logs: for an intake the bundle that shows where its goods were shipped.
origins = Table(
    "origins",
    metadata,
    _log_id(),
    Column("first_index", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sender", String(120), nullable=False),
    Column("shipped", BigInteger),
    Column("bundle", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "first_index"),
)

# --- rules --------------------------------------------------------------------------------------------------------

# The dated tables that rules look things up in, each version as it was imported; in force since a run of the rules.
rule_tables = Table(
    "rule_tables",
    metadata,
    _log_id(),
    Column("name", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("text", Text, nullable=False),
    Column("imported", BigInteger, nullable=False),
    Column("run", Integer),
    PrimaryKeyConstraint("log_id", "name", "version"),
)

rule_runs = Table(
    "rule_runs",
    metadata,
    _log_id(),
    Column("run", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("tables", Text, nullable=False),
    Column("opened", Integer, nullable=False),
    Column("closed", Integer, nullable=False),
    PrimaryKeyConstraint("log_id", "run"),
)

# What a run changed: no statement says it, so it is kept beside them.
rule_changes = Table(
    "rule_changes",
    metadata,
    _log_id(),
    Column("run", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    Column("change", String(6), nullable=False),
    Column("code", String(40), nullable=False),
    Column("batch", Digest),
    Column("about", BigInteger, nullable=False),
    Column("params", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "run", "line"),
    Index(None, "log_id", "batch"),
    CheckConstraint("change IN ('opened', 'closed')", name="change"),
)

# --- notices ------------------------------------------------------------------------------------------------------

contacts = Table(
    "contacts",
    metadata,
    _log_id(),
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
    _log_id(),
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
    _log_id(),
    Column("follower", String(20), nullable=False),
    Column("size", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "follower"),
)

# --- people ------------------------------------------------------------------------------------------------------

accounts = Table(
    "accounts",
    metadata,
    _log_id(),
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
    _log_id(),
    Column("token_hash", Digest, nullable=False),
    Column("account_id", String(36), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "token_hash"),
    ForeignKeyConstraint(["log_id", "account_id"], ["accounts.log_id", "accounts.account_id"], ondelete="CASCADE"),
    Index(None, "log_id", "account_id"),
)

# --- held keys: secrets, encrypted under a key that is not in the database (app.custody) --------------------------

held_keys = Table(
    "held_keys",
    metadata,
    _log_id(),
    Column("kid", Digest, nullable=False),
    Column("party", Digest),
    Column("secret", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    PrimaryKeyConstraint("log_id", "kid"),
)
