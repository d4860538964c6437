"""Errors as ``application/problem+json``, worded in the language that was asked for."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeAlias

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from app.errors import NotFound, ServiceError, TooMany, status_of
from ledger import wordings
from ledger.errors import LedgerError, Malformed

Lang = Literal["zh", "en"]
Worded: TypeAlias = Callable[[Request, Mapping[str, Any]], Awaitable[Response | None]]
"""The page that says a problem to a person; None where a program asked."""


def language(request: Request) -> Lang:
    """``?lang=`` first, then what the browser asks for; Chinese unless English is wanted more."""
    asked = request.query_params.get("lang") or request.cookies.get("lang")
    if asked in ("zh", "en"):
        return "zh" if asked == "zh" else "en"
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.strip().lower()
        if tag.startswith("zh"):
            return "zh"
        if tag.startswith("en"):
            return "en"
    return "zh"


def problem(error: LedgerError, lang: Lang) -> dict[str, Any]:
    """RFC 9457: ``type``, ``title``, ``status``, ``detail``, and our stable ``code`` with its ``params``."""
    return {
        "type": f"/errors/{error.code}",
        "title": error.code,
        "status": status_of(error),
        "code": error.code,
        "detail": wordings.say(error, lang),
        "params": error.params,
    }


async def _unworded(request: Request, body: Mapping[str, Any]) -> Response | None:
    return None


def install(app: FastAPI, worded: Worded = _unworded) -> None:
    """Every error that a route raises leaves as a page or a problem; nothing leaves as a stack trace."""

    async def answer(request: Request, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
        page = await worded(request, body)
        if page is not None:
            page.headers.update(headers or {})
            return page
        return JSONResponse(body, body["status"], headers, media_type="application/problem+json")

    @app.exception_handler(LedgerError)
    async def known(request: Request, error: LedgerError) -> Response:
        headers = {"Retry-After": str(error.params.get("retry_after", 1))} if isinstance(error, TooMany) else None
        return await answer(request, problem(error, language(request)), headers)

    @app.exception_handler(RequestValidationError)
    async def shape(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"][1:])
        failed = Malformed("request", path=path, has=str(first.get("input"))[:80], wanted=first["msg"])
        return await answer(request, problem(failed, language(request)))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return await answer(request, problem(NotFound("no-page", path=request.url.path), language(request)))
        failed = ServiceError("http", path=request.url.path, has=error.status_code)
        body = problem(failed, language(request)) | {"status": error.status_code}
        return await answer(request, body, error.headers)

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> Response:
        return await answer(request, problem(ServiceError("internal", has=type(error).__name__), language(request)))
