"""What a monitor keeps of a log: a copy of its entries and statements, how far they were checked, what was wrong.

A copy, not just the checks: what an operator has published once stays in other hands, and the walk over the log, which
only exists in memory, is made again from here when the program starts. One program at a time holds a store.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clients.errors import Usage
from ledger.merkle import Hash, leaf_hash
from ledger.policy import Pin
from ledger.replay import Fault
from ledger.tiles import WIDTH, Frontier, right_edge

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, root TEXT NOT NULL,
    replayed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS entries (log_index INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tiles (level INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (level, position)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS statements (first_index INTEGER PRIMARY KEY, jws TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS faults (log_index INTEGER NOT NULL, part TEXT NOT NULL, what TEXT NOT NULL,
    code TEXT NOT NULL, params TEXT NOT NULL, PRIMARY KEY (log_index, part, what, code)) STRICT;
"""
PAGE = 1000


@dataclass(frozen=True)
class Known:
    """A fault as it is kept: at which log index, in which check, of which chain or statement, and why."""

    at: int
    check: str
    what: str
    code: str
    params: dict[str, str | int]


class Store:
    """The copy of the log of ``pin`` in ``folder``. Raises Usage ``monitor-other`` or ``monitor-busy``."""

    def __init__(self, folder: Path, pin: Pin) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.db = sqlite3.connect(folder / "monitor.sqlite", timeout=1, isolation_level=None)
        try:
            self._open(pin)
        except BaseException:
            self.db.close()
            raise

    def _open(self, pin: Pin) -> None:
        try:
            # Alone: two walks over one copy would each leave out what the other has taken in.
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
                self.db.execute(f"PRAGMA {pragma}")
            self.db.executescript(_SCHEMA)
            self.db.execute("INSERT OR IGNORE INTO log (one, origin, root) VALUES (1, ?, ?)", (pin.origin, pin.root))
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise Usage("monitor-busy", path=str(self.folder)) from None
        has = self.db.execute("SELECT origin, root FROM log").fetchone()
        if has != (pin.origin, pin.root):
            raise Usage("monitor-other", path=str(self.folder), has=has[0], wanted=pin.origin)

    def close(self) -> None:
        self.db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside is written whole or not at all."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    # --- entries, each proven to be the log's before it comes here ---------------------------------------------------

    @property
    def size(self) -> int:
        last: int | None = self.db.execute("SELECT max(log_index) FROM entries").fetchone()[0]
        return 0 if last is None else last + 1

    def add_entries(self, first: int, entries: Sequence[bytes], tiles: Iterable[tuple[int, int, Hash]]) -> None:
        """``tiles`` are the hashes of the tiles that these entries have filled."""
        with self.together():
            self.db.executemany("INSERT INTO entries VALUES (?, ?)", enumerate(entries, first))
            self.db.executemany("INSERT INTO tiles VALUES (?, ?, ?)", tiles)

    def entries(self, first: int, end: int) -> Iterator[bytes]:
        for at in range(first, end, PAGE):
            query = "SELECT entry FROM entries WHERE log_index >= ? AND log_index < ? ORDER BY log_index"
            for (entry,) in self.db.execute(query, (at, min(at + PAGE, end))).fetchall():
                yield entry

    def leaves(self, tile: int) -> list[Hash]:
        """The hashes of a tile of level 0, as many as there are."""
        return [leaf_hash(entry) for entry in self.entries(tile * WIDTH, (tile + 1) * WIDTH)]

    def frontier(self) -> Frontier:
        """The tree over all entries, to be grown."""
        edge = []
        for tile in right_edge(self.size):
            if tile.level == 0:
                edge.append(self.leaves(tile.index))
            else:
                first = tile.index * WIDTH
                query = "SELECT hash FROM tiles WHERE level = ? AND position BETWEEN ? AND ? ORDER BY position"
                rows = self.db.execute(query, (tile.level, first, first + tile.width - 1))
                edge.append([Hash(hash_) for (hash_,) in rows])
        return Frontier.load(self.size, edge)

    # --- statements, as they were served; the replay says what is wrong with them ------------------------------------

    @property
    def replayed(self) -> int:
        """How many entries, with their statements, went through the replay."""
        return int(self.db.execute("SELECT replayed FROM log").fetchone()[0])

    def set_replayed(self, size: int) -> None:
        self.db.execute("UPDATE log SET replayed = ?", (size,))

    def add_statements(self, statements: Iterable[tuple[int, str]]) -> None:
        with self.together():
            self.db.executemany("INSERT OR REPLACE INTO statements VALUES (?, ?)", statements)

    def statements(self, first: int, end: int) -> Iterator[tuple[int, str]]:
        for at in range(first, end, PAGE):
            query = "SELECT * FROM statements WHERE first_index >= ? AND first_index < ? ORDER BY first_index"
            yield from self.db.execute(query, (at, min(at + PAGE, end))).fetchall()

    # --- what is wrong -----------------------------------------------------------------------------------------------

    def add_fault(self, fault: Fault) -> bool:
        """False if it was known."""
        row = (fault.at, fault.check, fault.what, fault.error.code, json.dumps(fault.error.params))
        return self.db.execute("INSERT OR IGNORE INTO faults VALUES (?, ?, ?, ?, ?)", row).rowcount == 1

    def faults(self) -> list[Known]:
        rows = self.db.execute("SELECT * FROM faults ORDER BY log_index, part, what")
        return [Known(at, check, what, code, json.loads(params)) for at, check, what, code, params in rows]
