"""``gengji backup`` and ``gengji restore``."""

import json as json_
import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from app import config
from app.backup import service
from app.backup.service import Manifest
from app.commands import Data, Database
from app.progress import bar

Json = Annotated[bool, Parameter(name="--json", negative="", help="以 JSON 输出 · as JSON")]


def backup(
    folder: Path,
    *,
    keys: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """备份 · the database at one moment, attachments and pin, into a new folder; the service may go on meanwhile.

    总账锁从不备份：旧备份正是靠它认出来的 · Never the lock: it is what an old backup is recognised by.

    Example: gengji backup /mnt/backup/2026-07-20 --data ./var

    Parameters
    ----------
    folder
        新文件夹 · a new or empty folder
    keys
        连同私钥；谁拿到备份，谁就能以总账名义签名 · the private keys too: whoever has them can sign as the log
    """
    settings = config.load(data, os.environ, database_url=database_url)
    with bar("附件 · attachments") as progress:
        made = service.backup(settings, folder, keys=keys, progress=progress)
    _tell(made, json, f"已备份到 {folder} · backed up")


def restore(folder: Path, *, json: Json = False, data: Data = Path("var"), database_url: Database = None) -> None:
    """恢复 · a backup into a place where nothing is; lock and keys that are there stay.

    比总账锁旧的备份，服务不会启动 · With a backup older than its lock the service does not start: what was recorded
    since would be lost without a trace. Ask those who hold newer receipts before you run gengji relock.

    Example: gengji restore /mnt/backup/2026-07-20 --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    with bar("附件 · attachments") as progress:
        made = service.restore(settings, folder, progress=progress)
    _tell(made, json, f"已恢复到 {data} · restored")


def _tell(made: Manifest, as_json: bool, what: str) -> None:
    if as_json:
        told = {name: getattr(made, name) for name in ("origin", "size", "root", "keys", "attachments", "missing")}
        print(json_.dumps(told))
        return
    missing = f"，缺 · missing {made.missing}" if made.missing else ""
    print(f"{what}：{made.origin}，{made.size} 条账目 · entries，附件 · attachments {made.attachments}{missing}")
