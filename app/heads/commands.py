"""``gengji operator`` and ``gengji heads``: who makes the daily heads, and making them now."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from cyclopts import Parameter
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine

from app import config, schema
from app.commands import Data, Database
from app.config import Settings
from app.db import opened
from app.heads.making import KEY, make_heads
from app.heads.operator import admit_operator
from app.keyring import read_key
from app.log import Log, open_log

Json = Annotated[bool, Parameter(name="--json", negative="", help="以 JSON 输出 · as JSON")]

T = TypeVar("T")


def operator(
    name: str,
    *,
    division: str,
    side: Literal["agriculture", "market"] = "agriculture",
    kind: Annotated[
        Literal["authority", "company", "coop"], Parameter(name="--type", help="主体类型 · type of party")
    ] = "authority",
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """登记运营方 · register the operator, who signs the daily heads, with two root keys of the data folder.

    Its key is made in the folder of keys, where the running service finds it. Run again, it only adds what is missing.

    Example: gengji operator 青禾县溯源平台 --division 510182 --data ./var
    """
    profile = {"name": name, "type": kind, "division": division, "side": side}

    async def work(settings: Settings, engine: Engine, log: Log) -> str:
        return await admit_operator(settings, engine, log, profile, _now())

    party = _with_log(data, database_url, "登记运营方 · registering the operator", work)
    print(f"运营方已登记 · registered: {name} {party}")


def heads(
    *,
    key: Annotated[Path | None, Parameter(help="运营方密钥文件 · the operator's key (keys/operator.pem)")] = None,
    data: Data = Path("var"),
    database_url: Database = None,
    as_json: Json = False,
) -> None:
    """签署每日链头 · sign the last entry of every chain in one root, so that nobody can leave out the newest.

    A running service with the operator's key in its data folder does this every day by itself.

    Example: gengji heads --data ./var
    """

    async def work(settings: Settings, engine: Engine, log: Log) -> dict[str, Any]:
        made = await make_heads(settings, engine, log, read_key(key or settings.keys / KEY), _now())
        return {**made.statement.body, "index": made.first_index, "statement": made.statement.hash}

    made = _with_log(data, database_url, "汇总链头 · heads of all chains", work)
    if as_json:
        print(json.dumps(made))
    else:
        print(
            f"每日链头已记录 · recorded at {made['index']}: "
            f"{made['count']} 条链 · chains, {made['size']} 条账目 · entries, {made['root']}"
        )


def _with_log(
    data: Path,
    database_url: str | None,
    what: str,
    work: Callable[[Settings, Engine, Log], Coroutine[Any, Any, T]],
) -> T:
    """Do it with the log open, also beside a running service; something moves on a terminal meanwhile."""
    settings = config.load(data, os.environ, database_url=database_url)
    errors = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn(what), TimeElapsedColumn())
    with opened(settings.url) as engine:
        schema.check(engine)
        log = open_log(settings, engine)
        with (
            closing(log.journal),
            Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar,
        ):
            bar.add_task("")
            return asyncio.run(work(settings, engine, log))


def _now() -> int:
    return time.time_ns() // 1_000_000
