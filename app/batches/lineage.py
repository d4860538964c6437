"""Lineage: what a batch came from and what became of it, walked by the database in a fixed number of statements."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import (
    CTE,
    CompoundSelect,
    Connection,
    Integer,
    Select,
    Subquery,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    union,
    union_all,
)

from app.batches.amounts import from_micro
from app.batches.holdings import ORDER, Holding, holding
from app.parties.names import Name, Names
from app.tables import Digest, batches, lineage, postings, shipments
from ledger.identity import ChainId, Mark, TraceCode, mark

Direction: TypeAlias = Literal["back", "forward", "both"]

DEPTH = 20
MAX_DEPTH = 64
MAX_NODES = 20_000
"""More batches than this are cut off, the nearest kept, and the graph says so."""

MAX_EDGES = 20_000
"""The same of what ties them: a hundred batches made of a hundred are ten thousand, at every step."""


@dataclass(frozen=True, slots=True)
class Node:
    """A batch in a graph. ``depth`` is how many steps away: below zero what it came from, above zero what it became."""

    chain: ChainId
    depth: int
    mark: Mark
    code: TraceCode
    kind: str
    product: Name | None
    lot: str | None
    producer: Name
    made: str
    quantity: str
    """As made, after corrections, in ``unit``."""
    unit: str
    holdings: list[Holding]
    """Where it all is: on hand, in transit, used up, sold, lost."""


@dataclass(frozen=True, slots=True)
class Edge:
    """``parent`` went into ``child`` by the statement at ``index``.

    ``quantity`` is what that statement used of the parent for all that it made; None where it used no quantity up
    (a field still growing).
    """

    parent: ChainId
    child: ChainId
    index: int
    quantity: str | None
    unit: str


@dataclass(frozen=True, slots=True)
class Graph:
    about: ChainId
    direction: Direction
    depth: int
    nodes: list[Node]
    """The nearest first, then in the order of the log; so the first is the one that was asked for."""
    edges: list[Edge]
    truncated: bool


def graph(
    connection: Connection,
    log_id: int,
    names: Names,
    about: ChainId,
    direction: Direction,
    depth: int,
    as_of: int | None,
) -> Graph:
    """The batches within ``depth`` steps of ``about``, once the statement at ``as_of`` was recorded."""
    ways: tuple[Direction, ...] = ("back", "forward") if direction == "both" else (direction,)
    walks = [_walk(log_id, about, way, depth) for way in ways]
    rows = connection.execute(_reached(log_id, walks, as_of)).all()
    kept = {row.chain: row for row in rows[:MAX_NODES]}

    party, product = cache(names.party), cache(names.product)
    made: Counter[str] = Counter()
    used: dict[tuple[str, int], int] = {}
    held: defaultdict[str, dict[tuple[str, str], _Sum]] = defaultdict(dict)
    for row in connection.execute(_sums(log_id, walks, as_of)).all():
        amount = int(row.amount)
        if row.account == "origin":
            made[row.batch] -= amount
            continue
        if row.account == "consumed":
            used[row.batch, row.used_at] = used.get((row.batch, row.used_at), 0) + amount
        before = held[row.batch].get((row.account, row.owner), _Sum(0, None, None))
        held[row.batch][row.account, row.owner] = _Sum(before.amount + amount, row.sender, row.receiver)

    nodes = [
        Node(
            chain=row.chain,
            depth=row.near if row.back >= 0 else -row.near,
            mark=mark(row.chain),
            code=row.code,
            kind=row.kind,
            product=product(row.product) if row.product else None,
            lot=row.lot,
            producer=party(row.party),
            made=row.made,
            quantity=from_micro(made[row.chain]),
            unit=row.unit,
            holdings=[
                holding(party, account, owner, sum_.amount, row.unit, sum_.sender, sum_.receiver)
                for (account, owner), sum_ in sorted(held[row.chain].items(), key=_in_order)
                if sum_.amount
            ],
        )
        for row in kept.values()
    ]
    ties = connection.execute(_edges(log_id, walks)).all()
    edges = [
        Edge(parent, child, index, None if quantity is None else from_micro(quantity), kept[parent].unit)
        for parent, child, index in ties
        if parent in kept and child in kept
        for quantity in (used.get((parent, index)),)
    ]
    return Graph(about, direction, depth, nodes, edges, truncated=len(rows) > MAX_NODES or len(ties) == MAX_EDGES)


class _Sum(NamedTuple):
    amount: int
    sender: str | None
    receiver: str | None


def _in_order(item: tuple[tuple[str, str], _Sum]) -> tuple[int, str]:
    (account, owner), _ = item
    return ORDER.index(account), owner


def _walk(log_id: int, about: ChainId, way: Direction, depth: int) -> CTE:
    """``(chain, depth)`` of all that is reached. Its steps are bounded, so not even a circle would hold it up."""
    here, there, step = (
        (lineage.c.child, lineage.c.parent, -1) if way == "back" else (lineage.c.parent, lineage.c.child, 1)
    )
    start = select(literal(about, Digest).label("chain"), cast(0, Integer).label("depth"))
    walk = start.cte(f"walk_{way}", recursive=True)
    on = (
        select(there, walk.c.depth + step)
        .select_from(walk)
        .join(lineage, here == walk.c.chain)
        .where(lineage.c.log_id == log_id, walk.c.depth * step < depth)
    )
    return walk.union(on)


def _chains(walks: Sequence[CTE]) -> CompoundSelect[ChainId]:
    return union(*(select(walk.c.chain) for walk in walks))


def _reached(log_id: int, walks: Sequence[CTE], as_of: int | None) -> Select[Any]:
    """The batches reached, nearest first; ``near`` steps away, ``back`` below zero for what it came from."""
    nearest = _nearest(walks)
    query = (
        select(batches, nearest.c.near, nearest.c.back)
        .select_from(nearest)
        .join(batches, batches.c.chain == nearest.c.chain)
        .where(batches.c.log_id == log_id)
        .order_by(nearest.c.near, batches.c.first_index, batches.c.chain)
        .limit(MAX_NODES + 1)
    )
    # A batch is tied to its parents when it is made and never after: whoever asks about a day leaves out what was
    # made later, and all that came of it goes too.
    return query if as_of is None else query.where(batches.c.first_index <= as_of)


def _nearest(walks: Sequence[CTE]) -> Subquery:
    steps = union_all(*(select(walk.c.chain, walk.c.depth) for walk in walks)).subquery()
    return (
        select(steps.c.chain, func.min(func.abs(steps.c.depth)).label("near"), func.min(steps.c.depth).label("back"))
        .group_by(steps.c.chain)
        .subquery()
    )


def _sums(log_id: int, walks: Sequence[CTE], as_of: int | None) -> Select[Any]:
    """What stands in each account of the batches reached; what was used up apart for each statement that used it."""
    # In so many words: PostgreSQL takes two parameters in the same place for two different things to group by.
    used_at = case((postings.c.account == literal_column("'consumed'"), postings.c.corrects)).label("used_at")
    query = (
        select(
            postings.c.batch,
            postings.c.account,
            postings.c.owner,
            used_at,
            func.sum(postings.c.amount).label("amount"),
            shipments.c.sender,
            shipments.c.receiver,
        )
        .outerjoin(
            shipments,
            (postings.c.account == "transit")
            & (shipments.c.log_id == postings.c.log_id)
            & (shipments.c.hash == postings.c.owner),
        )
        .where(postings.c.log_id == log_id, postings.c.batch.in_(_chains(walks)))
        .group_by(
            postings.c.batch,
            postings.c.account,
            postings.c.owner,
            used_at,
            shipments.c.sender,
            shipments.c.receiver,
        )
    )
    # Plus nothing: or SQLite takes the range of indexes for the way in, which is the whole table.
    return query if as_of is None else query.where(postings.c.first_index + 0 <= as_of)


def _edges(log_id: int, walks: Sequence[CTE]) -> Select[Any]:
    """What ties the batches reached, the nearest of it, in the order of the log."""
    nearest = _nearest(walks)
    order = (lineage.c.first_index, lineage.c.child, lineage.c.parent)
    some = (
        select(lineage.c.parent, lineage.c.child, lineage.c.first_index)
        .join(nearest, nearest.c.chain == lineage.c.child)
        .where(lineage.c.log_id == log_id)
        .order_by(nearest.c.near, *order)
        .limit(MAX_EDGES)
        .subquery()
    )
    return select(some.c.parent, some.c.child, some.c.first_index).order_by(
        some.c.first_index, some.c.child, some.c.parent
    )
