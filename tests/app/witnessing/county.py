"""A county whose log is witnessed: real witnesses, with folders of their own, behind a network that can be cut."""

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import Engine

from app.config import Settings
from app.db import connect
from app.log import Log, open_log
from app.recording import Appended
from app.witnessing.gathering import Gatherer
from app.witnessing.quorum import k_of_n
from clients.witness.command import answer
from clients.witness.http import Answer, Asked
from clients.witness.witness import Witness, make
from ledger import policy
from ledger.checkpoint import VKey
from ledger.policy import Pin, Policy
from tests.app.seeding import append, folder
from tests.world import World, planted

Fault = Callable[[httpx.Request], httpx.Response | None]


@dataclass
class Bureau:
    """A witness and what stands between it and the service; ``off`` is how many s its clock is ahead."""

    name: str
    folder: Path
    log: VKey
    off: float = 0
    down: bool = False
    hangs: bool = False
    fault: Fault = lambda request: None
    asked: list[str] = field(default_factory=list)
    """The first line of every request that reached it."""

    @property
    def url(self) -> str:
        return f"https://{self.name}.example"

    @property
    def vkey(self) -> VKey:
        return VKey.parse((self.folder / "witness.vkey").read_text().strip())

    def says(self, asked: Asked) -> Answer:
        """As a process of its own would: whoever asks may be on any thread."""
        with closing(Witness(self.folder, [self.log], clock=lambda: time.time() + self.off)) as witness:
            return answer(witness, asked)


@dataclass
class County:
    """The log's folder and world, and its witnesses; ``open`` is the service, without its pages."""

    settings: Settings
    world: World
    bureaus: Sequence[Bureau]
    opened: list[tuple[Log, Engine, Gatherer]] = field(default_factory=list)
    sent: int = 0

    def open(self, data: Path | None = None, *, pace: float = 0.2) -> tuple[Log, Gatherer]:
        settings = Settings(data=data or self.settings.data, database_url=self.settings.database_url)
        engine = connect(settings.url)
        log = open_log(settings, engine)
        turns = settings.data / "lock" / "witnessing.sqlite"
        gatherer = Gatherer(engine, log, turns, transport=httpx.MockTransport(self._answer), pace=pace)
        self.opened.append((log, engine, gatherer))
        return log, gatherer

    def record(self, log: Log) -> list[Appended]:
        """What the world has stated since last time."""
        fresh = self.world.statements[self.sent :]
        self.sent = len(self.world.statements)
        outcomes = append(log.journal, self.world, fresh)
        assert all(isinstance(outcome, Appended) for outcome in outcomes), outcomes
        return [outcome for outcome in outcomes if isinstance(outcome, Appended)]

    def plant(self, log: Log) -> Appended:
        planted(self.world)
        (done,) = self.record(log)
        return done

    def copy(self, to: Path) -> Path:
        """A backup of the whole data folder, lock and all, as nobody should make it."""
        return Path(shutil.copytree(self.settings.data, to))

    def close(self) -> None:
        for log, engine, gatherer in self.opened:
            gatherer.close()
            log.journal.close()
            engine.dispose()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        (bureau,) = (one for one in self.bureaus if one.url == f"https://{request.url.host}")
        if bureau.down:
            raise httpx.ConnectError("nobody there", request=request)
        if bureau.hangs:
            await asyncio.Event().wait()
        bureau.asked.append(request.content.decode().partition("\n")[0] or request.url.path)
        faulty = bureau.fault(request)
        if faulty is not None:
            return faulty
        said = bureau.says(Asked(request.method, request.url.path, request.content))
        return httpx.Response(said.status, content=said.body, headers={"content-type": said.media})


def witnessed(tmp_path: Path, world: World, count: int, k: int, url: str = "") -> County:
    """A log with ``count`` witnesses of whom ``k`` are enough, and nothing recorded yet."""
    settings = folder(tmp_path / "data", world, url)
    bureaus = []
    for name in [f"w{number}" for number in range(1, count + 1)]:
        make(tmp_path / name, f"{name}.example")
        bureaus.append(Bureau(name, tmp_path / name, world.vkey))
    known = [policy.Witness(bureau.name, bureau.vkey, bureau.url) for bureau in bureaus]
    repin(settings, world, known, k)
    return County(settings, world, bureaus)


def repin(settings: Settings, world: World, known: Sequence[policy.Witness], k: int) -> None:
    pin = Pin(Policy(((world.vkey, ""),), *k_of_n(known, k if known else None)), world.parties["root"])
    settings.pin.write_text(pin.text())


def gather(gatherer: Gatherer) -> None:
    asyncio.run(gatherer.gather())


def ask_first(gatherer: Gatherer) -> None:
    asyncio.run(gatherer.ask_first())
