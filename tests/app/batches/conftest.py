"""What the tests of batches may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.batches.desk import Desk, working


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """A county at work, on each database."""
    with working(tmp_path / "data", database_url) as desk:
        yield desk
