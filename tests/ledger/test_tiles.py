from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle, tiles
from ledger.errors import Malformed
from ledger.merkle import EMPTY_ROOT, Hash, NodeId, leaf_hash, node_hash
from ledger.tiles import (
    ENTRIES,
    Frontier,
    TileId,
    TileReader,
    parse_tile_path,
    right_edge,
    tile_of,
    tile_path,
)

SIZE = 2000
LEAVES = [leaf_hash(b"%d" % number) for number in range(SIZE)]


def _all_nodes() -> list[list[Hash]]:
    rows = [LEAVES]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])
    return rows


ROWS = _all_nodes()


def all_nodes(nodes: list[NodeId]) -> list[Hash]:
    return [ROWS[height][index] for height, index in nodes]


def tile_hashes(tile: TileId) -> list[Hash]:
    start = tile.index * 256
    hashes = ROWS[tile.level * 8][start : start + tile.width]
    assert len(hashes) == tile.width
    return hashes


class Fetch:
    """Stored tiles; remembers what was asked for, call by call."""

    def __init__(self) -> None:
        self.calls: list[list[TileId]] = []

    def __call__(self, wanted: list[TileId]) -> Sequence[Sequence[Hash]]:
        self.calls.append(wanted)
        return [tile_hashes(tile) for tile in wanted]


def grown(size: int) -> Frontier:
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    return frontier


def state(frontier: Frontier) -> tuple[int, Hash, list[Hash | None]]:
    nodes = [(height, index) for height in range(20) for index in range((SIZE >> height) + 1)]
    return frontier.size, frontier.root(), [frontier.node(node) for node in nodes]


# Names of tiles


@pytest.mark.parametrize(
    ("path", "tile"),
    [
        ("tile/0/000", TileId(0, 0)),
        ("tile/0/x001/234.p/5", TileId(0, 1234, 5)),
        ("tile/1/x001/x234/067", TileId(1, 1234067)),
        ("tile/63/999.p/255", TileId(63, 999, 255)),
        ("tile/entries/x273/000.p/112", TileId(ENTRIES, 273000, 112)),
        ("tile/0/x072/x057/x594/x037/x927/935", TileId(0, 2**56 - 1)),
    ],
)
def test_paths(path: str, tile: TileId) -> None:
    assert tile_path(tile) == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/05",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/0/x072/x057/x594/x037/x927/936",
        "tile/0/x001/x000/x000/x000/x000/x000/000",
    ],
)
def test_other_spellings_of_a_path_are_refused(path: str) -> None:
    with pytest.raises(Malformed, match="tile"):
        parse_tile_path(path)


tile_ids = st.builds(TileId, st.integers(-1, 63), st.integers(0, 2**56 - 1), st.integers(1, 256))


@given(tile_ids)
def test_paths_go_round(tile: TileId) -> None:
    assert parse_tile_path(tile_path(tile)) == tile


@given(tile_ids, st.data())
def test_a_changed_path_is_refused_or_prints_back(tile: TileId, data: st.DataObject) -> None:
    path = tile_path(tile)
    at = data.draw(st.integers(0, len(path) - 1))
    changed = path[:at] + data.draw(st.sampled_from("0123456789x/.pentris-")) + path[at + 1 :]
    try:
        parsed = parse_tile_path(changed)
    except Malformed:
        return
    assert tile_path(parsed) == changed


@pytest.mark.parametrize(
    "tile",
    [TileId(-2, 0), TileId(64, 0), TileId(0, -1), TileId(0, 2**56), TileId(0, 0, 0), TileId(0, 0, 257)],
)
def test_what_is_no_tile_has_no_path(tile: TileId) -> None:
    with pytest.raises(Malformed, match="tile"):
        tile_path(tile)


# Geometry


def test_the_example_of_the_specification() -> None:
    assert right_edge(70_000) == [TileId(0, 273, 112), TileId(1, 1, 17), TileId(2, 0, 1)]
    assert right_edge(256) == [TileId(1, 0, 1)]
    assert right_edge(0) == []


