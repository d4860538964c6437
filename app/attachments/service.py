"""Attachments of one log: which are wanted, who may read them, what became of those that are gone."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select

from app.attachments.store import Found, Store
from app.batches.holdings import held_by
from app.errors import Forbidden, Gone, NotFound, ServiceError, SignInNeeded
from app.stored import chunks
from app.tables import attachments, erasures, statements
from app.viewing import Viewer, audiences
from ledger import b64u
from ledger.statement import parse


class Attachments:
    """Only what a recorded statement names is taken in, so nobody fills the disk; nobody else has to be asked."""

    def __init__(self, engine: Engine, log_id: int, store: Store) -> None:
        self._engine = engine
        self._log_id = log_id
        self._store = store

    def sorted(self, asked: Iterable[str]) -> tuple[list[str], list[str]]:
        """Those of ``asked`` that statements name and that are not here yet, and those that are."""
        named = set[str]()
        with self._engine.connect() as connection:
            for some in chunks(sorted(set(asked))):
                query = select(attachments.c.sha256).where(
                    attachments.c.log_id == self._log_id, attachments.c.sha256.in_(some)
                )
                named.update(connection.execute(query).scalars())
        here = {sha256 for sha256 in named if self._store.has(sha256)}
        return sorted(named - here), sorted(here)

    def names(self, sha256: str) -> set[tuple[int, str]]:
        """The sizes and types by which statements name it. Raises NotFound ``attachment-unnamed`` or Gone."""
        with self._engine.connect() as connection:
            return {(row.size, row.media_type) for row in self._rows(connection, sha256)}

    async def receive(self, sha256: str, named: set[tuple[int, str]], body: AsyncIterator[bytes]) -> None:
        """As ``Store.put``."""
        await self._store.put(sha256, named, body)

    def settle(self, sha256: str) -> None:
        """After it was received: away with it again if it was erased while it arrived. Raises as ``names``."""
        try:
            self.names(sha256)
        except (NotFound, Gone):
            self._store.delete(sha256)
            raise

    def has(self, sha256: str) -> bool:
        return self._store.has(sha256)

    def stream(self, sha256: str) -> AsyncIterator[bytes]:
        """As ``Store.stream``."""
        return self._store.stream(sha256)

    def look(self, sha256: str, viewer: Viewer | None) -> tuple[Found, bool]:
        """The file, whose bytes have just been held against its name, and whether all the world may see it.

        Raises NotFound, Gone, SignInNeeded and Forbidden; ServiceError ``attachment-changed`` for other bytes than
        were stored.
        """
        with self._engine.connect() as connection:
            rows = self._rows(connection, sha256)
            public = any(row.audience == "public" for row in rows)
            if not public and not self._may(connection, rows, viewer):
                if viewer is None:
                    raise SignInNeeded("sign-in-needed", path=sha256)
                raise Forbidden("attachment-audience", path=sha256, wanted=" | ".join({row.audience for row in rows}))
        found = self._store.look(sha256)
        if found is None:
            raise NotFound("attachment-missing", has=sha256)
        if found.sha256 != sha256:
            raise ServiceError("attachment-changed", has=found.sha256, wanted=sha256)
        return found, public

    def _rows(self, connection: Connection, sha256: str) -> Sequence[Any]:
        b64u.decode(sha256, 32, path="sha256")
        table = attachments.c
        query = select(table.first_index, table.size, table.media_type, table.audience)
        rows = connection.execute(query.where(table.log_id == self._log_id, table.sha256 == sha256)).all()
        if not rows:
            erased = select(erasures.c.number).where(erasures.c.log_id == self._log_id, erasures.c.sha256 == sha256)
            if connection.execute(erased.limit(1)).scalar() is not None:
                raise Gone("attachment-erased", has=sha256)
            raise NotFound("attachment-unnamed", has=sha256)
        return rows

    def _may(self, connection: Connection, rows: Sequence[Any], viewer: Viewer | None) -> bool:
        for row in rows:
            query = select(statements.c.jws).where(
                statements.c.log_id == self._log_id, statements.c.first_index == row.first_index
            )
            statement = parse(connection.execute(query).scalar_one())
            holders = held_by(connection, self._log_id, viewer.party, statement.targets) if viewer else ()
            may = audiences(viewer, (statement.iss, statement.for_), [viewer.party] if viewer and holders else [])
            if row.audience in may:
                return True
        return False
