"""Values in words: every kind's fields can be said, in both languages, and ids are names or nothing."""

from typing import Any

import pytest

from app.parties.names import Name
from app.web.said import said
from ledger.records import KINDS
from ledger.records.shapes import Choice, Code, Flag, ListOf, Object, Quantity, Reading, Ref, Shape, Whole

PARTY = "A" * 43
NAMES = {PARTY: Name(PARTY, "青禾合作社", "Qinghe co-op")}


def when(text: str) -> str:
    return f"<{text}>"


def an_example(shape: Shape) -> Any:
    """A value of that shape; what it says does not matter here."""
    match shape:
        case Quantity() | Reading():
            return {"unit": "kg", "value": "1.5"}
        case ListOf():
            return [an_example(shape.item)]
        case Object():
            return {field.name: an_example(field.shape) for field in shape.fields}
        case Choice():
            return next(iter(shape.options))
        case Flag():
            return True
        case Whole():
            return 7
        case Ref() | Code():
            return PARTY
    return "2026-03-01"


@pytest.mark.parametrize("kind", sorted(kind for kind in KINDS if KINDS[kind].stage != "registry"))
def test_every_field_of_every_kind_is_said(kind: str) -> None:
    fields = KINDS[kind].fields
    values = {field.name: an_example(field.shape) for field in fields}
    for lang in ("zh", "en"):
        lines = said(kind, values, NAMES, lang, when)
        assert len(lines) == len(fields)
        assert all(label and words for label, words in lines)
        assert not any("{" in words for field, (_, words) in zip(fields, lines, strict=True) if field.name != "new")


def test_goods_are_said_by_their_quantity_and_parties_by_their_names() -> None:
    values = {
        "goods": [{"batch": "B" * 43, "quantity": {"unit": "kg", "value": "1200"}}],
        "receiver": PARTY,
        "planned_arrival": "2026-04-05T08:00:00Z",
        "temperature_range": {"low": {"unit": "C", "value": "-2"}, "high": {"unit": "C", "value": "4"}},
    }
    assert said("ship", values, NAMES, "zh", when) == [
        ("货物", "1200 公斤"),
        ("收货方", "青禾合作社"),
        ("要求温度", "-2 ℃ 至 4 ℃"),
        ("预计到达", "<2026-04-05T08:00:00Z>"),
    ]
    assert dict(said("ship", values, NAMES, "en", when))["Receiver"] == "Qinghe co-op"
    assert said("ship", values, {}, "zh", when, ["goods", "temperature_range", "planned_arrival"]) == []


def test_steps_are_named_without_the_time_of_day() -> None:
    steps = [
        {"name": "清洗", "start": "2026-04-06T00:00:00Z"},
        {"name": "熬煮", "temperature": {"unit": "C", "value": "95"}},
    ]
    assert said("process", {"steps": steps}, {}, "zh", when) == [("工序", "清洗；熬煮，95 ℃")]


def test_what_is_optional_in_a_line_is_labelled() -> None:
    line = {"product": PARTY, "quantity": {"unit": "kg", "value": "9"}, "lot": "L1", "best_before": "2027-01-01"}
    (made,) = said("process", {"outputs": [line]}, NAMES, "zh", when)
    assert made == ("产出批次", "青禾合作社，9 公斤，批号 L1，保质期至 <2027-01-01>")


def test_a_kind_from_the_future_is_said_as_it_stands() -> None:
    assert said("teleport", {"to": "厨房"}, {}, "zh", when) == [("to", "厨房")]
