"""Gathering: brings each new checkpoint to the witnesses, off the commit path, and keeps it once a quorum has signed.

One checkpoint at a time, the newest, at least a second after the one before. Nobody who records waits for this, and a
witness that is down, slow or wrong holds up no more than its own signature.

The witnesses are also the memory that a restored backup lacks. Before a service serves, and whenever they answer, what
they hold is compared with what is here: the journal stops where going on would write a second history, and where it is
the clocks of a whole quorum that differ from ours (docs/adr/0010 says whose word is enough for what).
"""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import Engine

from app import stored
from app.errors import Stopped
from app.log import Log
from app.witnessing import notes
from app.witnessing.asking import PATIENCE, Ahead, Answer, Asker, Beside, Cosigned, Silent
from ledger.checkpoint import Checkpoint, Note, Signature, VKey
from ledger.merkle import Hash, consistency_proof, root
from ledger.policy import Witness

_log = logging.getLogger("gengji.witnessing")

PACE = 1.0
"""The least time, in s, from one checkpoint to the next."""

FIRST_PATIENCE = 3.0
"""How long, in s, a service that starts waits for its witnesses."""

CLOCK_OFF = 60.0
"""How many s a witness's clock may be from ours."""

LONGEST_PAUSE = 60.0
"""How long, in s, a witness that does not answer is left alone at most."""


@dataclass(slots=True)
class _Asked:
    """A checkpoint on its round, and who has signed it."""

    note: Note
    checkpoint: Checkpoint
    signed: dict[VKey, Signature] = field(default_factory=dict)


@dataclass(slots=True)
class _Standing:
    """What is known of one witness: whether it ever answered, its faults in a row, until when it is left alone, and
    what its answers said."""

    heard: bool = False
    faults: int = 0
    until: float = 0.0
    off: float = 0.0
    contradicts: Stopped | None = None


def watch(engine: Engine, log: Log, data: Path, urls: Mapping[str, str]) -> "Gatherer | None":
    """Has the log witnessed from now on, where its policy wants that. Raises Stopped."""
    if not notes.wants_witnesses(log.pin.policy):
        return None
    gatherer = Gatherer(engine, log, data / "lock" / "witnessing.sqlite", urls)
    gatherer.begin()
    return gatherer


