"""A batch as anyone may see it: its names, what and how much it is, who made it, where and when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select

from app.batches.amounts import from_micro
from app.batches.corrections import Effective, corrections_on, effective
from app.batches.origins import inherited, stated
from app.parties.names import Name, Names
from app.stored import chunks
from app.tables import batches, postings, statements
from ledger.identity import ChainId, Mark, StatementHash, TraceCode, mark
from ledger.statement import Statement, parse

KINDS_OF_BATCH = {
    "planting": ("种植批次", "planting"),
    "herd": ("养殖批次", "herd"),
    "input": ("投入品", "input"),
    "lot": ("产品批次", "lot"),
}


MAKERS = {
    "intake": ("收货登记", "Taken in by"),
    "acquire": ("购入", "Bought by"),
}
_MAKER = ("生产者", "Producer")
MOST_ORIGINS = 3
"""More than these are counted, where there is one line for all."""


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as anyone may see it: nothing in it was ever sealed."""

    chain: ChainId
    mark: Mark
    code: TraceCode
    kind: str
    """planting, herd, input or lot; ``KINDS_OF_BATCH`` has their wordings."""
    made_by: str
    """The kind of the statement that brought it into being."""
    product: Name | None
    name: Name
    """What to call it: its product, or what it is bought as."""
    gtin: str | None
    lot: str | None
    quantity: str
    """As made, after corrections, decimal text in ``unit``."""
    unit: str
    stated: Mapping[str, str]
    """The quantity in the unit that was stated, after corrections."""
    grade: str | None
    variety: str | None
    best_before: str | None
    producer: Name
    """Who brought it into being here; ``maker`` says as what."""
    place: Name | None
    where: str | None
    """Where that was: the place's township and name."""
    origins: list[str]
    """Where it comes from, as stated, or as stated of what it was made from; empty where nobody recorded it."""
    origin: str | None
    """The same on one line."""
    made: str
    """When, UTC."""
    day: str
    """The same as a day in the log's time zone."""
    first_index: int
    statement: StatementHash
    void: bool
    """Whether the record that brought it into being was taken back."""

    @property
    def maker(self) -> tuple[str, str]:
        """What its ``producer`` is to it: who took goods in from outside did not produce them."""
        return MAKERS.get(self.made_by, _MAKER)


def read(
    connection: Connection, log_id: int, names: Names, chains: Iterable[ChainId], as_of: int | None = None
) -> dict[ChainId, BatchView]:
    """Those of ``chains`` that are batches, in a fixed number of statements for every few hundred; with ``as_of``
    those that there were once the statement at that index was recorded, as they stood then."""
    rows: list[Row[Any]] = []
    for some in chunks(dict.fromkeys(chains)):
        query = select(batches).where(batches.c.log_id == log_id, batches.c.chain.in_(some))
        rows += [row for row in connection.execute(query) if as_of is None or row.first_index <= as_of]
    return of_rows(connection, log_id, names, rows, as_of)


def of_rows(
    connection: Connection, log_id: int, names: Names, rows: Sequence[Row[Any]], as_of: int | None = None
) -> dict[ChainId, BatchView]:
    """The views of rows of the table ``batches``, in their order."""
    made: dict[int, Statement] = {}
    for some in chunks(sorted({row.first_index for row in rows})):
        query = select(statements.c.first_index, statements.c.jws).where(
            statements.c.log_id == log_id, statements.c.first_index.in_(some)
        )
        made.update((index, parse(jws)) for index, jws in connection.execute(query))
    amounts: dict[str, int] = {}
    for chains in chunks([row.chain for row in rows]):
        sums = (
            select(postings.c.batch, func.sum(postings.c.amount))
            .where(postings.c.log_id == log_id, postings.c.batch.in_(chains), postings.c.account == "origin")
            .group_by(postings.c.batch)
        )
        if as_of is not None:
            # Plus nothing: or SQLite takes the range of indexes for the way in.
            sums = sums.where(postings.c.first_index + 0 <= as_of)
        amounts.update((batch, -int(amount)) for batch, amount in connection.execute(sums))
    targets = [chain for statement in made.values() for chain in statement.targets]
    corrections = corrections_on(connection, log_id, targets, as_of)
    stand = {
        index: effective(statement, [each for each, _ in corrections.get(statement.hash, ())])
        for index, statement in made.items()
    }
    origins: dict[ChainId, Sequence[str]] = {
        row.chain: (origin,)
        for row in rows
        if (origin := stated(names, made[row.first_index].kind, stand[row.first_index].body))
    }
    without = [row.chain for row in rows if row.chain not in origins and made[row.first_index].on]
    origins |= inherited(connection, log_id, names, without, as_of) if without else {}
    return {
        row.chain: _view(names, row, made[row.first_index], stand[row.first_index], amounts, origins.get(row.chain, ()))
        for row in rows
    }


def _view(
    names: Names,
    row: Any,
    statement: Statement,
    stands: Effective,
    amounts: Mapping[str, int],
    origins: Sequence[str],
) -> BatchView:
    body, void = stands
    output = dict(zip(statement.created, body.get("outputs", [body]), strict=False)).get(row.chain, body)
    product = names.registry.products.get(row.product) if row.product else None
    called = names.product(row.product) if row.product else None
    bought = str(body.get("name", row.code))
    place = names.registry.places.get(body.get("place", ""))
    return BatchView(
        chain=row.chain,
        mark=mark(row.chain),
        code=row.code,
        kind=row.kind,
        made_by=statement.kind,
        product=called,
        name=called or Name(row.chain, bought, bought),
        gtin=product.body.get("gtin") if product else None,
        lot=row.lot,
        quantity=from_micro(amounts.get(row.chain, 0)),
        unit=row.unit,
        stated=output["quantity"],
        grade=output.get("grade"),
        variety=output.get("variety"),
        best_before=output.get("best_before"),
        producer=names.party(row.party),
        place=names.place(place.chain) if place else None,
        where=f"{place.body['township']} {place.body['name']}" if place else None,
        origins=list(origins),
        origin=_on_one_line(origins),
        made=row.made,
        day=day(names, row.made),
        first_index=row.first_index,
        statement=statement.hash,
        void=void,
    )


def _on_one_line(origins: Sequence[str]) -> str | None:
    if len(origins) > MOST_ORIGINS:
        return f"{'、'.join(origins[:MOST_ORIGINS])} 等 {len(origins)} 处"
    return "、".join(origins) or None


def day(names: Names, time: str) -> str:
    """A UTC time of the format as a calendar day in the log's time zone."""
    return in_zone(datetime.fromisoformat(time), ZoneInfo(names.registry.time_zone)).date().isoformat()


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """``moment`` in ``zone``; the last hours of 9999, which east of Greenwich no calendar has, as they are.

    Such a time is a finding and not refused: one record of it must not hide the batch that it speaks of.
    """
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment
