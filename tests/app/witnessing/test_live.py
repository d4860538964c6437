"""The service and its witnesses as processes of their own, and a checker that is not this project's."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.witnessing.quorum import k_of_n
from clients.witness.witness import make
from ledger.checkpoint import Note, VKey, open_checkpoint
from ledger.policy import Pin, Policy, Witness
from tests.app.seeding import seed
from tests.parts.foreign import check
from tests.parts.processes import free_port, running
from tests.parts.service import serving
from tests.world import World, county, planted

GENGJI = (sys.executable, "-c", "from clients.cli import main; main()")
SOON = 30.0
HEADERS = {"content-type": "application/jose"}


@dataclass
class Bureau:
    """A witness, its folder and its port; `running` is its process."""

    folder: Path
    port: int
    log: VKey

    @property
    def vkey(self) -> VKey:
        return VKey.parse((self.folder / "witness.vkey").read_text().strip())

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[str]"]:
        command = [
            *GENGJI,
            "witness",
            "--data",
            self.folder,
            "--log",
            str(self.log),
            "--port",
            str(self.port),
            "--json",
        ]
        with running(*command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout
            assert json.loads(program.stdout.readline())["vkey"] == str(self.vkey)
            yield program


@dataclass
class Place:
    data: Path
    world: World
    bureaus: list[Bureau]

    def state(self, url: str) -> dict[str, Any]:
        """Another planting, recorded."""
        planted(self.world)
        return self.send(url)

    def send(self, url: str) -> dict[str, Any]:
        """The world's last statement: the answer to it."""
        presented = self.world.presentation(self.world.statements[-1])
        answer = httpx.post(f"{url}/v1/statements", content=presented, headers=HEADERS, timeout=SOON)
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def shown(self, url: str) -> int:
        """How large the checkpoint is that is shown, which has its quorum."""
        answer = httpx.get(f"{url}/log/checkpoint", timeout=SOON)
        if answer.status_code == 404:
            return 0
        keys = [bureau.vkey for bureau in self.bureaus]
        checkpoint, signed = open_checkpoint(answer.text, self.world.vkey, keys)
        assert len(signed) >= 2
        return checkpoint.size

    def until_shown(self, url: str, size: int) -> None:
        until(lambda: self.shown(url) == size)


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not done():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    world = county()
    settings = seed(tmp_path / "data", world)
    bureaus = []
    for name in ("agri", "market"):
        make(tmp_path / name, f"{name}.example.org")
        bureaus.append(Bureau(tmp_path / name, free_port(), world.vkey))
    pinned(settings.pin, world, [(one.vkey, one.port) for one in bureaus])
    return Place(settings.data, world, bureaus)


def pinned(path: Path, world: World, witnesses: list[tuple[VKey, int]]) -> None:
    known = [Witness(vkey.name, vkey, f"http://127.0.0.1:{port}") for vkey, port in witnesses]
    pin = Pin(Policy(((world.vkey, ""),), *k_of_n(known, 2)), world.parties["root"])
    path.write_text(pin.text())


def test_a_stranger_believes_what_two_witnesses_signed(place: Place, foreign: Path) -> None:
    with ExitStack() as programs:
        for bureau in place.bureaus:
            programs.enter_context(bureau.running())
        url, _ = programs.enter_context(serving(place.data))
        place.until_shown(url, len(place.world.entries))
        first = place.state(url)
        assert first["provisional"] is True
        place.until_shown(url, len(place.world.entries))
        better = place.send(url)
        assert better["provisional"] is False
        note = better["receipt"]["checkpoint"]
        assert len(Note.parse(note).signatures) == 3
        witnesses = [str(bureau.vkey) for bureau in place.bureaus]
        asked = {"vkey": str(place.world.vkey), "note": note, "witnesses": witnesses}
        answer = check(foreign, asked)
        assert (answer.returncode, answer.stdout) == (0, f"{len(place.world.entries)}\n"), answer.stderr
        assert check(foreign, {**asked, "note": first["receipt"]["checkpoint"]}).returncode == 1
        lines = note.splitlines(keepends=True)
        swapped = "".join([*lines[:-1], lines[-1].replace("market", "markex")])
        assert check(foreign, {**asked, "note": swapped}).returncode == 1


