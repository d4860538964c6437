"""A county with a few people in it, whom one can sign in as."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, insert

from app.accounts.passwords import hash_password
from app.accounts.people import People
from app.config import Settings
from app.db import connect
from app.tables import accounts
from tests.app.seeding import LOG_ID, seed
from tests.world import World, county

NOON = 1_780_000_000_000
PASSWORD = "梨花开了的春天-2026"
PEOPLE = (
    ("li.na", "李娜", "inspector", "inspector", "510182", "agriculture"),
    ("zhou.min", "周敏", "coop", "manager", "", ""),
    ("ma.ke", "马可", "farm", "member", "", ""),
)


@cache
def hashed() -> str:
    """The hash of everybody's password, computed once: it is slow by intent."""
    return hash_password(PASSWORD)


@dataclass
class Clock:
    """Time in ms, which passes when told to."""

    at: int = NOON

    def __call__(self) -> int:
        return self.at


@dataclass
class Town:
    """A seeded log and its accounts: ``li.na`` inspects, ``zhou.min`` manages the co-op, ``ma.ke`` works on a farm."""

    settings: Settings
    engine: Engine
    world: World
    clock: Clock = field(default_factory=Clock)

    def people(self, session_hours: int = 12) -> People:
        return People(self.engine, LOG_ID, session_hours, self.clock)


def settle(folder: Path, url: str, *, demonstration: bool = True, world: World | None = None) -> Town:
    """The county in a database, with its three accounts."""
    world = world or county()
    settings = seed(folder, world, url, demonstration=demonstration)
    town = Town(settings, connect(settings.url), world)
    rows = [
        {
            "log_id": LOG_ID,
            "account_id": f"00000000-0000-4000-8000-{number:012}",
            "party": world.parties[party],
            "login": login,
            "name": name,
            "password": hashed(),
            "role": role,
            "division": division,
            "side": side,
            "created": NOON,
        }
        for number, (login, name, party, role, division, side) in enumerate(PEOPLE)
    ]
    with town.engine.begin() as connection:
        connection.execute(insert(accounts), rows)
    return town
