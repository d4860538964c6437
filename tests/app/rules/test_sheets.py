"""A table is read strictly: whatever is wrong is named with its line and column, in words, and nothing is taken."""

import csv
import io
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.rules.rows import SHAPES
from app.rules.sheets import MAX_SIZE, in_force, read
from app.rules.tables import Tables
from ledger.errors import Malformed
from ledger.wordings import say

HEADER = "analyte,synonyms,goods,value,unit,source,since,until,demonstration"
OTHER_ORDER = "source,demonstration,synonyms,analyte,goods,value,until,unit,since"
ROW = "镉,Cd,稻类,0.2,mg/kg,GB 2762-2022,2023-06-30,,yes"


def table(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *lines, "")).encode()


def refused(content: bytes) -> Malformed:
    with pytest.raises(Malformed) as caught:
        read("limits", SHAPES["limits"], content)
    return caught.value


def test_a_row_says_what_its_cells_say() -> None:
    (row,) = read(
        "limits", SHAPES["limits"], table("镉,Cd；cadmium,稻类;糙米,0.20,mg/kg,GB,2023/6/30,2030-01-31,NO")
    ).rows
    assert (row.analyte, row.synonyms, row.goods) == ("镉", ("Cd", "cadmium"), ("稻类", "糙米"))
    assert (row.value, row.unit) == (Decimal("0.20"), "mg/kg")
    assert (row.since, row.until) == (date(2023, 6, 30), date(2030, 1, 31))
    assert not row.demonstration


@pytest.mark.parametrize(
    "content",
    [
        table(ROW),
        b"\xef\xbb\xbf" + table(ROW),
        table(ROW).decode().encode("gb18030"),
        table(ROW).replace(b"\n", b"\r\n"),
        table(ROW, ",,,,,,,,", ""),
        table("GB 2762-2022,yes,Cd,镉,稻类,0.2,,mg/kg,2023-06-30", header=OTHER_ORDER),
        table('" 镉 ",Cd,稻类,0.2,mg/kg,"GB 2762-2022",2023-06-30,,yes'),
    ],
    ids=["as it is", "with its mark", "as Excel saves it", "lines of Windows", "blank rows", "other order", "quoted"],
)  # fmt: skip
def test_the_same_table_however_it_was_saved(content: bytes) -> None:
    assert read("limits", SHAPES["limits"], content).rows == read("limits", SHAPES["limits"], table(ROW)).rows


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (table(ROW, header=HEADER.replace("unit", "units")), "table-columns", None, None),
        (table(ROW, header=HEADER + ",remark"), "table-columns", None, None),
        (table(ROW, header=HEADER.replace(",source", "")), "table-columns", None, None),
        (table(ROW, header=HEADER.replace("unit", "value")), "table-columns", None, None),
        (b"", "table-columns", None, None),
        (table(), "table-empty", None, None),
        (table(ROW, "镉,,稻类,0.2"), "table-width", 3, None),
        (table(ROW, ROW.replace("稻类", "鱼类").replace("GB 2762-2022", "")), "table-missing", 3, "source"),
        (table(ROW.replace(",yes", ",")), "table-missing", 2, "demonstration"),
        (table(ROW.replace("0.2", "0,2").replace("0,2", '"0,2"')), "table-cell", 2, "value"),
        (table(ROW.replace("0.2", "-0.2")), "table-cell", 2, "value"),
        (table(ROW.replace("0.2", "0.2 mg")), "table-cell", 2, "value"),
        (table(ROW.replace("0.2", "１")), "table-cell", 2, "value"),
        (table(ROW.replace("0.2", "1e3")), "table-cell", 2, "value"),
        (table(ROW.replace("2023-06-30", "2023-06-31")), "table-cell", 2, "since"),
        (table(ROW.replace("2023-06-30", "30.6.2023")), "table-cell", 2, "since"),
        (table(ROW.replace("2023-06-30", "2023-6-30")), "table-cell", 2, "since"),
        (table(ROW.replace("yes", "maybe")), "table-cell", 2, "demonstration"),
        (table(ROW.replace("Cd", "Cd;;cadmium")), "table-cell", 2, "synonyms"),
        (table(ROW.replace("镉", '"镉\n铅"')), "table-cell", 2, "analyte"),
        (table(ROW.replace("GB", "长" * 501)), "table-cell", 2, "source"),
        (table(ROW.replace(",,yes", ",2023-06-29,yes")), "table-ends", 2, "until"),
        (table(ROW, ROW), "table-twice", 3, None),
        (table(ROW, ROW.replace("镉,Cd", "Cd,镉")), "table-twice", 3, None),
        (table(ROW, ROW.replace("稻类", "鱼类;稻 类").replace("2023", "2024")), "table-twice", 3, None),
        (table('镉,"Cd,稻类,0.2'), "table-line", 2, None),
        (table('镉,"C"d,稻类,0.2,mg/kg,GB,2023-06-30,,yes'), "table-line", 2, None),
        (b"\xff\xff\xff", "table-encoding", None, None),
        (table(ROW).decode().encode("utf-16"), "table-encoding", None, None),
        (table(ROW) + b" " * MAX_SIZE, "table-size", None, None),
    ],
)  # fmt: skip
def test_whatever_is_wrong_is_named(content: bytes, code: str, line: int | None, column: str | None) -> None:
    error = refused(content)
    assert (error.code, error.params.get("line"), error.params.get("column")) == (code, line, column)
    assert error.params["path"] == "limits"
    for lang in ("zh", "en"):
        said = say(error, lang)
        assert "–" not in said
        assert code not in said
        assert all(str(known) in said for known in (line, column) if known is not None)


