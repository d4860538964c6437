"""The scope of a recall is what the obvious walk finds, as of any moment."""

from collections import Counter
from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, event

from app.db import insert_rows
from app.recalls.scope import Line, scope, share
from app.tables import batches, lineage, metadata, postings, shipments

LOG = 1
UNITS = ("kg", "t", "box")


def id_(name: str) -> bytes:
    return sha256(name.encode()).digest()


def empty() -> Engine:
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    metadata.create_all(engine, [batches, lineage, postings, shipments])
    return engine


@st.composite
def counties(draw: st.DrawFn) -> tuple[list[tuple[int, ...]], list[tuple[int, int, int]]]:
    """The parents of each batch, all older than it; and who shipped how much of which to whom, received if even."""
    count = draw(st.integers(1, 12))
    parents = [tuple(draw(st.sets(st.integers(0, n - 1), max_size=3))) if n else () for n in range(count)]
    moves = draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, 3), st.integers(1, 9)), max_size=20))
    return parents, moves


def fill(connection: Connection, parents: list[tuple[int, ...]], moves: list[tuple[int, int, int]]) -> None:
    """Batch ``n`` is made at index ``10 n``, the moves come after all of them."""
    made, ties, legs, roads = [], [], [], []
    for n, above in enumerate(parents):
        made.append((LOG, id_(f"b{n}"), 10 * n, f"{n:020}", "lot", id_("p0"), None, None, UNITS[n % 3], "2026-03-01"))
        ties += [(LOG, id_(f"b{n}"), id_(f"b{one}"), 10 * n) for one in above]
        legs += [(10 * n, n, "origin", "p0", -100), (10 * n, n, "held", "p0", 100)]
    for place, (batch, to, amount) in enumerate(moves):
        index = 10 * len(parents) + place
        roads.append((LOG, id_(f"s{place}"), index, id_("p0"), id_(f"p{to}"), None, None))
        legs += [(index, batch, "held", "p0", -amount), (index, batch, "transit", f"s{place}", amount)]
        if amount % 2 == 0:
            legs += [(index, batch, "transit", f"s{place}", -amount), (index, batch, "sold", f"p{to}", amount)]
    rows = [
        (LOG, index, line, index, id_(f"b{n}"), account, id_(owner), amount)
        for line, (index, n, account, owner, amount) in enumerate(legs)
    ]
    for table, found in ((batches, made), (lineage, ties), (postings, rows), (shipments, roads)):
        insert_rows(connection, table, found)


@given(counties(), st.data())
@settings(max_examples=60)
def test_the_scope_is_what_the_obvious_walk_finds(
    county: tuple[list[tuple[int, ...]], list[tuple[int, int, int]]], data: st.DataObject
) -> None:
    parents, moves = county
    last = 10 * len(parents) + len(moves)
    as_of = data.draw(st.none() | st.integers(0, last))
    starts = data.draw(st.sets(st.integers(0, len(parents) - 1), min_size=1))
    only = data.draw(st.booleans())
    engine = empty()
    with engine.begin() as connection:
        fill(connection, parents, moves)
        found = scope(connection, LOG, [id_(f"b{n}") for n in starts], only=only, as_of=as_of)
    engine.dispose()

    moment = last if as_of is None else as_of
    reached = {n for n in starts if 10 * n <= moment}
    if not only:
        for n, above in enumerate(parents):
            if 10 * n <= moment and reached & set(above):
                reached.add(n)
    assert set(found.batches) == {id_(f"b{n}") for n in reached}
    wanted: Counter[tuple[bytes, str, bytes]] = Counter()
    for n in reached:
        wanted[id_(f"b{n}"), "held", id_("p0")] += 100
    for place, (n, to, amount) in enumerate(moves):
        if n in reached and 10 * len(parents) + place <= moment:
            wanted[id_(f"b{n}"), "held", id_("p0")] -= amount
            wanted[id_(f"b{n}"), "transit" if amount % 2 else "sold", id_(f"p{to}")] += amount
    got: Counter[tuple[bytes, str, bytes]] = Counter()
    for line in found.lines:
        got[line.batch, line.account, line.party] += line.amount
        assert (line.account == "transit") == (line.sender is not None)
    assert got == +wanted + Counter({key: amount for key, amount in wanted.items() if amount < 0})
    assert sum(got.values()) == sum(found.made.values())


def _line(amount: int, unit: str) -> Line:
    return Line(b"", "held", b"", amount, unit)


def test_a_share_is_weighed_where_it_can_be() -> None:
    kilos, tonnes, boxes = _line(1000, "kg"), _line(1, "t"), _line(3, "box")
    assert (share([kilos, tonnes], [tonnes]).mille, share([kilos, tonnes], [tonnes]).unit) == (500, "kg")
    assert share([boxes, boxes, boxes], [boxes]).unit == "box"
    assert (share([boxes, kilos, tonnes], [kilos]).mille, share([boxes, kilos], []).unit) == (333, "")
    assert share([], []).mille == 1000
