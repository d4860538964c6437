"""What stands in the accounts of many batches at once, added up by the database and with ids as the tables keep them.

For those who ask about thousands: a lineage, and what a recall has to find.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import Connection

from app.batches.walking import rows

Line: TypeAlias = tuple[str, bytes, int]
"""Account, owner (of what is in transit its shipment's hash), and millionths of the batch's unit, never zero."""
Road: TypeAlias = tuple[bytes, bytes, int]
"""Sender, receiver and first index of a shipment."""


@dataclass(frozen=True, slots=True)
class Sums:
    made: dict[bytes, int] = field(default_factory=dict)
    """How much of each batch there was, after corrections."""
    where: dict[bytes, list[Line]] = field(default_factory=dict)
    """Where all of it is."""
    used: dict[tuple[bytes, int], int] = field(default_factory=dict)
    """How much of a batch the statement with this first index used up."""
    roads: dict[bytes, Road] = field(default_factory=dict)
    """The shipments that hold some of it, by hash."""


def read(connection: Connection, log_id: int, batches: Iterable[bytes], as_of: int | None) -> Sums:
    """The sums of these batches, once the statement at ``as_of`` was recorded."""
    sums = Sums()
    # Plus nothing: or SQLite takes the range of indexes for the way in, which is the whole table.
    by, until = ("", ()) if as_of is None else ("AND first_index + 0 <= ? ", (as_of,))
    for batch, account, owner, amount in rows(connection, _SUMS.format(by, "{}"), batches, log_id, *until):
        if account == "origin":
            sums.made[batch] = sums.made.get(batch, 0) - amount
        elif batch in sums.where:
            sums.where[batch].append((account, owner, amount))
        else:
            sums.where[batch] = [(account, owner, amount)]
    consumed: dict[tuple[bytes, bytes], int] = {}
    for batch, owner, index, amount in rows(connection, _USED.format(by, "{}"), batches, log_id, *until):
        sums.used[batch, index] = sums.used.get((batch, index), 0) + amount
        consumed[batch, owner] = consumed.get((batch, owner), 0) + amount
    for (batch, owner), amount in consumed.items():
        if amount:
            sums.where.setdefault(batch, []).append(("consumed", owner, amount))
    shipped = {owner for lines in sums.where.values() for account, owner, _ in lines if account == "transit"}
    for shipment, *road in rows(connection, _ROADS, shipped, log_id):
        sums.roads[shipment] = (road[0], road[1], road[2])
    return sums


# What was used up apart: for each statement that used it. The columns are in the order of the index that holds them.
_SUMS = (
    "SELECT batch, account, owner, CAST(SUM(amount) AS BIGINT) FROM postings "
    "WHERE log_id = ? {}AND account <> 'consumed' AND batch {} "
    "GROUP BY batch, account, owner HAVING SUM(amount) <> 0"
)
_USED = (
    "SELECT batch, owner, corrects, CAST(SUM(amount) AS BIGINT) FROM postings "
    "WHERE log_id = ? {}AND account = 'consumed' AND batch {} "
    "GROUP BY batch, owner, corrects"
)
_ROADS = "SELECT hash, sender, receiver, first_index FROM shipments WHERE log_id = ? AND hash {}"
