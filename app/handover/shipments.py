"""Shipments as they stand: what of each is still on the way, until whoever it was sent to has answered for all of it.

Worked out from the postings at reading. One that was taken back before anybody answered is neither open nor answered.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, func, or_, select

from app.batches import views
from app.batches.amounts import from_micro
from app.batches.views import BatchView
from app.parties.names import Name, Names
from app.rules import grounds
from app.stored import chunks
from app.tables import postings, shipments, statements
from ledger.identity import ChainId, StatementHash
from ledger.statement import parse

State: TypeAlias = Literal["open", "late", "answered"]
STATES: tuple[State, ...] = get_args(State)
"""What can be asked for; what is late is open too."""

WORDS = {
    "open": ("在途，待收货", "on the way"),
    "late": ("过了预计到达时间，还没有答复", "past its arrival, unanswered"),
    "answered": ("已答复", "answered"),
    "void": ("已作废", "taken back"),
}
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Good:
    """A batch in a shipment: how much was sent, and how much of it nobody has answered for (``amount``)."""

    batch: BatchView
    sent: str
    amount: str
    unit: str
    held: bool
    """Whether something stops it now."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """A shipment after corrections; ``state`` is one of ``WORDS``."""

    statement: StatementHash
    index: int
    at: str
    sender: Name
    receiver: Name
    carrier: Name | None
    planned_arrival: str | None
    state: str
    goods: list[Good]
    """What is stopped first."""

    @property
    def open(self) -> bool:
        return self.state in ("open", "late")

    @property
    def late(self) -> bool:
        return self.state == "late"

    @property
    def waiting(self) -> list[Good]:
        """What is still on the way."""
        return [one for one in self.goods if one.amount != "0" and not one.amount.startswith("-")]


def of_party(
    connection: Connection,
    log_id: int,
    names: Names,
    party: ChainId,
    now: str,
    state: State = "open",
    after: int = -1,
    limit: int | None = None,
    at: Collection[Literal["sender", "receiver", "carrier"]] = ("sender", "receiver", "carrier"),
) -> list[Shipment]:
    """Those with ``party`` at one of these ends, the one that waits longest first, from behind an index on."""
    registered = names.registry.parties.get(party)
    # There is no index by carrier: only of those who carry is it asked.
    carries = registered is not None and "carrier" in registered.roles
    ends = [shipments.c[end] == party for end in at if end != "carrier" or carries]
    if not ends:
        return []
    query = _in_state(log_id, state, now).where(or_(*ends), shipments.c.first_index > after)
    rows = connection.execute(query.order_by(shipments.c.first_index).limit(limit)).all()
    return _read(connection, log_id, names, rows, now)


def watched(
    connection: Connection,
    log_id: int,
    names: Names,
    watches: Callable[[ChainId], bool],
    now: str,
    state: State = "open",
    after: int = -1,
) -> Iterator[Shipment]:
    """Those with an end that ``watches``, the one that waits longest first, from behind an index on."""
    while True:
        query = _in_state(log_id, state, now).where(shipments.c.first_index > after)
        page = connection.execute(query.order_by(shipments.c.first_index).limit(AT_ONCE)).all()
        rows = [row for row in page if any(end and watches(end) for end in (row.sender, row.receiver, row.carrier))]
        yield from _read(connection, log_id, names, rows, now)
        if len(page) < AT_ONCE:
            return
        after = page[-1].first_index


def one(connection: Connection, log_id: int, names: Names, hash_: StatementHash, now: str) -> Shipment | None:
    """Whatever state it is in; None where there is no such shipment."""
    rows = connection.execute(select(shipments).where(shipments.c.log_id == log_id, shipments.c.hash == hash_)).all()
    return next(iter(_read(connection, log_id, names, rows, now)), None)


# --- by what it is open --------------------------------------------------------------------------------------------


def _in_state(log_id: int, state: State, now: str) -> Select[Any]:
    way = and_(
        postings.c.log_id == shipments.c.log_id,
        postings.c.owner == shipments.c.hash,
        postings.c.account == "transit",
    )
    # Batch by batch: what came too much of one does not stand for what is missing of another.
    still = exists(
        select(postings.c.batch).where(way).group_by(postings.c.batch).having(func.sum(postings.c.amount) > 0)
    )
    wanted: dict[State, tuple[ColumnElement[bool], ...]] = {
        "open": (still,),
        "late": (shipments.c.planned_arrival < now, still),
        "answered": (
            ~still,
            exists(select(postings.c.line).where(way, postings.c.corrects != shipments.c.first_index)),
        ),
    }
    return select(shipments).where(shipments.c.log_id == log_id, *wanted[state])


def _read(connection: Connection, log_id: int, names: Names, rows: Iterable[Row[Any]], now: str) -> list[Shipment]:
    found = {row.hash: row for row in rows}
    lines: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for some in chunks(found):
        for line in connection.execute(_lines(log_id, some)):
            lines[line.owner].append(line)
    chains = {line.batch for many in lines.values() for line in many}
    batches = views.read(connection, log_id, names, chains)
    stopped = grounds.in_force(connection, log_id, [*chains])
    stated = _times(connection, log_id, (row.first_index for row in found.values()))
    return [
        Shipment(
            statement=StatementHash(hash_),
            index=row.first_index,
            at=stated[row.first_index],
            sender=names.party(row.sender),
            receiver=names.party(row.receiver),
            carrier=names.party(row.carrier) if row.carrier else None,
            planned_arrival=row.planned_arrival,
            state=_state(row, lines[hash_], now),
            goods=sorted(
                (
                    Good(
                        batches[line.batch],
                        from_micro(int(line.sent)),
                        from_micro(int(line.left)),
                        batches[line.batch].unit,
                        line.batch in stopped,
                    )
                    for line in lines[hash_]
                    if line.sent or line.left
                ),
                key=lambda good: not good.held,
            ),
        )
        for hash_, row in found.items()
    ]


def _lines(log_id: int, hashes: Collection[str]) -> Select[Any]:
    own = case((postings.c.corrects == shipments.c.first_index, postings.c.amount), else_=0)
    return (
        select(
            postings.c.owner,
            postings.c.batch,
            func.sum(postings.c.amount).label("left"),
            func.sum(own).label("sent"),
            func.max(case((postings.c.corrects == shipments.c.first_index, 0), else_=1)).label("answered"),
        )
        .join(shipments, (shipments.c.log_id == postings.c.log_id) & (shipments.c.hash == postings.c.owner))
        .where(postings.c.log_id == log_id, postings.c.owner.in_(hashes), postings.c.account == "transit")
        .group_by(postings.c.owner, postings.c.batch)
        .order_by(postings.c.owner, postings.c.batch)
    )


def _state(row: Row[Any], lines: Iterable[Row[Any]], now: str) -> str:
    lines = list(lines)
    if any(line.left > 0 for line in lines):
        return "late" if row.planned_arrival is not None and row.planned_arrival < now else "open"
    return "answered" if any(line.answered for line in lines) else "void"


def _times(connection: Connection, log_id: int, indexes: Iterable[int]) -> dict[int, str]:
    """When each of these happened, as it was stated."""
    found: dict[int, str] = {}
    for some in chunks(indexes):
        query = select(statements.c.first_index, statements.c.jws).where(
            statements.c.log_id == log_id, statements.c.first_index.in_(some)
        )
        found.update((index, parse(jws).at) for index, jws in connection.execute(query))
    return found
