"""Erasure: what was sealed is taken away with its salt, at somebody's request or because its time has come.

The statement stands: its digest says that something was stated, and nobody can say what any more. Who erased what,
when and why is kept in ``erasures``, without the value. In this order, so that nothing comes back and nothing is half
gone: one transaction deletes the disclosures and the names of files, and says so; then the files go; then the
database's own files are gone over (``app.erasure.scrub``). What was broken off is finished by the next erasure, by
``gengji erase --due`` and by the service when it starts.

A backup from before an erasure still has what it took away. So every erasure is also noted beside the lock, outside
of all backups, and made again where a database comes back without it.
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, func, insert, or_, select, text

from app.attachments.store import Store
from app.config import Settings
from app.erasure.scrub import scrub
from app.erasure.told import Telling, Told
from app.errors import NotFound
from app.stored import chunks
from app.tables import attachments, disclosures, entries, erasures, scrubs, statements
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash
from ledger.statement import Disclosure, digest

REASON = 200


@dataclass(frozen=True, slots=True)
class By:
    """Whose hand it was: an account's, or the operator's at the command line; the party it was for."""

    account_id: str | None = None
    party: ChainId | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One field of one statement."""

    first_index: int
    field: str


@dataclass(frozen=True, slots=True)
class Done:
    """What was erased; ``scrubbed`` unless somebody still read what was there before, so that it is tried again."""

    fields: tuple[Wanted, ...]
    files: int
    scrubbed: bool


