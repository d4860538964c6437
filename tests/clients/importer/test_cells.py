"""What cells say: one reading or none."""

import contextlib
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.importer import cells
from clients.importer.problems import BadCell
from clients.importer.sheet import Spoiled
from ledger.records.shapes import Day, Quantity, Reading

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(DAYS)
def test_every_style_gives_back_its_day(day: date) -> None:
    y, m, d = day.year, day.month, day.day
    serial = str((day - date(1899, 12, 30)).days)
    for said, styles in (
        (f"{y}-{m:02}-{d:02}", ()),
        (f"{y}/{m}/{d}", ()),
        (f"{y}.{m}.{d}", ()),
        (f"{y}年{m}月{d}日", ()),
        (f"{y}{m:02}{d:02}", ()),
        (f"{m}/{d}/{y % 100:02}", ("m/d/y",)),
        (f"{m:02}/{d:02}/{y}", ("m/d/y",)),
        (f"{d}/{m}/{y}", ("d/m/y",)),
        (f"{y % 100:02}{m:02}{d:02}", ("yymmdd",)),
        (serial, ("excel",)),
    ):
        assert cells.day(said, styles) == day
        Day().check(cells.day(said, styles).isoformat(), "")


def test_a_sheet_may_have_two_styles() -> None:
    styles = ("m/d/y", "yymmdd")
    assert cells.day("7/18/23", styles) == cells.day("230718", styles) == date(2023, 7, 18)


@pytest.mark.parametrize(
    ("said", "styles"),
    [
        ("7/18/23", ()),  # could be read in two ways
        ("230712", ()),
        ("45123", ()),
        ("18/7/23", ("m/d/y",)),
        ("230700", ("yymmdd",)),  # no day
        ("230231", ("yymmdd",)),
        ("2023-02-29", ()),
        ("2023-7/18", ()),
        ("2023-13-01", ()),
        ("1969-12-31", ()),
        ("July 18", ("m/d/y",)),
        ("７月", ()),
        ("", ()),
    ],
)
def test_what_is_no_day_is_refused(said: str, styles: tuple[str, ...]) -> None:
    with pytest.raises(BadCell) as refused:
        cells.day(said, styles)
    assert refused.value.code == "cell-date"
    assert refused.value.params["has"] == said


@given(st.text(max_size=12))
def test_any_text_is_a_day_or_refused(said: str) -> None:
    with contextlib.suppress(BadCell):
        assert 1970 <= cells.day(said, ("m/d/y", "yymmdd", "excel")).year <= 9999


def test_full_width_digits_are_digits() -> None:
    assert cells.day("２０２３年７月１８日") == date(2023, 7, 18)
    assert cells.quantity("１２．５ｋｇ") == {"unit": "kg", "value": "12.5"}


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("7/18/23", "2023-07-18T04:00:00Z"),  # noon in Shanghai, the same day in UTC
        (date(2023, 7, 18), "2023-07-18T04:00:00Z"),
        (datetime(2023, 7, 18, 6, 30), "2023-07-17T22:30:00Z"),  # noqa: DTZ001 - as a spreadsheet has it
        ("2023-07-18 06:30", "2023-07-17T22:30:00Z"),
        ("2023年7月18日 06:30:15", "2023-07-17T22:30:15Z"),
        ("2023-07-18T06:30:00Z", "2023-07-18T06:30:00Z"),
        ("2023-07-18T06:30:00-07:00", "2023-07-18T13:30:00Z"),
    ],
)
def test_a_moment_is_by_the_clocks_of_its_zone(cell: str | date, wanted: str) -> None:
    assert cells.moment(cell, SHANGHAI, ("m/d/y",)) == wanted


@pytest.mark.parametrize("said", ["2023-07-18 24:01", "2023-07-18 06:60", "2023-07-18T99:99:00Z", "noon"])
def test_no_such_hour(said: str) -> None:
    with pytest.raises(BadCell):
        cells.moment(said, SHANGHAI)


@given(DAYS, st.timedeltas(timedelta(0), timedelta(hours=23, minutes=59)))
def test_a_date_cell_and_its_text_are_one_moment(day: date, time: timedelta) -> None:
    cell = datetime(day.year, day.month, day.day) + timedelta(seconds=int(time.total_seconds()))  # noqa: DTZ001
    assert cells.moment(cell, SHANGHAI) == cells.moment(f"{cell:%Y-%m-%d %H:%M:%S}", SHANGHAI)


