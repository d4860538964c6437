"""``/desk``: a party's own page, also as data. HTTP only; nothing is changed here yet."""

import time
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Engine

from app.accounts.people import People
from app.batches.reading import BatchReader
from app.batches.views import KINDS_OF_BATCH, BatchView
from app.completeness.judging import Gap
from app.completeness.service import Completer
from app.desk.standing import SHOWN, Standing, standing
from app.erasure.retention import Rules
from app.erasure.terms import Term, terms
from app.log import Log
from app.recalls.service import Recalls
from app.viewing import ACCOUNT_ROLES
from app.web.pages import Pages, wants_page
from app.wire import as_json
from app.worklists.service import SHOWN as TASKS
from app.worklists.service import Worklists
from ledger import records
from ledger.identity import ChainId

LOTS, GAPS = 6, 3
"""Of how many lots the page says what to fill in next, and how much of each."""


def router(
    reader: BatchReader,
    pages: Pages,
    people: People,
    engine: Engine,
    log: Log,
    completer: Completer,
    rules: Rules,
    recalls: Recalls,
    worklists: Worklists,
    clock: Callable[[], float] = time.time,
) -> APIRouter:
    """The page of whichever party the person who asks works for; ``rules`` say how long records are kept, ``clock``
    gives seconds."""
    routes = APIRouter(tags=["parties"], include_in_schema=False)

    def to_do(stands: Standing) -> list[tuple[BatchView, list[Gap]]]:
        """What the party can fill in of the newest lots that it holds."""
        lots = [lot.batch for lot in stands.holding if lot.batch.kind == "lot"][:LOTS]
        party = ChainId(stands.party.id)
        found = ((batch, completer.to_do(batch.chain, party)[:GAPS]) for batch in lots)
        return [(batch, gaps) for batch, gaps in found if gaps]

    def kept(stands: Standing) -> dict[int, Term]:
        """Until when what the party stated lately is to be kept, by first index."""
        today = datetime.fromtimestamp(clock(), UTC).date()
        with engine.connect() as connection:
            stated = [one.index for one in stands.stated]
            return {one.index: one for one in terms(connection, log.log_id, reader.names, rules, stated, today)}

    @routes.get("/desk")
    @routes.get("/desk/")
    def desk(request: Request) -> Response:
        viewer = people.require(request)
        stands = standing(engine, log.log_id, reader.names, viewer.party, clock())
        more: dict[str, Any] = {"to_do": to_do(stands), "kept": kept(stands), "asked": recalls.asked(viewer.party)}
        more["waiting"] = [one for one in worklists.of(viewer, limit=TASKS) if one.tasks]
        if not wants_page(request):
            more["kept"] = list(more["kept"].values())
            return as_json({one.name: getattr(stands, one.name) for one in fields(stands)} | more, viewer)
        known: dict[str, Any] = {
            **more,
            "roles": records.ROLES,
            "account_roles": ACCOUNT_ROLES,
            "batch_kinds": KINDS_OF_BATCH,
            "shown": SHOWN,
        }
        return pages.render(request, "desk/index.html", viewer=viewer, stands=stands, **known)

    return routes
