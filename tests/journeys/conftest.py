from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.journeys.land import Land, gengji
from tests.parts.processes import free_port
from tests.parts.service import serving

ORIGIN = "trace.example.org/journeys"


@pytest.fixture(scope="session")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    """One county for all stories: each has its own people and goods in it, and finds the others' in the same log."""
    folder, port = tmp_path_factory.mktemp("land"), free_port()
    url, data = f"http://127.0.0.1:{port}", folder / "var"
    with ExitStack() as opened:
        gengji("init", "--origin", ORIGIN, "--public-url", url, "--data", data)
        opened.enter_context(serving(data, port=port))
        yield Land(url, data, folder / "people", opened)
