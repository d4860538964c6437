"""``/v1/contacts`` and ``/desk/contacts``: where a party is told; ``/audit/notices``: what was told. HTTP only."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import orjson
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Engine

from app.accounts.people import People, now
from app.log import Log
from app.notices import outbox
from app.notices.contacts import CHANNELS, Contact, Contacts
from app.notices.events import EVENTS
from app.notices.outbox import REASONS, STATES
from app.parties.names import Names
from app.problems import language, problem
from app.viewing import Viewer
from app.web.pages import Pages, wants_page
from app.wire import PRIVATE, as_json, read_json
from ledger.canonical import MAX_INTEGER
from ledger.errors import LedgerError

MOST = 4096
SHOWN = 50


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """Where notices shall go: ``channel`` is webhook or email."""

    channel: str
    address: str


_wanted = msgspec.json.Decoder(Wanted)


def router(
    contacts: Contacts, people: People, pages: Pages, engine: Engine, log: Log, clock: Callable[[], int] = now
) -> APIRouter:
    """The routes over one log; ``clock`` gives ms."""
    routes = APIRouter(tags=["notices"])
    names = Names(log.journal.registry)

    # --- as data -----------------------------------------------------------------------------------------------------

    @routes.get("/v1/contacts", summary="本主体的联系方式 · where your party is told")
    def listed(request: Request) -> Response:
        viewer = people.require(request)
        return as_json({"contacts": contacts.listed(viewer.party)}, viewer)

    @routes.post("/v1/contacts", status_code=201, summary="添加联系方式 · a new one; a webhook's secret is shown once")
    async def add(request: Request) -> Response:
        viewer = await asyncio.to_thread(people.require, request)
        wanted = await read_json(request, _wanted, MOST)
        contact, secret = await asyncio.to_thread(
            contacts.add, viewer.party, wanted.channel, wanted.address, clock()
        )  # fmt: skip
        answer = {"contact": contact, "secret": secret or None}
        return Response(orjson.dumps(answer), 201, PRIVATE, "application/json")

    @routes.delete("/v1/contacts/{contact_id}", status_code=204, summary="删除联系方式 · nothing goes there any more")
    def remove(contact_id: str, request: Request) -> Response:
        contacts.remove(contact_id, people.require(request).party, clock())
        return Response(status_code=204, headers=PRIVATE)

    # --- as pages ----------------------------------------------------------------------------------------------------

    def page(request: Request, viewer: Viewer, status: int = 200, **more: Any) -> Response:
        made: dict[str, Any] = {"made": None, "secret": "", "wrong": None, "typed": ""}
        known = {"channels": CHANNELS, "events": EVENTS, "states": STATES, "reasons": REASONS}
        mine = contacts.listed(viewer.party)
        party = names.party(viewer.party)
        shown = made | known | more | {"contacts": mine, "party": party}
        return pages.render(request, "desk/contacts.html", viewer=viewer, status=status, **shown)

    @routes.get("/desk/contacts", include_in_schema=False)
    def kept(request: Request) -> Response:
        return page(request, people.require(request))

    @routes.post("/desk/contacts", include_in_schema=False)
    async def keep(request: Request) -> Response:
        viewer = await asyncio.to_thread(people.require, request)
        async with request.form(max_files=0) as sent:
            typed = str(sent.get("address", "")).encode(errors="replace").decode().strip()
        channel = "webhook" if "://" in typed else "email"

        def answer() -> Response:
            made: tuple[Contact, str]
            try:
                made = contacts.add(viewer.party, channel, typed, clock())
            except LedgerError as error:
                wrong = problem(error, language(request))
                return page(request, viewer, wrong["status"], wrong=wrong, typed=typed)
            return page(request, viewer, 201, made=made[0], secret=made[1])

        return await asyncio.to_thread(answer)

    @routes.post("/desk/contacts/{contact_id}/remove", include_in_schema=False)
    def drop(contact_id: str, request: Request) -> Response:
        contacts.remove(contact_id, people.require(request).party, clock())
        return RedirectResponse("/desk/contacts", 303)

    @routes.get("/audit/notices", include_in_schema=False)
    def notices(request: Request) -> Response:
        viewer = people.require(request)
        wanted = request.query_params.get("state", "")
        cursor = request.query_params.get("before", "")
        before = min(int(cursor), MAX_INTEGER) if cursor.isascii() and cursor.isdigit() else None
        with engine.connect() as connection:
            rows = outbox.listed(connection, log.log_id, wanted, before, SHOWN + 1)
            counts = outbox.counted(connection, log.log_id)
        more = rows[SHOWN - 1].number if len(rows) > SHOWN else None
        found: dict[str, Any] = {"notices": rows[:SHOWN], "counts": counts, "next": more}
        if not wants_page(request):
            return as_json(found, viewer)
        known: dict[str, Any] = {
            "channels": CHANNELS,
            "events": EVENTS,
            "states": STATES,
            "reasons": REASONS,
            "names": names,
        }
        return pages.render(request, "audit/notices.html", viewer=viewer, wanted=wanted, **known, **found)

    return routes
