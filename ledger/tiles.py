"""The tree in tiles of 256 hashes: their names, reading nodes out of them, and the growing right edge.

A tile of tile level t holds 256 neighbouring nodes of height 8·t; the seven heights between them and the
next tile level are recomputed (c2sp.org/tlog-tiles). So a node of height h lies in a tile of level h // 8.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self, cast

from ledger.errors import Malformed
from ledger.merkle import EMPTY_ROOT, Hash, NodeId, Nodes

HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRIES = -1
"""The level under which the entries themselves are named, as bundles that run beside the tiles of level 0."""

_MAX_LEVEL = 63
_MAX_INDEX = (1 << 64 - HEIGHT) - 1
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True)
class TileId:
    """Which tile, and how many of its 256 hashes there are; fewer in the rightmost tile of a level."""

    level: int
    index: int
    width: int = WIDTH


Fetch = Callable[[list[TileId]], Sequence[Sequence[Hash]]]


def tile_path(tile: TileId) -> str:
    """Where a tile is served, ``tile/0/x001/234.p/5``; Malformed ``tile`` for what cannot be a tile."""
    level, index, width = tile.level, tile.index, tile.width
    if not (ENTRIES <= level <= _MAX_LEVEL and 0 <= index <= _MAX_INDEX and 0 < width <= WIDTH):
        raise Malformed("tile", has=f"level {level}, index {index}, width {width}", wanted="a tile")
    digits = f"{index:,}".split(",")
    digits[0] = digits[0].zfill(3)
    number = "".join(f"x{group}/" for group in digits[:-1]) + digits[-1]
    part = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level == ENTRIES else level}/{number}{part}"


def parse_tile_path(path: str) -> TileId:
    """The tile that is printed as ``path``, and as nothing else. Raises Malformed ``tile``."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise Malformed("tile", path=path[:80], wanted="tile/<level>/<index>[.p/<width>]")
    level, number, width = found.groups()
    tile = TileId(
        ENTRIES if level == "entries" else int(level),
        int(number.replace("x", "").replace("/", "")),
        WIDTH if width is None else int(width),
    )
    # Leading zeroes and a full tile called partial match the pattern, but are not how the tile is printed.
    if tile_path(tile) != path:
        raise Malformed("tile", path=path, wanted=tile_path(tile))
    return tile


def tile_of(node: NodeId, size: int) -> TileId:
    """The tile, as wide as it is in a tree of ``size`` leaves, out of which ``node`` is recomputed."""
    height, index = node
    level, inner = divmod(height, HEIGHT)
    tile = index >> (HEIGHT - inner)
    return TileId(level, tile, min(WIDTH, (size >> level * HEIGHT) - tile * WIDTH))


