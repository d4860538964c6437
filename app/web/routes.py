"""The first page: what this is for somebody who shops, who farms and trades, who supervises."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from app.accounts import demonstration
from app.accounts.people import People
from app.problems import Worded
from app.web.pages import Pages, wants_page


def worded(pages: Pages, people: People) -> Worded:
    """Problems as pages that say, like every other, who has signed in; even when the database can't be asked who."""

    async def page(request: Request, problem: Mapping[str, Any]) -> Response | None:
        viewer = None
        if wants_page(request):
            with suppress(SQLAlchemyError):
                viewer = await asyncio.to_thread(people.viewer, request)
        return pages.error(request, problem, viewer)

    return page


def router(pages: Pages, people: People, told: Path | None) -> APIRouter:
    """``told`` is where a demonstration tells a code to try; None for a log that is none."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/", summary="首页 · the first page")
    def home(request: Request) -> HTMLResponse:
        code = demonstration.read(told).code
        return pages.render(request, "home.html", viewer=people.viewer(request), try_code=code)

    return routes
