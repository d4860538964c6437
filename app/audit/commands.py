"""``gengji audit`` and ``gengji rebuild``: they open the database on their own, also one that the service refuses."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Annotated

import orjson
from cyclopts import Parameter
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app import config, keyring, schema
from app.attachments.store import Store
from app.audit import verify
from app.audit.desk import AUDITED
from app.audit.exported import audit_folder
from app.audit.report import CHECKS, TABLES, Report
from app.audit.rows import read_lock, read_only
from app.batches import rebuild as books
from app.commands import Data, Database
from app.config import Settings
from app.db import opened
from app.errors import Stopped
from app.lock import Lock
from app.progress import bar
from app.publishing.folder import MAX_PIN, PIN, read_file
from app.tables import logs
from ledger import wordings
from ledger.errors import LedgerError
from ledger.policy import Pin
from ledger.wordings import Lang

Json = Annotated[bool, Parameter(name="--json", negative="", help="以 JSON 输出 · as JSON")]

CLEAN, BAD, UNREADABLE = 0, 1, 2

OWN_PIN = (
    "⚠ 依据的是文件夹自带的公开钉：换了整套文件也看不出来。请用 --policy 指定从别处得来的公开钉。",
    "⚠ held against the folder's own pin: whoever exchanged the whole folder exchanged that too. Name one from"
    " elsewhere with --policy.",
)
"""Said where nobody named a pin."""


From = Annotated[Path | None, Parameter(name="--from", help="导出的文件夹 · an exported folder, not a database")]
PolicyFile = Annotated[
    Path | None, Parameter(name="--policy", help="公开钉，应取自别处 · the pin, to be had from elsewhere")
]


def audit(
    *,
    from_: From = None,
    policy: PolicyFile = None,
    data: Data = Path("var"),
    database_url: Database = None,
    json: Json = False,
) -> int:
    """全面核验 · check everything stored again, from the bytes; names the first bad record and counts all.

    Exit code 0: all of it holds; 1: a record is bad; 2: it can't be read.

    With --from, what `gengji export` wrote is checked, by the pin that --policy names, else by the one in the folder.

    Example: gengji audit --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    lang: Lang = "en" if os.environ.get("LANG", "").lower().startswith("en") else "zh"
    try:
        report = run(settings) if from_ is None else run_on(from_, policy)
    except LedgerError as error:
        _complain(json, wordings.say(error, lang), error.code)
        return UNREADABLE
    except (DBAPIError, sqlite3.Error, OSError, UnicodeDecodeError) as error:
        _complain(json, f"读不出 · unreadable: {error}".partition("\n")[0], "unreadable")
        return UNREADABLE
    if from_ is None:
        _leave(settings, report)
    if json:
        print(_dumps(report.json()))
    else:
        _tell(report, lang)
        if from_ is not None and policy is None:
            print(OWN_PIN[0 if lang == "zh" else 1])
    return CLEAN if report.clean else BAD


def run(settings: Settings) -> Report:
    """The audit of the log that the data folder pins. The lock is read first: the service may go on meanwhile."""
    pin = _pin(settings)
    locked = read_lock(settings.data / "lock", pin.origin)
    engine = read_only(settings.url)
    try:
        schema.check(engine)
        with bar("核验 · checking") as progress:
            return verify.audit(engine, pin, locked, progress, Store(settings, make=False))
    finally:
        engine.dispose()


def run_on(folder: Path, policy: Path | None) -> Report:
    """The audit of an exported folder."""
    text = policy.read_text("utf-8") if policy else read_file(folder / PIN, MAX_PIN).decode()
    pin = Pin.parse(text)
    with bar("核验 · checking") as progress:
        return audit_folder(folder, pin, progress)


def rebuild(*, data: Data = Path("var"), database_url: Database = None, json: Json = False) -> None:
    """重算派生账 · drop holdings, lineage and findings, and recompute them from the statements, in one transaction.

    Example: gengji rebuild --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    pin = _pin(settings)
    with opened(settings.url) as engine:
        schema.check(engine)
        with (
            closing(Lock(settings.data / "lock", pin.origin)) as lock,
            lock.session(),  # nobody else writes meanwhile, in any process
            bar("重算 · rebuilding") as progress,
            engine.execution_options(writes=True).begin() as connection,
        ):
            log_id = connection.execute(select(logs.c.log_id).where(logs.c.origin == pin.origin)).scalar()
            if log_id is None:
                raise Stopped("no-log", path=settings.url, has=pin.origin)
            done = books.rebuild(connection, log_id, progress)
    print(_dumps({"statements": done}) if json else f"已重算 {done} 条记录 · recomputed from {done} statements")


def _pin(settings: Settings) -> Pin:
    """What the folder pins. Raises Stopped ``no-log``, also where there is no database, which opening would make."""
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    url = make_url(settings.url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise Stopped("no-log", path=str(url.database))
    return keyring.with_retired(settings, Pin.parse(settings.pin.read_text()))


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
    if report.suspect:
        said = (
            f"⚠ {report.suspect} 条记录存疑：签名密钥当时可能已被盗用。这不是坏记录，各页面会标明。",
            f"⚠ {report.suspect} records are suspect: their keys may have been stolen by then. Not bad records; pages"
            " mark them.",
        )
        console.print(said[side])
    if report.missing:
        count = len(report.missing)
        said = (
            f"还没有上传、或已丢失的附件：{count} 个",
            f"{count} attachments are not here: not brought yet, or lost",
        )
        console.print(said[side])
    if report.first is None:
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
