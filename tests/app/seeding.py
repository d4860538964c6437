"""A service's data folder and database filled from a `World`, through the journal as every other statement is."""

import asyncio
from pathlib import Path

from sqlalchemy import Engine, insert

from app import schema
from app.batches.books import Books
from app.config import Settings
from app.db import connect
from app.journal import Journal
from app.keyring import write_key
from app.lock import Lock
from app.recording import Outcome, Record
from app.tables import logs
from ledger import records
from ledger.errors import LedgerError
from ledger.policy import Pin, Policy
from ledger.statement import Statement, open_sealed
from tests.world import ROOTS, World, secret

LOG_ID = 1


def record(world: World, statement: Statement) -> Record:
    """The statement as capture would hand it to the journal."""
    opened = open_sealed(statement, world.disclosures[statement.hash], complete=True)
    sealed = tuple((name, records.SEALED[name], disclosure) for name, (_, disclosure) in opened.items())
    return Record(statement, sealed, {name: value for name, (value, _) in opened.items()})


def folder(data: Path, world: World, url: str = "", *, demonstration: bool = True) -> Settings:
    """Keys, pin and an empty, migrated database for the world's log."""
    settings = Settings(data=data, database_url=url)
    write_key(settings.keys / "log.pem", world.log_key)
    for number, name in enumerate(ROOTS, 1):
        write_key(settings.keys / f"root-{number}.pem", secret(name))
    pin = Pin(Policy(((world.vkey, ""),)), world.parties["root"])
    settings.pin.write_text(pin.text())
    engine = connect(settings.url)
    schema.migrate(engine)
    with engine.begin() as connection:
        row = {"log_id": LOG_ID, "origin": world.log, "demonstration": demonstration}
        connection.execute(insert(logs), row)
    engine.dispose()
    return settings


def journal(settings: Settings, engine: Engine, world: World) -> Journal:
    lock = Lock(settings.data / "lock", world.log)
    return Journal(engine, lock, [world.log_key], world.log, LOG_ID, Books(LOG_ID))


def append(journal: Journal, world: World, statements: list[Statement]) -> list[Outcome]:
    return asyncio.run(journal.append([record(world, statement) for statement in statements]))


def seed(data: Path, world: World, url: str = "", *, demonstration: bool = True) -> Settings:
    """A data folder and database that hold all the world has stated; raises what the journal refused."""
    settings = folder(data, world, url, demonstration=demonstration)
    engine = connect(settings.url)
    writer = journal(settings, engine, world)
    for outcome in append(writer, world, world.statements):
        if isinstance(outcome, LedgerError):
            raise outcome
    writer.close()
    engine.dispose()
    return settings