class Eraser:
    """Erases in one log. Safe on many threads. ``clock`` gives ms, ``pause`` waits seconds."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        log_id: int,
        store: Store,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = settings.url
        self._engine = engine
        self._log_id = log_id
        self._store = store
        self._told = Told(settings.data / "lock" / "erased.jsonl")
        self._clock = clock
        self._pause = pause

    # --- what there is to erase ------------------------------------------------------------------------------------

    def of_statement(self, hash_: StatementHash, fields: Collection[str] = ()) -> list[Wanted]:
        """The named fields of a statement, or all that it seals. Raises NotFound ``no-statement``, ``not-sealed``."""
        with self._engine.connect() as connection:
            query = select(statements.c.first_index).where(
                statements.c.log_id == self._log_id, statements.c.hash == hash_
            )
            first = connection.execute(query).scalar()
            if first is None:
                raise NotFound("no-statement", has=hash_)
            return self._there(connection, [first], fields)

    def of_chain(self, chain: ChainId, fields: Collection[str] = ()) -> list[Wanted]:
        """The same of every statement about a batch. Raises NotFound ``not-sealed``."""
        query = select(entries.c.first_index).where(entries.c.log_id == self._log_id, entries.c.chain == chain)
        with self._engine.connect() as connection:
            return self._there(connection, connection.execute(query).scalars().all(), fields)

    def _there(self, connection: Connection, indexes: Sequence[int], fields: Collection[str]) -> list[Wanted]:
        found: dict[Wanted, None] = {}
        for some in chunks(indexes):
            sealed = select(disclosures.c.first_index, disclosures.c.name).where(
                disclosures.c.log_id == self._log_id, disclosures.c.first_index.in_(some)
            )
            # Public files go only where they are named: nobody asks for the whole journey to lose its pictures.
            public = select(attachments.c.first_index, attachments.c.field).where(
                attachments.c.log_id == self._log_id,
                attachments.c.first_index.in_(some),
                attachments.c.audience == "public",
                attachments.c.field.in_(fields),
            )
            rows = [*connection.execute(sealed), *connection.execute(public)]
            found |= {Wanted(*row): None for row in rows if not fields or row[1] in fields}
        if missing := set(fields) - {one.field for one in found} or (set() if found else {"–"}):
            raise NotFound("not-sealed", path="field", has=", ".join(sorted(missing)))
        return sorted(found, key=lambda one: (one.first_index, one.field))

    # --- erasing ---------------------------------------------------------------------------------------------------

    def erase(self, wanted: Sequence[Wanted], reason: str, by: By = By(), ground: str = "request") -> Done:
        """Take them away; those that are gone already stay gone. Raises Malformed ``text-length`` for no reason."""
        if not 1 <= len(reason.strip()) <= REASON:
            raise Malformed("text-length", path="reason", has=reason[:80], wanted=REASON)
        with self._engine.execution_options(writes=True).begin() as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(text("LOCK TABLE erasures IN EXCLUSIVE MODE"))
            rows, gone, files = self._take_out(connection, wanted)
            rows = self._register(connection, rows, reason.strip(), by, ground)
            unnamed = self._unnamed(connection, files)
            # Before the commit: what is told and not done is done when the service starts, the other way round never.
            self._told.add(self._tellings(connection, rows))
        for sha256 in unnamed:
            self._store.delete(sha256)
        scrubbed = self._scrub(gone) if rows else True
        fields = dict.fromkeys(Wanted(row["first_index"], row["field"]) for row in rows)
        return Done(tuple(fields), len(unnamed), scrubbed)

    def _take_out(
        self, connection: Connection, wanted: Sequence[Wanted]
    ) -> tuple[list[dict[str, Any]], list[Disclosure], set[str]]:
        """Deletes rows; gives what is to be registered, the disclosures that were, the files that were named."""
        rows: list[dict[str, Any]] = []
        gone: list[Disclosure] = []
        files = set[str]()
        for some in chunks(wanted, 200):
            sealed = disclosures.c.log_id == self._log_id, _any(some, disclosures.c.first_index, disclosures.c.name)
            named = attachments.c.log_id == self._log_id, _any(some, attachments.c.first_index, attachments.c.field)
            for row in connection.execute(select(disclosures).where(*sealed)):
                gone.append(row.disclosure)
                rows.append({"first_index": row.first_index, "field": row.name, "digest": digest(row.disclosure)})
            for row in connection.execute(select(attachments).where(*named)):
                files.add(row.sha256)
                if row.audience == "public":
                    rows.append({"first_index": row.first_index, "field": row.field, "sha256": row.sha256})
            connection.execute(delete(disclosures).where(*sealed))
            connection.execute(delete(attachments).where(*named))
        return rows, gone, files

    def _register(
        self, connection: Connection, rows: list[dict[str, Any]], reason: str, by: By, ground: str
    ) -> list[dict[str, Any]]:
        last = connection.execute(
            select(func.coalesce(func.max(erasures.c.number), 0)).where(erasures.c.log_id == self._log_id)
        ).scalar_one()
        common = {
            "log_id": self._log_id,
            "ground": ground,
            "reason": reason,
            "account_id": by.account_id,
            "party": by.party,
            "at": self._clock(),
        }
        full = [
            {"digest": None, "sha256": None, **row, **common, "number": number}
            for number, row in enumerate(rows, last + 1)
        ]
        if full:
            connection.execute(insert(erasures), full)
        return full

    def _tellings(self, connection: Connection, rows: list[dict[str, Any]]) -> list[Telling]:
        hashes: dict[int, str] = {}
        for some in chunks({row["first_index"] for row in rows}):
            query = select(statements.c.first_index, statements.c.hash).where(
                statements.c.log_id == self._log_id, statements.c.first_index.in_(some)
            )
            hashes.update({first: hash_ for first, hash_ in connection.execute(query)})
        return [
            Telling(
                hashes[row["first_index"]], row["field"], row["digest"], row["sha256"], row["ground"], row["reason"]
            )
            for row in rows
        ]

    def _unnamed(self, connection: Connection, files: Iterable[str]) -> set[str]:
        """Those of ``files`` that no statement names any more, in any log of this database."""
        left = set(files)
        for some in chunks(sorted(left)):
            left -= set(
                connection.execute(select(attachments.c.sha256).where(attachments.c.sha256.in_(some))).scalars()
            )
        return left

    def _scrub(self, gone: Sequence[Disclosure]) -> bool:
        number, at = self._last(erasures), self._clock()
        if not scrub(self._url, gone, self._pause):
            return False
        with self._engine.execution_options(writes=True).begin() as connection:
            if number > self._max(connection, scrubs):
                connection.execute(insert(scrubs), {"log_id": self._log_id, "number": number, "at": at})
        return True

    # --- finishing what was broken off -----------------------------------------------------------------------------

    def finish(self) -> bool:
        """Make again what came back with an old backup, and go over the storage if that is still to be done."""
        self._again()
        if self._last(erasures) <= self._last(scrubs):
            return True
        for sha256 in set(self._store.names()) - self._named():
            self._store.delete(sha256)
        return self._scrub(())

    def _again(self) -> None:
        by: dict[tuple[str, str], list[Wanted]] = {}
        with self._engine.connect() as connection:
            for telling in self._told.all():
                back = self._back(connection, telling)
                if back is not None:
                    by.setdefault((telling.ground, telling.reason), []).append(back)
        for (ground, reason), wanted in by.items():
            self.erase(wanted, reason, ground=ground)

    def _back(self, connection: Connection, telling: Telling) -> Wanted | None:
        """The field if it is there although it was erased."""
        first = connection.execute(
            select(statements.c.first_index).where(
                statements.c.log_id == self._log_id, statements.c.hash == telling.statement
            )
        ).scalar()
        if first is None:
            return None
        if telling.sha256 is not None:
            here = attachments.c.sha256 == telling.sha256, attachments.c.field == telling.field
            query = select(attachments.c.line).where(
                attachments.c.log_id == self._log_id, attachments.c.first_index == first, *here
            )
        else:
            query = select(disclosures.c.name).where(
                disclosures.c.log_id == self._log_id,
                disclosures.c.first_index == first,
                disclosures.c.name == telling.field,
            )
        return Wanted(first, telling.field) if connection.execute(query.limit(1)).first() else None

    def _named(self) -> set[str]:
        with self._engine.connect() as connection:
            return set(connection.execute(select(attachments.c.sha256).distinct()).scalars())

    def _last(self, table: Any) -> int:
        with self._engine.connect() as connection:
            return self._max(connection, table)

    def _max(self, connection: Connection, table: Any) -> int:
        query = select(func.coalesce(func.max(table.c.number), 0)).where(table.c.log_id == self._log_id)
        return int(connection.execute(query).scalar_one())

    # --- who asks what was erased ----------------------------------------------------------------------------------

    def of_key(self, kid: str, after: int, limit: int) -> list[Row[Any]]:
        """What was erased of a key's statements, by number, for the device that signed them."""
        query = (
            select(erasures.c.number, erasures.c.at, erasures.c.digest, erasures.c.sha256, statements.c.hash)
            .join(
                statements,
                and_(statements.c.log_id == erasures.c.log_id, statements.c.first_index == erasures.c.first_index),
            )
            .where(erasures.c.log_id == self._log_id, erasures.c.number > after, statements.c.kid == kid)
            .order_by(erasures.c.number)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return list(connection.execute(query))


def _any(wanted: Iterable[Wanted], index: Any, field: Any) -> Any:
    return or_(*(and_(index == one.first_index, field == one.field) for one in wanted))
