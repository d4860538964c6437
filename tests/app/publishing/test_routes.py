"""The public log over HTTP: the tiles are those of the tree, and nothing is shown that is not there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.db import connect
from app.lock import Lock
from app.main import create_app
from app.publishing import routes
from app.publishing.reading import split_bundle
from ledger import merkle
from ledger.canonical import dumps
from ledger.checkpoint import open_checkpoint
from ledger.tiles import ENTRIES, WIDTH, TileId, tile_path
from tests.app.audit.tampering import story
from tests.app.publishing.recorded import as_recorded
from tests.app.seeding import append, journal, seed
from tests.app.visiting import Visitor, visiting
from tests.world import World, county, harvested, planted

SIZE = 535


@pytest.fixture(scope="module")
def world() -> World:
    world = story()
    assert len(world.entries) == SIZE
    return world


@dataclass(frozen=True)
class Served:
    """A visitor of a service, and the world as that service recorded it."""

    visitor: Visitor
    world: World


@pytest.fixture
def served(world: World, database_url: str, tmp_path: Path) -> Iterator[Served]:
    settings = seed(tmp_path / "data", world, database_url)
    with visiting(create_app(settings)) as visitor:
        yield Served(visitor, as_recorded(world, settings))


@pytest.fixture(scope="module")
def quiet(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests that only ask."""
    settings = seed(tmp_path_factory.mktemp("data"), world)
    with visiting(create_app(settings)) as visitor:
        yield Served(visitor, as_recorded(world, settings))


def hashes(world: World, tile: TileId) -> bytes:
    if tile.level:
        first = tile.index * WIDTH
        return b"".join(world.nodes([(8 * tile.level, index) for index in range(first, first + tile.width)]))
    return b"".join(entry.hash() for entry in world.entries[tile.index * WIDTH :][: tile.width])


FULL = [TileId(0, 0), TileId(0, 1)]
PARTIAL = [TileId(0, 2, SIZE - 2 * WIDTH), TileId(0, 2, 1), TileId(0, 1, 255), TileId(1, 0, 2), TileId(1, 0, 1)]


def test_hash_tiles_are_those_of_the_tree(served: Served) -> None:
    for tile in [*FULL, *PARTIAL, *FULL]:
        answer = served.visitor.get(f"/log/{tile_path(tile)}")
        assert answer.status_code == 200
        assert answer.content == hashes(served.world, tile)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "identity", "gzip;q=0", "*", ""])
def test_entry_bundles_are_compressed_for_who_can_read_it(quiet: Served, accepted: str) -> None:
    wanted = [entry.text().encode() for entry in quiet.world.entries]
    packed = accepted in ("gzip", "br, gzip;q=0.5", "*")
    for index, width in ((0, WIDTH), (1, WIDTH), (2, SIZE % WIDTH), (2, 3), (0, WIDTH)):
        path = f"/log/{tile_path(TileId(ENTRIES, index, width))}"
        answer = quiet.visitor.get(path, {"accept-encoding": accepted})
        assert ("gzip" in answer.headers.get("content-encoding", "")) == packed
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert [*split_bundle(answer.content)] == wanted[index * WIDTH :][:width]
        assert answer.content == b"".join(len(e).to_bytes(2) + e for e in wanted[index * WIDTH :][:width])


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002", "tile/0/002.p/24", "tile/0/002.p/0", "tile/0/002.p/256", "tile/0/003.p/1", "tile/1/000",
        "tile/1/000.p/3", "tile/2/000.p/1", "tile/63/000.p/1", "tile/64/000", "tile/00/000", "tile/0/0",
        "tile/0/x000/000", "tile/0/000/", "tile/entries/003.p/1", "tile/entries/002", "tile/-1/000",
        "tile/0/000.p/255/", "tile/", "tile/data/000", "tile/0/x999/x999/x999/x999/x999/999",
        "tile/0/%30%30%30.p/0255", "tile/0/٠٠٠", "tiles/0/000",
    ],
)  # fmt: skip
def test_what_is_no_tile_is_not_there(quiet: Served, path: str) -> None:
    answer = quiet.visitor.get(f"/log/{path}", {"accept": "*/*"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["code"] in ("no-tile", "no-page")
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_the_checkpoint_is_text_and_not_kept(quiet: Served) -> None:
    answer = quiet.visitor.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    checkpoint, _ = open_checkpoint(answer.text, quiet.world.vkey)
    assert (checkpoint.size, checkpoint.root) == (SIZE, merkle.root(SIZE, quiet.world.nodes))


def test_a_log_without_entries_has_none(tmp_path: Path) -> None:
    world = World()
    world.open()
    world.statements.clear()
    with visiting(create_app(seed(tmp_path / "data", world))) as visitor:
        answer = visitor.get("/log/checkpoint", {"accept": "*/*"})
        assert (answer.status_code, answer.json()["code"]) == (404, "no-checkpoint")
        for path in ("tile/0/000.p/1", "tile/entries/000.p/1", "statements/0-0"):
            assert visitor.get(f"/log/{path}", {"accept": "*/*"}).status_code == 404


# --- statements --------------------------------------------------------------------------------------------------


def test_statements_are_canonical_lines_by_first_index(served: Served) -> None:
    every = [{"index": served.world.first[s.hash], "statement": s.jws} for s in served.world.statements]
    for first, last in ((0, SIZE - 1), (0, 0), (1, 40), (300, 300), (255, 534), (534, 534)):
        answer = served.visitor.get(f"/log/statements/{first}-{last}")
        assert answer.content == b"".join(dumps(one) + b"\n" for one in every if first <= one["index"] <= last)  # type: ignore[arg-type, operator]
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("0-535", "beyond-log"), ("535-535", "beyond-log"), (f"{2**53 - 2}-{2**53 - 1}", "beyond-log"),
        (f"{2**53}-{2**53}", "range"), ("5-2", "range"), ("0-4096", "range"), ("00-1", "range"), ("0-01", "range"),
        ("-1-2", "range"), ("a-b", "range"), ("0-" + "9" * 400, "range"), ("0-²", "range"), ("1-2-3", "range"),
    ],
)  # fmt: skip
def test_ranges_that_are_none_or_go_beyond(quiet: Served, path: str, code: str) -> None:
    answer = quiet.visitor.get(f"/log/statements/{path}", {"accept": "*/*"})
    assert (answer.status_code, answer.json()["code"]) == (404 if code == "beyond-log" else 422, code)
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_nothing_that_is_sealed_is_in_it(quiet: Served) -> None:
    text = quiet.visitor.get(f"/log/statements/0-{SIZE - 1}").text
    assert not any(disclosure in text for some in quiet.world.disclosures.values() for disclosure in some)


