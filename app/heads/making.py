"""Making a ``log.heads``: counted from the database, signed with the operator's key, recorded as any other statement.

A running service makes one a day by itself, where the operator's key lies in its data folder.
"""

import asyncio
import logging
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from sqlalchemy import Engine

from app import stored
from app.config import Settings
from app.heads.reading import FOLDER, Heads, prepare
from app.heads.signing import Hand
from app.keyring import read_key
from app.log import Log
from app.recording import Appended
from ledger.keys import PrivateKey

KEY = "operator.pem"
"""In the folder of keys."""

DAY = 86_400_000
PAUSE = 600_000
"""How soon to look again, in ms, where there is no key yet, the log is closed, or something failed."""

BESIDE = 50_000
"""From how many entries on a process of its own does the counting, so that the service goes on answering."""

_log = logging.getLogger("gengji.heads")


async def make_heads(settings: Settings, engine: Engine, log: Log, key: PrivateKey, now: int) -> Appended:
    """A ``log.heads`` of the log as it is at ``now``, ms. Raises what the journal refuses, as ``role``."""
    note = log.journal.latest()
    body = await _count(settings, log.log_id, stored.read_note(note).size if note else 0)
    return await Hand(engine, log, key).state("log.heads", body, now)


async def _count(settings: Settings, log_id: int, size: int) -> dict[str, Any]:
    work = (settings.url, log_id, size, settings.data / FOLDER)
    if size < BESIDE:
        return await asyncio.to_thread(prepare, *work)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, prepare, *work)


class Daily:
    """Makes a ``log.heads`` when the last is a day old. ``clock`` gives ms since 1970."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        log: Log,
        heads: Heads,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._log = log
        self._heads = heads
        self._clock = clock

    async def run(self) -> None:
        """Until it is cancelled. What fails is told to the service's log and tried again."""
        while True:
            try:
                pause = await self.step()
            except Exception as error:  # whatever it was, the service goes on and tomorrow comes
                _log.error("%s: no daily heads", self._log.origin, exc_info=error)
                pause = PAUSE
            await asyncio.sleep(pause / 1000)

    async def step(self) -> int:
        """Make one if it is time; in how many ms to ask again."""
        path = self._settings.keys / KEY
        if not path.exists() or self._log.journal.registry.closed:
            return PAUSE
        due = await asyncio.to_thread(self._due)
        if (now := self._clock()) < due:
            return due - now
        await make_heads(self._settings, self._engine, self._log, read_key(path), now)
        return DAY

    def _due(self) -> int:
        note = self._log.journal.latest()
        newest = self._heads.newest(stored.read_note(note).size) if note else None
        return 0 if newest is None else self._heads.received(newest[0]) + DAY
