"""What `gengji verify` needs, a pin and a file, and that it needs nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clients import cli
from ledger.canonical import Json
from ledger.identity import grouped, trace_code
from ledger.verify import verify
from tests.bundles import bundle_of, pin_of
from tests.clients.checking import Desk
from tests.clients.honest import Service, listening
from tests.world import World, planted

ROOT = Path(__file__).parents[2]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


# What it needs


def test_without_a_pin_nothing_is_judged(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)
    assert cli.run(["verify", str(desk.bundle), "--lang", "en"], {}) == 2
    assert "--policy" in capsys.readouterr().err
    (elsewhere / "var").mkdir()
    (elsewhere / "var" / "policy.json").write_bytes(desk.pin.read_bytes())
    assert cli.run(["verify", str(desk.bundle), "--lang", "en"], {}) == 0
    assert "var/policy.json" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["{}", "not a pin", "\xff"])
def test_a_pin_that_is_none(desk: Desk, content: str) -> None:
    desk.pin = desk.file("pin.json", content.encode("latin-1"))
    assert desk.verify(desk.bundle) == 2
    assert "公开钉" in desk.err


def test_a_pin_of_another_log(desk: Desk) -> None:
    other = World(log="log.example.org/other")
    other.open()
    desk.pin = desk.file("other.json", pin_of(other).text())
    assert desk.verify(desk.bundle) == 1
    assert "log.example.org/other" in desk.out


def test_a_file_that_is_not_there(desk: Desk) -> None:
    assert desk.verify(desk.folder / "nothing.json") == 2
    assert "nothing.json" in desk.err


@pytest.mark.parametrize("what", ["ledger", "gengji"])
def test_it_runs_where_nothing_can_be_reached(desk: Desk, what: str) -> None:
    command = [sys.executable, "-m", "tests.clients.sealed_off", what, str(desk.bundle), str(desk.pin)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Valid" in done.stdout


def test_where_nothing_can_be_reached_is_sealed_indeed(desk: Desk) -> None:
    script = (
        "from tests.clients.sealed_off import *; seal({'ledger'})\n"
        "for what in ('import httpx', 'import app.main', 'import socket; socket.socket()',"
        ' \'import sqlite3; sqlite3.connect("x")\', \'open("x", "w")\'):\n'
        "    try: exec(what)\n"
        "    except (PermissionError, ModuleNotFoundError): continue\n"
        "    print(what)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""


# Fetching one


def test_a_bundle_is_fetched_with_the_proof_that_memory_wants(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, fetched = desk.folder / "heads.json", desk.folder / "fetched.json"
    desk.verify(desk.bundle, "--remember", memory)
    size = len(desk.world.entries)
    planted(desk.world)
    service = Service(desk.world)
    with listening(service) as url:
        asked = ["bundle", *grouped(trace_code(desk.lot)).split(), "-o", str(fetched), "--url", url]
        assert cli.run(asked, {}) == 0
        assert service.requests[-1].url.params.get_list("since") == []
        assert desk.verify(fetched, "--remember", memory) == 1
        assert cli.run([*asked, "--remember", str(memory), "--json"], {}) == 0
        told = json.loads(capsys.readouterr().out)
        assert told == {"file": str(fetched), "size": fetched.stat().st_size}
        assert service.requests[-1].url.params.get_list("since") == [str(size)]
        assert desk.verify(fetched, "--remember", memory) == 0
        assert cli.run(["bundle", trace_code(planted(desk.world)), "-o", str(desk.folder), "--url", url], {}) == 2


def test_thirty_events_are_verified_in_no_time(desk: Desk) -> None:
    """The figure itself is in the benchmarks; here only that such a bundle is a bundle."""
    world = desk.world
    plantings = [planted(world) for _ in range(10)]
    inputs: list[Json] = [{"batch": one} for one in plantings]
    body: dict[str, Json] = {"inputs": inputs, "outputs": [world.output("tomato", "90")]}
    (lot,) = world.state("harvest", "farm", body, plantings).created
    for _ in range(29):
        world.state("observe", "farm", {"weather": "晴"}, [lot])
    verdict = verify(bundle_of(world, lot).text(), [pin_of(world)])
    assert len([step for step in verdict.steps if lot in step.statement.targets]) == 30
