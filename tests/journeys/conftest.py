from collections.abc import Iterator

import pytest

from tests.journeys.land import Land, settled


@pytest.fixture(scope="session")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    """One county for all stories: each has its own people and goods in it, and finds the others' in the same log."""
    with settled(tmp_path_factory.mktemp("land"), "trace.example.org/journeys") as land:
        yield land
