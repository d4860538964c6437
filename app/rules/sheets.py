"""A table of rules as a spreadsheet gives it: CSV, read strictly, so that nothing is half understood.

Taken are UTF-8 with or without its mark, and GB18030, as Excel in China writes; days as 2026-02-01 or, again Excel's,
2026/2/1. Every refusal names table, line and column.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from ledger import b64u
from ledger.errors import Malformed

MAX_SIZE = 5 * 1024 * 1024
MAX_CELL = 500
DATED = ("since", "until")
"""From which day a row holds, and the last one on which it does; empty: it still holds."""


class Unreadable(ValueError):
    """A cell that is not of its column's form; says which form is wanted."""


Cell: TypeAlias = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """``read`` makes a value of what stands in a cell; an empty cell is ``empty``, or refused where that is ...."""

    name: str
    read: Cell
    empty: Any = ...


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table's columns are, what a row becomes, and under which names it is looked up.

    ``about`` are the columns that say what a row is of. No two rows may be in force under one key on one day.
    """

    zh: str
    en: str
    about: tuple[str, ...]
    columns: tuple[Column, ...]
    row: Callable[..., Any]
    keys: Callable[[Any], Iterator[tuple[str, ...]]]

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as it was read; ``text`` is what it was read from, lines parted by a line feed."""

    name: str
    text: str
    rows: tuple[Any, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the text, b64u."""
        return b64u.encode(hashlib.sha256(self.text.encode()).digest())


def read(name: str, shape: Shape, content: bytes) -> Sheet:
    """The whole table, or Malformed with ``path`` (the table), ``line`` and ``column``."""
    if len(content) > MAX_SIZE:
        raise Malformed("table-size", path=name, has=len(content), wanted=MAX_SIZE)
    text = _decoded(name, content).replace("\r\n", "\n").replace("\r", "\n")
    lines = _lines(name, text)
    header = next(lines, (1, []))[1]
    if sorted(header) != sorted(shape.header):
        raise Malformed("table-columns", path=name, has=",".join(header), wanted=",".join(shape.header))
    rows = [(line, _row(name, shape, header, line, cells)) for line, cells in lines if any(map(str.strip, cells))]
    if not rows:
        raise Malformed("table-empty", path=name)
    _no_doubles(name, shape, rows)
    return Sheet(name, text, tuple(row for _, row in rows))


def _decoded(name: str, content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Malformed("table-encoding", path=name, wanted="UTF-8 | GB18030")


def _lines(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error:
        raise Malformed("table-line", path=name, line=line) from None


def _row(name: str, shape: Shape, header: Sequence[str], line: int, cells: Sequence[str]) -> Any:
    if len(cells) != len(header):
        raise Malformed("table-width", path=name, line=line, has=len(cells), wanted=len(header))
    given = dict(zip(header, cells, strict=True))
    values = {column.name: _cell(name, column, line, given[column.name]) for column in shape.columns}
    since, until = (values.get(column) for column in DATED)
    if since and until and until < since:
        raise Malformed(
            "table-ends", path=name, line=line, column="until", has=until.isoformat(), wanted=since.isoformat()
        )
    return shape.row(**values)


def _cell(name: str, column: Column, line: int, cell: str) -> Any:
    if not cell:
        if column.empty is ...:
            raise Malformed("table-missing", path=name, line=line, column=column.name)
        return column.empty
    if len(cell) > MAX_CELL:
        raise Malformed(
            "table-cell", path=name, line=line, column=column.name, has=f"{cell[:20]}…", wanted=f"≤ {MAX_CELL}"
        )
    try:
        return column.read(cell)
    except Unreadable as error:
        raise Malformed("table-cell", path=name, line=line, column=column.name, has=cell, wanted=str(error)) from None


def _no_doubles(name: str, shape: Shape, rows: Sequence[tuple[int, Any]]) -> None:
    known: dict[tuple[str, ...], list[tuple[int, Any]]] = {}
    for line, row in rows:
        for key in dict.fromkeys(shape.keys(row)):
            others = known.setdefault(key, [])
            for before, other in others:
                if _overlap(row, other):
                    raise Malformed("table-twice", path=name, line=line, has=" · ".join(key), wanted=before)
            others.append((line, row))


def _overlap(one: Any, other: Any) -> bool:
    return in_force(one, getattr(other, "since", date.min)) or in_force(other, getattr(one, "since", date.min))


def in_force(row: Any, on: date) -> bool:
    """Whether a row holds on a day; one without days always does."""
    until = getattr(row, "until", None)
    return bool(getattr(row, "since", date.min) <= on and (until is None or on <= until))


# --- cells -------------------------------------------------------------------------------------------------------


def word(cell: str) -> str:
    """One line of text."""
    if "\n" in cell:
        raise Unreadable("一行文字 · one line")
    return cell


def words(cell: str) -> tuple[str, ...]:
    """Several, parted by semicolons."""
    parts = [part.strip() for part in re.split("[;；]", word(cell))]
    if not all(parts):
        raise Unreadable("甲;乙")
    return tuple(parts)


def day(cell: str) -> date:
    match = re.fullmatch("([0-9]{4})(?:-([0-9]{2})-([0-9]{2})|/([0-9]{1,2})/([0-9]{1,2}))", cell)
    try:
        year, month, of_month = filter(None, match.groups()) if match else ("", "", "")
        return date(int(year), int(month), int(of_month))
    except ValueError:
        raise Unreadable("YYYY-MM-DD") from None


def decimal(cell: str) -> Decimal:
    """A number, zero or more."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", cell):
        raise Unreadable("0.05")
    return Decimal(cell)


def whole(cell: str) -> int:
    """A whole number, zero or more."""
    if not re.fullmatch(r"[0-9]{1,9}", cell):
        raise Unreadable("7")
    return int(cell)


def one_of(values: Mapping[str, Any]) -> Cell:
    """One of these words, whatever its case: Excel writes TRUE in capitals."""

    def read_one(cell: str) -> Any:
        if cell.casefold() not in values:
            raise Unreadable(" | ".join(values))
        return values[cell.casefold()]

    return read_one


yes_no = one_of({"yes": True, "no": False})
