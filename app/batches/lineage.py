"""Lineage: what a batch came from and what became of it, with how much of each there was and where it is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection

from app.batches import sums
from app.batches.amounts import from_micro
from app.batches.holdings import ORDER, Holding
from app.batches.walking import Direction, rows, walk
from app.parties.names import Name, Names
from ledger import b64u
from ledger.identity import ChainId, Mark, StatementHash, TraceCode

__all__ = ["DEPTH", "MAX_DEPTH", "Direction", "Edge", "Graph", "Node", "graph"]

DEPTH = 20
MAX_DEPTH = 64
MAX_NODES = 20_000
"""More batches than this are cut off, the nearest kept, and the graph says so."""

MAX_EDGES = 40_000
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
    found = walk(connection, log_id, b64u.decode(about), direction, depth, as_of, (MAX_NODES, MAX_EDGES))
    made = {row[0]: row for row in rows(connection, _BATCHES, found.steps, log_id) if as_of is None or row[1] <= as_of}
    order = sorted(made.values(), key=lambda row: (abs(found.steps[row[0]]), row[1], row[0]))
    stands = sums.read(connection, log_id, made, as_of)
    party, product = (
        cache(lambda id_: names.party(b64u.encode(id_))),
        cache(lambda id_: names.product(b64u.encode(id_))),
    )
    said = {chain: ChainId(b64u.encode(chain)) for chain in made}
    nodes = [
        Node(
            said[chain],
            found.steps[chain],
            Mark(b64u.encode(chain[:16])),
            code,
            kind,
            product(goods) if goods else None,
            lot,
            party(maker),
            at,
            from_micro(stands.made.get(chain, 0)),
            unit,
            _holdings(stands.where.get(chain, ()), unit, party, stands.roads),
        )
        for chain, _, code, kind, maker, goods, lot, unit, at in order
    ]
    ties = sorted((made[child][1], child, parent) for parent, child in found.ties if child in made and parent in made)
    used = stands.used
    edges = [
        Edge(
            said[parent],
            said[child],
            index,
            None if (amount := used.get((parent, index))) is None else from_micro(amount),
            made[parent][7],
        )
        for index, child, parent in ties
    ]
    return Graph(about, direction, depth, nodes, edges, found.truncated)


def _holdings(
    lines: Iterable[sums.Line], unit: str, party: Callable[[bytes], Name], roads: Mapping[bytes, sums.Road]
) -> list[Holding]:
    found = []
    for account, owner, amount in lines:
        if road := roads.get(owner):
            who, to, shipment = party(road[0]), party(road[1]), StatementHash(b64u.encode(owner))
            found.append(Holding(account, who, from_micro(amount), unit, shipment, to))
        else:
            found.append(Holding(account, party(owner), from_micro(amount), unit))
    if len(found) > 1:
        found.sort(key=_in_order)
    return found


def _in_order(one: Holding) -> tuple[int, str]:
    return ORDER.index(one.account), one.shipment or one.owner.id


_BATCHES = (
    "SELECT chain, first_index, code, kind, party, product, lot, unit, made FROM batches WHERE log_id = ? AND chain {}"
)
