"""``gengji log-key …``: the key that signs the log's checkpoints, changed with an overlap (format §7).

gengji log-key new        a second key beside the first; both sign from the service's next start on
gengji root log-key …     two root keys announce it in the log
… the new pin, policy.json, is given to everybody who checks …
gengji log-key retire …   the first key signs nothing more; who has only the old pin is told to get the new one
"""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from sqlalchemy import select

from app import config, keyring, schema, stored
from app.commands import Data, Database
from app.config import Settings
from app.db import opened
from app.errors import Stopped
from app.tables import logs
from app.witnessing.notes import published
from ledger.checkpoint import VKey
from ledger.policy import Pin
from ledger.registry import Registry

log_key = App(name="log-key", help="总账密钥 · the key that signs the log's checkpoints")


@log_key.command
def new(*, data: Data = Path("var"), database_url: Database = None) -> None:
    """另立一把总账密钥 · a second log key, which signs beside the first from the service's next start on.

    Example: gengji log-key new --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    vkey = keyring.new_log_key(settings, _pin(settings))
    print(f"新总账密钥 · the new log key: {vkey}")
    print(f"公开钉已列出两把密钥，请公布 · the pin lists both keys, publish it: {settings.pin}")
    print("请重启服务，两把密钥同时签名 · restart the service, so that both sign")
    print("再由两把根密钥公告 · then two root keys announce it:")
    for number, more in ((1, ""), (2, " --confirms HASH")):
        print(f"  gengji root log-key '{vkey}'{more} --key root-{number}.pem --policy policy.json --url URL")


@log_key.command
def retire(
    vkey: Annotated[
        str, Parameter(help="旧总账公钥，gengji log-key list 列出 · the old key, as gengji log-key list shows it")
    ],
    /,
    *,
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """停用旧总账密钥 · the old log key signs nothing more, and only the new pin holds from then on.

    The new key must be announced in the log and sign already. Checkpoints that are stored stay good: the old public
    key is kept for the audit.

    Example: gengji log-key retire trace.example.org/county+1f2e3d4c+AYLs… --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    pin = _pin(settings)
    file = keyring.retire_log_key(settings, pin, VKey.parse(vkey), *_standing(settings, pin))
    print(f"旧总账密钥已停用，请重启服务并公布新公开钉 · retired; restart the service, publish the pin: {settings.pin}")
    print(f"旧私钥请销毁 · destroy the old private key: {file}")


@log_key.command(name="list")
def list_(*, data: Data = Path("var"), database_url: Database = None) -> None:
    """列出总账密钥 · the log keys: those that sign, and those that were retired.

    Example: gengji log-key list --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    for vkey, _ in _pin(settings).policy.logs:
        print(f"在签名 · signs    {vkey}")
    for vkey in keyring.retired(settings):
        print(f"已停用 · retired  {vkey}")


def _pin(settings: Settings) -> Pin:
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    return Pin.parse(settings.pin.read_text("utf-8"))


def _standing(settings: Settings, pin: Pin) -> tuple[Registry, list[str]]:
    """The registry as it stands, and the notes that are shown now: the newest, and the newest with a quorum."""
    with opened(settings.url) as engine:
        schema.check(engine)
        with engine.connect() as connection:
            log_id = connection.execute(select(logs.c.log_id).where(logs.c.origin == pin.origin)).scalar()
            if log_id is None:
                raise Stopped("no-log", path=settings.url, has=pin.origin)
            registry = Registry(pin.origin)
            for placed in stored.registry_statements(connection, log_id):
                registry.apply(*placed)
            newest = stored.newest_note(connection, log_id)
            shown = published(connection, log_id, pin.policy, newest)
    return registry, [note for note in (newest, shown) if note is not None]
