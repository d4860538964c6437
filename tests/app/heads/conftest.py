"""A service's log with a story in it, and the operator's key where a running service finds it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.config import Settings
from app.db import connect
from app.heads.making import KEY
from app.heads.reading import Heads
from app.keyring import write_key
from app.log import Log, open_log
from tests.app.seeding import seed
from tests.world import World, county, harvested, planted, secret


@dataclass
class Town:
    """What stands in a data folder, and the log that is open over it."""

    world: World
    settings: Settings
    engine: Engine
    log: Log

    @property
    def heads(self) -> Heads:
        """As another process would find them."""
        return Heads(self.engine, self.log.log_id, self.settings.data)

    @property
    def now(self) -> int:
        """Ms, soon after the story's end."""
        return self.log.journal.now()


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    world = county()
    for _ in range(9):
        harvested(world, planted(world))
    settings = seed(tmp_path / "data", world, database_url)
    write_key(settings.keys / KEY, secret("operator"))
    engine = connect(settings.url)
    log = open_log(settings, engine)
    yield Town(world, settings, engine, log)
    log.journal.close()
    engine.dispose()
