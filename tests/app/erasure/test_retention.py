"""When the time of a personal field has come: by the table, never by a time that a signer stated too early."""

from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from app.erasure import retention
from app.erasure.retention import Rules, due, months_after, read, until
from app.errors import ServiceError
from ledger.records import KINDS, SEALED
from ledger.registry import Registry
from tests.app.erasure.conftest import Named
from tests.app.seeding import LOG_ID
from tests.world import county

DAY = 24 * 3600


def ms(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY * 1000


def test_the_table_that_is_shipped_is_sound_and_says_that_it_is_none_to_rely_on() -> None:
    rules = read()
    assert rules.demonstration
    kinds = [kind for rule in rules.keep for kind in rule.kinds]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) <= KINDS.keys()
    assert all(rule.source and rule.months > 0 and (rule.else_months > 0) == rule.shelf_life for rule in rules.keep)
    assert {field for rule in rules.erase for field in rule.fields} <= SEALED.keys()
    # A place's position is wanted as long as the place is: no time of a record's ends it.
    assert rules.of_kind("place.add") is None


def test_a_table_with_a_slip_in_it_is_refused(tmp_path: Path) -> None:
    assert read(tmp_path) == read()
    for slip in (retention.RULES.read_text().replace("months = 6\nsince", "month = 6\nsince"), "keep = ["):
        (tmp_path / "retention.toml").write_text(slip)
        with pytest.raises(ServiceError, match="settings"):
            read(tmp_path)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2024, 2, 29), 24, date(2026, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(9999, 8, 1), 6, date.max),
    ],
)
def test_months(day: date, months: int, then: date) -> None:
    assert months_after(day, months) == then


@given(st.dates(max_value=date(9990, 1, 1)), st.integers(1, 60))
def test_later_is_later(day: date, months: int) -> None:
    assert day < months_after(day, months)
    assert months_after(day, months) <= months_after(day, months + 1)


@pytest.mark.parametrize(
    ("received", "then"),
    [(date(2026, 3, 1), date(2028, 3, 1)), (date(2026, 9, 9), date(2028, 9, 9)), (date(2020, 1, 1), date(2028, 3, 1))],
)
def test_neither_clock_shortens_it(received: date, then: date) -> None:
    world = county()
    plant = world.statement("plant", "farm", {"outputs": [world.output("tomato", "1")]}, at="2026-03-01T23:00:00Z")
    rule = read().of_kind("plant")
    assert rule
    assert until(plant, rule, world.registry, ms(received)) == then


def test_shelf_life_counts_where_it_is_stated() -> None:
    world = county()
    world.add_product("jam", "coop", shelf_life=365)
    rule = read().of_kind("process")
    assert rule
    received = ms(date(2026, 3, 1))

    def then(*outputs: dict[str, object]) -> date:
        body = {"inputs": [{"batch": "A" * 43}], "outputs": [*outputs]}
        statement = world.statement("process", "coop", body, ["A" * 43], at="2026-03-01T00:00:00Z")  # type: ignore[arg-type, list-item]
        return until(statement, rule, world.registry, received)

    sauce, jam = world.output("sauce", "1"), world.output("jam", "1")
    assert then({**sauce, "best_before": "2027-01-31"}) == date(2027, 7, 31)
    assert then(jam) == date(2027, 9, 1)
    assert then({**sauce, "best_before": "2027-01-31"}, jam) == date(2027, 9, 1)
    assert then(sauce) == date(2028, 3, 1)
    assert then(sauce, {**jam, "best_before": "2030-01-01"}) == date(2030, 7, 1), "the longer of the two"
    assert then({**sauce, "best_before": "9999-12-31"}) == date.max


def found(connection: Connection, named: Named, today: date, rules: Rules | None = None) -> list[tuple[int, str]]:
    registry: Registry = named.world.registry
    some = due(connection, LOG_ID, registry, rules or read(), today)
    return [(one.wanted.first_index, one.wanted.field) for one in some]


def test_what_is_due(named: Named, monkeypatch: pytest.MonkeyPatch) -> None:
    with named.engine.connect() as connection:
        received = connection.execute(text("SELECT min(received) FROM entries")).scalar_one()
        day = date.fromordinal(date(1970, 1, 1).toordinal() + received // 86_400_000)
        assert found(connection, named, day) == []
        everything = found(connection, named, months_after(day, 25))
        intake = named.world.first[named.intake.hash]
        assert [field for index, field in everything if index == intake] == ["person", "supplier", "supplier_contact"]
        assert {field for _, field in everything} == {"person", "supplier", "supplier_contact"}
        assert len(everything) == 43
        monkeypatch.setattr(retention, "PAGE", 4)
        assert found(connection, named, months_after(day, 25)) == everything
        monkeypatch.setattr(retention, "PAGE", 43)
        assert found(connection, named, months_after(day, 25)) == everything
        later = msgspec.structs.replace(
            read(), erase=[msgspec.structs.replace(read().erase[0], since=date(2999, 1, 1))]
        )
        assert found(connection, named, months_after(day, 25), later) == []


def test_the_place_of_a_plot_is_never_due(named: Named) -> None:
    with named.engine.connect() as connection:
        assert "position" not in {field for _, field in found(connection, named, date(2999, 1, 1))}
