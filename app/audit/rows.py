"""Stored rows as the bytes they are: read only, streamed, nothing decoded on the way that damage could trip over."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, Table, event, select, type_coerce
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import NullType

from app.db import connect
from app.tables import Digest
from ledger import b64u

AT_ONCE = 1000


def read_only(url: str) -> Engine:
    """An engine that can't write. On SQLite text that is no longer UTF-8 is read as what it is."""
    engine = connect(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA query_only=ON")
            connection.text_factory = _text

        return engine
    return engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")


def read_lock(folder: Path, origin: str) -> str | None:
    """The note that the lock holds, without opening its session; None where there is no lock, as beside a backup."""
    path = folder / "lock.sqlite"
    if not path.exists():
        return None
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        row = connection.execute("SELECT note FROM lock WHERE origin = ?", (origin,)).fetchone()
    return row[0] if row else None


def said(value: Any) -> str:
    """A stored value as it is written in reports: digests as b64u."""
    return b64u.encode(value) if isinstance(value, bytes) else str(value)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def raw(table: Table) -> list[ColumnElement[Any]]:
    """The table's columns behind ``log_id``, digests as bytes."""
    return [
        type_coerce(column, NullType()).label(column.name) if isinstance(column.type, Digest) else column
        for column in table.c
        if column.name != "log_id"
    ]


def select_raw(table: Table, log_id: int) -> Select[Any]:
    """All rows of one log, in the order of the primary key."""
    query = select(*raw(table)).where(table.c.log_id == log_id)
    return query.order_by(*(column for column in table.primary_key if column.name != "log_id"))


def stream(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    """The rows of a query as they come, never all at once."""
    return iter(connection.execute(query, execution_options={"yield_per": AT_ONCE}))


def pages(connection: Connection, query: Select[Any], size: int = AT_ONCE) -> Iterator[Sequence[Row[Any]]]:
    """The same, ``size`` rows at a time."""
    return connection.execute(query, execution_options={"yield_per": size}).partitions(size)


class Ahead:
    """A stream of rows with a look at the next one, whose first column is a whole number that rises."""

    def __init__(self, rows: Iterator[Row[Any]]) -> None:
        self._rows = rows
        self.next: Row[Any] | None = next(rows, None)

    def pop(self) -> Row[Any]:
        row = self.next
        assert row is not None  # noqa: S101
        self.next = next(self._rows, None)
        return row

    def below(self, key: int) -> Iterator[Row[Any]]:
        """Takes the rows whose key is less, and those whose key is no number at all."""
        while self.next is not None and (not isinstance(self.next[0], int) or self.next[0] < key):
            yield self.pop()

    def at(self, key: int) -> Row[Any] | None:
        """Takes the row of this key, if it is the next."""
        return self.pop() if self.next is not None and self.next[0] == key else None

    def rest(self) -> Iterator[Row[Any]]:
        while self.next is not None:
            yield self.pop()
