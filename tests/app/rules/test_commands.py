"""``gengji rules …`` as it is called."""

import json
import re
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.audit.commands import audit
from app.db import opened
from app.errors import NotFound, Stopped
from app.lock import Lock
from app.rules.commands import rules
from app.rules.rows import SHAPES
from app.rules.tables import Tables
from app.tables import rule_runs, rule_tables
from clients.cli import run as gengji
from ledger.errors import Malformed
from ledger.identity import grouped, trace_code
from tests.app.rules.season import sprayed
from tests.app.seeding import seed
from tests.world import LOG

HEADER = ",".join(SHAPES["intervals"].header)


class Desk:
    """The command line over a season's data, and a folder for spreadsheets."""

    def __init__(self, folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        world, lot = sprayed()
        self.code = grouped(trace_code(lot))
        self.settings = seed(folder / "data", world, url)
        self.folder = folder
        self._capsys = capsys

    def run(self, *words: str) -> str:
        where = ("--data", str(self.settings.data), "--database-url", self.settings.url)
        rules([*words, *where], exit_on_error=False, print_error=False, result_action="return_value")
        return self._capsys.readouterr().out

    def told(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))

    def waits(self, days: int | str, name: str = "intervals.csv", *more: str) -> str:
        path = self.folder / name
        row = f"吡虫啉,imidacloprid,蔬菜,{days},公告,2015-01-01,,yes"
        path.write_text("\n".join((HEADER, row, *more, "")), "utf-8")
        return str(path)

    def counted(self) -> tuple[int, int]:
        """How many versions of tables are kept, and how many runs."""
        with opened(self.settings.url) as engine, engine.connect() as connection:
            counts = (select(func.count()).select_from(table) for table in (rule_tables, rule_runs))
            versions, runs = (connection.execute(query).scalar_one() for query in counts)
        return versions, runs


@pytest.fixture
def desk(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, database_url, capsys)


def test_an_import_says_what_changes_and_waits(desk: Desk) -> None:
    out = desk.run("import", desk.waits(9))
    assert "第 1 版，1 行，其中示例 1 行" in out
    assert "改动 1 行" in out
    assert "吡虫啉 · 蔬菜 · 2015-01-01" in out
    assert f"删去 {len(Tables.shipped().sheets['intervals'].rows) - 1} 行" in out
    assert "gengji rules run" in out
    assert desk.counted() == (1, 0)
    assert "与最新一版相同" in desk.run("import", desk.waits(9))
    assert desk.counted() == (1, 0)
    told = {row["table"]: row for row in desk.told("list")}
    assert told["intervals"]["in_force"] is None
    assert told["intervals"]["waiting"]["version"] == 1
    assert audit(data=desk.settings.data, database_url=desk.settings.url) == 0


def test_a_run_puts_it_in_force_and_names_codes_and_batches(desk: Desk) -> None:
    desk.run("import", desk.waits(9))
    out = desk.run("run")
    assert "启用 intervals v1" in out
    assert "新出现 1 个问题项：interval 1" in out
    assert desk.code in out
    assert "消失 0 个问题项" in out
    told = {row["table"]: row for row in desk.told("list")}
    assert (told["intervals"]["in_force"]["run"], told["intervals"]["waiting"]) == (1, None)
    assert audit(data=desk.settings.data, database_url=desk.settings.url) == 0


def test_import_and_run_in_one(desk: Desk) -> None:
    told = desk.told("import", desk.waits(9), "--run")
    assert told["imported"]["version"] == 1
    assert (told["ran"]["tables"], told["ran"]["opened"], told["ran"]["closed"]) == (
        {"intervals": 1},
        {"interval": 1},
        {},
    )
    (change,) = told["ran"]["changes"]
    assert grouped(change["trace_code"]) == desk.code
    assert change["params"]["days"] == "9"
    assert not told["dry_run"]
    assert audit(data=desk.settings.data, database_url=desk.settings.url) == 0


def test_a_dry_run_says_the_same_and_changes_nothing(desk: Desk) -> None:
    told = desk.told("import", desk.waits(9), "--run", "--dry-run")
    assert told["dry_run"]
    assert told["ran"]["opened"] == {"interval": 1}
    assert desk.counted() == (0, 0)
    desk.run("import", desk.waits(9))
    assert "什么也没有改" in desk.run("run", "--dry-run")
    assert desk.counted() == (1, 0)
    assert audit(data=desk.settings.data, database_url=desk.settings.url) == 0


