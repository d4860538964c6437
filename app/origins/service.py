"""Origins: other counties' bundles that bear out what intakes here say, verified before they are kept.

Only a recorded intake's own origin is taken in, and only once it verifies, so nobody fills the disk and nobody has to
be asked who they are. What was sealed there and came along disclosed is taken off again: the rest holds without it.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, select

from app.batches.amounts import in_unit
from app.errors import Conflict, NotFound
from app.log import Log
from app.origins.pins import read_pins
from app.stored import chunks
from app.tables import arrivals, batches, origins, statements
from ledger import b64u
from ledger.bundle import MAX_OTHERS, Bundle, read
from ledger.errors import BadProof, Malformed
from ledger.origin import Origin, head_of
from ledger.statement import Statement
from ledger.statement import parse as parse_statement
from ledger.verdict import Verdict
from ledger.verify import verify


@lru_cache(maxsize=16)
def _read(text: str) -> Bundle:
    return read(text.encode())


class Origins:
    """The origins of what came into one log; ``data`` is the folder with the operator's pins."""

    def __init__(self, engine: Engine, log: Log, data: Path) -> None:
        self._engine = engine
        self._log = log
        self._data = data

    def named(self, intake: str) -> Origin:
        """What the intake of this hash says of its origin. Raises NotFound ``no-intake``, Conflict ``origin-pin``."""
        with self._engine.connect() as connection:
            _, origin, _ = self._intake(connection, intake)
        if origin.log not in read_pins(self._data):
            raise Conflict("origin-pin", has=origin.log)
        return origin

    def bring(self, intake: str, data: bytes) -> bool:
        """Keep the bundle that bears out the intake; False where what stands already says no less.

        Raises as ``named``; Unreadable or Invalid for a bundle that does not verify, BadProof for one that does and
        shows something else, Malformed ``depth``.
        """
        origin = self.named(intake)
        given, verdict = self._verified(origin, data)
        kept = origin.completed(_bare(given))
        shipment = next((one for one in verdict.steps if one.statement.hash == origin.statement), None)
        if shipment is None:
            raise BadProof("origin-absent", path="statements", has=origin.log, wanted=origin.statement)
        origin.want_shipped(shipment.statement, shipment.entries)
        party = verdict.registry.parties.get(shipment.statement.actor) if shipment.statement.actor else None
        with self._engine.execution_options(writes=True).begin() as connection:
            index, _, statement = self._intake(connection, intake)
            where = (origins.c.log_id == self._log.log_id) & (origins.c.first_index == index)
            before = connection.execute(select(origins.c.bundle).where(where)).scalar()
            if before is not None and not _more(kept, _read(before)):
                return False
            connection.execute(delete(origins).where(where))
            row = {
                "log_id": self._log.log_id,
                "first_index": index,
                "size": verdict.checkpoint.size,
                "sender": str(party.profile.get("name", ""))[:120] if party else "",
                "shipped": self._shipped(connection, index, origin, statement, given),
                "bundle": kept.text(),
            }
            connection.execute(insert(origins), row)
        return True

    def carried(self, connection: Connection, intakes: Iterable[Statement]) -> tuple[Bundle, ...]:
        """The bundles that belong into one that carries these statements, as ``others`` has to list them."""
        wanted = [one.hash for one in intakes if Origin.of(one)]
        texts = set[str]()
        for some in chunks(wanted):
            query = (
                select(origins.c.bundle)
                .join(
                    statements,
                    (statements.c.log_id == origins.c.log_id) & (statements.c.first_index == origins.c.first_index),
                )
                .where(origins.c.log_id == self._log.log_id, statements.c.hash.in_(some))
            )
            texts.update(connection.execute(query).scalars())
        return tuple(_read(text) for text in sorted(texts))

    def _intake(self, connection: Connection, intake: str) -> tuple[int, Origin, Statement]:
        b64u.decode(intake, 32, path="intake")
        query = select(statements.c.first_index, statements.c.jws).where(
            statements.c.log_id == self._log.log_id, statements.c.hash == intake
        )
        row = connection.execute(query).first()
        statement = parse_statement(row.jws) if row is not None else None
        origin = Origin.of(statement) if statement is not None else None
        if row is None or statement is None or origin is None:
            raise NotFound("no-intake", path="intake", has=intake)
        return row.first_index, origin, statement

    def _verified(self, origin: Origin, data: bytes) -> tuple[Bundle, Verdict]:
        pins = read_pins(self._data)
        # What is said to have been seen of that log is what is remembered of it: the bundle has to continue that.
        verdict = verify(
            data, [*pins.values(), self._log.pin], asked=origin.chain, remembered=[origin.head]
        )  # fmt: skip
        given = read(data)
        if verdict.checkpoint.origin != origin.log:
            raise BadProof("origin-other", path="checkpoint", has=verdict.checkpoint.origin, wanted=origin.log)
        if verdict.checkpoint.size < origin.size:
            raise BadProof("origin-older", path="checkpoint", has=verdict.checkpoint.size, wanted=origin.size)
        if _depth(given) == MAX_OTHERS:
            raise Malformed("depth", path="others", wanted=MAX_OTHERS - 1)
        return given, verdict

    def _shipped(
        self, connection: Connection, index: int, origin: Origin, statement: Statement, given: Bundle
    ) -> int | None:
        """How much was shipped, in millionths of the unit that it is counted in here; None where that is not said."""
        said = origin.shipped(given.statements)
        query = select(arrivals.c.unit, batches.c.product).where(
            arrivals.c.log_id == self._log.log_id,
            arrivals.c.first_index == index,
            batches.c.log_id == arrivals.c.log_id,
            batches.c.chain == statement.created[0],
        )
        row = connection.execute(query).first()
        if said is None or row is None or not row.unit:
            return None
        product = self._log.journal.registry.products.get(row.product)
        try:
            return in_unit(said, row.unit, product.body if product else None, "quantity")
        except Malformed:
            return None


def _bare(bundle: Bundle) -> Bundle:
    """Without what was sealed, and those in it too."""
    others = tuple(sorted(map(_bare, bundle.others), key=Bundle.text))
    return replace(bundle, disclosures=(), others=others)


def _more(one: Bundle, other: Bundle) -> bool:
    """Whether ``one`` says more than ``other`` of the same, and nothing less."""
    says, said = _says(one), _says(other)
    return says != said and all(now >= before for now, before in zip(says, said, strict=True))


def _says(bundle: Bundle) -> tuple[int, int, bool]:
    return head_of(bundle).size, _count(bundle), bundle.heads is not None


def _count(bundle: Bundle) -> int:
    return sum(1 + _count(other) for other in bundle.others)


def _depth(bundle: Bundle) -> int:
    return max((1 + _depth(other) for other in bundle.others), default=0)
