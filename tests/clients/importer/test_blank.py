"""A sheet for every kind, drawn from the table: every flat field has a column, and a row of them is the record."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clients.commands import Options
from clients.importer import blank, importing, rows, sheet
from clients.importer import mapping as mappings
from clients.importer.commands import blank_sheet
from clients.importer.events import Event, PartyName, PlaceName
from clients.importer.problems import BadSheet
from clients.importer.sources import placed
from ledger import records
from ledger.errors import Malformed
from ledger.identity import trace_code
from ledger.records.shapes import ListOf, Object
from tests.examples import Example, examples
from tests.world import county, harvested, planted

HERE = ZoneInfo("Asia/Shanghai")
KINDS = [kind for kind in records.KINDS.values() if kind.stage != "registry"]
WORLD = county()
PLANTING = planted(WORLD)
LOT = harvested(WORLD, PLANTING)
TABLE = examples(WORLD, PLANTING, LOT)
CODE = trace_code(LOT)


def read(tmp_path: Path, kind: records.Kind, *filled: dict[str, str]) -> rows.Read:
    """The events of rows, given as what stands under each head."""
    heads = list(dict.fromkeys(head for row in filled for head in row))
    written = io.StringIO()
    writer = csv.DictWriter(written, heads)
    writer.writeheader()
    writer.writerows(filled)
    path = tmp_path / f"{kind.name}.csv"
    path.write_text(written.getvalue(), "utf-8")
    table, events = importing.read_sheet(path, None, HERE)
    assert table.name == kind.zh
    return events


def under(kind: records.Kind, column: blank.Column, values: dict[str, Any]) -> str:
    """What a clerk writes under a head to say what the example says."""
    match column.to:
        case ("at",):
            return "2026-03-02 09:30"
        case ("batch", "on", "code"):
            return CODE
        case ("batch", table, "own_code") if table in values:
            return "T-1"
        case ("batch", table, "product") if table in values:
            return "番茄"
        case ("batch", table, "lot") if table in values:
            return "L1"
        case ("batch", table, key) if table in values:
            return "" if key in ("code", "gtin", "unit") else cell(values[table][0].get(key))
        case ("field", name):
            return cell(values.get(name))
        case ("field", name, inner):
            value = values.get(name, {})
            return cell((value[0] if isinstance(value, list) else value).get(inner))
    return ""


def cell(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict):
        return f"{value['value']} {value['unit']}"
    return "、".join(value) if isinstance(value, list) else "" if value is None else str(value)


def said(value: Any) -> Any:
    return value.name if isinstance(value, PartyName | PlaceName) else value


def expected(kind: records.Kind, example: Example) -> Iterator[tuple[str, Any]]:
    for name, value in {**example.body, **example.sealed}.items():
        shape: Any = kind.by_name[name].shape
        if name in mappings.BATCHES or name in records.ATTACHING:
            continue
        # A row holds one item of a list; the next stands in a row of its own.
        several = isinstance(shape, ListOf) and isinstance(shape.item, Object)
        yield name, value[:1] if several and isinstance(value, list) else value


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_row_says_all_that_a_record_says(kind: records.Kind, tmp_path: Path) -> None:
    example = TABLE[kind.name]
    values = {**example.body, **example.sealed}
    filled = {column.head: under(kind, column, values) for column in blank.columns(kind)}
    found = read(tmp_path, kind, filled)
    assert found.problems == ()
    (event,) = found.events
    assert event.at == "2026-03-02T01:30:00Z"
    assert {name: said(value) for name, value in event.fields.items()} == dict(expected(kind, example))
    for item in event.items:
        if item.table != "on":
            wanted = values[item.table][0]
            assert item.quantity == wanted.get("quantity")
            assert item.more == {k: v for k, v in wanted.items() if k not in ("batch", "product", "lot", "quantity")}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_heads_are_told_apart_and_known_again(kind: records.Kind) -> None:
    listed = blank.columns(kind)
    heads = [column.head for column in listed]
    assert len(set(map(sheet.fold, heads))) == len(heads)
    assert all(column.help_zh and column.help_en for column in listed)
    known = blank.recognise(frozenset(map(sheet.fold, heads)))
    assert known is not None
    assert known.kind is kind
    assert set(known.columns) == set(heads)
    assert next(csv.reader(io.StringIO(blank.text(kind).removeprefix("\ufeff")))) == heads


def test_other_sheets_are_not_taken_for_these() -> None:
    assert blank.recognise({"date", "what"}) is None
    assert all(blank.recognise(frozenset(map(sheet.fold, one.columns))) is None for one in mappings.built_in())


def test_columns_may_be_taken_out_but_not_those_that_must_be_there(tmp_path: Path) -> None:
    sell, observe = records.KINDS["sell"], records.KINDS["observe"]
    found = read(tmp_path, observe, {"田间观察 时间": "2026-03-02", "批次 追溯码": CODE, "天气": "晴"})
    (event,) = found.events
    assert (event.fields, [item.code for item in event.items]) == ({"weather": "晴"}, [CODE])
    with pytest.raises(BadSheet, match="sheet-columns"):
        read(tmp_path, sell, {"销售 时间": "2026-03-02", "货物 追溯码": CODE, "货物 数量": "1 kg"})
    with pytest.raises(BadSheet, match="sheet-columns"):
        read(tmp_path, observe, {"田间观察 时间": "2026-03-02", "批次 批号": "L1", "天气": "晴"})


def test_rows_that_belong_together_are_one_record(tmp_path: Path) -> None:
    test = records.KINDS["test"]
    row = {"检测 时间": "2026-03-02", "批次 追溯码": CODE, "样品编号": "Y1", "检测类型": "定量", "结论": "合格"}
    items = [{"检测项目 项目": name, "检测项目 检测值": "未检出", blank.TOGETHER: "Y1"} for name in ("镉", "铅")]
    (event,) = read(tmp_path, test, *({**row, **item} for item in items)).events
    assert [item["analyte"] for item in event.fields["items"]] == ["镉", "铅"]
    assert len(event.items) == 1


def test_two_rounds_of_one_day_are_two_records(tmp_path: Path) -> None:
    observe = records.KINDS["observe"]
    day = {"田间观察 时间": "2026-03-02", "批次 追溯码": CODE}
    first, second, again = (
        placed(name, read(tmp_path, observe, {**day, "天气": weather}).events)[0]
        for name, weather in (("a.csv", "晴"), ("b.csv", "大雨"), ("c.csv", "晴"))
    )
    assert first.key == again.key != second.key


def test_an_input_that_is_not_named_needs_no_quantity(tmp_path: Path) -> None:
    """A field still growing goes into a harvest whole."""
    harvest = records.KINDS["harvest"]
    row = {"采收出栏 时间": "2026-03-02", "原料批次 追溯码": CODE, "原料批次 数量": "", "产出批次 货号": "T-1"}
    found: tuple[Event, ...] = read(tmp_path, harvest, {**row, "产出批次 数量": "10 kg"}).events
    assert [(item.table, item.quantity) for item in found[0].items] == [
        ("inputs", None),
        ("outputs", {"unit": "kg", "value": "10"}),
    ]


def test_the_command_writes_the_sheet_and_says_what_belongs_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert blank_sheet("apply", output=tmp_path / "spraying.csv") == 0
    told = capsys.readouterr().out
    assert "* 用药施肥 时间" in told
    assert "照标签上的“安全间隔期”抄" in told
    assert (tmp_path / "spraying.csv").read_text("utf-8-sig").startswith("用药施肥 时间,")
    assert blank_sheet("sell", options=Options(json=True, lang="en")) == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert columns[0] == {"head": "销售 时间", "help": "when, such as 2026-07-20 or 2026-07-20 09:30", "required": True}
    for name in ("fly", "party.register"):
        with pytest.raises(Malformed, match="kind"):
            blank_sheet(name)
