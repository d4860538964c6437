"""The guard and the headers, on a small service with routes of every sort, and on the whole one."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import update

from app import problems, security
from app.accounts.people import COOKIE, csrf_of
from app.main import create_app
from app.security import HEADERS, ROUTES, route_name
from app.tables import accounts
from app.viewing import ACCOUNT_ROLES, STAFF
from ledger.errors import Malformed
from tests.app.town import PASSWORD, Town
from tests.app.visiting import PAGE, Visitor, visiting

HERE = "https://county.example"
CHANGES = "/audit/batches/123"


@pytest.fixture
def small(town: Town) -> FastAPI:
    """Open, shared and supervisors' routes, one that fails, and one that nobody listed."""
    app, routes, done = FastAPI(), APIRouter(), list[str]()
    security.install(app, town.people(), HERE)
    problems.install(app)

    def answer(request: Request) -> dict[str, Any]:
        done.append(request.url.path)
        return {"done": len(done)}

    for method, path in (
        ("GET", "/"),
        ("GET", "/v1/log"),
        ("GET", "/v1/me"),
        ("GET", "/audit/log"),
        ("POST", "/v1/statements"),
        ("POST", "/sign-in"),
        ("POST", "/audit/batches/{code}"),
        ("GET", "/unlisted"),
    ):
        routes.add_api_route(path, answer, methods=[method])

    @routes.get("/healthz")
    def fails() -> None:
        raise RuntimeError("a secret")

    @routes.get("/v1/kinds")
    def refuses() -> None:
        raise Malformed("b64u", path="x", has="?")

    app.include_router(routes)
    return app


@pytest.fixture
def visitor(small: FastAPI, town: Town) -> Iterator[Visitor]:
    with visiting(small) as visitor:
        yield visitor


def sign_in(visitor: Visitor, town: Town, login: str) -> str:
    """Gives the visitor a session and returns its token against forged requests."""
    token = town.people().sign_in(login, PASSWORD, "203.0.113.7")
    visitor.cookies.set(COOKIE, token, domain="county.example")
    return csrf_of(token)


# --- the table ---------------------------------------------------------------------------------------------------


def test_every_route_of_the_service_has_a_row_and_passes_the_guard(town: Town) -> None:
    app = create_app(town.settings)
    with visiting(app):
        guard = app.router.dependencies[0].dependency
        found = set[str]()
        for context in iter_route_contexts(app.routes):
            names = {route_name(method, context.path or "") for method in context.methods or ()}
            assert names
            assert names <= ROUTES.keys()
            found |= names
            route = context.original_route
            if isinstance(route, APIRoute):
                assert guard in [needed.dependency for needed in context.dependencies], (
                    f"{names} stand before the guard"
                )
            else:
                assert all(ROUTES[name].roles is None and name.startswith("GET ") for name in names)
    assert found == ROUTES.keys(), "a row without a route"


def test_a_route_is_shared_with_other_sites_only_if_anyone_may_read_it() -> None:
    for name, row in ROUTES.items():
        assert row.roles is None or row.roles <= ACCOUNT_ROLES.keys()
        assert row.roles != frozenset()
        if row.shared:
            assert row.roles is None
            assert name.startswith("GET ")


def test_oversight_is_for_supervisors_alone() -> None:
    rows = [row for name, row in ROUTES.items() if " /audit" in name]
    assert rows
    assert all(row.roles and row.roles <= STAFF for row in rows)


def test_a_route_that_nobody_listed_is_refused(visitor: Visitor) -> None:
    answer = visitor.get("/unlisted", {})
    assert (answer.status_code, answer.json()["code"]) == (500, "route-without-row")


# --- who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("login", "audit", "me"), [(None, 401, 401), ("zhou.min", 403, 200), ("ma.ke", 403, 200), ("li.na", 200, 200)]
)
def test_who_may_read_what(visitor: Visitor, town: Town, login: str | None, audit: int, me: int) -> None:
    if login is not None:
        sign_in(visitor, town, login)
    assert visitor.get("/audit/log").status_code == audit
    assert visitor.get("/v1/me").status_code == me
    assert visitor.get("/v1/log").status_code == 200


def test_an_auditor_reads_what_an_inspector_reads(visitor: Visitor, town: Town) -> None:
    with town.engine.begin() as connection:
        connection.execute(update(accounts).where(accounts.c.login == "li.na").values(role="auditor"))
    sign_in(visitor, town, "li.na")
    assert visitor.get("/audit/log").status_code == 200


def test_a_refusal_tells_a_stranger_nothing_and_somebody_whose_it_is(visitor: Visitor, town: Town) -> None:
    stranger = visitor.get("/audit/log", {}).json()
    assert stranger["code"] == "sign-in-needed"
    assert "inspector" not in str(stranger)
    sign_in(visitor, town, "zhou.min")
    refused = visitor.get("/audit/log", {}).json()
    assert refused["params"] == {"path": "/audit/log", "has": "manager", "wanted": "auditor | inspector"}
    assert "监督" in refused["detail"]


