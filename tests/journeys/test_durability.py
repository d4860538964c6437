"""What has its receipt is there: after kill -9 in the middle of a load, and because the disk was asked to hold it."""

import os
import random
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from app.audit.verify import audit
from app.db import connect
from app.tables import statements
from clients.client import Client
from clients.device import Device
from clients.errors import Unreachable
from clients.notebook import Notebook
from ledger.policy import Pin
from ledger.statement import Statement
from tests.app.seeding import seed
from tests.parts.need import need
from tests.parts.processes import free_port
from tests.parts.service import serving
from tests.world import World, county, planted

ROUNDS = int(os.environ.get("GENGJI_KILLS", "20"))
FARMS = 4


class Farm(threading.Thread):
    """A farm that states one planting after another, through the SDK, whatever becomes of the service."""

    def __init__(self, folder: Path, product: str) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.receipted: set[str] = set()
        self._product = product
        self._enough = threading.Event()

    def run(self) -> None:
        with Notebook(Device.open(self.folder)) as notebook, Client(notebook, sleep=lambda _: None) as client:
            number = 0
            while not self._enough.is_set():
                number += 1
                quantity = {"unit": "kg", "value": str(number)}
                client.state("plant", {"outputs": [{"product": self._product, "quantity": quantity}], "person": "王芳"})
                self._send(client)

    def _send(self, client: Client) -> None:
        while True:
            try:
                self.receipted |= {outcome.kept.hash for outcome in client.send() if outcome.receipt}
                return
            except Unreachable:
                if self._enough.wait(0.02):
                    return

    def stop(self) -> None:
        self._enough.set()
        self.join(60)


@pytest.fixture
def world() -> World:
    world = county()
    for number in range(FARMS):
        world.register(f"farm-{number}", "farm")
    return world


def farms(folder: Path, world: World, data: Path, port: int) -> Iterator[Farm]:
    pin = Pin.parse((data / "policy.json").read_text())
    for number in range(FARMS):
        name = f"farm-{number}"
        address = f"http://127.0.0.1:{port}"
        Device.create(folder / name, address, pin, party=world.parties[name], key=world.devices[name].key)
        yield Farm(folder / name, world.products["tomato"])


def stored(url: str) -> set[str]:
    engine = connect(url)
    with engine.connect() as connection:
        found = set(connection.execute(select(statements.c.hash)).scalars())
    engine.dispose()
    return found


def test_kill_9_in_the_middle_of_a_load(tmp_path: Path, database_url: str, world: World) -> None:
    rounds = ROUNDS if database_url.startswith("sqlite") else max(ROUNDS // 4, 3)
    chance = random.Random(20260701)  # noqa: S311
    data, port = tmp_path / "data", free_port()
    settings = seed(data, world, database_url)
    running = [*farms(tmp_path, world, data, port)]
    for farm in running:
        farm.start()
    for _ in range(rounds):
        before = [len(farm.receipted) for farm in running]
        with serving(data, database_url, port=port) as (_, program):
            wanted = chance.randrange(5, 60)
            while sum(len(farm.receipted) for farm in running) < sum(before) + wanted:
                assert program.poll() is None, "the service must start again from whatever a kill left"
                threading.Event().wait(0.005)
            os.kill(program.pid, signal.SIGKILL)
            program.wait()
        promised = set().union(*(farm.receipted for farm in running))
        assert promised <= stored(settings.url)
    with serving(data, database_url, port=port):
        for farm in running:
            farm.stop()
        for farm in running:
            with Notebook(Device.open(farm.folder)) as notebook, Client(notebook) as client:
                client.send()
                assert not notebook.outgoing(None, 10), "what was signed while the service was away is sent now"
                assert notebook.settled()[0] >= len(farm.receipted) > 0
    engine = connect(settings.url)
    report = audit(engine, Pin.parse(settings.pin.read_text()))
    engine.dispose()
    assert report.clean, report.first


def test_the_data_is_synced_between_the_last_write_and_the_answer(tmp_path: Path, world: World) -> None:
    assert synced(tmp_path, world, "FULL")
    assert not synced(tmp_path / "off", world, "OFF"), "a test that can't fail shows nothing"


def synced(tmp_path: Path, world: World, synchronous: str) -> bool:
    """Whether every file that was written before the 201 was also synced before it, in the system calls' own order."""
    data, trace = tmp_path / "data", tmp_path / "trace"
    seed(data, world)
    one = _plant(world)
    calls = "trace=openat,write,pwrite64,writev,sendto,sendmsg,fsync,fdatasync,close"
    prefix = (need("strace"), "-f", "-y", "-s", "24", "-e", calls, "-o", str(trace))
    environment = {"GENGJI_TEST_SYNCHRONOUS": synchronous}
    with serving(data, prefix=prefix, factory="tests.parts.unsynced:service", environment=environment) as (url, _):
        answer = httpx.post(
            f"{url}/v1/statements", content=world.presentation(one), headers={"content-type": "application/jose"}
        )
        assert answer.status_code == 201
    return _all_synced(trace.read_text(), data)


def _plant(world: World) -> Statement:
    planted(world, "coop")
    one = world.statements.pop()
    world.devices["coop"].n, world.devices["coop"].after = one.n, one.after
    return one


def _all_synced(trace: str, data: Path) -> bool:
    unsynced: set[str] = set()
    written: set[str] = set()
    for line in trace.splitlines():
        if "201 Created" in line:
            wal = {Path(path).name for path in written}
            assert {"ledger.sqlite-wal", "lock.sqlite-wal"} <= wal, "both the ledger and the lock were written"
            return not unsynced
        call = re.search(r"(\w+)\((\d+)<([^>]*)>", line)
        if call is None or not call[3].startswith(str(data)) or call[3].endswith("-shm"):
            continue
        if call[1] in ("write", "pwrite64", "writev"):
            unsynced.add(call[3])
            written.add(call[3])
        elif call[1] in ("fsync", "fdatasync"):
            unsynced.discard(call[3])
    raise AssertionError("no 201 in the trace")
