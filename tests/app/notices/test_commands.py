import json

import pytest

from app.errors import NotFound
from app.notices.commands import contact
from tests.app.notices.telling import Telling


class Desk:
    """The command line over a county's data."""

    def __init__(self, county: Telling, capsys: pytest.CaptureFixture[str]) -> None:
        self._settings, self._capsys = county.town.settings, capsys

    def run(self, *words: str) -> str:
        where = ("--data", str(self._settings.data), "--database-url", self._settings.url)
        contact([*words, *where], exit_on_error=False, print_error=False, result_action="return_value")
        return self._capsys.readouterr().out


@pytest.fixture
def desk(county: Telling, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(county, capsys)


def test_a_contact_comes_and_goes(desk: Desk, county: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    out = desk.run("add", "coop", "--webhook", "https://example.com/in")
    assert "whsec_" in out
    (one,) = json.loads(desk.run("list", "--json"))
    assert (one["party"]["name"], one["address"], one["last"]["state"]) == ("coop", "https://example.com/in", "waiting")
    assert all(word in desk.run("list", "coop") for word in ("网络接口", "https://example.com/in", "待发送"))
    assert json.loads(desk.run("list", county.party("shop"), "--json")) == []
    desk.run("remove", one["contact_id"])
    assert json.loads(desk.run("list", "--json")) == []


def test_what_is_wrong_is_said(desk: Desk) -> None:
    with pytest.raises(NotFound, match="party-name"):
        desk.run("add", "nobody", "--webhook", "https://example.com/in")
    with pytest.raises(NotFound, match="no-contact"):
        desk.run("remove", "x")
    for both in ((), ("--webhook", "https://example.com/in", "--email", "a@example.com")):
        with pytest.raises(SystemExit, match="--webhook"):
            desk.run("add", "coop", *both)
