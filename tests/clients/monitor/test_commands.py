"""``gengji monitor`` and ``gengji fork`` as they are run: against live services, and what they say and give back."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.heads.making import KEY
from app.keyring import write_key
from tests.app.seeding import seed
from tests.parts.processes import free_port
from tests.parts.service import serving
from tests.world import World, county, harvested, planted, secret

GENGJI = [sys.executable, "-c", "from clients.cli import main; main()"]


def gengji(*arguments: object, lang: str = "en") -> subprocess.CompletedProcess[str]:
    command = [*GENGJI, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env={"LANG": lang, "PATH": ""})


def look(url: str, folder: Path, *more: object) -> subprocess.CompletedProcess[str]:
    pin = folder / "policy.json"
    return gengji("monitor", url, "--pin", pin, "--data", folder / "monitor", "--once", *more)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def story(count: int, *, later: int = 0) -> World:
    """The same beginning each time; with `later`, received so many seconds later from some point on."""
    world = county()
    world.clock += later
    for _ in range(count):
        harvested(world, planted(world))
    return world


def service(folder: Path, world: World) -> Path:
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    seed(data, world)
    shutil.copy(data / "policy.json", folder / "policy.json")
    return data


def test_a_live_service_is_followed_with_its_own_heads(tmp_path: Path) -> None:
    world = story(200)
    data = service(tmp_path, world)
    write_key(data / "keys" / KEY, secret("operator"))
    with serving(data) as (url, _):
        done = look(url, tmp_path, "--json")
        assert done.returncode == 0, done.stderr + done.stdout
        (followed,) = lines(done)
        assert (followed["event"], followed["wrong"]) == ("followed", 0)
        assert followed["size"] >= len(world.entries)
        again = look(url, tmp_path)
        assert again.returncode == 0
        assert "all of one history" in again.stdout


def test_another_history_under_the_same_key_is_kept_as_proof(tmp_path: Path) -> None:
    """The service was begun anew from other records: all entries are of other milliseconds."""
    port = free_port()
    with serving(service(tmp_path, story(3)), port=port) as (url, _):
        assert look(url, tmp_path).returncode == 0
    with serving(service(tmp_path, story(5, later=60)), port=port) as (url, _):
        done = look(url, tmp_path, "--json")
        assert done.returncode == 1, done.stdout
        (fork,) = lines(done)
        assert fork["event"] == "fork"
        said = look(url, tmp_path)
        assert "They prove that two histories" in said.stdout
    proof = Path(fork["params"]["path"])
    checked = gengji("fork", proof, "--pin", tmp_path / "policy.json", lang="zh_CN.UTF-8")
    assert checked.returncode == 0, checked.stderr
    assert "已证明分叉" in checked.stdout
    told = json.loads(proof.read_text())
    told["given"] = told["held"]
    proof.write_text(json.dumps(told, separators=(",", ":"), ensure_ascii=False))
    assert gengji("fork", proof, "--pin", tmp_path / "policy.json").returncode == 1
    proof.write_text("{}")
    assert gengji("fork", proof, "--pin", tmp_path / "policy.json").returncode == 2


def test_false_heads_of_a_live_service_are_named(tmp_path: Path) -> None:
    world = story(3)
    world.state("log.heads", "operator", {"count": 3, "root": world.parties["root"], "size": 3})
    with serving(service(tmp_path, world)) as (url, _):
        done = look(url, tmp_path, "--json")
        assert done.returncode == 1
        fault, followed = lines(done)
        assert (fault["event"], fault["check"], fault["code"]) == ("fault", "heads", "heads")
        assert followed["wrong"] == 1
        assert look(url, tmp_path).returncode == 1


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_nobody_there_is_no_fault(tmp_path: Path, arguments: Sequence[str]) -> None:
    service(tmp_path, story(1))
    done = look(f"http://127.0.0.1:{free_port()}", tmp_path, *arguments)
    assert done.returncode == 2
    assert "not-running" in done.stdout or "can't be reached" in done.stdout
