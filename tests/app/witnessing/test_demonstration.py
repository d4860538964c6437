"""The witnesses of a demonstration: they come with the service and go with it, and a real log has none here."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.config import Settings
from app.witnessing.demonstration import standing_by
from clients.witness.witness import make
from ledger.checkpoint import open_checkpoint
from ledger.policy import Pin
from tests.parts.processes import free_port

GENGJI = (sys.executable, "-c", "from clients.cli import main; main()")
SOON = 30.0
NAMES = {"agri": "农业农村局", "market": "市场监管局"}


def opened(data: Path, *more: str) -> Settings:
    """A log with two witnesses whose folders stand in its own."""
    words = ["--quorum", "2"]
    for key, name in NAMES.items():
        words += ["--witness", f"{name}={make(data / 'witnesses' / key, f'{key}.example')}"]
    command = [*GENGJI, "init", "--origin", "log.example.org/demo", *words, *more, "--data", data]
    subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL)
    return Settings(data=data)


def gone(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return True
    return False


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not done():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def test_they_serve_as_long_as_it_lasts(tmp_path: Path) -> None:
    with standing_by(opened(tmp_path / "var", "--demonstration")) as urls:
        assert list(urls) == [*NAMES.values()]
        for name, url in urls.items():
            assert name in httpx.get(url, trust_env=False).text
    assert all(map(gone, urls.values()))


def test_a_real_log_starts_none(tmp_path: Path) -> None:
    with standing_by(opened(tmp_path / "var")) as urls:
        assert urls == {}


def test_nor_does_a_folder_without_a_log(tmp_path: Path) -> None:
    make(tmp_path / "witnesses" / "agri", "agri.example")
    with standing_by(Settings(data=tmp_path)) as urls:
        assert urls == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_they_go_with_the_service_however_it_ends(
    tmp_path: Path, start: Callable[..., "subprocess.Popen[Any]"], number: signal.Signals
) -> None:
    settings, port = opened(tmp_path / "var", "--demonstration"), free_port()
    said = (tmp_path / "said").open("w+")
    program = start(*GENGJI, "serve", "--data", settings.data, "--port", str(port), stdout=said)
    text = ""

    def served() -> bool:
        nonlocal text
        assert program.poll() is None
        text = (tmp_path / "said").read_text("utf-8")
        return "Ctrl+C" in text

    until(served)
    urls = re.findall(r"witness +(http\S+)", text)
    assert len(urls) == 2
    policy = Pin.parse(settings.pin.read_text()).policy
    note = httpx.get(f"http://127.0.0.1:{port}/log/checkpoint", trust_env=False).text
    assert len(open_checkpoint(note, policy.log, policy.witness_keys)[1]) == 2
    program.send_signal(number)
    program.wait(SOON)
    until(lambda: all(map(gone, urls)))
    said.close()
