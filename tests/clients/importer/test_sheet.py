"""Files as office programs write them."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from clients.importer import sheet
from clients.importer.problems import BadSheet
from clients.importer.sheet import Spoiled, Table

ROWS = "批号,数量\n A-1 ,20 CS\n"


def table(path: Path, data: bytes, head_line: int = 1) -> Table:
    path.write_bytes(data)
    return sheet.read(path).table(head_line)


def workbook(path: Path, *rows: list[Any], title: str = "七月") -> Path:
    book = Workbook()
    chosen = book.active
    assert chosen is not None
    chosen.title = title
    for row in rows:
        chosen.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize(
    "data",
    [
        ROWS.encode(),
        ROWS.encode("utf-8-sig"),
        ROWS.encode("gb18030"),
        ROWS.encode("utf-16"),
        ROWS.replace(",", ";").encode(),
        ROWS.replace(",", "\t").encode(),
        ROWS.replace("\n", "\r\n").encode(),
        ROWS.replace("\n", "\r\n\r\n,\r\n").encode(),  # lines without anything
        '"批号","数量"\n="A-1","20 CS"\n'.encode(),
        "批号,数量,,\nA-1,20 CS,,\n".encode(),
        "批号,数量\nA-1\x07\t,20\tCS\n".encode(),
        "批号,数量\n\N{NO-BREAK SPACE}A-1\N{ZERO WIDTH SPACE},20 CS\n".encode(),
    ],
)
def test_csv_as_any_program_writes_it(tmp_path: Path, data: bytes) -> None:
    read = table(tmp_path / "a.csv", data)
    assert dict(read.heads) == {"批号": "批号", "数量": "数量"}
    assert [dict(row.cells) for row in read.rows] == [{"批号": "A-1", "数量": "20 CS"}]


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    read = table(tmp_path / "a.csv", b'lot,note\n1,"two\nlines"\n\n2,\n3,a,b\n4,x\n')
    assert [row.line for row in read.rows] == [2, 5, 7]
    assert [(bad.line, bad.error.code) for bad in read.bad] == [(6, "sheet-row")]


def test_heads_may_stand_below_a_title(tmp_path: Path) -> None:
    read = table(tmp_path / "a.csv", "七月收货单\n制表：李四\n批号,数量\nA,1 kg\n".encode(), head_line=3)
    assert [(row.line, row.cells["批号"]) for row in read.rows] == [(4, "A")]


def test_heads_are_compared_without_width_case_and_space(tmp_path: Path) -> None:
    read = table(tmp_path / "a.csv", 'Lot　No. ,"Qty\n& UOM",批号（自编）\n1,2 CS,x\n'.encode())
    assert [*read.heads] == ["lot no.", "qty & uom", "批号(自编)"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "sheet-empty"),
        (b"a,b\n", "sheet-empty"),
        (b",,\n1,2,3\n", "sheet-empty"),
        (b"a,b\n\x00\x01", "sheet-encoding"),
        (b"a,b\n\xff\xff\x80", "sheet-encoding"),
        (b'a,b\n"1,2\n', "sheet-file"),
    ],
)
def test_what_is_no_sheet_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(BadSheet) as refused:
        table(tmp_path / "a.csv", data)
    assert refused.value.code == code


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadSheet, match="sheet-file"):
        sheet.read(tmp_path / "none.csv")


def test_xlsx_cells(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ["date", "time", "number", "decimal", "text", "long", "formula", "yes"],
        [date(2023, 7, 18), datetime(2023, 7, 18, 6, 30), 187, 20.5, "00187", 103338389000000677, "=C2*2", True],  # noqa: DTZ001
        [None, None, None, None, None, None, None, None],
        [date(2023, 7, 19), None, 71430010228, 0.1, " x ", 1.5e20, None, False],
    )
    read = sheet.read(path).table()
    assert [row.line for row in read.rows] == [2, 4]
    assert dict(read.rows[0].cells) == {
        "date": date(2023, 7, 18),
        "time": datetime(2023, 7, 18, 6, 30),  # noqa: DTZ001
        "number": "187",
        "decimal": "20.5",
        "text": "00187",
        "long": Spoiled("cell-long-number", "1.033383890000007e+17"),
        "formula": Spoiled("cell-formula", "=C2*2"),
        "yes": "TRUE",
    }
    assert read.rows[1].cells["number"] == "71430010228"
    assert read.rows[1].cells["decimal"] == "0.1"
    assert read.rows[1].cells["long"] == Spoiled("cell-long-number", "1.5e+20")


def test_an_error_in_xlsx_is_known_as_one(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["a"], ["#N/A"])
    assert sheet.read(path).table().rows[0].cells["a"] == Spoiled("cell-error", "#N/A")


def test_a_worksheet_by_name(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["a"], ["1"], title="七月")
    assert sheet.read(path, "七月").name == "a.xlsx"
    with pytest.raises(BadSheet, match="七月"):
        sheet.read(path, "八月")


def test_an_xlsx_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(BadSheet, match="sheet-file"):
        sheet.read(tmp_path / "a.xlsx")
