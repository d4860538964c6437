"""The county of `tests.app.certificates.promised`, and its service."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.certificates.service import Certificates
from app.log import open_log
from app.statements.service import Capture
from tests.app.seeding import LOG_ID
from tests.app.town import NOON, settle
from tests.world import World

TODAY = "2026-05-29"
"""The day of ``NOON`` in the log's time zone."""


@pytest.fixture
def served(tmp_path: Path, database_url: str) -> Iterator[Callable[[World], Certificates]]:
    """The certificates of a world's log, on each database."""
    ends: list[Callable[[], None]] = []

    def serve(world: World) -> Certificates:
        town = settle(tmp_path / "data", database_url, world=world)
        log = open_log(town.settings, town.engine)
        ends.extend((town.engine.dispose, log.journal.close))
        return Certificates(town.engine, log, Capture(town.engine, log.journal, LOG_ID), lambda: NOON / 1000)

    yield serve
    for end in reversed(ends):
        end()
