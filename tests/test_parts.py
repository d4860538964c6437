"""The parts that tests stand on: empty databases, a browser that stays here, programs that end."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import playwright.sync_api
import psycopg
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page

from tests.parts import postgres
from tests.parts.need import need
from tests.parts.processes import free_port, running

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_is_empty_each_time(database_url: str, turn: int) -> None:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == []
        connection.execute(sa.text("CREATE TABLE lot (turn INTEGER)"))


@pytest.mark.parametrize(("durable", "fsync"), [(False, "off"), (True, "on")])
def test_durability_is_asked_for(durable: bool, fsync: str) -> None:
    with postgres.server(durable=durable) as url, psycopg.connect(postgres.libpq(url)) as connection:
        assert connection.execute("SHOW fsync").fetchone() == (fsync,)


def test_a_page_opens_at_both_sizes(page: Page) -> None:
    page.set_content("<meta name=viewport content='width=device-width'><h1>耕迹</h1>")
    assert page.evaluate("[innerWidth, devicePixelRatio]") in ([390, 2], [1280, 1])


def test_a_page_finds_no_other_machine(desk: Page) -> None:
    with pytest.raises(playwright.sync_api.Error, match="ERR_NAME_NOT_RESOLVED"):
        desk.goto("http://example.org/")


def test_a_started_program_ends_with_its_test(start: Callable[..., subprocess.Popen[Any]]) -> None:
    with running(sys.executable, "-c", "input()", stdin=subprocess.PIPE) as program:
        other = start(sys.executable, "-c", "input()", stdin=subprocess.PIPE)
        assert (program.poll(), other.poll()) == (None, None)
    assert program.returncode < 0
    assert other.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program of its parent's death")
def test_a_program_does_not_outlive_a_killed_test_run() -> None:
    need("setpriv")
    program = "import time; print('up', flush=True); time.sleep(600)"
    test_run = (
        "import sys; from tests.parts.processes import running\n"
        f"with running(sys.executable, '-c', {program!r}): input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", test_run], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"up\n"
        run.kill()
        # Both hold the pipe's other end, so this answers when the second one has gone too.
        assert run.stdout.read() == b""


def test_a_missing_program_skips_here_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed"):
        need("no-such-program")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        need("no-such-program")


def test_the_first_name_that_is_installed_is_found() -> None:
    assert os.access(need("no-such-program", "sh"), os.X_OK)


def test_a_free_port_is_free() -> None:
    assert free_port() != free_port()
