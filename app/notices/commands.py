"""``gengji contact …``: where parties are told, kept from the command line."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, select

from app import config, schema, stored
from app.accounts.people import now
from app.accounts.register import find_party
from app.commands import Data, Database
from app.db import opened
from app.errors import Stopped
from app.notices.contacts import CHANNELS, KEY, Contact, Contacts
from app.notices.outbox import STATES
from app.notices.said import Sender
from app.parties.names import Names
from app.tables import logs
from ledger.policy import Pin
from ledger.registry import Registry

Party = Annotated[str, Parameter(allow_leading_hyphen=True, help="主体的编号或名称 · the party's chain id or its name")]

HEADS = (("编号", "id"), ("主体", "party"), ("方式", "channel"), ("地址", "address"), ("最近一条", "latest"))

contact = App(name="contact", help="通知 · contacts: where each party is told of recalls, holds and shipments")


@contact.command
def add(
    party: Party,
    *,
    webhook: str | None = None,
    email: str | None = None,
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """添加联系方式 · a new contact; a first notice goes there at once. A webhook's secret is shown once.

    Example: gengji contact add 青禾合作社 --webhook https://erp.example.com/gengji

    Parameters
    ----------
    webhook
        网址，https · where notices are posted, signed (Standard Webhooks v1)
    email
        邮箱 · an e-mail address
    """
    if (webhook is None) == (email is None):
        raise SystemExit("--webhook 或 --email，选一个 · one of --webhook and --email")
    channel, address = ("webhook", webhook) if webhook is not None else ("email", email or "")
    with _open(data, database_url) as (contacts, connection, log_id, _):
        chain = find_party(connection, log_id, party)
        connection.rollback()
        made, secret = contacts.add(chain, channel, address, now())
    print(f"已添加 · added: {made.contact_id}")
    if secret:
        print(f"签名密钥（只显示这一次）· secret, shown this once: {secret}")


@contact.command(name="list")
def list_(
    party: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="以 JSON 输出 · as JSON")] = False,
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """列出联系方式 · a party's contacts, or all, and what became of the latest notice to each.

    Example: gengji contact list 青禾合作社
    """
    with _open(data, database_url) as (contacts, connection, log_id, names):
        found = contacts.listed(find_party(connection, log_id, party) if party else None)
        if as_json:
            rows = [{**asdict(one), "party": {"id": one.party, "name": names.party(one.party).zh}} for one in found]
            print(json.dumps(rows, ensure_ascii=False))
            return
    side = 1 if os.environ.get("LANG", "").lower().startswith("en") else 0
    table = Table(*(heads[side] for heads in HEADS), box=SIMPLE)
    for column in table.columns:
        column.overflow = "fold"
    for one in found:
        called, latest = names.party(one.party).zh, _latest(one, side)
        table.add_row(one.contact_id, called, CHANNELS[one.channel][side], one.address, latest)
    Console().print(table)


@contact.command
def remove(contact_id: str, *, data: Data = Path("var"), database_url: Database = None) -> None:
    """删除联系方式 · nothing goes there any more, neither what waits.

    Example: gengji contact remove 2f1c0d5e-0a6b-4c1f-9d2e-5b7a8c9d0e1f
    """
    with _open(data, database_url) as (contacts, _, _, _):
        contacts.remove(contact_id, None, now())
    print(f"已删除 · removed: {contact_id}")


@contextmanager
def _open(data: Path, database_url: str | None) -> Iterator[tuple[Contacts, Connection, int, Names]]:
    """The contacts of the log that the pin names, and the database. Raises Stopped."""
    settings = config.load(data, os.environ, database_url=database_url)
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    origin = Pin.parse(settings.pin.read_text()).origin
    with opened(settings.url) as engine:
        schema.check(engine)
        with engine.connect() as connection:
            log = connection.execute(select(logs).where(logs.c.origin == origin)).first()
            if log is None:
                raise Stopped("no-log", path=settings.url, has=origin)
            registry = Registry(origin)
            for placed in stored.registry_statements(connection, log.log_id):
                registry.apply(*placed)
            names = Names(registry)
            sender = Sender(origin, registry.public_url, log.demonstration, names)
            by_mail = settings.mail is not None
            contacts = Contacts(engine, log.log_id, sender, settings.keys / KEY, by_mail=by_mail)
            yield contacts, connection, log.log_id, names


def _latest(one: Contact, side: int) -> str:
    if one.last is None:
        return ""
    at = datetime.fromtimestamp(one.last.at / 1000, UTC)
    return " ".join(filter(None, (STATES[one.last.state][side], f"{at:%Y-%m-%d %H:%M}Z", one.last.error)))
