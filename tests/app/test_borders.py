"""Through the service: a statement counts from its place in the log on, also within one transaction."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.db import connect
from app.journal import Journal
from app.recording import Appended
from ledger.errors import LedgerError
from ledger.statement import Statement
from tests.app.seeding import append, folder, journal
from tests.borders import BORDERS, LIES, Border, clock_wrong_by, taken_back
from tests.world import World, county


@pytest.fixture
def world() -> World:
    return county()


@pytest.fixture
def writer(tmp_path: Path, database_url: str, world: World) -> Iterator[Journal]:
    settings = folder(tmp_path, world, database_url)
    engine: Engine = connect(settings.url)
    writer = journal(settings, engine, world)
    append(writer, world, world.statements)
    yield writer
    writer.close()
    engine.dispose()


def sent(writer: Journal, world: World, *statements: Statement) -> list[int | str]:
    """The first index of each, or the code with which it is refused; all are sent at once."""
    told: list[int | str] = []
    for outcome in append(writer, world, list(statements)):
        if isinstance(outcome, LedgerError):
            told.append(outcome.code)
        else:
            assert isinstance(outcome, Appended)
            told.append(outcome.first_index)
    return told


@pytest.mark.parametrize("border", BORDERS, ids=str)
@pytest.mark.parametrize("lie", LIES)
def test_each_counts_where_it_stands(writer: Journal, world: World, border: Border, lie: int) -> None:
    size = len(world.entries)
    with clock_wrong_by(world, lie):
        early = border.probe(world)
    assert sent(writer, world, early) == [border.before]
    taken_back(world, early)
    # One group, in which each stands on what stands before it.
    gives = border.gives(world)
    with clock_wrong_by(world, lie):
        within = border.probe(world)
    takes = border.takes(world)
    with clock_wrong_by(world, -lie):
        after = border.probe(world)
    assert sent(writer, world, gives, within, takes, after) == [size, size + 1, size + 2, border.after]
    taken_back(world, after)
    # What was refused for its place once is refused wherever it comes later, and takes no number.
    assert sent(writer, world, after) == [border.after]


@pytest.mark.parametrize("border", BORDERS, ids=str)
def test_what_was_signed_in_time_but_arrives_late_is_refused(writer: Journal, world: World, border: Border) -> None:
    gives = border.gives(world)
    assert isinstance(sent(writer, world, gives)[0], int)
    signed_in_time = border.probe(world)
    taken_back(world, signed_in_time)
    takes = border.takes(world)
    assert isinstance(sent(writer, world, takes)[0], int)
    # By a key that has stated its own end meanwhile, its number is another.
    assert sent(writer, world, signed_in_time)[0] in (border.after, "notebook")
