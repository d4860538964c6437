"""Rows read as events; each trap of the published sheets by name, and every sort of bad row."""

import csv
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clients.importer import mapping, rows, sheet
from clients.importer.events import Event, PartyName, PlaceName
from clients.importer.problems import BadSheet
from clients.importer.rows import Read
from ledger.identity import ChainId, grouped, trace_code
from tests.clients.importer.test_sheet import workbook

SHANGHAI = ZoneInfo("Asia/Shanghai")
INTAKE = """
kind = "intake"
at = "date"
[outputs]
gtin = { column = "gtin" }
own_code = "code"
product = "name"
lot = "lot"
quantity = "quantity"
best_before = "best"
[fields]
supplier = "supplier"
"""
HEADS = "date,gtin,code,name,lot,quantity,best,supplier\n"


def pti(samples: Path, name: str) -> Read:
    table = sheet.read(samples / "pti" / f"{name}.csv").table()
    found = mapping.recognise(frozenset(table.heads))
    assert found is not None
    return rows.read(table, found, SHANGHAI)


def read(tmp_path: Path, text: str, form: str = INTAKE) -> Read:
    (tmp_path / "a.csv").write_text(text, "utf-8")
    return rows.read(sheet.read(tmp_path / "a.csv").table(), mapping.parse(form), SHANGHAI)


def refs(event: Event) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in event.fields["refs"]:
        found.setdefault(one["type"], []).append(one["number"])
    return found


# --- the published sheets, as they are ---------------------------------------------------------------------------


def test_receiving(samples: Path) -> None:
    read = pti(samples, "receiving")
    assert read.problems == ()
    assert [event.lines for event in read.events] == [(2,), (3,), (4,), (5,)]
    first = read.events[0]
    (item,) = first.items
    assert item.product is not None
    assert (item.product.key, item.lot) == ("gtin:10333830000016", "187")
    assert item.quantity == {"unit": "CS", "value": "20"}
    # Two styles of dates in one row: 7/18/23 and 230712.
    assert (first.day, item.more) == ("2023-07-18", {"packed": "2023-07-12"})
    assert first.fields["place"] == PlaceName("My Company Main DC")
    assert first.fields["supplier"] == "Company Distribution Center"


def test_the_supplier_reference_is_of_four_kinds(samples: Path) -> None:
    found = [event.fields["source_reference"] for event in pti(samples, "receiving").events]
    assert found == [
        {"type": "ffrn", "value": "123456789"},
        {"type": "ffrn", "value": "123456789"},
        {"type": "url", "value": "http://tlclookupurl.com"},
        {"type": "gln", "value": "0071430010228"},
    ]


def test_country_and_zip_code_are_swapped_in_the_published_rows(samples: Path) -> None:
    origins = {event.fields["origin"] for event in pti(samples, "receiving").events}
    assert origins == {"Salinas, CA, USA", "Lagrange, GA, USA"}


def test_names_streets_and_phones_stay_out_of_what_is_public(samples: Path) -> None:
    for event in pti(samples, "receiving").events:
        assert "555" in event.fields["supplier_contact"]
        assert not any("555" in str(value) for name, value in event.fields.items() if name != "supplier_contact")


def test_a_document_without_a_number_is_kept_as_it_stands(samples: Path) -> None:
    assert refs(pti(samples, "receiving").events[3])["Ref Doc"] == ["Sales Receipt"]


def test_transformation_says_what_went_in_and_what_came_out(samples: Path) -> None:
    read = pti(samples, "transformation")
    (event,) = read.events
    used, made = event.items
    assert (used.table, used.lot, used.quantity) == ("inputs", "2071231339", {"unit": "BG", "value": "100"})
    assert (made.table, made.lot, made.quantity) == ("outputs", "2074562447", {"unit": "CS", "value": "20"})
    # A best-before date is none of packing.
    assert made.more == {"best_before": "2023-09-10"}
    assert event.day == "2023-08-31"
    # An FFRN of twelve digits is no GTIN, and is not held to a check digit.
    assert refs(event)["TLC source FFRN"] == ["111111111111"]
    # A comma within quotes.
    assert refs(event)["Re-pack Order, Packout Number"] == ["RPO-12345"]


