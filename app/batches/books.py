"""The books: batches, lineage, holdings and findings as the statements make them, a group of statements at a time.

``open`` turns to the page of some records, ``admit`` refuses what may not stand (``admitting``), ``post`` takes in
what does: it moves goods from account to account (``moving``) and has the batches judged (``app.rules.docket``).
Nothing posted is ever taken away: a correction posts the reverse of what it corrects, then what should have been.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, update

from app.batches.admitting import admit
from app.batches.amounts import unit_of
from app.batches.arrivals import Arrivals
from app.batches.goods import Batch, Leg, Shipment
from app.batches.moving import actor_of, booked, corrected_legs, moved
from app.batches.page import Page
from app.db import insert_rows
from app.recording import Finding, Record
from app.rules import goods as rules
from app.rules import timing
from app.rules.docket import Docket
from app.tables import arrivals, batches, lineage, named, postings, shipments
from ledger import b64u, records
from ledger.identity import StatementHash, trace_code
from ledger.registry import Registry
from ledger.statement import Statement

REMEMBERED = 20_000
"""How many batches are remembered before all are forgotten at once."""

LOOKED_UP = ("batch", "corrects", "shipment", "parent", "about")
"""What the books look projections up by beside their keys, after the log; the grounds of a finding too."""

_KIND_OF_BATCH = {"plant": "planting", "stock": "herd", "acquire": "input"}


class Books:
    """The books of one log. ``open`` turns to the page of some records; until ``forget`` what was read is remembered.

    Only the writer of the log may keep books open over several groups, and only while nobody else writes: what is
    remembered is what would be read again.
    """

    def __init__(self, log_id: int) -> None:
        self._log_id = log_id
        self._page = Page(log_id)
        self._arrivals = Arrivals(log_id)
        self._docket = Docket(log_id)
        self.forget()

    def forget(self) -> None:
        """Nothing is taken for granted any more: a group failed, or somebody else wrote."""
        self._page.forget()
        self._arrivals.forget()
        self._docket.forget()
        self._rows: defaultdict[Table, list[tuple[Any, ...]]] = defaultdict(list)
        self._changed: dict[StatementHash, Shipment] = {}

    def open(
        self,
        connection: Connection,
        registry: Registry,
        page: Sequence[Record],
        *,
        careful: bool = True,
        truth: Connection | None = None,
        before: int | None = None,
    ) -> "Books":
        """Bring what ``page`` needs in one look-up for each table.

        Without ``careful`` the names that are given out once (codes, lots) are left to the database's constraints.
        A replay says where the statements are read (``truth``), if not beside the projections, and from which index
        on there is nothing yet (``before``).
        """
        if len(self._page.batches) > REMEMBERED or self._docket.full:
            self.forget()
        self._connection = connection
        truth = truth or connection
        self._page.turn(connection, truth, registry, page, before, careful=careful)
        self._docket.turn(connection, truth, self._page, page, before, self.write)
        self._arrivals.bring(connection, [*(one.statement for one in page), *self._page.corrected.values()])
        return self

    def admit(self, record: Record, received: int) -> None:
        """Raises Malformed, NotAllowed or Conflict for what may not stand beside what stands already."""
        admit(self._page, self._docket, record, received)

    def post(self, record: Record, index: int, received: int) -> list[Finding]:
        """Takes the statement into the books; what it breaks is found, not refused."""
        statement, page = record.statement, self._page
        said = [*rules.clock(statement, received)]
        page.indexes[statement.hash], page.referred[statement.hash] = index, statement.kind
        if records.kind_of(statement).stage == "registry":
            self._name(statement, index)
            return self._docket.take(statement, index, said)
        said += timing.late(statement, self._docket.tables)
        said += timing.elsewhere(statement.actor, statement.body, page.registry)
        said += rules.stranger(statement, page.roles(statement.actor), page.holders, page.batches)
        said += self._docket.moved_on_hold(statement)
        said += self._post_goods(statement, index)
        return self._docket.take(statement, index, said)

    def write(self) -> None:
        """Writes the rows of all that was posted."""
        rows, self._rows = self._rows, defaultdict(list)
        for table, some in rows.items():
            insert_rows(self._connection, table, some)
        changed, self._changed = self._changed, {}
        for hash_, shipment in changed.items():
            self._connection.execute(
                update(shipments)
                .where(shipments.c.log_id == self._log_id, shipments.c.hash == hash_)
                .values(receiver=shipment.receiver, carrier=shipment.carrier, planned_arrival=shipment.planned_arrival)
            )
        self._docket.write_rows(self._connection)

    # --- what is posted ------------------------------------------------------------------------------------------

    def _post_goods(self, statement: Statement, index: int) -> list[Finding]:
        page = self._page
        if statement.kind == "correct":
            corrected = page.corrected[statement.body["statement"]]
            corrects = page.indexes[corrected.hash]
            back, now = corrected_legs(page, statement, corrected)
            page.corrections[corrected.hash].append(statement)
            self._correct_shipment(statement, corrected)
            # What was found of it was found of other figures.
            void = statement.body.get("void", False)
            self._docket.settle(corrects, index, rules.SAID if void else rules.POSTED, corrected.targets)
        else:
            corrected, corrects = statement, index
            self._bring_into_being(statement, index)
            back, now = [], list(moved(page, statement, statement.body, statement.created))
            page.corrected[statement.hash] = statement
            page.stated[index] = now
        legs = back + now
        if corrected is not statement and corrected.kind == "count" and not legs:
            # A correction is found by what it posted, and the next one goes on from it.
            legs = [Leg(corrected.on[0], "held", actor_of(corrected), 0)]
        page.legs[corrects] += legs
        for line, leg in enumerate(legs):
            page.balances[leg.batch, leg.account, leg.owner] += leg.amount
            if leg.account == "held" and leg.amount > 0:
                page.holders.add((leg.batch, leg.owner))
            row = (index, line, corrects, _raw(leg.batch), leg.account, _raw(leg.owner), leg.amount)
            self._rows[postings].append((self._log_id, *row))
        self._settle_accounts(legs, now, index)
        found = [*rules.more_than_held(statement, legs, page.balances, page.batches)]
        if corrected.kind == "count":
            for leg in now:
                there = booked(page, corrected, leg.batch)
                if leg.account == "held":
                    found += rules.more_than_booked(leg.owner, page.batches[leg.batch], there, there + leg.amount)
        if not statement.body.get("void", False):
            found += rules.unrecorded(corrected, page.now(statement) if corrected is not statement else statement.body)
        if corrected is not statement and not void:
            found += timing.elsewhere(corrected.actor, page.now(statement), page.registry)
        came, more = self._arrivals.post(index, corrects, corrected, now, page.batches)
        self._rows[arrivals] += came
        found += more
        if corrected is not statement:
            found = [Finding(one.code, one.severity, one.batch, one.params, corrects) for one in found]
            found += self._docket.after_handover(statement, corrected)
        return found

    def _settle_accounts(self, legs: Sequence[Leg], now: Sequence[Leg], index: int) -> None:
        """Once a late record fills an account up again, that it was overdrawn is found no more."""
        for leg in legs:
            if leg.amount > 0 and self._page.balances[leg.batch, leg.account, leg.owner] >= 0:
                if leg.account in ("held", "transit"):
                    self._docket.filled(leg.batch, leg.account, leg.owner, index)
        for leg in now:
            # What is only put back was not in hand.
            if leg.account == "held" and leg.amount > 0:
                self._docket.known(leg.batch, leg.owner, index)

    def _correct_shipment(self, statement: Statement, corrected: Statement) -> None:
        if corrected.kind == "ship":
            body = self._page.now(statement)
            where = (body["receiver"], body.get("carrier"), body.get("planned_arrival"))
            shipment = Shipment(corrected.hash, actor_of(corrected), *where)
            self._page.shipments[corrected.hash] = self._changed[corrected.hash] = shipment

    def _name(self, statement: Statement, index: int) -> None:
        body, created = statement.body, statement.created
        if statement.kind == "party.register":
            row = ("party", created[0], body["profile"]["name"], body["profile"].get("uscc", ""))
        elif statement.kind == "log.open":
            row = ("party", created[0], statement.log, "")
        elif statement.kind == "place.add":
            row = ("place", actor_of(statement), body["name"], body.get("gln") or body.get("own_code", ""))
        elif statement.kind == "product.add":
            names = body["names"]
            name = names.get("zh") or next(iter(names.values()))
            row = ("product", actor_of(statement), name, body["gtin"].zfill(14) if "gtin" in body else body["own_code"])
        else:
            return
        type_, party, name, code = row
        self._rows[named].append((self._log_id, _raw(created[0]), type_, _raw(party), name, code, index))

    def _bring_into_being(self, statement: Statement, index: int) -> None:
        body, created, actor = statement.body, statement.created, actor_of(statement)
        outputs = body.get("outputs", [body] if created else [])
        kind = _KIND_OF_BATCH.get(statement.kind, "lot")
        for output, chain in zip(outputs, created, strict=True):
            product = self._page.product(output.get("product"))
            unit = unit_of(output["quantity"], product)
            self._page.batches[chain] = Batch(chain, kind, actor, output.get("product"), unit)
            self._page.codes.add(code := trace_code(chain))
            if "lot" in output:
                self._page.lots.add((output["product"], output["lot"]))
            made_from = _raw(output["product"]) if "product" in output else None
            row = (_raw(chain), index, code, kind, _raw(actor), made_from)
            self._rows[batches].append((self._log_id, *row, output.get("lot"), unit, statement.at))
            for parent in statement.on:
                self._rows[lineage].append((self._log_id, _raw(chain), _raw(parent), index))
        if created:
            self._docket.made(statement, index)
        if statement.kind == "ship":
            arrival = body.get("planned_arrival")
            shipment = Shipment(statement.hash, actor, body["receiver"], body.get("carrier"), arrival)
            self._page.shipments[statement.hash] = shipment
            carrier = _raw(shipment.carrier) if shipment.carrier else None
            who = (_raw(shipment.sender), _raw(shipment.receiver), carrier)
            self._rows[shipments].append((self._log_id, _raw(shipment.hash), index, *who, arrival))


@lru_cache(maxsize=65536)
def _raw(text: str) -> bytes:
    """The bytes of an id or hash, as the tables keep it; most ids come again and again."""
    return b64u.decode(text)
