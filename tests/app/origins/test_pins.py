"""The pins of other logs: brought by the operator, one for each log."""

from pathlib import Path

import pytest

from app.errors import Conflict, NotFound, ServiceError
from app.origins import commands
from app.origins.pins import add_pin, read_pin, read_pins
from ledger.policy import Pin
from tests.app.seeding import seed
from tests.bundles import pin_of
from tests.conformance.town import town

THERE = "log.example.org/there"


@pytest.fixture
def pin() -> Pin:
    return pin_of(town(THERE))


def test_what_was_added_stands(tmp_path: Path, pin: Pin) -> None:
    assert read_pins(tmp_path) == {}
    path = add_pin(tmp_path, pin)
    other = pin_of(town("log.example.org/other"))
    add_pin(tmp_path, other)
    assert read_pins(tmp_path) == {THERE: pin, other.origin: other}
    assert add_pin(tmp_path, pin) == path, "the same again is no change"


def test_another_pin_of_the_same_log_is_refused_unless_it_is_meant(tmp_path: Path, pin: Pin) -> None:
    add_pin(tmp_path, pin)
    other = Pin(pin.policy, pin_of(town("log.example.org/other")).root)
    with pytest.raises(Conflict) as refused:
        add_pin(tmp_path, other)
    assert refused.value.code == "pin-there"
    assert read_pins(tmp_path) == {THERE: pin}
    add_pin(tmp_path, other, replace=True)
    assert read_pins(tmp_path) == {THERE: other}


def test_two_files_for_one_log_are_refused(tmp_path: Path, pin: Pin) -> None:
    path = add_pin(tmp_path, pin)
    path.with_name("again.json").write_text(pin.text())
    with pytest.raises(Conflict, match="pin-there"):
        read_pins(tmp_path)


def test_what_is_no_pin_is_named(tmp_path: Path, pin: Pin) -> None:
    path = add_pin(tmp_path, pin)
    for data in (b"{}", b"\xff", pin.text().encode()[:-1]):
        path.write_bytes(data)
        with pytest.raises(ServiceError) as refused:
            read_pins(tmp_path)
        assert (refused.value.code, refused.value.params["path"]) == ("pin-unreadable", str(path))
    with pytest.raises(NotFound):
        read_pin(tmp_path / "nothing.json")


def test_commands(tmp_path: Path, pin: Pin, capsys: pytest.CaptureFixture[str]) -> None:
    made = town()
    settings = seed(tmp_path / "var", made)
    given = tmp_path / "there.json"
    given.write_text(pin.text() + "\n")
    commands.list_(data=settings.data)
    assert "没有 · none" in capsys.readouterr().out
    commands.add(given, data=settings.data)
    assert THERE in capsys.readouterr().out
    commands.list_(data=settings.data, json=True)
    assert f'"root": "{pin.root}"' in capsys.readouterr().out
    with pytest.raises(Conflict, match="pin-here"):
        commands.add(settings.pin, data=settings.data)
    with pytest.raises(ServiceError, match="no-log"):
        commands.add(given, data=tmp_path)
