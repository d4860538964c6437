"""A batch's whole record in one file: each field by its audience, nothing a spreadsheet would run, as of a past day."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from ledger.canonical import Json
from ledger.identity import ChainId, mark
from tests.app.town import PASSWORD, settle
from tests.app.visiting import Visitor, visiting
from tests.world import World, county, harvested, kg, planted

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
RISKY = "=HYPERLINK(1)"


@pytest.fixture
def world() -> World:
    return county()


@pytest.fixture
def lot(world: World) -> ChainId:
    lot = harvested(world, planted(world))
    goods: list[Json] = [{"batch": lot, "quantity": kg("500")}]
    body: dict[str, Json] = {"goods": goods, "receiver": world.parties["coop"]}
    sealed: dict[str, Json] = {"plate": "川A·12345", "note": RISKY, "person": "-王五"}
    shipped = world.state("ship", "farm", body, [lot], sealed)
    right: dict[str, Json] = {"planned_arrival": "2026-03-02T00:00:00Z"}
    world.state("correct", "farm", {"statement": shipped.hash, "reason": "@补", "new": right}, [lot])
    return lot


@pytest.fixture
def visitor(tmp_path: Path, database_url: str, world: World, lot: ChainId) -> Iterator[Visitor]:
    town = settle(tmp_path / "data", database_url, world=world)
    town.engine.dispose()
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def table(visitor: Visitor, lot: ChainId, query: str = "") -> list[dict[str, str]]:
    answer = visitor.get(f"/v1/batches/{mark(lot)}/record.csv{query}", {})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="record-')
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))]


def test_a_table_for_anyone(visitor: Visitor, lot: ChainId) -> None:
    rows = table(visitor, lot)
    assert {row["记录种类"] for row in rows} >= {"种植", "采收出栏", "发货", "更正"}
    said = {(row["记录种类"], row["项目"]): row["内容"] for row in rows}
    assert said["发货", "收货方"] == "coop"
    assert "500 公斤" in said["发货", "货物"]
    assert said["发货", "车牌号"] == "（封存）"
    assert said["更正", "更正后 › 预计到达"] == "2026-03-02 08:00:00"
    assert {row["记录状态"] for row in rows if row["记录种类"] == "发货"} == {"已更正"}
    assert {row["距本批步数"] for row in rows if row["记录种类"] == "种植"} == {"1"}


def test_no_cell_begins_a_formula(visitor: Visitor, lot: ChainId) -> None:
    visitor.sign_in("li.na", PASSWORD)
    rows = table(visitor, lot)
    cells = {cell for row in rows for cell in row.values()}
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {f"'{RISKY}", "'-王五", "'@补"} <= cells


def test_what_is_sealed_is_for_those_who_may(visitor: Visitor, lot: ChainId) -> None:
    for form in ("csv", "json"):
        answer = visitor.get(f"/v1/batches/{lot}/record.{form}", {})
        assert "川A" not in answer.text
        assert "no-cache" in answer.headers["cache-control"]
    visitor.sign_in("li.na", PASSWORD)
    for form in ("csv", "json"):
        answer = visitor.get(f"/v1/batches/{lot}/record.{form}", {})
        assert "川A·12345" in answer.text
        assert "no-store" in answer.headers["cache-control"]
    (row,) = [row for row in table(visitor, lot) if row["项目"] == "车牌号"]
    assert (row["内容"], row["可见范围"]) == ("川A·12345", "监管")


def test_in_english(visitor: Visitor, lot: ChainId) -> None:
    rows = table(visitor, lot, "?lang=en")
    assert {"shipment", "harvest"} <= {row["kind of record"] for row in rows}


def test_the_whole_of_it(visitor: Visitor, world: World, lot: ChainId) -> None:
    whole: dict[str, Any] = visitor.get(f"/v1/batches/{lot}/record.json", {}).json()
    assert (whole["log"], whole["size"]) == (world.log, len(world.entries))
    assert whole["checkpoint"].startswith(world.log)
    assert whole["batch"]["chain"] == lot
    assert [told["event"]["kind"] for told in whole["story"]] == ["plant", "harvest", "ship", "correct"]
    assert {row["account"] for row in whole["holdings"]} == {"held", "transit"}


def test_as_it_stood_before_it_was_corrected(visitor: Visitor, world: World, lot: ChainId) -> None:
    shipped = next(one for one in world.statements if one.kind == "ship")
    before = world.first[shipped.hash]
    whole = visitor.get(f"/v1/batches/{lot}/record.json?as_of={before}", {}).json()
    assert [told["event"]["kind"] for told in whole["story"]] == ["plant", "harvest", "ship"]
    assert whole["story"][-1]["event"]["corrected_by"] == []
    assert "planned_arrival" not in whole["story"][-1]["event"]["effective"]
    assert {row["记录状态"] for row in table(visitor, lot, f"?as_of={before}") if row["记录种类"] == "发货"} == {""}
    whole = visitor.get(f"/v1/batches/{lot}/record.json?as_of={before - 1}", {}).json()
    assert [row["account"] for row in whole["holdings"]] == ["held"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("{lot}/record.pdf", 404), ("{lot}/record.csv?as_of=then", 422), ("{lot}/record.json?as_of=0", 404)],
)
def test_what_is_refused(visitor: Visitor, lot: ChainId, path: str, status: int) -> None:
    assert visitor.get(f"/v1/batches/{path.format(lot=lot)}", {}).status_code == status
