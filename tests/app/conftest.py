"""What the service's tests may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.town import Town, settle


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A county with three accounts, on each database."""
    town = settle(tmp_path / "data", database_url)
    yield town
    town.engine.dispose()
