"""Erasing over HTTP: by who may, with a reason; and what a device asks, so that it forgets as well."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from sqlalchemy import Engine, select

from app.accounts.people import People
from app.batches.reading import BatchReader
from app.erasure.keeping import Keeper
from app.erasure.retention import Rules
from app.erasure.service import By, Eraser
from app.erasure.terms import Terms, terms_of
from app.errors import Forbidden, NotFound, TooLarge
from app.log import Log
from app.tables import statements
from app.viewing import Viewer
from app.wire import as_json
from ledger import b64u
from ledger.errors import Malformed
from ledger.identity import StatementHash
from ledger.statement import Statement, parse

PAGE = 500
MOST = 16 * 1024


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be erased, all that is sealed if no field is named, and why."""

    reason: str
    fields: list[str] = []


def today() -> date:
    return datetime.now(UTC).date()


def router(
    eraser: Eraser,
    reader: BatchReader,
    people: People,
    engine: Engine,
    log: Log,
    rules: Rules,
    changed: Callable[[], None] = lambda: None,
    clock: Callable[[], date] = today,
) -> APIRouter:
    """The routes over one log; ``changed`` hears of every erasure, which no checkpoint tells of; ``clock`` says what
    day it is."""
    routes = APIRouter(tags=["statements"])

    @routes.post("/v1/statements/{hash_}/erase", summary="删除封存内容 · erase what a statement seals, with a reason")
    async def erase(hash_: str, request: Request) -> dict[str, Any]:
        viewer = await asyncio.to_thread(people.require, request)
        asked = await _asked(request)
        return await asyncio.to_thread(done, hash_, asked, viewer)

    def done(hash_: str, asked: Asked, viewer: Viewer) -> dict[str, Any]:
        check(stated(hash_), viewer)
        with engine.connect() as connection:
            keeper = Keeper(connection, log.log_id, log.journal.registry, rules, clock())
            asked_for = eraser.of_statement(StatementHash(hash_), asked.fields)
            wanted, early = keeper.part(asked_for, named=bool(asked.fields))
        outcome = eraser.erase(wanted, asked.reason, By(viewer.account_id, viewer.party))
        changed()
        return {
            "statement": hash_,
            "erased": [one.field for one in outcome.fields],
            "files": outcome.files,
            "scrubbed": outcome.scrubbed,
            "kept": [{"field": one.wanted.field, "until": str(one.day), "source": one.source} for one in early],
        }

    def stated(hash_: str) -> Statement:
        b64u.decode(hash_, 32, path="statement")
        query = select(statements.c.jws).where(statements.c.log_id == log.log_id, statements.c.hash == hash_)
        with engine.connect() as connection:
            jws = connection.execute(query).scalar()
        if jws is None:
            raise NotFound("no-statement", has=hash_)
        return parse(jws)

    def check(statement: Statement, viewer: Viewer) -> None:
        """Whose it is, who registers, who supervises. Raises Forbidden ``erase-whose``."""
        own = viewer.role == "manager" and viewer.party in (statement.iss, statement.for_)
        party = log.journal.registry.parties.get(viewer.party)
        registers = viewer.role == "manager" and party is not None and "registrar" in party.roles
        if not (own or registers or viewer.role == "inspector"):
            raise Forbidden("erase-whose", path=statement.hash, has=viewer.party, wanted=statement.actor or "")

    @routes.get(
        "/v1/batches/{name}/retention",
        response_model=Terms,
        summary="保存期限 · until when each record is to be kept, and by which rule",
        tags=["batches"],
    )
    def retention(name: str) -> Response:
        chain = reader.find(name)
        with engine.connect() as connection:
            return as_json(terms_of(connection, log.log_id, reader.names, rules, chain, clock()))

    @routes.get("/v1/keys/{kid}/erasures", summary="一个密钥的记录中已删除的内容 · what was erased of a notebook")
    def of_key(kid: str, request: Request) -> dict[str, Any]:
        b64u.decode(kid, 32, path="kid")
        given = request.query_params.get("after", "0")
        if not (given.isascii() and given.isdigit() and len(given) < 16):
            raise Malformed("number", path="after", has=given[:80], wanted="0, 1, …")
        rows = eraser.of_key(kid, int(given), PAGE + 1)
        return {
            "erasures": [
                {"number": row.number, "statement": row.hash, "digest": row.digest, "sha256": row.sha256, "at": row.at}
                for row in rows[:PAGE]
            ],
            "next": rows[PAGE - 1].number if len(rows) > PAGE else None,
        }

    return routes


async def _asked(request: Request) -> Asked:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST:
            raise TooLarge("size", path="", has=len(body), wanted=MOST)
    try:
        return msgspec.json.decode(body, type=Asked)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed("request", path="", has=str(error)[:120]) from None
