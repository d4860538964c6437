"""Forgetting: what the service erased is erased here too, with its salt, in every version that was ever signed.

The service says which digests were erased of this key's statements; which field that was, and what it said, only
this notebook knows. A statement that was signed again under another number kept the same values in the bytes before.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ledger.statement import Disclosure, digest, unseal

_SCHEMA = """
CREATE TABLE IF NOT EXISTS forgotten (one INTEGER PRIMARY KEY CHECK (one = 1),
    after INTEGER NOT NULL, scrubbed INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO forgotten VALUES (1, 0, 1);
"""


class Forgetting:
    """What was forgotten in the notebook ``db``, and up to which erasure of the service's."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.execute("PRAGMA secure_delete=ON")
        db.executescript(_SCHEMA)

    @property
    def after(self) -> int:
        """The number of the last erasure that was heard of."""
        after: int = self._db.execute("SELECT after FROM forgotten").fetchone()[0]
        return after

    def forget(self, erasures: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Drop the disclosures that these erasures name; gives the values that were in them."""
        lost: list[Any] = []
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for erasure in erasures:
                if isinstance(erased := erasure.get("digest"), str):
                    lost += self._forget(str(erasure["statement"]), erased)
                self._db.execute("UPDATE forgotten SET after = max(after, ?)", (int(erasure["number"]),))
            if lost:
                self._db.execute("UPDATE forgotten SET scrubbed = 0")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return lost

    def _forget(self, hash_: str, erased: str) -> Iterator[Any]:
        own = self._disclosures(hash_)
        name = next((unseal(one)[0] for one in own if digest(one) == erased), None)
        if name is None:
            return
        for one in self._versions(hash_):
            kept = []
            for disclosure in self._disclosures(one):
                field, value = unseal(disclosure)
                if field == name:
                    yield value
                else:
                    kept.append(disclosure)
            self._db.execute("UPDATE statements SET disclosures = ? WHERE hash = ?", (json.dumps(kept), one))

    def _disclosures(self, hash_: str) -> list[Disclosure]:
        row = self._db.execute("SELECT disclosures FROM statements WHERE hash = ?", (hash_,)).fetchone()
        return list(json.loads(row[0])) if row else []

    def _versions(self, hash_: str) -> list[str]:
        """The statement and all that was signed before in its place."""
        query = (
            "WITH RECURSIVE versions (hash) AS (VALUES (?) UNION SELECT statements.hash FROM statements"
            " JOIN versions ON statements.again = versions.hash) SELECT hash FROM versions"
        )
        return [row[0] for row in self._db.execute(query, (hash_,))]

    def scrub(self) -> None:
        """Write the file anew, and cut its log to nothing: no page of it holds any more what was dropped."""
        if self._db.execute("SELECT scrubbed FROM forgotten").fetchone()[0]:
            return
        self._db.execute("VACUUM")
        busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy:
            self._db.execute("UPDATE forgotten SET scrubbed = 1")