@pytest.mark.parametrize(
    ("said", "unit", "wanted"),
    [
        ("20 CS", "", ("20", "CS")),
        ("20CS", "", ("20", "CS")),
        ("100", "Bags", ("100", "BG")),
        ("20", "Cases", ("20", "CS")),
        ("1,250.50 kg", "", ("1250.5", "kg")),
        ("3斤", "", ("1.5", "kg")),
        ("12 箱", "", ("12", "box")),
        ("007", "EA", ("7", "EA")),
        ("5 LB.", "", ("5", "LB")),
        ("0.000001", "t", ("0.000001", "t")),
        ("20 kg", "CS", ("20", "kg")),  # its own unit is the nearer one
    ],
)
def test_a_quantity_and_its_unit(said: str, unit: str, wanted: tuple[str, str]) -> None:
    found = cells.quantity(said, unit)
    assert (found["value"], found["unit"]) == wanted
    Quantity().check({**found}, "")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("0 CS", "cell-quantity"),
        ("-5 kg", "cell-quantity"),
        ("1,25 kg", "cell-quantity"),  # a decimal comma is not guessed at
        ("1.250,5 kg", "cell-quantity"),
        ("12,5000 kg", "cell-quantity"),
        ("1e3 kg", "cell-unit!"),
        ("1.0000001 kg", "cell-quantity"),
        ("1234567890 kg", "cell-quantity"),
        ("many", "cell-quantity"),
        ("20", "cell-no-unit"),
        ("20 大筐", "cell-unit"),
        ("20 CS / 10 kg", "cell-unit"),
        ("20 packages!", "cell-unit"),
    ],
)
def test_what_is_no_quantity_is_refused(said: str, code: str) -> None:
    if code.endswith("!"):
        # Not a number that is guessed at: the unit would be "e3 kg".
        code = code[:-1]
    with pytest.raises(BadCell) as refused:
        cells.quantity(said)
    assert refused.value.code == code


@given(st.decimals("0.000001", "999999999", places=6), st.sampled_from(["kg", " CS", "公斤"]))
def test_any_amount_is_kept_exactly(value: Decimal, unit: str) -> None:
    found = cells.quantity(f"{value}{unit}")
    assert Decimal(found["value"]) == value
    Quantity().check({**found}, "")


@given(st.text(max_size=16), st.sampled_from(["", "CS"]))
def test_any_text_is_a_quantity_or_refused(said: str, unit: str) -> None:
    try:
        found = cells.quantity(said, unit)
    except BadCell:
        return
    Quantity().check(json.loads(json.dumps(found)), "")


@pytest.mark.parametrize(
    ("said", "value"), [("-18 °C", "-18"), ("4℃", "4"), ("−2.5 C", "-2.5"), ("0 C", "0"), ("-0 C", "0")]
)
def test_a_reading_may_be_below_zero(said: str, value: str) -> None:
    found = cells.reading(said)
    assert found == {"unit": "C", "value": value}
    Reading().check({**found}, "")


def test_totals_add_up_exactly() -> None:
    amounts = [cells.quantity(said) for said in ("0.1 kg", "0.2 kg", "3斤")]
    assert cells.total(amounts) == {"unit": "kg", "value": "1.8"}


def test_words() -> None:
    options = {"spoiled": ("腐坏", "spoiled"), "other": ("其他", "other")}
    assert cells.choice("腐坏", options) == cells.choice(" Spoiled", options) == "spoiled"
    with pytest.raises(BadCell, match="cell-choice"):
        cells.choice("lost", options)
    assert cells.flag("是") is True
    assert cells.flag("No") is False
    with pytest.raises(BadCell, match="cell-flag"):
        cells.flag("maybe")
    assert cells.whole("14") == 14
    for said in ("1.5", "-1", "", "x"):
        with pytest.raises(BadCell, match="cell-whole"):
            cells.whole(said)


def test_a_spoiled_cell_says_why_where_it_is_needed() -> None:
    with pytest.raises(BadCell, match="cell-formula"):
        cells.text(Spoiled("cell-formula", "=A1"))
