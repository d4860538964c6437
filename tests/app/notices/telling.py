"""A county whose log is followed, and all who send and are told in it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import orjson
from sqlalchemy import select

from app.config import Mail
from app.log import Log, open_log
from app.notices.contacts import KEY, Contacts
from app.notices.following import Follower
from app.notices.said import Sender
from app.notices.sending import Sending
from app.notices.webhook import Poster
from app.parties.names import Names
from app.recording import Appended
from app.tables import outbox
from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.statement import Statement
from tests.app.seeding import LOG_ID, append
from tests.app.town import Clock, Town, settle
from tests.world import World, county, harvested, kg, planted


@dataclass
class Telling:
    """A town, its open log, its contacts; what is stated is recorded, what is recorded is told when it is asked to."""

    town: Town
    log: Log
    contacts: Contacts
    clock: Clock
    mail: Mail | None = None

    @property
    def world(self) -> World:
        return self.town.world

    def party(self, name: str) -> ChainId:
        return self.world.parties[name]

    def contact(self, name: str, address: str = "https://example.com/in", channel: str = "webhook") -> str:
        """A contact of the party of that name; its id."""
        return self.contacts.add(self.party(name), channel, address, self.clock())[0].contact_id

    def state(self, kind: str, by: str, body: dict[str, Json], on: list[ChainId], **more: Any) -> Statement:
        """Signed, and recorded by the service."""
        statement = self.world.state(kind, by, body, on, **more)
        (outcome,) = append(self.log.journal, self.world, [statement])
        assert isinstance(outcome, Appended), outcome
        return statement

    def record(self, story: int) -> None:
        """Record what the world stated since it had so many statements."""
        for outcome in append(self.log.journal, self.world, self.world.statements[story:]):
            assert isinstance(outcome, Appended), outcome

    def lot(self) -> ChainId:
        """A lot that the farm harvested, recorded."""
        story = len(self.world.statements)
        lot = harvested(self.world, planted(self.world), value="1000")
        self.record(story)
        return lot

    def follow(self) -> None:
        follower = Follower(self.town.engine, self.log, self.clock)
        while follower.step():
            pass

    def queued(self) -> list[tuple[str, str]]:
        """Event and party of every notice about a statement, in order of numbers."""
        names = {chain: name for name, chain in self.world.parties.items()}
        return [(row["event"], names[row["party"]]) for row in self.rows() if row["first_index"] >= 0]

    def rows(self) -> list[dict[str, Any]]:
        query = select(outbox).where(outbox.c.log_id == LOG_ID).order_by(outbox.c.number)
        with self.town.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def payloads(self, event: str) -> dict[str, dict[str, Any]]:
        """What the notices of an event say, by their party's name."""
        told = (orjson.loads(row["payload"]) for row in self.rows() if row["event"] == event)
        return {one["party"]["name"]: one for one in told}

    def send(self, **how: Any) -> None:
        """Send what is due now."""

        async def all_of_it() -> None:
            poster = Poster(demonstration=True, **how)
            settings = msgspec.structs.replace(self.town.settings, mail=self.mail)
            try:
                sending = Sending(settings, self.town.engine, LOG_ID, self.contacts, poster, clock=self.clock)
                await sending.send_due()
            finally:
                await poster.close()

        asyncio.run(all_of_it())

    def later(self, seconds: float) -> None:
        self.clock.at += int(seconds * 1000)


@contextmanager
def telling(folder: Path, url: str, mail: Mail | None = None, world: World | None = None) -> Iterator[Telling]:
    """A town, told of nothing yet."""
    town = settle(folder, url, world=world or county())
    log = open_log(town.settings, town.engine)
    sender = Sender(log.origin, log.public_url, log.demonstration, Names(log.journal.registry))
    contacts = Contacts(town.engine, LOG_ID, sender, town.settings.keys / KEY, by_mail=mail is not None)
    try:
        yield Telling(town, log, contacts, Clock(), mail)
    finally:
        log.journal.close()
        town.engine.dispose()


def goods(batch: ChainId, value: str = "100") -> dict[str, Json]:
    return {"goods": [{"batch": batch, "quantity": kg(value)}]}


def recall(scope: str = "descendants") -> dict[str, Json]:
    return {"scope": scope, "reason": "农残超标", "instruction": "立即停售并清点"}