def test_a_wrong_sscc_is_kept_as_text_with_a_warning(samples: Path) -> None:
    read = pti(samples, "transformation")
    assert refs(read.events[0])["SSCC produced"] == ["123456789012345883"]
    (warning,) = read.problems
    assert (warning.line, warning.column, warning.severity) == (2, "FTL Food Produced TLC - SSCC", "warning")
    assert (warning.error.code, warning.error.params["has"]) == ("check-digit", "123456789012345883")


def test_shipping(samples: Path) -> None:
    read = pti(samples, "shipping")
    # Lines 2 and 3 go to one receiver on one day under one invoice, on one pallet: one shipment.
    assert [event.lines for event in read.events] == [(2, 3), (4,), (5,)]
    assert [item.lot for item in read.events[0].items] == ["186", "187"]
    assert refs(read.events[0])["SSCC"] == ["103338389000000677"]
    assert read.events[0].fields["receiver"] == PartyName("Customer A Ship To Location", "0071430010440")
    assert read.events[0].fields["place"] == PlaceName("Company Distribution Center", "0071430010556")


def test_lot_188_was_received_of_one_product_and_shipped_of_another(samples: Path) -> None:
    received = {item.identity[1:3] for event in pti(samples, "receiving").events for item in event.items}
    shipped = {item.identity[1:3] for event in pti(samples, "shipping").events for item in event.items}
    assert received & shipped == {("gtin:10333830000016", "187")}
    assert ("gtin:10333830000016", "188") in received
    assert ("gtin:10333830000023", "188") in shipped


def test_a_wrong_gln_of_a_receiver_is_kept_as_text_with_a_warning(samples: Path) -> None:
    read = pti(samples, "shipping")
    assert [(p.line, p.column, p.error.code) for p in read.problems] == [
        (4, "Ship-To Location ID", "check-digit"),
        (5, "Ship-To Location ID", "check-digit"),
    ]
    assert refs(read.events[1])["Ship-to location ID"] == ["0071430010550"]


# --- bad rows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("07/18/23,,A,Tomato,1,20 CS,,", "date", "cell-date"),
        (",,A,Tomato,1,20 CS,,", "date", "cell-empty"),
        ("2023-07-18,,A,Tomato,1,,,", "quantity", "cell-empty"),
        ("2023-07-18,,A,Tomato,1,20,,", "quantity", "cell-no-unit"),
        ("2023-07-18,,A,Tomato,1,-1 CS,,", "quantity", "cell-quantity"),
        ("2023-07-18,,A,Tomato,1,20 大筐,,", "quantity", "cell-unit"),
        ("2023-07-18,,,Tomato,1,20 CS,,", "gtin", "row-no-batch"),
        ("2023-07-18,,,,,,,Farm", "gtin", "row-no-batch"),
        (f"2023-07-18,,A,Tomato,{'1' * 41},20 CS,,", "lot", "text-length"),
        (f"2023-07-18,,A,{'T' * 121},1,20 CS,,", "name", "text-length"),
        (f"2023-07-18,,{'A' * 61},,1,20 CS,,", "code", "text-length"),
        ("2023-07-18,,A,Tomato,1,20 CS,soon,", "best", "cell-date"),
        (f"2023-07-18,,A,Tomato,1,20 CS,,{'F' * 121}", "supplier", "text-length"),
        ("2023-07-18,1.03E+13,,Tomato,1,20 CS,,", "gtin", "cell-long-number"),
        ("2023-07-18,,A,Tomato,2.07E+10,20 CS,,", "lot", "cell-long-number"),
        ("2023-07-18,,A,Tom,ato,1,20 CS,,Farm", "", "sheet-row"),
    ],
)
def test_a_bad_row_is_reported_and_the_others_are_read(tmp_path: Path, row: str, column: str, code: str) -> None:
    good = "2023-07-18,,A,Tomato,{},20 CS,2023-08-01,Farm\n"
    found = read(tmp_path, HEADS + good.format("g1") + row + "\n" + good.format("g2"))
    (problem,) = found.problems
    assert (problem.line, problem.column, problem.error.code, problem.severity) == (3, column, code, "bad")
    assert all(problem.reason(lang) not in ("", code) for lang in ("zh", "en"))
    assert [event.lines for event in found.events] == [(2,), (4,)]


def test_a_wrong_gtin_becomes_an_own_code(tmp_path: Path) -> None:
    found = read(tmp_path, HEADS + "2023-07-18,10333830000017,,Tomato,1,20 CS,,\n")
    (event,), (warning,) = found.events, found.problems
    assert event.items[0].product is not None
    assert event.items[0].product.key == "own_code:10333830000017"
    assert (warning.column, warning.severity, warning.error.code) == ("gtin", "warning", "check-digit")


