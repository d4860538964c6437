"""Change any byte, delete a row, swap two, cut the tail: the audit finds it and names it, every time."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from app.audit.report import Report
from ledger import b64u
from ledger.statement import digest
from tests.app.audit import tampering
from tests.app.audit.conftest import Kept, seed_apart
from tests.app.audit.tampering import (
    KEYS,
    TABLES,
    Database,
    File,
    changed,
    delete,
    key_of,
    rows,
    sample,
    set_field,
    swap,
)
from tests.parts.postgres import libpq

Row = tuple[Any, ...]
Tampering = tuple[str, Callable[[Database], bool], Sequence[Row]]

NAMELESS = "disclosures"
"""Of these nobody can say which row went: only that one did, and of which statement."""


def change(table: str, row: Row, column: str, at: int) -> Callable[[Database], bool]:
    def tamper(database: Database) -> bool:
        for value in changed(row[TABLES[table].index(column)], at):
            try:
                set_field(database, table, row, column, value)
            except sqlite3.IntegrityError:
                continue  # a key that another row has: take the next value
            return True
        return False

    return tamper


def remove(table: str, gone: Sequence[Row]) -> Callable[[Database], bool]:
    def tamper(database: Database) -> bool:
        for row in gone:
            delete(database, table, row)
        return True

    return tamper


def tamperings(table: str, all_rows: list[Row], places: Sequence[int]) -> Iterator[Tampering]:
    """What is done, and which rows may be named for it: the one that was, and where a key moved, the one that is."""
    for place in places:
        row, other = all_rows[place], all_rows[(place + 1) % len(all_rows)]
        for column in TABLES[table]:
            yield f"{column} of row {place} changed", change(table, row, column, place), [row]
        if table != NAMELESS:
            yield f"row {place} deleted", remove(table, [row]), [row]
        if row != other:
            yield f"rows {place} and its next swapped", lambda d, a=row, b=other: swap(d, table, a, b), [row, other]  # type: ignore[misc]
    if table != NAMELESS:
        for count in (1, 2):
            yield f"last {count} cut", remove(table, all_rows[-count:]), all_rows[-count:]


def names(report: Report, table: str, may: Sequence[Row], column: str) -> bool:
    """Whether the first bad record is one of those; of a row whose key was changed, also under its new key."""
    first = report.first
    if first is None:
        return False
    if first.table == table and (first.key in {said(table, row) for row in may} or column in KEYS[table]):
        return True
    # Two statements that changed places are still statements: what stands at that index is named, by one of its parts.
    return (
        "swapped" in column and table == "statements" and first.key.split(",")[0] in {said(table, row) for row in may}
    )


def said(table: str, row: Row) -> str:
    return ", ".join(b64u.encode(value) if isinstance(value, bytes) else str(value) for value in key_of(table, row))


@pytest.mark.parametrize("table", TABLES)
def test_it_is_found_and_named(table: str, kept: Kept, copy: Callable[[], File], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'copy.sqlite'}"
    database = copy()
    all_rows = rows(database, table)
    database.connection.close()
    assert kept.audit(url).clean
    missed, done = [], 0
    for what, tamper, may in tamperings(table, all_rows, sample(len(all_rows))):
        database = copy()
        did = tamper(database)
        database.connection.close()
        if did:
            done += 1
            report = kept.audit(url)
            if not names(report, table, may, what.split(" ")[0] if "changed" in what else what):
                missed.append((what, report.first, dict(report.bad)))
    assert not missed
    assert done >= len(TABLES[table])
    copy().connection.close()
    assert kept.audit(url).clean


@pytest.mark.parametrize("place", [0.02, 0.3, 0.5, 0.7, 0.98])
@pytest.mark.parametrize("damage", [b"\xff", b"\x00", b"A"])
def test_bytes_that_are_no_text_any_more(
    place: float, damage: bytes, kept: Kept, copy: Callable[[], File], tmp_path: Path
) -> None:
    database = copy()
    row = rows(database, "statements")[7]
    jws = str(row[-1]).encode()
    at = int(len(jws) * place)
    assert jws[at : at + 1] != damage
    other = jws[:at] + damage + jws[at + 1 :]
    database.execute("UPDATE statements SET jws = CAST(? AS TEXT) WHERE first_index = ?", [other, row[0]])
    database.connection.close()
    first = kept.audit(f"sqlite:///{tmp_path / 'copy.sqlite'}").first
    assert first
    assert (first.table, first.key) == ("statements", str(row[0]))


def test_a_commit_that_vanished_whole(kept: Kept, copy: Callable[[], File], tmp_path: Path) -> None:
    """Consistent with itself, such a database is shorter than what was signed: the lock knows."""
    database = copy()
    sizes = [row[0] for row in rows(database, "checkpoints")]
    cut = sizes[-2]
    for table, columns in TABLES.items():
        column = next((name for name in ("log_index", "first_index") if name in columns), None)
        if column:
            database.execute(f"DELETE FROM {table} WHERE {column} >= ?", [cut])
    database.execute("DELETE FROM checkpoints WHERE size > ?", [cut])
    database.execute("DELETE FROM tile_hashes WHERE (position + 1) * 256 > ?", [cut])
    database.connection.close()
    first = kept.audit(f"sqlite:///{tmp_path / 'copy.sqlite'}").first
    assert first
    assert (first.check, first.code) == ("lock", "database-behind")


def test_a_log_that_is_not_there(kept: Kept, copy: Callable[[], File], tmp_path: Path) -> None:
    database = copy()
    database.execute("UPDATE logs SET origin = 'another.example/log'")
    database.connection.close()
    first = kept.audit(f"sqlite:///{tmp_path / 'copy.sqlite'}").first
    assert first
    assert (first.table, first.key, first.code) == ("logs", kept.pin.origin, "absent")


def test_what_was_sealed_goes_only_where_its_erasure_is_on_record(
    kept: Kept, copy: Callable[[], File], tmp_path: Path
) -> None:
    database = copy()
    rows = database.execute("SELECT log_id, first_index, name, disclosure FROM disclosures")
    assert len(rows) > 3
    database.execute("DELETE FROM disclosures")
    for number, (log_id, first, name, disclosure) in enumerate(rows[1:], 1):
        gone = b64u.decode(digest(disclosure))
        values = (log_id, number, first, name, gone, None, "request", "要求", None, None, 1)
        database.execute(f"INSERT INTO erasures VALUES ({', '.join('?' * len(values))})", values)
    database.connection.close()
    report = kept.audit(f"sqlite:///{tmp_path / 'copy.sqlite'}")
    assert [(one.check, one.key, one.code) for one in report.failures] == [
        ("disclosure", f"{rows[0][1]}, _sd", "absent")
    ]


def test_what_was_erased_does_not_come_back(kept: Kept, copy: Callable[[], File], tmp_path: Path) -> None:
    database = copy()
    ((log_id, first, name, disclosure), *_) = database.execute(
        "SELECT log_id, first_index, name, disclosure FROM disclosures"
    )
    values = (log_id, 1, first, name, b64u.decode(digest(disclosure)), None, "request", "要求", None, None, 1)
    database.execute(f"INSERT INTO erasures VALUES ({', '.join('?' * len(values))})", values)
    database.connection.close()
    report = kept.audit(f"sqlite:///{tmp_path / 'copy.sqlite'}")
    assert [(one.check, one.code) for one in report.failures] == [("disclosure", "back")]
    assert "却又出现" in report.failures[0].words("zh")


class Server:
    """A PostgreSQL database in a superuser's hands, whom no trigger stops."""

    mark = "%s"

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(libpq(url), autocommit=True)
        self.connection.execute("SET session_replication_role = replica")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        cursor = self.connection.execute(sql.encode(), tuple(values))
        return cursor.fetchall() if cursor.description else []

    def restore(self, table: str, all_rows: list[Row]) -> None:
        self.connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for row in all_rows:
            tampering.insert(self, table, row)


