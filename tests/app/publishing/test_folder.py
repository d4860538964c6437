"""Which files a log of some size has: the rule is told from the path alone, and agrees with writing them all out."""

from hypothesis import given
from hypothesis import strategies as st

from app.publishing.folder import belongs, beside, partial_paths, statements_path, upper_tiles
from ledger.tiles import WIDTH, TileId, tile_path


def paths(size: int) -> set[str]:
    found = {"checkpoint", "policy.json", "README"} | {tile_path(tile) for tile in upper_tiles(size)}
    for first in range(0, size, WIDTH):
        hashes, bundle, stated = beside(first, size)
        found |= {tile_path(hashes), tile_path(bundle), stated}
    return found


sizes = st.integers(0, 70_000) | st.sampled_from([0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792])


@given(sizes, sizes)
def test_every_file_belongs_and_what_another_size_has_does_not(size: int, other: int) -> None:
    own = paths(size)
    assert all(belongs(path, size) for path in own)
    assert {path for path in paths(other) if belongs(path, size)} == own & paths(other)


@given(sizes, sizes)
def test_growing_takes_nothing_away_but_the_edge(one: int, other: int) -> None:
    before, size = sorted((one, other))
    assert paths(before) - paths(size) == partial_paths(before) - paths(size)
    grown = {tile_path(tile) for tile in upper_tiles(size, before)}
    assert grown >= {tile_path(tile) for tile in upper_tiles(size)} - {tile_path(tile) for tile in upper_tiles(before)}


def test_a_log_of_seventy_thousand() -> None:
    """The example of c2sp.org/tlog-tiles."""
    tiles = [*upper_tiles(70_000)]
    assert tiles == [TileId(1, 0), TileId(1, 1, 17), TileId(2, 0, 1)]
    assert len([path for path in paths(70_000) if path.startswith("tile/0/")]) == 274
    assert "tile/0/273.p/112" in paths(70_000)


def test_paths_that_no_log_has() -> None:
    names = ["", ".", "..", "tile", "statements/0-256", "statements/1-255", "statements/00-255", "statements/0-255/"]
    names += ["statements/256-255", "tile/0/000.p/255", "tile/0/0", "checkpoint/", "Checkpoint", ".export"]
    assert not any(belongs(name, 300) for name in names)
    assert statements_path(256, 300) == "statements/256-299"
    assert statements_path(0, 300) == "statements/0-255"
