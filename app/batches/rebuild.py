"""The projections, dropped and recomputed from the statements: what the live service posted comes out again.

Whoever replays brings the statements in the order of the log, a page at a time. The registry takes each one in right
after it was posted, so that every statement meets the registry that it met when it was recorded.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Index, LargeBinary, Row, delete, func, select, type_coerce

from app.batches.books import LOOKED_UP, Books
from app.recording import Record
from app.tables import PROJECTIONS, entries, logs, statements
from ledger import b64u
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
    with unswept(), _bare(connection):
        for page in _pages(connection, log_id):
            replay(connection, books, registry, page)
            done += len(page)
            progress(done, size)
    return done


@contextmanager
def unswept() -> Iterator[None]:
    """Long-lived objects are looked through seldom, for as long as this lasts.

    What the books remember are a million small objects, none of them in a circle; to look through them whenever some
    more have come takes a quarter of all the time.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def looked_up(index: Index) -> bool:
    """Whether the books need it while they are kept, or only those who read them."""
    _, name, *rest = index.columns.keys()
    return name in LOOKED_UP or (name, *rest) == ("first_index", "line")


@contextmanager
def _bare(connection: Connection) -> Iterator[None]:
    """No more indexes than the books look things up by; the others are made again at the end, in one go each.

    On SQLite only: on PostgreSQL nobody could read a table from here on.
    """
    spare = [index for table in PROJECTIONS for index in table.indexes if not looked_up(index)]
    spare = spare if connection.dialect.name == "sqlite" else []
    for index in spare:
        index.drop(connection)
    yield
    for index in spare:
        index.create(connection)


def _pages(connection: Connection, log_id: int) -> Iterator[list[tuple[Statement, int, int]]]:
    """All statements in pages. Each page is a query of its own: nothing stays open while projections are written."""
    after = -1
    hash_ = type_coerce(statements.c.hash, LargeBinary)
    query = (
        select(statements.c.jws, hash_, statements.c.first_index, entries.c.received)
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


def _read(rows: Iterable[Row[str, bytes, int, int]]) -> list[tuple[Statement, int, int]]:
    # Each hash comes once: the ids that come again are the ones to be remembered.
    return [(reread(jws, StatementHash(b64u.encode(hash_))), index, received) for jws, hash_, index, received in rows]