def test_lines_are_counted_as_the_editor_counts_them() -> None:
    quoted = ROW.replace("GB 2762-2022", '"GB\n2762"')
    assert refused(table("", quoted.replace("稻类", "鱼类"), ROW, ROW)).params["line"] == 3


def test_one_after_the_other_is_no_contradiction() -> None:
    ended = ROW.replace(",,yes", ",2026-01-31,yes").replace("0.2", "0.1")
    sheet = read("limits", SHAPES["limits"], table(ended, ROW.replace("2023-06-30", "2026-02-01")))
    days = [date(2023, 6, 29), date(2023, 6, 30), date(2026, 1, 31), date(2026, 2, 1)]
    assert [[str(row.value) for row in sheet.rows if in_force(row, day)] for day in days] == [
        [],
        ["0.1"],
        ["0.1"],
        ["0.2"],
    ]
    assert refused(table(ended, ROW.replace("2023-06-30", "2026-01-31"))).code == "table-twice"


_NAME = st.text(st.characters(categories=("L", "N"), max_codepoint=0x9FFF), min_size=1, max_size=8)


@given(st.lists(st.tuples(_NAME, st.integers(0, 999), st.dates()), min_size=1, max_size=8), st.booleans())
def test_what_another_writes_is_read_and_read_again_the_same(rows: list[tuple[str, int, date]], quoted: bool) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerow(HEADER.split(","))
    for number, (source, value, since) in enumerate(rows):
        writer.writerow([f"物{number}", "", "", value, "mg/kg", source, since.isoformat(), "", "yes"])
    once = read("limits", SHAPES["limits"], out.getvalue().encode())
    assert [(row.source, row.value, row.since) for row in once.rows] == rows
    assert read("limits", SHAPES["limits"], once.text.encode()) == once


@given(st.binary(max_size=300))
@example(b"\x81\x30\x81\x30")
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(Malformed):
        assert read("limits", SHAPES["limits"], HEADER.encode() + b"\n" + content).rows


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_shipped_names_its_source_in_every_row(name: str) -> None:
    sheet = Tables.shipped().sheets[name]
    assert all(row.source.strip() for row in sheet.rows)
    assert {column for column in SHAPES[name].about} <= set(SHAPES[name].header)
