"""``gengji serve``: a module of its own, because what it imports is most of the service."""

import errno
import gc
import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from msgspec import structs
from uvicorn.supervisors import Multiprocess

from app import config, main
from app.accounts import demonstration
from app.commands import Data, Database
from app.config import Settings
from app.errors import Stopped
from app.witnessing.demonstration import standing_by
from ledger import wordings
from ledger.identity import grouped, read_trace_code
from ledger.wordings import Lang

UNSERVED = 2

BACKLOG = 2048
"""Connections that may wait to be taken, as many as uvicorn lets."""


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
    data: Data = Path("var"),
    database_url: Database = None,
) -> int:
    """启动服务 · the service. Refuses to start, saying why, on a database behind or beside its lock.

    Exit code 2: the port is not to be had.

    Example: gengji serve --data ./var --port 8000
    """
    settings = config.load(data, os.environ, host=host, port=port, workers=workers, database_url=database_url)
    # Before the log is opened: nothing is begun that could not be served.
    try:
        taken = _take_port(settings.host, settings.port)
    except Stopped as error:
        lang: Lang = "en" if os.environ.get("LANG", "").lower().startswith("en") else "zh"
        print(wordings.say(error, lang), file=sys.stderr)
        return UNSERVED
    # A statement leaves thousands of small objects and hardly a circle behind: looking for circles after every 700
    # of them was 6 % of a stream's time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    with standing_by(settings) as beside:
        _run(structs.replace(settings, witnesses={**settings.witnesses, **beside}), taken, beside)
    return 0


def _run(settings: Settings, taken: socket.socket, beside: Mapping[str, str]) -> None:
    """Serves until it is told to end; ``beside`` are the witnesses that were started with it."""
    options: dict[str, Any] = {"host": settings.host, "port": settings.port, "log_level": "warning"}
    if settings.workers == 1:
        one = uvicorn.Config(main.create_app(settings), server_header=False, **options)
        _Server(one, settings, beside).run([taken])
        return
    os.environ["GENGJI_DATA"] = str(settings.data)
    os.environ["GENGJI_WITNESSES"] = json.dumps(settings.witnesses)
    if settings.database_url:
        os.environ["GENGJI_DATABASE_URL"] = settings.database_url
    many = uvicorn.Config(
        "app.main:from_environment", factory=True, workers=settings.workers, server_header=False, **options
    )
    Multiprocess(many, sockets=[taken]).run()


def _take_port(host: str, port: int) -> socket.socket:
    """A socket that has the port. Raises Stopped ``port-taken`` or ``port-refused``, for all other reasons."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        # A port that somebody else only binds is free to be bound again; listening tells.
        taken.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        taken.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise Stopped("port-taken", path=host, has=port) from None
        raise Stopped("port-refused", path=host, has=port, wanted=_reason(error)) from None
    taken.set_inheritable(True)
    return taken


def _reason(error: OSError | OverflowError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class _Server(uvicorn.Server):
    """Says where it serves once it does: an address printed before the port is had would be a guess."""

    def __init__(self, config: uvicorn.Config, settings: Settings, beside: Mapping[str, str]) -> None:
        super().__init__(config)
        self._settings = settings
        self._beside = beside

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            print("\n".join(_welcome(self._settings, self._beside)), flush=True)


def _welcome(settings: Settings, beside: Mapping[str, str]) -> Iterator[str]:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    yield "耕迹 · Gengji"
    yield f"  消费者查询 · shoppers      {url}/"
    yield f"  监管核验   · supervisors   {url}/audit"
    for name, address in beside.items():
        yield f"  见证       · witness       {address}/  {name}"
    told = demonstration.read(settings.data / demonstration.FILE)
    if told.code:
        code = read_trace_code(told.code)
        yield f"  试试追溯码 · try the code  {grouped(code)}  {url}/t/{code}"
    for one in told.sign_ins:
        yield f"  演示账号   · sign-in       {one.login} / {one.password}  {one.who}"
    yield "  停止 · stop                Ctrl+C"
