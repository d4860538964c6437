"""Every log.heads is recomputed: a false one is named, a true one among damaged entries is not."""

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.audit.report import Report
from app.audit.rows import read_only
from app.audit.verify import audit
from app.config import Settings
from app.db import connect
from app.heads.making import make_heads
from app.heads.signing import Hand
from app.log import open_log
from ledger import b64u
from ledger.canonical import Json
from ledger.policy import Pin
from tests.app.audit.tampering import File
from tests.app.seeding import seed
from tests.world import county, harvested, planted, secret


def stated(data: Path, bodies: Sequence[dict[str, Json] | None]) -> Settings:
    """A log in which the operator stated these heads, for None the true ones, with something between them."""
    world = county()
    harvested(world, planted(world))
    settings = seed(data, world)
    engine = connect(settings.url)
    log = open_log(settings, engine)
    for body in bodies:
        now = log.journal.now()
        if body is None:
            asyncio.run(make_heads(settings, engine, log, secret("operator"), now))
        else:
            asyncio.run(Hand(engine, log, secret("operator")).state("log.heads", body, now))
    log.journal.close()
    engine.dispose()
    return settings


def audited(settings: Settings) -> Report:
    engine = read_only(settings.url)
    try:
        return audit(engine, Pin.parse(settings.pin.read_text()))
    finally:
        engine.dispose()


def test_true_heads_hold(tmp_path: Path) -> None:
    report = audited(stated(tmp_path, [None, None, None]))
    assert report.clean, report.first
    assert report.checked["heads"] == 3


FALSE = b64u.encode(bytes(32))


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"count": 12, "root": FALSE, "size": 10}, "heads", "body.count"),
        ({"count": 0, "root": FALSE, "size": 0}, "heads-size", "body.size"),
        ({"count": 12, "root": FALSE, "size": 10**9}, "heads-size", "body.size"),
    ],
)
def test_false_heads_are_named(tmp_path: Path, body: dict[str, Json], code: str, path: str) -> None:
    bodies = [None, body, None] if code == "heads-size" else [body, None]
    report = audited(stated(tmp_path, bodies))
    assert report.first is not None
    assert (report.first.check, report.first.table, report.first.code) == ("heads", "statements", code)
    assert report.first.params["path"] == path
    assert report.bad == {"heads": 1}


def test_a_false_root_of_the_right_count_is_named(tmp_path: Path) -> None:
    report = audited(stated(tmp_path, [{"count": 1, "root": FALSE, "size": 1}]))
    assert report.first is not None
    assert report.first.params["path"] == "body.root"


def test_a_damaged_entry_is_named_alone(tmp_path: Path) -> None:
    settings = stated(tmp_path / "kept", [None])
    for column, value in (("hash", bytes(32)), ("received", 5), ("seq", 7), ("first_index", 1)):
        path = tmp_path / "copy"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(settings.data, path)
        with sqlite3.connect(path / "ledger.sqlite") as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        connection.close()
        file = File.open(str(path / "ledger.sqlite"))
        file.execute(f"UPDATE entries SET {column} = ? WHERE log_index = 12", [value])
        file.connection.close()
        report = audited(Settings(data=path))
        assert report.first is not None
        assert report.first.table == "entries", column
        assert "heads" not in report.bad, column
