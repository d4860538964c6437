"""The heads of the log that a device holds: the newest, the newest that was witnessed, and any that contradict them."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ledger.checkpoint import Checkpoint, Note, open_checkpoint
from ledger.errors import BadProof
from ledger.merkle import Hash
from ledger.policy import Pin

_SCHEMA = """
CREATE TABLE IF NOT EXISTS heads (one INTEGER PRIMARY KEY CHECK (one = 1),
    newest TEXT, seen TEXT, size INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT OR IGNORE INTO heads (one) VALUES (1);
CREATE TRIGGER IF NOT EXISTS size_never_falls BEFORE UPDATE ON heads WHEN NEW.size < OLD.size
    BEGIN SELECT RAISE(ABORT, 'seen never falls'); END;
CREATE TABLE IF NOT EXISTS forks (held TEXT NOT NULL, given TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (held, given)) STRICT;
"""


@dataclass(frozen=True)
class Head:
    """A checkpoint with the whole note that carried it; ``quorum`` where enough witnesses have cosigned it."""

    checkpoint: Checkpoint
    note: str
    quorum: bool = field(default=False, compare=False)

    @property
    def size(self) -> int:
        return self.checkpoint.size

    @property
    def root(self) -> Hash:
        return self.checkpoint.root


@dataclass(frozen=True)
class Fork:
    """Two notes that the log has signed and that do not continue each other; ``reason`` as in ``clients.following``."""

    held: str
    given: str
    reason: str


class Heads:
    """The heads in the notebook ``db`` of a device that has pinned ``pin``; a fork is also written to ``folder``."""

    def __init__(self, db: sqlite3.Connection, pin: Pin, folder: Path) -> None:
        self._db, self._pin, self._folder = db, pin, folder
        db.executescript(_SCHEMA)
        _move_seen(db)

    def open(self, note: str) -> Head:
        """A note that the log has signed. Raises Malformed, BadSignature or BadProof for any other."""
        policy = self._pin.policy
        checkpoint, cosigned = open_checkpoint(note, policy.signer(note), policy.witness_keys)
        return Head(checkpoint, note, policy.satisfied(cosigned))

    def newest(self) -> Head | None:
        """The newest head that was tied to those before it, whether or not it was witnessed."""
        return self._stored("newest")

    def seen(self) -> Head | None:
        """The newest such head with the policy's quorum: what a signer says that it has seen."""
        return self._stored("seen")

    def hold(self, held: Head | None, tied: Iterable[Head]) -> bool:
        """Hold the newest of ``tied``, all of one history; False where ``held`` is no longer what is held."""
        heads = [*tied]
        newest = max(heads, key=lambda head: head.size)
        seen = max((head for head in heads if head.quorum), key=lambda head: head.size, default=None)
        size, note = (seen.size, seen.note) if seen else (0, None)
        # One statement: processes that share a notebook go on from each other, or find out that they can't.
        changed = self._db.execute(
            "UPDATE heads SET newest = :newest, seen = CASE WHEN :size > size THEN :note ELSE seen END,"
            " size = max(size, :size) WHERE newest IS :held",
            {"newest": newest.note, "size": size, "note": note, "held": held.note if held else None},
        )
        return changed.rowcount == 1

    def keep_fork(self, held: Head, given: Head, error: BadProof, proof: str) -> None:
        """Keep both notes as they are, in the notebook and in a file to be handed on, which is there first.

        The file of a fork is its ``proof`` (``ledger.fork``), which anybody with the pin can check.
        """
        told = {"given": given.note, "held": held.note, "log": self._pin.origin, "reason": error.code}
        text = proof or json.dumps(told, ensure_ascii=False, indent=1)
        name = f"{error.code}-{held.size}-{given.size}.json"
        (self._folder / name).write_text(text + "\n", "utf-8")
        self._db.execute("INSERT OR IGNORE INTO forks VALUES (?, ?, ?)", (held.note, given.note, error.code))
        error.params["path"] = str(self._folder / name)

    def forks(self) -> list[Fork]:
        """What the log has signed against itself, in the order in which it was found."""
        return [Fork(*row) for row in self._db.execute("SELECT held, given, reason FROM forks ORDER BY rowid")]

    def _stored(self, column: str) -> Head | None:
        (note,) = self._db.execute(f"SELECT {column} FROM heads").fetchone()  # noqa: S608
        return Head(Checkpoint.parse(Note.parse(note).text), note, quorum=column == "seen") if note else None


def _move_seen(db: sqlite3.Connection) -> None:
    """A notebook of before had one head, taken from receipts: it is what the next one must continue."""
    if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'seen'").fetchone():
        db.executescript("""
            BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS seen (note TEXT, size INTEGER);
            UPDATE heads SET newest = seen.note, seen = seen.note, size = seen.size FROM seen WHERE newest IS NULL;
            DROP TABLE seen;
            COMMIT;
        """)
