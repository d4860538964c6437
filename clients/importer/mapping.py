"""A mapping: which column of a sheet is which field of a record. The same TOML for the sheets that are built in and
for those that users write (docs/import.md).

    title = "收货单"                                 kind = "intake"
    at = "到货日期"                                  # a column; or { column = …, when = … }; or { value = "kg" }
    dates = ["m/d/y"]                                # styles that could be read in two ways
    [outputs]                                        # inputs · outputs · goods · on: the batches, as the kind has them
    own_code = "货号"    product = "品名"    lot = "批号"    quantity = "数量"    unit = { value = "kg" }
    [fields]                                         # every other field by its name in the kind
    supplier = "供货商"

Parsing is strict: a name that is not known is refused with its place, and so is a field that the kind has not.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clients.importer.cells import STYLES, UNITS
from clients.importer.problems import BadMapping, BadSheet
from clients.importer.sheet import Table, fold
from ledger.records import KINDS, Kind
from ledger.records.registry import PLACE_KINDS
from ledger.records.shapes import Field, ListOf, Object

Key: TypeAlias = Literal["gtin", "gln", "sscc"]
KEYS: tuple[Key, ...] = ("gtin", "gln", "sscc")

BATCHES = ("inputs", "outputs", "goods", "short", "on")
"""The tables that say which batches a row is about."""

_TOP = ("title", "kind", "at", "dates", "zone", "join", "head_line", "sheet", "unknown_lots",
        "language", "units", "places", "fields", *BATCHES)  # fmt: skip
_SOURCE = ("column", "columns", "with", "like", "value", "default", "when", "unless", "check", "gln")


@dataclass(frozen=True)
class Source:
    """Where a value comes from: ``columns``, put together with ``joiner``, or the constant ``value``.

    Only cells that ``like`` matches count; ``default`` stands in where none is left.
    ``check`` is the kind of GS1 key it should be; ``gln`` says where a party's or place's number stands.
    """

    columns: tuple[str, ...] = ()
    value: str = ""
    default: str = ""
    joiner: str = " "
    like: re.Pattern[str] | None = None
    when: "Condition | None" = None
    check: Key | None = None
    gln: "Source | None" = None

    def named(self) -> Iterable[str]:
        """Every column that it looks at."""
        yield from self.columns
        if self.when:
            yield self.when.column
        if self.gln:
            yield from self.gln.named()


@dataclass(frozen=True)
class Condition:
    """The value counts only where ``column`` says one of ``words`` (``among``), or none of them."""

    column: str
    words: frozenset[str]
    among: bool


Group: TypeAlias = Mapping[str, Source]
"""An object's fields, each from its source."""


