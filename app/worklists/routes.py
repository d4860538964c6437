"""``/v1/worklist``: what waits to be done, by whoever asks. HTTP only."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.accounts.people import People
from app.wire import as_json
from app.worklists.service import Worklists

Which = Annotated[str, Query(alias="list", description="one list by its name; all of them where none is named")]
After = Annotated[str, Query(description="``next`` of the page before; with ``list``")]


def router(worklists: Worklists, people: People) -> APIRouter:
    """The route over one log."""
    routes = APIRouter(tags=["handover"])

    @routes.get("/v1/worklist", summary="待办 · what waits to be done")
    def waiting(request: Request, which: Which = "", after: After = "") -> Response:
        """A party's own; for supervisors those of their division and side. Worked out at reading, never recorded."""
        viewer = people.require(request)
        return as_json({"lists": worklists.of(viewer, which, after)}, viewer)

    return routes
