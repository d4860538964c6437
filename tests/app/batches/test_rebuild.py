"""Recomputed from the statements, the projections are row by row what the live service wrote."""

import gc
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, select

from app.batches import books
from app.batches import rebuild as module
from app.batches.rebuild import rebuild
from app.db import connect
from app.rules import docket, facts
from app.rules.rulebook import RULES
from app.tables import PROJECTIONS
from ledger.records import KINDS
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


@pytest.mark.parametrize(("remembered", "children"), [(3, 2), (40, 1)])
def test_what_is_remembered_makes_no_difference(
    remembered: int, children: int, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "CHILDREN", children)
    settings = seed(tmp_path / "data", story(), database_url)
    engine = connect(settings.url)
    live = projected(engine)
    monkeypatch.setattr(module, "PAGE", 7)
    monkeypatch.setattr(books, "REMEMBERED", remembered)
    monkeypatch.setattr(docket, "REMEMBERED", 2 * remembered)
    with engine.execution_options(writes=True).begin() as connection:
        rebuild(connection, LOG_ID)
    assert projected(engine) == live
    engine.dispose()


def test_a_rule_that_is_not_asked_would_have_said_nothing(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = seed(tmp_path / "data", story(), database_url)
    engine = connect(settings.url)
    live = projected(engine)
    always = {rule: replace(rule, when=frozenset(KINDS)) for rule in RULES}
    for name in ("_ASKED", "_ASKED_BELOW"):
        asked = {kind: tuple(always[rule] for rule in rules) for kind, rules in getattr(docket, name).items()}
        monkeypatch.setattr(docket, name, asked)
    with engine.execution_options(writes=True).begin() as connection:
        rebuild(connection, LOG_ID)
    assert projected(engine) == live
    engine.dispose()


def test_every_index_is_there_again(tmp_path: Path, database_url: str) -> None:
    settings = seed(tmp_path / "data", story(), database_url)
    engine = connect(settings.url)

    def indexes() -> list[object]:
        found = inspect(engine)
        return [sorted(found.get_indexes(str(table.name)), key=lambda one: str(one["name"])) for table in PROJECTIONS]

    before, swept = indexes(), gc.get_threshold()
    with engine.execution_options(writes=True).begin() as connection:
        rebuild(connection, LOG_ID)
    assert indexes() == before
    assert gc.get_threshold() == swept
    engine.dispose()
