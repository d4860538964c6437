import io
import json
import re
from pathlib import Path

import pytest

from app.accounts.commands import account
from app.accounts.demonstration import SignIn, place, read
from app.accounts.register import list_accounts
from app.errors import Conflict, NotFound, SignInNeeded, Stopped
from ledger.errors import LedgerError, Malformed
from tests.app.seeding import LOG_ID
from tests.app.town import Town, settle

HERE = "203.0.113.7"
ADD = ("add", "wang.jian", "--name", "王建", "--party", "inspector", "--role", "auditor")
WHOLE = (*ADD, "--division", "5101", "--side", "market")


class Desk:
    """The command line over a town's data; ``typed`` is what comes on standard input."""

    def __init__(self, town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._town, self._monkeypatch, self._capsys = town, monkeypatch, capsys

    def run(self, *words: str, typed: str = "") -> str:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        where = ("--data", str(self._town.settings.data), "--database-url", self._town.settings.url)
        account([*words, *where], exit_on_error=False, print_error=False, result_action="return_value")
        return self._capsys.readouterr().out


@pytest.fixture
def desk(town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(town, monkeypatch, capsys)


def test_a_password_from_standard_input_lets_in_and_is_not_shown(desk: Desk, town: Town) -> None:
    out = desk.run(*ADD, "--division", "5101", "--side", "market", typed="pears in spring\n")
    assert "wang.jian" in out
    assert "pears" not in out
    people = town.people()
    viewer = people.of_session(people.sign_in("wang.jian", "pears in spring", HERE))
    assert viewer is not None
    assert (viewer.role, viewer.division, viewer.side) == ("auditor", "5101", "market")
    assert viewer.party == town.world.parties["inspector"]


def test_a_generated_password_is_shown_once_and_works_until_the_next(desk: Desk, town: Town) -> None:
    passwords = [
        re.findall(r": ([A-Za-z0-9_-]{16})$", desk.run(*words, "--generate"), re.M)[0]
        for words in (WHOLE, ("password", "wang.jian"))
    ]
    people = town.people()
    assert people.sign_in("wang.jian", passwords[1], HERE)
    with pytest.raises(SignInNeeded):
        people.sign_in("wang.jian", passwords[0], HERE)
    assert passwords[1] not in desk.run("list")


def test_all_accounts_are_listed_for_people_and_for_programs(
    desk: Desk, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    desk.run("disable", "ma.ke")
    desk.run(*ADD, "--division", "5101", "--side", "market", typed="pears in spring\n")
    assert all(word in desk.run("list") for word in ("李娜", "主体管理员", "ma.ke", "市场监管"))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    assert not re.search("主体|角色|市场监管|可用", english := desk.run("list"))
    assert "manager" in english
    listed = json.loads(desk.run("list", "--json"))
    assert [(one["login"], one["party"]["name"], one["disabled"] is None) for one in listed] == [
        ("li.na", "inspector", True),
        ("ma.ke", "farm", False),
        ("wang.jian", "inspector", True),
        ("zhou.min", "coop", True),
    ]
    assert "password" not in listed[0]


def test_a_demonstration_tells_the_password_until_it_is_changed(desk: Desk, town: Town) -> None:
    told = place(town.settings.data, demonstration=True)
    desk.run(*WHOLE, "--demonstration-password", typed="pears in spring\n")
    assert read(told).sign_ins == (SignIn("wang.jian", "pears in spring", "王建 · inspector · 审计人员"),)
    desk.run("password", "wang.jian", typed="plums in summer\n")
    assert read(told).sign_ins == ()


def test_a_real_logs_password_is_never_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    town = settle(tmp_path, "", demonstration=False)
    with pytest.raises(Conflict, match="not-demonstration"):
        Desk(town, monkeypatch, capsys).run(*ADD, "--demonstration-password", typed="pears in spring\n")
    assert [one.login for one in list_accounts(town.engine, LOG_ID)] == ["li.na", "ma.ke", "zhou.min"]
    assert not (tmp_path / "demonstration.json").exists()
    town.engine.dispose()


@pytest.mark.parametrize(
    ("words", "typed", "error"),
    [
        (WHOLE, "", Malformed),
        (WHOLE, "short\n", Malformed),
        (ADD, "pears in spring\n", Malformed),
        (("add", "x.y", "--name", "王", "--party", "无此单位", "--role", "member"), "pears in spring\n", NotFound),
        (("disable", "nobody"), "", NotFound),
        (("password", "nobody"), "pears in spring\n", NotFound),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_is_refused(
    desk: Desk, town: Town, words: tuple[str, ...], typed: str, error: type[LedgerError]
) -> None:
    with pytest.raises(error):
        desk.run(*words, typed=typed)
    assert len(list_accounts(town.engine, LOG_ID)) == 3


def test_where_there_is_no_log_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="no-log"):
        account(["list", "--data", str(tmp_path)], exit_on_error=False, result_action="return_value")
