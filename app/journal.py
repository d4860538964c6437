"""The journal: the one writer of statements, entries, tile hashes and checkpoints.

``append`` takes what many callers bring and writes it in groups. For each group, in this order (format §6):

    1. the lock's session is taken: nobody else may write this log now, in any process
    2. the database's last checkpoint must be what the lock holds (or ahead of it after a crash: rolled forward)
    3. key, role, notebook and record are checked again, at the index the statement would have
    4. one transaction: statements, entries, tile hashes, disclosures, projections, the signed checkpoint; durable
    5. the lock is swapped from the old checkpoint to the new one; durable
    6. only now does each caller get its receipt, and only what the lock holds is published

A statement that is refused leaves the others of its group alone; a group that fails leaves no trace.
"""

import asyncio
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, IntegrityError

from app import stored
from app.db import insert_rows
from app.errors import Conflict, NotFound, ServiceError, Stopped
from app.group import Group, Written
from app.lock import Held, Lock
from app.recording import Appended, Outcome, Projection, Record
from app.tables import checkpoints, tile_hashes
from app.witnessing.notes import has_quorum, published, wants_witnesses
from ledger import b64u, tiles
from ledger.checkpoint import ED25519, Checkpoint, Note, VKey, open_checkpoint, sign
from ledger.entry import Entry
from ledger.errors import LedgerError, Malformed
from ledger.identity import ChainId, StatementHash
from ledger.keys import KeyId, Signer
from ledger.merkle import root
from ledger.policy import Policy
from ledger.receipt import Proven, Receipt
from ledger.registry import KINDS as REGISTRY_KINDS
from ledger.registry import Registry
from ledger.statement import Statement
from ledger.tiles import Frontier

GROUP = 512
"""The most statements in one transaction: enough that a sync is cheap, few enough that nobody waits long."""

_log = logging.getLogger("gengji.journal")

FIRST = 1
"""The size of a log of which nothing but its opening is written: the only one that may stand without a lock."""

NO_WITNESSES = Policy(())

CLOCK_BACK = 10_000
"""How far, in ms, the clock may run behind the last entry before the journal stops itself."""

PATIENCE = 0.002
"""How long, in s, a group waits for the callers of the group before."""

_REMEMBERED = 50_000

_UNFORESEEN = (
    ArithmeticError, AssertionError, LookupError, RecursionError, TypeError, ValueError, DataError, IntegrityError
)  # fmt: skip
"""What a statement can make our own code fail with; a full disk or a lost database is none of these."""


@dataclass(slots=True)
class _Head:
    """The last statement of a notebook."""

    n: int
    hash: StatementHash
    seen: int


@dataclass(slots=True)
class _Call:
    records: Sequence[Record]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[list[Outcome]]"


