"""A real PostgreSQL for tests: its own folder and Unix socket, no port, no root, gone afterwards."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.parts.need import need
from tests.parts.processes import running

START_LIMIT = 60  # seconds


@contextlib.contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """A running server, as the SQLAlchemy URL of its `postgres` database; `durable` keeps fsync on.

    Another database's URL: `make_url(url).set(database=name)`; psycopg takes `libpq(url)`.
    """
    initdb, postgres = need("initdb"), need("postgres")
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    folder = tempfile.mkdtemp(prefix="gengji-postgres-", dir="/tmp")  # a socket's path is short
    try:
        if user:
            shutil.chown(folder, user, user)
        with running(
            initdb, "--pgdata", f"{folder}/data", "--username=postgres", "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--no-sync", user=user, cwd=folder, stdout=subprocess.DEVNULL,
        ) as made:  # fmt: skip
            if made.wait() != 0:
                raise RuntimeError(f"{initdb} failed with {made.returncode}")
        sync = "on" if durable else "off"
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": folder,
            "max_connections": "200",
            "fsync": sync,
            "full_page_writes": sync,
            "synchronous_commit": sync,
        }
        options = [f"-c{name}={value}" for name, value in settings.items()]
        at_once = signal.SIGQUIT  # the gentler signals wait for clients or for a last sync
        with (
            open(f"{folder}/log", "wb") as log,
            running(
                postgres, "-D", f"{folder}/data", *options, user=user, stop=at_once, cwd=folder, stderr=log
            ) as program,
        ):
            url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
            _until_it_answers(program, url, f"{folder}/log")
            yield url
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def database(server_url: str) -> Iterator[str]:
    """A fresh, empty database on the server, as its URL; dropped afterwards, whoever is still connected."""
    name = f"gengji_{uuid.uuid4().hex}"
    with psycopg.connect(libpq(server_url), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield server_url.replace("@/postgres?", f"@/{name}?")
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def libpq(url: str) -> str:
    """The same URL for psycopg and the PostgreSQL programs, which know nothing of SQLAlchemy's drivers."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _until_it_answers(program: subprocess.Popen[bytes], url: str, log: str) -> None:
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            psycopg.connect(libpq(url)).close()
            return
        except psycopg.OperationalError as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(0.02)
            if program.returncode is not None or time.monotonic() > deadline:
                with open(log, encoding="utf-8") as lines:
                    raise RuntimeError(f"PostgreSQL does not answer:\n{lines.read()}") from error


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of this test process's PostgreSQL, started by the first test that asks for it."""
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, empty database of each kind that the service runs on."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    else:
        with database(request.getfixturevalue("postgres")) as url:
            yield url
