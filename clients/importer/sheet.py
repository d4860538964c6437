"""A spreadsheet as lines of cells: csv as it comes out of any office program, and xlsx.

Nothing is interpreted that a person would have to guess at: a text stays the text it is, and only a cell that the
xlsx file itself marks as a date is one. What can't be taken as it stands (a formula, an error, a number that has
lost its last digits) becomes ``Spoiled`` and is complained of by whoever needs that cell.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from clients.importer.problems import BadCell, BadSheet, Problem

LONGEST_NUMBER = 10**15
"""From here on a spreadsheet's numbers have no room for the last digits."""

# ="0071" is how a csv file tells a spreadsheet to leave its zeros alone.
_TEXT = re.compile(r'\A="([^"]*)"\Z')
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Spoiled:
    """A cell that can't be taken as it stands; ``code`` says why."""

    code: str
    text: str


Cell: TypeAlias = str | date | datetime | Spoiled | None
Line: TypeAlias = tuple[int, Sequence[Cell]]


@dataclass(frozen=True)
class Row:
    """One row: ``line`` as an editor counts it, the cells that are not empty by their folded heads."""

    line: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Table:
    """Rows under heads. ``heads`` gives each folded head as it is written; ``bad`` are rows that fit no heads."""

    name: str
    heads: Mapping[str, str]
    repeated: frozenset[str]
    rows: tuple[Row, ...]
    bad: tuple[Problem, ...]


@dataclass(frozen=True)
class Sheet:
    """The lines of one sheet, those without any cell left out."""

    name: str
    lines: tuple[Line, ...]

    def table(self, head_line: int = 1) -> Table:
        """Its rows under the heads in ``head_line``. Raises BadSheet ``sheet-empty``."""
        heads = next((cells for line, cells in self.lines if line == head_line), ())
        titles = [_text(cell) for cell in heads]
        while titles and not titles[-1]:
            titles.pop()
        below = [(line, cells) for line, cells in self.lines if line > head_line]
        if not any(titles) or not below:
            raise BadSheet("sheet-empty", path=self.name)
        folded = [fold(title) for title in titles]
        counts = Counter(filter(None, folded))
        rows, bad = [], []
        for line, cells in below:
            used = max((place for place, cell in enumerate(cells, 1) if cell is not None), default=0)
            if used > len(titles):
                bad.append(Problem(line, "", BadCell("sheet-row", has=used, wanted=len(titles))))
                continue
            named = zip(folded, cells, strict=False)
            rows.append(Row(line, {head: cell for head, cell in named if head and cell is not None}))
        written = {fold(title): title for title in titles if title}
        return Table(self.name, written, frozenset(h for h, n in counts.items() if n > 1), tuple(rows), tuple(bad))


def fold(text: str) -> str:
    """A head or a word as it is compared: width, case and white space make no difference."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def read(path: Path, sheet: str | None = None) -> Sheet:
    """The sheet in a file; ``sheet`` names one in a workbook, otherwise its first. Raises BadSheet."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadSheet("sheet-file", path=str(path), has=error.strerror or str(error)) from None
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return Sheet(path.name, tuple(_workbook(path.name, data, sheet)))
    return Sheet(path.name, tuple(_csv(path.name, data)))


# --- csv ---------------------------------------------------------------------------------------------------------


def _csv(name: str, data: bytes) -> Iterator[Line]:
    text = _decode(name, data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    start = 1
    try:
        for values in reader:
            cells = [_clean(_TEXT.sub(r"\1", value)) for value in values]
            if any(cell is not None for cell in cells):
                yield start, cells
            # A quoted cell may run over lines: a row is named by its first.
            start = reader.line_num + 1
    except csv.Error as error:
        raise BadSheet("sheet-file", path=name, has=f"line {reader.line_num}: {error}") from None


def _decode(name: str, data: bytes) -> str:
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadSheet("sheet-encoding", path=name)


def _delimiter(text: str) -> str:
    """The one that parts the first line into most cells; a comma where none does."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=bare.count)


def _clean(value: str) -> str | None:
    # What can't be seen in a cell is not meant: control characters, a no-break space at its end.
    seen = _UNSEEN.sub(" ", value.replace("\r\n", "\n"))
    return unicodedata.normalize("NFC", seen).strip().strip("\ufeff\u200b") or None


# --- xlsx --------------------------------------------------------------------------------------------------------


def _workbook(name: str, data: bytes, sheet: str | None) -> Iterator[Line]:
    try:
        book = load_workbook(io.BytesIO(data), read_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise BadSheet("sheet-file", path=name, has=str(error)[:120]) from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise BadSheet("sheet-columns", path=name, has=", ".join(book.sheetnames), wanted=sheet)
        chosen = book[sheet] if sheet is not None else book.worksheets[0]
        for line, row in enumerate(chosen.iter_rows(), 1):
            cells = [_cell(cell) for cell in row]
            if any(cell is not None for cell in cells):
                yield line, cells
    finally:
        book.close()


def _cell(cell: Any) -> Cell:
    match cell.value:
        case None:
            return None
        case str(text) if cell.data_type == "f" or (text.startswith("=") and cell.data_type != "s"):
            return Spoiled("cell-formula", text[:80])
        case str(text) if cell.data_type == "e":
            return Spoiled("cell-error", text[:80])
        case str(text):
            return _clean(text)
        case bool(yes):
            return "TRUE" if yes else "FALSE"
        case int() | float() as number:
            return _number(number)
        case datetime() as moment:
            return moment.date() if moment.time() == datetime.min.time() else moment
        case date() as day:
            return day
        case other if cell.data_type == "f":
            return Spoiled("cell-formula", str(getattr(other, "text", other))[:80])
        case other:
            return _clean(str(other))


def _number(number: int | float) -> Cell:
    if number != number or abs(number) >= LONGEST_NUMBER:
        return Spoiled("cell-long-number", str(number))
    exact = Decimal(repr(number))
    return f"{exact.quantize(Decimal(1)):f}" if exact == exact.to_integral_value() else f"{exact:f}"


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else "" if cell is None or isinstance(cell, Spoiled) else str(cell)
