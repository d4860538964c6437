"""Copies of a database at one moment, while it is written to, and back again.

SQLite by ``VACUUM INTO``: one moment, as with its backup API, but only what the tables hold, so that no page left over
from something erased travels along. PostgreSQL by its own ``pg_dump`` and ``pg_restore``.
"""

import glob
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url

from app.db import opened
from app.errors import Stopped

SQLITE, POSTGRESQL = "ledger.sqlite", "ledger.dump"
_BESIDE_PATH = tuple(sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True))


@contextmanager
def copied(url: str, folder: Path) -> Iterator[Connection]:
    """Copies the database into ``folder``; gives a connection that reads it as it was copied. Raises Stopped."""
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(where.database), timeout=30)) as source:
            source.execute("VACUUM INTO ?", (str(folder / SQLITE),))
        _sync(folder / SQLITE)
        with _reading(f"sqlite:///{folder / SQLITE}") as connection:
            yield connection
        # Opened as the service opens it, it has got a write-ahead log: into the file with that, and away.
        with closing(sqlite3.connect(folder / SQLITE)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")
        _sync(folder / SQLITE)
        return
    with (
        opened(url) as engine,
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
    ):
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        target = str(folder / POSTGRESQL)
        _run(where, "pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}")
        _sync(folder / POSTGRESQL)
        yield connection


def put_back(folder: Path, url: str) -> None:
    """The copy in ``folder`` as the database ``url``, which must be empty. Raises Stopped ``restore-there``."""
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        target = Path(str(where.database))
        if not (folder / SQLITE).is_file():
            raise Stopped("no-backup", path=str(folder / SQLITE))
        if any(target.with_name(target.name + end).exists() for end in ("", "-wal", "-shm")):
            raise Stopped("restore-there", path=str(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(folder / SQLITE, beside)
        _sync(beside)
        os.replace(beside, target)
        return
    if not (folder / POSTGRESQL).is_file():
        raise Stopped("no-backup", path=str(folder / POSTGRESQL))
    with _reading(url) as connection:
        query = text("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
        if connection.execute(query).scalar_one():
            raise Stopped("restore-there", path=where.render_as_string())
    source = str(folder / POSTGRESQL)
    database = f"--dbname={where.database}"
    _run(where, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", database, source)


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    with opened(url) as engine, engine.connect() as connection:
        yield connection


def _run(url: URL, name: str, *arguments: str) -> None:
    """One of PostgreSQL's programs on the database ``url``. Raises Stopped ``no-program`` or ``program-failed``."""
    program = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *_BESIDE_PATH)))
    if program is None:
        raise Stopped("no-program", has=name)
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    told = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": str(url.port) if url.port else query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("sslmode"),
    }
    environment = os.environ | {name: value for name, value in told.items() if value}
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program, by its path
        [program, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Stopped("program-failed", path=name, has=done.stderr.strip()[-400:])


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