class Gatherer:
    """The witnesses of one log. ``urls`` tells where those are for whom the policy does not, by their names there.

    ``clock`` gives seconds since 1970, ``transport`` is for those who stand in for the network.
    """

    def __init__(
        self,
        engine: Engine,
        log: Log,
        turns: Path,
        urls: Mapping[str, str] | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        pace: float = PACE,
    ) -> None:
        self._engine = engine
        self._log = log
        self._policy = log.pin.policy
        self._clock = clock
        self._pace = pace
        self._turns = turns
        self._turn: sqlite3.Connection | None = None
        # What the environment says about proxies holds for the world outside, not for this machine.
        near = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))
        self._http = httpx.AsyncClient(transport=transport, mounts={} if transport else near)
        # A witness may hold what was signed with a key that is retired since.
        logs = [vkey for vkey, _ in log.stored.policy.logs]
        self._askers = [
            Asker(witness, url, logs, self._http, clock, self._prove)
            for witness in self._policy.witnesses
            if (url := (urls or {}).get(witness.name) or witness.url)
        ]
        self._standing = {asker.witness.vkey: _Standing() for asker in self._askers}
        self._asked: _Asked | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._working: asyncio.Task[None] | None = None

    # --- the face ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Ask first, then go on asking in the background. Raises Stopped where this log may not be gone on with."""
        if not self._askers:
            _log.warning("%s: the policy wants witnesses, and nobody knows where they are", self._log.origin)
        self._loop = asyncio.new_event_loop()
        name = f"witnessing {self._log.origin}"
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self.ask_first(), self._loop).result()
            asyncio.run_coroutine_threadsafe(self._go_on(), self._loop).result()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ask no more; a question that is out is given up."""
        if self._loop is not None and self._thread is not None:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = None
        self._give_turn()

    async def ask_first(self) -> None:
        """The question at start: what do those who can be reached hold? Raises Stopped."""
        await self._round(self._askers, FIRST_PATIENCE, everybody=True)

    async def gather(self) -> None:
        """Bring the newest checkpoint, if it has no quorum yet, to those who have not signed it. Raises Stopped.

        Who could not be asked at start is asked in any case: what it holds may be more than we have.
        """
        if not self._take_turn():
            return
        latest, known = self._log.journal.latest(), self._log.journal.published()
        if latest is None:
            return
        fresh = known is None or stored.read_note(known).size < stored.read_note(latest).size
        now = self._clock()
        standing = [(asker, self._standing[asker.witness.vkey]) for asker in self._askers]
        due = [asker for asker, told in standing if told.until <= now and (fresh or not told.heard)]
        if due:
            await self._round(due, PATIENCE)

    # --- the background ------------------------------------------------------------------------------------------

    async def _go_on(self) -> None:
        self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(self._pace)
            try:
                await self.gather()
            except Stopped as why:
                self._log.journal.stop(why)
                # The next of several processes takes its turn, asks, and stops for the same reason.
                self._give_turn()
                return
            except Exception as error:  # a database that is away for a while is no reason to end
                _log.error("%s: no witness was asked", self._log.origin, exc_info=error)

    async def _end(self) -> None:
        if self._working is not None:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)
        await self._http.aclose()

    # --- one round -----------------------------------------------------------------------------------------------

    async def _round(self, askers: Sequence[Asker], patience: float, *, everybody: bool = False) -> None:
        latest = self._log.journal.latest()
        if latest is None:
            return
        if self._asked is None or str(self._asked.note) != latest:
            note = Note.parse(latest)
            self._asked = _Asked(note, Checkpoint.parse(note.text))
        asked = self._asked
        waiting = {
            asyncio.create_task(asker.ask(asked.note, asked.checkpoint, patience)): asker.witness
            for asker in askers
            if asker.witness.vkey not in asked.signed
        }
        began = time.monotonic()
        try:
            while waiting:
                # With a quorum the rest have until the next checkpoint's turn; without it, all the time there is.
                enough = not everybody and self._policy.satisfied(asked.signed)
                left = began + self._pace - time.monotonic() if enough else None
                if left is not None and left <= 0:
                    break
                done, _ = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._take(asked, waiting.pop(task), task.result())
        finally:
            for task in waiting:
                task.cancel()
        if self._policy.satisfied(asked.signed):
            self._keep(asked)
        self._judge()

    def _take(self, asked: _Asked, witness: Witness, answer: Answer) -> None:
        standing = self._standing[witness.vkey]
        standing.heard |= not isinstance(answer, Silent)
        if isinstance(answer, Cosigned):
            asked.signed[witness.vkey] = answer.signature
            standing.off, standing.contradicts, fault = answer.off, None, ""
            if answer.off > CLOCK_OFF:
                _log.warning("%s: the clock of witness %s is %d s off", self._log.origin, witness.name, answer.off)
        elif isinstance(answer, Silent):
            fault = answer.why
        else:
            standing.contradicts = self._contradiction(witness, answer)
            fault = str(standing.contradicts or "")
        if fault and not standing.faults:
            _log.error("%s: witness %s did not sign: %s", self._log.origin, witness.name, fault)
        elif standing.faults and not fault:
            _log.warning("%s: witness %s answers again", self._log.origin, witness.name)
        standing.faults = standing.faults + 1 if fault else 0
        standing.until = self._clock() + min(self._pace * 2.0**standing.faults, LONGEST_PAUSE) if fault else 0.0

    def _keep(self, asked: _Asked) -> None:
        """Those who signed stand in the order of the policy, behind the log."""
        below = [asked.signed[witness.vkey] for witness in self._policy.witnesses if witness.vkey in asked.signed]
        note = str(Note(asked.note.text, (*asked.note.signatures, *below)))
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            notes.keep(connection, self._log.log_id, asked.checkpoint.size, note)

    # --- what a witness holds against us -------------------------------------------------------------------------

    def _contradiction(self, witness: Witness, answer: Ahead | Beside) -> Stopped | None:
        """The reason that ``answer`` would be; raised at once if it is shown, else it counts as a word."""
        # Read after the answer: another process may have gone on, and had it witnessed, in the meantime.
        ours = stored.read_note(self._log.journal.latest() or "")
        if answer.shown is not None and answer.shown.size > ours.size:
            raise Stopped("witness-ahead", path=witness.name, has=ours.size, wanted=answer.shown.size)
        if answer.shown is not None and answer.shown.root != self._root(answer.shown.size):
            raise Stopped("witness-beside", path=witness.name, has=answer.shown.size)
        if isinstance(answer, Ahead) and answer.size <= ours.size:
            return None
        if isinstance(answer, Ahead):
            return Stopped("witness-ahead", path=witness.name, has=ours.size, wanted=answer.size)
        return Stopped("witness-beside", path=witness.name, has=answer.size)

    def _judge(self) -> None:
        """Raises Stopped where so many witnesses say it that their signatures would be believed too."""
        against = {vkey: told.contradicts for vkey, told in self._standing.items() if told.contradicts is not None}
        if self._policy.satisfied(against.keys()):
            raise next(iter(against.values()))
        off = {vkey: told.off for vkey, told in self._standing.items() if told.off > CLOCK_OFF}
        if self._policy.satisfied(off.keys()):
            named = ", ".join(witness.name for witness in self._policy.witnesses if witness.vkey in off)
            raise Stopped("clock-witness", path=named, has=int(min(off.values())), wanted=int(CLOCK_OFF))

    def _prove(self, old: int, new: int) -> Sequence[Hash]:
        with self._engine.connect() as connection:
            return consistency_proof(old, new, stored.nodes(connection, self._log.log_id, new))

    def _root(self, size: int) -> Hash:
        with self._engine.connect() as connection:
            return root(size, stored.nodes(connection, self._log.log_id, size))

    # --- of several processes, one asks --------------------------------------------------------------------------

    def _take_turn(self) -> bool:
        """True in the one process that may ask, as long as it lives: it holds a file that nobody else can."""
        if self._turn is None:
            turn = sqlite3.connect(self._turns, isolation_level=None, check_same_thread=False, timeout=0)
            try:
                turn.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                turn.close()
                return False
            self._turn = turn
        return True

    def _give_turn(self) -> None:
        if self._turn is not None:
            self._turn.close()
            self._turn = None
