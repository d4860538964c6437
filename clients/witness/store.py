"""What a witness remembers: of each log the newest checkpoint that it cosigned, and what it refused to.

One SQLite file, apart from everything else. ``session`` is what makes check and store one step: whoever is in it is
alone, in all threads and processes, and what it stored is on the disk when it ends.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SHOWN = 12
"""How many of the last checkpoints of each log are listed."""

KEPT = 1000
"""How many checkpoints, and how many refusals, are kept of each log; more can't be wanted to convict it."""

_TABLES = """
CREATE TABLE IF NOT EXISTS cosigned (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    origin TEXT NOT NULL,
    size TEXT NOT NULL,
    note TEXT NOT NULL,
    time INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS cosigned_origin ON cosigned (origin, number);
CREATE TABLE IF NOT EXISTS refused (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    origin TEXT NOT NULL,
    size TEXT NOT NULL,
    note TEXT NOT NULL,
    time INTEGER NOT NULL,
    UNIQUE (origin, note)
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A checkpoint, its note as it is kept, and when that was, POSIX seconds."""

    origin: str
    size: int
    note: str
    time: int


class Store:
    """The file ``path``, which is made if it is not there."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_TABLES)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Alone until the end of the block; durable then, undone if it fails."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def newest(self, origin: str) -> Row | None:
        """The last checkpoint that was cosigned of a log."""
        return next(iter(self.cosigned(origin, 1)), None)

    def cosigned(self, origin: str, count: int = SHOWN) -> list[Row]:
        """The last checkpoints that were cosigned of a log, newest first."""
        return self._rows("cosigned", origin, count)

    def refused(self, origin: str, count: int = SHOWN) -> list[Row]:
        """The last checkpoints that the log signed and that did not continue what was cosigned, newest first."""
        return self._rows("refused", origin, count)

    def add_cosigned(self, row: Row) -> None:
        """The same size again takes the place of the one before: it is the same tree, signed later.

        Anybody may ask for that as often as they like, and must not crowd out what was cosigned before. Nor does it
        count against the log that somebody had brought this checkpoint with a proof that was none.
        """
        same = (row.origin, str(row.size))
        text = row.note.partition("\n\n")[0] + "\n\n"
        self._connection.execute("DELETE FROM cosigned WHERE origin = ? AND size = ?", same)
        self._connection.execute(
            "DELETE FROM refused WHERE origin = ? AND size = ? AND substr(note, 1, length(?)) = ?", (*same, text, text)
        )
        self._add("cosigned", row)

    def add_refused(self, row: Row) -> None:
        """The same one again is not kept twice."""
        self._add("refused", row)

    def close(self) -> None:
        self._connection.close()

    def _rows(self, table: str, origin: str, count: int) -> list[Row]:
        query = f"SELECT origin, size, note, time FROM {table} WHERE origin = ? ORDER BY number DESC LIMIT ?"  # noqa: S608
        return [
            Row(origin, int(size), note, time)
            for origin, size, note, time in self._connection.execute(query, (origin, count))
        ]

    def _add(self, table: str, row: Row) -> None:
        # A size may have 64 bits, and SQLite's integers have 63: as text.
        self._connection.execute(
            f"INSERT OR IGNORE INTO {table} (origin, size, note, time) VALUES (?, ?, ?, ?)",  # noqa: S608
            (row.origin, str(row.size), row.note, row.time),
        )
        self._connection.execute(
            f"DELETE FROM {table} WHERE origin = ? AND number <= "  # noqa: S608
            f"(SELECT number FROM {table} WHERE origin = ? ORDER BY number DESC LIMIT 1 OFFSET {KEPT})",
            (row.origin, row.origin),
        )