def test_rows_are_told_by_what_became_of_them(desk: Desk) -> None:
    other = "毒死蜱,,水果,28,公告,2015-01-01,{},yes"
    desk.run("import", desk.waits(7, "intervals.csv", other.format("")), "--run")
    new = "毒死蜱,,水果,35,公告,2026-02-01,,yes"
    told = desk.told("import", desk.waits(9, "intervals.csv", other.format("2026-01-31"), new))["imported"]
    assert {name: told[name] for name in ("added", "ended", "changed", "removed")} == {
        "added": ["毒死蜱 · 水果 · 2026-02-01"],
        "ended": ["毒死蜱 · 水果 · 2015-01-01"],
        "changed": ["吡虫啉 · 蔬菜 · 2015-01-01"],
        "removed": [],
    }


def test_one_bad_cell_and_nothing_is_imported(desk: Desk) -> None:
    with pytest.raises(Malformed) as caught:
        desk.run("import", desk.waits("七天"), "--run")
    assert (caught.value.code, caught.value.params["line"], caught.value.params["column"]) == ("table-cell", 2, "days")
    assert desk.counted() == (0, 0)


def test_a_file_called_otherwise_says_which_table_it_is(desk: Desk) -> None:
    path = desk.waits(9, "间隔期 2026.csv")
    with pytest.raises(NotFound) as caught:
        desk.run("import", path)
    assert caught.value.code == "table-name"
    assert desk.told("import", path, "--table", "intervals")["imported"]["table"] == "intervals"


def test_shown_edited_and_imported_again(desk: Desk) -> None:
    """As with Excel: the file has its mark, and comes back in the encoding of the country."""
    file = desk.folder / "terms.csv"
    desk.run("show", "terms", "-o", str(file))
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "与最新一版相同" in desk.run("import", str(file))
    edited = file.read_text("utf-8-sig").replace("late-days,3,", "late-days,5,")
    file.write_bytes(edited.replace("\n", "\r\n").encode("gb18030"))
    assert desk.told("import", str(file))["imported"]["changed"] == ["late-days · 1970-01-01"]
    assert "late-days,3," in desk.run("show", "terms")
    assert "late-days,5," in desk.run("show", "terms", "--waiting")
    desk.run("run")
    assert "late-days,5," in desk.run("show", "terms")


def test_the_list_speaks_both_languages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run("import", desk.waits(9))
    out = desk.run("list")
    assert "随程序" in out
    assert re.search(r"v1\s+20\d\d-\d\d-\d\d", out)
    assert {name for name in SHAPES if name in out} == set(SHAPES)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    out = desk.run("list")
    assert "shipped" in out
    out = desk.run("run")
    assert "in force now: intervals v1" in out
    assert "1 finding opened: interval 1" in out


def test_no_log_is_said(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="no-log"):
        rules(["run", "--data", str(tmp_path)], exit_on_error=False, print_error=False, result_action="return_value")


def test_it_waits_for_whoever_writes_the_log(desk: Desk) -> None:
    """A service in the middle of a commit holds the lock's session: a run comes before or after, never beside it."""
    desk.run("import", desk.waits(9))
    order: list[str] = []

    def run_it() -> None:
        desk.run("run")
        order.append("ran")

    other = threading.Thread(target=run_it)
    with closing(Lock(desk.settings.data / "lock", LOG)) as lock, lock.session():
        other.start()
        for _ in range(20):
            assert desk.counted() == (1, 0)
        order.append("written")
    other.join(60)
    assert order == ["written", "ran"]
    assert desk.counted() == (1, 1)


def test_the_mistake_is_worded_with_line_and_column(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ["--data", str(desk.settings.data), "--database-url", desk.settings.url]
    assert gengji(["rules", "import", desk.waits("七天"), *where], {}) == 1
    assert "intervals 第 2 行“days”现为“七天”" in capsys.readouterr().err
    assert gengji(["rules", "import", desk.waits("七天"), *where], {"LANG": "en"}) == 1
    assert "intervals, line 2: “days” is “七天”" in capsys.readouterr().err
    assert gengji(["rules", "import", str(desk.folder / "limits.csv"), *where], {}) == 2
