"""What was deleted is in no file any more: looked for in the bytes, as whoever has the disk would."""

import random
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from app import schema
from app.db import connect
from app.erasure import scrub as scrubbing
from app.erasure.scrub import found, scrub
from app.errors import ServiceError
from ledger.statement import seal
from tests.app.erasure.conftest import Named
from tests.parts.postgres import database


def filled(path: Path, secure: str) -> list[str]:
    """A table filled in random order, so that pages split everywhere; gives what was then deleted."""
    url = f"sqlite:///{path}"
    engine = connect(url)
    schema.migrate(engine)
    engine.dispose()
    rows = [
        (
            log_id,
            index,
            name,
            "trade",
            seal(name, secrets.token_hex(4 + secrets.randbelow(900)), secrets.token_bytes(16)),
        )
        for log_id in (1, 2)
        for index in range(1500)
        for name in ("note", "person")
    ]
    random.shuffle(rows)
    gone = rows[:200]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA secure_delete={secure}")
        for start in range(0, len(rows), 60):
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO disclosures VALUES (?, ?, ?, ?, ?)", rows[start : start + 60])
            connection.execute("COMMIT")
        connection.execute("PRAGMA secure_delete=ON")
        connection.executemany(
            "DELETE FROM disclosures WHERE log_id = ? AND first_index = ? AND name = ?", [row[:3] for row in gone]
        )
    return [row[4] for row in gone]


def pieces(gone: list[str]) -> Iterator[bytes]:
    """Beginning, middle and end of what was sealed: a copy may be cut at either end."""
    for one in gone:
        yield from (one[at : at + 40].encode() for at in (0, len(one) // 2 - 20, len(one) - 40))


def anywhere(folder: Path, *wanted: bytes) -> bool:
    """Whether one of them stands in any file of a folder."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return any(piece in data for data in files for piece in wanted)


@pytest.mark.parametrize("secure", ["ON", "OFF"])
def test_nothing_of_a_deleted_row_is_left_however_the_table_grew(tmp_path: Path, secure: str) -> None:
    path = tmp_path / "ledger.sqlite"
    gone = filled(path, secure)
    if secure == "OFF":
        assert anywhere(tmp_path, *pieces(gone)), "or this test could not fail"
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT * FROM disclosures ORDER BY 1, 2, 3").fetchall()
    assert scrub(f"sqlite:///{path}", gone)
    assert not found(path, gone)
    assert not anywhere(tmp_path, *pieces(gone))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM disclosures ORDER BY 1, 2, 3").fetchall() == kept
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_readers_come_and_go_meanwhile(named: Named) -> None:
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with named.engine.connect() as connection:
                connection.execute(text("SELECT count(*) FROM disclosures")).scalar()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        path = Path(named.engine.url.database or "")
        assert found(path, named.disclosures)
        eraser = named.eraser()
        assert eraser.erase(eraser.of_statement(named.intake.hash), "本人要求").scrubbed or eraser.finish()
        assert not anywhere(path.parent, *pieces(named.disclosures))
    finally:
        stop.set()
        for reader in readers:
            reader.join()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_somebody_who_still_reads_the_past_is_waited_for(named: Named, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrubbing, "WAIT", 1)
    path = Path(named.engine.url.database or "")
    eraser = named.eraser()
    with named.engine.connect() as slow:
        slow.execute(text("SELECT * FROM disclosures")).all()
        done = eraser.erase(eraser.of_statement(named.intake.hash), "本人要求")
        assert not done.scrubbed
        assert len(named.waited) == scrubbing.TRIES
        assert found(path, named.disclosures), "the reader's past is still in the write-ahead log"
        assert not eraser.finish()
    assert eraser.finish()
    assert not found(path, named.disclosures)
    named.waited.clear()
    assert eraser.finish()
    assert named.waited == [], "and nothing is left to be done"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_found_all_the_same_is_told(named: Named) -> None:
    """Something else in the file says the same: nobody may be told that it is gone."""
    salt = named.disclosures[0][: scrubbing.SALT]
    with named.engine.begin() as connection:
        connection.execute(text("UPDATE accounts SET name = name"))
        connection.execute(text(f"CREATE TABLE elsewhere AS SELECT '{salt}' AS one"))
    eraser = named.eraser()
    with pytest.raises(ServiceError, match="not-scrubbed"):
        eraser.erase(eraser.of_statement(named.intake.hash), "本人要求")


def test_postgresql_keeps_no_row_and_no_sample_of_it(postgres: str, tmp_path: Path) -> None:
    with database(postgres) as url:
        engine = connect(url)
        schema.migrate(engine)
        gone = seal("note", "一个人的电话", secrets.token_bytes(16))
        stays = [(index, seal("note", str(index), secrets.token_bytes(16))) for index in range(50)]
        with engine.begin() as connection:
            row = text("INSERT INTO disclosures VALUES (1, :index, 'note', 'trade', :disclosure)")
            connection.execute(row, [{"index": index, "disclosure": one} for index, one in [*stays, (50, gone)]])
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
            connection.execute(text("CHECKPOINT"))
            folder = Path(connection.execute(text("SHOW data_directory")).scalar_one())
        assert anywhere(folder / "base", *pieces([gone])), "or this test could not fail"
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM disclosures WHERE first_index = 50"))
        assert scrub(url)
        assert not anywhere(folder / "base", *pieces([gone]))
        assert not anywhere(folder / "global", *pieces([gone]))
        with engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM disclosures")).scalar() == len(stays)
        engine.dispose()


def test_postgresql_waits_for_nobody_for_ever(postgres: str) -> None:
    with database(postgres) as url:
        engine = connect(url)
        schema.migrate(engine)
        with engine.connect() as slow:
            slow.execute(text("SELECT * FROM disclosures")).all()
            assert not scrub(url)
        assert scrub(url)
        engine.dispose()


def test_a_file_that_is_not_there_has_nothing_in_it(tmp_path: Path) -> None:
    assert not found(tmp_path / "nothing.sqlite", ["x"])
    (tmp_path / "empty").touch()
    assert not found(tmp_path / "empty", ["x"])