# --- from where --------------------------------------------------------------------------------------------------


def test_a_change_needs_the_sessions_own_token_in_the_form_or_a_header(visitor: Visitor, town: Town) -> None:
    csrf = sign_in(visitor, town, "li.na")
    assert visitor.post(CHANGES, {"csrf": csrf}).status_code == 200
    assert visitor.ask("POST", CHANGES, {"x-csrf-token": csrf}).status_code == 200
    assert visitor.ask("POST", CHANGES, PAGE, data={"csrf": csrf}, files={"photo": b"\xff\xd8"}).status_code == 200
    another = csrf_of(town.people().sign_in("li.na", PASSWORD, "203.0.113.7"))
    for wrong in ("", another, csrf[:-1], "x" * 43):
        refused = visitor.post(CHANGES, {"csrf": wrong}, {})
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        assert visitor.ask("POST", CHANGES, {"x-csrf-token": wrong}).status_code == 403
    assert visitor.post(CHANGES, {}).status_code == 403
    assert visitor.post(CHANGES, {"csrf": "错"}).status_code == 403
    assert visitor.ask("POST", CHANGES, json={"csrf": csrf}).status_code == 403
    assert visitor.ask("POST", CHANGES, PAGE, files={"csrf": csrf.encode()}).status_code == 403


def test_a_token_without_its_session_changes_nothing(visitor: Visitor, town: Town) -> None:
    csrf = sign_in(visitor, town, "li.na")
    visitor.cookies.clear()
    assert visitor.post(CHANGES, {"csrf": csrf}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": HERE}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "https://county.example.evil.example"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "https://behind.a.proxy"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site", "origin": HERE}, 403),
        ({"sec-fetch-site": "cross-site", "origin": HERE}, 403),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_form_comes_from_our_own_pages(visitor: Visitor, town: Town, headers: dict[str, str], status: int) -> None:
    assert visitor.post("/sign-in", {"login": "x"}, headers).status_code == status
    csrf = sign_in(visitor, town, "li.na")
    assert visitor.post(CHANGES, {"csrf": csrf}, headers).status_code == status
    assert visitor.ask("POST", CHANGES, {**headers, "x-csrf-token": csrf}).status_code == status
    # What is signed speaks for itself, wherever it comes from; no session takes part in it.
    assert visitor.ask("POST", "/v1/statements", headers, json={}).status_code == 200


# --- the headers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/v1/log", "/nowhere", "/healthz", "/v1/kinds", "/audit/log", "/sign-in"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_answer_has_the_headers_and_no_stack_trace(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path, {})
    assert {name: answer.headers[name].encode() for name in map(bytes.decode, HEADERS)} == {
        name.decode(): value for name, value in HEADERS.items()
    }
    assert answer.headers["strict-transport-security"]
    assert "Traceback" not in answer.text
    assert "secret" not in answer.text


def test_the_policy_lets_nothing_inline_run_and_nobody_frame_us() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS[b"content-security-policy"].decode().split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["img-src"] == "'self' data:"
    assert "unsafe" not in str(policy)


def test_other_sites_read_what_is_shared_and_nothing_by_right_of_a_session(visitor: Visitor, town: Town) -> None:
    there = {"origin": "https://shop.example"}
    assert visitor.get("/v1/log", there).headers["access-control-allow-origin"] == "*"
    sign_in(visitor, town, "li.na")
    for path in ("/v1/log", "/", "/v1/me", "/audit/log", "/nowhere"):
        answer = visitor.get(path, there)
        assert "access-control-allow-credentials" not in answer.headers
        assert ("access-control-allow-origin" in answer.headers) == (path == "/v1/log")
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/v1/batches/123", "GET", True),
        ("/v1/batches/123/events", "GET", True),
        ("/t/123", "GET", True),
        ("/log/checkpoint", "GET", True),
        ("/log/tile/0/x001/234.p/5", "GET", True),
        ("/v1/statements", "POST", False),
        ("/v1/log", "POST", False),
        ("/v1/me", "GET", False),
        ("/audit/log", "GET", False),
        ("/sign-in", "GET", False),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_browser_that_asks_beforehand_is_told_the_same(
    visitor: Visitor, path: str, method: str, allowed: bool
) -> None:
    asked = {"origin": "https://shop.example", "access-control-request-method": method}
    answer = visitor.ask("OPTIONS", path, {**asked, "access-control-request-headers": "if-none-match"})
    assert (answer.status_code == 204) == allowed
    assert ("access-control-allow-origin" in answer.headers) == allowed
