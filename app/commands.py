"""The service's commands: each a function that the one ``gengji`` command finds by its entry point."""

import getpass
import os
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from sqlalchemy import select

from app import config, schema, stored
from app.batches.rebuild import rebuild
from app.db import opened
from app.errors import Stopped
from app.lock import Lock
from app.log import begin
from app.progress import bar
from app.tables import logs
from app.witnessing.quorum import k_of_n, read_witness
from ledger.policy import Pin

Data = Annotated[Path, Parameter(name="--data", help="数据文件夹 · the data folder")]
Database = Annotated[
    str | None, Parameter(name="--database-url", help="数据库地址 · the database, if not in the folder")
]


def init(
    *,
    origin: str,
    public_url: str = "",
    witness: Annotated[
        list[str] | None, Parameter(negative="", help="见证方 · a witness, [NAME=]VKEY=URL, repeatable")
    ] = None,
    quorum: Annotated[int | None, Parameter(help="须有几家见证 · how many of them are enough; more than half")] = None,
    demonstration: bool = False,
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """开立总账 · open a log: its key, three root keys, log.open and the pin policy.json.

    有见证方时，须有其中几家联署的检查点才算数 · with witnesses, a checkpoint counts once enough of them cosigned it.

    Example: gengji init --origin trace.example.org/county --public-url https://trace.example.org
    """
    believed = k_of_n([read_witness(text) for text in witness or ()], quorum)
    settings = config.load(data, os.environ, database_url=database_url)
    now = time.time()
    with opened(settings.url) as engine:
        log = begin(
            settings,
            engine,
            origin,
            public_url=public_url,
            at=datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            iat=int(now),
            demonstration=demonstration,
            quorum=believed,
        )
        log.journal.close()
    print(f"总账 {origin} 已开立 · opened. 公开钉（请另存并公布）· pin: {settings.pin}")
    print(f"根密钥请分开离线保存 · keep the root keys apart and off line: {settings.keys}/root-*.pem")


def migrate(*, data: Data = Path("var"), database_url: Database = None) -> None:
    """更新数据库结构 · bring the database to the newest schema, and what follows from the statements to its form.

    Example: gengji migrate --data ./var
    """
    with opened(config.load(data, os.environ, database_url=database_url).url) as engine:
        if not schema.migrate(engine):
            return
        # A new schema may bring new projections, which nothing has filled yet.
        with engine.execution_options(writes=True).begin() as connection:
            for log_id in connection.execute(select(logs.c.log_id)).scalars().all():
                with bar("重算 · rebuilding") as progress:
                    rebuild(connection, log_id, progress)


def secret() -> str:
    """A password from the terminal, or from standard input where there is none."""
    if sys.stdin.isatty():
        return getpass.getpass("密码 · password: ")
    return sys.stdin.readline().rstrip("\r\n")


def relock(*, size: int, data: Data = Path("var"), database_url: Database = None) -> None:
    """重立总账锁 · after the lock was lost: lock the checkpoint that the database has, if it is of this size.

    The lock is what keeps a restored backup from telling a second history. Ask somebody who keeps a receipt or a
    checkpoint of this log how large it was: only they can know that nothing is missing.

    Example: gengji relock --size 4711 --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    origin = Pin.parse(settings.pin.read_text()).origin
    with opened(settings.url) as engine, engine.connect() as connection:
        log_id = connection.execute(select(logs.c.log_id).where(logs.c.origin == origin)).scalar_one()
        newest = stored.newest_note(connection, log_id)
    has = stored.read_note(newest).size if newest else 0
    with closing(Lock(settings.data / "lock", origin)) as lock, lock.session() as held:
        if held.value is not None:
            raise Stopped("lock-held", has=stored.read_note(held.value).size)
        if newest is None or has != size:
            raise Stopped("lock-size", has=has, wanted=size)
        held.swap(newest)
    print(f"总账锁已立于 {has} 条账目 · locked at {has} entries")
