"""The page that a label leads to, by trace code, mark or GS1 Digital Link: HTTP only."""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

import msgspec
import orjson
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from app.batches.reading import BatchReader
from app.errors import Conflict, NotFound, status_of
from app.log import Log
from app.problems import Lang, language
from app.public.passport import Passport, issue
from app.public.shelf import Kept, Shelf
from app.web.pages import YEAR, Pages
from ledger import wordings
from ledger.errors import LedgerError, Malformed
from ledger.identity import ChainId, TraceCode, grouped, read_trace_code, trace_code

VARY = "Accept, Accept-Encoding, Accept-Language, Cookie"
_MEDIA = {"page": "text/html; charset=utf-8", "data": "application/json"}
_CODE_LIKE = frozenset(("no-code", "code-check", "code-digits", "b64u", "b64u-size", "gtin", "link-disagrees"))
"""What is wrong with a code, and therefore answered with the box to type another."""


def router(
    pages: Pages, reader: BatchReader, shelf: Shelf, log: Log, clock: Callable[[], float] = time.time
) -> APIRouter:
    """The routes over one log; ``clock`` gives seconds. What is past its day says so from midnight on."""
    routes = APIRouter(tags=["public"])

    def make(chain: ChainId, lang: Lang, form: str, today: str, note: str) -> tuple[bytes, list[ChainId]]:
        passport = issue(reader, chain, note, today)
        return _data(passport, lang) if form == "data" else _page(pages, passport, lang), passport.chains

    def renew(code: str, lang: Lang, form: str, today: str) -> Kept:
        chain = reader.find(code)
        return shelf.renew((code, lang, form, today), lambda note: make(chain, lang, form, today, note))

    def refused(request: Request, error: LedgerError, typed: str) -> Response:
        """The page for a code that leads nowhere. Raises ``error`` for programs, and what is no matter of codes."""
        if wants_data(request) or error.code not in _CODE_LIKE:
            raise error
        return pages.render(
            request,
            "public/no-batch.html",
            status=status_of(error),
            code=error.code,
            typed=_readable(typed),
            detail=wordings.say(error, language(request)),
        )

    @routes.get("/t", summary="按追溯码查询 · look up a trace code")
    @routes.get("/t/", include_in_schema=False)
    async def asked(request: Request) -> Response:
        typed = request.query_params.get("code", "").strip()
        if not typed:
            return pages.render(request, "public/ask.html")
        try:
            code = _tidy(typed) or trace_code(await run_in_threadpool(reader.find, typed))
        except LedgerError as error:
            return refused(request, error, typed)
        return _redirect(request, code)

    @routes.get("/t/{code}", summary="消费者页面 · what a shopper reads of a batch")
    async def shown(code: str, request: Request) -> Response:
        form, lang, today = "data" if wants_data(request) else "page", language(request), reader.names.day(clock())
        kept = shelf.get((code, lang, form, today))
        if kept is None:
            try:
                if (tidy := _tidy(code)) not in (None, code):
                    return _redirect(request, tidy)
                kept = await run_in_threadpool(renew, code, lang, form, today)
            except LedgerError as error:
                return refused(request, error, code)
        return _answer(request, kept, lang, form)

    @routes.get("/01/{gtin}/10/{lot:path}/21/{serial:path}", include_in_schema=False)
    @routes.get("/01/{gtin}/10/{lot:path}", summary="GS1 Digital Link")
    def linked(request: Request) -> Response:
        keys, mark = _keys(request), request.query_params.get("t")
        try:
            return _redirect(request, mark if mark and named(keys, mark) else trace_code(named(keys)))
        except LedgerError as error:
            return refused(request, error, keys.get("10", ""))

    def named(keys: Mapping[str, str], mark: str | None = None) -> ChainId:
        """The batch that GTIN and lot name. Raises Conflict ``link-disagrees`` where the mark names another."""
        if mark is None:
            return reader.find_gtin_lot(keys["01"], keys["10"])
        marked = reader.find(mark)
        try:
            if reader.find_gtin_lot(keys["01"], keys["10"]) == marked:
                return marked
        except NotFound:
            pass
        wanted = f"(01){keys['01']}(10){keys['10']}"
        raise Conflict("link-disagrees", path="t", has=mark[:80], wanted=wanted[:80])

    @routes.get("/.well-known/gs1resolver", summary="GS1 resolver description")
    def resolver(request: Request) -> dict[str, Any]:
        root = log.public_url or str(request.base_url).rstrip("/")
        return {
            "name": f"耕迹 Gengji · {log.origin}",
            "resolverRoot": root,
            "supportedPrimaryKeys": ["01"],
            "linkTypeDefaultCanBeLinkset": False,
            "supportedLinkType": [
                {
                    "namespace": "http://gs1.org/voc/",
                    "prefix": "gs1:",
                    "profile": "https://www.gs1.org/voc/?show=linktypes",
                }
            ],
        }

    return routes


def wants_data(request: Request) -> bool:
    """Whether a program asked; whoever does not say so gets the page."""
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _answer(request: Request, kept: Kept, lang: Lang, form: str) -> Response:
    asked = request.query_params.get("lang") == lang
    headers = {
        "Cache-Control": "private, no-cache" if asked else "public, no-cache",
        "Content-Language": lang,
        "ETag": kept.etag,
        "Vary": VARY,
    }
    if kept.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    packed = _takes_gzip(request.headers.get("accept-encoding", ""))
    if packed:
        headers["Content-Encoding"] = "gzip"
    answer = Response(kept.packed if packed else kept.body, 200, headers, _MEDIA[form])
    if asked and form == "page":
        answer.set_cookie("lang", lang, max_age=YEAR, samesite="lax", httponly=True)
    return answer


def _takes_gzip(accepted: str) -> bool:
    """Whether ``Accept-Encoding`` names gzip, and not to refuse it (RFC 9110 §12.5.3)."""
    for part in accepted.split(","):
        coding, _, weight = part.partition(";")
        if coding.strip().lower() == "gzip":
            return weight.strip().rstrip("0") not in ("q=", "q=0.")
    return False


def _page(pages: Pages, passport: Passport, lang: Lang) -> bytes:
    other = "en" if lang == "zh" else "zh"
    return pages.text("public/batch.html", lang, switch=f"?lang={other}", passport=passport).encode()


def _data(passport: Passport, lang: Lang) -> bytes:
    return orjson.dumps({"lang": lang, **msgspec.to_builtins(passport)})


def _tidy(text: str) -> str | None:
    """A trace code as it stands in an address, of what was typed; None where it is no such code at all.

    Raises Malformed ``code-check``.
    """
    try:
        return read_trace_code(text)
    except Malformed as error:
        if error.code == "code-check":
            raise
        return None


def _readable(typed: str) -> str:
    """What somebody typed, in groups of four where it is as long as a code, so that it can be held against a label."""
    digits = "".join(str(int(char)) for char in typed if char.isdecimal())
    return grouped(TraceCode(digits)) if len(digits) == len(typed.replace(" ", "")) == 20 else typed[:80]


def _redirect(request: Request, code: str) -> Response:
    lang = request.query_params.get("lang")
    return RedirectResponse(f"/t/{quote(code, safe='')}" + (f"?lang={lang}" if lang in ("zh", "en") else ""), 303)


def _keys(request: Request) -> dict[str, str]:
    """The keys of a GS1 Digital Link and their values: cut before unescaped, for a lot may have a slash in it."""
    steps = [unquote(step) for step in request.scope["raw_path"].decode("ascii").split("/")[1:]]
    return dict(zip(steps[::2], steps[1::2], strict=False))
