"""How a party stands: what it holds, what is on the way to it and from it, what it stated, what is found about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, or_, select

from app.batches import arrivals, views
from app.batches.amounts import from_micro
from app.batches.events import Found, worded
from app.batches.views import BatchView
from app.parties.names import Name, Names
from app.stored import chunks
from app.tables import findings, postings, shipments, statements
from ledger import records
from ledger.identity import ChainId, StatementHash
from ledger.statement import Statement, parse

SHOWN = 60
RECENT = 12


@dataclass(frozen=True, slots=True)
class Lot:
    """So much of a batch."""

    batch: BatchView
    amount: str
    unit: str


@dataclass(frozen=True, slots=True)
class Way:
    """A shipment that has not been answered; ``other`` is at its other end."""

    shipment: StatementHash
    index: int
    at: str
    other: Name
    carrier: Name | None
    planned_arrival: str | None
    late: bool
    """Whether it should have arrived by now."""
    goods: list[Lot]


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement that the party signed."""

    index: int
    kind: str
    zh: str
    en: str
    at: str
    batches: list[BatchView]
    more: int
    """How many further batches it touches."""


@dataclass(frozen=True, slots=True)
class Concern:
    """A finding in a statement of the party, or about what it holds."""

    found: Found
    index: int
    kind: str
    zh: str
    en: str
    at: str
    actor: Name | None
    batch: BatchView | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A party as it stands now; ``batches`` is how many it holds, of which the newest are in ``holding``."""

    party: Name
    roles: list[str]
    batches: int
    holding: list[Lot]
    coming: list[Way]
    leaving: list[Way]
    concerns: list[Concern]
    stated: list[Stated]


def standing(engine: Engine, log_id: int, names: Names, party: ChainId, now: float) -> Standing:
    """How ``party`` stands at ``now``, in seconds; all of it is public, put together for those it is about."""
    with engine.connect() as connection:
        return _Desk(connection, log_id, names, party, now).standing()


class _Desk:
    """One look, by one connection."""

    def __init__(self, connection: Connection, log_id: int, names: Names, party: ChainId, now: float) -> None:
        self._connection = connection
        self._log_id = log_id
        self._names = names
        self._party = party
        self._now = datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def standing(self) -> Standing:
        held = self._held()
        registered = self._names.registry.parties.get(self._party)
        return Standing(
            party=self._names.party(self._party),
            roles=sorted(registered.roles) if registered else [],
            batches=len(held),
            holding=self._holding(held),
            coming=self._ways(shipments.c.receiver, shipments.c.sender),
            leaving=self._ways(shipments.c.sender, shipments.c.receiver),
            concerns=self._concerns(chain for chain, amount in held.items() if amount > 0),
            stated=self._stated(),
        )

    def _batches(self, chains: Iterable[ChainId]) -> dict[ChainId, BatchView]:
        return views.read(self._connection, self._log_id, self._names, chains)

    def _held(self) -> dict[ChainId, int]:
        query = (
            select(postings.c.batch, func.sum(postings.c.amount))
            .where(
                postings.c.log_id == self._log_id,
                postings.c.owner == self._party,
                postings.c.account == "held",
            )
            .group_by(postings.c.batch)
        )
        return {ChainId(batch): int(amount) for batch, amount in self._connection.execute(query) if amount}

    def _holding(self, held: Mapping[ChainId, int]) -> list[Lot]:
        batches = sorted(self._batches(held).values(), key=lambda batch: -batch.first_index)
        return [Lot(batch, from_micro(held[batch.chain]), batch.unit) for batch in batches[:SHOWN]]

    def _ways(self, mine: Any, other: Any) -> list[Way]:
        """Shipments with something still in transit, the one that waits longest first."""
        query = (
            select(shipments, other.label("other"), postings.c.batch, func.sum(postings.c.amount).label("amount"))
            .join(postings, (postings.c.log_id == shipments.c.log_id) & (postings.c.owner == shipments.c.hash))
            .where(shipments.c.log_id == self._log_id, mine == self._party, postings.c.account == "transit")
            .group_by(*shipments.c, postings.c.batch)
            .having(func.sum(postings.c.amount) > 0)
            .order_by(shipments.c.first_index, postings.c.batch)
        )
        rows = self._connection.execute(query).all()
        by_shipment: dict[str, list[Row[Any]]] = {}
        for row in rows:
            by_shipment.setdefault(row.hash, []).append(row)
        batches = self._batches(row.batch for row in rows)
        sent = self._statements({lines[0].first_index for lines in by_shipment.values()})
        return [
            Way(
                shipment=StatementHash(hash_),
                index=first.first_index,
                at=sent[first.first_index].at,
                other=self._names.party(first.other),
                carrier=self._names.party(first.carrier) if first.carrier else None,
                planned_arrival=first.planned_arrival,
                late=first.planned_arrival is not None and first.planned_arrival < self._now,
                goods=[
                    Lot(batches[line.batch], from_micro(int(line.amount)), batches[line.batch].unit) for line in lines
                ],
            )
            for hash_, lines in by_shipment.items()
            for first in lines[:1]
        ]

    def _statements(self, indexes: Iterable[int]) -> dict[int, Statement]:
        found: dict[int, Statement] = {}
        for some in chunks(sorted(set(indexes))):
            query = select(statements.c.first_index, statements.c.jws).where(
                statements.c.log_id == self._log_id, statements.c.first_index.in_(some)
            )
            found.update((index, parse(jws)) for index, jws in self._connection.execute(query))
        return found

    def _concerns(self, held: Iterable[ChainId]) -> list[Concern]:
        """The newest findings on batches that it ever had, if they are on what it holds or in what it stated."""
        touched = select(postings.c.batch).where(
            postings.c.log_id == self._log_id, postings.c.owner == self._party
        )  # fmt: skip
        query = (
            arrivals.standing(self._log_id)
            .where(or_(findings.c.batch.in_(touched), findings.c.first_index.in_([one[0] for one in self._signed()])))
            .order_by(findings.c.first_index.desc(), findings.c.line)
            .limit(SHOWN)
        )
        rows = self._connection.execute(query).all()
        found_in = self._statements(row.first_index for row in rows)
        batches = self._batches(row.batch for row in rows if row.batch)
        mine, concerns = set(held), []
        for row, found in zip(rows, worded(self._connection, self._log_id, self._names, rows), strict=True):
            statement = found_in[row.first_index]
            if statement.actor != self._party and row.batch not in mine:
                continue
            zh, en = _called(statement.kind)
            actor = self._names.party(statement.actor) if statement.actor else None
            batch = batches.get(row.batch)
            concerns.append(Concern(found, row.first_index, statement.kind, zh, en, statement.at, actor, batch))
        return concerns

    def _signed(self) -> list[tuple[int, str]]:
        """The newest statements of its keys, newest first: index and JWS."""
        rows: list[tuple[int, str]] = []
        for key in list(self._names.registry.keys.values()):
            if key.party == self._party:
                query = (
                    select(statements.c.first_index, statements.c.jws)
                    .where(statements.c.log_id == self._log_id, statements.c.kid == key.public.kid)
                    .order_by(statements.c.n.desc())
                    .limit(RECENT)
                )
                rows += [(index, jws) for index, jws in self._connection.execute(query)]
        return sorted(rows, reverse=True)[:RECENT]

    def _stated(self) -> list[Stated]:
        signed = [(index, parse(jws)) for index, jws in self._signed()]
        batches = self._batches(chain for _, statement in signed for chain in _shown(statement))
        return [
            Stated(
                index=index,
                kind=statement.kind,
                zh=_called(statement.kind)[0],
                en=_called(statement.kind)[1],
                at=statement.at,
                batches=[batches[chain] for chain in _shown(statement) if chain in batches],
                more=max(0, len(statement.created or statement.on) - len(_shown(statement))),
            )
            for index, statement in signed
        ]


def _shown(statement: Statement) -> Sequence[ChainId]:
    """The first batches to name: those it brought, else those it is about."""
    return (statement.created or statement.on)[:3]


def _called(kind: str) -> tuple[str, str]:
    known = records.KINDS.get(kind)
    return (known.zh, known.en) if known else (kind, kind)
