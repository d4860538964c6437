"""A run of the rules: newer tables are put in force, and all that was ever recorded is judged by them again.

No new truth: the statements stay what they are. Findings open and close, as if the tables had always said what they
say now; what a run changed is kept beside them, for no statement tells of it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import orjson
from sqlalchemy import Connection, func, insert, select, update

from app.batches.rebuild import rebuild
from app.db import insert_rows
from app.rules.tables import Tables
from app.rules.versions import pending
from app.tables import findings, rule_changes, rule_runs, rule_tables
from ledger import b64u
from ledger.identity import ChainId

_Finding: TypeAlias = tuple[str, ChainId | None, int, str]
"""Code, batch, the statement that it concerns by its first index, and its parameters as they are stored."""


@dataclass(frozen=True, slots=True)
class Change:
    """A finding that a run opened or closed. One that now says something else was closed and opened."""

    change: Literal["opened", "closed"]
    code: str
    batch: ChainId | None
    about: int
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ran:
    """``tables`` are the versions that this run put in force; ``statements`` is how many were judged again."""

    run: int
    tables: Mapping[str, int]
    statements: int
    changes: tuple[Change, ...] = field(repr=False)

    def count(self, change: str) -> Counter[str]:
        """How many findings opened, or closed, by code."""
        return Counter(each.code for each in self.changes if each.change == change)


def run(
    connection: Connection, log_id: int, now: int, progress: Callable[[int, int], None] = lambda done, size: None
) -> Ran:
    """Put the newest tables in force inside the caller's transaction, and recompute everything by them.

    ``now`` is in ms since 1970. Nobody else may write the log meanwhile.
    """
    before = set(_open(connection, log_id))
    newest = connection.execute(select(func.max(rule_runs.c.run)).where(rule_runs.c.log_id == log_id)).scalar()
    number = 1 if newest is None else newest + 1
    fresh = {each.name: each.version for each in pending(connection, log_id)}
    for name, version in fresh.items():
        connection.execute(
            update(rule_tables)
            .where(
                rule_tables.c.log_id == log_id,
                rule_tables.c.name == name,
                rule_tables.c.version == version,
            )
            .values(run=number)
        )
    done = rebuild(connection, log_id, progress)
    after = set(_open(connection, log_id))
    changes = (*_changes("opened", after - before), *_changes("closed", before - after))
    ran = Ran(number, fresh, done, changes)
    _keep(connection, log_id, now, ran)
    return ran


def _open(connection: Connection, log_id: int) -> Iterator[_Finding]:
    query = select(findings.c.code, findings.c.batch, findings.c.about, findings.c.params).where(
        findings.c.log_id == log_id, findings.c.closed.is_(None)
    )
    return (tuple(row) for row in connection.execute(query))


def _changes(change: Literal["opened", "closed"], found: set[_Finding]) -> Iterator[Change]:
    for code, batch, about, params in sorted(found, key=lambda each: (each[2], each[0], each[1] or "")):
        yield Change(change, code, batch, about, orjson.loads(params))


def _keep(connection: Connection, log_id: int, now: int, ran: Ran) -> None:
    digests = {name: sheet.digest for name, sheet in Tables.load(connection, log_id).sheets.items()}
    counts = {"opened": ran.count("opened").total(), "closed": ran.count("closed").total()}
    row = {"log_id": log_id, "run": ran.run, "at": now, "tables": orjson.dumps(digests).decode(), **counts}
    connection.execute(insert(rule_runs), row)
    rows = [
        (
            log_id,
            ran.run,
            line,
            each.change,
            each.code,
            b64u.decode(each.batch) if each.batch else None,
            each.about,
            orjson.dumps(each.params, option=orjson.OPT_SORT_KEYS).decode(),
        )
        for line, each in enumerate(ran.changes)
    ]
    insert_rows(connection, rule_changes, rows)


def differs(connection: Connection, log_id: int, tables: Tables) -> set[str]:
    """The names of the tables that are other than at the last run, as after an update of the program.

    Where there was no run, findings were always by the tables at hand; nobody has noted which those were.
    """
    query = select(rule_runs.c.tables).where(rule_runs.c.log_id == log_id).order_by(rule_runs.c.run.desc()).limit(1)
    noted = connection.execute(query).scalar()
    if noted is None:
        return set()
    then = orjson.loads(noted)
    return {name for name, sheet in tables.sheets.items() if then.get(name) != sheet.digest}
