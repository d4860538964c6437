"""What may be missing, and what may not: sealed fields that were erased, and the files that statements name.

A disclosure is there, or its erasure is on record; a file that a statement names is here as it was, or not yet, or
erased. What went without a word, and what came back, is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from app.attachments.store import Store
from app.audit.report import NAMED, Tally
from app.audit.rows import Ahead, raw, select_raw, stream
from app.recording import Record
from app.stored import chunks
from app.tables import attachments, erasures
from ledger import b64u
from ledger.errors import Malformed
from ledger.statement import Statement, digest


class Losses:
    """Goes along with an audit in the order of the log; memory stays flat."""

    def __init__(self, connection: Connection, log_id: int, tally: Tally) -> None:
        self._connection = connection
        self._log_id = log_id
        self._tally = tally
        columns = {column.name: column for column in raw(erasures)}
        query = select(*(columns[name] for name in ("first_index", "field", "digest", "sha256")))
        query = query.where(erasures.c.log_id == log_id).order_by(erasures.c.first_index)
        self._erased = Ahead(stream(connection, query))
        self._files = Ahead(stream(connection, select_raw(attachments, log_id)))

    def check(self, statement: Statement, first: int, sealed: Sequence[Row[Any]], opened: Mapping[str, Any]) -> None:
        """A statement whose disclosures and fields were found right."""
        erased = _taken(self._erased, first)
        # Most statements seal nothing and name no file: for them there is nothing to set side by side.
        if sealed or erased or statement.sealed:
            gone = {b64u.encode(row.digest) for row in erased if isinstance(row.digest, bytes)}
            here = {digest(row.disclosure) for row in sealed}
            for code, which in (("absent", set(statement.sealed) - here - gone), ("back", here & gone)):
                for one in sorted(which):
                    self._tally.fail("disclosure", "disclosures", f"{first}, _sd", first, code, digest=one)
        said = {(field, line): (sha, *rest) for field, line, sha, *rest in Record(statement, opened=opened).files()}
        for row in self._files.below(first):
            self._fail(f"{row.first_index}, {row.field} {row.line}", first, "extra")
        stored = _taken(self._files, first)
        if said or stored:
            self._check_named(said, stored, first, {(row.field, row.sha256) for row in erased})

    def _check_named(
        self,
        said: Mapping[tuple[str, int], tuple[Any, ...]],
        stored: Iterable[Row[Any]],
        first: int,
        erased: set[tuple[str, bytes | None]],
    ) -> None:
        """The table of files against what the statement says that they are."""
        wanted = {key: value for key, value in said.items() if (key[0], value[0]) not in erased}
        has = {(row.field, row.line): (row.sha256, row.size, row.media_type, row.audience) for row in stored}
        for key in sorted(wanted.keys() | has.keys(), key=str):
            if has.get(key) != wanted.get(key):
                code = "changed" if key in has and key in wanted else "extra" if key in has else "absent"
                self._fail(f"{first}, {key[0]} {key[1]}", first, code)

    def close(self, size: int) -> None:
        """Behind the last statement."""
        for row in self._files.rest():
            self._fail(f"{row.first_index}, {row.field} {row.line}", size, "extra")

    def _fail(self, key: str, at: int, code: str) -> None:
        self._tally.fail("attachment", "attachments", key, at, code)


def check_files(engine: Engine, connection: Connection, log_id: int, store: Store, tally: Tally) -> None:
    """Every file that is named, hashed again; and whether there are any that nobody names."""
    query = select(attachments.c.sha256, attachments.c.first_index).where(attachments.c.log_id == log_id)
    last = None
    for row in stream(connection, query.order_by(attachments.c.sha256, attachments.c.first_index)):
        sha256 = row.sha256
        if sha256 == last:
            continue
        last = sha256
        tally.checked["attachments"] += 1
        found = store.look(sha256)
        if found is None:
            if len(tally.missing) < NAMED:
                tally.missing.append(sha256)
        elif found.sha256 != sha256:
            error = Malformed("changed", path="sha256", has=found.sha256, wanted=sha256)
            tally.fail("attachment", "attachments", sha256, row.first_index, error)
    # What is named is looked up as it is now: a file may have arrived since the audit began.
    with engine.connect() as now:
        for some in chunks(store.names()):
            known = select(attachments.c.sha256).where(
                attachments.c.sha256.in_([one for one in some if len(one) == 43])
            )
            for stray in sorted(set(some) - set(now.execute(known).scalars())):
                tally.fail("attachment", "attachments", stray, 0, "extra")


def _taken(rows: Ahead, first: int) -> list[Row[Any]]:
    """The rows of the statement at ``first``; those before it are passed over."""
    for _ in rows.below(first):
        pass
    own = []
    while (row := rows.at(first)) is not None:
        own.append(row)
    return own
