"""Signing in and out, and who one is: HTTP only."""

import asyncio
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.accounts import demonstration
from app.accounts.people import COOKIE, People
from app.errors import SignInNeeded, TooMany
from app.parties.names import Names
from app.problems import language, problem
from app.viewing import ACCOUNT_ROLES, Viewer
from app.web.pages import Pages, wants_page

_MAX_FORM = 16 * 1024


def router(
    people: People,
    pages: Pages,
    names: Names,
    told: Path | None,
    public_url: str = "",
) -> APIRouter:
    """The routes over one log; ``told`` is where a demonstration tells its sign-ins."""
    routes = APIRouter(tags=["accounts"], max_body_size=_MAX_FORM)

    def page(request: Request, leads: str, **said: Any) -> Response:
        status = said["wrong"]["status"] if said.get("wrong") else 200
        headers = {"Retry-After": str(said["wrong"]["params"]["retry_after"])} if status == 429 else {}
        shown = {"leads": leads, "told": demonstration.read(told).sign_ins, "login": "", "wrong": None, **said}
        return pages.render(request, "sign-in.html", status=status, headers=headers, **shown)

    @routes.get("/sign-in", include_in_schema=False)
    def form(request: Request) -> Response:
        leads = inward(request.query_params.get("next", ""))
        viewer = people.viewer(request)
        return RedirectResponse(leads or _first_page(viewer), 303) if viewer else page(request, leads)

    @routes.post("/sign-in", include_in_schema=False)
    async def sign_in(request: Request) -> Response:
        async with request.form(max_files=0) as sent:
            login, password, leads = (_whole(str(sent.get(name, ""))) for name in ("login", "password", "next"))
        leads, address, old = inward(leads), request.client.host if request.client else "", request.cookies.get(COOKIE)
        try:
            token = await asyncio.to_thread(people.sign_in, login, password, address, old)
        except (SignInNeeded, TooMany) as error:
            if not wants_page(request):
                raise
            wrong = problem(error, language(request))
            return await asyncio.to_thread(page, request, leads, login=login, wrong=wrong)
        viewer = await asyncio.to_thread(people.of_session, token)
        answer = RedirectResponse(leads or _first_page(viewer), 303)
        secure = request.url.scheme == "https" or public_url.startswith("https:")
        answer.set_cookie(COOKIE, token, max_age=people.lasting, secure=secure, httponly=True, samesite="lax")
        return answer

    @routes.post("/sign-out", include_in_schema=False)
    def sign_out(request: Request) -> Response:
        people.sign_out(request.cookies[COOKIE])
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer

    @routes.get("/v1/me", summary="当前账号 · who is signed in")
    def me(request: Request) -> dict[str, Any]:
        viewer = people.require(request)
        zh, en = ACCOUNT_ROLES[viewer.role]
        return {
            "account": viewer.account_id,
            "login": viewer.login,
            "name": viewer.name,
            "party": {"id": viewer.party, "name": names.party(viewer.party).zh},
            "role": {"name": viewer.role, "zh": zh, "en": en},
            "division": viewer.division,
            "side": viewer.side,
            "csrf": viewer.csrf,
        }

    return routes


def _whole(text: str) -> str:
    """``text`` without half characters, which a form in a charset of its own choice may bring."""
    return text.encode(errors="replace").decode()


def inward(path: str) -> str:
    """``path`` if it leads to a page of ours, else nothing: browsers read ``//x``, ``/\\x`` and tabs as other sites."""
    leads_out = (
        not path.startswith("/") or path[1:2] in ("/", "\\") or any(sign <= " " or sign == "\x7f" for sign in path)
    )
    return "" if leads_out else path


def _first_page(viewer: Viewer | None) -> str:
    if viewer is None:
        return "/"
    return "/audit" if viewer.staff else "/desk"
