"""A world's log as a service recorded it: the same entries, but received when the service's own clock said."""

from dataclasses import replace

from sqlalchemy import select

from app.config import Settings
from app.db import connect
from app.tables import entries
from ledger import b64u
from ledger.entry import Entry
from ledger.identity import ChainId
from tests.world import World


def as_recorded(world: World, settings: Settings) -> World:
    """The same world with other entries; the one that was given stays as it is."""
    engine = connect(settings.url)
    with engine.connect() as connection:
        times = connection.execute(select(entries.c.received).order_by(entries.c.log_index)).scalars().all()
    engine.dispose()
    found = replace(world)
    found.registry, found.statements, found.disclosures = world.registry, world.statements, world.disclosures
    found.entries, found.heads, found.first = [], {}, world.first
    before: dict[ChainId, Entry] = {}
    for entry, received in zip(world.entries, times, strict=True):
        prev = b64u.encode(before[entry.chain].hash()) if entry.seq else None
        before[entry.chain] = replace(entry, received=received, prev=prev)
        found.entries.append(before[entry.chain])
    found.heads = before
    return found
