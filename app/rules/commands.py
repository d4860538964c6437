"""``gengji rules …``: the dated tables that rules look things up in, and judging everything by them again."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, Engine, select

from app import config, schema
from app.commands import Data, Database
from app.config import Settings
from app.db import opened
from app.errors import NotFound, Stopped
from app.lock import Lock
from app.progress import bar
from app.rules import running, telling, versions
from app.rules.rows import SHAPES
from app.rules.running import Ran
from app.rules.sheets import MAX_SIZE, Sheet, read
from app.rules.tables import Tables
from app.rules.versions import Diff, Version
from app.tables import logs
from ledger.policy import Pin

Flag = Annotated[bool, Parameter(negative="")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="以 JSON 输出 · as JSON")]
rules = App(name="rules", help="规则表 · tables of rules: limits, intervals, bans, each row dated and with its source")


@dataclass(frozen=True)
class _Ledger:
    settings: Settings
    engine: Engine
    log_id: int
    origin: str

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction while nobody else writes this log, in any process; it is undone if the block fails."""
        with closing(Lock(self.settings.data / "lock", self.origin)) as lock, lock.session():
            with self.engine.execution_options(writes=True).begin() as connection:
                yield connection


class _Undone(Exception):
    """Leaves a transaction that was only to be looked at."""


