"""The service as a whole begins and ends: nothing that it opened outlives it, however it ended."""

import asyncio
import gc
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from app.commands import init, migrate
from app.db import connect
from app.errors import Stopped
from app.heads.making import KEY
from app.keyring import write_key
from app.main import create_app
from tests.app.seeding import seed
from tests.app.visiting import visiting
from tests.parts.postgres import database, libpq
from tests.world import county, secret


@pytest.fixture
def url(postgres: str) -> Iterator[str]:
    with database(postgres) as url:
        yield url


@contextmanager
def nothing_left() -> Iterator[None]:
    """The driver complains of each connection that is collected open."""
    gc.collect()
    before = set(threading.enumerate())
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(one.message) for one in complaints] == []
    new = set(threading.enumerate()) - before
    assert not [one.name for one in new if one.name.startswith(("journal", "witnessing"))]


def test_a_service_that_ends_leaves_nothing(tmp_path: Path, url: str) -> None:
    settings = seed(tmp_path / "data", county(), url)
    with nothing_left(), visiting(create_app(settings)) as visitor:
        assert visitor.get("/t/").status_code == 200


@pytest.mark.parametrize("why", ["no-log", "schema-behind", "database-behind", "erasures"])
def test_a_service_that_must_not_start_leaves_nothing(tmp_path: Path, url: str, why: str) -> None:
    settings = seed(tmp_path / "data", county(), url)
    with psycopg.connect(libpq(url)) as connection:
        connection.execute("SET session_replication_role = replica")  # the triggers would not have it
        if why == "no-log":
            connection.execute("UPDATE logs SET origin = 'another.example.org/county'")
        elif why == "schema-behind":
            connection.execute("UPDATE alembic_version SET version_num = '0001'")
        elif why == "database-behind":
            connection.execute("DELETE FROM checkpoints")
        else:
            (settings.data / "lock" / "erased.jsonl").mkdir()
    with nothing_left(), pytest.raises((Stopped, OSError)):
        create_app(settings)


def test_what_a_thread_still_reads_when_the_service_ends_is_waited_for(tmp_path: Path, url: str) -> None:
    settings = seed(tmp_path / "data", county(), url)
    write_key(settings.keys / KEY, secret("operator"))

    async def live_and_end() -> None:
        app = create_app(settings)
        life = app.router.lifespan_context(app)
        with psycopg.connect(libpq(url)) as busy, psycopg.connect(libpq(url), autocommit=True) as looking:
            busy.execute("LOCK TABLE statements")
            await life.__aenter__()
            while not looking.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                await asyncio.sleep(0)
            ended = asyncio.create_task(life.__aexit__(None, None, None))
            for _ in range(10):
                await asyncio.sleep(0)
            assert not ended.done()
            busy.rollback()
            await ended

    with nothing_left():
        asyncio.run(live_and_end())


def test_commands_leave_nothing(tmp_path: Path, url: str) -> None:
    with nothing_left():
        init(origin="log.example.org/new", data=tmp_path / "new", database_url=url)
        migrate(data=tmp_path / "new", database_url=url)
    engine = connect(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM entries")).scalar() == 1
    engine.dispose()
