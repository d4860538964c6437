"""``gengji erase`` at the command line."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from app.erasure import scrub
from app.tables import erasures
from clients import cli
from ledger.identity import grouped, trace_code
from tests.app.erasure.conftest import Named


class Desk:
    def __init__(self, named: Named, capsys: pytest.CaptureFixture[str]) -> None:
        self._named, self._capsys = named, capsys

    def run(self, *arguments: str, code: int = 0) -> str:
        where = ["--data", str(self._named.settings.data), "--database-url", self._named.settings.url]
        assert cli.run(["erase", *arguments, *where], {**os.environ, "LANG": "zh_CN.UTF-8"}) == code
        told = self._capsys.readouterr()
        return told.out + told.err

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code))


@pytest.fixture
def desk(named: Named, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(named, capsys)


def registered(named: Named) -> list[tuple[str, str]]:
    with named.engine.connect() as connection:
        rows = connection.execute(select(erasures.c.field, erasures.c.reason).order_by(erasures.c.number))
        return [(field, reason) for field, reason in rows]


def test_by_a_statements_hash(named: Named, desk: Desk) -> None:
    first = named.world.first[named.intake.hash]
    told = desk.run(named.intake.hash, "--field", "supplier", "--field", "person", "--reason", "本人要求")
    assert f"#{first} “经手人” (person)" in told
    assert "已删除 · erased: 2" in told
    assert registered(named) == [("person", "本人要求"), ("supplier", "本人要求")]
    assert "没有可删除的内容" in desk.run(named.intake.hash, "--field", "person", "--reason", "x", code=1)


def test_by_a_batchs_trace_code_with_its_spaces(named: Named, desk: Desk) -> None:
    words = grouped(trace_code(named.lot)).split()
    told = desk.json(*words, "--field", "person", "--reason", "本人要求", "--dry-run")
    assert (told["erased"], len(told["due"])) == ([], 40)
    assert registered(named) == []
    assert len(desk.json(*words, "--field", "person", "--reason", "本人要求")["erased"]) == 40
    assert len(desk.json(named.lot, "--reason", "本人要求")["erased"]) == 40


def test_what_makes_no_sense(named: Named, desk: Desk) -> None:
    for arguments in ((), (named.intake.hash, "--due"), (named.intake.hash,), ("1234",)):
        assert desk.run(*arguments, code=1)
    assert registered(named) == []


def test_nothing_is_due_yet(named: Named, desk: Desk) -> None:
    assert desk.json("--due") == {"erased": [], "files": 0, "finished": True}


def test_what_is_due_goes_with_the_rule_as_its_reason(named: Named, desk: Desk) -> None:
    later = Path(scrub.__file__).with_name("retention.toml").read_text().replace("months = 24", "months = -1200")
    (named.settings.data / "retention.toml").write_text(later)
    told = desk.run("--due")
    assert "示例数据" in told
    reasons = {reason for _, reason in registered(named)}
    assert len(reasons) == 2
    assert all("至少" in reason or "不少于" in reason for reason in reasons)
    with named.engine.connect() as connection:
        assert set(connection.execute(select(erasures.c.ground)).scalars()) == {"due"}
    assert desk.json("--due")["erased"] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_somebody_still_reads(named: Named, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub, "WAIT", 1)
    monkeypatch.setattr(scrub, "TRIES", 2)
    with named.engine.connect() as slow:
        slow.execute(text("SELECT * FROM disclosures")).all()
        told = desk.run(named.intake.hash, "--reason", "本人要求", code=3)
        assert "请稍后再运行一次" in told
    assert desk.json("--due")["finished"]


def test_a_folder_without_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["erase", "--due", "--data", str(tmp_path)], os.environ) == 1
    assert capsys.readouterr().err
