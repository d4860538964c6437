"""Following: reads the log behind its writer and puts what is to be told into the outbox.

Nobody who records waits for it. How far it came is remembered in the transaction that fills the outbox, so that
whatever dies, nothing is left out; and of several processes only one moves on from where it stood.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import ParamSpec, TypeVar

import orjson
from sqlalchemy import Connection, Engine, func, or_, select, update

from app import stored
from app.batches.goods import Shipment
from app.log import Log
from app.notices.events import MOVED, Found, Notice, Stated, notices_for, rejudged, supervises
from app.notices.outbox import Queued, queue
from app.notices.reach import hands
from app.notices.said import SHOWN, Goods, Sender, payload
from app.parties.names import Names
from app.stored import chunks
from app.tables import (
    accounts,
    batches,
    contacts,
    findings,
    followed,
    rule_changes,
    rule_runs,
    shipments,
    statements,
)
from ledger.errors import LedgerError
from ledger.findings import STOPPING
from ledger.identity import ChainId
from ledger.statement import Statement, parse

FOLLOWER = "notices"
RUNS = "rules"
PACE = 1.0
"""How often, in s, to look whether the log has grown."""

PAGE = 200
"""How many statements are read at a time."""

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger("gengji.notices")


def now() -> int:
    """The time in ms."""
    return time.time_ns() // 1_000_000


async def to_end(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """``work`` in a thread; whoever is cancelled meanwhile waits for it, so that no connection outlives its engine."""
    working = asyncio.ensure_future(asyncio.to_thread(work, *args, **named))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait((working,))
        raise


class Follower:
    """Follows one log; ``clock`` gives ms."""

    def __init__(self, engine: Engine, log: Log, clock: Callable[[], int] = now) -> None:
        self._engine = engine
        self._log = log
        self._log_id = log.log_id
        self._clock = clock

    async def run(self) -> None:
        """Until it is cancelled. What fails is told to the service's log and tried again."""
        while True:
            try:
                while await to_end(self.step):
                    pass
            except Exception as error:  # whatever it was, the log goes on and so does this
                _log.error("%s: no notices", self._log.origin, exc_info=error)
            await asyncio.sleep(PACE)

    def step(self) -> bool:
        """Read one page, or else one run of the rules; whether there may be more."""
        return self._follow_log() or self._follow_runs()

    def _follow_runs(self) -> bool:
        """What newer rules opened is told of no statement, but of the run that put them in force."""
        place = (followed.c.log_id == self._log_id, followed.c.follower == RUNS)
        with self._engine.connect() as connection:
            told: int | None = connection.execute(select(followed.c.size).where(*place)).scalar()
            newest: int | None = connection.execute(
                select(func.max(rule_runs.c.run)).where(rule_runs.c.log_id == self._log_id)
            ).scalar()
            if told is None or newest is None or told >= newest:
                return False
            run = told + 1
            queued = [*_Page(connection, self._log).judged_again(run)]
        with self._engine.execution_options(writes=True).begin() as connection:
            moved = connection.execute(update(followed).where(*place, followed.c.size == told).values(size=run))
            if moved.rowcount:
                queue(connection, self._log_id, queued, self._clock())
        return run < newest

    def _follow_log(self) -> bool:
        note = self._log.journal.latest()
        size = stored.read_note(note).size if note else 0
        with self._engine.connect() as connection:
            place = (followed.c.log_id == self._log_id, followed.c.follower == FOLLOWER)
            start = connection.execute(select(followed.c.size).where(*place)).scalar()
            # Nobody has ever wanted to be told; or nothing came.
            if start is None or start >= size:
                return False
            query = (
                select(statements.c.first_index, statements.c.jws)
                .where(
                    statements.c.log_id == self._log_id,
                    statements.c.first_index >= start,
                    statements.c.first_index < size,
                )
                .order_by(statements.c.first_index)
                .limit(PAGE)
            )
            rows = connection.execute(query).all()
            end = rows[-1].first_index + 1 if len(rows) == PAGE else size
            told = [*_Page(connection, self._log).read([(index, jws) for index, jws in rows])]
        with self._engine.execution_options(writes=True).begin() as connection:
            moved = connection.execute(update(followed).where(*place, followed.c.size == start).values(size=end))
            # Otherwise another process was here meanwhile.
            if moved.rowcount:
                queue(connection, self._log_id, told, self._clock())
        return end < size


