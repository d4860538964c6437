"""The page that the books lie open at: what some records need to be admitted and posted, read in a few look-ups.

What was read of a batch, a shipment or an account is kept until ``forget``; what is about the records of this page
alone (corrections, names given out, what they refer to) is read for each page anew.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, func, or_, select

from app.batches.corrections import effective, read_corrections
from app.batches.goods import Batch, Leg, Shipment
from app.recording import Record
from app.stored import chunks
from app.tables import batches, postings, shipments, statements
from ledger.errors import LedgerError
from ledger.identity import ChainId, StatementHash, trace_code
from ledger.registry import Registry
from ledger.statement import Statement, parse

Account = tuple[ChainId, str, str]
"""A batch, the name of an account, and its owner."""


class Page:
    """What is known of one log at the place where it is open. Read by those that admit and post, filled here."""

    def __init__(self, log_id: int) -> None:
        self.log_id = log_id
        self.forget()

    def forget(self) -> None:
        """Nothing that was read holds any more."""
        self.batches: dict[ChainId, Batch] = {}
        self.balances: Counter[Account] = Counter()
        self.holders: set[tuple[ChainId, str]] = set()
        """Who has or had something of a batch in hand."""
        self.shipments: dict[StatementHash, Shipment] = {}

    def turn(
        self,
        connection: Connection,
        truth: Connection,
        registry: Registry,
        records: Sequence[Record],
        before: int | None = None,
        *,
        careful: bool,
    ) -> None:
        """Bring what ``records`` need. ``truth`` is where statements are read, if not beside the projections; of the
        log nothing from ``before`` on, which a replay must not see.

        Without ``careful`` the names that are given out once (codes, lots) are left to the database's constraints.
        """
        self.registry = registry
        self.corrected: dict[StatementHash, Statement] = {}
        """What corrections correct, and what this page holds itself."""
        self.corrections: defaultdict[StatementHash, list[Statement]] = defaultdict(list)
        self.legs: defaultdict[int, list[Leg]] = defaultdict(list)
        """What a statement, by its first index, and its corrections posted; ``stated``: the statement alone."""
        self.stated: defaultdict[int, list[Leg]] = defaultdict(list)
        self.indexes: dict[StatementHash, int] = {}
        """Where the statements are that others refer to."""
        self.referred: dict[StatementHash, str] = {}
        """Their kinds."""
        self.lots: set[tuple[str, str]] = set()
        self.codes: set[str] = set()
        self._bring_corrected(truth, records)
        chains = {chain for record in records for chain in record.statement.on}
        chains |= {chain for statement in self.corrected.values() for chain in statement.targets}
        self._bring_batches(connection, chains)
        self._bring_shipments(connection, records)
        self._bring_corrections(connection, truth, before)
        if careful:
            self._bring_names(connection, records)

    def _bring_corrected(self, truth: Connection, records: Sequence[Record]) -> None:
        wanted = {hash_ for record in records for hash_ in refers(record.statement)}
        if not wanted:
            return
        corrected = {s.body["statement"] for s in (record.statement for record in records) if s.kind == "correct"}
        for some in chunks(wanted):
            query = select(statements.c.hash, statements.c.kind, statements.c.jws, statements.c.first_index).where(
                statements.c.log_id == self.log_id, statements.c.hash.in_(some)
            )
            for hash_, kind, jws, first_index in truth.execute(query):
                self.indexes[hash_], self.referred[hash_] = first_index, kind
                if hash_ in corrected:
                    # In a damaged log it may be anything; then it is as if it were not there.
                    with suppress(LedgerError, ValueError):
                        self.corrected[hash_] = parse(jws)

    def _bring_batches(self, connection: Connection, chains: Iterable[ChainId]) -> None:
        for some in chunks(set(chains) - self.batches.keys()):
            query = select(batches).where(batches.c.log_id == self.log_id, batches.c.chain.in_(some))
            for row in connection.execute(query):
                self.batches[row.chain] = Batch(row.chain, row.kind, row.party, row.product, row.unit)
            sums = (
                select(
                    postings.c.batch,
                    postings.c.account,
                    postings.c.owner,
                    func.sum(postings.c.amount),
                    func.max(postings.c.amount),
                )
                .where(postings.c.log_id == self.log_id, postings.c.batch.in_(some))
                .group_by(postings.c.batch, postings.c.account, postings.c.owner)
            )
            for batch, account, owner, amount, most in connection.execute(sums):
                self.balances[batch, account, owner] = int(amount)
                if account == "held" and most > 0:
                    self.holders.add((batch, owner))

    def _bring_shipments(self, connection: Connection, records: Sequence[Record]) -> None:
        bodies = [record.statement.body for record in records] + [s.body for s in self.corrected.values()]
        named = {body["shipment"] for body in bodies if "shipment" in body}
        for some in chunks(named - self.shipments.keys()):
            query = select(shipments).where(shipments.c.log_id == self.log_id, shipments.c.hash.in_(some))
            for row in connection.execute(query):
                who = (row.sender, row.receiver, row.carrier)
                self.shipments[row.hash] = Shipment(row.hash, *who, row.planned_arrival)

    def _bring_corrections(self, connection: Connection, truth: Connection, before: int | None) -> None:
        """What the statements that are now corrected come to: their postings and the corrections before."""
        # A statement and its corrections post under its own index; together they are what it comes to.
        for some in chunks(self.indexes[hash_] for hash_ in self.corrected):
            legs = select(postings).where(postings.c.log_id == self.log_id, postings.c.corrects.in_(some))
            for row in connection.execute(legs):
                leg = Leg(row.batch, row.account, row.owner, row.amount)
                self.legs[row.corrects].append(leg)
                if row.first_index == row.corrects:
                    self.stated[row.corrects].append(leg)
        # A correction touches every chain of what it corrects, and may post nothing.
        chains = {one.targets[0] for one in self.corrected.values() if one.targets}
        for correction, index in read_corrections(truth, self.log_id, chains):
            hash_ = correction.body["statement"]
            if hash_ in self.corrected and (before is None or index < before):
                self.corrections[hash_].append(correction)

    def _bring_names(self, connection: Connection, records: Sequence[Record]) -> None:
        """The trace codes and lots among those the page would give out that are given out already."""
        for some in chunks(trace_code(chain) for record in records for chain in record.statement.created):
            query = select(batches.c.code).where(batches.c.log_id == self.log_id, batches.c.code.in_(some))
            self.codes |= set(connection.execute(query).scalars())
        made = (out for record in records for out in record.statement.body.get("outputs", ()))
        wanted = {(out["product"], out["lot"]) for out in made if "lot" in out}
        for pairs in chunks(wanted):
            query = select(batches.c.product, batches.c.lot).where(
                batches.c.log_id == self.log_id,
                or_(*((batches.c.product == product) & (batches.c.lot == lot) for product, lot in pairs)),
            )
            self.lots |= {(product, lot) for product, lot in connection.execute(query)}

    # --- what is asked of it -------------------------------------------------------------------------------------

    def now(self, correction: Statement) -> Mapping[str, Any]:
        """The body of what ``correction`` corrects, after it and those before it."""
        corrected = self.corrected[correction.body["statement"]]
        return effective(corrected, [*self.corrections[corrected.hash], correction]).body

    def product(self, chain: ChainId | None) -> Mapping[str, Any] | None:
        """The body of the ``product.add`` behind this id."""
        product = self.registry.products.get(chain) if chain else None
        return product.body if product else None

    def roles(self, party: ChainId | None) -> frozenset[str]:
        found = self.registry.parties.get(party) if party else None
        return found.roles if found else frozenset()


_REFERRING = ("about", "retest_of")
_REFERRING_MORE = ("answers", "tests")


def refers(statement: Statement) -> Iterable[StatementHash]:
    """The statements that this one names, shipments aside."""
    body = statement.body
    if statement.kind == "correct":
        yield body["statement"]
    for name in _REFERRING:
        if name in body:
            yield body[name]
    for name in _REFERRING_MORE:
        yield from body.get(name, ())
    if "parents" in body:
        yield from (parent["statement"] for parent in body["parents"] if "statement" in parent)
    if "outcome" in body and statement.kind == "drill":
        yield body["outcome"]["drill"]