@dataclass(frozen=True)
class SheetMapping:
    """A mapping as it is worked with; columns as they are written, compared folded."""

    title: str
    kind: Kind
    at: Source
    batches: Mapping[str, Group]
    fields: Mapping[str, Source | tuple[Group, ...]]
    dates: tuple[str, ...] = ()
    zone: str | None = None
    join: tuple[str, ...] = ()
    head_line: int = 1
    sheet: str | None = None
    open_unknown: bool = False
    language: str = "zh"
    units: Mapping[str, str] = field(default_factory=lambda: UNITS)
    places: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column that it names, once."""
        named = [*self.at.named(), *self.join]
        for group in self.batches.values():
            named += [column for source in group.values() for column in source.named()]
        for one in self.fields.values():
            groups = [{"": one}] if isinstance(one, Source) else one
            named += [column for group in groups for source in group.values() for column in source.named()]
        return tuple(dict.fromkeys(named))

    def check(self, table: Table) -> None:
        """Raises BadSheet where a column is not there, or is there twice."""
        lacking = [column for column in self.columns if fold(column) not in table.heads]
        if lacking:
            has = ", ".join(table.heads.values())
            raise BadSheet("sheet-columns", path=table.name, has=has, wanted=", ".join(lacking))
        for column in self.columns:
            if fold(column) in table.repeated:
                raise BadSheet("sheet-repeated", path=table.name, has=column)

    def fits(self, heads: frozenset[str]) -> bool:
        return all(fold(column) in heads for column in self.columns)


def read(path: Path) -> SheetMapping:
    """A user's mapping file. Raises BadMapping with the place in it."""
    try:
        return parse(path.read_text("utf-8-sig"))
    except OSError as error:
        raise BadMapping("mapping-file", path=str(path), has=error.strerror or str(error)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMapping("mapping-file", path=str(path), has=str(error)) from None


def built_in() -> list[SheetMapping]:
    """The sheets that are known without a mapping file."""
    folder = files("clients.importer") / "mappings"
    return [parse(file.read_text("utf-8")) for file in sorted(folder.iterdir(), key=lambda file: file.name)]


def recognise(heads: frozenset[str]) -> SheetMapping | None:
    """The built-in mapping that finds all its columns among the folded ``heads``; of several the one with most."""
    fitting = [mapping for mapping in built_in() if mapping.fits(heads)]
    return max(fitting, key=lambda mapping: len(mapping.columns), default=None)


def parse(text: str) -> SheetMapping:
    """Raises BadMapping, or tomllib's error for what is no TOML."""
    told = tomllib.loads(text)
    _known(told, _TOP, "")
    kind = KINDS.get(_string(told, "kind", ""))
    stated = sorted(name for name, one in KINDS.items() if one.stage != "registry")
    if kind is None or kind.name not in stated:
        raise BadMapping("mapping-value", path="kind", has=str(told.get("kind")), wanted=" | ".join(stated))
    dates = _strings(told, "dates")
    for style in dates:
        if style not in STYLES:
            raise BadMapping("mapping-value", path="dates", has=style, wanted=" | ".join(STYLES))
    if {"m/d/y", "d/m/y"} <= set(dates):
        raise BadMapping("mapping-value", path="dates", has=", ".join(dates), wanted="m/d/y | d/m/y")
    batches = {name: _batches(told[name], kind, name) for name in BATCHES if name in told}
    if not batches and _tables(kind):
        raise BadMapping("mapping-missing", path=" | ".join(_tables(kind)))
    if "at" not in told:
        raise BadMapping("mapping-missing", path="at")
    head_line = told.get("head_line", 1)
    if not isinstance(head_line, int) or head_line < 1:
        raise BadMapping("mapping-value", path="head_line", has=str(head_line), wanted="1, 2, …")
    lots = told.get("unknown_lots", "refuse")
    if lots not in ("open", "refuse"):
        raise BadMapping("mapping-value", path="unknown_lots", has=str(lots), wanted="open | refuse")
    places = {name: _string(told["places"], name, "places.") for name in _table(told, "places")}
    _known(places, ("kind", "division", "township"), "places.")
    if places.get("kind", "store") not in PLACE_KINDS:
        raise BadMapping("mapping-value", path="places.kind", has=places["kind"], wanted=" | ".join(PLACE_KINDS))
    units = {fold(name): _string(told["units"], name, "units.") for name in _table(told, "units")}
    return SheetMapping(
        title=_string(told, "title", "") if "title" in told else kind.zh,
        kind=kind,
        at=_source(told["at"], "at"),
        batches=batches,
        fields={name: _field(value, kind, name) for name, value in _table(told, "fields").items()},
        dates=dates,
        zone=_zone(_string(told, "zone", "")) if "zone" in told else None,
        join=_strings(told, "join"),
        head_line=head_line,
        sheet=_string(told, "sheet", "") if "sheet" in told else None,
        open_unknown=lots == "open",
        language=_string(told, "language", "") if "language" in told else "zh",
        units={**UNITS, **units},
        places=places,
    )


def items_of(kind: Kind, name: str) -> Mapping[str, Field]:
    """The fields that the kind gives each batch of ``name``, none where it has no such list."""
    shape = kind.by_name[name].shape if name in kind.by_name else None
    if isinstance(shape, ListOf) and isinstance(shape.item, Object):
        return shape.item.by_name
    return {}


# --- the parts ---------------------------------------------------------------------------------------------------


def _tables(kind: Kind) -> tuple[str, ...]:
    """The tables of batches that a kind has; ``on`` for one that is about batches and lists them nowhere else."""
    listed = tuple(name for name in BATCHES if items_of(kind, name))
    return listed or (("on",) if kind.on != "none" else ())


def _batches(told: object, kind: Kind, name: str) -> Group:
    if name not in _tables(kind) and not (name == "on" and kind.on != "none"):
        raise BadMapping("mapping-key", path=name, wanted=" | ".join(_tables(kind)))
    shape = items_of(kind, name)
    own = tuple(each for each in shape if each not in ("product", "batch", "quantity"))
    if not isinstance(told, dict):
        raise BadMapping("mapping-value", path=name, has=str(told)[:80], wanted=f"[{name}]")
    # What comes into being has no trace code yet.
    called = [each for each in ("gtin", "own_code", "code") if each != "code" or name != "outputs"]
    # What is found on hand or short has figures of its own in place of a quantity.
    amount = ("quantity", "unit") if not shape or "quantity" in shape else ()
    _known(told, (*called, "product", "lot", *amount, *own), f"{name}.")
    group = {key: _source(value, f"{name}.{key}") for key, value in told.items()}
    if not group.keys() & set(called):
        raise BadMapping("mapping-missing", path=" | ".join(f"{name}.{each}" for each in called))
    measured = shape.get("quantity")
    if measured and measured.required and "quantity" not in group:
        raise BadMapping("mapping-missing", path=f"{name}.quantity")
    return group


def _field(told: object, kind: Kind, name: str) -> Source | tuple[Group, ...]:
    path = f"fields.{name}"
    if name not in kind.by_name or name in BATCHES:
        fields = sorted(each for each in kind.by_name if each not in BATCHES)
        raise BadMapping("mapping-key", path=path, wanted=", ".join(fields))
    shape = kind.by_name[name].shape
    inside = shape.item if isinstance(shape, ListOf) else shape
    if not isinstance(inside, Object):
        return _source(told, path)
    groups: list[Any] = told if isinstance(told, list) else [told]
    if not all(isinstance(group, dict) for group in groups):
        raise BadMapping("mapping-value", path=path, has=str(told)[:80], wanted=f"[[{path}]]")
    for group in groups:
        _known(group, tuple(inside.by_name), f"{path}.")
        for each in inside.fields:
            if each.required and each.name not in group:
                raise BadMapping("mapping-missing", path=f"{path}.{each.name}")
    return tuple({key: _source(value, f"{path}.{key}") for key, value in group.items()} for group in groups)


def _source(told: object, path: str) -> Source:
    if isinstance(told, str) and told.strip():
        return Source((told,))
    if not isinstance(told, dict):
        raise BadMapping(
            "mapping-value", path=path, has=str(told)[:80], wanted='"column" | { column = … } | { value = … }'
        )
    _known(told, _SOURCE, f"{path}.")
    if len({"column", "columns", "value"} & told.keys()) != 1:
        raise BadMapping("mapping-value", path=path, has=", ".join(told), wanted="column | columns | value")
    columns = (_string(told, "column", f"{path}."),) if "column" in told else _strings(told, "columns", f"{path}.")
    check = told.get("check")
    if check is not None and check not in KEYS:
        raise BadMapping("mapping-value", path=f"{path}.check", has=str(check), wanted=" | ".join(KEYS))
    return Source(
        columns=columns,
        value=_string(told, "value", f"{path}.") if "value" in told else "",
        default=_string(told, "default", f"{path}.") if "default" in told else "",
        joiner=told["with"] if isinstance(told.get("with"), str) else " ",
        like=_pattern(told, path),
        when=_condition(told, path),
        check=cast(Key | None, check),
        gln=_source(told["gln"], f"{path}.gln") if "gln" in told else None,
    )


def _pattern(told: Mapping[str, Any], path: str) -> re.Pattern[str] | None:
    if "like" not in told:
        return None
    try:
        return re.compile(_string(told, "like", f"{path}."))
    except re.error as error:
        raise BadMapping("mapping-value", path=f"{path}.like", has=str(told["like"]), wanted=str(error)) from None


def _condition(told: Mapping[str, Any], path: str) -> Condition | None:
    for name in ("when", "unless"):
        match told.get(name):
            case None:
                continue
            case {"column": str(column), "is": str() | list() as words, **rest} if not rest:
                listed = [words] if isinstance(words, str) else words
                return Condition(column, frozenset(fold(str(word)) for word in listed), name == "when")
            case other:
                wanted = '{ column = "…", is = ["…"] }'
                raise BadMapping("mapping-value", path=f"{path}.{name}", has=str(other)[:80], wanted=wanted)
    return None


def _known(told: Mapping[str, Any], wanted: Iterable[str], path: str) -> None:
    for name in told:
        if name not in tuple(wanted):
            raise BadMapping("mapping-key", path=f"{path}{name}", wanted=", ".join(wanted))


def _table(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = told.get(name, {})
    if not isinstance(value, dict):
        raise BadMapping("mapping-value", path=name, has=str(value)[:80], wanted=f"[{name}]")
    return value


def _string(told: Mapping[str, Any], name: str, path: str) -> str:
    value = told.get(name)
    if value is None:
        raise BadMapping("mapping-missing", path=f"{path}{name}")
    if not isinstance(value, str) or not value.strip():
        raise BadMapping("mapping-value", path=f"{path}{name}", has=str(value)[:80], wanted='"…"')
    return value


def _strings(told: Mapping[str, Any], name: str, path: str = "") -> tuple[str, ...]:
    value = told.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadMapping("mapping-value", path=f"{path}{name}", has=str(value)[:80], wanted='["…", "…"]')
    return tuple(value)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadMapping("mapping-value", path="zone", has=name, wanted="Asia/Shanghai") from None
    return name
