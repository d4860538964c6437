"""The books: batches, lineage and holdings as the statements make them, for one group of statements at a time.

Double entry (records §2): every statement that moves goods posts amounts that sum to zero for each batch, from
one account to another::

    origin ──▶ held ──▶ transit ──▶ held (receiver)
                │           └─────▶ lost (short), held (sender, rejected)
                └──▶ consumed, sold, lost

Nothing posted is ever taken away: a correction posts the reverse of what it corrects, then what should have been.
What the books can not allow to stand twice (a lot, a GTIN, a trace code) or at all (an unknown place, a unit
without a factor, somebody else's shipment) is refused in ``admit``; what is true but wrong is found in ``post``.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, Table, func, or_, select, update

from app.batches.amounts import CEILING, from_micro, in_unit, unit_of
from app.batches.arrivals import Arrivals
from app.batches.corrections import effective
from app.batches.goods import Batch, Leg, Shipment, lines, move
from app.db import insert_rows
from app.errors import Conflict
from app.recording import Finding, Record
from app.rules import goods as rules
from app.stored import chunks
from app.tables import arrivals, batches, findings, lineage, named, postings, shipments, statements
from ledger import b64u, records
from ledger.errors import Malformed, NotAllowed
from ledger.identity import ChainId, StatementHash, trace_code
from ledger.origin import Origin
from ledger.registry import Registry
from ledger.statement import Statement, parse

REMEMBERED = 20_000
"""How many batches are remembered before all are forgotten at once."""

_KIND_OF_BATCH = {"plant": "planting", "stock": "herd", "acquire": "input"}


class Books:
    """The books of one log. ``open`` turns to the page of some records; until ``forget`` what was read is remembered.

    Only the writer of the log may keep books open over several groups, and only while nobody else writes: what is
    remembered is what would be read again.
    """

    def __init__(self, log_id: int) -> None:
        self._log_id = log_id
        self._arrivals = Arrivals(log_id)
        self.forget()

    def forget(self) -> None:
        """Nothing is taken for granted any more: a group failed, or somebody else wrote."""
        self._batches: dict[ChainId, Batch] = {}
        self._balances: Counter[tuple[ChainId, str, str]] = Counter()
        self._holders: set[tuple[ChainId, str]] = set()
        self._shipments: dict[StatementHash, Shipment] = {}
        self._arrivals.forget()

    def open(
        self, connection: Connection, registry: Registry, page: Sequence[Record], *, careful: bool = True
    ) -> "Books":
        """Bring what ``page`` needs in one look-up for each table.

        Without ``careful`` the names that are given out once (codes, lots) are left to the database's constraints.
        """
        if len(self._batches) > REMEMBERED:
            self.forget()
        self._connection = connection
        self._registry = registry
        self._rows: defaultdict[Table, list[tuple[Any, ...]]] = defaultdict(list)
        self._corrected: dict[StatementHash, Statement] = {}
        self._corrections: defaultdict[StatementHash, list[Statement]] = defaultdict(list)
        self._legs: defaultdict[int, list[Leg]] = defaultdict(list)
        self._stated: defaultdict[int, list[Leg]] = defaultdict(list)
        self._moved: dict[StatementHash, Shipment] = {}
        self._indexes: dict[StatementHash, int] = {}
        self._lots: set[tuple[str, str]] = set()
        self._codes: set[str] = set()
        self._bring(page)
        if careful:
            self._bring_names(page)
        return self

    # --- bringing what is needed ---------------------------------------------------------------------------------

    def _bring(self, page: Sequence[Record]) -> None:
        corrected = {s.body["statement"] for s in (record.statement for record in page) if s.kind == "correct"}
        for some in chunks(corrected):
            query = select(statements.c.jws, statements.c.first_index).where(
                statements.c.log_id == self._log_id, statements.c.hash.in_(some)
            )
            for jws, first_index in self._connection.execute(query):
                statement = parse(jws)
                self._corrected[statement.hash] = statement
                self._indexes[statement.hash] = first_index
        chains = {chain for record in page for chain in record.statement.on}
        chains |= {chain for statement in self._corrected.values() for chain in statement.targets}
        for some in chunks(chains - self._batches.keys()):
            query = select(batches).where(batches.c.log_id == self._log_id, batches.c.chain.in_(some))
            for row in self._connection.execute(query):
                self._batches[row.chain] = Batch(row.chain, row.kind, row.party, row.product, row.unit)
            sums = (
                select(
                    postings.c.batch,
                    postings.c.account,
                    postings.c.owner,
                    func.sum(postings.c.amount),
                    func.max(postings.c.amount),
                )
                .where(postings.c.log_id == self._log_id, postings.c.batch.in_(some))
                .group_by(postings.c.batch, postings.c.account, postings.c.owner)
            )
            for batch, account, owner, amount, most in self._connection.execute(sums):
                self._balances[batch, account, owner] = int(amount)
                if account == "held" and most > 0:
                    self._holders.add((batch, owner))
        bodies = [record.statement.body for record in page] + [s.body for s in self._corrected.values()]
        named_shipments = {body["shipment"] for body in bodies if "shipment" in body}
        for some in chunks(named_shipments - self._shipments.keys()):
            query = select(shipments).where(shipments.c.log_id == self._log_id, shipments.c.hash.in_(some))
            for row in self._connection.execute(query):
                who = (row.sender, row.receiver, row.carrier)
                self._shipments[row.hash] = Shipment(row.hash, *who, row.planned_arrival)
        self._arrivals.bring(self._connection, [*(record.statement for record in page), *self._corrected.values()])
        self._bring_corrected()

    def _bring_corrected(self) -> None:
        """What the statements that are now corrected come to: their postings and the corrections before."""
        before: set[int] = set()
        # A statement and its corrections post under their own index; together they are what it comes to.
        for some in chunks(self._indexes.values()):
            legs = select(postings).where(postings.c.log_id == self._log_id, postings.c.corrects.in_(some))
            for row in self._connection.execute(legs):
                leg = Leg(row.batch, row.account, row.owner, row.amount)
                self._legs[row.corrects].append(leg)
                if row.first_index == row.corrects:
                    self._stated[row.corrects].append(leg)
                else:
                    before.add(row.first_index)
        # Found by what they posted, not by where they stand: a rebuild must not see those that come later.
        for some in chunks(sorted(before)):
            query = select(statements.c.jws).where(
                statements.c.log_id == self._log_id, statements.c.first_index.in_(some)
            )
            for correction in map(parse, self._connection.execute(query.order_by(statements.c.first_index)).scalars()):
                self._corrections[correction.body["statement"]].append(correction)

    def _bring_names(self, page: Sequence[Record]) -> None:
        """The trace codes and lots among those the page would give out that are given out already."""
        for some in chunks(trace_code(chain) for record in page for chain in record.statement.created):
            query = select(batches.c.code).where(batches.c.log_id == self._log_id, batches.c.code.in_(some))
            self._codes |= set(self._connection.execute(query).scalars())
        wanted = {(out["product"], out["lot"]) for record in page for out in _outputs(record) if "lot" in out}
        for pairs in chunks(wanted):
            query = select(batches.c.product, batches.c.lot).where(
                batches.c.log_id == self._log_id,
                or_(*((batches.c.product == product) & (batches.c.lot == lot) for product, lot in pairs)),
            )
            self._lots |= {(product, lot) for product, lot in self._connection.execute(query)}

    # --- what may not stand --------------------------------------------------------------------------------------

    def admit(self, record: Record) -> None:
        """Raises Malformed, NotAllowed or Conflict for what may not stand beside what stands already."""
        statement, body = record.statement, record.statement.body
        kind = records.kind_of(statement)
        if kind.stage == "registry":
            self._admit_registry(statement)
            return
        for place, chain in enumerate(statement.on):
            if chain not in self._batches:
                raise Malformed("not-a-batch", path=f"on[{place}]", has=chain)
        self._admit_named(body)
        if (origin := Origin.of(statement)) and origin.log == statement.log:
            # What this log knows is received, and not taken in as something new.
            raise Malformed("origin-here", path="body.from.log", has=origin.log)
        if statement.kind == "correct":
            self._admit_correction(record)
        elif "shipment" in body:
            self._admit_shipment(statement)
        self._admit_outputs(statement)
        # Units, last: a record that converts here also posts.
        self._admit_legs(self._goods_legs(statement, body, statement.created))

    def _admit_registry(self, statement: Statement) -> None:
        gtin = statement.body.get("gtin")
        if gtin is not None and gtin.zfill(14) in self._registry.gtins:
            raise Conflict("gtin-taken", path="body.gtin", has=gtin)
        for place, party in enumerate(statement.body.get("may", ())):
            self._want_party(party, f"body.may[{place}]")

    def _admit_named(self, body: Mapping[str, Any], path: str = "body") -> None:
        if "place" in body and body["place"] not in self._registry.places:
            raise Malformed("unknown-place", path=f"{path}.place", has=body["place"])
        for name in ("receiver", "carrier"):
            if name in body:
                self._want_party(body[name], f"{path}.{name}")

    def _want_party(self, party: ChainId, path: str) -> None:
        if party not in self._registry.parties:
            raise Malformed("unknown-party", path=path, has=party)

    def _admit_outputs(self, statement: Statement) -> None:
        here: set[tuple[str, str]] = set()
        for place, output in enumerate(statement.body.get("outputs", ())):
            path = f"body.outputs[{place}]"
            product = self._registry.products.get(output["product"])
            if product is None:
                raise Malformed("unknown-product", path=f"{path}.product", has=output["product"])
            if "lot" in output:
                if not (product.allows(statement.iss) or product.allows(statement.for_)):
                    raise NotAllowed("lot-product", path=f"{path}.lot", has=output["lot"], wanted=product.party)
                name = (output["product"], output["lot"])
                if name in self._lots or name in here:
                    raise Conflict("lot-taken", path=f"{path}.lot", has=output["lot"])
                here.add(name)
        codes = [trace_code(chain) for chain in statement.created]
        for place, code in enumerate(codes):
            if code in self._codes or code in codes[:place]:
                path = f"body.outputs[{place}]" if "outputs" in statement.body else "body"
                raise Conflict("code-taken", path=path, has=code)

    def _admit_shipment(self, statement: Statement) -> None:
        shipment = self._shipments.get(statement.body["shipment"])
        if shipment is None:
            raise Malformed("unknown-shipment", path="body.shipment", has=statement.body["shipment"])
        if statement.kind in ("receive", "reject") and shipment.receiver != statement.actor:
            raise NotAllowed("not-receiver", path="body.shipment", has=statement.actor or "", wanted=shipment.receiver)
        if statement.kind in ("load", "unload") and shipment.carrier not in (None, statement.actor):
            raise NotAllowed("not-carrier", path="body.shipment", has=statement.actor or "", wanted=shipment.carrier)
        touched = ((f"on[{place}]", batch) for place, batch in enumerate(statement.on))
        for path, batch in (*lines(statement.body, "goods", "short"), *touched):
            if (batch, "transit", shipment.hash) not in self._balances:
                raise Malformed("not-shipped", path=path, has=batch)

    def _admit_correction(self, record: Record) -> None:
        statement = record.statement
        corrected = self._corrected.get(statement.body["statement"])
        if corrected is None:
            raise Malformed("unknown-statement", path="body.statement", has=statement.body["statement"])
        if records.kind_of(corrected).stage == "registry" or corrected.kind == "correct":
            raise Malformed("not-correctable", path="body.statement", has=corrected.kind)
        if corrected.actor != statement.actor and "inspector" not in self._roles(statement.actor):
            raise NotAllowed(
                "not-signer", path="body.statement", has=statement.actor or "", wanted=corrected.actor or ""
            )
        records.check_correction(statement, record.opened, corrected)
        new = statement.body.get("new", {})
        self._admit_named(new, "body.new")
        for path, batch in lines(new, "short"):
            if batch not in corrected.on:
                raise Malformed("correction-batch", path=path.replace("body", "body.new", 1), has=batch)
        if new.get("shipment", corrected.body.get("shipment")) != corrected.body.get("shipment"):
            # Another shipment is another handover: this one is voided, that one stated.
            raise Malformed("correction-shipment", path="body.new.shipment", has=new["shipment"])
        if new.get("from", corrected.body.get("from")) != corrected.body.get("from"):
            raise Malformed("correction-origin", path="body.new.from", has=str(new["from"].get("log"))[:80])
        self._admit_legs(self._goods_legs(corrected, self._now(statement), corrected.created, again=True))

    def _admit_legs(self, legs: Iterable[Leg]) -> None:
        """Amounts that convert, and accounts that can still be added up: or nobody could read that batch again."""
        after: dict[tuple[ChainId, str, str], int] = {}
        for leg in legs:
            key = (leg.batch, leg.account, leg.owner)
            before = after.get(key, self._balances[key])
            after[key] = before + leg.amount
            if abs(after[key]) > max(CEILING, abs(before)):
                unit = self._batches[leg.batch].unit
                raise Malformed("account-most", path="body", has=from_micro(before), wanted=unit)

    def _now(self, correction: Statement) -> Mapping[str, Any]:
        """The body of what ``correction`` corrects, after it and those before it."""
        corrected = self._corrected[correction.body["statement"]]
        return effective(corrected, [*self._corrections[corrected.hash], correction]).body

    def _roles(self, party: ChainId | None) -> frozenset[str]:
        found = self._registry.parties.get(party) if party else None
        return found.roles if found else frozenset()

    # --- what is posted ------------------------------------------------------------------------------------------

    def post(self, record: Record, index: int, received: int) -> list[Finding]:
        """Takes the statement into the books; what it breaks is found, not refused."""
        statement = record.statement
        found = [*rules.clock(statement, received)]
        if records.kind_of(statement).stage == "registry":
            self._name(statement, index)
        else:
            found += rules.stranger(statement, self._roles(statement.actor), self._holders)
            found += self._post_goods(statement, index)
        for line, finding in enumerate(found):
            params = orjson.dumps(finding.params, option=orjson.OPT_SORT_KEYS).decode()
            batch = _raw(finding.batch) if finding.batch else None
            self._rows[findings].append((self._log_id, index, line, finding.code, finding.severity, batch, params))
        return found

    def _post_goods(self, statement: Statement, index: int) -> list[Finding]:
        if statement.kind == "correct":
            corrected = self._corrected[statement.body["statement"]]
            corrects = self._indexes[corrected.hash]
            back, now = self._correct(statement, corrected)
        else:
            corrected, corrects = statement, index
            self._bring_into_being(statement, index)
            back, now = [], list(self._goods_legs(statement, statement.body, statement.created))
            self._indexes[statement.hash] = index
            self._corrected[statement.hash] = statement
            self._stated[index] = now
        legs = back + now
        if corrected is not statement and corrected.kind == "count" and not legs:
            # A correction is found by what it posted, and the next one goes on from it.
            legs = [Leg(corrected.on[0], "held", _actor(corrected), 0)]
        self._legs[corrects] += legs
        for line, leg in enumerate(legs):
            self._balances[leg.batch, leg.account, leg.owner] += leg.amount
            if leg.account == "held" and leg.amount > 0:
                self._holders.add((leg.batch, leg.owner))
            row = (index, line, corrects, _raw(leg.batch), leg.account, _raw(leg.owner), leg.amount)
            self._rows[postings].append((self._log_id, *row))
        found = [*rules.more_than_held(statement, legs, self._balances, self._batches)]
        if corrected.kind == "count":
            for leg in now:
                booked = self._booked(corrected, leg.batch)
                if leg.account == "held":
                    found += rules.more_than_booked(leg.owner, self._batches[leg.batch], booked, booked + leg.amount)
        if statement.kind == "intake" and statement.body.get("unrecorded"):
            found += [Finding("origin-unrecorded", "flag", chain, {}) for chain in statement.created]
        came, more = self._arrivals.post(index, corrects, corrected, now, self._batches)
        self._rows[arrivals] += came
        found += more
        return found

    def write(self) -> None:
        """Writes the rows of all that was posted."""
        for table, rows in self._rows.items():
            insert_rows(self._connection, table, rows)
        for hash_, shipment in self._moved.items():
            self._connection.execute(
                update(shipments)
                .where(shipments.c.log_id == self._log_id, shipments.c.hash == hash_)
                .values(receiver=shipment.receiver, carrier=shipment.carrier, planned_arrival=shipment.planned_arrival)
            )

    def _name(self, statement: Statement, index: int) -> None:
        body, created = statement.body, statement.created
        if statement.kind == "party.register":
            row = ("party", created[0], body["profile"]["name"], body["profile"].get("uscc", ""))
        elif statement.kind == "log.open":
            row = ("party", created[0], statement.log, "")
        elif statement.kind == "place.add":
            row = ("place", _actor(statement), body["name"], body.get("gln") or body.get("own_code", ""))
        elif statement.kind == "product.add":
            names = body["names"]
            name = names.get("zh") or next(iter(names.values()))
            row = ("product", _actor(statement), name, body["gtin"].zfill(14) if "gtin" in body else body["own_code"])
        else:
            return
        type_, party, name, code = row
        self._rows[named].append((self._log_id, _raw(created[0]), type_, _raw(party), name, code, index))

    def _bring_into_being(self, statement: Statement, index: int) -> None:
        body, created = statement.body, statement.created
        outputs = body.get("outputs", [body] if created else [])
        kind = _KIND_OF_BATCH.get(statement.kind, "lot")
        for output, chain in zip(outputs, created, strict=True):
            product = self._product(output.get("product"))
            unit = unit_of(output["quantity"], product)
            self._batches[chain] = Batch(chain, kind, _actor(statement), output.get("product"), unit)
            self._codes.add(trace_code(chain))
            if "lot" in output:
                self._lots.add((output["product"], output["lot"]))
            made_from = _raw(output["product"]) if "product" in output else None
            row = (_raw(chain), index, trace_code(chain), kind, _raw(_actor(statement)), made_from)
            self._rows[batches].append((self._log_id, *row, output.get("lot"), unit, statement.at))
            for parent in statement.on:
                self._rows[lineage].append((self._log_id, _raw(chain), _raw(parent), index))
        if statement.kind == "ship":
            arrival = body.get("planned_arrival")
            shipment = Shipment(statement.hash, _actor(statement), body["receiver"], body.get("carrier"), arrival)
            self._shipments[statement.hash] = shipment
            carrier = _raw(shipment.carrier) if shipment.carrier else None
            who = (_raw(shipment.sender), _raw(shipment.receiver), carrier)
            self._rows[shipments].append((self._log_id, _raw(shipment.hash), index, *who, arrival))

    def _product(self, chain: ChainId | None) -> Mapping[str, Any] | None:
        product = self._registry.products.get(chain) if chain else None
        return product.body if product else None

    def _goods_legs(
        self, statement: Statement, body: Mapping[str, Any], created: Sequence[ChainId], *, again: bool = False
    ) -> Iterator[Leg]:
        """What ``statement``, with this body, moves: pairs that sum to zero for each batch; ``again`` as corrected."""
        actor = _actor(statement)
        outputs = body.get("outputs", [body] if created else [])
        for place, (output, chain) in enumerate(zip(outputs, created, strict=True)):
            product = self._product(output.get("product"))
            known = self._batches.get(chain)
            unit = known.unit if known else unit_of(output["quantity"], product)
            path = f"body.outputs[{place}].quantity" if "outputs" in body else "body.quantity"
            amount = in_unit(output["quantity"], unit, product, path)
            yield from move(chain, amount, ("origin", actor), ("held", actor))
        for batch, amount in self._amounts(body, "inputs"):
            yield from move(batch, amount, ("held", actor), ("consumed", actor))
        held = ("held", actor)
        match statement.kind:
            case "ship":
                for batch, amount in self._amounts(body, "goods"):
                    yield from move(batch, amount, held, ("transit", statement.hash))
            case "receive" | "reject":
                shipment = self._shipments[body["shipment"]]
                transit = ("transit", shipment.hash)
                to = held if statement.kind == "receive" else ("held", shipment.sender)
                for batch, amount in self._amounts(body, "goods"):
                    yield from move(batch, amount, transit, to)
                for batch, amount in self._amounts(body, "short"):
                    yield from move(batch, amount, transit, ("lost", shipment.sender))
            case "sell" | "dispose":
                for batch, amount in self._amounts(body, "goods"):
                    yield from move(batch, amount, held, ("sold" if statement.kind == "sell" else "lost", actor))
            case "count":
                for batch, amount in self._amounts(body, "goods"):
                    booked = self._booked(statement, batch) if again else self._balances[batch, "held", actor]
                    yield from move(batch, booked - amount, held, ("lost", actor))

    def _booked(self, count: Statement, batch: ChainId) -> int:
        """What the books held of ``batch`` for the counting party when it was counted."""
        counted = dict(self._amounts(count.body, "goods"))[batch]
        stated = self._stated[self._indexes[count.hash]]
        return counted + sum(leg.amount for leg in stated if (leg.batch, leg.account) == (batch, "lost"))

    def _amounts(self, body: Mapping[str, Any], name: str) -> Iterator[tuple[ChainId, int]]:
        for place, line in enumerate(body.get(name, ())):
            if "quantity" in line:
                batch = self._batches[line["batch"]]
                path = f"body.{name}[{place}].quantity"
                yield batch.chain, in_unit(line["quantity"], batch.unit, self._product(batch.product), path)

    def _correct(self, statement: Statement, corrected: Statement) -> tuple[list[Leg], list[Leg]]:
        """The reverse of what ``corrected`` came to so far, and what it comes to now."""
        was: Counter[tuple[ChainId, str, str]] = Counter()
        for leg in self._legs[self._indexes[corrected.hash]]:
            was[leg.batch, leg.account, leg.owner] += leg.amount
        back = [Leg(*key, -amount) for key, amount in was.items() if amount]
        body, void = self._now(statement), statement.body.get("void", False)
        self._corrections[corrected.hash].append(statement)
        if corrected.kind == "ship":
            where = (body["receiver"], body.get("carrier"), body.get("planned_arrival"))
            shipment = Shipment(corrected.hash, _actor(corrected), *where)
            self._shipments[corrected.hash] = self._moved[corrected.hash] = shipment
        return back, [] if void else list(self._goods_legs(corrected, body, corrected.created, again=True))


def _outputs(record: Record) -> Iterable[Mapping[str, Any]]:
    outputs: Iterable[Mapping[str, Any]] = record.statement.body.get("outputs", ())
    return outputs


def _actor(statement: Statement) -> ChainId:
    if statement.actor is None:
        raise Malformed("missing", path="iss")
    return statement.actor


@lru_cache(maxsize=65536)
def _raw(text: str) -> bytes:
    """The bytes of an id or hash, as the tables keep it; most ids come again and again."""
    return b64u.decode(text)
