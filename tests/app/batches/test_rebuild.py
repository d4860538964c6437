"""Recomputed from the statements, the projections are row by row what the live service wrote."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from app.batches import rebuild as module
from app.batches.rebuild import rebuild
from app.db import connect
from app.tables import PROJECTIONS
from tests.app.audit.tampering import story
from tests.app.seeding import LOG_ID, seed


def projected(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            str(table.name): [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in PROJECTIONS
        }


@pytest.mark.parametrize("page", [1, 7, 1000])
def test_it_comes_to_the_same(page: int, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = story()
    settings = seed(tmp_path / "data", world, database_url)
    engine = connect(settings.url)
    live = projected(engine)
    assert all(live.values())
    monkeypatch.setattr(module, "PAGE", page)
    seen: list[tuple[int, int]] = []
    with engine.execution_options(writes=True).begin() as connection:
        assert rebuild(connection, LOG_ID, lambda *step: seen.append(step)) == len(world.statements)
    assert projected(engine) == live
    assert seen[-1] == (len(world.statements), len(world.statements))
    engine.dispose()