def test_on_postgresql_too(tmp_path: Path, postgres_url: str, kept: Kept) -> None:
    url = postgres_url
    settings = seed_apart(tmp_path / "data", kept.world, url)
    own = Kept(settings, kept.world)
    assert own.audit(url).clean
    server = Server(url)
    missed = []
    for table in TABLES:
        all_rows = rows(server, table)
        place = len(all_rows) // 2
        for what, tamper, may in _some(table, all_rows, place):
            tamper(server)
            report = own.audit(url)
            if not names(report, table, may, what):
                missed.append((table, what, report.first))
            server.restore(table, all_rows)
    server.connection.close()
    assert not missed
    assert own.audit(url).clean


def _some(table: str, all_rows: list[Row], place: int) -> Iterator[Tampering]:
    """One field, one row, two swapped, the last cut."""
    row = all_rows[place]
    column = {
        "statements": "jws", "checkpoints": "note", "disclosures": "disclosure", "named": "name", "batches": "unit",
        "lineage": "first_index", "postings": "amount", "shipments": "carrier", "findings": "params",
        "grounds": "since", "answers": "party", "arrivals": "amount",
    }.get(table, "hash")  # fmt: skip
    yield column, change(table, row, column, 1), [row]
    if table != NAMELESS:
        yield "deleted", remove(table, [row]), [row]
        yield "cut", remove(table, all_rows[-1:]), all_rows[-1:]
    said = [TABLES[table].index(column) for column in TABLES[table] if column not in KEYS[table]]
    other = next(one for one in reversed(all_rows[:place]) if any(one[at] != row[at] for at in said))
    yield "swapped", lambda database: swap(database, table, other, row), [other, row]
