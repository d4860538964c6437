"""How long a record is kept: by the table, by whose it is and what it is about; never shorter for a slip or a trick."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.erasure import retention
from app.erasure.retention import About, Keep, Rules, best_before, months_after, read
from app.errors import ServiceError
from ledger.records import ATTACHING, KINDS, ROLES, SEALED
from ledger.records.registry import SIDES
from tests.world import county

TODAY = date(2026, 11, 1)
DAY = date(2026, 3, 1)


def about(kind: str, *roles: str, **more: Any) -> About:
    return About(kind, DAY, frozenset(roles), **more)


def until(kind: str, *roles: str, **more: Any) -> date:
    kept = read().kept(about(kind, *roles, **more), TODAY)
    assert kept is not None
    return kept.until


def test_the_table_that_is_shipped_is_sound_and_says_that_it_is_none_to_rely_on() -> None:
    rules = read()
    assert rules.demonstration
    known = {kind.name for kind in KINDS.values() if kind.stage != "registry"}
    # A correction is kept like what it corrects; of everything else the table says how long.
    assert {kind for rule in rules.keep for kind in rule.kinds} == known - {"correct"}
    for rule in rules.keep:
        assert rule.source
        assert rule.months > 0
        assert (rule.else_months > 0) == rule.shelf_life
        assert set(rule.roles) <= ROLES.keys()
        assert set(rule.sides) <= SIDES.keys()
        named = {field for kind in rule.kinds for field in KINDS[kind].by_name}
        assert set(rule.fields) <= named & (SEALED.keys() | ATTACHING)
    assert {field for rule in rules.erase for field in rule.fields} <= SEALED.keys()
    # A place's position is wanted as long as the place is: no time of a record's ends it.
    assert rules.kept(about("place.add", "farm"), TODAY) is None


def test_a_table_with_a_slip_in_it_is_refused(tmp_path: Path) -> None:
    assert read(tmp_path) == read()
    for slip in (retention.RULES.read_text().replace("months = 6\n", "month = 6\n"), "keep = ["):
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
    ("kind", "roles", "more", "then"),
    [
        # production and inputs: two years
        ("apply", ("farm",), {}, date(2028, 3, 1)),
        ("treat", ("farm",), {}, date(2028, 3, 1)),
        # whoever makes and trades food: shelf life and six months, two years without one
        ("receive", ("warehouse",), {"ends": (None,)}, date(2028, 3, 1)),
        ("receive", ("warehouse",), {"ends": (date(2030, 1, 1),)}, date(2030, 7, 1)),
        ("receive", ("processor",), {"ends": (date(2026, 4, 1),)}, date(2026, 10, 1)),
        # a seller of produce: six months; of food like any trader of it
        ("receive", ("shop",), {}, date(2026, 9, 1)),
        ("receive", ("shop",), {"food": True, "ends": (None,)}, date(2028, 3, 1)),
        ("receive", ("shop",), {"food": True, "ends": (date(2027, 1, 1),)}, date(2027, 7, 1)),
        ("sell", ("shop",), {}, date(2026, 9, 1)),
        # one that is both keeps as long as the longer of the two
        ("receive", ("shop", "processor"), {}, date(2028, 3, 1)),
        # certificates: six months; a laboratory's reports six years
        ("certify", ("farm",), {}, date(2026, 9, 1)),
        ("test", ("farm",), {}, date(2028, 3, 1)),
        ("test", ("lab",), {}, date(2032, 3, 1)),
    ],
)
def test_how_long(kind: str, roles: tuple[str, ...], more: dict[str, Any], then: date) -> None:
    assert until(kind, *roles, **more) == then


def test_who_has_no_role_that_is_named_keeps_longest() -> None:
    assert until("receive") == until("receive", "operator") == date(2028, 3, 1)
    assert until("apply", "shop") == date(2028, 3, 1)


@given(
    st.sets(st.sampled_from(sorted(ROLES))),
    st.sampled_from(sorted(ROLES)),
    st.booleans(),
    st.sampled_from(sorted(SIDES)),
)
def test_another_role_never_shortens_it(roles: set[str], more: str, food: bool, side: str) -> None:
    """Save where it is the first that any rule names: then that rule stands in for all of them."""
    for rule in read().keep:
        named = {role for one in read().keep if rule.kinds[0] in one.kinds for role in one.roles}
        if not named or roles & named:
            before = until(rule.kinds[0], *roles, food=food, side=side, ends=(None,))
            assert before <= until(rule.kinds[0], *roles, more, food=food, side=side, ends=(None,))


def test_the_newest_rule_in_force_counts() -> None:
    old = Keep(["sell"], 6, date(2015, 10, 1), "old")
    new = Keep(["sell"], 3, date(2026, 6, 1), "new")
    future = Keep(["sell"], 99, date(2027, 1, 1), "future")
    rules = Rules(True, [new, old, future], [])
    for today, source in ((date(2026, 5, 31), "old"), (date(2026, 6, 1), "new"), (date(2027, 1, 1), "future")):
        kept = rules.kept(about("sell"), today)
        assert kept is not None
        assert kept.source == source
    assert rules.kept(about("sell"), date(2015, 9, 30)) is None
    later = Rules(True, [old], [msgspec.structs.replace(read().erase[0], since=date(2999, 1, 1))])
    assert later.personal(TODAY) == {}
    assert read().personal(TODAY).keys() == set(read().erase[0].fields)


def test_only_what_the_duty_is_about_has_to_stay() -> None:
    """A farmer's telephone number may go at once from who buys under the agriculture side, not from a shop's books."""
    rules = read()
    buyer = rules.kept(about("intake", "processor", side="agriculture"), TODAY)
    factory = rules.kept(about("intake", "processor", side="market"), TODAY)
    shop = rules.kept(about("intake", "shop", side="market"), TODAY)
    assert buyer
    assert factory
    assert shop
    assert buyer.field("supplier_contact") is None
    assert buyer.field("papers") == (date(2028, 3, 1), buyer.source)
    assert buyer.field("new.papers") == buyer.field("papers")
    assert (factory.field("supplier_contact") or ())[0] == date(2028, 3, 1)
    assert (shop.field("supplier_contact") or ())[0] == date(2026, 9, 1)
    assert shop.field("person") is None


def test_shelf_life_counts_where_it_is_stated() -> None:
    world = county()
    world.add_product("jam", "coop", shelf_life=365)
    rule = next(rule for rule in read().keep if rule.kinds == ["process"])

    def then(*outputs: dict[str, object]) -> date:
        return rule.day(DAY, [best_before(output, DAY, world.registry) for output in outputs])

    sauce, jam = world.output("sauce", "1"), world.output("jam", "1")
    assert then({**sauce, "best_before": "2027-01-31"}) == date(2027, 7, 31)
    assert then(jam) == date(2027, 9, 1)
    assert then({**sauce, "best_before": "2027-01-31"}, jam) == date(2027, 9, 1)
    assert then(sauce) == then() == date(2028, 3, 1)
    assert then(sauce, {**jam, "best_before": "2030-01-01"}) == date(2030, 7, 1), "the longer of the two"
    assert then({**sauce, "best_before": "9999-12-31"}) == date.max
    assert best_before({"name": "吡虫啉", "expires": "2027-01-31"}, DAY, world.registry) == date(2027, 1, 31)
