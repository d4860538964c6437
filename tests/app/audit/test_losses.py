"""The audit of files: those that are named are hashed again, those that nobody names are told."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.attachments.store import Store
from app.audit.report import Report
from app.audit.rows import read_only
from app.audit.verify import audit
from app.config import Settings
from app.db import connect
from app.erasure.service import Eraser
from ledger.policy import Pin
from tests.app.attachments.pictures import named, picture, sha256
from tests.app.seeding import LOG_ID, seed
from tests.world import World, county, harvested, planted

PHOTO, FACE, NEVER = picture(), picture("PNG", "red"), picture(colour="blue")


@dataclass
class Place:
    settings: Settings
    world: World
    engine: Engine

    def audit(self) -> Report:
        engine = read_only(self.settings.url)
        try:
            pin = Pin.parse(self.settings.pin.read_text())
            return audit(engine, pin, store=Store(self.settings, make=False))
        finally:
            engine.dispose()

    def told(self) -> list[tuple[str, str, str]]:
        return [(one.check, one.key, one.code) for one in self.audit().failures]

    @property
    def first(self) -> int:
        return self.world.first[self.world.statements[-2].hash]


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Place]:
    world = county()
    lot = harvested(world, planted(world))
    photos = [named(PHOTO), named(NEVER)]
    world.state("observe", "farm", {"attachments": photos}, [lot], sealed={"portraits": [named(FACE, "image/png")]})
    world.state("observe", "farm", {"attachments": [named(PHOTO)]}, [lot])
    settings = seed(tmp_path / "data", world, database_url)
    store = Store(settings)
    for number, data in enumerate((PHOTO, FACE)):
        (tmp_path / str(number)).write_bytes(data)
        store.take_from(sha256(data), tmp_path / str(number))
    engine = connect(settings.url)
    yield Place(settings, world, engine)
    engine.dispose()


def test_files_are_hashed_again_and_those_not_brought_are_listed(place: Place) -> None:
    report = place.audit()
    assert report.clean
    assert report.checked["attachments"] == 3
    assert report.missing == (sha256(NEVER),)
    assert report.json()["missing"] == [sha256(NEVER)]


def test_a_changed_file_is_named(place: Place) -> None:
    folder = place.settings.data / "attachments"
    path = next(path for path in folder.rglob("*") if path.is_file() and path.read_bytes() == FACE)
    path.write_bytes(FACE[:-1] + b"!")
    assert place.told() == [("attachment", sha256(FACE), "changed")]
    assert "不是记录里写的那一个" in place.audit().failures[0].words("zh")


def test_a_file_that_nobody_names_is_told(place: Place) -> None:
    folder = place.settings.data / "attachments"
    (folder / "ab").mkdir(exist_ok=True)
    (folder / "ab" / ("ab" * 32)).write_bytes(b"stray")
    (folder / "readme.txt").write_text("what is this?")
    assert sorted(key for check, key, code in place.told() if (check, code) == ("attachment", "extra")) == sorted(
        ["q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s", "readme.txt"]
    )


@pytest.mark.parametrize(
    ("change", "key", "code"),
    [
        ("DELETE FROM attachments WHERE first_index = {first} AND line = 1", "{first}, attachments 1", "absent"),
        (
            "UPDATE attachments SET size = 7 WHERE first_index = {first} AND line = 1",
            "{first}, attachments 1",
            "changed",
        ),
        ("UPDATE attachments SET audience = 'public' WHERE field = 'portraits'", "{first}, portraits 0", "changed"),
        (
            "UPDATE attachments SET line = 9 WHERE first_index = {first} AND line = 1",
            "{first}, attachments 1",
            "absent",
        ),
        ("UPDATE attachments SET first_index = 2 WHERE field = 'portraits'", "2, portraits 0", "extra"),
        ("UPDATE attachments SET first_index = 99999 WHERE field = 'portraits'", "{first}, portraits 0", "absent"),
    ],
)
def test_the_table_of_files_is_held_against_the_statements(place: Place, change: str, key: str, code: str) -> None:
    with place.engine.begin() as connection:
        connection.execute(text(change.format(first=place.first)))
    told = place.told()
    assert ("attachment", key.format(first=place.first), code) == told[0]


def test_what_was_erased_is_no_loss_and_comes_back_as_one(place: Place, tmp_path: Path) -> None:
    folder = place.settings.data / "attachments"
    shutil.copytree(folder, tmp_path / "yesterday")
    eraser = Eraser(place.settings, place.engine, LOG_ID, Store(place.settings))
    observe = place.world.statements[-2]
    eraser.erase(eraser.of_statement(observe.hash), "本人要求")
    eraser.erase(eraser.of_statement(observe.hash, ["attachments"]), "照片里有孩子")
    report = place.audit()
    assert report.clean
    # Another statement still names the photo.
    assert (report.checked["attachments"], report.missing) == (1, ())
    assert [path.read_bytes() for path in folder.rglob("*") if path.is_file()] == [PHOTO]
    shutil.copytree(tmp_path / "yesterday", folder, dirs_exist_ok=True)
    assert place.told() == [("attachment", sha256(FACE), "extra")]


def test_without_the_folder_all_is_missing(place: Place) -> None:
    shutil.rmtree(place.settings.data / "attachments")
    report = place.audit()
    assert report.clean
    assert len(report.missing) == 3
    assert not (place.settings.data / "attachments").exists()
