"""``gengji audit`` and ``gengji rebuild`` as they are called."""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.audit.commands import audit, rebuild
from tests.app.audit.tampering import File, rows

GENGJI = [str(Path(sys.executable).parent / "gengji")]


def test_clean_bad_and_unreadable(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(data=folder) == 0
    said = capsys.readouterr().out
    assert "完好" in said
    assert not re.search("[a-z]{3}", said)
    database = File.open(str(folder / "ledger.sqlite"))
    database.execute("UPDATE statements SET n = n + 1000 WHERE first_index = 9")
    database.connection.close()
    assert audit(data=folder) == 1
    assert "记录 9 与签名时不同" in capsys.readouterr().out
    assert audit(data=folder, json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["clean"], told["first"]["table"], told["first"]["key"]) == (False, "statements", "9")
    assert json.loads((folder / "audit.json").read_text())["first"] == told["first"]
    (folder / "ledger.sqlite").write_bytes(b"this was a database" * 1000)
    assert audit(data=folder) == 2
    assert "unreadable" in capsys.readouterr().err
    (folder / "ledger.sqlite").unlink()
    assert audit(data=folder, json=True) == 2
    assert json.loads(capsys.readouterr().out)["code"] == "no-log"
    assert not (folder / "ledger.sqlite").exists()


def test_a_schema_that_is_behind_is_called_that(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = File.open(str(folder / "ledger.sqlite"))
    database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.execute("DROP TABLE held_keys")
    database.connection.close()
    assert audit(data=folder, json=True) == 2
    assert json.loads(capsys.readouterr().out)["code"] == "schema-behind"


def test_the_command_itself(folder: Path, start: Callable[..., subprocess.Popen[Any]]) -> None:
    """Also where the service would not start any more: the tail is cut off."""
    command = [*GENGJI, "audit", "--data", str(folder)]
    assert start(*command, stdout=subprocess.DEVNULL).wait(60) == 0
    database = File.open(str(folder / "ledger.sqlite"))
    last = rows(database, "entries")[-1][0]
    database.execute("DELETE FROM entries WHERE log_index = ?", [last])
    database.connection.close()
    program = start(*command, "--json", stdout=subprocess.PIPE)
    out, _ = program.communicate(timeout=60)
    assert program.returncode == 1
    first = json.loads(out)["first"]
    assert (first["table"], first["key"]) == ("entries", str(last))


def test_rebuild_mends_projections_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = File.open(str(folder / "ledger.sqlite"))
    before = rows(database, "postings")
    database.execute("UPDATE postings SET amount = amount + 1")
    database.execute("DELETE FROM lineage")
    database.connection.close()
    assert audit(data=folder) == 1
    rebuild(data=folder)
    assert "重算" in capsys.readouterr().out
    assert audit(data=folder) == 0
    connection = sqlite3.connect(folder / "ledger.sqlite")
    assert rows(File(connection), "postings") == before
    connection.close()