@rules.command(name="import")
def import_(
    file: Path,
    /,
    *,
    table: str = "",
    run: Flag = False,
    dry_run: Flag = False,
    as_json: Json = False,
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """导入规则表 · take in a whole table as CSV and say what it changes; nothing is in force before `gengji rules run`.

    文件是整张表（UTF-8 或 Excel 存的 GB18030），先用 gengji rules show 取出现行的再改；有一处不对就什么也不导入。
    The file is the whole table: get the one in force with `gengji rules show` and edit it. One bad cell, and nothing
    is imported.

    Example: gengji rules import limits.csv --run

    Parameters
    ----------
    file
        表格文件，文件名就是表名（如 limits.csv） · the file, called like the table
    table
        表名，文件名不同时用 · the table's name, where the file is called otherwise
    run
        同时启用并重新判断 · put it in force at once
    dry_run
        只看会有什么变化 · only say what would change
    """
    name = _known(table or file.stem)
    with file.open("rb") as source:
        sheet = read(name, SHAPES[name], source.read(MAX_SIZE + 1))
    with _open(data, database_url) as ledger:
        ran = None
        try:
            with ledger.alone() as connection:
                diff = versions.compare(Tables.load(connection, ledger.log_id).sheets[name], sheet)
                version = versions.bring(connection, ledger.log_id, sheet, _now())
                if run:
                    ran = _run(connection, ledger.log_id)
                if dry_run:
                    raise _Undone
        except _Undone:
            pass
        _tell(ledger, _imported(sheet, diff, version), ran, as_json=as_json, dry_run=dry_run)


@rules.command(name="run")
def run_(
    *, dry_run: Flag = False, as_json: Json = False, data: Data = Path("var"), database_url: Database = None
) -> None:
    """启用已导入的表，重新判断全部记录 · put imported tables in force, and judge all records by them again.

    不改任何记录，只有问题项会出现或消失；更新程序后也请运行一次。正在运行的服务会自己换用新表。
    No record changes: findings open and close. Run it after an update of the program too. A running service waits for
    it and goes on with the new tables.

    Example: gengji rules run --dry-run

    Parameters
    ----------
    dry_run
        只看会有什么变化 · only say what would change
    """
    with _open(data, database_url) as ledger:
        try:
            with ledger.alone() as connection:
                ran = _run(connection, ledger.log_id)
                if dry_run:
                    raise _Undone
        except _Undone:
            pass
        _tell(ledger, None, ran, as_json=as_json, dry_run=dry_run)


@rules.command(name="list")
def list_(*, as_json: Json = False, data: Data = Path("var"), database_url: Database = None) -> None:
    """列出规则表 · the tables: which version is in force, which is waiting for a run.

    Example: gengji rules list --json
    """
    with _open(data, database_url) as ledger, ledger.engine.connect() as connection:
        tables = Tables.load(connection, ledger.log_id)
        known = versions.versions(connection, ledger.log_id)
        waiting = {each.name: each for each in versions.pending(connection, ledger.log_id)}
        stale = running.differs(connection, ledger.log_id, tables)
    used = {each.name: each for each in known if each.run is not None}
    if as_json:
        _print([_listed(tables.sheets[name], used.get(name), waiting.get(name), name in stale) for name in SHAPES])
        return
    side = _side()
    heads = (
        ("表", "内容", "行", "示例", "现行版本", "待启用"),
        ("table", "what", "rows", "example", "in force", "waiting"),
    )
    shown = Table(*heads[side], box=SIMPLE)
    for column in shown.columns:
        column.overflow = "fold"
    for name, shape in SHAPES.items():
        rows = tables.sheets[name].rows
        demonstration = sum(row.demonstration for row in rows)
        version = _version(used[name]) if name in used else ("随程序", "shipped")[side]
        version += ("（更新过，待运行）", " (newer, run the rules)")[side] if name in stale else ""
        later = _version(waiting[name]) if name in waiting else ""
        shown.add_row(name, (shape.zh, shape.en)[side], str(len(rows)), str(demonstration), version, later)
    Console().print(shown)


@rules.command(name="show")
def show(
    name: str,
    *,
    out: Annotated[Path | None, Parameter(name=("-o", "--out"))] = None,
    waiting: Flag = False,
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """取出一张表 · a table as CSV, as it is in force; into a file that Excel opens, or to the screen.

    Example: gengji rules show limits -o limits.csv

    Parameters
    ----------
    out
        写入的文件 · the file to write
    waiting
        取待启用的那一版 · the version that waits for a run, not the one in force
    """
    name = _known(name)
    with _open(data, database_url) as ledger, ledger.engine.connect() as connection:
        found = {each.name: each for each in versions.pending(connection, ledger.log_id)} if waiting else {}
        if name in found:
            sheet = versions.read_version(connection, ledger.log_id, found[name])
        else:
            sheet = Tables.load(connection, ledger.log_id).sheets[name]
    if out is None:
        sys.stdout.write(sheet.text)
    else:
        # With its mark, by which Excel knows the encoding.
        out.write_text(sheet.text, "utf-8-sig")


@contextmanager
def _open(data: Path, database_url: str | None) -> Iterator[_Ledger]:
    """The log that the data folder pins. Raises Stopped ``no-log``."""
    settings = config.load(data, os.environ, database_url=database_url)
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    origin = Pin.parse(settings.pin.read_text()).origin
    with opened(settings.url) as engine:
        schema.check(engine)
        with engine.connect() as connection:
            log_id = connection.execute(select(logs.c.log_id).where(logs.c.origin == origin)).scalar()
        if log_id is None:
            raise Stopped("no-log", path=settings.url, has=origin)
        yield _Ledger(settings, engine, log_id, origin)


def _known(name: str) -> str:
    if name not in SHAPES:
        raise NotFound("table-name", has=name, wanted=", ".join(SHAPES))
    return name


def _run(connection: Connection, log_id: int) -> Ran:
    with bar("重新判断 · judging again") as progress:
        return running.run(connection, log_id, _now(), progress)


def _imported(sheet: Sheet, diff: Diff, version: int | None) -> dict[str, Any]:
    demonstration = sum(row.demonstration for row in sheet.rows)
    return {"table": sheet.name, "version": version, "rows": len(sheet.rows), "demonstration": demonstration} | {
        name: list(rows) for name, rows in asdict(diff).items()
    }


def _tell(
    ledger: _Ledger, imported: Mapping[str, Any] | None, ran: Ran | None, *, as_json: bool, dry_run: bool
) -> None:
    with ledger.engine.connect() as connection:
        codes = telling.codes_of(connection, ledger.log_id, ran.changes) if ran else {}
    if as_json:
        told = {"imported": imported} if imported else {}
        _print(told | ({"ran": telling.ran_json(ran, codes)} if ran else {}) | {"dry_run": dry_run})
        return
    console, side = Console(soft_wrap=True, highlight=False, markup=False), _side()
    if dry_run:
        console.print(("只是试看，什么也没有改：", "Only looked at, nothing was changed:")[side])
    if imported:
        telling.tell_import(console, side, imported)
        if imported["version"] is not None and ran is None and not dry_run:
            console.print(("还没有启用：请运行 gengji rules run", "Not in force yet: run gengji rules run")[side])
    if ran:
        telling.tell_run(console, side, ran, codes)


def _listed(sheet: Sheet, used: Version | None, waiting: Version | None, stale: bool) -> dict[str, Any]:
    return {
        "table": sheet.name,
        "rows": len(sheet.rows),
        "demonstration": sum(row.demonstration for row in sheet.rows),
        "digest": sheet.digest,
        "in_force": asdict(used) if used else None,
        "waiting": asdict(waiting) if waiting else None,
        "newer_than_last_run": stale,
    }


def _version(version: Version) -> str:
    return f"v{version.version} {datetime.fromtimestamp(version.imported / 1000, UTC).date()}"


def _print(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False))


def _now() -> int:
    return time.time_ns() // 1_000_000


def _side() -> int:
    return 1 if os.environ.get("LANG", "").lower().startswith("en") else 0
