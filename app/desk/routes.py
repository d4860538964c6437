"""``/desk``: a party's own page, also as data. HTTP only; nothing is changed here yet."""

import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Engine

from app.accounts.people import People
from app.batches.reading import BatchReader
from app.batches.views import KINDS_OF_BATCH
from app.desk.standing import SHOWN, standing
from app.log import Log
from app.viewing import ACCOUNT_ROLES
from app.web.pages import Pages, wants_page
from app.wire import as_json
from ledger import records


def router(
    reader: BatchReader,
    pages: Pages,
    people: People,
    engine: Engine,
    log: Log,
    clock: Callable[[], float] = time.time,
) -> APIRouter:
    """The page of whichever party the person who asks works for; ``clock`` gives seconds."""
    routes = APIRouter(tags=["parties"], include_in_schema=False)

    @routes.get("/desk")
    @routes.get("/desk/")
    def desk(request: Request) -> Response:
        viewer = people.require(request)
        stands = standing(engine, log.log_id, reader.names, viewer.party, clock())
        if not wants_page(request):
            return as_json(stands, viewer)
        known: dict[str, Any] = {
            "roles": records.ROLES,
            "account_roles": ACCOUNT_ROLES,
            "batch_kinds": KINDS_OF_BATCH,
            "shown": SHOWN,
        }
        return pages.render(request, "desk/index.html", viewer=viewer, stands=stands, **known)

    return routes