# --- what the lock holds, and no more ----------------------------------------------------------------------------


def test_nothing_beyond_the_lock_is_shown(tmp_path: Path) -> None:
    """A crash between commit and swap leaves entries that no one may see until the lock has rolled forward."""
    world = county()
    planting = planted(world)
    settings = seed(tmp_path / "data", world)
    before, locked = len(world.entries), Lock(settings.data / "lock", world.log).read()
    with visiting(create_app(settings)) as visitor:
        harvested(world, planting)
        engine = connect(settings.url)
        writer = journal(settings, engine, world)
        append(writer, world, world.statements[-1:])
        writer.close()
        back = Lock(settings.data / "lock", world.log)
        with back.session() as held:
            held.swap(str(locked))
        back.close()
        paths = [f"tile/0/000.p/{before + 1}", f"tile/entries/000.p/{before + 1}", f"statements/0-{before}"]
        assert [visitor.get(f"/log/{path}").status_code for path in paths] == [404, 404, 404]
        assert visitor.get("/log/checkpoint").text == locked
        assert visitor.get(f"/log/tile/0/000.p/{before}").status_code == 200
        engine.dispose()


def test_a_database_that_lost_a_row_says_so_and_shows_no_wrong_tile(world: World, tmp_path: Path) -> None:
    settings = seed(tmp_path / "data", world)
    with visiting(create_app(settings)) as visitor:
        engine = connect(settings.url)
        with engine.begin() as connection:
            for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql("DELETE FROM entries WHERE log_index = 300")
        engine.dispose()
        for path in ("tile/0/001", "tile/entries/001"):
            answer = visitor.get(f"/log/{path}", {"accept": "*/*"})
            assert (answer.status_code, answer.json()["code"]) == (503, "database-tile")


# --- memory ------------------------------------------------------------------------------------------------------


def test_full_tiles_are_kept_up_to_a_bound(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tile that was shown is shown again without the database; what does not fit goes, the longest unused first."""
    monkeypatch.setattr(routes, "KEPT", 2 * 8192)
    settings = seed(tmp_path / "data", world)
    with visiting(create_app(settings)) as visitor:
        paths = ["tile/0/000", "tile/0/001", "tile/0/002.p/23", "tile/0/000", "tile/1/000.p/2"]
        first = [visitor.get(f"/log/{path}").content for path in paths]
        engine = connect(settings.url)
        with engine.begin() as connection:
            for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            connection.exec_driver_sql("UPDATE entries SET hash = zeroblob(32)")
        engine.dispose()
        again = [visitor.get(f"/log/{path}").content for path in paths]
        assert [a == b for a, b in zip(first, again, strict=True)] == [True, True, False, True, True]
        visitor.get("/log/tile/entries/000")
        assert visitor.get("/log/tile/0/001").content == bytes(8192)