class _Page:
    """Some statements of the log, with whoever may be told of them."""

    def __init__(self, connection: Connection, log: Log) -> None:
        self._connection = connection
        self._log_id = log.log_id
        self._names = Names(log.journal.registry)
        self._sender = Sender(log.origin, log.public_url, log.demonstration, self._names)
        self._contacts: defaultdict[ChainId, list[str]] = defaultdict(list)
        query = select(contacts.c.party, contacts.c.contact_id).where(contacts.c.log_id == self._log_id)
        for party, contact_id in connection.execute(query):
            self._contacts[party].append(contact_id)
        supervisors = select(accounts.c.party, accounts.c.division, accounts.c.side).where(
            accounts.c.log_id == self._log_id, accounts.c.role == "inspector", accounts.c.disabled.is_(None)
        )
        self._supervisors = connection.execute(supervisors.distinct()).all()

    def read(self, rows: Collection[tuple[int, str]]) -> Iterator[Queued]:
        """What is to be told of these statements, by first index and JWS."""
        if not self._contacts:
            return
        found = self._found([index for index, _ in rows])
        for index, jws in rows:
            try:
                yield from self._told(parse(jws), index, found[index])
            except (LedgerError, LookupError, TypeError, ValueError) as error:
                # A damaged record is the audit's to name; what comes after it is told all the same.
                _log.error("%s: #%d is not told of", self._sender.origin, index, exc_info=error)

    def judged_again(self, run: int) -> Iterator[Queued]:
        """What is to be told of what a run of the rules opened."""
        if not self._contacts:
            return
        query = select(rule_changes).where(
            rule_changes.c.log_id == self._log_id,
            rule_changes.c.run == run,
            rule_changes.c.change == "opened",
            rule_changes.c.code.in_(STOPPING),
        )
        opened: defaultdict[int, list[Found]] = defaultdict(list)
        for row in self._connection.execute(query.order_by(rule_changes.c.line)):
            opened[row.about].append(Found(row.code, "hold", row.batch, orjson.loads(row.params)))
        for some in chunks(sorted(opened)):
            told = select(statements.c.first_index, statements.c.jws).where(
                statements.c.log_id == self._log_id, statements.c.first_index.in_(some)
            )
            for index, jws in self._connection.execute(told):
                for notice in rejudged(opened[index]):
                    yield from self._addressed(notice, parse(jws), index)

    def _found(self, indexes: Iterable[int]) -> defaultdict[int, list[Found]]:
        by: defaultdict[int, list[Found]] = defaultdict(list)
        for some in chunks(indexes):
            query = (
                select(findings)
                .where(
                    findings.c.log_id == self._log_id,
                    findings.c.first_index.in_(some),
                    or_(findings.c.severity == "hold", findings.c.code == MOVED),
                )
                .order_by(findings.c.first_index, findings.c.line)
            )
            for row in self._connection.execute(query):
                by[row.first_index].append(Found(row.code, row.severity, row.batch, orjson.loads(row.params)))
        return by

    def _told(self, statement: Statement, index: int, found: list[Found]) -> Iterator[Queued]:
        corrected = self._corrected(statement)
        stated = Stated(statement, index, found, corrected, self._shipment(corrected or statement))
        for notice in notices_for(stated):
            yield from self._addressed(notice, statement, index)

    def _corrected(self, statement: Statement) -> Statement | None:
        if statement.kind != "correct":
            return None
        query = select(statements.c.jws).where(
            statements.c.log_id == self._log_id, statements.c.hash == statement.body["statement"]
        )
        return parse(self._connection.execute(query).scalar_one())

    def _shipment(self, statement: Statement) -> Shipment | None:
        named = statement.hash if statement.kind == "ship" else statement.body.get("shipment")
        if named is None:
            return None
        query = select(shipments).where(shipments.c.log_id == self._log_id, shipments.c.hash == named)
        row = self._connection.execute(query).first()
        return Shipment(row.hash, row.sender, row.receiver, row.carrier, row.planned_arrival) if row else None

    def _addressed(self, notice: Notice, statement: Statement, index: int) -> Iterator[Queued]:
        """The notice to every contact of everybody whom it is for, each with the batches that are theirs."""
        had = hands(self._connection, self._log_id, notice.goods, whole=notice.whole) if notice.hands else {}
        concerned = {party: had.get(party, []) for party in notice.to | had.keys()}
        wanted: dict[ChainId, tuple[list[ChainId], bool]] = {}
        for party in self._supervising(concerned) if notice.regulators else ():
            wanted[party] = [*notice.goods], True
        for party, goods in concerned.items():
            # Who is told outright without having had any of it is told of what it is about.
            wanted.setdefault(party, (goods or [*notice.goods], False))
        if notice.but is not None:
            wanted.pop(notice.but, None)
        wanted = {party: of for party, of in wanted.items() if party in self._contacts}
        called = self._called({chain for goods, _ in wanted.values() for chain in goods[:SHOWN]})
        for party, (goods, regulator) in sorted(wanted.items()):
            shown = [called[chain] for chain in goods[:SHOWN] if chain in called]
            more = max(0, len(goods) - SHOWN)
            for contact_id in self._contacts[party]:
                told = (self._sender, notice, statement, index, contact_id, party, shown)
                yield Queued(contact_id, party, index, notice.event, payload(*told, more=more, regulator=regulator))

    def _supervising(self, parties: Iterable[ChainId]) -> set[ChainId]:
        """The parties whose inspectors supervise any of ``parties``."""
        known = self._names.registry.parties
        # Many farms, few townships.
        profiles = {
            (profile["division"], profile["side"]): profile
            for party in parties
            if party in known and {"division", "side"} <= (profile := known[party].profile).keys()
        }
        return {
            ChainId(row.party)
            for row in self._supervisors
            if any(supervises(row.division, row.side, profile) for profile in profiles.values())
        }

    def _called(self, chains: Collection[ChainId]) -> Mapping[ChainId, Goods]:
        found: dict[ChainId, Goods] = {}
        for some in chunks(sorted(chains)):
            query = select(batches.c.chain, batches.c.product, batches.c.lot).where(
                batches.c.log_id == self._log_id, batches.c.chain.in_(some)
            )
            for chain, product, lot in self._connection.execute(query):
                found[chain] = Goods(chain, self._names.product(product) if product else None, lot)
        return found
