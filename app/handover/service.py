"""Handover: what is on the way to whom, looked at before it is accepted; open to those whom it concerns."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import Connection, Engine

from app.batches.reading import BatchReader
from app.certificates.service import Certificates
from app.errors import Forbidden, NotFound
from app.handover import shipments
from app.handover.looking import Look, look
from app.handover.shipments import STATES, Shipment, State
from app.log import Log
from app.parties.names import Names
from app.parties.supervised import sees
from app.rules.tables import Tables
from app.viewing import Viewer
from ledger import b64u
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash

PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    shipments: list[Shipment]
    next: int | None
    """What to ask for as ``after``, where there are more."""


class Handovers:
    """The shipments of one log; ``clock`` gives seconds. Its methods read the database: not for an event loop."""

    def __init__(
        self,
        engine: Engine,
        log: Log,
        reader: BatchReader,
        certificates: Certificates,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._log_id = log.log_id
        self._reader = reader
        self._certificates = certificates
        self._clock = clock
        self.names = Names(log.journal.registry)

    def listed(self, viewer: Viewer, party: str, state: str, after: int = -1, limit: int = PAGE) -> Page:
        """A party's, its own where nobody is named; for a supervisor then all those of whom he supervises.

        Raises Malformed ``choice``, NotFound ``no-party``, Forbidden ``not-concerned`` for another's.
        """
        if state not in STATES:
            raise Malformed("choice", path="state", has=state[:80], wanted=" | ".join(STATES))
        with self._reading() as connection:
            if viewer.staff and not party:
                found = shipments.watched(
                    connection,
                    self._log_id,
                    self.names,
                    sees(viewer, self.names.registry),
                    self.now(),
                    _state(state),
                    after,
                )
                some = list(islice(found, limit + 1))
            else:
                whose = self._whose(viewer, party)
                some = shipments.of_party(
                    connection, self._log_id, self.names, whose, self.now(), _state(state), after, limit + 1
                )
        return Page(some[:limit], some[limit - 1].index if len(some) > limit else None)

    def one(self, hash_: str, viewer: Viewer) -> Look:
        """Raises NotFound ``unknown-shipment``, Forbidden ``not-concerned``, Malformed for what is no hash."""
        b64u.decode(hash_, 32, path="statement")
        with self._reading() as connection:
            found = shipments.one(connection, self._log_id, self.names, StatementHash(hash_), self.now())
            tables = Tables.load(connection, self._log_id)
        if found is None:
            raise NotFound("unknown-shipment", path="statement", has=hash_)
        ends = {end.id for end in (found.sender, found.receiver, found.carrier) if end is not None}
        if not viewer.staff and viewer.party not in ends:
            raise Forbidden("not-concerned", path="statement", has=hash_)
        today = self.names.day(self._clock())
        return look(found, self._reader, self._certificates, tables, today, viewer)

    def now(self) -> str:
        """As times are stated."""
        return datetime.fromtimestamp(int(self._clock()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _whose(self, viewer: Viewer, party: str) -> ChainId:
        if party and party not in self.names.registry.parties:
            raise NotFound("no-party", path="party", has=party[:80])
        if party and party != viewer.party and not viewer.staff:
            raise Forbidden("not-concerned", path="party", has=party)
        return ChainId(party or viewer.party)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """One snapshot for all that a call reads."""
        with self._engine.connect() as connection:
            if self._engine.dialect.name != "sqlite":  # which gives nothing else
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection


def _state(text: str) -> State:
    return next(state for state in STATES if state == text)
