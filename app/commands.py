"""The service's commands: each a function that the one ``gengji`` command finds by its entry point."""

import getpass
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from cyclopts import Parameter

from app import config, main, schema
from app.accounts import demonstration
from app.config import Settings
from app.db import connect
from app.log import begin
from ledger.identity import grouped, read_trace_code

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
    options: dict[str, Any] = {"host": settings.host, "port": settings.port, "log_level": "warning"}
    if settings.workers == 1:
        _Server(uvicorn.Config(main.create_app(settings), server_header=False, **options), settings).run()
        return
    os.environ["GENGJI_DATA"] = str(data)
    if database_url is not None:
        os.environ["GENGJI_DATABASE_URL"] = database_url
    uvicorn.run("app.main:from_environment", factory=True, workers=settings.workers, server_header=False, **options)


class _Server(uvicorn.Server):
    """Says where it serves once it does: an address printed before the port is had would be a guess."""

    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        super().__init__(config)
        self._settings = settings

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            print("\n".join(_welcome(self._settings)), flush=True)


def _welcome(settings: Settings) -> Iterator[str]:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    yield "耕迹 · Gengji"
    yield f"  消费者查询 · shoppers      {url}/"
    yield f"  监管核验   · supervisors   {url}/audit"
    told = demonstration.read(settings.data / demonstration.FILE)
    if told.code:
        code = read_trace_code(told.code)
        yield f"  试试追溯码 · try the code  {grouped(code)}  {url}/t/{code}"
    for one in told.sign_ins:
        yield f"  演示账号   · sign-in       {one.login} / {one.password}  {one.who}"
    yield "  停止 · stop                Ctrl+C"


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
