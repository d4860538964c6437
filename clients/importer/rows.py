"""Rows under a mapping, read as events: what happened, when, to which lots. Pure; nothing is looked up yet.

Products, places and parties are still names here, ids come later (``catalogue``). A row that can't be read is a
Problem with its column; rows that the mapping joins are one event, and one bad row holds back all of its event.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from clients.importer import cells
from clients.importer.events import Event, Item, PartyName, PlaceName, ProductName
from clients.importer.joining import joined
from clients.importer.mapping import Group, SheetMapping, Source, items_of
from clients.importer.problems import BadCell, Problem
from clients.importer.sheet import Row, Table, fold
from labels.digital_link import is_gln, is_gtin, is_sscc
from ledger.canonical import Json
from ledger.errors import LedgerError
from ledger.identity import read_trace_code
from ledger.records.shapes import (
    Choice,
    Day,
    Flag,
    ListOf,
    Object,
    Quantity,
    Reading,
    Ref,
    Shape,
    Text,
    Time,
    Whole,
)

_CHECKS: Mapping[str, Callable[[str], bool]] = {"gtin": is_gtin, "gln": is_gln, "sscc": is_sscc}
_IDENTIFIERS = ("gtin", "own_code", "lot", "code")
_POWER = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}", re.IGNORECASE).fullmatch
_DIGITS = {"gtin": 14, "gln": 13, "sscc": 18}


@dataclass(frozen=True)
class Read:
    """All that a table says: events, and what was wrong."""

    events: tuple[Event, ...]
    problems: tuple[Problem, ...]


class _Bad(Exception):
    def __init__(self, column: str, error: LedgerError) -> None:
        super().__init__(column, error)
        self.column, self.error = column, error


def read(table: Table, mapping: SheetMapping, zone: ZoneInfo) -> Read:
    """The events of a table, in the order of its rows. Raises BadSheet where a column is missing."""
    mapping.check(table)
    problems = list(table.bad)
    bad: dict[object, int] = {}
    groups: dict[object, list[Event]] = {}
    for row in table.rows:
        key: object = _join_key(row, mapping) or row.line
        reader = _Reader(table, mapping, row, zone)
        try:
            groups.setdefault(key, []).append(reader.event())
        except _Bad as wrong:
            problems.append(Problem(row.line, wrong.column, wrong.error))
            bad.setdefault(key, row.line)
        problems += reader.warnings
    events = []
    for key, group in groups.items():
        if key in bad:
            problems += [Problem(e.lines[0], "", BadCell("row-held", has=bad[key])) for e in group]
            continue
        one, wrong_lines = joined(group)
        problems += wrong_lines
        if one:
            events.append(one)
    return Read(tuple(events), tuple(sorted(problems, key=lambda problem: problem.line)))


def _join_key(row: Row, mapping: SheetMapping) -> tuple[str, ...] | None:
    """Rows equal in these belong together; a row with none of them stands alone."""
    said = [row.cells.get(fold(column)) for column in mapping.join]
    key = tuple(fold(str(cell)) if cell is not None else "" for cell in said)
    return key if any(key) else None


# --- one row -----------------------------------------------------------------------------------------------------


class _Reader:
    """Reads one row; what is odd but good enough to send collects in ``warnings``."""

    def __init__(self, table: Table, mapping: SheetMapping, row: Row, zone: ZoneInfo) -> None:
        self._table, self._mapping, self._row, self._zone = table, mapping, row, zone
        self.warnings: list[Problem] = []

    def event(self) -> Event:
        mapping = self._mapping
        at = self._want(mapping.at, self._moment)
        items = [self._item(name, group) for name, group in mapping.batches.items()]
        present = tuple(item for item in items if item is not None)
        if not present and items:
            first = next(iter(next(iter(mapping.batches.values())).values()))
            raise _Bad(self._head(first), BadCell("row-no-batch"))
        fields: dict[str, Any] = {}
        columns: dict[str, str] = {}
        for name, told in mapping.fields.items():
            shape = mapping.kind.by_name[name].shape
            value = self._value(told, shape, name) if isinstance(told, Source) else self._groups(told, shape, name)
            if value is not None:
                fields[name] = value
                columns[name] = (
                    self._head(told) if isinstance(told, Source) else self._head(next(iter(told[0].values())))
                )
            elif mapping.kind.by_name[name].required:
                raise _Bad(self._head(told) if isinstance(told, Source) else name, BadCell("cell-empty"))
        local = datetime.fromisoformat(at).astimezone(self._zone)
        return Event(mapping, at, local.date().isoformat(), (self._row.line,), present, fields, columns)

    def _head(self, source: Source) -> str:
        return self._table.heads[fold(source.columns[0])] if source.columns else ""

    def _said(self, source: Source) -> str:
        """The text of a source, empty where it has none or its condition fails."""
        if condition := source.when:
            word = fold(self._text(condition.column))
            if (word in condition.words) != condition.among:
                return ""
        if not source.columns:
            return source.value
        parts = [self._text(column) for column in source.columns]
        if source.like:
            parts = [part for part in parts if source.like.fullmatch(part)]
        return source.joiner.join(part for part in parts if part) or source.default

    def _text(self, column: str) -> str:
        try:
            return cells.text(self._row.cells.get(fold(column)))
        except BadCell as error:
            raise _Bad(self._table.heads[fold(column)], error) from None

    def _moment(self, source: Source) -> str | None:
        return cells.moment(self._cell(source), self._zone, self._mapping.dates) if self._said(source) else None

    def _cell(self, source: Source) -> Any:
        # A date that the file itself marks as one is kept as such.
        alone = self._row.cells.get(fold(source.columns[0])) if len(source.columns) == 1 else None
        return alone if alone is not None else self._said(source)

    def _want(self, source: Source, convert: Callable[[Source], Any]) -> Any:
        value = self._try(source, convert)
        if value is None:
            raise _Bad(self._head(source), BadCell("cell-empty"))
        return value

    def _try(self, source: Source, convert: Callable[[Source], Any]) -> Any:
        try:
            return convert(source)
        except LedgerError as error:
            raise _Bad(self._head(source), error) from None

    def _warn(self, source: Source, code: str, **params: str | int) -> None:
        self.warnings.append(Problem(self._row.line, self._head(source), BadCell(code, **params), "warning"))

    # --- fields

    def _value(self, source: Source, shape: Shape, path: str) -> Any:
        """The value of one field, None where its cell is empty; what has an id is still a name."""

        def convert(source: Source) -> Any:
            said = self._said(source)
            if not said:
                return None
            if isinstance(shape, Ref) and shape.to in ("place", "party"):
                return self._name(source, said, shape.to)
            value = self._convert(source, said, shape)
            shape.check(value, f"body.{path}")
            return value

        return self._try(source, convert)

    def _convert(self, source: Source, said: str, shape: Shape) -> Any:
        units = self._mapping.units
        match shape:
            case Choice(options=options):
                return cells.choice(said, options)
            case Whole():
                return cells.whole(said)
            case Flag():
                return cells.flag(said)
            case Quantity(positive=positive):
                return cells.quantity(said, units=units) if positive else cells.reading(said, units=units)
            case Reading():
                return cells.reading(said, units=units)
            case Time():
                return cells.moment(self._cell(source), self._zone, self._mapping.dates)
            case Day():
                return cells.day(self._cell(source), self._mapping.dates).isoformat()
            case ListOf(item=Text() | Choice() | Ref() as item):
                parts = [part.strip() for part in said.replace("；", ";").replace("、", ";").split(";")]
                return [self._convert(source, part, item) for part in parts if part]
            case _:
                return self._key(source, said)

    def _name(self, source: Source, said: str, to: str) -> PlaceName | PartyName:
        number = self._said(source.gln) if source.gln else ""
        if source.gln and number:
            number = _padded(number, "gln")
            if not is_gln(number):
                self._warn(source.gln, "check-digit", has=number, wanted="GLN")
        if to == "party":
            return PartyName(said, number or None)
        Text(80).check(said, "body.name")
        if number and source.gln and not is_gln(number):
            self._check(source.gln, Text(40), number, "body.own_code")
            return PlaceName(said, own_code=number)
        return PlaceName(said, number or None)

    def _key(self, source: Source, said: str) -> str:
        """A GS1 key whose check digit is wrong is kept as text, and said to be wrong."""
        if source.check is None:
            return said
        if _POWER(said):
            raise BadCell("cell-long-number", has=said)
        padded = _padded(said, source.check)
        if not _CHECKS[source.check](padded):
            self._warn(source, "check-digit", has=said, wanted=source.check.upper())
            return said
        return padded

    def _groups(self, groups: Sequence[Group], shape: Shape, path: str) -> Any:
        """Of an object's alternatives the first that is there; of a list's items all that are."""
        inside = shape.item if isinstance(shape, ListOf) else shape
        assert isinstance(inside, Object)  # noqa: S101 - the mapping has been read against the kind
        found = [value for group in groups if (value := self._object(group, inside, path)) is not None]
        if not found:
            return None
        return found if isinstance(shape, ListOf) else found[0]

    def _object(self, group: Group, shape: Object, path: str) -> dict[str, Json] | None:
        # Constants alone are nothing that this row says; a column that names the type is no value either.
        told = [source for name, source in group.items() if source.columns and name != "type"]
        if not any(self._said(source) for source in told):
            return None
        value: dict[str, Json] = {}
        for name, source in group.items():
            inner = self._value(source, shape.by_name[name].shape, f"{path}.{name}")
            if inner is not None:
                value[name] = inner
            elif shape.by_name[name].required:
                raise _Bad(self._head(source), BadCell("cell-empty"))
        return value

    # --- batches

    def _item(self, table: str, group: Group) -> Item | None:
        """The batch that a row names in one table; None where all its cells are empty."""
        if not any(self._said(source) for source in group.values() if source.columns):
            return None
        product = self._product(group)
        shape = items_of(self._mapping.kind, table)
        code = self._optional(group, "code")
        lot = self._optional(group, "lot")
        if lot is not None and len(lot) > 40:
            self._check(group["lot"], Text(40), lot, f"body.{table}.lot")
        if code is not None:
            code = self._try(group["code"], lambda source: read_trace_code(self._said(source)))
        elif product is None:
            source = group.get("gtin") or group.get("own_code") or group["code"]
            raise _Bad(self._head(source), BadCell("row-no-batch"))
        elif lot is None and table != "outputs":
            raise _Bad(self._head(group.get("lot") or next(iter(group.values()))), BadCell("cell-empty"))
        measured = shape.get("quantity")
        asked = "quantity" in group and (measured is None or measured.required or self._said(group["quantity"]))
        quantity = self._quantity(group) if asked else None
        more = {
            name: value
            for name, source in group.items()
            if name in shape
            and name not in ("product", "batch", "lot", "quantity")
            and (value := self._value(source, shape[name].shape, f"{table}.{name}")) is not None
        }  # fmt: skip
        return Item(table, product, lot, code, quantity, more)

    def _optional(self, group: Group, name: str) -> str | None:
        if name not in group:
            return None
        source = group[name]
        said = self._said(source)
        raw = [self._row.cells.get(fold(column)) for column in source.columns]
        if name in _IDENTIFIERS and any(isinstance(cell, date) for cell in raw):
            raise _Bad(self._head(source), BadCell("cell-became-date", has=said))
        if name in _IDENTIFIERS and _POWER(said):
            raise _Bad(self._head(source), BadCell("cell-long-number", has=said))
        return said or None

    def _check(self, source: Source, shape: Shape, value: Json, path: str) -> None:
        self._try(source, lambda _: shape.check(value, path))

    def _product(self, group: Group) -> ProductName | None:
        gtin, own = self._optional(group, "gtin"), self._optional(group, "own_code")
        name = self._optional(group, "product")
        if name is not None:
            self._check(group["product"], Text(120), name, "body.names")
        if gtin is not None:
            padded = _padded(gtin, "gtin")
            if is_gtin(padded):
                return ProductName("gtin", padded.zfill(14), name or gtin)
            self._warn(group["gtin"], "check-digit", has=gtin, wanted="GTIN")
        code = own or gtin
        if code is None:
            return None
        self._check(group["own_code" if own else "gtin"], Text(60), code, "body.own_code")
        return ProductName("own_code", code, name or code)

    def _quantity(self, group: Group) -> dict[str, str]:
        unit = self._optional(group, "unit") or ""
        source = group["quantity"]
        if not self._said(source):
            raise _Bad(self._head(source), BadCell("cell-empty"))
        quantity: dict[str, str] = self._try(
            source, lambda source: cells.quantity(self._said(source), unit, self._mapping.units)
        )
        return quantity


def _padded(said: str, key: str) -> str:
    """A key with the zeros in front that a spreadsheet drops from a number, if only they are missing."""
    bare = said.replace(" ", "").replace("-", "")
    if not (bare.isascii() and bare.isdigit()) or len(bare) >= _DIGITS[key]:
        return bare if bare.isascii() and bare.isdigit() else said
    if _CHECKS[key](bare):
        return bare
    full = bare.zfill(_DIGITS[key])
    return full if len(bare) >= _DIGITS[key] - 5 and _CHECKS[key](full) else bare
