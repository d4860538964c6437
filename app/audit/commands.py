"""``gengji audit`` and ``gengji rebuild``: they open the database on their own, also one that the service refuses."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import orjson
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app import config, schema
from app.audit import verify
from app.audit.desk import AUDITED
from app.audit.report import CHECKS, TABLES, Report
from app.audit.rows import read_lock, read_only
from app.batches import rebuild as books
from app.commands import Data, Database
from app.config import Settings
from app.db import connect
from app.errors import Stopped
from app.tables import logs
from ledger import wordings
from ledger.errors import LedgerError
from ledger.policy import Pin
from ledger.wordings import Lang

Json = Annotated[bool, Parameter(name="--json", negative="", help="以 JSON 输出 · as JSON")]

CLEAN, BAD, UNREADABLE = 0, 1, 2


def audit(*, data: Data = Path("var"), database_url: Database = None, json: Json = False) -> int:
    """全面核验 · check everything stored again, from the bytes; names the first bad record and counts all.

    Exit code 0: all of it holds; 1: a record is bad; 2: it can't be read.

    Example: gengji audit --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    lang: Lang = "en" if os.environ.get("LANG", "").lower().startswith("en") else "zh"
    try:
        report = run(settings)
    except LedgerError as error:
        _complain(json, wordings.say(error, lang), error.code)
        return UNREADABLE
    except (DBAPIError, sqlite3.Error, OSError) as error:
        _complain(json, f"读不出 · unreadable: {error}".partition("\n")[0], "unreadable")
        return UNREADABLE
    _leave(settings, report)
    if json:
        print(_dumps(report.json()))
    else:
        _tell(report, lang)
    return CLEAN if report.clean else BAD


def run(settings: Settings) -> Report:
    """The audit of the log that the data folder pins. The lock is read first: the service may go on meanwhile."""
    pin = _pin(settings)
    locked = read_lock(settings.data / "lock", pin.origin)
    engine = read_only(settings.url)
    try:
        with _bar("核验 · checking") as progress:
            return verify.audit(engine, pin, locked, progress)
    finally:
        engine.dispose()


def rebuild(*, data: Data = Path("var"), database_url: Database = None, json: Json = False) -> None:
    """重算派生账 · drop holdings, lineage and findings, and recompute them from the statements, in one transaction.

    Example: gengji rebuild --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    pin = _pin(settings)
    engine = connect(settings.url)
    schema.check(engine)
    with _bar("重算 · rebuilding") as progress, engine.execution_options(writes=True).begin() as connection:
        log_id = connection.execute(select(logs.c.log_id).where(logs.c.origin == pin.origin)).scalar()
        if log_id is None:
            raise Stopped("no-log", path=settings.url, has=pin.origin)
        done = books.rebuild(connection, log_id, progress)
    engine.dispose()
    print(_dumps({"statements": done}) if json else f"已重算 {done} 条记录 · recomputed from {done} statements")


def _pin(settings: Settings) -> Pin:
    """What the folder pins. Raises Stopped ``no-log``, also where there is no database, which opening would make."""
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    url = make_url(settings.url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise Stopped("no-log", path=str(url.database))
    return Pin.parse(settings.pin.read_text())


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal's error side; nothing is drawn where there is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)


def _leave(settings: Settings, report: Report) -> None:
    """What the page /audit/log shows as the last whole audit; a folder that can't be written to goes without."""
    told = {**report.json(), "failures": [], "at": time.time_ns() // 1_000_000}
    with suppress(OSError):
        (settings.data / AUDITED).write_text(_dumps(told), "utf-8")


def _tell(report: Report, lang: Lang) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    side = 0 if lang == "zh" else 1
    comma = ("、", ", ")[side]
    checked = comma.join(f"{_called(name, side)} {count}" for name, count in report.checked.items())
    if report.first is None:
        console.print((f"✓ 完好：{report.size} 条账目，", f"✓ clean: {report.size} entries, ")[side] + checked)
        return
    console.print(("✗ 第一条坏记录：", "✗ first bad record: ")[side] + report.first.say(lang))
    bad = comma.join(f"{_called(name, side)} {count}" for name, count in report.bad.items())
    console.print((f"共 {sum(report.bad.values())} 处：", f"{sum(report.bad.values())} in all: ")[side] + bad)


def _called(name: str, side: int) -> str:
    """A check or a table as people call it."""
    return (CHECKS.get(name) or TABLES.get(name) or (name, name))[side]


def _complain(as_json: bool, text: str, code: str) -> None:
    if as_json:
        print(_dumps({"clean": None, "code": code, "text": text}))
    else:
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(text)


def _dumps(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