def right_edge(size: int) -> list[TileId]:
    """The partial tiles of a tree of ``size`` leaves, lowest first; a level of full tiles has none."""
    counts = ((level, size >> level * HEIGHT) for level in range((size.bit_length() + 7) // HEIGHT))
    return [TileId(level, count // WIDTH, count % WIDTH) for level, count in counts if count % WIDTH]


def expand(hashes: Sequence[Hash]) -> list[list[Hash]]:
    """The complete nodes over a tile's hashes by height above it, 0 to 8."""
    rows = [list(hashes)]
    for _ in range(HEIGHT):
        rows.append(_parents(rows[-1], 0, len(rows[-1]) // 2))
    return rows


class TileReader:
    """Nodes of a stored tree, read out of tiles that ``fetch`` brings, many in one call.

    The last ``capacity`` full tiles are kept expanded (about 40 kB each); a partial tile, which the next
    commit replaces, never outlives the call it was fetched for. Tiles are taken as they come: what is made of
    them must still be held against a checkpoint. Threads may share a reader: at worst a tile comes twice.
    """

    def __init__(self, fetch: Fetch, capacity: int = 256) -> None:
        self._fetch = fetch
        self._capacity = capacity
        # Longest unused first. Keyed by plain integers, so that each step on it is atomic between threads.
        self._kept: dict[tuple[int, int], list[list[Hash]]] = {}

    def at(self, size: int) -> Nodes:
        """The nodes of the first ``size`` leaves, for the functions of ``ledger.merkle``."""
        return lambda nodes: self._read(nodes, size)

    def _read(self, nodes: list[NodeId], size: int) -> list[Hash]:
        # By plain pairs of tile level and index: a bundle's paths are some thousand nodes of some hundred tiles.
        wanted = [(height // HEIGHT, index >> (HEIGHT - height % HEIGHT)) for height, index in nodes]
        tiles = self._expanded(set(wanted), size)
        return [
            tiles[tile][height % HEIGHT][index % (WIDTH >> height % HEIGHT)]
            for tile, (height, index) in zip(wanted, nodes, strict=True)
        ]

    def _expanded(self, wanted: set[tuple[int, int]], size: int) -> dict[tuple[int, int], list[list[Hash]]]:
        tiles: dict[tuple[int, int], list[list[Hash]]] = {}
        missing = []
        for place in sorted(wanted):
            kept = self._kept.pop(place, None)
            if kept is None:
                missing.append(tile_of((place[0] * HEIGHT, place[1] * WIDTH), size))
            else:
                tiles[place] = self._kept[place] = kept
        if missing:
            for tile, hashes in zip(missing, self._fetch(missing), strict=True):
                _want_width(tile, hashes)
                place = tile.level, tile.index
                tiles[place] = expand(hashes)
                if tile.width == WIDTH:
                    self._kept[place] = tiles[place]
            for unused in list(self._kept)[: -self._capacity]:
                self._kept.pop(unused, None)
        return tiles


class Frontier:
    """The growing tree as its sole writer holds it: the rightmost tile of each tile level, all its nodes.

    ``extend`` grows it, ``completed`` says what must now be stored; then either ``settle``, when that is
    durable, or ``rollback``, when it failed. Until then the tiles that a group of leaves has filled stay at
    hand, so roots and proofs for the group need nothing from storage. An append costs one hash on average.
    """

    def __init__(self) -> None:
        self._size = 0
        self._settled = 0
        # Row h holds the nodes of height h from index _first[h] on: from the beginning of the tile that was
        # the rightmost one when the frontier was last settled.
        self._rows: list[list[Hash]] = [[]]
        self._first = [0]

    @classmethod
    def load(cls, size: int, tile_hashes: Sequence[Sequence[Hash]]) -> Self:
        """The frontier of ``size`` leaves from the hashes of the tiles in ``right_edge(size)``."""
        frontier = cls()
        frontier._size = frontier._settled = size
        frontier._rows = [[] for _ in range((size.bit_length() // HEIGHT + 1) * HEIGHT)]
        frontier._first = [_tile_start(size, height) for height in range(len(frontier._rows))]
        for tile, hashes in zip(right_edge(size), tile_hashes, strict=True):
            _want_width(tile, hashes)
            base = tile.level * HEIGHT
            frontier._rows[base : base + HEIGHT] = expand(hashes)[:HEIGHT]
        return frontier

    @property
    def size(self) -> int:
        return self._size

    @property
    def at_hand(self) -> int:
        """The first leaf whose inclusion is proven without storage."""
        return self._first[0]

    def append(self, leaf: Hash) -> None:
        self.extend((leaf,))

    def extend(self, leaves: Sequence[Hash]) -> None:
        """Adds leaves at the end; for many, cheaper than one by one."""
        rows, first = self._rows, self._first
        rows[0].extend(leaves)
        old, new = self._size, self._size + len(leaves)
        self._size = new
        height = 0
        while (old := old >> 1) != (new := new >> 1):
            if height + 1 == len(rows):
                rows.append([])
                first.append(0)
            rows[height + 1] += _parents(rows[height], 2 * old - first[height], new - old)
            height += 1

    def completed(self) -> list[tuple[int, int, Hash]]:
        """``(tile level ≥ 1, index, hash)`` of what was filled since last settled and must be stored."""
        done = []
        for height in range(HEIGHT, len(self._rows), HEIGHT):
            row, first = self._rows[height], self._first[height]
            for index in range(self._settled >> height, self._size >> height):
                done.append((height // HEIGHT, index, row[index - first]))
        return done

    def settle(self) -> None:
        """What was appended is durable: it will not be rolled back, and full tiles are let go."""
        self._settled = self._size
        for height, row in enumerate(self._rows):
            start = _tile_start(self._size, height)
            del row[: start - self._first[height]]
            self._first[height] = start

    def rollback(self) -> None:
        """What was appended since last settled did not become durable: as it was before."""
        self._size = self._settled
        for height, row in enumerate(self._rows):
            del row[(self._size >> height) - self._first[height] :]

    def root(self) -> Hash:
        return self._ragged()[-1] or EMPTY_ROOT

    def node(self, node: NodeId) -> Hash | None:
        """The node, if it is complete and at hand."""
        height, index = node
        if height < len(self._rows) and self._first[height] <= index < self._size >> height:
            return self._rows[height][index - self._first[height]]
        return None

    def nodes(self, stored: Nodes) -> Nodes:
        """Nodes for ``ledger.merkle``: from here what is at hand, the rest in one call from ``stored``."""

        def read(nodes: list[NodeId]) -> list[Hash]:
            found = [self.node(node) for node in nodes]
            missing = [node for node, hash_ in zip(nodes, found, strict=True) if hash_ is None]
            rest = iter(stored(missing) if missing else ())
            return [next(rest) if hash_ is None else hash_ for hash_ in found]

        return read

    def inclusion_proofs(self, first: int, count: int, stored: Nodes | None = None) -> list[list[Hash]]:
        """Proofs of ``count`` neighbouring leaves in the tree as it is; the paths they share are made once.

        ``stored`` is asked, once, for what lies before ``at_hand``; without it such a leaf is a ValueError.
        """
        end = first + count
        if not 0 <= first <= end <= self._size or (stored is None and first < self.at_hand):
            raise ValueError(f"leaves {first} to {end - 1}: at hand are {self.at_hand} to {self._size - 1}")
        if count == 0:
            return []
        last = end - 1
        top = (self._size - 1).bit_length()
        fetched: dict[NodeId, Hash] = {}
        if first < self.at_hand and stored is not None:
            missing = [
                (height, index ^ 1)
                for height in range(top)
                for index in range(first >> height, min((last >> height) + 1, self._first[height]))
            ]
            fetched = dict(zip(missing, stored(missing), strict=True))
        ragged = self._ragged()
        proofs: list[list[Hash]] = [[]]
        # From the root down: the proof of a node is its sibling, then the proof of its parent.
        for height in reversed(range(top)):
            row, start, complete, edge = (
                self._rows[height],
                self._first[height],
                self._size >> height,
                ragged[height],
            )
            parent = first >> (height + 1)
            below = []
            for index in range(first >> height, (last >> height) + 1):
                above = proofs[(index >> 1) - parent]
                sibling = index ^ 1
                if sibling >= complete:
                    below.append(above if edge is None or sibling > complete else [edge, *above])
                elif sibling >= start:
                    below.append([row[sibling - start], *above])
                else:
                    below.append([fetched[height, sibling], *above])
            proofs = below
        return proofs

    def _ragged(self) -> list[Hash | None]:
        """By height, the hash over the leaves right of the last complete node; None where there are none."""
        edge: Hash | None = None
        edges = [edge]
        for height in range(self._size.bit_length()):
            if self._size >> height & 1:
                left = self._rows[height][(self._size >> height) - 1 - self._first[height]]
                edge = left if edge is None else Hash(sha256(b"\x01" + left + edge).digest())
            edges.append(edge)
        return edges


def _parents(row: list[Hash], at: int, count: int) -> list[Hash]:
    """The hashes of ``count`` neighbouring pairs of ``row`` from position ``at``."""
    # Written out, not node_hash(), and no Hash() for each: this loop is the cost of an append and of reading a tile,
    # and every call in it a tenth of that or more.
    pairs = range(at, at + 2 * count, 2)
    return cast("list[Hash]", [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in pairs])


def _tile_start(size: int, height: int) -> int:
    """The index, at ``height``, where the rightmost tile of a tree of ``size`` leaves begins."""
    level, inner = divmod(height, HEIGHT)
    return size >> (level + 1) * HEIGHT << (HEIGHT - inner)


def _want_width(tile: TileId, hashes: Sequence[Hash]) -> None:
    if len(hashes) != tile.width:
        raise Malformed("tile", path=tile_path(tile), has=len(hashes), wanted=tile.width)
