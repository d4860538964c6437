"""A county in which people are named, on each database."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.attachments.store import Store
from app.config import Settings
from app.db import connect
from app.erasure.service import Eraser
from ledger.identity import ChainId
from ledger.statement import Statement
from tests.app.seeding import LOG_ID, seed
from tests.world import World, county, harvested, planted

PHONE = "13912345678"


@dataclass
class Named:
    """A seeded log: ``intake`` seals the supplier's name and telephone number, ``plant`` a person."""

    settings: Settings
    world: World
    engine: Engine
    intake: Statement
    lot: ChainId
    waited: list[float] = field(default_factory=list)

    def eraser(self, at: int = 1_780_000_000_000) -> Eraser:
        return Eraser(
            self.settings, self.engine, LOG_ID, Store(self.settings), clock=lambda: at, pause=self.waited.append
        )

    @property
    def disclosures(self) -> list[str]:
        return self.world.disclosures[self.intake.hash]


def story() -> tuple[World, Statement, ChainId]:
    world = county()
    lot = harvested(world, planted(world))
    body = {"outputs": [world.output("sauce", "12")], "origin": "彭州", "unrecorded": True}
    sealed = {"supplier": "张三丰", "supplier_contact": PHONE, "person": "王五"}
    intake = world.state("intake", "coop", body, sealed=sealed)
    for number in range(40):
        seen = {"person": f"李{number}", "note": "n" * 90}
        world.state("observe", "farm", {"growth_stage": "开花"}, [lot], sealed=seen)
    return world, intake, lot


@pytest.fixture
def named(tmp_path: Path, database_url: str) -> Iterator[Named]:
    world, intake, lot = story()
    settings = seed(tmp_path / "data", world, database_url)
    engine = connect(settings.url)
    yield Named(settings, world, engine, intake, lot)
    engine.dispose()
