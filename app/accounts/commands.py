"""``gengji account …``: who is let in, kept from the command line. A password is never an argument."""

import json
import os
import secrets
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
from sqlalchemy import Engine, select

from app import config, schema
from app.accounts import demonstration
from app.accounts.people import now
from app.accounts.register import (
    Account,
    add_account,
    disable_account,
    find_party,
    list_accounts,
    set_password,
    spelled,
)
from app.commands import Data, Database, secret
from app.db import opened
from app.errors import Conflict, Stopped
from app.tables import logs, named
from app.viewing import ACCOUNT_ROLES
from ledger.policy import Pin
from ledger.records.registry import SIDES

Flag = Annotated[bool, Parameter(negative="")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="以 JSON 输出 · as JSON")]

HEADS = (
    ("登录名", "login"),
    ("姓名", "name"),
    ("主体", "party"),
    ("角色", "role"),
    ("辖区", "division"),
    ("状态", "state"),
)

account = App(name="account", help="账号 · accounts: who may sign in to the pages, and as what")


@account.command
def add(
    login: str,
    *,
    name: str,
    party: Annotated[str, Parameter(allow_leading_hyphen=True)],
    role: str,
    division: str = "",
    side: str = "",
    generate: Flag = False,
    demonstration_password: Flag = False,
    data: Data = Path("var"),
    database_url: Database = None,
) -> None:
    """新建账号 · a new account; its password is read from the terminal or from standard input.

    Example: gengji account add li.na --name 李娜 --party 青禾县农业农村局（演示） --role inspector --division 990101
    --side agriculture

    Parameters
    ----------
    party
        主体的编号或名称 · the party's chain id or its name
    role
        member 工作人员 | manager 主体管理员 | inspector 监督人员 | auditor 审计人员
    division
        行政区划代码，监督、审计人员必填 · the part of the country that a supervisor sees; inspectors, auditors
    side
        agriculture 农业农村 | market 市场监管；监督、审计人员必填 · inspectors and auditors
    generate
        生成密码并显示一次 · make a password and show it once
    demonstration_password
        在登录页公开这个密码，仅限演示 · show it on the sign-in page; of a demonstration only
    """
    with _open(data, database_url) as (told, engine, log_id):
        if demonstration_password and told is None:
            raise Conflict("not-demonstration")
        made = _password(generate)
        with engine.connect() as connection:
            chain = find_party(connection, log_id, party)
        add_account(
            engine,
            log_id,
            login,
            name=name,
            party=chain,
            role=role,
            password=made,
            now=now(),
            division=division,
            side=side,
        )
        if demonstration_password:
            who = " · ".join((name, _names(engine, log_id)[chain], ACCOUNT_ROLES[role][0]))
            demonstration.tell_sign_in(told, demonstration.SignIn(spelled(login), made, who))
        print(f"已添加 · added: {login}")
        _show(made, generate)


@account.command(name="list")
def list_(*, as_json: Json = False, data: Data = Path("var"), database_url: Database = None) -> None:
    """列出账号 · all accounts.

    Example: gengji account list --data ./var
    """
    with _open(data, database_url) as (_, engine, log_id):
        names = _names(engine, log_id)
        found = list_accounts(engine, log_id)
        if as_json:
            rows = [{**asdict(one), "party": {"id": one.party, "name": names.get(one.party, "")}} for one in found]
            print(json.dumps(rows, ensure_ascii=False))
            return
        side = 1 if os.environ.get("LANG", "").lower().startswith("en") else 0
        table = Table(*(heads[side] for heads in HEADS), box=SIMPLE)
        for column in table.columns:
            column.overflow = "fold"
        for one in found:
            role, party = ACCOUNT_ROLES[one.role][side], names.get(one.party, one.party)
            part = f"{one.division} {SIDES[one.side][side] if one.side in SIDES else one.side}".strip()
            table.add_row(one.login, one.name, party, role, part, _state(one, side))
        Console().print(table)


@account.command
def disable(login: str, *, data: Data = Path("var"), database_url: Database = None) -> None:
    """停用账号 · nobody signs in with it any more, and whoever is in, is out.

    Example: gengji account disable li.na
    """
    with _open(data, database_url) as (told, engine, log_id):
        disable_account(engine, log_id, login, now=now())
        demonstration.forget_sign_in(told, spelled(login))
        print(f"已停用 · disabled: {login}")


@account.command
def password(login: str, *, generate: Flag = False, data: Data = Path("var"), database_url: Database = None) -> None:
    """更换密码 · a new password, from the terminal or standard input; whoever is in with the old one is out.

    Example: gengji account password li.na --generate
    """
    with _open(data, database_url) as (told, engine, log_id):
        new = _password(generate)
        set_password(engine, log_id, login, new)
        demonstration.forget_sign_in(told, spelled(login))
        print(f"已更换 · changed: {login}")
        _show(new, generate)


@contextmanager
def _open(data: Path, database_url: str | None) -> Iterator[tuple[Path | None, Engine, int]]:
    """Where a demonstration tells its sign-ins, the database, and the log in it that the pin names. Raises Stopped."""
    settings = config.load(data, os.environ, database_url=database_url)
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    origin = Pin.parse(settings.pin.read_text()).policy.log.name
    with opened(settings.url) as engine:
        schema.check(engine)
        with engine.connect() as connection:
            log = connection.execute(select(logs.c.log_id, logs.c.demonstration).where(logs.c.origin == origin)).first()
        if log is None:
            raise Stopped("no-log", path=settings.url, has=origin)
        yield demonstration.place(data, demonstration=log.demonstration), engine, log.log_id


def _names(engine: Engine, log_id: int) -> dict[str, str]:
    parties = select(named.c.chain, named.c.name).where(named.c.log_id == log_id, named.c.type == "party")
    with engine.connect() as connection:
        return {chain: name for chain, name in connection.execute(parties)}


def _password(generate: bool) -> str:
    return secrets.token_urlsafe(12) if generate else secret()


def _show(made: str, generate: bool) -> None:
    if generate:
        print(f"密码（只显示这一次）· password, shown this once: {made}")


def _state(one: Account, side: int) -> str:
    if one.disabled is None:
        return ("可用", "active")[side]
    return f"{datetime.fromtimestamp(one.disabled / 1000, UTC):%Y-%m-%d} {('停用', 'disabled')[side]}"
