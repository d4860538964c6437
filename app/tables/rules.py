"""The dated tables that rules look things up in, and what their runs changed."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from app.tables.columns import Digest, log_column, metadata

# The dated tables that rules look things up in, each version as it was imported; in force since a run of the rules.
rule_tables = Table(
    "rule_tables",
    metadata,
    log_column(),
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
    log_column(),
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
    log_column(),
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
