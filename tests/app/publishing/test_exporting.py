"""The exported folder: what is served, as files; grown by what is new, and never half written."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.audit.rows import read_lock, read_only
from app.config import Settings
from app.db import connect
from app.errors import Conflict, NotFound, Stopped
from app.main import create_app
from app.publishing import exporting
from app.publishing.commands import export as command
from ledger.policy import Pin
from tests.app.audit.tampering import story
from tests.app.publishing.recorded import notes, recorded
from tests.app.seeding import LOG_ID, append, journal, seed
from tests.app.visiting import visiting
from tests.world import World, county, planted


def files(top: Path) -> dict[str, bytes]:
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}


class Export:
    """Exports of one log, under any of its checkpoints."""

    def __init__(self, settings: Settings) -> None:
        self.pin = Pin.parse(settings.pin.read_text())
        self.engine: Engine = read_only(settings.url)

    def __call__(self, note: str, folder: Path, stop: int | None = None) -> int:
        def progress(done: int, size: int) -> None:
            if stop is not None and done >= stop:
                raise KeyboardInterrupt

        return exporting.export(self.engine, LOG_ID, self.pin, note, folder, progress)


@pytest.fixture(scope="module")
def world() -> World:
    return story()


@pytest.fixture(scope="module")
def settings(world: World, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Checkpoints of many sizes."""
    return recorded(world, tmp_path_factory.mktemp("data"))


@pytest.fixture
def export(settings: Settings) -> Export:
    return Export(settings)


def test_the_files_are_what_is_served(settings: Settings, tmp_path: Path) -> None:
    command(tmp_path / "out", data=settings.data)
    written = files(tmp_path / "out")
    with visiting(create_app(settings)) as visitor:
        for path, data in written.items():
            if path not in ("policy.json", "README"):
                assert visitor.get(f"/log/{path}").content == data, path
    assert Pin.parse(written["policy.json"].decode()) == Pin.parse(settings.pin.read_text())
    assert "耕迹" in written["README"].decode()


def test_on_each_database(world: World, database_url: str, tmp_path: Path) -> None:
    settings = seed(tmp_path / "data", world, database_url)
    command(tmp_path / "out", data=settings.data, database_url=database_url)
    with visiting(create_app(settings)) as visitor:
        for path in ("checkpoint", "tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/23", "statements/256-511"):
            assert visitor.get(f"/log/{path}").content == (tmp_path / "out" / path).read_bytes()


def test_grown_step_by_step_it_is_as_written_at_once(
    settings: Settings, world: World, export: Export, tmp_path: Path
) -> None:
    every = notes(settings)
    for note in every:
        export(note, tmp_path / "grown")
        export(note, tmp_path / "at once")
        assert files(tmp_path / "grown") == files(tmp_path / "at once")
        shutil.rmtree(tmp_path / "at once")
    assert len(every) > 3
    assert not [path for path in (tmp_path / "grown").rglob("*.p") if not any(path.iterdir())]


def test_a_second_time_only_what_is_new_is_written(
    settings: Settings, world: World, export: Export, tmp_path: Path
) -> None:
    *_, newest = notes(settings)
    assert export(newest, tmp_path / "out") == len(world.entries)
    for name in ("tile/0/000", "tile/0/001", "tile/entries/000", "statements/0-255"):
        (tmp_path / "out" / name).write_bytes(b"as it is")
    assert export(newest, tmp_path / "out") == 0
    assert (tmp_path / "out" / "tile/0/001").read_bytes() == b"as it is"


