"""How long a record is to be kept, and by which rule: dated rules with their sources, in ``retention.toml``.

Pure but for reading the table. Whose record it is and what it is about is told by ``app.erasure.keeping``.
"""

import calendar
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from app.errors import ServiceError
from ledger.registry import Registry

RULES = Path(__file__).with_name("retention.toml")


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long records of these kinds are kept at least, since when that is so, by which rule, and for whom."""

    kinds: list[str]
    months: int
    since: date
    source: str
    shelf_life: bool = False
    else_months: int = 0
    roles: list[str] = []
    sides: list[str] = []
    goods: Literal["", "produce", "food"] = ""
    fields: list[str] = []
    """What of it that is sealed, or a file, the duty is about: nobody has it erased before."""

    def day(self, recorded: date, ends: Collection[date | None]) -> date:
        """The first day on which it need no longer be kept: recorded that day, about goods whose shelf lives so end."""
        if not self.shelf_life:
            return months_after(recorded, self.months)
        known = [end for end in ends if end is not None]
        if not known or len(known) < len(ends):
            ours = months_after(recorded, self.else_months)
            return max([ours, *(months_after(end, self.months) for end in known)])
        return months_after(max(known), self.months)


class Erase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which fields are erased then."""

    fields: list[str]
    since: date
    source: str


@dataclass(frozen=True, slots=True)
class About:
    """A record as the rules see it: whose it is, on which day it was made or received, and of which goods it tells."""

    kind: str
    recorded: date
    roles: frozenset[str] = frozenset()
    """Those that its party has or ever had."""
    side: str = ""
    food: bool = False
    ends: tuple[date | None, ...] = ()
    """When the shelf life of each of its goods ends; None where nobody said."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a record is kept for: the rules that apply, each with the first day on which it no longer does."""

    duties: tuple[tuple[Keep, date], ...]

    @property
    def until(self) -> date:
        """The first day on which it need no longer be kept."""
        return max(day for _, day in self.duties)

    @property
    def source(self) -> str:
        """The rule that keeps it longest."""
        return max(self.duties, key=lambda duty: duty[1])[0].source

    def field(self, name: str) -> tuple[date, str] | None:
        """From which day a field may be erased, and by which rule not before; None if no duty is about it."""
        bare = name.removeprefix("new.")
        days = [(day, rule.source) for rule, day in self.duties if bare in rule.fields]
        return max(days, default=None)


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole table; ``demonstration`` unless its figures were copied from the texts that it names."""

    demonstration: bool
    keep: list[Keep]
    erase: list[Erase]

    def kept(self, about: About, today: date) -> Kept | None:
        """What it is kept for by the rules in force ``today``; None where none names its kind."""
        of_kind = [rule for rule in self.keep if about.kind in rule.kinds and rule.since <= today]
        goods = "food" if about.food else "produce"
        fitting = [
            rule for rule in of_kind if rule.goods in ("", goods) and (not rule.sides or about.side in rule.sides)
        ]
        theirs = [rule for rule in fitting if not rule.roles or not about.roles.isdisjoint(rule.roles)]
        # Whoever has no role that is named keeps as long as anybody: nothing is deleted earlier.
        newest = {
            (tuple(rule.roles), tuple(rule.sides), rule.goods): rule
            for rule in sorted(theirs or fitting, key=lambda rule: rule.since)
        }
        duties = tuple((rule, rule.day(about.recorded, about.ends)) for rule in newest.values())
        return Kept(duties) if duties else None

    def personal(self, today: date) -> dict[str, Erase]:
        """The fields that are erased once their record need no longer be kept, each by its rule."""
        return {field: rule for rule in self.erase if rule.since <= today for field in rule.fields}


def read(data: Path | None = None) -> Rules:
    """The table in the data folder, if there is one, else the one shipped. Raises ServiceError ``settings``."""
    own = data / RULES.name if data else RULES
    path = own if own.exists() else RULES
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Rules)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ServiceError("settings", path=str(path), has=str(error)) from None


def best_before(output: Mapping[str, Any], day: date, registry: Registry) -> date | None:
    """When the shelf life of goods made that day ends: as stated, or by their product."""
    if stated := output.get("best_before") or output.get("expires"):
        return date.fromisoformat(stated)
    product = registry.products.get(output.get("product", ""))
    shelf_life = product.body.get("shelf_life") if product else None
    return day + min(timedelta(days=shelf_life), date.max - day) if shelf_life is not None else None


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last one of that month; never past the calendar's end."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
