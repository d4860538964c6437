"""Each finding has a story in which it is found, one in which it is not, one that clears it; and a law or a source."""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import orjson
import pytest
from sqlalchemy import Row, select

from app.tables import findings, grounds
from ledger.findings import FINDINGS, TITLES
from ledger.identity import ChainId
from ledger.wordings import say_finding
from tests.app.rules.farming import Template, Year, prepared
from tests.app.rules.stories import STORIES, Found
from tests.app.rules.tale import Tale


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return prepared(tmp_path_factory.mktemp("county") / "data")


@pytest.fixture
def year(county: Template, tmp_path: Path) -> Iterator[Year]:
    with county.begin(tmp_path / "data") as year:
        yield year


def rows(year: Year, code: str) -> list[Row[Any]]:
    with year.desk.engine.connect() as connection:
        query = select(findings).where(findings.c.code == code)
        return list(connection.execute(query.order_by(findings.c.first_index, findings.c.line)))


def stopped(year: Year, row: Row[Any]) -> set[ChainId]:
    """The batches that a finding stops now."""
    with year.desk.engine.connect() as connection:
        query = select(grounds.c.batch).where(
            grounds.c.first_index == row.first_index, grounds.c.line == row.line, grounds.c.until.is_(None)
        )
        return set(connection.execute(query).scalars())


def about(rows: list[Row[Any]], found: Found) -> Row[Any]:
    """The one finding of the statement, and of that batch."""
    (row,) = [row for row in rows if row.about == found.about.first_index and row.batch == found.batch]
    return row


def test_every_finding_has_its_stories() -> None:
    assert set(STORIES) == set(FINDINGS) == set(TITLES)


@pytest.mark.parametrize("code", FINDINGS)
def test_there_is_a_law_or_a_source_behind_it(code: str) -> None:
    assert bool(FINDINGS[code].law) != bool(STORIES[code].source)
    assert all(FINDINGS[code][:4])


@pytest.mark.parametrize("code", STORIES)
def test_it_is_found_and_said(year: Year, code: str) -> None:
    story = STORIES[code]
    found = story.fires(Tale(year))
    row = about(rows(year, code), found)
    assert (row.severity, row.closed, row.closed_by) == (story.severity, None, None)
    assert stopped(year, row) == ({found.batch} if story.severity == "hold" else set())
    params = orjson.loads(row.params)
    named = {name for text in FINDINGS[code][:4] for _, name, _, _ in Formatter().parse(text) if name}
    assert named <= params.keys() | ({"batch"} if found.batch else set())
    assert "–" not in params.values()
    for lang in ("zh", "en"):
        said = say_finding(code, {"batch": found.batch or "", **params}, lang)
        assert "–" not in said, said
        assert not re.search(r"[A-Za-z0-9_-]{43}|[{}]", said), said


@pytest.mark.parametrize("code", STORIES)
def test_what_nearly_breaks_it_is_spared(year: Year, code: str) -> None:
    STORIES[code].spares(Tale(year))
    assert rows(year, code) == []


@pytest.mark.parametrize("code", STORIES)
def test_it_clears(year: Year, code: str) -> None:
    story, tale = STORIES[code], Tale(year)
    found = story.fires(tale)
    story.clears(tale, found)
    row = about(rows(year, code), found)
    assert (row.closed_by, row.closed is not None) == (story.closed_by, True)
    assert not stopped(year, row)
