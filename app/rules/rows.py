"""What the rows of the dated tables say, and which columns each table has."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from app.rules.names import plain
from app.rules.sheets import Column, Shape, day, decimal, one_of, whole, word, words, yes_no


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``source`` is the notice or standard; a ``demonstration`` row was not copied from its text word for word."""

    source: str
    demonstration: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated(Row):
    """Holds from ``since`` to ``until``, both included; None: it still does."""

    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Word(Row):
    """What goods of this name are: the group and category that limits speak of."""

    word: str
    synonyms: tuple[str, ...]
    group: str
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban(Dated):
    """``banned`` in all uses; ``toxic`` (剧毒、高毒, whatever is barred from some goods) for ``goods`` only."""

    ingredient: str
    synonyms: tuple[str, ...]
    kind: Literal["banned", "toxic"]
    goods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Dated):
    """One line of a registered label: at most ``rate`` (in ``unit`` per mu) on ``crop``, then ``days`` of waiting."""

    registration_no: str
    name: str
    ingredient: str
    synonyms: tuple[str, ...]
    crop: str
    rate: Decimal | None
    unit: str
    days: int | None


@dataclass(frozen=True, slots=True)
class Use:
    """What a label says of a crop. ``label`` is None where it names others (``crops``) and not this one."""

    registration_no: str
    name: str
    crops: tuple[str, ...]
    label: Label | None
    source: str

    @property
    def rate(self) -> Decimal | None:
        return self.label.rate if self.label else None

    @property
    def unit(self) -> str:
        return self.label.unit if self.label else ""

    @property
    def days(self) -> int | None:
        return self.label.days if self.label else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval(Dated):
    """At least ``days`` from the last use to harvest, slaughter, catch or laying."""

    ingredient: str
    synonyms: tuple[str, ...]
    goods: tuple[str, ...]
    days: int


_SHARES = {
    "kg/kg": 0,
    "g/kg": 3,
    "mg/kg": 6,
    "mg/l": 6,
    "ug/kg": 9,
    "μg/kg": 9,
    "ug/l": 9,
    "μg/l": 9,
    "ng/kg": 12,
    "%": 2,
}
"""Parts in ten to this power; of a liquid a litre is taken for a kilogram."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Dated):
    """At most ``value`` in ``unit``; 0: it must not be detected."""

    analyte: str
    synonyms: tuple[str, ...]
    goods: tuple[str, ...]
    value: Decimal
    unit: str

    def in_unit(self, unit: str) -> Decimal | None:
        """The same limit as a laboratory writes it that reports in ``unit`` (μg/kg for mg/kg); None: not comparable."""
        mine, theirs = (_SHARES.get(unicodedata.normalize("NFKC", each).casefold()) for each in (self.unit, unit))
        if self.unit == unit:
            return self.value
        return None if mine is None or theirs is None else self.value.scaleb(theirs - mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty(Dated):
    """Goods of ``category`` fall under ``duty``: a certificate is due for them."""

    duty: Literal["certificate"]
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term(Dated):
    """A figure that a rule needs, by its name."""

    name: str
    value: int
    unit: str


_SOURCE = (Column("source", word), Column("demonstration", yes_no))
_DATED = (Column("source", word), Column("since", day), Column("until", day, None), Column("demonstration", yes_no))
_SYNONYMS = Column("synonyms", words, ())
_GOODS = Column("goods", words, ())


def names(name: str, synonyms: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(plain(each) for each in (name, *synonyms)))


def _goods(row: Any, name: str) -> Iterator[tuple[str, ...]]:
    goods = [plain(each) for each in row.goods] or ["*"]
    return ((each, one) for each in names(name, row.synonyms) for one in goods)


SHAPES: Mapping[str, Shape] = {
    "categories": Shape(
        "品类词表",
        "words for kinds of goods",
        ("word",),
        (Column("word", word), _SYNONYMS, Column("group", word, ""), Column("category", word), *_SOURCE),
        Word,
        lambda row: ((name,) for name in names(row.word, row.synonyms)),
    ),
    "bans": Shape(
        "禁限用",
        "what is banned",
        ("ingredient", "kind", "goods"),
        (
            Column("ingredient", word),
            _SYNONYMS,
            Column("kind", one_of({"banned": "banned", "toxic": "toxic"})),
            _GOODS,
            *_DATED,
        ),
        Ban,
        lambda row: _goods(row, row.ingredient),
    ),
    "registrations": Shape(
        "登记标签",
        "registered labels",
        ("registration_no", "crop"),
        (
            Column("registration_no", word),
            Column("name", word),
            Column("ingredient", word),
            _SYNONYMS,
            Column("crop", word),
            Column("rate", decimal, None),
            Column("unit", word, ""),
            Column("days", whole, None),
            *_DATED,
        ),
        Label,
        lambda row: iter([(plain(row.registration_no), plain(row.crop))]),
    ),
    "intervals": Shape(
        "安全间隔期和休药期",
        "intervals and withdrawal times",
        ("ingredient", "goods"),
        (Column("ingredient", word), _SYNONYMS, _GOODS, Column("days", whole), *_DATED),
        Interval,
        lambda row: _goods(row, row.ingredient),
    ),
    "limits": Shape(
        "限量",
        "limits",
        ("analyte", "goods"),
        (Column("analyte", word), _SYNONYMS, _GOODS, Column("value", decimal), Column("unit", word), *_DATED),
        Limit,
        lambda row: _goods(row, row.analyte),
    ),
    "duties": Shape(
        "开证义务",
        "goods that need a certificate",
        ("duty", "category"),
        (Column("duty", one_of({"certificate": "certificate"})), Column("category", word), *_DATED),
        Duty,
        lambda row: iter([(row.duty, plain(row.category))]),
    ),
    "terms": Shape(
        "期限和门槛",
        "terms and thresholds",
        ("name",),
        (Column("name", word), Column("value", whole), Column("unit", word), *_DATED),
        Term,
        lambda row: iter([(row.name,)]),
    ),
}
"""Every table by its name."""
