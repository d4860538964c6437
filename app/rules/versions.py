"""Versions of the tables of rules: what an import brings, what it would change, which are in force."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import Connection, insert, select

from app.rules.names import plain
from app.rules.rows import SHAPES
from app.rules.sheets import Sheet, read
from app.rules.tables import Tables
from app.tables import rule_tables

_Key: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """What another version of a table changes, row by row; each row is called by what it is of."""

    added: tuple[str, ...]
    ended: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.ended or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Version:
    """An imported table: ``imported`` in ms since 1970, ``run`` which run of the rules put it in force, if one did."""

    name: str
    version: int
    digest: str
    imported: int
    run: int | None


def compare(old: Sheet, new: Sheet) -> Diff:
    """``ended``: a row like the old one, but with a last day where there was none, or an earlier one."""
    before, after = _keyed(old), _keyed(new)
    ended, changed = list[Any](), list[Any]()
    for key in before.keys() & after.keys():
        if before[key] != after[key]:
            (ended if _ended(before[key], after[key]) else changed).append(after[key])
    called = ([after[key] for key in after.keys() - before.keys()], ended, changed)
    gone = [before[key] for key in before.keys() - after.keys()]
    return Diff(*(_called(new.name, rows) for rows in (*called, gone)))


def _keyed(sheet: Sheet) -> Mapping[_Key, Any]:
    return {(*map(plain, _title(sheet.name, row)), str(getattr(row, "since", ""))): row for row in sheet.rows}


def _title(name: str, row: Any) -> list[str]:
    values = (getattr(row, column) for column in SHAPES[name].about)
    return [";".join(value) if isinstance(value, tuple) else str(value) for value in values]


def _called(name: str, rows: Iterable[Any]) -> tuple[str, ...]:
    """What the rows are of, and from when on: 毒死蜱 · 水果 · 2021-09-03."""
    titles = ([*_title(name, row), str(getattr(row, "since", ""))] for row in rows)
    return tuple(sorted(" · ".join(filter(None, title)) for title in titles))


def _ended(old: Any, new: Any) -> bool:
    until: date | None = getattr(new, "until", None)
    same = all(getattr(old, each.name) == getattr(new, each.name) for each in fields(new) if each.name != "until")
    return same and until is not None and (old.until is None or until < old.until)


def bring(connection: Connection, log_id: int, sheet: Sheet, now: int) -> int | None:
    """Keep a table as its newest version, not yet in force; its number. None where the newest says the same already."""
    known = versions(connection, log_id, sheet.name)
    newest = read_version(connection, log_id, known[-1]) if known else Tables.shipped().sheets[sheet.name]
    if not compare(newest, sheet):
        return None
    number = known[-1].version + 1 if known else 1
    row = {"name": sheet.name, "version": number, "digest": sheet.digest, "text": sheet.text, "imported": now}
    connection.execute(insert(rule_tables), {"log_id": log_id, **row})
    return number


def versions(connection: Connection, log_id: int, name: str | None = None) -> list[Version]:
    """All versions of a table, or of all tables, oldest first."""
    columns = (rule_tables.c[field.name] for field in fields(Version))
    query = select(*columns).where(rule_tables.c.log_id == log_id)
    if name is not None:
        query = query.where(rule_tables.c.name == name)
    query = query.order_by(rule_tables.c.name, rule_tables.c.version)
    return [Version(*row) for row in connection.execute(query)]


def pending(connection: Connection, log_id: int) -> list[Version]:
    """The newest version of each table, where it is not in force yet."""
    newest = {each.name: each for each in versions(connection, log_id)}
    return [each for each in newest.values() if each.run is None and each.name in SHAPES]


def read_version(connection: Connection, log_id: int, version: Version) -> Sheet:
    """A version as it was imported."""
    text = connection.execute(
        select(rule_tables.c.text).where(
            rule_tables.c.log_id == log_id,
            rule_tables.c.name == version.name,
            rule_tables.c.version == version.version,
        )
    ).scalar_one()
    return read(version.name, SHAPES[version.name], text.encode())