class Journal:
    """One log's journal over ``engine`` and ``lock``.

    All of ``keys`` sign every checkpoint, and nothing else; what is stored may have been signed by a ``retired`` one.
    """

    def __init__(
        self,
        engine: Engine,
        lock: Lock,
        keys: Sequence[Signer],
        origin: str,
        log_id: int,
        projection: Projection,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        policy: Policy = NO_WITNESSES,
        retired: Sequence[VKey] = (),
    ) -> None:
        self.registry = Registry(origin)
        self.vkeys = [VKey(origin, ED25519, key.public) for key in keys]
        self._engine = engine
        self._lock = lock
        self._keys = keys
        self._signed_by = Policy(tuple((vkey, "") for vkey in dict.fromkeys((*self.vkeys, *retired))))
        self._origin = origin
        self._log_id = log_id
        self._projection = projection
        self._clock = clock
        self._policy = policy
        self._wants = wants_witnesses(policy)
        self._note: str | None = None
        self._received = 0
        self._frontier = Frontier()
        self._known = 0
        self._notebooks: OrderedDict[KeyId, _Head] = OrderedDict()
        self._chains: OrderedDict[ChainId, tuple[int, str]] = OrderedDict()
        self._roots = stored.SignedRoots(log_id)
        self._waiting: deque[_Call] = deque()
        self._wake = threading.Condition()
        self._callers = 0
        self._closing = False
        self._stopped: Stopped | None = None
        try:
            with self._lock.session() as held, self._engine.connect() as connection:
                self._catch_up(connection, held)
        except BaseException:
            self._lock.close()
            self._engine.dispose()
            raise
        self._writer = threading.Thread(target=self._run, name=f"journal {origin}", daemon=True)
        self._writer.start()

    # --- the face ------------------------------------------------------------------------------------------------

    async def append(self, records: Sequence[Record]) -> list[Outcome]:
        """Each record's receipt, or why it was refused, in order, once all of it is durable."""
        loop = asyncio.get_running_loop()
        call = _Call(records, loop, loop.create_future())
        with self._wake:
            if self._stopped is not None:
                raise self._stopped
            if self._closing:
                raise Stopped("closing")
            self._waiting.append(call)
            self._wake.notify()
        return await call.future

    def latest(self) -> str | None:
        """The last checkpoint that the lock holds, as a signed note; None for a log without entries."""
        return self._lock.read()

    def published(self, at_most: int | None = None) -> str | None:
        """The newest checkpoint that a verifier with the pin takes: with a quorum of witnesses, where it wants them."""
        with self._engine.connect() as connection:
            return published(connection, self._log_id, self._policy, self.latest(), at_most)

    def prove(self, first_index: int) -> tuple[Statement, Receipt]:
        """The statement whose first entry has this index, with its receipt, under one with a quorum if it can."""
        note = self.published()
        if note is None or stored.read_note(note).size <= first_index:
            note = self.latest()
        if note is None:
            raise NotFound("no-statement", has=first_index)
        with self._engine.connect() as connection:
            return stored.prove(connection, self._log_id, note, first_index)

    def stop(self, why: Stopped) -> None:
        """Write nothing more: somebody else has shown that going on would harm."""
        with self._wake:
            if self._stopped is None:
                _log.critical("%s stopped: %s", self._origin, why)
                self._stopped = why

    def close(self) -> None:
        """Finish what is waiting, take nothing more."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._writer.join()
        self._lock.close()
        self._engine.dispose()

    # --- the writer ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while calls := self._gather():
            records = [record for call in calls for record in call.records]
            outcomes: list[Outcome] = []
            try:
                while len(outcomes) < len(records):
                    outcomes += self._attempt(records[len(outcomes) : len(outcomes) + GROUP])
            except Stopped as stopped:
                self.stop(stopped)
                outcomes += [stopped] * (len(records) - len(outcomes))
            except Exception as error:  # whatever it was, no caller may wait for ever
                _log.error("%s: a group was not written", self._origin, exc_info=error)
                failed = ServiceError("internal", has=type(error).__name__)
                failed.__cause__ = error
                outcomes += [failed] * (len(records) - len(outcomes))
                self._forget()
            _answer(calls, outcomes)

    def _attempt(self, group: Sequence[Record], *, careful: bool = False) -> list[Outcome]:
        """One group, or as much of its beginning as can be written. Raises what no statement is to blame for."""
        try:
            return self._write(group, careful=careful)
        except _UNFORESEEN as error:
            self._forget()
            if isinstance(error, IntegrityError) and not careful:
                # Somebody's name was taken. Once more, looking at every name, to know whose.
                return self._attempt(group, careful=True)
            if len(group) > 1:
                # One of them is what nobody thought of: halved until it stands alone, so that the others are written.
                return self._attempt(group[: len(group) // 2], careful=careful)
            _log.error("%s: %s was not written", self._origin, group[0].statement.hash, exc_info=error)
            failed = ServiceError("internal", has=type(error).__name__)
            failed.__cause__ = error
            return [failed]

    def _gather(self) -> list[_Call]:
        with self._wake:
            while not self._waiting and not self._closing:
                self._wake.wait()
            # Who was answered together comes back together: as many callers as last time are worth a moment,
            # for a transaction and its syncs cost the same for one as for forty. A lone caller waits for nobody.
            until = time.monotonic() + PATIENCE
            while len(self._waiting) < self._callers and not self._closing:
                if not self._wake.wait(until - time.monotonic()):
                    break
            calls: list[_Call] = []
            count = 0
            while self._waiting and count < GROUP:
                call = self._waiting.popleft()
                calls.append(call)
                count += len(call.records)
            self._callers = len(calls)
            return calls

    def _write(self, records: Sequence[Record], *, careful: bool = False) -> list[Outcome]:
        """One group. Ends early behind a statement that changes the registry, which the next group then stands on."""
        for place, record in enumerate(records):
            if record.statement.kind in REGISTRY_KINDS:
                records = records[: place + 1]
                break
        if self._stopped is not None:
            raise self._stopped
        with self._lock.session() as held:
            outcomes: list[Outcome | StatementHash] = []
            with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
                self._catch_up(connection, held)
                group = Group(self.now())
                self._remember(connection, records)
                whole = [record for record in records if not record.closed]
                self._projection.open(connection, self.registry, whole, careful=careful)
                for record in records:
                    outcomes.append(self._take(connection, record, group))
                if not group.written:
                    return [self._replayed(outcome) for outcome in outcomes]
                self._frontier.extend(group.leaves)
                note = self._insert(connection, group)
                self._projection.write()
            # The transaction is on the disk. Until the swap below is too, nobody may see it.
            held.swap(note)
        first = self._frontier.size - len(group.leaves)
        proofs = self._frontier.inclusion_proofs(first, len(group.leaves))
        self._settle(group, note)
        receipts: dict[StatementHash, Appended] = {}
        for hash_, done in group.written.items():
            at = done.first_index - first
            proven = tuple(
                Proven(entry, done.first_index + place, tuple(proofs[at + place]))
                for place, entry in enumerate(done.entries)
            )
            receipt = Receipt(note, proven)
            receipts[hash_] = Appended(
                done.record.statement, done.first_index, receipt, tuple(done.findings), provisional=self._wants
            )
        return [receipts[done] if isinstance(done, str) else self._replayed(done) for done in outcomes]

    def _take(
        self,
        connection: Connection,
        record: Record,
        group: Group,
    ) -> "Outcome | StatementHash":
        """Check ``record`` at the place it would have; its hash if it is in, else what it is answered with."""
        statement = record.statement
        if statement.hash in group.written:
            return statement.hash
        try:
            if (first := self._recorded(connection, statement)) is not None:
                return Appended(statement, first, Receipt("", ()), (), again=True)
            if record.closed:
                raise Malformed("undisclosed", path="body._sd", has=record.closed, wanted=0)
            if not record.verified:
                statement.verify(self.registry.key_of(statement))
            self._check_notebook(connection, statement)
            self.registry.authorise(statement)
            for chain in statement.on:
                if chain not in self._chains:
                    raise Malformed("unknown-chain", path="on", has=chain)
            self._projection.admit(record, group.received)
        except LedgerError as refused:
            return refused
        first = self._frontier.size + len(group.leaves)
        links = []
        for chain in statement.targets:
            seq, prev = self._chains.get(chain, (-1, None))
            entry = Entry(chain, prev, group.received, seq + 1, statement.hash)
            leaf = entry.hash()
            links.append(entry)
            group.leaves.append(leaf)
            self._chains[chain] = (seq + 1, b64u.encode(leaf))
            self._chains.move_to_end(chain)
        seen = statement.seen[0] if statement.seen else 0
        self._notebooks[statement.kid] = _Head(statement.n, statement.hash, seen)
        findings = self._projection.post(record, first, group.received)
        group.written[statement.hash] = Written(record, first, links, findings)
        return statement.hash

    def _recorded(self, connection: Connection, statement: Statement) -> int | None:
        """The first index of this very statement, if it stands in the log: the same bytes need no second check."""
        head = self._notebooks.get(statement.kid)
        if head is None or statement.n > head.n:
            return None
        return stored.index_of(connection, self._log_id, statement.hash)

    def _check_notebook(self, connection: Connection, statement: Statement) -> None:
        """Raises Conflict ``notebook`` unless it is its key's next, Malformed unless what it has seen was ours."""
        head = self._notebooks.get(statement.kid, _Head(-1, StatementHash(""), 0))
        expected = (head.n + 1, head.hash if head.n >= 0 else None)
        if (statement.n, statement.after) != expected:
            raise Conflict(
                "notebook",
                path="n",
                has=statement.n,
                wanted=expected[0],
                n=expected[0],
                after=expected[1] or "",
            )
        if statement.seen is None and head.seen == 0:
            return
        size, seen_root = statement.seen or (0, "")
        if size < head.seen:
            raise Malformed("seen-falls", path="seen.size", has=size, wanted=head.seen)
        if self._roots.at(connection, size) != seen_root:
            raise Malformed("seen-other", path="seen", has=size, root=seen_root)

    def _insert(self, connection: Connection, group: Group) -> str:
        log_id = self._log_id
        group.insert(connection, log_id)
        insert_rows(connection, tile_hashes, [(log_id, *done) for done in self._frontier.completed()])
        checkpoint = Checkpoint(self._origin, self._frontier.size, self._frontier.root())
        note = str(Note(str(checkpoint), tuple(sign(checkpoint, self._origin, key) for key in self._keys)))
        insert_rows(connection, checkpoints, [(log_id, checkpoint.size, checkpoint.root, note)])
        return note

    def _settle(self, group: Group, note: str) -> None:
        self._frontier.settle()
        self._note, self._received = note, group.received
        for done in group.written.values():
            self.registry.apply(done.record.statement, done.first_index, group.received)
        self._known = self._frontier.size
        for cache in (self._chains, self._notebooks):
            while len(cache) > _REMEMBERED:
                cache.popitem(last=False)

    def _replayed(self, outcome: "Outcome | StatementHash") -> Outcome:
        """A statement sent again gets its first entries, under the newest checkpoint."""
        assert not isinstance(outcome, str)  # noqa: S101
        if not isinstance(outcome, Appended):
            return outcome
        statement, receipt = self.prove(outcome.first_index)
        provisional = not has_quorum(receipt.checkpoint, self._policy)
        return Appended(statement, outcome.first_index, receipt, (), again=True, provisional=provisional)

    def now(self) -> int:
        """The time that an entry would get now, ms. Raises Stopped ``clock-back``."""
        now = self._clock()
        if now < self._received - CLOCK_BACK:
            raise Stopped("clock-back", has=now, wanted=self._received)
        # Never the same twice: so each commit has a time of its own, and a checkpoint that vanished is missed.
        return max(now, self._received + 1)

    # --- knowing where the log stands ----------------------------------------------------------------------------

    def _forget(self) -> None:
        """After a failure nothing in memory is taken for granted: the next group reads it all again."""
        self._note = None
        self._frontier.rollback()
        self._notebooks.clear()
        self._chains.clear()
        self._projection.forget()

    def _catch_up(self, connection: Connection, held: Held) -> None:
        """Know what the database holds; it must be what the lock holds, or what the lock may roll forward to."""
        newest = stored.newest_note(connection, self._log_id)
        if newest == held.value == self._note:
            return
        if newest != self._note or newest is None:
            self._load(connection, newest)
        if newest != held.value:
            self._roll_forward(connection, held, newest)

    def _roll_forward(self, connection: Connection, held: Held, newest: str | None) -> None:
        """Ahead of its lock a database was cut off between commit and swap; else it is a second history."""
        if newest is None:
            raise Stopped("database-behind", has=0, wanted=stored.read_note(held.value or "").size)
        ours = stored.read_note(newest)
        if held.value is None and ours.size > FIRST:
            raise Stopped("lock-missing", has=ours.size)
        if held.value is not None:
            locked, _ = open_checkpoint(held.value, self._signed_by.signer(held.value))
            if ours.size <= locked.size:
                code = "database-behind" if ours.size < locked.size else "database-beside"
                raise Stopped(code, has=ours.size, wanted=locked.size)
            if root(locked.size, stored.nodes(connection, self._log_id, ours.size)) != locked.root:
                raise Stopped("database-beside", has=ours.size, wanted=locked.size)
        held.swap(newest)

    def _load(self, connection: Connection, note: str | None) -> None:
        if note is None:
            self._note = None
            return
        checkpoint, _ = open_checkpoint(note, self._signed_by.signer(note))
        edge = stored.fetch_tiles(connection, self._log_id, tiles.right_edge(checkpoint.size))
        self._frontier = Frontier.load(checkpoint.size, edge)
        if self._frontier.root() != checkpoint.root:
            raise Stopped("database-root", has=checkpoint.size)
        size, received = stored.tail(connection, self._log_id)
        if size != checkpoint.size:
            raise Stopped("database-tail", has=size, wanted=checkpoint.size)
        for placed in stored.registry_statements(connection, self._log_id, self._known):
            self.registry.apply(*placed)
        self._known = checkpoint.size
        self._note, self._received = note, received
        self._notebooks.clear()
        self._chains.clear()
        self._projection.forget()

    def _remember(self, connection: Connection, records: Sequence[Record]) -> None:
        """Bring the heads of the notebooks and chains that this group goes on from."""
        for kid in {record.statement.kid for record in records} - self._notebooks.keys():
            last = stored.last_of_notebook(connection, self._log_id, kid)
            if last is not None:
                self._notebooks[kid] = _Head(last.n, last.hash, last.seen[0] if last.seen else 0)
        wanted = {chain for record in records for chain in record.statement.on} - self._chains.keys()
        self._chains.update(stored.chain_heads(connection, self._log_id, wanted))


def _answer(calls: Sequence[_Call], outcomes: Sequence[Outcome]) -> None:
    """Wake each event loop once, whatever number of its callers were in the group."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[list[Outcome]], list[Outcome]]]] = {}
    at = 0
    for call in calls:
        share = list(outcomes[at : at + len(call.records)])
        at += len(call.records)
        by_loop.setdefault(call.loop, []).append((call.future, share))
    for loop, answers in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, answers)


def _resolve(answers: list[tuple["asyncio.Future[list[Outcome]]", list[Outcome]]]) -> None:
    for future, outcomes in answers:
        if not future.done():
            future.set_result(outcomes)
