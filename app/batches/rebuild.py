"""The projections, dropped and recomputed from the statements: what the live service posted comes out again.

Whoever replays brings the statements in the order of the log, a page at a time. The registry takes each one in right
after it was posted, so that every statement meets the registry that it met when it was recorded.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import Connection, Row, delete, func, select

from app.batches.books import Books
from app.recording import Record
from app.tables import PROJECTIONS, entries, logs, statements
from ledger.identity import StatementHash
from ledger.records import KINDS
from ledger.registry import Registry
from ledger.statement import Statement, reread

PAGE = 1000
"""How many statements are posted in one look-up and one write."""


def replay(
    connection: Connection, books: Books, registry: Registry, page: Sequence[tuple[Statement, int, int]]
) -> None:
    """Post ``page``, statements with first index and time of receipt, and write its rows."""
    known = [(Record(statement), index, received) for statement, index, received in page if statement.kind in KINDS]
    before = page[0][1] if page else 0
    books.open(connection, registry, [record for record, _, _ in known], careful=False, before=before)
    for record, index, received in known:
        books.post(record, index, received)
        registry.apply(record.statement, index, received)
    books.write()


def rebuild(connection: Connection, log_id: int, progress: Callable[[int, int], None] = lambda done, size: None) -> int:
    """Drop and recompute all projections of one log inside the caller's transaction; how many statements there are."""
    for table in PROJECTIONS:
        connection.execute(delete(table).where(table.c.log_id == log_id))
    origin = connection.execute(select(logs.c.origin).where(logs.c.log_id == log_id)).scalar_one()
    size: int = connection.execute(select(func.count()).where(statements.c.log_id == log_id)).scalar_one()
    registry, books, done = Registry(origin), Books(log_id), 0
    for page in _pages(connection, log_id):
        replay(connection, books, registry, page)
        done += len(page)
        progress(done, size)
    return done


def _pages(connection: Connection, log_id: int) -> Iterator[list[tuple[Statement, int, int]]]:
    """All statements in pages. Each page is a query of its own: nothing stays open while projections are written."""
    after = -1
    query = (
        select(statements.c.jws, statements.c.hash, statements.c.first_index, entries.c.received)
        .join(
            entries,
            (entries.c.log_id == statements.c.log_id) & (entries.c.log_index == statements.c.first_index),
        )
        .where(statements.c.log_id == log_id)
        .order_by(statements.c.first_index)
        .limit(PAGE)
    )
    while page := _read(connection.execute(query.where(statements.c.first_index > after))):
        yield page
        after = page[-1][1]


def _read(rows: Iterable[Row[str, StatementHash, int, int]]) -> list[tuple[Statement, int, int]]:
    return [(reread(jws, hash_), index, received) for jws, hash_, index, received in rows]