def test_the_operator_sees_how_far_each_has_come(place: Place) -> None:
    def asked() -> tuple[int, dict[str, Any]]:
        command = [*GENGJI, "witnesses", "--data", place.data, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SOON)
        return done.returncode, json.loads(done.stdout)

    size = len(place.world.entries)
    code, told = asked()
    assert (code, told["size"], told["witnessed"]) == (1, size, 0)
    with ExitStack() as programs:
        for bureau in place.bureaus:
            programs.enter_context(bureau.running())
        with serving(place.data) as (url, _):
            place.until_shown(url, size)
        code, told = asked()
        assert (code, told["witnessed"]) == (0, size)
        assert [one["shows"] for one in told["witnesses"]] == [size, size]
    code, told = asked()
    assert code == 1
    assert [one["shows"] for one in told["witnesses"]] == [None, None]
    assert all(one["signed"] for one in told["witnesses"])


def test_with_a_witness_down_nothing_blocks_and_it_is_made_up_for(place: Place) -> None:
    with ExitStack() as programs:
        programs.enter_context(place.bureaus[0].running())
        url, _ = programs.enter_context(serving(place.data))
        for _ in range(3):
            assert place.state(url)["provisional"] is True
        assert place.shown(url) == 0
        programs.enter_context(place.bureaus[1].running())
        place.until_shown(url, len(place.world.entries))
        assert place.send(url)["provisional"] is False


def test_a_witness_that_hangs_does_not_hold_up_who_records(place: Place) -> None:
    """It takes every question and answers none: each commit of the meantime goes through."""
    with ExitStack() as programs:
        programs.enter_context(place.bureaus[0].running())
        silent = programs.enter_context(socket.create_server(("127.0.0.1", place.bureaus[1].port)))
        url, _ = programs.enter_context(serving(place.data))
        silent.settimeout(SOON)
        silent.accept()[0].close()  # the question at start, which was given up
        for _ in range(20):
            assert place.state(url)["provisional"] is True
        silent.accept()[0].close()  # one that was out meanwhile
        assert place.shown(url) == 0


def test_a_restored_backup_does_not_start_where_a_witness_remembers_more(place: Place, tmp_path: Path) -> None:
    """The whole data folder from before, its lock too: nothing in it knows better, and one witness does."""
    with ExitStack() as programs:
        for bureau in place.bureaus:
            programs.enter_context(bureau.running())
        with serving(place.data) as (url, _):
            place.state(url)
            place.until_shown(url, len(place.world.entries))
        shutil.copytree(place.data, tmp_path / "backup")
        with serving(place.data) as (url, _):
            place.state(url)
            place.until_shown(url, len(place.world.entries))
    shutil.rmtree(place.data)
    shutil.copytree(tmp_path / "backup", place.data)
    with place.bureaus[1].running():
        command = [*GENGJI, "serve", "--data", place.data, "--port", str(free_port())]
        refused = subprocess.run(command, capture_output=True, text=True, timeout=SOON)
    size = len(place.world.entries)
    assert refused.returncode == 1
    assert str(size) in refused.stderr
    assert str(size - 1) in refused.stderr
    assert "Traceback" not in refused.stderr


def test_several_workers_have_one_history_witnessed(place: Place) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as programs:
        for bureau in place.bureaus:
            programs.enter_context(bureau.running())
        programs.enter_context(running(*GENGJI, "serve", "--data", place.data, "--port", str(port), "--workers", "2"))

        def up() -> bool:
            try:
                return httpx.get(f"{url}/healthz").is_success
            except httpx.TransportError:
                return False

        until(up)
        for _ in range(10):
            place.state(url)
        place.until_shown(url, len(place.world.entries))
