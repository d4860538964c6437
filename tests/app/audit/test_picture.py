"""The lineage picture: nothing overlaps, every line leads from left to right."""

from hypothesis import given
from hypothesis import strategies as st

from app.audit.picture import HEIGHT, MARGIN, WIDTH, draw


@st.composite
def graphs(draw_from: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    """Up to forty batches, each made from some of those before it."""
    names = [str(number) for number in range(draw_from(st.integers(1, 40)))]
    edges = []
    for number in range(1, len(names)):
        parents = draw_from(st.sets(st.integers(0, number - 1), max_size=3))
        edges += [(names[parent], names[number]) for parent in sorted(parents)]
    return names, edges


@given(graphs())
def test_it_can_be_read(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    names, edges = graph
    picture = draw(names, edges)
    boxes = {box.name: box for box in picture.boxes}
    assert boxes.keys() == set(names)
    for box in picture.boxes:
        assert MARGIN <= box.x <= picture.width - WIDTH - MARGIN
        assert MARGIN - 1 <= box.y <= picture.height - HEIGHT - MARGIN + 1
        for other in picture.boxes:
            if other.x == box.x and other is not box:
                assert abs(other.y - box.y) >= HEIGHT
    assert [(line.parent, line.child) for line in picture.lines] == edges
    for line in picture.lines:
        assert boxes[line.parent].x + WIDTH < boxes[line.child].x


def test_lines_that_need_not_cross_do_not() -> None:
    names = ["a", "b", "x", "y"]
    boxes = {box.name: box for box in draw(names, [("a", "y"), ("b", "x")]).boxes}
    assert (boxes["a"].y < boxes["b"].y) == (boxes["y"].y < boxes["x"].y)


def test_one_alone() -> None:
    picture = draw(["a"], [])
    assert (picture.width, picture.height) == (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)
