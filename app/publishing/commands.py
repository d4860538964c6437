"""``gengji export``."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from sqlalchemy import select

from app import config, schema
from app.audit.rows import read_lock, read_only
from app.commands import Data, Database
from app.errors import NotFound, Stopped
from app.progress import bar
from app.publishing import exporting
from app.tables import logs
from app.witnessing.notes import published
from ledger.policy import Pin

Folder = Annotated[Path, Parameter(help="写入的文件夹 · the folder to write to")]


def export(folder: Folder, *, data: Data = Path("var"), database_url: Database = None) -> None:
    """导出公开总账 · write the public log as files: checkpoint, tiles, entries, statements without what is sealed.

    再次导出只补新的部分 · a second time only what is new is added. 服务运行时也可以导出 · while the service runs, too.

    Example: gengji export ./public --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    pin = Pin.parse(settings.pin.read_text())
    locked = read_lock(settings.data / "lock", pin.origin)
    engine = read_only(settings.url)
    try:
        schema.check(engine)
        with engine.connect() as connection:
            log_id = connection.execute(select(logs.c.log_id).where(logs.c.origin == pin.origin)).scalar()
            if log_id is None:
                raise Stopped("no-log", path=settings.url, has=pin.origin)
            note = published(connection, log_id, pin.policy, locked)
        if note is None:
            raise NotFound("no-checkpoint")
        with bar("导出 · exporting") as progress:
            new = exporting.export(engine, log_id, pin, note, folder, progress)
    finally:
        engine.dispose()
    print(f"已导出到 {folder}，新增 {new} 条账目 · exported, {new} entries new")
