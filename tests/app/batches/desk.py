"""A county at work: statements go straight to the journal; what it refuses leaves the signer's notebook as it was."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine, func, select

from app.batches.reading import BatchReader
from app.db import connect
from app.journal import Journal
from app.log import Log, open_log
from app.recording import Appended
from app.tables import postings
from ledger.canonical import Json
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.statement import Statement
from tests.app.seeding import LOG_ID, append, seed
from tests.world import World, county, harvested, kg, planted


@dataclass
class Desk:
    """One log at work. ``lot`` is 1250.5 kg of tomatoes that the farm harvested from ``planting``."""

    world: World
    engine: Engine
    log: Log
    planting: ChainId
    lot: ChainId

    @property
    def journal(self) -> Journal:
        return self.log.journal

    @property
    def reader(self) -> BatchReader:
        return BatchReader(self.engine, self.log)

    def state(
        self,
        kind: str,
        by: str,
        body: Mapping[str, Json],
        on: Iterable[ChainId] = (),
        sealed: Mapping[str, Json] | None = None,
        **more: str,
    ) -> Appended:
        """Sign and append; raises what the journal refuses it with."""
        return self.send(*self.sign([(kind, by, body, on, sealed or {})], **more))[0]

    def sign(
        self, drafts: Iterable[tuple[str, str, Mapping[str, Json], Iterable[ChainId], Mapping[str, Json]]], **more: str
    ) -> list[Statement]:
        return [self.world.statement(*draft, **more) for draft in drafts]  # type: ignore[arg-type]

    def send(self, *statements: Statement) -> list[Appended]:
        """All in one group."""
        before = {name: replace(device) for name, device in self.world.devices.items()}
        outcomes = append(self.journal, self.world, list(statements))
        for statement, outcome in zip(statements, outcomes, strict=True):
            if isinstance(outcome, LedgerError):
                for name, device in before.items():
                    if device.key.public.kid == statement.kid:
                        self.world.devices[name] = replace(device, n=statement.n, after=statement.after)
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, Appended)]

    def ship(self, batch: ChainId, value: str, by: str = "farm", to: str = "coop", **more: Json) -> Appended:
        body = {"goods": goods(batch, value), "receiver": self.world.parties[to], **more}
        return self.state("ship", by, body, [batch])

    def receive(self, ship: Appended, batch: ChainId, value: str, by: str = "coop", **more: Json) -> Appended:
        body = {"goods": goods(batch, value), "shipment": ship.statement.hash, **more}
        return self.state("receive", by, body, [batch])

    def process(self, batch: ChainId, used: str, made: str, by: str = "coop", **more: Json) -> ChainId:
        body: dict[str, Json] = {
            "inputs": [{"batch": batch, "quantity": kg(used)}],
            "outputs": [self.world.output("sauce", made, **more)],
        }
        return self.state("process", by, body, [batch]).statement.created[0]

    def correct(self, wrong: Appended, new: Mapping[str, Json] | None, by: str = "farm", **more: Json) -> Appended:
        """New values for what ``wrong`` said, or its voiding."""
        body: dict[str, Json] = {"statement": wrong.statement.hash, "reason": "填错", **more}
        body |= {"void": True} if new is None else {"new": dict(new)}
        return self.state("correct", by, body, wrong.statement.targets)

    def held(self, batch: ChainId) -> dict[tuple[str, str], str]:
        """What stands in each account of a batch, by party; what is on the road by its receiver."""
        names = {chain: name for name, chain in self.world.parties.items()}
        rows = self.reader.holdings(batch)
        return {(row.account, names[ChainId((row.to or row.owner).id)]): row.amount for row in rows}

    def sums(self) -> set[int]:
        """The sum of each batch's postings: nothing but zero, ever."""
        query = select(func.sum(postings.c.amount)).group_by(postings.c.batch)
        with self.engine.connect() as connection:
            return set(map(int, connection.execute(query).scalars()))


def goods(batch: ChainId, value: str, unit: str = "kg") -> list[Json]:
    return [{"batch": batch, "quantity": kg(value, unit)}]


def codes(outcome: Appended) -> list[str]:
    return [finding.code for finding in outcome.findings]


@contextmanager
def working(folder: Path, url: str, world: World | None = None, *, demonstration: bool = True) -> Iterator[Desk]:
    """The county with one planting and one lot, its journal open."""
    world = world or county()
    planting = planted(world)
    lot = harvested(world, planting)
    settings = seed(folder, world, url, demonstration=demonstration)
    engine = connect(settings.url)
    log = open_log(settings, engine)
    assert log.log_id == LOG_ID
    try:
        yield Desk(world, engine, log, planting, lot)
    finally:
        log.journal.close()
        engine.dispose()