@pytest.mark.parametrize("said", ["0071430010228", "71430010228", "00071430010228", "007143 0010228"])
def test_a_number_that_lost_its_zeros_gets_them_back(tmp_path: Path, said: str) -> None:
    found = read(tmp_path, HEADS + f"2023-07-18,{said},,Tomato,1,20 CS,,\n")
    assert found.problems == ()
    assert found.events[0].items[0].product is not None
    assert found.events[0].items[0].product.key == "gtin:00071430010228"


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSheet) as refused:
        read(tmp_path, HEADS.replace("lot", "batch") + "x\n")
    assert (refused.value.code, refused.value.params["wanted"]) == ("sheet-columns", "lot")
    with pytest.raises(BadSheet, match="sheet-repeated"):
        read(tmp_path, HEADS.replace("best", "best,lot") + "x\n")


# --- rows that belong together -----------------------------------------------------------------------------------

PROCESS = """
kind = "process"
at = "date"
join = ["order"]
[inputs]
own_code = "used"
lot = "used lot"
quantity = "used qty"
[outputs]
own_code = "made"
lot = "made lot"
quantity = "made qty"
[fields]
line = "line"
"""
CROSS = "order,date,used,used lot,used qty,made,made lot,made qty,line\n"


def joined(tmp_path: Path, *lines: str, form: str = PROCESS) -> Read:
    return read(tmp_path, CROSS + "".join(line + "\n" for line in lines), form)


def amounts(event: Event) -> list[Any]:
    return [(item.table, item.lot, item.quantity and item.quantity["value"]) for item in event.items]


def test_rows_of_one_order_are_one_process(tmp_path: Path) -> None:
    found = joined(
        tmp_path,
        "1,2023-07-18,A,a1,10 kg,M,m1,25 kg,L1",
        "2,2023-07-18,A,a3,10 kg,M,m3,9 kg,L1",
        "1,2023-07-18,B,b1,20 kg,M,m1,25 kg,",  # what came out is said again
        "1,2023-07-18,,,,N,n1,4 kg,L1",  # nothing more went in
    )
    assert found.problems == ()
    first, second = found.events
    assert first.lines == (2, 4, 5)
    assert amounts(first) == [
        ("inputs", "a1", "10"),
        ("outputs", "m1", "25"),
        ("inputs", "b1", "20"),
        ("outputs", "n1", "4"),
    ]
    assert second.lines == (3,)


@pytest.mark.parametrize(
    ("second", "line", "column", "code"),
    [
        ("1,2023-07-19,B,b1,20 kg,M,m1,25 kg,", 3, "date", "row-differs"),
        ("1,2023-07-18,B,b1,20 kg,M,m1,25 kg,L2", 3, "line", "row-differs"),
        ("1,2023-07-18,B,b1,20 kg,M,m1,26 kg,L1", 3, "", "row-twice"),
        ("1,2023-07-18,B,b1,none,M,m1,25 kg,L1", 3, "used qty", "cell-quantity"),
    ],
)
def test_one_bad_row_holds_back_its_whole_record(
    tmp_path: Path, second: str, line: int, column: str, code: str
) -> None:
    found = joined(tmp_path, "1,2023-07-18,A,a1,10 kg,M,m1,25 kg,L1", second, "2,2023-07-18,A,a3,1 kg,M,m3,1 kg,")
    assert [event.lines for event in found.events] == [(4,)]
    assert {(p.line, p.column, p.error.code) for p in found.problems} == {(line, column, code), (2, "", "row-held")}


def test_pallets_of_one_lot_add_up(tmp_path: Path) -> None:
    form = INTAKE.replace('at = "date"', 'at = "date"\njoin = ["lot", "date"]')
    line = "2023-07-18,,A,Tomato,1,20 CS,,\n"
    found = read(tmp_path, HEADS + line + line + line.replace("20 CS", "5 CS"), form)
    (event,) = found.events
    assert amounts(event) == [("outputs", "1", "45")]


def test_rows_without_a_document_stand_alone(tmp_path: Path) -> None:
    found = joined(tmp_path, ",2023-07-18,A,a1,1 kg,M,m1,1 kg,", ",2023-07-18,A,a2,1 kg,M,m2,1 kg,")
    assert len(found.events) == 2


