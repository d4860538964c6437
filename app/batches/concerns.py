"""Concerns: all that was ever found about a batch, open or closed, and whether it stops it."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from app.batches import arrivals
from app.batches.events import Found, worded
from app.parties.names import Names
from app.tables import findings, grounds
from ledger.identity import ChainId


@dataclass(frozen=True, slots=True)
class Concern:
    """A finding about a batch or, where it ``holds`` this one too, about what it came from."""

    index: int
    """The first index of the statement that it was found with; ``about`` of the one that it concerns."""
    about: int
    found: Found
    closed: int | None
    """The first index of what closed it; None while it is open."""
    closed_by: str | None
    """``released``, ``corrected`` or ``record``."""
    holds: bool
    """Whether it stops this batch."""


def of_batch(
    connection: Connection, log_id: int, names: Names, chain: ChainId, as_of: int | None = None
) -> list[Concern]:
    """In the order of the log; with ``as_of`` as they stood once the statement at that index was recorded."""
    reached = select(grounds.c.first_index, grounds.c.line, grounds.c.since, grounds.c.until).where(
        grounds.c.log_id == log_id, grounds.c.batch == chain
    )
    stops: dict[tuple[int, int], bool] = {}
    for row in connection.execute(reached):
        if as_of is None or row.since <= as_of:
            still = row.until is None or (as_of is not None and row.until > as_of)
            stops[row.first_index, row.line] = still or stops.get((row.first_index, row.line), False)
    elsewhere = [and_(findings.c.first_index == index, findings.c.line == line) for index, line in stops]
    query = (
        arrivals.standing(log_id, as_of, closed=True)
        .where(or_(findings.c.batch == chain, *elsewhere))
        .order_by(findings.c.first_index, findings.c.line)
    )
    rows = connection.execute(query).all()
    concerns = []
    for row, found in zip(rows, worded(connection, log_id, names, rows), strict=True):
        closed = row.closed if as_of is None or (row.closed is not None and row.closed <= as_of) else None
        holds = stops.get((row.first_index, row.line), False)
        by = row.closed_by if closed is not None else None
        concerns.append(Concern(row.first_index, row.about, found, closed, by, holds))
    return concerns
