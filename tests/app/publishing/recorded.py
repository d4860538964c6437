"""A world's log as a service recorded it: each statement in a commit of its own, received when its own clock said."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from app.config import Settings
from app.db import opened
from app.tables import checkpoints, entries
from ledger import b64u
from ledger.entry import Entry
from ledger.identity import ChainId
from tests.app.seeding import append, folder, journal
from tests.world import World


def recorded(world: World, data: Path) -> Settings:
    """The world's log in a folder, with checkpoints of as many sizes as it has statements."""
    settings = folder(data, world)
    with opened(settings.url) as engine:
        writer = journal(settings, engine, world)
        for statement in world.statements:
            append(writer, world, [statement])
        writer.close()
    return settings


def notes(settings: Settings) -> list[str]:
    """Every checkpoint that there ever was, in order."""
    with opened(settings.url) as engine, engine.connect() as connection:
        return [*connection.execute(select(checkpoints.c.note).order_by(checkpoints.c.size)).scalars()]


def as_recorded(world: World, settings: Settings) -> World:
    """The same world with other entries; the one that was given stays as it is."""
    with opened(settings.url) as engine, engine.connect() as connection:
        times = connection.execute(select(entries.c.received).order_by(entries.c.log_index)).scalars().all()
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
