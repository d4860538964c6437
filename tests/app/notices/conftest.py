"""What the tests of notices may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.notices.receiving import PostOffice, Program, post_office, program
from tests.app.notices.telling import Telling, telling


@pytest.fixture
def county(tmp_path: Path, database_url: str) -> Iterator[Telling]:
    """A county whose notices go nowhere yet, on each database."""
    with telling(tmp_path / "data", database_url) as told:
        yield told


@pytest.fixture
def receiver() -> Iterator[Program]:
    with program() as one:
        yield one


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as one:
        yield one
