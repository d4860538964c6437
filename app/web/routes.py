"""The first page: what this is for somebody who shops, who farms and trades, who supervises."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.accounts import demonstration
from app.accounts.people import People
from app.web.pages import Pages


def router(pages: Pages, people: People, told: Path | None) -> APIRouter:
    """``told`` is where a demonstration tells a code to try; None for a log that is none."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/", summary="首页 · the first page")
    def home(request: Request) -> HTMLResponse:
        code = demonstration.read(told).code
        return pages.render(request, "home.html", viewer=people.viewer(request), try_code=code)

    return routes
