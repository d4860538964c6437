"""How a party stands: what it holds, what is on the way to it and from it, what it stated, what is found about it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, func, or_, select

from app.batches import arrivals, views
from app.batches.amounts import from_micro
from app.batches.events import Found, worded
from app.batches.views import BatchView
from app.handover import shipments
from app.handover.shipments import Shipment
from app.parties.names import Name, Names
from app.tables import findings, postings, statements
from ledger import records
from ledger.identity import ChainId
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
    """An open finding about a statement of the party, or about what it holds."""

    found: Found
    index: int
    """The first index of the statement that it is about; ``kind``, ``at`` and ``actor`` are that one's."""
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
    coming: list[Shipment]
    leaving: list[Shipment]
    findings: int
    """How many are open, of which the newest are in ``concerns``."""
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
        mine = self._mine({chain for chain, amount in held.items() if amount > 0})
        return Standing(
            party=self._names.party(self._party),
            roles=sorted(registered.roles) if registered else [],
            batches=len(held),
            holding=self._holding(held),
            coming=self._ways("receiver"),
            leaving=self._ways("sender"),
            findings=len(mine),
            concerns=self._concerns(mine[:SHOWN]),
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

    def _ways(self, end: Literal["sender", "receiver"]) -> list[Shipment]:
        """Shipments with something still in transit, the one that waits longest first."""
        told = (self._connection, self._log_id, self._names, self._party, self._now)
        return shipments.of_party(*told, at=[end])

    def _mine(self, held: Collection[ChainId]) -> list[Row[Any]]:
        """The open findings about what it holds or stated, those about the newest statements first."""
        touched = select(postings.c.batch).where(
            postings.c.log_id == self._log_id, postings.c.owner == self._party
        )  # fmt: skip
        query = (
            arrivals.standing(self._log_id)
            .add_columns(statements.c.iss, statements.c.jws)
            .join(
                statements, (statements.c.log_id == findings.c.log_id) & (statements.c.first_index == findings.c.about)
            )
            .where(or_(findings.c.batch.in_(touched), statements.c.iss == self._party))
            .order_by(findings.c.about.desc(), findings.c.first_index.desc(), findings.c.line)
        )
        return [
            row
            for row in self._connection.execute(query)
            # An agent signs what is stated for somebody else.
            if row.batch in held or parse(row.jws).actor == self._party
        ]

    def _concerns(self, rows: Sequence[Row[Any]]) -> list[Concern]:
        batches = self._batches(row.batch for row in rows if row.batch)
        concerns = []
        for row, found in zip(rows, worded(self._connection, self._log_id, self._names, rows), strict=True):
            statement = parse(row.jws)
            zh, en = _called(statement.kind)
            actor = self._names.party(statement.actor) if statement.actor else None
            batch = batches.get(row.batch)
            concerns.append(Concern(found, row.about, statement.kind, zh, en, statement.at, actor, batch))
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
