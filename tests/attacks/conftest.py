from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.audit.report import Report
from app.audit.rows import read_lock, read_only
from app.audit.verify import audit
from app.config import Settings
from clients.client import Client
from clients.device import Device
from clients.notebook import Notebook
from ledger.identity import ChainId
from ledger.policy import Pin
from tests.attacks.operator import publish
from tests.attacks.wire import Wire
from tests.bundles import pin_of
from tests.conformance.town import Town, lot, observed, town


@pytest.fixture
def honest() -> Town:
    """A town, its log true: a lot, and some records about it."""
    made = town()
    chain = lot(made)
    for what in ("转色", "采前", "装箱"):
        observed(made, chain, what)
    return made


@pytest.fixture
def chain(honest: Town) -> ChainId:
    """The lot."""
    return [one for one in honest.statements if one.kind == "harvest"][-1].created[0]


@pytest.fixture
def pin(honest: Town) -> Pin:
    """What everybody outside has, and had from elsewhere."""
    return pin_of(honest)


@pytest.fixture
def data(tmp_path: Path, honest: Town) -> Path:
    """The folder of its service."""
    publish(tmp_path / "data", honest)
    return tmp_path / "data"


@pytest.fixture
def audited(data: Path, pin: Pin) -> Callable[[], Report]:
    """`gengji audit`, by the pin that was had from elsewhere."""

    def audited() -> Report:
        engine = read_only(Settings(data=data).url)
        try:
            return audit(engine, pin, read_lock(data / "lock", pin.origin))
        finally:
            engine.dispose()

    return audited


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def party(wire: Wire) -> Iterator[Callable[[Device], Client]]:
    """A party's program at its end of the wire."""
    with ExitStack() as programs:

        def party(device: Device) -> Client:
            notebook = programs.enter_context(Notebook(device))
            return programs.enter_context(Client(notebook, wire.transport, sleep=lambda seconds: None))

        yield party


@pytest.fixture
def watcher(party: Callable[[Device], Client], tmp_path: Path, pin: Pin) -> Client:
    """Somebody who only follows the log."""
    return party(Device.create(tmp_path / "watcher", "https://county.example", pin))
