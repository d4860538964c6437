"""A database that stands still, of which every test takes a copy to meddle with."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from app.audit.report import Report
from app.audit.rows import read_lock, read_only
from app.audit.verify import audit
from app.batches.books import Books
from app.config import Settings
from app.db import connect
from app.journal import Journal
from app.lock import Lock
from app.recording import Appended
from ledger.policy import Pin
from tests.app.audit.tampering import File, story
from tests.app.seeding import LOG_ID, append
from tests.app.seeding import folder as folder_of
from tests.parts.postgres import database
from tests.world import World


@dataclass(frozen=True)
class Kept:
    """A data folder with its SQLite database in one file, and the world that it tells of."""

    settings: Settings
    world: World

    @property
    def pin(self) -> Pin:
        return Pin.parse(self.settings.pin.read_text())

    @property
    def locked(self) -> str | None:
        return read_lock(self.settings.data / "lock", self.pin.origin)

    def audit(self, url: str) -> Report:
        engine = read_only(url)
        try:
            return audit(engine, self.pin, self.locked)
        finally:
            engine.dispose()


def seed_apart(data: Path, world: World, url: str = "") -> Settings:
    """As ``seed``, but each commit has a millisecond of its own: where one ended is read from the entries alone."""
    settings = folder_of(data, world, url)
    engine = connect(settings.url)
    ticks = count(world.clock * 1000)
    lock = Lock(settings.data / "lock", world.log)
    writer = Journal(engine, lock, [world.log_key], world.log, LOG_ID, Books(LOG_ID), lambda: next(ticks))
    for outcome in append(writer, world, world.statements):
        assert isinstance(outcome, Appended)
    writer.close()
    engine.dispose()
    return settings


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The story of `tampering`, recorded once a module."""
    data = tmp_path_factory.mktemp("kept")
    world = story()
    settings = seed_apart(data, world)
    connection = sqlite3.connect(data / "ledger.sqlite")
    connection.execute("PRAGMA journal_mode=DELETE")  # so that a copy of the one file is a copy of it all
    connection.close()
    return Kept(settings, world)


@pytest.fixture
def copy(kept: Kept, tmp_path: Path) -> Callable[[], File]:
    """A fresh copy of the database to meddle with, each time in the same place; `path` says where."""

    def fresh() -> File:
        path = tmp_path / "copy.sqlite"
        for left in tmp_path.glob("copy.sqlite*"):
            left.unlink()
        shutil.copy(kept.settings.data / "ledger.sqlite", path)
        return File.open(str(path))

    return fresh


@pytest.fixture
def folder(kept: Kept, tmp_path: Path) -> Path:
    """A whole data folder of one's own, to do anything to."""
    copied = tmp_path / "data"
    shutil.copytree(kept.settings.data, copied)
    return copied


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A fresh PostgreSQL database."""
    with database(postgres) as url:
        yield url
