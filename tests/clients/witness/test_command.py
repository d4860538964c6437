"""`gengji witness` as it is run: a process with a store of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.checkpoint import VKey
from ledger.witnessing import SIZE_TYPE, cosignature
from tests.clients.witness.asking import Growing

GENGJI = (sys.executable, "-c", "from clients.cli import main; main()")
LOG, FORK = Growing(), Growing("told otherwise")
Start = Callable[..., "subprocess.Popen[Any]"]


def gengji(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    english = {**os.environ, "LC_ALL": "en_US.UTF-8"}
    return subprocess.run([*GENGJI, *arguments], capture_output=True, text=True, timeout=60, env=english)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    assert gengji("witness", "init", "--name", "witness.example.org", "--data", tmp_path / "w").returncode == 0
    return tmp_path / "w"


def running(start: Start, data: Path, *more: str) -> tuple["subprocess.Popen[str]", dict[str, str]]:
    program = start(
        *GENGJI, "witness", "--data", data, "--log", str(LOG.vkey), "--port", "0", "--json", *more,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return program, json.loads(program.stdout.readline())


def ask(told: dict[str, str], body: bytes) -> httpx.Response:
    return httpx.post(f"{told['url']}/add-checkpoint", content=body, trust_env=False)


def test_it_witnesses_and_remembers_over_a_crash(start: Start, data: Path) -> None:
    program, told = running(start, data)
    vkey = VKey.parse(told["vkey"])
    assert told["vkey"] == (data / "witness.vkey").read_text().strip()
    said = ask(told, LOG.asks(0, 5))
    assert (said.status_code, cosignature(LOG.note(5), said.text, vkey)[1] > 0) == (200, True)
    program.kill()
    program.wait(15)
    program, told = running(start, data)
    assert ask(told, FORK.asks(5, 9)).status_code == 422
    said = ask(told, FORK.asks(0, 9))
    assert (said.status_code, said.text, said.headers["content-type"]) == (409, "5\n", SIZE_TYPE)
    assert ask(told, LOG.asks(5, 9)).status_code == 200
    assert "条账目已见证" in httpx.get(told["url"], trust_env=False).text


def test_two_processes_on_one_store_sign_one_history(start: Start, data: Path) -> None:
    (_, one), (_, other) = running(start, data), running(start, data)
    with ThreadPoolExecutor(8) as pool:
        asked = [(told, log.asks(0, size)) for log in (LOG, FORK) for size in (5, 6) for told in (one, other)]
        statuses = [answer.status_code for answer in pool.map(lambda pair: ask(*pair), asked)]
    assert sorted(statuses) == [200] + [409] * 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_told_to_though_somebody_is_connected(start: Start, data: Path, number: signal.Signals) -> None:
    program, told = running(start, data)
    with httpx.Client(trust_env=False) as client:
        assert client.get(told["url"]).status_code == 200
        program.send_signal(number)
        assert program.wait(15) == 0


def test_on_a_leash_it_ends_with_whoever_started_it(start: Start, data: Path) -> None:
    program, _ = running(start, data, "--leashed")
    assert program.stdin
    program.stdin.close()
    assert program.wait(15) == 0


def test_what_it_cannot_work_with_is_said(data: Path, tmp_path: Path) -> None:
    for arguments, words in (
        (("--data", tmp_path / "none", "--log", str(LOG.vkey)), "There is no witness in"),
        (("--data", data, "--log", "nonsense"), "no log's public key"),
        (("--data", data, "--log", (data / "witness.vkey").read_text().strip()), "no log's public key"),
        (("--data", data, "--log", str(LOG.vkey), "--port", "70000"), "Can't serve at"),
        (("init", "--name", "w", "--data", data), "There is a witness in"),
    ):
        done = gengji("witness", *arguments)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr
    done = gengji("witness", "init", "--name", "two words", "--data", tmp_path / "other")
    assert done.returncode == 1
    assert not (tmp_path / "other").exists()
