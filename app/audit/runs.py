"""What a changed table of the rules opened and closed: the last run, as a supervisor reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Engine, Row, case, select

from app.batches import views
from app.batches.views import BatchView
from app.parties.names import Names
from app.tables import rule_changes, rule_runs, rule_tables
from ledger.findings import TITLES
from ledger.identity import ChainId

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Changed:
    """A finding that it ``opened`` or ``closed``, in few words, and the statement that this is about."""

    change: str
    code: str
    zh: str
    en: str
    batch: BatchView | None
    about: int
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the rules; ``tables`` came into force with it, each with its version. ``at`` is in ms."""

    run: int
    at: int
    tables: Mapping[str, int]
    opened: int
    closed: int
    changes: list[Changed]
    """What opened first; the first ``SHOWN``."""


def last_run(engine: Engine, log_id: int, names: Names) -> Run | None:
    """The last run, if there was one."""
    with engine.connect() as connection:
        query = select(rule_runs).where(rule_runs.c.log_id == log_id).order_by(rule_runs.c.run.desc()).limit(1)
        row = connection.execute(query).first()
        if row is None:
            return None
        fresh = select(rule_tables.c.name, rule_tables.c.version).where(
            rule_tables.c.log_id == log_id, rule_tables.c.run == row.run
        )
        opened_first = case((rule_changes.c.change == "opened", 0), else_=1)
        changes = connection.execute(
            select(rule_changes)
            .where(rule_changes.c.log_id == log_id, rule_changes.c.run == row.run)
            .order_by(opened_first, rule_changes.c.line)
            .limit(SHOWN)
        ).all()
        batches = views.read(connection, log_id, names, (ChainId(one.batch) for one in changes if one.batch))
        tables = {name: version for name, version in connection.execute(fresh.order_by(rule_tables.c.name))}
    return Run(row.run, row.at, tables, row.opened, row.closed, [_changed(one, batches) for one in changes])


def _changed(row: Row[Any], batches: Mapping[ChainId, BatchView]) -> Changed:
    zh, en = TITLES.get(row.code, (row.code, row.code))
    batch = batches.get(row.batch) if row.batch else None
    return Changed(row.change, row.code, zh, en, batch, row.about, orjson.loads(row.params))
