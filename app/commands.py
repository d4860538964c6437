"""The service's commands: each a function that the one ``gengji`` command finds by its entry point."""

import getpass
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import uvicorn
from cyclopts import Parameter

from app import config, main, schema
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


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """启动服务 · the service. Refuses to start, saying why, on a database behind or beside its lock.

    Example: gengji serve --data ./var --port 8000
    """
    settings = config.load(data, os.environ, host=host, port=port, workers=workers, database_url=database_url)
    schema.migrate(connect(settings.url))
    options = {"host": settings.host, "port": settings.port, "log_level": "warning", "server_header": False}
    if settings.workers == 1:
        uvicorn.run(main.create_app(settings), **options)  # type: ignore[arg-type]
        return
    os.environ["GENGJI_DATA"] = str(data)
    if database_url is not None:
        os.environ["GENGJI_DATABASE_URL"] = database_url
    uvicorn.run("app.main:from_environment", factory=True, workers=settings.workers, **options)  # type: ignore[arg-type]


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
