"""Admitting the operator: by two root keys, once, going on wherever it was broken off; and the two commands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.heads.making import KEY
from app.keyring import read_key

GENGJI = [sys.executable, "-c", "from clients.cli import main; main()"]


def gengji(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GENGJI, *map(str, arguments)], capture_output=True, text=True, env={"LANG": "en_US.UTF-8", "PATH": ""}
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    done = gengji("init", "--origin", "log.example.org/new", "--data", tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


def admit(data: Path) -> subprocess.CompletedProcess[str]:
    return gengji("operator", "Example County Platform", "--division", "510182", "--data", data)


def heads(data: Path, *more: object) -> subprocess.CompletedProcess[str]:
    return gengji("heads", "--json", "--data", data, *more)


def test_the_operator_is_admitted_and_signs(data: Path) -> None:
    assert admit(data).returncode == 0
    made = json.loads(heads(data).stdout)
    # log.open, party.register, two role.grant; the chains of root and operator.
    assert (made["size"], made["index"], made["count"]) == (4, 4, 2)
    assert json.loads(heads(data).stdout)["count"] == 3
    audited = gengji("audit", "--data", data)
    assert audited.returncode == 0, audited.stdout


def test_run_again_it_adds_nothing(data: Path) -> None:
    first, second = admit(data), admit(data)
    assert first.stdout == second.stdout
    assert json.loads(heads(data).stdout)["size"] == 4


def test_broken_off_it_goes_on(data: Path) -> None:
    """The key lies there, and nothing else was done: it is that key which is registered."""
    assert admit(data).returncode == 0
    other = data.parent / "other"
    assert gengji("init", "--origin", "log.example.org/other", "--data", other).returncode == 0
    (other / "keys" / KEY).write_bytes((data / "keys" / KEY).read_bytes())
    assert admit(other).returncode == 0
    assert heads(other).returncode == 0
    assert read_key(other / "keys" / KEY).public == read_key(data / "keys" / KEY).public


def test_root_keys_that_are_kept_elsewhere_are_asked_for(data: Path) -> None:
    for number in (1, 2):
        (data / "keys" / f"root-{number}.pem").unlink()
    done = admit(data)
    assert done.returncode == 1
    assert "1 root keys that stand; 2 are wanted" in done.stderr


def test_without_an_operator_no_heads(data: Path) -> None:
    done = heads(data)
    assert done.returncode == 1
    assert KEY in done.stderr
    assert heads(data, "--key", data / "keys" / "root-1.pem").returncode == 1
