"""Grounds: what stops a batch, and how far it reaches.

A finding of severity *hold* is a ground. It reaches the batch that it was found for and every batch that came of it,
those that are made later too. A release lifts it at a batch and downstream of it, except where another parent still
brings it; once the batch that it was found for is released, or the finding closes, it reaches nobody.

Kept as rows (``grounds``), so that one look-up says whether a batch may go on: what stops food is asked for far more
often than it changes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Boolean, Connection, Integer, SmallInteger, insert, literal, select, update

from app.db import insert_rows
from app.stored import chunks
from app.tables import Digest, grounds, lineage
from ledger import b64u
from ledger.identity import ChainId

Ground: TypeAlias = tuple[int, int]
"""A finding: its first index and line."""

_NONE: frozenset[Ground] = frozenset()


class Grounds:
    """The grounds that reach the batches in hand. ``flush`` writes what the books have not written yet."""

    def __init__(self, log_id: int, flush: Callable[[], None]) -> None:
        self._log_id = log_id
        self._flush = flush
        self.forget()

    def forget(self) -> None:
        self._reaching: dict[ChainId, frozenset[Ground]] = {}
        self._staying: set[Ground] = set()

    def bring(self, connection: Connection, chains: Iterable[ChainId]) -> None:
        """Read what reaches these batches."""
        self._connection = connection
        wanted = set(chains) - self._reaching.keys()
        found: defaultdict[ChainId, set[Ground]] = defaultdict(set)
        for some in chunks(wanted):
            query = select(grounds.c.batch, grounds.c.first_index, grounds.c.line, grounds.c.stays).where(
                grounds.c.log_id == self._log_id, grounds.c.batch.in_(some), grounds.c.until.is_(None)
            )
            for batch, index, line, stays in connection.execute(query):
                found[batch].add((index, line))
                if stays:
                    self._staying.add((index, line))
        for chain in wanted:
            self._reaching[chain] = frozenset(found[chain]) if chain in found else _NONE

    def reaching(self, batch: ChainId) -> frozenset[Ground]:
        """The grounds that stop this batch now."""
        return self._reaching.get(batch, _NONE)

    def inherit(self, child: ChainId, parents: Iterable[ChainId], index: int) -> list[tuple[Any, ...]]:
        """A batch is made: what reaches a parent reaches it. The rows to write."""
        mine = _NONE
        for parent in parents:
            mine |= self.reaching(parent)
        if mine and self._staying:
            mine -= self._staying
        self._reaching[child] = mine
        return [(self._log_id, b64u.decode(child), *ground, False, index, None) for ground in sorted(mine)]

    def open(self, ground: Ground, batch: ChainId, index: int, *, stays: bool = False) -> None:
        """A batch is stopped by a new finding, and, unless it stays there, all that came of it."""
        self._flush()
        self._reaching[batch] = self.reaching(batch) | {ground}
        if stays:
            self._staying.add(ground)
            row = (self._log_id, b64u.decode(batch), *ground, True, index, None)
            insert_rows(self._connection, grounds, [row])
            return
        walk = self._downstream(batch)
        new = select(
            literal(self._log_id, SmallInteger),
            walk.c.chain,
            literal(ground[0], BigInteger),
            literal(ground[1], Integer),
            literal(False, Boolean),
            literal(index, BigInteger),
            literal(None, BigInteger),
        ).select_from(walk)
        names = ["log_id", "batch", "first_index", "line", "stays", "since", "until"]
        self._connection.execute(insert(grounds).from_select(names, new))
        if len(self._reaching) > 1:
            self._take(select(walk.c.chain), add=frozenset((ground,)))

    def close(self, ground: Ground, index: int) -> None:
        """A finding is closed: it reaches nobody any more."""
        self._flush()
        self._connection.execute(update(grounds).where(self._of(ground), grounds.c.until.is_(None)).values(until=index))
        for chain, mine in self._reaching.items():
            if ground in mine:
                self._reaching[chain] = mine - {ground}

    def lift(self, ground: Ground, batch: ChainId, index: int) -> None:
        """A batch is released from one ground; what came of it too, unless another parent still brings it."""
        self._flush()
        walk = self._downstream(batch)
        reached = select(grounds.c.batch).where(self._of(ground), grounds.c.until.is_(None))
        edges = (
            select(lineage.c.child, lineage.c.parent)
            .join(walk, walk.c.chain == lineage.c.child)
            .where(lineage.c.log_id == self._log_id)
            .order_by(lineage.c.first_index)
        )
        carrying = set(self._connection.execute(reached).scalars())
        parents: defaultdict[ChainId, list[ChainId]] = defaultdict(list)
        for child, parent in self._connection.execute(edges):
            parents[child].append(parent)
        freed = {batch}
        # By the order of the log every batch comes after all that it is made from.
        for child, above in parents.items():
            if child != batch and child in carrying and not any(p in carrying and p not in freed for p in above):
                freed.add(child)
        for some in chunks(sorted(freed)):
            self._connection.execute(
                update(grounds)
                .where(self._of(ground), grounds.c.batch.in_(some), grounds.c.until.is_(None))
                .values(until=index)
            )
        for chain in freed & self._reaching.keys():
            self._reaching[chain] -= {ground}

    def _of(self, ground: Ground) -> Any:
        index, line = ground
        return (grounds.c.log_id == self._log_id) & (grounds.c.first_index == index) & (grounds.c.line == line)

    def _take(self, query: Any, add: frozenset[Ground]) -> None:
        for chain in self._connection.execute(query).scalars():
            if chain in self._reaching:
                self._reaching[chain] |= add

    def downstream(self, batch: ChainId) -> Any:
        """A query for a batch and all that came of it."""
        return select(self._downstream(batch).c.chain)

    def _downstream(self, batch: ChainId) -> Any:
        start = select(literal(batch, Digest).label("chain"))
        walk = start.cte("downstream", recursive=True)
        return walk.union(
            select(lineage.c.child)
            .select_from(walk)
            .join(lineage, lineage.c.parent == walk.c.chain)
            .where(lineage.c.log_id == self._log_id)
        )


def in_force(connection: Connection, log_id: int, chains: Sequence[ChainId]) -> dict[ChainId, list[Ground]]:
    """The grounds that stop these batches now, oldest first; for those who only read."""
    found: defaultdict[ChainId, list[Ground]] = defaultdict(list)
    for some in chunks(sorted(set(chains))):
        query = (
            select(grounds.c.batch, grounds.c.first_index, grounds.c.line)
            .where(grounds.c.log_id == log_id, grounds.c.batch.in_(some), grounds.c.until.is_(None))
            .order_by(grounds.c.first_index, grounds.c.line)
        )
        for batch, index, line in connection.execute(query):
            found[batch].append((index, line))
    return dict(found)
