import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import msgspec
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.demonstration import Demonstration, SignIn, place, write
from app.accounts.people import COOKIE, TRIES
from app.accounts.routes import inward, router
from app.log import open_log
from app.main import create_app
from app.parties.names import Names
from app.web.pages import Pages
from tests.app.town import PASSWORD, Town, settle
from tests.app.visiting import PAGE, Visitor, visiting

ENGLISH = {**PAGE, "accept-language": "en"}


@pytest.fixture
def app(town: Town) -> FastAPI:
    return create_app(town.settings)


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[Visitor]:
    with visiting(app) as visitor:
        yield visitor


def test_the_page_asks_in_both_languages(visitor: Visitor) -> None:
    for headers, words in ((PAGE, ("登录名", "密码")), (ENGLISH, ("Login", "Password"))):
        page = visitor.get("/sign-in", headers)
        assert page.status_code == 200
        assert all(word in page.text for word in words)


def test_who_signs_in_gets_a_cookie_that_no_script_reads_and_no_other_site_sends(visitor: Visitor) -> None:
    answer = visitor.sign_in("zhou.min", PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    token, *attributes = answer.headers["set-cookie"].split("; ")
    assert re.fullmatch(rf"{COOKIE}=[A-Za-z0-9_-]{{43}}", token)
    assert {part.lower() for part in attributes} == {"httponly", "max-age=43200", "path=/", "samesite=lax", "secure"}
    assert answer.headers["cache-control"] == "no-store"


def test_where_nothing_is_https_the_cookie_is_not_for_https_only(tmp_path: Path) -> None:
    town = settle(tmp_path, "")
    log = open_log(town.settings, town.engine)
    app, names = FastAPI(), Names(log.journal.registry)
    app.include_router(router(town.people(), Pages(log), names, None, "http://192.0.2.10:8000"))
    with visiting(app, "http://192.0.2.10:8000") as visitor:
        assert "Secure" not in visitor.sign_in("zhou.min", PASSWORD).headers["set-cookie"]
        assert visitor.get("/v1/me").status_code == 200
    log.journal.close()
    town.engine.dispose()


def test_me_says_who_is_signed_in_and_nothing_to_others(visitor: Visitor, town: Town) -> None:
    assert visitor.get("/v1/me").status_code == 401
    visitor.sign_in("li.na", PASSWORD)
    me = visitor.get("/v1/me").json()
    assert len(me.pop("account")) == 36
    assert len(me.pop("csrf")) == 43
    assert me == {
        "login": "li.na",
        "name": "李娜",
        "party": {"id": town.world.parties["inspector"], "name": "inspector"},
        "role": {"name": "inspector", "zh": "监督人员", "en": "inspector"},
        "division": "510182",
        "side": "agriculture",
    }
    assert visitor.get("/v1/me").headers["cache-control"] == "no-store"


def test_a_supervisor_begins_at_oversight_and_everyone_where_they_were_going(visitor: Visitor) -> None:
    assert visitor.sign_in("li.na", PASSWORD).headers["location"] == "/audit"
    assert visitor.sign_in("li.na", PASSWORD, "/t/123?lang=en").headers["location"] == "/t/123?lang=en"
    assert visitor.get("/sign-in?next=/v1/me").headers["location"] == "/v1/me"
    assert visitor.sign_in("li.na", PASSWORD, "https://evil.example/").headers["location"] == "/audit"
    assert visitor.get("/sign-in?next=//evil.example").headers["location"] == "/audit"


def test_a_wrong_login_and_a_wrong_password_look_the_same(visitor: Visitor) -> None:
    pages = [visitor.sign_in(login, "not the password", "/v1/me") for login in ("zhou.min", "nobody.x")]
    assert [page.status_code for page in pages] == [401, 401]
    assert pages[0].text.replace("zhou.min", "nobody.x") == pages[1].text
    assert "登录名或密码不对" in pages[0].text
    assert 'name="next" value="/v1/me"' in pages[0].text
    assert "not the password" not in pages[0].text
    assert "set-cookie" not in pages[0].headers


def test_a_program_is_told_so_as_a_problem(visitor: Visitor) -> None:
    answer = visitor.post("/sign-in", {"login": "zhou.min", "password": "x"}, {"accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-wrong")


def test_too_many_tries_are_told_when_to_come_back(visitor: Visitor) -> None:
    for _ in range(TRIES):
        assert visitor.sign_in("zhou.min", "not the password").status_code == 401
    page = visitor.sign_in("zhou.min", PASSWORD)
    assert page.status_code == 429
    assert 0 < int(page.headers["retry-after"]) <= 300
    assert page.headers["retry-after"] in page.text


def test_signing_out_ends_the_session_and_takes_the_cookie_back(visitor: Visitor) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    token = visitor.cookies[COOKIE]
    answer = visitor.post("/sign-out", {"csrf": visitor.get("/v1/me").json()["csrf"]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert COOKIE not in visitor.cookies
    visitor.cookies.set(COOKIE, token, domain="county.example")
    assert visitor.get("/v1/me").status_code == 401


def test_every_sign_in_has_a_new_token_and_ends_the_one_before(visitor: Visitor) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    old = visitor.cookies[COOKIE]
    visitor.sign_in("li.na", PASSWORD)
    assert visitor.cookies[COOKIE] != old
    visitor.cookies.set(COOKIE, old, domain="county.example")
    assert visitor.get("/v1/me").status_code == 401


def test_a_form_without_its_fields_or_of_great_size_is_refused(visitor: Visitor) -> None:
    assert visitor.post("/sign-in", {}).status_code == 401
    assert visitor.sign_in("x" * 100_000, PASSWORD).status_code == 413
    assert visitor.ask("POST", "/sign-in", PAGE, files={"login": ("a", b"zhou.min")}).status_code == 400


SIGN_IN = SignIn("li.na", PASSWORD, "李娜 · 县农业农村局 · 监督人员")


def test_a_form_in_a_charset_that_leaves_half_characters_signs_nobody_in(visitor: Visitor) -> None:
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n\\ud800\r\n'
    form = "".join(part.format(name) for name in ("login", "password")) + "--b--\r\n"
    headers = {"accept": "text/html", "content-type": "multipart/form-data; boundary=b; charset=unicode_escape"}
    assert visitor.ask("POST", "/sign-in", headers, content=form.encode()).status_code == 401


def test_a_demonstration_shows_its_sign_ins_and_each_of_them_works(visitor: Visitor, town: Town) -> None:
    assert "演示账号" not in visitor.get("/sign-in").text
    write(place(town.settings.data, demonstration=True), Demonstration(sign_ins=(SIGN_IN,)))
    page = visitor.get("/sign-in").text
    assert all(text in page for text in ("演示账号", *msgspec.structs.astuple(SIGN_IN)))
    assert visitor.sign_in(SIGN_IN.login, SIGN_IN.password).status_code == 303


def test_a_real_log_shows_none_even_if_the_file_lies_there(tmp_path: Path) -> None:
    town = settle(tmp_path, "", demonstration=False)
    write(tmp_path / "demonstration.json", Demonstration(sign_ins=(SIGN_IN,)))
    with visiting(create_app(town.settings)) as visitor:
        page = visitor.get("/sign-in")
    town.engine.dispose()
    assert page.status_code == 200
    assert PASSWORD not in page.text
    assert "演示" not in page.text


@pytest.mark.parametrize(
    "path",
    ["", "audit", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example",
     "javascript:alert(1)", "/x\r\nSet-Cookie: a=b", " /audit", "\\\\evil.example", "/\x7f"],
)  # fmt: skip
def test_what_leads_elsewhere_leads_nowhere(path: str) -> None:
    assert inward(path) == ""


@given(st.text(st.sampled_from("/\\.:?#@ \t\r\nabxé%5c"), max_size=12))
def test_what_is_followed_stays_on_our_host(path: str) -> None:
    # A browser drops tabs and line ends and reads a backslash as a slash (WHATWG URL §4.4).
    read = re.sub(r"[\t\r\n]", "", inward(path)).replace("\\", "/")
    assert urlsplit(urljoin("https://county.example/sign-in", read)).netloc == "county.example"
