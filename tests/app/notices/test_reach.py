"""Whose hands goods went through: the same as walking it all by hand."""

from collections import defaultdict
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert

from app import schema
from app.db import connect
from app.notices.reach import hands
from app.tables import batches, lineage, postings, shipments
from ledger import b64u
from ledger.identity import ChainId

LOG_ID = 1
LOTS = st.integers(0, 7)
PARTIES = st.integers(0, 4)


def chain(sort: str, number: int) -> ChainId:
    return ChainId(b64u.encode(f"{sort} {number}".encode().ljust(32, b".")))


def fill(
    engine: Engine, edges: set[tuple[int, int]], held: set[tuple[int, int]], ways: set[tuple[int, int, int]]
) -> None:
    """Lots 0–7; who held which; what went which way, each lot from one party to another with a carrier."""
    with engine.begin() as connection:
        for table in (batches, lineage, postings, shipments):
            connection.execute(delete(table))
        for number in range(8):
            row = {"log_id": LOG_ID, "chain": chain("lot", number), "first_index": number, "code": f"{number:020}"}
            more = {"kind": "lot", "party": chain("party", 0), "unit": "kg", "made": "2026-03-01T00:00:00Z"}
            connection.execute(insert(batches), row | more)
        for parent, child in edges:
            row = {"child": chain("lot", child), "parent": chain("lot", parent), "first_index": child}
            connection.execute(insert(lineage), {"log_id": LOG_ID} | row)
        posted = [("held", chain("party", party), lot) for lot, party in held]
        for number, (lot, sender, receiver) in enumerate(ways):
            posted.append(("transit", chain("shipment", number), lot))
            row = {"hash": chain("shipment", number), "first_index": 100 + number}
            ends = {"sender": chain("party", sender), "receiver": chain("party", receiver)}
            connection.execute(insert(shipments), {"log_id": LOG_ID} | row | ends | {"carrier": chain("party", 9)})
        for line, (account, owner, lot) in enumerate(posted):
            row = {"log_id": LOG_ID, "first_index": 200, "line": line, "corrects": 200, "batch": chain("lot", lot)}
            connection.execute(insert(postings), row | {"account": account, "owner": owner, "amount": 1})


def walked(
    goods: set[int],
    edges: set[tuple[int, int]],
    held: set[tuple[int, int]],
    ways: set[tuple[int, int, int]],
    whole: bool,
) -> dict[ChainId, list[ChainId]]:
    """The slow, obvious way."""
    scope = set(goods)
    while whole and (more := {child for parent, child in edges if parent in scope} - scope):
        scope |= more
    had = defaultdict[int, set[int]](set)
    for lot, party in held:
        had[party].add(lot)
    for lot, sender, receiver in ways:
        for party in (sender, receiver, 9):
            had[party].add(lot)
    return {
        chain("party", party): [chain("lot", lot) for lot in sorted(lots & scope)]
        for party, lots in had.items()
        if lots & scope
    }


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    goods=st.sets(LOTS, min_size=1, max_size=3),
    edges=st.sets(st.tuples(LOTS, LOTS).filter(lambda edge: edge[0] < edge[1]), max_size=14),
    held=st.sets(st.tuples(LOTS, PARTIES), max_size=10),
    ways=st.sets(st.tuples(LOTS, PARTIES, PARTIES), max_size=5),
    whole=st.booleans(),
)
def test_it_is_the_naive_walk(
    tmp_path: Path,
    goods: set[int],
    edges: set[tuple[int, int]],
    held: set[tuple[int, int]],
    ways: set[tuple[int, int, int]],
    whole: bool,
) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'ledger.sqlite'}", synchronous="OFF")
    if not (tmp_path / "ledger.sqlite").exists():
        schema.migrate(engine)
    fill(engine, edges, held, ways)
    with engine.connect() as connection:
        found = hands(connection, LOG_ID, [chain("lot", lot) for lot in goods], whole=whole)
    engine.dispose()
    assert found == walked(goods, edges, held, ways, whole)
