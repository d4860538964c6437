"""Who may call what, from where; and the headers that every answer leaves with.

``ROUTES`` is the whole answer to the first: a route without a row is refused. A request that changes something by
right of a session must carry that session's token (form field ``csrf`` or header ``X-CSRF-Token``); it, and every
form, must come from a page of our own, as far as the browser says where it comes from (Fetch Metadata, Origin).
"""

import asyncio
import hmac
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.accounts.people import COOKIE, People, csrf_of
from app.errors import Forbidden, ServiceError
from app.viewing import ACCOUNT_ROLES, STAFF


class Row(NamedTuple):
    """Who may call a route: accounts with one of ``roles``, or anyone; ``shared`` with other sites' pages (CORS)."""

    roles: frozenset[str] | None
    shared: bool = False


OPEN = Row(None)
SHARED = Row(None, shared=True)
SIGNED_IN = Row(frozenset(ACCOUNT_ROLES))
SUPERVISORS = Row(STAFF)
MANAGERS = Row(frozenset(("manager",)))
STATING = Row(frozenset(("member", "manager", "inspector")))
ERASERS = Row(frozenset(("manager", "inspector")))
INSPECTORS = Row(frozenset(("inspector",)))

ROUTES: Mapping[str, Row] = {
    # --- operation
    "GET /healthz": OPEN,
    "GET /openapi.json": SHARED,
    "GET /static/{}": OPEN,
    # --- statements: what signs them is in them
    "POST /v1/statements": OPEN,
    "POST /v1/statements/check": OPEN,
    "GET /v1/keys/{}/statements": SHARED,
    "GET /v1/keys/{}/erasures": SHARED,
    "POST /v1/statements/{}/erase": ERASERS,
    # --- attachments: only what a recorded statement names is taken, and read by its audience
    "POST /v1/attachments": OPEN,
    "POST /v1/attachments/check": OPEN,
    "GET /v1/attachments/{}": SHARED,
    # --- other logs' bundles: only what a recorded intake names, and only once it verifies
    "POST /v1/origins": OPEN,
    # --- the log
    "GET /log/checkpoint": SHARED,
    "GET /log/policy.json": SHARED,
    "GET /log/statements/{}-{}": SHARED,
    "GET /log/tile/{:path}": SHARED,
    "GET /v1/log": SHARED,
    "GET /v1/changes": SHARED,
    # --- batches, parties: fields by their audience, so more for some who have signed in
    "GET /v1/batches": SHARED,
    "GET /v1/batches/{}": SHARED,
    "GET /v1/batches/{}/events": SHARED,
    "GET /v1/batches/{}/lineage": SHARED,
    "GET /v1/batches/{}/holdings": SHARED,
    "GET /v1/batches/{}/findings": SHARED,
    "GET /v1/batches/{}/completeness": SHARED,
    "GET /v1/batches/{}/retention": SHARED,
    "GET /v1/batches/{}/record.{}": SHARED,
    "GET /v1/profiles": SHARED,
    "GET /v1/batches/{}/bundle": SHARED,
    "GET /v1/batches/{}/label.{}": SHARED,
    "GET /v1/batches/{}/certificate": SHARED,
    "GET /v1/batches/{}/certificates": SHARED,
    "GET /v1/certificates/{}": SHARED,
    "GET /v1/certificates/{}.pdf": SHARED,
    "POST /v1/certificates/{}.pdf": OPEN,
    "GET /v1/kinds": SHARED,
    "GET /v1/kinds/{}": SHARED,
    "GET /v1/templates": SHARED,
    "GET /v1/templates/{}": SHARED,
    "GET /v1/parties/{}": SHARED,
    "GET /v1/products": SHARED,
    "GET /v1/places": SHARED,
    # --- everybody's pages
    "GET /": OPEN,
    "GET /t/": SHARED,
    "GET /t": SHARED,
    "GET /t/{}": SHARED,
    "GET /01/{}/10/{:path}": SHARED,
    "GET /01/{}/10/{:path}/21/{:path}": SHARED,
    "GET /.well-known/gs1resolver": SHARED,
    # --- accounts
    "GET /sign-in": OPEN,
    "POST /sign-in": OPEN,
    "POST /sign-out": SIGNED_IN,
    "GET /v1/me": SIGNED_IN,
    # --- keys that the service holds: whether the party registers, or has one, is looked up
    "POST /v1/held/keys": MANAGERS,
    "POST /v1/held/statements": STATING,
    "POST /v1/held/statements/check": STATING,
    # --- a party's own page
    "GET /desk": SIGNED_IN,
    "GET /desk/": SIGNED_IN,
    "GET /desk/certificates/{}": SIGNED_IN,
    "POST /desk/certificates/{}": STATING,
    # --- where a party is told: its manager's
    "GET /desk/contacts": MANAGERS,
    "POST /desk/contacts": MANAGERS,
    "POST /desk/contacts/{}/remove": MANAGERS,
    "GET /v1/contacts": MANAGERS,
    "POST /v1/contacts": MANAGERS,
    "DELETE /v1/contacts/{}": MANAGERS,
    # --- oversight
    "GET /audit": SUPERVISORS,
    "GET /audit/": SUPERVISORS,
    "GET /audit/batches/{}": SUPERVISORS,
    "POST /audit/batches/{}": SUPERVISORS,
    "GET /audit/parties/{}": SUPERVISORS,
    "GET /audit/log": SUPERVISORS,
    "GET /audit/notices": SUPERVISORS,
    # --- recalls: that there is one is for everybody, who has how much of it for those who work with it
    "GET /v1/recalls": SHARED,
    "GET /v1/recalls/{}": SIGNED_IN,
    "GET /v1/recalls/{}/report": SIGNED_IN,
    "GET /audit/recalls": SUPERVISORS,
    "GET /audit/recalls/{}": SUPERVISORS,
    "POST /audit/recalls/{}": INSPECTORS,
    "GET /audit/batches/{}/measures": SUPERVISORS,
    "POST /audit/batches/{}/measures": INSPECTORS,
    "GET /desk/recalls": SIGNED_IN,
    "POST /desk/recalls/{}": STATING,
    # --- handover: for sender, receiver, carrier and supervisors; what waits to be done, for whoever has to do it
    "GET /v1/shipments": SIGNED_IN,
    "GET /v1/shipments/{}": SIGNED_IN,
    "GET /desk/shipments/{}": SIGNED_IN,
    "POST /desk/shipments/{}": STATING,
    "GET /v1/worklist": SIGNED_IN,
}
"""Method and path, with ``{}`` for what varies, ``{:path}`` where that may hold slashes."""

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

