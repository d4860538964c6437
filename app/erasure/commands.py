"""``gengji erase``: for whoever runs the service, at somebody's request or because the time has come."""

import json as json_
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from sqlalchemy import Engine, select

from app import config, schema, stored
from app.attachments.store import Store
from app.batches import codes
from app.commands import Data, Database
from app.db import opened
from app.erasure import retention
from app.erasure.keeping import Due, Early, Keeper
from app.erasure.service import Done, Eraser, Wanted
from app.errors import Conflict, Stopped
from app.tables import logs, statements
from ledger import wordings
from ledger.identity import StatementHash
from ledger.policy import Pin
from ledger.registry import Registry

Flag = Annotated[bool, Parameter(negative="")]
UNFINISHED = 3


def erase(
    code: Annotated[list[str] | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    field: Annotated[list[str] | None, Parameter(negative="")] = None,
    reason: str = "",
    due: Flag = False,
    dry_run: Flag = False,
    json: Annotated[bool, Parameter(name="--json", negative="", help="以 JSON 输出 · as JSON")] = False,
    data: Data = Path("var"),
    database_url: Database = None,
) -> int:
    """删除封存内容 · erase what was sealed: values and salts go for good, every signature and hash stays valid.

    按批次（追溯码）或单条记录（记录编号）删除，须写明原因；--due 删除保存期已满的个人信息。
    By a batch's trace code or a statement's hash, with a reason; --due erases personal fields whose time has come.

    Exit code 3: erased, but somebody still reads what was there before; run it again.

    Example: gengji erase 1234 5678 9012 3456 7888 --field supplier_contact --reason 本人要求

    Parameters
    ----------
    code
        追溯码或记录编号 · a trace code, a mark, or a statement's hash
    field
        要删除的项目；不写则为全部封存内容；公开照片须写 attachments · which fields; all that is sealed if none is
        named; public photos only where they are named (attachments)
    reason
        原因，1 至 200 字 · why; kept in the register of erasures
    due
        删除保存期已满的个人信息；期限表可由数据文件夹里的 retention.toml 代替 · what the retention rules say is due; a
        retention.toml in the data folder takes the place of the table that comes with the program
    dry_run
        只列出，不删除 · only say what would be erased
    """
    settings = config.load(data, os.environ, database_url=database_url)
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    if due == bool(code):
        raise Conflict("erase-which")
    with opened(settings.url) as engine:
        schema.check(engine)
        log_id, registry = _log(engine, Pin.parse(settings.pin.read_text()).origin)
        store = Store(settings)
        eraser = Eraser(settings, engine, log_id, store)
        rules = retention.read(settings.data)
        found: list[Due] = []
        early: list[Early] = []
        with engine.connect() as connection:
            keeper = Keeper(connection, log_id, registry, rules, datetime.now(UTC).date())
            if due:
                found = list(keeper.due())
                wanted = [one.wanted for one in found]
            else:
                asked = _asked(engine, eraser, log_id, registry, " ".join(code or ()), field or ())
                wanted, early = keeper.part(asked, named=bool(field))
        if dry_run:
            done = Done((), 0, True)
        elif due:
            # Once a day: what began to arrive and never did goes as well.
            store.tidy(datetime.now(UTC) - timedelta(days=1))
            done = _together(eraser, found)
        else:
            done = eraser.erase(wanted, reason)
        finished = dry_run or (eraser.finish() and done.scrubbed)
    if (found or early) and rules.demonstration and not json:
        print("示例数据：保存期限请以公布文本核对 · demonstration data: hold the rules against their texts")
    fields = wanted if dry_run else done.fields
    _tell(fields, found, early, done, dry_run=dry_run, finished=finished, as_json=json)
    return 0 if finished else UNFINISHED


def _log(engine: Engine, origin: str) -> tuple[int, Registry]:
    registry = Registry(origin)
    with engine.connect() as connection:
        log_id = connection.execute(select(logs.c.log_id).where(logs.c.origin == origin)).scalar()
        if log_id is None:
            raise Stopped("no-log", path="database", has=origin)
        for placed in stored.registry_statements(connection, log_id):
            registry.apply(*placed)
    return log_id, registry


def _asked(
    engine: Engine, eraser: Eraser, log_id: int, registry: Registry, text: str, fields: Sequence[str]
) -> list[Wanted]:
    """A batch's id and a statement's hash look the same: what is stated goes first."""
    with engine.connect() as connection:
        if len(text) == 43:
            query = select(statements.c.hash).where(statements.c.log_id == log_id, statements.c.hash == text)
            if connection.execute(query).first() is not None:
                return eraser.of_statement(StatementHash(text), fields)
        chain = codes.find(connection, log_id, registry, text)
    return eraser.of_chain(chain, fields)


def _together(eraser: Eraser, found: Sequence[Due]) -> Done:
    """One erasure for each rule, which is its reason."""
    fields: list[Wanted] = []
    files, scrubbed = 0, True
    for source, some in groupby(sorted(found, key=lambda one: one.source), key=lambda one: one.source):
        done = eraser.erase([one.wanted for one in some], source[:200], ground="due")
        fields += done.fields
        files, scrubbed = files + done.files, scrubbed and done.scrubbed
    return Done(tuple(fields), files, scrubbed)


def _tell(
    fields: Sequence[Wanted],
    found: Sequence[Due],
    early: Sequence[Early],
    done: Done,
    *,
    dry_run: bool,
    finished: bool,
    as_json: bool,
) -> None:
    sources = {one.wanted: one for one in found}
    if as_json:
        rows: list[dict[str, Any]] = []
        for one in fields:
            rule = sources.get(one)
            rows.append({"index": one.first_index, "field": one.field} | ({"due": str(rule.day)} if rule else {}))
        told = {"erased": [] if dry_run else rows, "files": done.files, "finished": finished}
        rest = [
            {"index": one.wanted.first_index, "field": one.wanted.field, "until": str(one.day), "source": one.source}
            for one in early
        ]
        told |= ({"due": rows} if dry_run else {}) | ({"kept": rest} if rest else {})
        print(json_.dumps(told, ensure_ascii=False))
        return
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for one in fields:
        rule = sources.get(one)
        called = wordings.place(f"body.{one.field}", "zh")
        console.print(f"#{one.first_index} {called} ({one.field})" + (f" {rule.day}" if rule else ""))
    for left in early:
        called = wordings.place(f"body.{left.wanted.field}", "zh")
        line = f"#{left.wanted.first_index} {called} 还须保存，可删除的日期 · to be kept until: {left.day}"
        console.print(f"{line}（{left.source}）")
    verb = "将删除 · would erase" if dry_run else "已删除 · erased"
    console.print(f"{verb}: {len(fields)}，附件 · files: {done.files}")
    if not finished:
        console.print(
            "有人还在读取旧内容，存储清理未完成，请稍后再运行一次 · "
            "somebody still reads what was there before: run it again to finish"
        )
