"""Handover over HTTP: shipments and how each stands, and the page on which one is answered. HTTP only."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.accounts.people import People
from app.batches.events import in_words
from app.custody.holding import Custodian, Unsigned
from app.errors import Conflict
from app.handover.answering import ANSWERS, REASONS, answered, command
from app.handover.looking import PAPERS, Look
from app.handover.service import Handovers
from app.handover.shipments import WORDS
from app.problems import language, problem
from app.recording import Finding
from app.viewing import Viewer
from app.web.pages import Pages, wants_page
from app.wire import as_json
from labels.certificate import BASES
from ledger.errors import LedgerError
from ledger.records import KINDS

Party = Annotated[str, Query(description="whose; the asker's own, or for a supervisor of all whom he supervises")]
StateOf = Annotated[str, Query(description="open, late (past its planned arrival), or answered")]
After = Annotated[int, Query(ge=-1, description="``next`` of the page before")]

_MAY_SIGN = frozenset(("member", "manager", "inspector"))
_WHOLE = {"answer": "whole"}


def router(handovers: Handovers, people: People, custodian: Custodian, pages: Pages) -> APIRouter:
    """The routes over one log."""
    routes = APIRouter(tags=["handover"])

    @routes.get("/v1/shipments", summary="在途与已答复的发货 · shipments")
    def listed(request: Request, party: Party = "", state: StateOf = "open", after: After = -1) -> Response:
        """The one that waits longest first, each with what is still on the way, what is stopped first."""
        viewer = people.require(request)
        return as_json(handovers.listed(viewer, party, state, after), viewer)

    @routes.get("/v1/shipments/{statement}", summary="收货前查看一次发货 · a shipment, before it is accepted")
    def one(statement: str, request: Request) -> Response:
        """Of each batch the verdict, what stops it and why, findings, certificate and tests; the gravest first."""
        viewer = people.require(request)
        return as_json(handovers.one(statement, viewer), viewer)

    # --- the page on which it is answered --------------------------------------------------------------------------

    def page(
        request: Request,
        viewer: Viewer,
        looked: Look,
        sent: Mapping[str, str] = _WHOLE,
        wrong: LedgerError | None = None,
        findings: Sequence[Finding] | None = None,
    ) -> Response:
        """With ``findings`` (shown, and now known) it can be signed as it was ``sent``."""
        shipment = looked.shipment
        mine = shipment.open and viewer.party == shipment.receiver.id and viewer.role in _MAY_SIGN
        words = ""
        if mine and findings is None and wrong is None:
            try:
                wanted = answered(shipment, sent)
                findings = custodian.check(viewer, wanted)
            except LedgerError as error:
                if error.code == "held-none":
                    words = command(shipment, wanted)
                else:
                    wrong = error
        products: dict[str, str] = {
            one.batch.chain: one.batch.product.id for one in shipment.goods if one.batch.product
        }
        said: dict[str, Any] = {
            "look": looked,
            "mine": mine,
            "sent": sent,
            "findings": [in_words(handovers.names, one, products.get(one.batch or "")) for one in findings or ()],
            "command": words,
            "wrong": problem(wrong, language(request)) if wrong else None,
            "answers": ANSWERS,
            "reasons": REASONS,
            "papers": PAPERS,
            "states": WORDS,
            "bases": BASES,
            "kinds": KINDS,
        }
        status = said["wrong"]["status"] if said["wrong"] else 200
        return pages.render(request, "desk/shipment.html", viewer=viewer, status=status, **said)

    @routes.get("/desk/shipments/{statement}", include_in_schema=False)
    def before(statement: str, request: Request) -> Response:
        viewer = people.require(request)
        looked = handovers.one(statement, viewer)
        return page(request, viewer, looked) if wants_page(request) else as_json(looked, viewer)

    @routes.post("/desk/shipments/{statement}", include_in_schema=False)
    async def answer(statement: str, request: Request) -> Response:
        """Signed with the key that the service holds for the party, once all that it brings up was shown."""
        viewer = await asyncio.to_thread(people.require, request)
        form = await request.form()
        sent = {key: value for key, value in form.items() if isinstance(value, str)}
        looked = await asyncio.to_thread(handovers.one, statement, viewer)
        known = frozenset(str(code) for code in form.getlist("finding"))
        try:
            wanted = answered(looked.shipment, sent, known)
            if unseen := await asyncio.to_thread(_unseen, custodian, viewer, wanted):
                return await asyncio.to_thread(page, request, viewer, looked, sent, None, unseen)
            await custodian.state(viewer, wanted)
        except LedgerError as error:
            if not wants_page(request):
                raise
            if isinstance(error, Conflict) and error.code == "held-none":
                return await asyncio.to_thread(page, request, viewer, looked, sent)
            return await asyncio.to_thread(page, request, viewer, looked, sent, error)
        return RedirectResponse(f"/desk/shipments/{quote(statement, safe='')}", 303)

    return routes


def _unseen(custodian: Custodian, viewer: Viewer, wanted: Unsigned) -> list[Finding]:
    """All that it would bring up, if some of that has not been shown."""
    found = custodian.check(viewer, wanted)
    return found if {one.code for one in found} - wanted.known else []
