"""The projections against the statements: recomputed by the same books into a database aside, compared row by row."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import Any

from sqlalchemy import Connection, MetaData, PrimaryKeyConstraint, Row, Table

from app.audit.report import Tally
from app.audit.rows import pages, said, select_raw
from app.batches.books import Books
from app.batches.rebuild import looked_up, unswept
from app.db import connect
from app.recording import Record
from app.tables import PROJECTIONS
from ledger.errors import LedgerError
from ledger.records import KINDS
from ledger.registry import Registry
from ledger.statement import Statement

_FIELDS = {table: [column.name for column in table.c if column.name != "log_id"] for table in PROJECTIONS}
_KEYS = {
    table: [_FIELDS[table].index(column.name) for column in table.primary_key if column.name != "log_id"]
    for table in PROJECTIONS
}


class Shadow:
    """The projections as they should be, growing in ``folder`` while the log is walked."""

    def __init__(self, live: Connection, log_id: int, folder: str, registry: Registry, tally: Tally) -> None:
        self._live = live
        self._log_id = log_id
        self._registry = registry
        self._tally = tally
        self._books = Books(log_id)
        # A file that nobody needs after a crash: so nothing is waited for.
        self._engine = connect(f"sqlite:///{folder}/shadow.sqlite", synchronous="OFF")
        self._connection = self._engine.connect()
        self._until_closed = ExitStack()
        self._until_closed.enter_context(unswept())
        _bare().create_all(self._connection)

    def open(self, page: Sequence[Statement], before: int) -> None:
        """Turn to these statements, none of which is posted yet; the first of them stands at ``before``."""
        known = [Record(statement) for statement in page if statement.kind in KINDS]
        self._books.open(self._connection, self._registry, known, careful=False, truth=self._live, before=before)

    def post(self, statement: Statement, index: int, received: int) -> None:
        """Take one in. What can't be posted, in a damaged log, is said and left out."""
        if statement.kind not in KINDS:
            return
        try:
            self._books.post(Record(statement), index, received)
        except (LedgerError, LookupError, TypeError, ValueError) as error:
            said = error if isinstance(error, LedgerError) else LedgerError("unposted", has=type(error).__name__)
            self._tally.fail("projection", "statements", index, index, said)

    def write(self) -> None:
        self._books.write()

    def compare(self) -> None:
        """Hold every row of every projection against what it should be."""
        for table in PROJECTIONS:
            query = select_raw(table, self._log_id)
            self._compare(table, pages(self._live, query), pages(self._connection, query))

    def _compare(self, table: Table, live: Iterator[Sequence[Row[Any]]], shadow: Iterator[Sequence[Row[Any]]]) -> None:
        while True:
            has, wanted = next(live, ()), next(shadow, ())
            self._tally.checked[str(table.name)] += len(wanted)
            # As plain tuples: rows compare name by name, which takes longer than reading them.
            if list(map(tuple, has)) != list(map(tuple, wanted)):
                break
            if not has:
                return
        # Somewhere from here on they part: now row by row, to the end.
        count = _Count(chain(wanted, chain.from_iterable(shadow)))
        self._merge(table, chain(has, chain.from_iterable(live)), count)
        self._tally.checked[str(table.name)] += count.value - len(wanted)

    def _merge(self, table: Table, live: Iterator[Row[Any]], shadow: Iterator[Row[Any]]) -> None:
        has, wanted = next(live, None), next(shadow, None)
        while has is not None or wanted is not None:
            order = _order(table, has, wanted)
            if order == 0 and has is not None and wanted is not None:
                self._hold(table, has, wanted)
            elif order < 0 and has is not None:
                self._fail(table, has, "extra")
            elif wanted is not None:
                self._fail(table, wanted, "absent")
            has = next(live, None) if order <= 0 else has
            wanted = next(shadow, None) if order >= 0 else wanted

    def _hold(self, table: Table, has: Row[Any], wanted: Row[Any]) -> None:
        for name, old, new in zip(_FIELDS[table], has, wanted, strict=True):
            if old != new:
                self._fail(table, wanted, "changed", path=name, has=said(old), wanted=said(new))
                return

    def _fail(self, table: Table, row: Row[Any], code: str, **params: str) -> None:
        key = ", ".join(said(row[place]) for place in _KEYS[table])
        at = PROJECTIONS.index(table)
        self._tally.fail("projection", table.name, key, at, code, **params)

    def close(self) -> None:
        self._until_closed.close()
        self._connection.close()
        self._engine.dispose()


def _bare() -> MetaData:
    """The tables with no more indexes than the books look things up by: to keep the others is half the time."""
    bare = MetaData()
    for table in PROJECTIONS:
        copy = table.to_metadata(bare)
        copy.indexes = {index for index in copy.indexes if looked_up(index)}
        copy.constraints = {each for each in copy.constraints if isinstance(each, PrimaryKeyConstraint)}
    return bare


class _Count:
    """Rows, counted as they pass."""

    def __init__(self, rows: Iterator[Row[Any]]) -> None:
        self._rows = rows
        self.value = 0

    def __iter__(self) -> "_Count":
        return self

    def __next__(self) -> Row[Any]:
        row = next(self._rows)
        self.value += 1
        return row


def _order(table: Table, has: Row[Any] | None, wanted: Row[Any] | None) -> int:
    """Which of two rows comes first by its key, −1, 0 or 1; as a database puts numbers before bytes before nothing."""
    if has is None or wanted is None:
        return 1 if has is None else -1
    one = [_sortable(has[place]) for place in _KEYS[table]]
    other = [_sortable(wanted[place]) for place in _KEYS[table]]
    return (one > other) - (one < other)


def _sortable(value: Any) -> tuple[int, Any]:
    if isinstance(value, int):
        return 0, value
    return (1, value) if isinstance(value, str) else (2, value)
