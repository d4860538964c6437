"""Backups: whole, checked, at one moment; and back again, over nothing."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256 as digest
from pathlib import Path

import pytest

from app.attachments.store import Store
from app.audit.rows import read_lock, read_only
from app.audit.verify import audit
from app.backup.service import backup, restore
from app.config import Settings
from app.db import connect
from app.erasure.service import Eraser
from app.errors import Stopped
from app.log import open_log
from app.origins.pins import add_pin, read_pins
from ledger import b64u
from ledger.checkpoint import ED25519, VKey
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.policy import Pin, Policy
from tests.app.attachments.pictures import named, picture, sha256
from tests.app.seeding import LOG_ID, append, journal, seed
from tests.parts.postgres import database
from tests.world import World, county, harvested, planted, secret

PHOTO, FACE, NEVER = picture(), picture("PNG", "red"), picture(colour="blue")
PHONE = "13912345678"


@dataclass
class Place:
    settings: Settings
    world: World
    url_elsewhere: str

    def elsewhere(self, tmp_path: Path) -> Settings:
        return Settings(data=tmp_path / "elsewhere", database_url=self.url_elsewhere)

    def more(self) -> None:
        """One more statement in the log."""
        planted(self.world)
        engine = connect(self.settings.url)
        writer = journal(self.settings, engine, self.world)
        (outcome,) = append(writer, self.world, self.world.statements[-1:])
        writer.close()
        assert not isinstance(outcome, LedgerError)


@pytest.fixture
def place(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> Iterator[Place]:
    world = county()
    lot = harvested(world, planted(world))
    photos = [named(PHOTO), named(NEVER)]
    world.state("observe", "farm", {"attachments": photos}, [lot], sealed={"portraits": [named(FACE, "image/png")]})
    body = {"outputs": [world.output("sauce", "12")], "origin": "彭州", "unrecorded": True}
    world.state("intake", "coop", body, sealed={"supplier": "张三丰", "supplier_contact": PHONE})
    settings = seed(tmp_path / "data", world, database_url)
    store = Store(settings)
    for number, data in enumerate((PHOTO, FACE)):
        (tmp_path / str(number)).write_bytes(data)
        assert store.take_from(sha256(data), tmp_path / str(number))
    if database_url.startswith("sqlite"):
        # In the data folder, as it is by itself.
        shutil.copy(tmp_path / "ledger.sqlite", settings.data / "ledger.sqlite")
        for beside in tmp_path.glob("ledger.sqlite-*"):
            shutil.copy(beside, settings.data / beside.name)
        yield Place(Settings(data=settings.data), world, "")
    else:
        with database(request.getfixturevalue("postgres")) as url:
            yield Place(settings, world, url)


def test_there_and_back_again(place: Place, tmp_path: Path) -> None:
    settings, folder = place.settings, tmp_path / "backup"
    made = backup(settings, folder)
    assert (made.origin, made.size, made.attachments, made.missing) == (place.world.log, len(place.world.entries), 2, 1)
    assert not (folder / "keys").exists()
    assert not list(folder.rglob("lock*"))
    target = place.elsewhere(tmp_path)
    assert restore(target, folder) == made
    store = Store(target)
    assert {one for one in store.names()} == {sha256(PHOTO), sha256(FACE)}
    engine = read_only(target.url)
    report = audit(engine, Pin.parse(target.pin.read_text()), None, store=store)
    engine.dispose()
    assert report.clean
    assert report.missing == (sha256(NEVER),)
    assert not (target.data / "lock").exists()


def test_a_restored_log_that_is_behind_its_lock_does_not_start(place: Place, tmp_path: Path) -> None:
    settings, folder = place.settings, tmp_path / "backup"
    backup(settings, folder)
    place.more()
    target = place.elsewhere(tmp_path)
    shutil.copytree(settings.data / "lock", target.data / "lock")
    shutil.copytree(settings.keys, target.keys)
    restore(target, folder)
    engine = connect(target.url)
    with pytest.raises(Stopped) as stopped:
        open_log(target, engine)
    engine.dispose()
    assert stopped.value.code == "database-behind"


def test_restored_whole_it_goes_on(place: Place, tmp_path: Path) -> None:
    settings, folder = place.settings, tmp_path / "backup"
    backup(settings, folder, keys=True)
    target = place.elsewhere(tmp_path)
    shutil.copytree(settings.data / "lock", target.data / "lock")
    restore(target, folder)
    assert (target.keys / "log.pem").stat().st_mode & 0o777 == 0o600
    engine = connect(target.url)
    log = open_log(target, engine)
    log.journal.close()
    engine.dispose()
    assert read_lock(target.data / "lock", place.world.log)


def neighbours(name: str) -> Pin:
    """One of the neighbouring county's log, whose root is of this name."""
    vkey = VKey("neighbour.example/county", ED25519, secret("neighbour").public)
    return Pin(Policy(((vkey, ""),)), ChainId(b64u.encode(digest(name.encode()).digest())))


