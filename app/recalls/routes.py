"""Recalls over HTTP: how each stands, the pages for it, and what may be done with a batch. HTTP only."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.accounts.people import People
from app.batches.reading import BatchReader
from app.custody.holding import Custodian, Unsigned
from app.errors import Conflict
from app.problems import language, problem
from app.recalls.measures import MEASURES, asked, command, fields
from app.recalls.service import Asked, Recalls, Standing
from app.recording import Finding
from app.statements.answering import finding_json
from app.viewing import STAFF, Viewer
from app.web.pages import Pages, wants_page
from app.wire import as_json
from ledger.canonical import Json
from ledger.errors import LedgerError
from ledger.identity import ChainId, StatementHash, mark
from ledger.records import KINDS

PAGE = 25
_COUNTS = ("found", "stopped", "recovered")

Before = Annotated[int | None, Query(ge=0, description="``next`` of the page before")]
AsOf = Annotated[int | None, Query(ge=0, description="a log index: how it stood then")]
Party = Annotated[str, Query(description="one party, with all its lots")]


def router(recalls: Recalls, reader: BatchReader, people: People, custodian: Custodian, pages: Pages) -> APIRouter:
    """The routes over one log."""
    routes = APIRouter(tags=["recalls"])
    names = reader.names

    # --- as data -------------------------------------------------------------------------------------------------

    @routes.get("/v1/recalls", summary="召回与演练 · recalls and drills")
    def listed(before: Before = None) -> Response:
        """The newest first; ``before`` an index leads to earlier ones."""
        found = recalls.listed(before, PAGE)
        return as_json({"recalls": found, "next": found[-1].index if len(found) == PAGE else None})

    @routes.get("/v1/recalls/{statement}", summary="一次召回的进展 · how a recall stands")
    def one(statement: str, request: Request, party: Party = "", as_of: AsOf = None) -> Response:
        """Scope, parties and their answers, how much is located; a hold's scope too."""
        viewer = people.require(request)
        return as_json(recalls.standing(StatementHash(statement), ChainId(party) if party else None, as_of), viewer)

    @routes.get("/v1/recalls/{statement}/report", summary="演练报告 · a drill's report, ready to sign")
    def report(statement: str, request: Request) -> Response:
        viewer = people.require(request)
        return as_json(recalls.report(StatementHash(statement)), viewer)

    # --- the regulator's pages -----------------------------------------------------------------------------------

    @routes.get("/audit/recalls", include_in_schema=False)
    def index(request: Request, before: Before = None) -> Response:
        viewer = people.require(request, *STAFF)
        found = recalls.listed(before, PAGE)
        more = found[-1].index if len(found) == PAGE else None
        if not wants_page(request):
            return as_json({"recalls": found, "next": more}, viewer)
        return pages.render(
            request, "audit/recalls.html", viewer=viewer, recalls=found, next=more, kinds=KINDS, now=recalls.now()
        )

    def show(
        request: Request, viewer: Viewer, statement: str, party: str, wrong: LedgerError | None = None
    ) -> Response:
        one = ChainId(party) if party else None
        stands = recalls.standing(StatementHash(statement), one)
        said: dict[str, Any] = {
            "stands": stands,
            "bar": bar(stands),
            "batches": recalls.batches(stands.call),
            "channels": recalls.channels(stands.call.statement, one) if one else {},
            "only": one,
            "kinds": KINDS,
            "mark": mark,
            "wrong": problem(wrong, language(request)) if wrong else None,
        }
        return pages.render(request, "audit/recall.html", viewer=viewer, **said)

    @routes.get("/audit/recalls/{statement}", include_in_schema=False)
    def page(statement: str, request: Request, party: Party = "") -> Response:
        viewer = people.require(request, *STAFF)
        if wants_page(request):
            return show(request, viewer, statement, party)
        return as_json(recalls.standing(StatementHash(statement), ChainId(party) if party else None), viewer)

    @routes.post("/audit/recalls/{statement}", include_in_schema=False)
    async def end(statement: str, request: Request) -> Response:
        """The button that ends a drill: its report, signed with the key that the service holds."""
        viewer = await asyncio.to_thread(people.require, request)
        try:
            ready = await asyncio.to_thread(recalls.report, StatementHash(statement))
            wanted = Unsigned("drill", None, ready["body"], tuple(ready["on"]))  # type: ignore[arg-type]
            found = await asyncio.to_thread(custodian.check, viewer, wanted)
            known = frozenset(one.code for one in found)
            await custodian.state(viewer, Unsigned("drill", None, wanted.fields, wanted.on, known=known))
        except LedgerError as error:
            if not wants_page(request):
                raise
            return await asyncio.to_thread(show, request, viewer, statement, "", error)
        return RedirectResponse(f"/audit/recalls/{quote(statement, safe='')}", 303)

    # --- what may be done with a batch -----------------------------------------------------------------------------

    def form(
        request: Request,
        viewer: Viewer,
        name: str,
        kind: str,
        sent: Mapping[str, str],
        wrong: LedgerError | None = None,
        findings: list[Finding] | None = None,
        words: str = "",
    ) -> Response:
        batch = reader.batch(reader.find(name))
        said: dict[str, Any] = {
            "batch": batch,
            "kind": kind,
            "kinds": KINDS,
            "measures": MEASURES,
            "asked": asked(kind),
            "sent": sent,
            "stops": reader.stops(batch.chain),
            "findings": None if findings is None else [finding_json(one, names) for one in findings],
            "command": words,
            "wrong": problem(wrong, language(request)) if wrong else None,
        }
        status = said["wrong"]["status"] if wrong else 200
        return pages.render(request, "audit/measures.html", viewer=viewer, status=status, **said)

    @routes.get("/audit/batches/{name}/measures", include_in_schema=False)
    def measures(name: str, request: Request, kind: str = "hold") -> Response:
        return form(request, people.require(request, *STAFF), name, kind, {})

    @routes.post("/audit/batches/{name}/measures", include_in_schema=False)
    async def take(name: str, request: Request) -> Response:
        """First what it would bring up, then, with those findings known, signed and recorded."""
        viewer = await asyncio.to_thread(people.require, request)
        form_data = await request.form()
        sent = {key: value for key, value in form_data.items() if isinstance(value, str)}
        kind = sent.get("kind", "")
        asked(kind)
        try:
            chain = await asyncio.to_thread(reader.find, name)
            stops = await asyncio.to_thread(reader.stops, chain)
            given = fields(kind, sent, stops, names.registry.time_zone)
            known = frozenset(str(code) for code in form_data.getlist("finding"))
            wanted = Unsigned(kind, None, given, (chain,), known=known)
            if "sign" not in sent:
                try:
                    found = await asyncio.to_thread(custodian.check, viewer, wanted)
                except Conflict as error:
                    if error.code != "held-none":
                        raise
                    code = reader.batch(chain).code
                    words = command(kind, code, given)
                    return await asyncio.to_thread(form, request, viewer, name, kind, sent, None, None, words)
                return await asyncio.to_thread(form, request, viewer, name, kind, sent, None, found)
            outcome = await custodian.state(viewer, wanted)
        except LedgerError as error:
            if not wants_page(request):
                raise
            return await asyncio.to_thread(form, request, viewer, name, kind, sent, error)
        leads = f"recalls/{outcome.statement.hash}" if kind in ("recall", "drill") else f"batches/{mark(chain)}"
        return RedirectResponse(f"/audit/{leads}", 303)

    # --- the party's own ---------------------------------------------------------------------------------------------

    def mine(
        request: Request,
        viewer: Viewer,
        wrong: LedgerError | None = None,
        findings: list[Finding] | None = None,
        about: str = "",
        sent: Mapping[str, str] | None = None,
    ) -> Response:
        waiting = recalls.asked(viewer.party)
        said: dict[str, Any] = {
            "asked": waiting,
            "kinds": KINDS,
            "now": recalls.now(),
            "batches": reader.batches({lot.chain for one in waiting for lot in one.side.lots}),
            "findings": [finding_json(one, names) for one in findings or ()],
            "about": about,
            "sent": sent or {},
            "wrong": problem(wrong, language(request)) if wrong else None,
        }
        return pages.render(request, "desk/recalls.html", viewer=viewer, **said)

    @routes.get("/desk/recalls", include_in_schema=False)
    def waiting(request: Request) -> Response:
        viewer = people.require(request)
        return mine(request, viewer) if wants_page(request) else as_json(recalls.asked(viewer.party), viewer)

    @routes.post("/desk/recalls/{statement}", include_in_schema=False)
    async def answer(statement: str, request: Request) -> Response:
        """What was counted, signed with the key that the service holds for the party."""
        viewer = await asyncio.to_thread(people.require, request)
        form_data = await request.form()
        sent = {key: value for key, value in form_data.items() if isinstance(value, str)}
        known = frozenset(str(code) for code in form_data.getlist("finding"))
        try:
            asked_of = await asyncio.to_thread(recalls.asked, viewer.party)
            call = next((one for one in asked_of if one.call.statement == statement), None)
            if call is None:
                raise Conflict("no-recall", path="statement", has=statement[:80])
            wanted = acknowledged(call, sent, known)
            found = [one for one in await asyncio.to_thread(custodian.check, viewer, wanted) if one.code not in known]
            if found:
                return await asyncio.to_thread(mine, request, viewer, None, found, statement, sent)
            await custodian.state(viewer, wanted)
        except LedgerError as error:
            if not wants_page(request):
                raise
            return await asyncio.to_thread(mine, request, viewer, error, None, statement, sent)
        return RedirectResponse("/desk/recalls", 303)

    return routes


