"""Arrivals: what was taken in of other counties' shipments, and how that is seen once their own bundles stand here.

An intake ``from`` another log is *unverified* as far as the books can tell. Whether that log's bundle came since
(``app.origins``) is no statement of anybody's, so it is asked when findings are read: what is borne out is no longer
shown, and what is more than was shipped is shown as that.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from app.batches.goods import Batch, Leg
from app.recording import Finding
from app.rules import origins as rules
from app.stored import chunks
from app.tables import arrivals, findings, origins
from ledger import b64u
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash
from ledger.origin import Origin
from ledger.statement import Statement

UNVERIFIED = "origin-unverified"

Shipped = tuple[str, StatementHash, ChainId]
"""A batch in a shipment of another log."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """That goods came from another log; ``verified`` once that log's own bundle was held against its pin here."""

    log: str
    shipment: StatementHash
    chain: ChainId
    verified: bool
    size: int | None
    """How many entries that log had under the checkpoint of the bundle."""
    sender: str | None
    """Who shipped it, as that log's registry calls them."""


class Arrivals:
    """The page of the books about one log's arrivals; kept open, and forgotten, with the books."""

    def __init__(self, log_id: int) -> None:
        self._log_id = log_id
        self.forget()

    def forget(self) -> None:
        self._taken: dict[Shipped, dict[int, int]] = {}

    def bring(self, connection: Connection, statements: Iterable[Statement]) -> None:
        """What other intakes took of the shipments that these name; of each intake its last word counts."""
        named = set[Shipped]()
        for one in statements:
            # In a damaged log it may say anything; whoever posts it is told.
            with suppress(Malformed):
                if origin := Origin.of(one):
                    b64u.decode(origin.statement, 32)
                    named.add(_shipped(origin))
        named -= self._taken.keys()
        taken: defaultdict[Shipped, dict[int, int]] = defaultdict(dict)
        for some in chunks({shipment for _, shipment, _ in named}):
            query = select(arrivals).where(arrivals.c.log_id == self._log_id, arrivals.c.shipment.in_(some))
            for row in connection.execute(query.order_by(arrivals.c.first_index)):
                taken[row.log, row.shipment, row.chain][row.intake] = row.amount
        self._taken |= {shipped: taken[shipped] for shipped in named}

    def post(
        self, index: int, intake: int, statement: Statement, legs: Sequence[Leg], known: Mapping[ChainId, Batch]
    ) -> tuple[list[tuple[Any, ...]], list[Finding]]:
        """Rows and findings of an intake, whose first index is ``intake``, as what stands at ``index`` leaves it."""
        origin = Origin.of(statement)
        if origin is None:
            return [], []
        taken = self._taken[_shipped(origin)]
        amount = sum(leg.amount for leg in legs if leg.account == "held")
        units = {known[batch].unit for batch in statement.created}
        unit = units.pop() if len(units) == 1 else ""
        elsewhere = sum(other for at, other in taken.items() if at != intake)
        found = [*rules.taken_in(origin, statement.created, amount, taken.get(intake, 0), elsewhere, unit)]
        taken[intake] = amount
        shipped = (b64u.decode(origin.statement), b64u.decode(origin.chain))
        return [(self._log_id, index, intake, origin.log, *shipped, amount, unit)], found


def _shipped(origin: Origin) -> Shipped:
    return origin.log, origin.statement, origin.chain


# --- how it is seen now --------------------------------------------------------------------------------------------


def standing(log_id: int, as_of: int | None = None, *, closed: bool = False) -> Select[Any]:
    """The findings of one log that are open, for ``found`` to read; more conditions and an order may be added.

    With ``as_of`` those that were open once the statement at that index was recorded; ``closed`` ones too, if asked.
    """
    came = and_(
        arrivals.c.log_id == findings.c.log_id,
        arrivals.c.first_index == findings.c.first_index,
        findings.c.code == UNVERIFIED,
    )
    known = and_(origins.c.log_id == arrivals.c.log_id, origins.c.first_index == arrivals.c.intake)
    return (
        select(findings, arrivals.c.log, arrivals.c.amount, arrivals.c.unit, origins.c.shipped)
        .select_from(findings.outerjoin(arrivals, came).outerjoin(origins, known))
        .where(
            findings.c.log_id == log_id,
            or_(origins.c.first_index.is_(None), arrivals.c.amount > origins.c.shipped),
            *_by(as_of, closed=closed),
        )
    )


def _by(as_of: int | None, *, closed: bool) -> Iterator[ColumnElement[bool]]:
    if as_of is not None:
        yield findings.c.first_index <= as_of
    if not closed:
        still = findings.c.closed.is_(None)
        yield still if as_of is None else or_(still, findings.c.closed > as_of)


def found(row: Row[Any]) -> Finding:
    """A row of ``standing``."""
    if row.shipped is not None:
        return rules.reused(row.log, row.batch, row.amount, row.shipped, row.unit)
    return Finding(row.code, row.severity, row.batch, orjson.loads(row.params))


def came(connection: Connection, log_id: int, indexes: Iterable[int]) -> dict[int, Arrival]:
    """Of the intakes at these first indexes those that came from another log."""
    read: dict[int, Arrival] = {}
    known = and_(origins.c.log_id == arrivals.c.log_id, origins.c.first_index == arrivals.c.first_index)
    for some in chunks(sorted(indexes)):
        query = (
            select(arrivals, origins.c.size, origins.c.sender)
            .select_from(arrivals.outerjoin(origins, known))
            .where(
                arrivals.c.log_id == log_id,
                arrivals.c.first_index.in_(some),
                arrivals.c.first_index == arrivals.c.intake,
            )
        )
        for row in connection.execute(query):
            verified = row.size is not None
            read[row.first_index] = Arrival(row.log, row.shipment, row.chain, verified, row.size, row.sender)
    return read
