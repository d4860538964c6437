"""Amounts: exact, whatever the unit; factors only where they are stated."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batches.amounts import from_micro, in_unit, to_micro, unit_of
from ledger.errors import Malformed
from tests.world import kg

BOXED = {"base_unit": "kg", "factors": [{"unit": "box", "factor": kg("12.5")}, {"unit": "g", "factor": kg("0.001")}]}


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("0", 0),
        ("1", 1_000_000),
        ("1250.5", 1_250_500_000),
        ("0.000001", 1),
        ("-18.5", -18_500_000),
        ("-0.5", -500_000),
    ],
)
def test_decimals_are_whole_millionths(text: str, micro: int) -> None:
    assert to_micro(text) == micro
    assert from_micro(micro) == text


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_there_and_back(micro: int) -> None:
    assert to_micro(from_micro(micro)) == micro
    assert Fraction(from_micro(micro)) == Fraction(micro, 10**6)


@pytest.mark.parametrize(
    ("value", "unit", "micro"), [("2", "kg", 2_000_000), ("3", "box", 37_500_000), ("1.5", "g", 1_500)]
)
def test_units_convert_by_the_stated_factor(value: str, unit: str, micro: int) -> None:
    assert in_unit(kg(value, unit), "kg", BOXED, "body.quantity") == micro


@pytest.mark.parametrize(
    ("quantity", "code", "path"),
    [
        (kg("1", "CS"), "unit", "q.unit"),
        (kg("0.0001", "g"), "unit-part", "q.value"),
        (kg("999999999", "box"), "unit-most", "q.value"),
    ],
)
def test_units_that_do_not_convert(quantity: dict[str, str], code: str, path: str) -> None:
    with pytest.raises(Malformed) as refused:
        in_unit(quantity, "kg", BOXED, "q")
    assert (refused.value.code, refused.value.params["path"]) == (code, path)


def test_without_a_factor_the_unit_is_its_own() -> None:
    assert unit_of(kg("1", "box"), BOXED) == "kg"
    assert unit_of(kg("1", "CS"), BOXED) == "CS"
    assert unit_of(kg("1", "CS"), None) == "CS"
