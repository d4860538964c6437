"""Scrubbing: after rows were deleted, nothing of them is left in the files that the database keeps.

A database deletes by forgetting. SQLite with ``secure_delete`` overwrites the row, but not the copies that older
splits left in the unused part of other pages (measured: 1 row in 300 survives in a table filled in random order); the
write-ahead log keeps whole pages. So the tables that hold what is sealed are written anew, which frees every page
they ever had, and freed pages are overwritten; then the write-ahead log is emptied. PostgreSQL does the same by
``VACUUM FULL``; its write-ahead log is only hurried on: see docs/operations.md for what it keeps, and how long.
"""

import re
import time
from collections.abc import Callable, Collection
from contextlib import closing
from mmap import ACCESS_READ, mmap
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError, OperationalError

from app.db import opened
from app.errors import ServiceError
from ledger.statement import Disclosure

TABLES = ("disclosures", "attachments")
"""Those that hold what is sealed, and so are written anew."""

SALT = 32
"""The first characters of a disclosure: its salt and no more, so that nothing else on earth begins so."""

_BEGINS = re.compile(rb"(?=(Wy[IJ][A-Za-z0-9_-]{29}))")
"""How every disclosure begins: ``["`` and 22 characters of salt, as base64url."""

TRIES = 10
WAIT = 500
"""ms that a try waits for others: while it does, nobody else writes."""


def scrub(url: str, gone: Collection[Disclosure] = (), pause: Callable[[float], None] = time.sleep) -> bool:
    """Write the tables anew and empty the log behind them; False if somebody still reads what was there before.

    ``gone`` are the disclosures that must not be there any more: SQLite's file is searched for them. Raises
    ServiceError ``not-scrubbed`` where one is.
    """
    with opened(url) as engine:
        if engine.dialect.name == "sqlite":
            return _sqlite(engine, Path(make_url(url).database or ""), gone, pause)
        return _postgresql(engine)


def _sqlite(engine: Engine, path: Path, gone: Collection[Disclosure], pause: Callable[[float], None]) -> bool:
    with engine.execution_options(writes=True).begin() as connection:
        for table in TABLES:
            connection.exec_driver_sql(f"CREATE TEMP TABLE scrubbing AS SELECT * FROM {table}")  # noqa: S608
            # Without a condition: so no row is deleted, but every page given back, and overwritten whole.
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608
            connection.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM scrubbing ORDER BY 1, 2, 3, 4")  # noqa: S608
            connection.exec_driver_sql("DROP TABLE scrubbing")
    # The driver's own connection: neither of these may stand in a transaction.
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        if not _emptied(cursor, pause):
            return False
        if found(path, gone):
            cursor.execute("VACUUM")
            if not _emptied(cursor, pause):
                return False
        if found(path, gone):
            raise ServiceError("not-scrubbed", path=str(path))
    return True


def _emptied(cursor: DBAPICursor, pause: Callable[[float], None]) -> bool:
    """Whether the write-ahead log could be brought home and cut to nothing."""
    cursor.execute(f"PRAGMA busy_timeout={WAIT}")
    for _ in range(TRIES):
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        told = cursor.fetchone()
        if told is not None and told[0] == 0:
            return True
        pause(WAIT / 1000)
    return False


def found(path: Path, gone: Collection[Disclosure]) -> bool:
    """Whether any of ``gone`` begins anywhere in the database's files, in or out of use: one look at each byte."""
    salts = {one[:SALT].encode() for one in gone}
    files = [file for file in (path, path.with_name(f"{path.name}-wal")) if file.exists() and file.stat().st_size]
    return bool(salts) and any(_in_file(file, salts) for file in files)


def _in_file(path: Path, salts: Collection[bytes]) -> bool:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        return any(each[1] in salts for each in _BEGINS.finditer(data))


def _postgresql(engine: Engine) -> bool:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET lock_timeout = '5s'")
        try:
            for table in TABLES:
                connection.exec_driver_sql(f"VACUUM (FULL) {table}")
        except OperationalError:
            return False
        try:
            # The old files go with a checkpoint; with a new segment behind it, the old log may be recycled.
            for hurry in ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
                connection.exec_driver_sql(hurry)
        except DBAPIError:
            # Not ours to ask for: both come by themselves.
            return True
    return True
