from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clients.client import Client
from clients.device import Device
from clients.notebook import Notebook
from tests.clients.honest import Service
from tests.world import World, county, planted

NOW = 1_772_400_000


@pytest.fixture
def world() -> World:
    return county()


@pytest.fixture
def service(world: World) -> Service:
    return Service(world)


@pytest.fixture
def slept() -> list[float]:
    """How long the client has waited, each time."""
    return []


@pytest.fixture
def device(service: Service, tmp_path: Path) -> Device:
    """The co-op's second device, with a key of its own: its notebook is empty on both sides."""
    world = service.world
    device = Device.create(tmp_path / "coop", "https://trace.example.org", service.pin, party=world.parties["coop"])
    world.state("key.add", "coop", device.offer(), [world.parties["coop"]])
    return device


@pytest.fixture
def connect(service: Service, slept: list[float]) -> Iterator[Callable[[Device], Client]]:
    """Opens a client on a device, as a program does that starts."""
    with ExitStack() as open_ones:

        def connected(device: Device) -> Client:
            notebook = open_ones.enter_context(Notebook(device, clock=lambda: NOW))
            client = Client(notebook, service.transport, clock=lambda: NOW, sleep=slept.append)
            return open_ones.enter_context(client)

        yield connected


@pytest.fixture
def client(device: Device, connect: Callable[[Device], Client]) -> Client:
    return connect(device)


@pytest.fixture
def planting(world: World) -> str:
    """A planting of the co-op's, in the log."""
    return planted(world, by="coop")