def acknowledged(one: Asked, sent: Mapping[str, str], known: frozenset[str]) -> Unsigned:
    """The answer that a form gives: fields ``found.MARK``, ``stopped.MARK``, ``recovered.MARK`` and ``measures``."""
    units = {mark(lot.chain): (lot.chain, lot.unit) for lot in one.side.lots}
    lines: list[Json] = []
    for name, (chain, unit) in units.items():
        counted = {word: sent.get(f"{word}.{name}", "").strip() for word in _COUNTS}
        if any(counted.values()):
            line: dict[str, Json] = {"batch": chain, "found": {"unit": unit, "value": counted["found"] or "0"}}
            line |= {word: {"unit": unit, "value": counted[word]} for word in _COUNTS[1:] if counted[word]}
            lines.append(line)
    given: dict[str, Json] = {"about": one.call.statement}
    if lines:
        given["goods"] = lines
    if said := sent.get("measures", "").strip():
        given["measures"] = said
    on = tuple(sorted({chain for chain, _ in units.values()}))[:200]
    return Unsigned("acknowledge", None, given, on or tuple(one.call.on), known=known)


def bar(stands: Standing) -> list[tuple[str, int, int]]:
    """Where all that was made is, as parts of a thousand: account, beginning, width; none where units differ."""
    parts = [(account, stands.totals[account]) for account in ("held", "transit", "sold", "consumed", "lost")]
    units = {one["unit"] for _, amounts in parts for one in amounts}
    whole = sum(float(one["value"]) for _, amounts in parts for one in amounts if not one["value"].startswith("-"))
    if len(units) != 1 or not whole:
        return []
    drawn, at = [], 0
    for account, amounts in parts:
        width = round(1000 * sum(float(one["value"]) for one in amounts if not one["value"].startswith("-")) / whole)
        if width:
            drawn.append((account, at, width))
            at += width
    return drawn
