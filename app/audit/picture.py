"""Lineage as a picture: batches in columns from left to right, what they became drawn as lines, laid out by layers.

After Sugiyama: layers by the longest path, long lines through places kept free for them, order in a layer by the
barycentre of the neighbours, a few sweeps each way. Units are SVG user units; one is a CSS pixel.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

WIDTH, HEIGHT = 192, 104
ACROSS, DOWN, LANE = 104, 24, 14
MARGIN = 16
SWEEPS = 8
MOST = 60
"""More batches than this are no picture any more; the nearest are drawn."""


@dataclass(slots=True)
class Spot:
    """A batch, or (``name`` None) a place that a long line goes through. ``y`` is the middle."""

    name: str | None
    layer: int
    height: int
    y: float = 0
    left: list["Spot"] = field(default_factory=list)
    right: list["Spot"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Box:
    """Where a batch is drawn: its upper left corner."""

    name: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line from parent to child: an SVG path, and where its label stands."""

    parent: str
    child: str
    path: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Picture:
    width: int
    height: int
    boxes: Sequence[Box]
    lines: Sequence[Line]


def draw(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> Picture:
    """The picture of a graph without circles; edges are (parent, child), both among ``names``."""
    layer_of = _layers(names, edges)
    spots = {name: Spot(name, layer_of[name], HEIGHT) for name in names}
    layers: dict[int, list[Spot]] = defaultdict(list)
    for name in names:
        layers[layer_of[name]].append(spots[name])
    ways = [_way(spots[parent], spots[child], layers) for parent, child in edges]
    columns = [layers[number] for number in sorted(layers)]
    _order(columns)
    _place(columns)
    top = min((spot.y - spot.height / 2 for column in columns for spot in column), default=0)
    low = max((spot.y + spot.height / 2 for column in columns for spot in column), default=0)
    for column in columns:
        for spot in column:
            spot.y += MARGIN - top
    boxes = [Box(spot.name, _x(spot), round(spot.y - HEIGHT / 2)) for spot in spots.values() if spot.name]
    lines = [_line(way) for way in ways]
    width = MARGIN * 2 + len(columns) * WIDTH + max(0, len(columns) - 1) * ACROSS
    return Picture(width, round(low - top) + 2 * MARGIN, boxes, lines)


def _layers(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> Mapping[str, int]:
    """Each as far right as its longest way from a beginning; beginnings are drawn next to what came of them."""
    parents: dict[str, list[str]] = defaultdict(list)
    children: dict[str, list[str]] = defaultdict(list)
    for parent, child in edges:
        parents[child].append(parent)
        children[parent].append(child)
    waiting = {name: len(parents[name]) for name in names}
    ready = [name for name in names if not waiting[name]]
    layer = dict.fromkeys(names, 0)
    done = []
    while ready:
        name = ready.pop()
        done.append(name)
        for child in children[name]:
            layer[child] = max(layer[child], layer[name] + 1)
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    for name in reversed(done):
        if not parents[name] and children[name]:
            layer[name] = min(layer[child] for child in children[name]) - 1
    return layer


def _way(parent: Spot, child: Spot, layers: dict[int, list[Spot]]) -> list[Spot]:
    """The spots that a line goes through, with room kept free in each layer between."""
    way = [parent]
    for number in range(parent.layer + 1, child.layer):
        way.append(Spot(None, number, LANE))
        layers[number].append(way[-1])
    way.append(child)
    for one, other in pairwise(way):
        one.right.append(other)
        other.left.append(one)
    return way


def _order(columns: list[list[Spot]]) -> None:
    for column in columns:
        for number, spot in enumerate(column):
            spot.y = number
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            middle = {id(spot): _mean(spot.left if forward else spot.right, spot.y) for spot in column}
            column.sort(key=lambda spot: middle[id(spot)])
            for number, spot in enumerate(column):
                spot.y = number


def _place(columns: list[list[Spot]]) -> None:
    """Heights: each as near to the middle of its neighbours as the order and the gaps allow."""
    for column in columns:
        y = 0.0
        for spot in column:
            spot.y = y + spot.height / 2
            y += spot.height + DOWN
        for spot in column:
            spot.y -= y / 2
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            wanted = [_mean(spot.left if forward else spot.right, spot.y) for spot in column]
            _settle(column, wanted)


def _settle(column: list[Spot], wanted: list[float]) -> None:
    """The order kept and nothing overlapping: what is pushed down is then, together, moved back up."""
    placed: list[float] = []
    for spot, want in zip(column, wanted, strict=True):
        if placed:
            above = column[len(placed) - 1]
            want = max(want, placed[-1] + (above.height + spot.height) / 2 + DOWN)
        placed.append(want)
    off = sum(have - want for have, want in zip(placed, wanted, strict=True)) / len(column)
    for spot, y in zip(column, placed, strict=True):
        spot.y = y - off


def _mean(spots: list[Spot], otherwise: float) -> float:
    return sum(spot.y for spot in spots) / len(spots) if spots else otherwise


def _x(spot: Spot) -> int:
    return MARGIN + spot.layer * (WIDTH + ACROSS)


def _line(way: list[Spot]) -> Line:
    x, y = _x(way[0]) + WIDTH, round(way[0].y)
    steps = [f"M{x} {y}"]
    for spot in way[1:]:
        to_x, to_y = _x(spot), round(spot.y)
        half = (x + to_x) // 2
        steps.append(f"C{half} {y} {half} {to_y} {to_x} {to_y}")
        if spot.name is None:
            steps.append(f"H{to_x + WIDTH}")
            to_x += WIDTH
        x, y = to_x, to_y
    # The label stands where the line comes in: there lines that left together have parted.
    last, child = way[-2], way[-1]
    label_y = round(last.y + (child.y - last.y) * 0.5)
    return Line(way[0].name or "", child.name or "", "".join(steps), _x(child) - ACROSS // 2, label_y)