HEADERS = {
    b"content-security-policy": CONTENT_SECURITY_POLICY.encode(),
    # Not no-referrer: with it a browser sends its own forms with the origin "null".
    b"referrer-policy": b"same-origin",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"permissions-policy": b"camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
    b"cross-origin-opener-policy": b"same-origin",
}
_SECURE = b"max-age=31536000"
_SHARED = {b"access-control-allow-origin": b"*", b"access-control-expose-headers": b"ETag, Link, Retry-After"}
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Accept, Accept-Language, If-None-Match",
    "Access-Control-Max-Age": "86400",
}
_FORM = "gengji.form"
_COOKIES = (b"cookie", b"set-cookie")
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_VARIES = re.compile(r"\{[^}:]*(:path)?\}")
_SHARED_PATHS = re.compile(
    "|".join(
        re.escape(route[4:]).replace(r"\{\}", "[^/]+").replace(r"\{:path\}", ".+")
        for route, row in ROUTES.items()
        if row.shared and route.startswith("GET ")
    )
)


def route_name(method: str, path: str) -> str:
    """A route as ``ROUTES`` calls it: whatever its parameters are called, and HEAD like GET."""
    pattern = _VARIES.sub(r"{\1}", path)
    return f"{'GET' if method == 'HEAD' else method} {pattern}"


def install(app: FastAPI, people: People, public_url: str = "") -> None:
    """Guards every route that is added after this, and puts the headers on every answer."""
    ours = _origin(public_url)

    async def guard(request: Request) -> None:
        name = route_name(request.method, request.scope["route"].path)
        row = ROUTES.get(name)
        if row is None:
            raise ServiceError("route-without-row", path=name, wanted="app.security.ROUTES")
        changes = request.method not in _SAFE
        if changes and (row.roles is not None or _is_form(request)) and not _from_our_page(request, ours):
            raise Forbidden("other-site", path=request.url.path, has=request.headers.get("origin", "–"))
        if row.roles is not None:
            await asyncio.to_thread(people.require, request, *sorted(row.roles))
            if changes:
                await _check_token(request)

    app.router.dependencies.append(Depends(guard))
    app.add_middleware(_Shield, service=app)


async def _check_token(request: Request) -> None:
    sent = request.headers.get("x-csrf-token")
    if sent is None and _is_form(request):
        form = request.scope[_FORM] = await request.form()
        field = form.get("csrf")
        sent = field if isinstance(field, str) else None
    wanted = csrf_of(request.cookies.get(COOKIE, ""))
    if sent is None or not hmac.compare_digest(sent.encode(), wanted.encode()):
        raise Forbidden("csrf", path=request.url.path)


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith(_FORMS)


def _from_our_page(request: Request, ours: str) -> bool:
    """True unless the browser says otherwise: programs say nothing, and have no session that a page could borrow."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    # Compared as text: what is no address at all is not ours, and nothing to stumble over.
    return origin is None or origin == ours or origin.partition("://")[2] == request.headers.get("host")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class _Shield:
    """Puts the headers on every answer, those to requests that failed too, and answers CORS preflights."""

    def __init__(self, app: ASGIApp, service: FastAPI) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *_missing(scope, message)]
            await send(message)

        if scope["method"] == "OPTIONS" and _may_preflight(scope):
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, guarded)
            return
        try:
            await self._app(scope, receive, guarded)
        except Exception as error:
            # What Starlette would answer with, further out, would leave without the headers.
            answer = self._service.exception_handlers.get(Exception)
            if answer is not None and not started:
                response = answer(Request(scope), error)
                await (response if isinstance(response, Response) else await response)(scope, receive, guarded)
            raise
        finally:
            if _FORM in scope:
                await scope[_FORM].close()


def _missing(scope: Scope, message: Message) -> list[tuple[bytes, bytes]]:
    """The headers that this answer does not have of its own."""
    wanted = dict(HEADERS)
    if scope["scheme"] == "https":
        wanted[b"strict-transport-security"] = _SECURE
    cookies = [value for name, value in (*scope["headers"], *message["headers"]) if name in _COOKIES]
    if any(COOKIE.encode() in cookie for cookie in cookies):
        wanted[b"cache-control"] = b"no-store"
    route = scope.get("route")
    if route is not None and (row := ROUTES.get(route_name(scope["method"], route.path))) and row.shared:
        wanted |= _SHARED
    has = {name.lower() for name, _ in message["headers"]}
    return [(name, value) for name, value in wanted.items() if name not in has]


def _may_preflight(scope: Scope) -> bool:
    asked = dict(scope["headers"]).get(b"access-control-request-method")
    return asked in (b"GET", b"HEAD") and _SHARED_PATHS.fullmatch(scope["path"]) is not None
