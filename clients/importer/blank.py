"""A sheet for any kind, drawn from the table of kinds: its heads, what belongs under each, and how it is read back.

The first head names the kind (``用药施肥 时间``), so that a sheet filled in under these heads is known without a
mapping. Columns that nobody needs may be taken out, all but those that must be there. Files have no column.
"""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from clients.importer.mapping import BATCHES, Group, SheetMapping, Source, items_of
from clients.importer.sheet import fold
from ledger.records import ATTACHING, KINDS, Kind
from ledger.records.shapes import Field, ListOf, MapOf, Object, Values

TOGETHER = "同一条记录"
_NAMES: Mapping[str, tuple[str, str, str]] = {
    "code": ("追溯码", "20 位追溯码；写了它就不用写货号、批号", "its trace code, and then no product or lot"),
    "gtin": ("条码", "产品的条形码数字", "the product's GTIN"),
    "own_code": ("货号", "登记产品时的自编码", "the product's own code"),
    "product": ("品名", "产品名称，第一次出现的产品据此登记", "what the product is called; a new one is added by it"),
    "lot": ("批号", "您自己的批号", "your own lot number"),
    "quantity": ("数量", "数量，可带单位：20 公斤", "how much, perhaps with its unit: 20 kg"),
    "unit": ("单位", "数量里没有单位时写这里", "the unit, where the quantity has none"),
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A head, and where what stands under it belongs: ``at``, ``join``, a table and its key, a field and its inside."""

    head: str
    help_zh: str
    help_en: str
    to: tuple[str, ...]
    required: bool = False


def columns(kind: Kind) -> list[Column]:
    """Every column that a sheet of this kind may have, in the order of its form."""
    when = "什么时候，如 2026-07-20 或 2026-07-20 09:30", "when, such as 2026-07-20 or 2026-07-20 09:30"
    found = [Column(_at(kind), *when, ("at",), required=True)]
    tables = [name for name in BATCHES if items_of(kind, name)]
    if kind.on != "none" and not any(kind.by_name[name].required for name in tables):
        tables.insert(0, "on")
    for name in tables:
        found += _of_table(kind, name)
    for field in kind.fields:
        if field.name not in BATCHES and field.name not in ATTACHING and field.name != "from":
            found += _of_field(field)
    if tables or any(isinstance(field.shape, ListOf) for field in kind.fields):
        words = "写了相同内容的几行合成一条记录；一行一条就不写", "rows with the same word here are one record"
        found.append(Column(TOGETHER, *words, ("join",)))
    return found


def mapping(kind: Kind, heads: Collection[str]) -> SheetMapping:
    """How a sheet with these folded heads is read."""
    there = [column for column in columns(kind) if column.required or fold(column.head) in heads]
    batches: dict[str, dict[str, Source]] = {}
    plain: dict[str, Source] = {}
    inside: dict[str, dict[str, Source]] = {}
    for column in there:
        source = Source((column.head,))
        match column.to:
            case ("batch", table, key):
                batches.setdefault(table, {})[key] = source
            case ("field", name):
                plain[name] = source
            case ("field", name, inner):
                inside.setdefault(name, {})[inner] = source
    for table, group in batches.items():
        if not group.keys() & {"code", "gtin", "own_code"}:
            # Nothing names the batch: the column that is missing is complained of.
            key = "own_code" if table == "outputs" else "code"
            group[key] = Source((_head(kind, table, key),))
    fields: dict[str, Source | tuple[Group, ...]] = {**plain, **{name: (group,) for name, group in inside.items()}}
    join = tuple(column.head for column in there if column.to == ("join",))
    return SheetMapping(kind.zh, kind, Source((_at(kind),)), batches, fields, join=join)


def recognise(heads: Collection[str]) -> SheetMapping | None:
    """The mapping of a sheet whose first head names its kind."""
    for kind in KINDS.values():
        if kind.stage != "registry" and fold(_at(kind)) in heads:
            return mapping(kind, heads)
    return None


def text(kind: Kind) -> str:
    """The empty sheet as csv, as spreadsheets on a Chinese desktop open it."""
    written = io.StringIO()
    csv.writer(written).writerow(column.head for column in columns(kind))
    return f"\ufeff{written.getvalue()}"


def _at(kind: Kind) -> str:
    return f"{kind.zh} 时间"


def _head(kind: Kind, table: str, key: str) -> str:
    return f"{kind.by_name[table].zh if table != 'on' else '批次'} {_NAMES[key][0]}"


def _of_table(kind: Kind, name: str) -> Iterator[Column]:
    shape = items_of(kind, name)
    needed = name != "on" and kind.by_name[name].required and "quantity" in shape and shape["quantity"].required
    for key, (_, help_zh, help_en) in _NAMES.items():
        if (key == "code" and name == "outputs") or (key in ("quantity", "unit") and "quantity" not in shape):
            continue
        yield Column(_head(kind, name, key), help_zh, help_en, ("batch", name, key), key == "quantity" and needed)
    for inner in shape.values():
        if inner.name not in ("product", "batch", "lot", "quantity"):
            words = f"{kind.by_name[name].zh} {inner.zh}", inner.help_zh, inner.help_en
            yield Column(*words, ("batch", name, inner.name))


def _of_field(field: Field) -> Iterator[Column]:
    shape = field.shape.item if isinstance(field.shape, ListOf) else field.shape
    if isinstance(shape, Object):
        for inner in shape.fields:
            words = f"{field.zh} {inner.zh}", inner.help_zh, inner.help_en
            yield Column(*words, ("field", field.name, inner.name), field.required and inner.required)
    elif not isinstance(shape, MapOf | Values):
        yield Column(field.zh, field.help_zh, field.help_en, ("field", field.name), field.required)
