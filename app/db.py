"""Engines: SQLite for one machine without services, PostgreSQL for a county, by the same Core code.

Durability is not an option here: SQLite runs in WAL mode with ``synchronous=FULL``, PostgreSQL with
``synchronous_commit=on``, so that what a commit returned from is on the disk.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, Table, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

MAPPED = 2**31 - 65536
"""How much of a database file is read out of memory, bytes: the most that SQLite maps."""


def connect(url: str, *, synchronous: str = "FULL", mapped: bool = False) -> Engine:
    """An engine on ``url``; ``synchronous`` is SQLite's (only the test that shows it matters turns it off).

    ``mapped`` for those who read here and there all day: a look-up then costs no call of the system for each page.
    """
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=8,
        hide_parameters=True,  # errors are logged, and parameters may be what somebody sealed
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver must not open transactions on its own: BEGIN IMMEDIATE below is what takes the write lock.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            "secure_delete=ON",  # what is erased is overwritten; for all of it see app.erasure.scrub
            "busy_timeout=30000",
            "cache_size=-32768",
            f"mmap_size={MAPPED if mapped else 0}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        immediate = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


@contextmanager
def opened(url: str, *, synchronous: str = "FULL", mapped: bool = False) -> Iterator[Engine]:
    """The same for as long as the block lasts: however it ends, no connection is left behind."""
    engine = connect(url, synchronous=synchronous, mapped=mapped)
    try:
        yield engine
    finally:
        engine.dispose()


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Many rows at once, each a tuple in the order of the table's columns, ids and hashes as bytes.

    Past the type system on purpose: this is the way of every statement, and half its cost was parameters.
    """
    if rows:
        connection.exec_driver_sql(_insert(table, connection.dialect), list(rows))


@lru_cache(maxsize=256)
def _insert(table: Table, dialect: Dialect) -> str:
    # The driver's own placeholders, by position: SQLAlchemy writes the names, the driver takes the tuples.
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    columns = ", ".join(column.name for column in table.columns)
    return f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join([mark] * len(table.columns))})"  # noqa: S608
