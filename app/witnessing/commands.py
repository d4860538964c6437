"""``gengji witnesses``: how far each witness has come, asked now, beside how far the log has."""

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import httpx
from cyclopts import Parameter
from rich.console import Console
from sqlalchemy import select

from app import config, schema, stored
from app.commands import Data, Database
from app.config import Settings
from app.db import opened
from app.keyring import with_retired
from app.tables import logs
from app.witnessing.asking import look
from app.witnessing.notes import cosigners, newest_witnessed
from ledger.policy import Pin, Witness

PATIENCE = 5.0


@dataclass(frozen=True)
class State:
    """A witness: what it ``shows`` now, None where it shows nothing; when it last ``signed`` what is stored, s."""

    name: str
    url: str
    shows: int | None
    signed: int | None


def witnesses(
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="以 JSON 输出 · as JSON")] = False,
    data: Data = Path("var"),
    database_url: Database = None,
) -> int:
    """各见证方的状况 · how far each witness has come. Exit code 1: too few of them for a quorum can be reached.

    Example: gengji witnesses --data ./var
    """
    settings = config.load(data, os.environ, database_url=database_url)
    pin = Pin.parse(settings.pin.read_text())
    size, note = _stored(settings, pin)
    signed = cosigners(note, pin.policy) if note else {}
    shown = asyncio.run(_look(settings, pin))
    states = [
        State(one.name, settings.witnesses.get(one.name) or one.url, shown.get(one), signed.get(one))
        for one in pin.policy.witnesses
    ]
    witnessed = stored.read_note(note).size if note else 0
    if as_json:
        print(
            json.dumps(
                {"size": size, "witnessed": witnessed, "witnesses": list(map(asdict, states))}, ensure_ascii=False
            )
        )
    else:
        console = Console(soft_wrap=True, highlight=False, markup=False)
        for line in _lines(size, witnessed, states):
            console.print(line)
    enough = pin.policy.satisfied([one.vkey for one in pin.policy.witnesses if shown.get(one) is not None])
    return 0 if enough else 1


def _lines(size: int, witnessed: int, states: list[State]) -> Iterator[str]:
    yield f"账目 · entries   {size}"
    yield f"已见证 · witnessed {witnessed}"
    for one in states:
        said = "连不上，或不出示 · cannot be reached, or shows nothing" if one.shows is None else str(one.shows)
        yield f"  {'✓' if one.shows is not None else '✗'} {one.name}  {one.url or '–'}  {said}"


def _stored(settings: Settings, pin: Pin) -> tuple[int, str | None]:
    with opened(settings.url) as engine:
        schema.check(engine)
        with engine.connect() as connection:
            log_id = connection.execute(select(logs.c.log_id).where(logs.c.origin == pin.origin)).scalar_one()
            return stored.tail(connection, log_id)[0], newest_witnessed(connection, log_id)


async def _look(settings: Settings, pin: Pin) -> dict[Witness, int]:
    """The size of what each shows that our log signed."""
    logs = [vkey for vkey, _ in with_retired(settings, pin).policy.logs]

    async def one(http: httpx.AsyncClient, witness: Witness) -> int | None:
        url = settings.witnesses.get(witness.name) or witness.url
        try:
            async with asyncio.timeout(PATIENCE):
                shown = await look(http, url.rstrip("/"), logs) if url else None
        except TimeoutError:
            return None
        return shown.size if shown else None

    async with httpx.AsyncClient() as http:
        found = await asyncio.gather(*(one(http, witness) for witness in pin.policy.witnesses))
    return {witness: size for witness, size in zip(pin.policy.witnesses, found, strict=True) if size is not None}
