from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from clients.client import Client
from clients.importer import importing
from clients.importer.catalogue import Parties
from clients.importer.importing import Report
from clients.importer.mapping import parse
from tests.clients.importer.live import County, county

Importing = Callable[..., Report]


@pytest.fixture(scope="module")  # it takes seconds to start; each test joins with a party of its own
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    with county(tmp_path_factory.mktemp("county")) as made:
        yield made


@pytest.fixture
def imports(client: Client, tmp_path: Path) -> Importing:
    """Imports one sheet, given as text, under a mapping given as text."""

    def run(sheet: str | Path, mapping: str, *, trial: bool = False, parties: str = "") -> Report:
        path = tmp_path / "sheet.csv"
        if isinstance(sheet, Path):
            path = sheet
        else:
            path.write_text(sheet, "utf-8")
        if parties:
            (tmp_path / "parties.toml").write_text(parties, "utf-8")
        names = Parties(tmp_path / "parties.toml")
        return importing.run(
            client, [path], names, lambda total: nullcontext(lambda: None), mapping=parse(mapping), trial=trial
        )

    return run
