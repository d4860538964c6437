"""The lock: the last checkpoint that was signed, in a store of its own, changed only by compare-and-swap.

A database can be restored from yesterday's backup, and then it has a shorter history to go on from. The lock can
not: it lives outside the data's backups, and nothing is published that it does not hold (format §6).
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import Stopped


class Held:
    """The lock while its session lasts; ``value`` is the last signed note, None before the first."""

    def __init__(self, connection: sqlite3.Connection, origin: str) -> None:
        self._connection = connection
        self._origin = origin
        row = connection.execute("SELECT note FROM lock WHERE origin = ?", (origin,)).fetchone()
        self.value: str | None = row[0] if row else None

    def swap(self, new: str) -> None:
        """``new`` for exactly the old bytes, durable when the session ends. Raises Stopped ``lock-moved``."""
        if self.value is None:
            changed = self._connection.execute(
                "INSERT INTO lock (origin, note) VALUES (?, ?) ON CONFLICT DO NOTHING", (self._origin, new)
            ).rowcount
        else:
            changed = self._connection.execute(
                "UPDATE lock SET note = ? WHERE origin = ? AND note = ?", (new, self._origin, self.value)
            ).rowcount
        if changed != 1:
            raise Stopped("lock-moved", path="lock")
        self.value = new


class Lock:
    """One log's lock, a SQLite file in ``folder``, whose write transaction is the session all writers queue for."""

    def __init__(self, folder: Path, origin: str, *, synchronous: str = "FULL") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._origin = origin
        self._mine = threading.Lock()
        self._connection = _open(folder / "lock.sqlite", synchronous)
        self._connection.execute("CREATE TABLE IF NOT EXISTS lock (origin TEXT PRIMARY KEY, note TEXT NOT NULL)")
        self._reading = threading.Lock()
        self._reader = _open(folder / "lock.sqlite", synchronous)

    @contextmanager
    def session(self) -> Iterator[Held]:
        """Alone until the end of the block, across threads and processes."""
        with self._mine:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Held(self._connection, self._origin)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def read(self) -> str | None:
        """The last signed note, without waiting for a session."""
        with self._reading:
            row = self._reader.execute("SELECT note FROM lock WHERE origin = ?", (self._origin,)).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        self._connection.close()
        self._reader.close()


def _open(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    return connection