DISPOSE = """
kind = "dispose"
at = "time"
[goods]
code = "code"
quantity = "qty"
unit = { value = "kg" }
[fields]
reason = "why"
place = { column = "store", gln = "gln" }
"""
CODE = trace_code(ChainId("A" * 43))


def test_a_field_is_read_by_the_shape_it_has(tmp_path: Path) -> None:
    row = f"2023-07-18 06:30,{grouped(CODE)},1.5,腐坏,三号库,0071430010550\n"
    found = read(tmp_path, "time,code,qty,why,store,gln\n" + row, DISPOSE)
    (event,) = found.events
    assert (event.at, event.day) == ("2023-07-17T22:30:00Z", "2023-07-18")
    assert event.items[0].code == CODE
    assert event.items[0].quantity == {"unit": "kg", "value": "1.5"}
    # A GLN whose check digit is wrong is none: it is kept as the place's own code.
    assert dict(event.fields) == {"reason": "spoiled", "place": PlaceName("三号库", own_code="0071430010550")}
    assert [p.error.code for p in found.problems] == ["check-digit"]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (f"2023-07-18,{CODE[:-1]}{(int(CODE[-1]) + 1) % 10},1,腐坏,,", "code", "code-check"),
        ("2023-07-18,123,1,腐坏,,", "code", "code-digits"),
        (f"2023-07-18,{CODE},1,丢了,,", "why", "cell-choice"),
        (f"2023-07-18,{CODE},1,,,", "why", "cell-empty"),
    ],
)
def test_a_field_that_is_not_what_its_kind_wants(tmp_path: Path, row: str, column: str, code: str) -> None:
    found = read(tmp_path, "time,code,qty,why,store,gln\n" + row + "\n", DISPOSE)
    assert found.events == ()
    assert [(p.line, p.column, p.error.code) for p in found.problems] == [(2, column, code)]


def test_a_spreadsheet_that_made_a_date_of_a_lot_is_told_so(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx", HEADS.strip().split(","), [date(2023, 7, 18), None, "A", "T", date(2023, 1, 2), "1 kg"]
    )
    found = rows.read(sheet.read(path).table(), mapping.parse(INTAKE), SHANGHAI)
    assert [(p.line, p.column, p.error.code) for p in found.problems] == [(2, "lot", "cell-became-date")]


def test_a_formula_is_a_problem_only_where_it_is_needed(tmp_path: Path) -> None:
    cells = [date(2023, 7, 18), None, "A", "T", "1", "=10+10", None, None, "=NOW()"]
    path = workbook(
        tmp_path / "a.xlsx", [*HEADS.strip().split(","), "printed"], cells, [*cells[:5], "2 kg", *cells[6:]]
    )
    found = rows.read(sheet.read(path).table(), mapping.parse(INTAKE), SHANGHAI)
    assert [(p.line, p.column, p.error.code) for p in found.problems] == [(2, "quantity", "cell-formula")]
    assert [event.lines for event in found.events] == [(3,)]


@pytest.mark.parametrize("name", ["receiving", "transformation", "shipping"])
def test_a_published_sheet_saved_as_xlsx_says_the_same(samples: Path, tmp_path: Path, name: str) -> None:
    lines = list(csv.reader((samples / "pti" / f"{name}.csv").read_text("utf-8").splitlines()))
    # As an office program would on opening the csv: numbers become numbers, days days, but for what is too long.
    book = workbook(tmp_path / f"{name}.xlsx", lines[0], *([_as_typed(cell) for cell in line] for line in lines[1:]))
    table = sheet.read(book).table()
    found = mapping.recognise(frozenset(table.heads))
    assert found is not None
    read, wanted = rows.read(table, found, SHANGHAI), pti(samples, name)
    assert [p.line for p in read.problems if p.severity == "bad"] == []
    assert [(event.lines, event.at, event.items) for event in read.events] == [
        (event.lines, event.at, event.items) for event in wanted.events
    ]


def _as_typed(cell: str) -> Any:
    if cell.isdigit() and len(cell) < 15:
        return int(cell)
    parts = cell.split("/")
    if len(parts) == 3 and all(part.isdigit() for part in parts):
        return date(2000 + int(parts[2]), int(parts[0]), int(parts[1]))
    return cell or None
