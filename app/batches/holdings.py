"""Holdings: where every kilogram of a batch is, added up from the postings (records §2)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, select

from app.batches.amounts import from_micro
from app.parties.names import Name, Names
from app.stored import chunks
from app.tables import batches, postings, shipments, statements
from ledger.identity import ChainId, StatementHash

ACCOUNTS = {
    "origin": ("产生", "brought into being"),
    "held": ("在手", "on hand"),
    "transit": ("在途", "in transit"),
    "consumed": ("已投料", "used up"),
    "sold": ("已售", "sold"),
    "lost": ("损耗", "lost"),
}
"""The accounts that a batch's quantity moves through, with their wordings."""

ORDER = tuple(ACCOUNTS)


@dataclass(frozen=True, slots=True)
class Holding:
    """So much of a batch in one account; ``amount`` is decimal text in the batch's ``unit``.

    What is in transit names the ``shipment`` and its receiver (``to``); its ``owner`` is then the sender.
    """

    account: str
    owner: Name
    amount: str
    unit: str
    shipment: StatementHash | None = None
    to: Name | None = None


def holdings(connection: Connection, log_id: int, names: Names, chain: ChainId, as_of: int | None) -> list[Holding]:
    """Where the batch is, once the statement at ``as_of`` was recorded; together it is what was made.

    Accounts at zero are left out, and so is the one that everything comes out of.
    """
    query = (
        select(
            postings.c.account,
            postings.c.owner,
            func.sum(postings.c.amount),
            batches.c.unit,
            shipments.c.sender,
            shipments.c.receiver,
        )
        .join(batches, (batches.c.log_id == postings.c.log_id) & (batches.c.chain == postings.c.batch))
        .outerjoin(shipments, (shipments.c.log_id == postings.c.log_id) & (shipments.c.hash == postings.c.owner))
        .where(postings.c.log_id == log_id, postings.c.batch == chain, postings.c.account != "origin")
        .group_by(
            postings.c.account, postings.c.owner, batches.c.unit, shipments.c.sender, shipments.c.receiver
        )
    )  # fmt: skip
    if as_of is not None:
        # Plus nothing: or SQLite takes the range of indexes for the way in.
        query = query.where(postings.c.first_index + 0 <= as_of)
    rows = sorted(connection.execute(query), key=lambda row: (ORDER.index(row.account), row.owner))
    return [
        holding(names.party, account, owner, int(amount), unit, sender, receiver)
        for account, owner, amount, unit, sender, receiver in rows
        if amount
    ]


def holding(
    party: Callable[[str], Name],
    account: str,
    owner: str,
    amount: int,
    unit: str,
    sender: str | None,
    receiver: str | None,
) -> Holding:
    """One row, named; ``owner`` of a transit row is the shipment's hash."""
    if account == "transit" and sender and receiver:
        shipment = StatementHash(owner)
        return Holding(account, party(sender), from_micro(amount), unit, shipment, party(receiver))
    return Holding(account, party(owner), from_micro(amount), unit)


def held_by(connection: Connection, log_id: int, party: ChainId, chains: Iterable[ChainId]) -> set[ChainId]:
    """Those of ``chains`` that ``party`` holds or held: it made them, or received them from somebody who did.

    Neither its own counting brings a batch to its hands nor a shipment by somebody who never had it: or whoever may
    ship could hand himself, or be handed by a friend, what is sealed for the trade.
    """
    hands: set[tuple[ChainId, str]] = set()
    passed: set[tuple[ChainId, str, str]] = set()
    for some in chunks(sorted(set(chains))):
        hands |= {(batch, owner) for batch, owner in connection.execute(_made(log_id, some))}
        passed |= {(batch, sender, to) for batch, sender, to in connection.execute(_passed(log_id, some))}
    # By what leads where, not by the order of the log: what is stated late was handed over all the same.
    while more := {(batch, to) for batch, sender, to in passed if (batch, sender) in hands} - hands:
        hands |= more
    return {batch for batch, owner in hands if owner == party}


def _made(log_id: int, chains: Iterable[ChainId]) -> Select[ChainId, str]:
    """Batches with who brought them into being."""
    return (
        select(postings.c.batch, postings.c.owner)
        .distinct()
        .where(postings.c.log_id == log_id, postings.c.batch.in_(chains), postings.c.account == "origin")
    )


def _passed(log_id: int, chains: Iterable[ChainId]) -> Select[ChainId, str, str]:
    """Batches with who sent them and who received them."""
    way = postings.alias()
    return (
        select(postings.c.batch, shipments.c.sender, postings.c.owner)
        .distinct()
        .join(way, (way.c.log_id == postings.c.log_id) & (way.c.first_index == postings.c.first_index))
        .join(shipments, (shipments.c.log_id == way.c.log_id) & (shipments.c.hash == way.c.owner))
        .join(
            statements,
            (statements.c.log_id == postings.c.log_id) & (statements.c.first_index == postings.c.first_index),
        )
        .where(
            postings.c.log_id == log_id,
            postings.c.batch.in_(chains),
            postings.c.account == "held",
            postings.c.amount > 0,
            way.c.batch == postings.c.batch,
            way.c.account == "transit",
            statements.c.kind == "receive",
        )
    )
