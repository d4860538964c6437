"""The service's commands: each a function that the one ``gengji`` command finds by its entry point."""

import getpass
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from app import config, schema
from app.db import connect
from app.log import begin

Data = Annotated[Path, Parameter(name="--data", help="数据文件夹 · the data folder")]
Database = Annotated[
    str | None, Parameter(name="--database-url", help="数据库地址 · the database, if not in the folder")
]


def init(
    *,
    origin: str,
    public_url: str = "",
    demonstration: bool = False,
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """开立总账 · open a log: its key, three root keys, log.open and the pin policy.json.

    Example: gengji init --origin trace.example.org/county --public-url https://trace.example.org
    """
    settings = config.load(data, os.environ, database_url=database_url)
    now = time.time()
    log = begin(
        settings,
        connect(settings.url),
        origin,
        public_url=public_url,
        at=datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        iat=int(now),
        demonstration=demonstration,
    )
    log.journal.close()
    print(f"总账 {origin} 已开立 · opened. 公开钉（请另存并公布）· pin: {settings.pin}")
    print(f"根密钥请分开离线保存 · keep the root keys apart and off line: {settings.keys}/root-*.pem")


def migrate(*, data: Data = Path("var"), database_url: Database = None) -> None:
    """更新数据库结构 · bring the database to the newest schema.

    Example: gengji migrate --data ./var
    """
    schema.migrate(connect(config.load(data, os.environ, database_url=database_url).url))


def secret() -> str:
    """A password from the terminal, or from standard input where there is none."""
    if sys.stdin.isatty():
        return getpass.getpass("密码 · password: ")
    return sys.stdin.readline().rstrip("\r\n")
