"""``/audit``: the regulator's pages, each also as data. HTTP only."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.accounts.people import People
from app.audit import desk
from app.audit.batch import verify_batch
from app.audit.report import CHECKS, Report
from app.audit.rows import read_only
from app.audit.runs import last_run
from app.batches.holdings import ACCOUNTS
from app.batches.reading import BatchReader
from app.batches.search import Wanted
from app.batches.views import KINDS_OF_BATCH
from app.completeness.judging import STATES
from app.completeness.service import Completer
from app.heads.reading import Heads
from app.log import Log
from app.parties.reading import party as read_party
from app.problems import language
from app.viewing import STAFF
from app.web.pages import Pages, wants_page
from app.wire import PRIVATE
from app.worklists.service import SHOWN as TASKS
from app.worklists.service import Worklists
from ledger import records
from ledger.errors import LedgerError
from ledger.identity import ChainId, mark, trace_code

RECENT = 12

DAMAGE = (LedgerError, LookupError, TypeError, ValueError, DBAPIError)
"""What a reader may stumble over in records that were altered."""


def router(
    reader: BatchReader,
    pages: Pages,
    people: People,
    engine: Engine,
    log: Log,
    completer: Completer,
    worklists: Worklists,
    data: Path,
) -> APIRouter:
    """The pages over one log, for inspectors and auditors."""
    routes = APIRouter(tags=["oversight"], include_in_schema=False)
    names = reader.names
    heads = Heads(engine, log.log_id, data)
    # What is verified is read past the readers, as bytes, by a connection that can't write.
    stored = read_only(engine.url.render_as_string(hide_password=False))

    def show(request: Request, name: str, found: dict[str, Any], **more: Any) -> Response:
        viewer = people.require(request, *STAFF)
        if not wants_page(request):
            return Response(orjson.dumps(found), media_type="application/json", headers=PRIVATE)
        roles, kinds = records.ROLES, records.KINDS
        known: dict[str, Any] = {
            "roles": roles,
            "kinds": kinds,
            "batch_kinds": KINDS_OF_BATCH,
            "mark": mark,
            "code_of": trace_code,
        }
        return pages.render(request, name, viewer=viewer, **known, **found, **more)

    @routes.get("/audit")
    @routes.get("/audit/")
    def index(request: Request) -> Response:
        viewer = people.require(request, *STAFF)
        text = request.query_params.get("q", "").strip()[:200]
        if text and wants_page(request):
            try:
                return RedirectResponse(f"/audit/batches/{mark(reader.find(text))}", 303)
            except LedgerError as error:
                typed_wrong = error if error.code == "code-check" else None
        else:
            typed_wrong = None
        page = reader.search(Wanted(text=text), request.query_params.get("cursor", ""), RECENT)
        open_, newest = (0, []) if text else desk.worklist(engine, log, names)
        found = {
            "batches": page.batches,
            "next": page.next,
            "parties": desk.parties(names, text) if text else [],
            "open": open_,
            "findings": newest,
            "waiting": [] if text else [one for one in worklists.of(viewer, limit=TASKS) if one.tasks],
            "run": None if text else last_run(engine, log.log_id, names),
        }
        return show(request, "audit/index.html", found, text=text, typed_wrong=typed_wrong is not None)

    def verified(chain: ChainId) -> Report:
        return verify_batch(stored, log.log_id, log.stored, chain, log.journal.latest())

    def batch_page(request: Request, chain: ChainId, report: Report | None) -> Response:
        viewer = people.require(request, *STAFF)
        try:
            graph = reader.lineage(chain)
            found = {
                "batch": reader.batch(chain),
                "events": reader.events(chain, viewer),
                "holdings": reader.holdings(chain),
                "lineage": graph,
                "completeness": completer.of(chain),
                "verification": report.json() if report else None,
            }
        except DAMAGE:
            # The readers trust what is stored. Where that is no longer what was signed, say so and name it.
            report = report or verified(chain)
            found = {"chain": chain, "code": trace_code(chain), "verification": report.json()}
            if report.clean:
                raise
            return show(request, "audit/damaged.html", found, checks=CHECKS, verify_at=request.url.path)
        return show(
            request,
            "audit/batch.html",
            found,
            drawing=desk.drawn(graph, language(request)),
            called={node.chain: node.product or node.producer for node in graph.nodes},
            by_audience=desk.by_audience,
            audiences=desk.AUDIENCES,
            accounts=ACCOUNTS,
            states=STATES,
            checks=CHECKS,
            verify_at=request.url.path,
        )

    @routes.get("/audit/batches/{name}")
    def batch(name: str, request: Request) -> Response:
        people.require(request, *STAFF)
        return batch_page(request, reader.find(name), None)

    @routes.post("/audit/batches/{name}")
    def verify(name: str, request: Request) -> Response:
        """The button: everything this batch rests on, checked again from the stored bytes."""
        people.require(request, *STAFF)
        chain = reader.find(name)
        report = verified(chain)
        if not wants_page(request):
            return Response(orjson.dumps(report.json()), media_type="application/json", headers=PRIVATE)
        return batch_page(request, chain, report)

    @routes.get("/audit/parties/{party}")
    def party(party: str, request: Request) -> Response:
        view = read_party(names, party)
        page = reader.search(Wanted(party=view.id), request.query_params.get("cursor", ""), RECENT)
        found = {"party": view, "batches": page.batches, "next": page.next}
        return show(request, "audit/party.html", found, names=names)

    @routes.get("/audit/log")
    def whole(request: Request) -> Response:
        found = desk.standing(log, data)
        daily = heads.standing(found["size"])
        return show(request, "audit/log.html", {**found, "heads": asdict(daily) if daily else None}, checks=CHECKS)

    return routes
