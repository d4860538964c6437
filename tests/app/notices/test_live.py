"""The service as it is run: what is recorded is told, and what a killed service was telling is told again."""

import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from app.notices.following import now
from app.tables import outbox
from tests.app.notices.receiving import Program
from tests.app.notices.telling import Telling, goods, telling
from tests.parts.service import serving

SOON = 30.0


@pytest.fixture
def waited() -> Callable[[Callable[[], bool]], None]:
    """Waits for what another process does; fails after a while."""
    pause = threading.Event()

    def until(true: Callable[[], bool]) -> None:
        for _ in range(int(SOON / 0.05)):
            if true():
                return
            pause.wait(0.05)
        raise AssertionError("it did not happen")

    return until


def test_told_and_told_again_after_a_kill(
    tmp_path: Path, database_url: str, receiver: Program, waited: Callable[[Callable[[], bool]], None]
) -> None:
    with telling(tmp_path / "data", database_url) as county:
        lot = county.lot()
        county.clock.at = now()
        county.contact("coop", receiver.url)
        county.log.journal.close()
        statement = county.world.state("ship", "farm", {**goods(lot), "receiver": county.party("coop")}, [lot])
        with serving(county.town.settings.data, database_url) as (address, program):
            waited(lambda: _done(county) == [True])
            receiver.came.clear()
            receiver.go_on = threading.Event()
            sent = county.world.presentation(statement)
            answer = httpx.post(f"{address}/v1/statements", content=sent, headers={"content-type": "application/jose"})
            assert answer.status_code == 201, answer.text
            assert receiver.came.wait(SOON), "the log is followed, and what is told is on its way"
            program.kill()
            program.wait()
        assert _done(county) == [True, False], "claimed, and nobody said that it was done"
        receiver.go_on.set()
        receiver.go_on = None
        with county.town.engine.begin() as connection:
            connection.execute(update(outbox).where(outbox.c.done.is_(None)).values(next_at=0))
        with serving(county.town.settings.data, database_url):
            waited(lambda: _done(county) == [True, True])
    assert receiver.events == ["welcome", "shipped", "shipped"]
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert ids[1] == ids[2] != ids[0]
    assert receiver.told[1]["statement"]["hash"] == statement.hash


def _done(county: Telling) -> list[bool]:
    return [row["done"] is not None and row["error"] is None for row in county.rows()]
