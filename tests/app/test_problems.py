"""An error leaves as a page for a person and as a problem for a program, worded in the language asked for."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

from app import problems
from app.errors import NotFound, TooMany
from ledger.errors import Malformed

ERRORS = {
    "missing": NotFound("no-code", path="code", has="1"),
    "slow": TooMany("too-many-tries", retry_after=7),
    "wrong": Malformed("code-digits", path="code", has="1", wanted=20),
    "broken": RuntimeError("a secret of ours"),
}


def ask(path: str, headers: dict[str, str], *, paged: bool) -> httpx.Response:
    app = FastAPI()

    async def page(request: object, problem: object) -> Response | None:
        return HTMLResponse("<p>a page", problem["status"]) if paged else None  # type: ignore[index]

    problems.install(app, page)

    @app.get("/number/{value}")
    async def number(value: int) -> int:
        return value

    @app.get("/{name}")
    async def fail(name: str) -> None:
        raise ERRORS[name]

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://county.example") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(request())


@pytest.mark.parametrize("paged", [True, False])
@pytest.mark.parametrize(
    ("path", "status"),
    [("/missing", 404), ("/slow", 429), ("/wrong", 422), ("/broken", 500), ("/a/b", 404), ("/number/x", 422)],
)
def test_every_error_has_its_status_in_either_form(path: str, status: int, paged: bool) -> None:
    answer = ask(path, {}, paged=paged)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html" if paged else "application/problem+json")
    assert answer.headers.get("retry-after") == ("7" if path == "/slow" else None)
    assert "secret" not in answer.text


def test_it_is_worded_in_the_language_asked_for() -> None:
    zh, en = (ask("/missing", {"accept-language": lang}, paged=False).json() for lang in ("zh-CN", "en"))
    assert "查无此码" in zh["detail"]
    assert "no batch has this code" in en["detail"].lower()
    assert zh["code"] == en["code"] == "no-code"


@pytest.mark.parametrize(
    ("asked", "lang"),
    [("", "zh"), ("en", "en"), ("zh", "zh"), ("fr,en;q=0.8", "en"), ("fr", "zh"), ("zh-TW,en", "zh"), ("EN-us", "en")],
)
def test_the_language_is_chinese_unless_english_is_wanted_more(asked: str, lang: str) -> None:
    said = ask("/missing", {"accept-language": asked}, paged=False).json()["detail"]
    assert ("查无此码" in said) == (lang == "zh")
    turned = ask("/missing?lang=en", {"accept-language": asked}, paged=False).json()["detail"]
    assert "查无此码" not in turned