def test_whom_we_believe_elsewhere_comes_back_too(place: Place, tmp_path: Path) -> None:
    settings, folder = place.settings, tmp_path / "backup"
    add_pin(settings.data, neighbours("a"))
    backup(settings, folder)
    target = place.elsewhere(tmp_path)
    restore(target, folder)
    assert read_pins(target.data) == read_pins(settings.data) == {"neighbour.example/county": neighbours("a")}


def test_nothing_is_written_over(place: Place, tmp_path: Path) -> None:
    settings, folder = place.settings, tmp_path / "backup"
    add_pin(settings.data, neighbours("b"))
    backup(settings, folder, keys=True)
    with pytest.raises(Stopped, match="backup-there"):
        backup(settings, folder)
    with pytest.raises(Stopped, match="restore-there"):
        restore(settings, folder)
    other = place.elsewhere(tmp_path)
    other.data.mkdir()
    other.pin.write_text("{}")
    with pytest.raises(Stopped, match="restore-there"):
        restore(other, folder)
    other.pin.unlink()
    other.keys.mkdir()
    (other.keys / "log.pem").write_text("another's")
    with pytest.raises(Stopped, match="restore-there"):
        restore(other, folder)
    shutil.rmtree(other.keys)
    (other.data / "attachments").mkdir()
    (other.data / "attachments" / "mine").write_text("x")
    with pytest.raises(Stopped, match="restore-there"):
        restore(other, folder)
    shutil.rmtree(other.data / "attachments")
    pin = add_pin(other.data, neighbours("a"))
    with pytest.raises(Stopped, match="restore-there"):
        restore(other, folder)
    pin.unlink()
    restore(other, folder)
    with pytest.raises(Stopped, match="restore-there"):
        restore(Settings(data=tmp_path / "third", database_url=other.url), folder)


def test_what_is_no_backup_or_was_changed_is_not_restored(place: Place, tmp_path: Path) -> None:
    folder, target = tmp_path / "backup", place.elsewhere(tmp_path)
    with pytest.raises(Stopped, match="no-backup"):
        restore(target, folder)
    with pytest.raises(Stopped, match="no-log"):
        backup(target, folder)
    backup(place.settings, folder)
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        before = path.read_bytes()
        path.write_bytes(before[:-2] + b"!!")
        with pytest.raises(Stopped, match="backup-changed"):
            restore(Settings(data=tmp_path / f"t-{path.name}", database_url=place.url_elsewhere), folder)
        path.write_bytes(before)
        if "attachments" in path.parts:
            return
    raise AssertionError("no attachment in it")


def test_an_attachment_that_somebody_changed_is_not_taken_for_good(place: Place, tmp_path: Path) -> None:
    where = next(path for path in (place.settings.data / "attachments").rglob("*") if path.is_file())
    where.write_bytes(b"changed")
    with pytest.raises(Stopped, match="attachment-changed"):
        backup(place.settings, tmp_path / "backup")


def test_what_was_erased_is_in_no_backup_made_afterwards(place: Place, tmp_path: Path) -> None:
    engine = connect(place.settings.url)
    eraser = Eraser(place.settings, engine, LOG_ID, Store(place.settings))
    intake = next(one for one in place.world.statements if one.kind == "intake")
    eraser.erase(eraser.of_statement(intake.hash), "本人要求")
    engine.dispose()
    backup(place.settings, tmp_path / "backup")
    if not place.url_elsewhere:
        with closing(sqlite3.connect(tmp_path / "backup" / "ledger.sqlite")) as copy:
            names = {name for (name,) in copy.execute("SELECT name FROM disclosures")}
        assert "supplier_contact" not in names
    data = b"".join(path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file())
    for disclosure in place.world.disclosures[intake.hash]:
        assert disclosure[:32].encode() not in data
        assert disclosure[-24:].encode() not in data