@pytest.mark.parametrize(
    ("node", "tile"),
    [
        ((0, 255), TileId(0, 0)),
        ((0, 256), TileId(0, 1)),
        ((7, 1), TileId(0, 0)),
        ((7, 2), TileId(0, 1)),
        ((0, 69_999), TileId(0, 273, 112)),
        ((8, 272), TileId(1, 1, 17)),
        ((15, 0), TileId(1, 0)),
        ((16, 0), TileId(2, 0, 1)),
    ],
)
def test_tile_of_a_node(node: NodeId, tile: TileId) -> None:
    assert tile_of(node, 70_000) == tile


@given(st.integers(0, 256))
def test_expand_gives_every_complete_node(width: int) -> None:
    rows = tiles.expand(LEAVES[:width])
    assert [len(row) for row in rows] == [width >> height for height in range(9)]
    assert rows == [ROWS[height][: width >> height] for height in range(9)]


# Reading


@given(st.integers(1, SIZE), st.data())
def test_proofs_out_of_tiles(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    fetch = Fetch()
    nodes = TileReader(fetch).at(size)
    assert merkle.root(size, nodes) == merkle.root(size, all_nodes)
    assert merkle.inclusion_proof(index, size, nodes) == merkle.inclusion_proof(index, size, all_nodes)
    assert merkle.consistency_proof(old, size, nodes) == merkle.consistency_proof(old, size, all_nodes)
    assert len(fetch.calls) <= 3


def test_full_tiles_are_kept_and_partial_ones_are_not() -> None:
    fetch = Fetch()
    reader = TileReader(fetch)
    wanted: list[NodeId] = [(0, 3), (3, 5), (0, 300)]
    for _ in range(2):
        assert reader.at(400)(wanted) == all_nodes(wanted)
    assert reader.at(401)([(0, 400), (7, 0)]) == all_nodes([(0, 400), (7, 0)])
    assert reader.at(600)([(0, 5)]) == [LEAVES[5]]
    assert fetch.calls == [[TileId(0, 0), TileId(0, 1, 144)], [TileId(0, 1, 144)], [TileId(0, 1, 145)]]


def test_the_tile_longest_unused_goes_first() -> None:
    fetch = Fetch()
    nodes = TileReader(fetch, capacity=2).at(SIZE)
    for index in (0, 256, 0, 512, 0, 256):
        nodes([(0, index)])
    assert [call[0].index for call in fetch.calls] == [0, 1, 2, 1]


def test_more_tiles_in_a_call_than_are_kept() -> None:
    nodes = TileReader(Fetch(), capacity=1).at(SIZE)
    wanted: list[NodeId] = [(0, index) for index in (0, 300, 600, 5)]
    assert nodes(wanted) == all_nodes(wanted)


def test_a_stored_tile_of_another_width_is_refused() -> None:
    with pytest.raises(Malformed) as error:
        TileReader(lambda wanted: [LEAVES[:9]]).at(10)([(0, 1)])
    assert error.value.params == {"path": "tile/0/000.p/10", "has": 9, "wanted": 10}
    with pytest.raises(Malformed, match="tile"):
        Frontier.load(10, [LEAVES[:11]])


# Growing


steps = st.lists(
    st.tuples(st.sampled_from([1, 2, 3, 60, 200, 256, 300, 600]), st.sampled_from(["go on", "settle", "fail"])),
    max_size=12,
)


@given(steps)
def test_the_frontier_is_the_tree(steps: list[tuple[int, str]]) -> None:
    frontier = Frontier()
    stored: dict[tuple[int, int], Hash] = {}
    durable = state(frontier)
    for count, outcome in steps:
        old = frontier.size
        frontier.extend(LEAVES[old : old + count])
        new = frontier.size
        assert new == min(old + count, SIZE)
        assert frontier.root() == merkle.root(new, all_nodes)
        proofs = frontier.inclusion_proofs(old, new - old)
        assert proofs == [merkle.inclusion_proof(index, new, all_nodes) for index in range(old, new)]
        if outcome == "settle":
            for level, index, hash_ in frontier.completed():
                assert (level, index) not in stored
                stored[level, index] = hash_
            frontier.settle()
            assert frontier.completed() == []
            assert frontier.at_hand == new // 256 * 256
            durable = state(frontier)
        elif outcome == "fail":
            frontier.rollback()
            frontier.extend([leaf_hash(b"lost")] * count)
            frontier.rollback()
            assert state(frontier) == durable
    assert stored == {(1, index): ROWS[8][index] for index in range(durable[0] >> 8)}


@given(st.integers(0, SIZE - 1), st.integers(0, 600))
def test_a_loaded_frontier_is_the_grown_one(size: int, more: int) -> None:
    loaded = Frontier.load(size, [tile_hashes(tile) for tile in right_edge(size)])
    settled = grown(size)
    settled.settle()
    assert state(loaded) == state(settled)
    for leaf in LEAVES[size : size + more]:
        loaded.append(leaf)
    settled.extend(LEAVES[size : size + more])
    assert state(loaded) == state(settled)
    assert loaded.completed() == settled.completed()
    loaded.settle()
    settled.settle()
    assert state(loaded) == state(settled)


def test_beyond_two_tile_levels() -> None:
    leaf, count = LEAVES[0], 65_536 + 256 + 9
    row, whole = [leaf] * count, [[leaf]]
    frontier = Frontier()
    frontier.extend(row[:65_500])
    frontier.settle()
    frontier.extend(row[65_500:])
    whole = [[leaf]]
    for _ in range(17):
        whole.append([node_hash(whole[-1][0], whole[-1][0])])

    def nodes(ids: list[NodeId]) -> list[Hash]:
        return [whole[height][0] for height, _ in ids]

    assert frontier.completed() == [
        (1, 255, whole[8][0]),
        (1, 256, whole[8][0]),
        (2, 0, whole[16][0]),
    ]
    for settled in (False, True):
        assert frontier.root() == merkle.root(count, nodes)
        first = frontier.at_hand
        proofs = frontier.inclusion_proofs(first, count - first)
        assert proofs == [merkle.inclusion_proof(index, count, nodes) for index in range(first, count)]
        assert first == (65_792 if settled else 65_280)
        frontier.settle()
    edge = [[whole[tile.level * 8][0]] * tile.width for tile in right_edge(count)]
    assert [len(hashes) for hashes in edge] == [9, 1, 1]
    assert Frontier.load(count, edge).root() == frontier.root()


@given(st.integers(1, SIZE), st.data())
def test_older_leaves_are_proven_with_what_is_stored(size: int, data: st.DataObject) -> None:
    frontier = grown(size)
    frontier.settle()
    first = data.draw(st.integers(0, size))
    count = data.draw(st.integers(0, size - first))
    fetch, asked = Fetch(), set[NodeId]()
    reader = TileReader(fetch).at(size)

    def stored(nodes: list[NodeId]) -> Sequence[Hash]:
        asked.update(nodes)
        return reader(nodes)

    proofs = frontier.inclusion_proofs(first, count, stored)
    assert proofs == [merkle.inclusion_proof(index, size, all_nodes) for index in range(first, first + count)]
    assert len(fetch.calls) == (first < frontier.at_hand and count > 0)
    beside = {(height, index >> height ^ 1) for height in range(11) for index in range(first, first + count)}
    assert asked <= {node for node in beside if frontier.node(node) is None}

    nodes = frontier.nodes(TileReader(Fetch()).at(size))
    assert merkle.root(size, nodes) == frontier.root()
    old = data.draw(st.integers(1, size))
    assert merkle.consistency_proof(old, size, nodes) == merkle.consistency_proof(old, size, all_nodes)


def test_what_is_not_at_hand_is_not_made_up() -> None:
    frontier = grown(600)
    frontier.settle()
    assert frontier.at_hand == 512
    assert frontier.node((0, 511)) is None
    assert frontier.node((0, 512)) == LEAVES[512]
    assert frontier.node((0, 600)) is None
    assert frontier.node((40, 0)) is None
    for first, count in ((511, 1), (599, 2), (-1, 1), (520, -1)):
        with pytest.raises(ValueError, match="at hand"):
            frontier.inclusion_proofs(first, count)


def test_an_empty_frontier() -> None:
    frontier = Frontier()
    assert (frontier.size, frontier.root(), frontier.completed()) == (0, EMPTY_ROOT, [])
    frontier.settle()
    frontier.rollback()
    assert frontier.inclusion_proofs(0, 0) == []
    assert Frontier.load(0, []).root() == EMPTY_ROOT
    frontier.append(LEAVES[0])
    assert frontier.root() == LEAVES[0]
    assert frontier.inclusion_proofs(0, 1) == [[]]
