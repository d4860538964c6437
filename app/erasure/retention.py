"""When the time of a record's personal fields has come: by dated rules with their sources, in ``retention.toml``."""

import calendar
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from app.erasure.service import Wanted
from app.errors import ServiceError
from app.tables import disclosures, entries, statements
from ledger.registry import Registry
from ledger.statement import Statement, parse

RULES = Path(__file__).with_name("retention.toml")
PAGE = 500


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long records of these kinds are kept at least, since when that is so, and by which rule."""

    kinds: list[str]
    months: int
    since: date
    source: str
    shelf_life: bool = False
    else_months: int = 0


class Erase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which fields are erased then."""

    fields: list[str]
    since: date
    source: str


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole table; ``demonstration`` unless its figures were copied from the texts that it names."""

    demonstration: bool
    keep: list[Keep]
    erase: list[Erase]

    def of_kind(self, kind: str) -> Keep | None:
        """The newest rule for a kind."""
        return max((one for one in self.keep if kind in one.kinds), key=lambda one: one.since, default=None)


@dataclass(frozen=True, slots=True)
class Due:
    """A field whose time came on ``day``, and by which rule."""

    wanted: Wanted
    day: date
    source: str


def read(data: Path | None = None) -> Rules:
    """The table in the data folder, if there is one, else the one shipped. Raises ServiceError ``settings``."""
    own = data / RULES.name if data else RULES
    path = own if own.exists() else RULES
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Rules)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ServiceError("settings", path=str(path), has=str(error)) from None


def due(connection: Connection, log_id: int, registry: Registry, rules: Rules, today: date) -> Iterator[Due]:
    """The fields whose time has come by ``today``, in the order of the log."""
    fields = {field: rule for rule in rules.erase if rule.since <= today for field in rule.fields}
    after = -1
    while True:
        query = (
            select(disclosures.c.first_index, disclosures.c.name, statements.c.jws, entries.c.received)
            .join(
                statements,
                (statements.c.log_id == disclosures.c.log_id) & (statements.c.first_index == disclosures.c.first_index),
            )
            .join(
                entries,
                (entries.c.log_id == disclosures.c.log_id) & (entries.c.log_index == disclosures.c.first_index),
            )
            .where(disclosures.c.log_id == log_id, disclosures.c.first_index > after)
            .where(disclosures.c.name.in_(sorted(fields)))
            .order_by(disclosures.c.first_index, disclosures.c.name)
            .limit(PAGE)
        )
        rows = connection.execute(query).all()
        # A page may end within a statement: the rest of that one comes with the next.
        whole = [row for row in rows if len(rows) < PAGE or row.first_index != rows[-1].first_index]
        for row in whole:
            statement = parse(row.jws)
            rule = rules.of_kind(statement.kind)
            if rule is None:
                continue
            day = until(statement, rule, registry, row.received)
            if day <= today:
                source = f"{rule.source}；{fields[row.name].source}"
                yield Due(Wanted(row.first_index, row.name), day, source)
        if len(rows) < PAGE:
            return
        after = whole[-1].first_index


def until(statement: Statement, rule: Keep, registry: Registry, received: int) -> date:
    """The first day on which the record need no longer be kept. A time that was stated too early changes nothing."""
    day = max(date.fromisoformat(statement.at[:10]), datetime.fromtimestamp(received / 1000, UTC).date())
    if not rule.shelf_life:
        return months_after(day, rule.months)
    ends = [_best_before(output, day, registry) for output in statement.body.get("outputs", ())]
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(ends):
        return max([months_after(day, rule.else_months), *(months_after(end, rule.months) for end in known)])
    return months_after(max(known), rule.months)


def _best_before(output: Mapping[str, Any], day: date, registry: Registry) -> date | None:
    if "best_before" in output:
        return date.fromisoformat(output["best_before"])
    product = registry.products.get(output.get("product", ""))
    shelf_life = product.body.get("shelf_life") if product else None
    return day + min(timedelta(days=shelf_life), date.max - day) if shelf_life is not None else None


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last one of that month; never past the calendar's end."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