@pytest.mark.parametrize("stop", [256, 512, 535])
def test_what_was_cut_off_is_gone_on_with(
    settings: Settings, world: World, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    monkeypatch.setattr(exporting, "STRETCH", 256)
    early, newest = notes(settings)[5], notes(settings)[-1]
    out = tmp_path / "out"
    export(early, out)
    with pytest.raises(KeyboardInterrupt):
        export(newest, out, stop)
    assert (out / "checkpoint").read_text() == early, "until the end it is the log that it was"
    export(newest, out)
    export(newest, tmp_path / "whole")
    assert files(out) == files(tmp_path / "whole")


def test_cut_off_before_there_was_a_checkpoint(
    settings: Settings, world: World, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "STRETCH", 256)
    *_, early, newest = notes(settings)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        export(early, out, 512)
    assert not (out / "checkpoint").exists()
    (out / "statements" / ".512-534.part").write_bytes(b"half")
    export(newest, out)
    export(newest, tmp_path / "whole")
    assert files(out) == files(tmp_path / "whole")


def test_a_folder_that_holds_something_else_is_left_alone(settings: Settings, export: Export, tmp_path: Path) -> None:
    newest = str(read_lock(settings.data / "lock", export.pin.origin))
    for name, data in (("photo.jpg", b"x"), ("checkpoint", b"x"), ("checkpoint", b"\xff")):
        out = tmp_path / f"out-{len(data)}-{name}-{data[0]}"
        out.mkdir()
        (out / name).write_bytes(data)
        with pytest.raises(Conflict, match="export-folder"):
            export(newest, out)
        assert files(out) == {name: data}
    (tmp_path / "empty").mkdir()
    export(newest, tmp_path / "empty")
    for left in (b"", b"{", b"[]", b'{"done":99999999}', b'{"done":-256}', b'{"sizes":[-5,9007199254740993]}'):
        out = tmp_path / f"left-{len(left)}{left!r}"
        out.mkdir()
        (out / ".export").write_bytes(left)
        export(newest, out)
        assert files(out) == files(tmp_path / "empty")


def test_nothing_is_written_through_a_link(settings: Settings, export: Export, tmp_path: Path) -> None:
    """Somebody who may write to the folder leaves links where the next export writes."""
    newest = str(read_lock(settings.data / "lock", export.pin.origin))
    out, other = tmp_path / "out", tmp_path / "other"
    export(newest, out)
    other.write_bytes(b"mine")
    for name in (".checkpoint.part", ".README.part", ".policy.json.part"):
        (out / name).symlink_to(other)
    export(newest, out)
    assert other.read_bytes() == b"mine"
    export(newest, tmp_path / "whole")
    assert files(out) == files(tmp_path / "whole")
    assert not any(path.is_symlink() for path in out.rglob("*"))


def test_another_history_is_not_gone_on_with(settings: Settings, export: Export, world: World, tmp_path: Path) -> None:
    every = notes(settings)
    export(every[-1], tmp_path / "out")
    with pytest.raises(Conflict, match="export-other"):
        export(every[-2], tmp_path / "out")
    other = county()
    planted(other)
    elsewhere = seed(tmp_path / "data", other)
    foreign = Export(elsewhere)
    foreign(notes(elsewhere)[-1], tmp_path / "foreign")
    before = files(tmp_path / "foreign")
    with pytest.raises(Conflict, match="export-other"):
        export(every[-1], tmp_path / "foreign")
    assert files(tmp_path / "foreign") == before


def test_a_log_that_is_not_there_or_has_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="no-log"):
        command(tmp_path / "out", data=tmp_path / "nowhere")
    world = World()
    world.open()
    world.statements.clear()
    empty = seed(tmp_path / "empty", world)
    with pytest.raises(NotFound, match="no-checkpoint"):
        command(tmp_path / "out", data=empty.data)
    assert not (tmp_path / "out").exists()


def test_while_the_service_writes(world: World, tmp_path: Path) -> None:
    """What is recorded meanwhile is for the next time."""
    other = county()
    settings = seed(tmp_path / "data", other)
    locked = str(read_lock(settings.data / "lock", other.log))
    planted(other)
    engine = connect(settings.url)
    writer = journal(settings, engine, other)
    append(writer, other, other.statements[-1:])
    export = Export(settings)
    export(locked, tmp_path / "out")
    assert (tmp_path / "out" / "checkpoint").read_text() == locked
    export(str(writer.latest()), tmp_path / "out")
    writer.close()
    engine.dispose()
    export(str(read_lock(settings.data / "lock", other.log)), tmp_path / "whole")
    assert files(tmp_path / "out") == files(tmp_path / "whole")
