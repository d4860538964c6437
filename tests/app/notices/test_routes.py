"""The contacts of a party by API and by page; what supervisors see of the outbox."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.notices.outbox import Claimed, settle
from app.notices.routes import SHOWN
from tests.app.notices.telling import Telling, goods
from tests.app.seeding import LOG_ID
from tests.app.town import PASSWORD
from tests.app.visiting import PAGE, Visitor, visiting

JSON = {"accept": "application/json"}
AWAY = "https://203.0.113.1.nip.invalid/in"


@pytest.fixture
def visitor(county: Telling) -> Iterator[Visitor]:
    with visiting(create_app(county.town.settings)) as visitor:
        yield visitor


def call(visitor: Visitor, method: str, path: str, body: Any = None) -> httpx.Response:
    """As a page of ours does."""
    token = visitor.get("/v1/me", JSON).json()["csrf"]
    return visitor.ask(method, path, {**JSON, "x-csrf-token": token}, **({"json": body} if body else {}))


def form(visitor: Visitor, path: str, **fields: str) -> httpx.Response:
    return visitor.post(path, {**fields, "csrf": visitor.get("/v1/me", JSON).json()["csrf"]})


def test_a_manager_adds_lists_and_removes(visitor: Visitor) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    added = call(visitor, "POST", "/v1/contacts", {"channel": "webhook", "address": AWAY})
    assert added.status_code == 201
    secret, one = added.json()["secret"], added.json()["contact"]["contact_id"]
    assert secret.startswith("whsec_")
    listed = visitor.get("/v1/contacts", JSON)
    assert [found["address"] for found in listed.json()["contacts"]] == [AWAY]
    assert secret not in listed.text
    assert call(visitor, "DELETE", f"/v1/contacts/{one}").status_code == 204
    assert call(visitor, "DELETE", f"/v1/contacts/{one}").status_code == 404
    assert visitor.get("/v1/contacts", JSON).json() == {"contacts": []}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"channel": "webhook", "address": "https://127.1.1.1.1/"}, 201, ""),
        ({"channel": "webhook", "address": "https://192.168.1.1/"}, 422, "contact-private"),
        ({"channel": "email", "address": "a@example.com"}, 409, "mail-off"),
        ({"channel": "email", "address": "a"}, 422, "contact-mail"),
        ({"channel": "email"}, 422, "request"),
        ({"channel": "webhook", "address": "x", "secret": "mine"}, 422, "request"),
    ],
)
def test_what_is_wrong_is_said(visitor: Visitor, body: dict[str, str], status: int, code: str) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    answer = call(visitor, "POST", "/v1/contacts", body)
    assert answer.status_code == status
    assert status == 201 or answer.json()["code"] == code


@pytest.mark.parametrize("login", ["ma.ke", "li.na"])
def test_others_than_managers_keep_none(visitor: Visitor, login: str) -> None:
    visitor.sign_in(login, PASSWORD)
    assert visitor.get("/v1/contacts", JSON).status_code == 403
    assert visitor.get("/desk/contacts").status_code == 403
    assert call(visitor, "POST", "/v1/contacts", {"channel": "webhook", "address": AWAY}).status_code == 403


def test_on_the_page_a_secret_is_shown_once(visitor: Visitor) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    assert "还没有登记" in visitor.get("/desk/contacts").text
    assert "/desk/contacts" in visitor.get("/desk").text
    added = form(visitor, "/desk/contacts", address=AWAY)
    assert added.status_code == 201
    assert "whsec_" in added.text
    again = visitor.get("/desk/contacts").text
    assert AWAY in again
    assert "whsec_" not in again
    wrong = form(visitor, "/desk/contacts", address="http://10.0.0.7/<script>")
    assert wrong.status_code == 422
    assert "内部网络" in wrong.text
    assert "<script>" not in wrong.text
    one = visitor.get("/v1/contacts", JSON).json()["contacts"][0]["contact_id"]
    assert form(visitor, f"/desk/contacts/{one}/remove").status_code == 303
    assert "还没有登记" in visitor.get("/desk/contacts").text


def test_a_form_without_its_token_changes_nothing(visitor: Visitor) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    assert visitor.post("/desk/contacts", {"address": AWAY}).status_code == 403
    assert visitor.get("/v1/contacts", JSON).json() == {"contacts": []}


def test_supervisors_see_who_was_told_and_why_not(county: Telling) -> None:
    lot = county.lot()
    for name in ("coop", "shop"):
        county.contact(name, f"https://{name}.example/secret-path")
        county.state("ship", "farm", {**goods(lot, "1"), "receiver": county.party(name)}, [lot])
    county.follow()
    sent, failed = county.rows()[0]["number"], county.rows()[1]["number"]
    with county.town.engine.begin() as connection:
        for number, error in ((sent, None), (failed, "status 500")):
            one = Claimed(number, 6, "", "", "webhook", "", "")
            settle(connection, LOG_ID, one, error, county.clock(), final=False)
        connection.exec_driver_sql("UPDATE outbox SET next_at = next_at + 999999999999 WHERE next_at IS NOT NULL")
    with visiting(create_app(county.town.settings)) as visitor:
        visitor.sign_in("zhou.min", PASSWORD)
        assert visitor.get("/audit/notices").status_code == 403
    with visiting(create_app(county.town.settings)) as visitor:
        visitor.sign_in("li.na", PASSWORD)
        page = visitor.get("/audit/notices").text
        for word in ("已送达", "待发送", "已放弃", "对方答复出错", "有货发来", "coop.example"):
            assert word in page, word
        assert "secret-path" not in page
        found = visitor.get("/audit/notices?state=given-up", JSON).json()
        assert [one["error"] for one in found["notices"]] == ["status 500"]
        assert found["counts"] == {"sent": 1, "waiting": 2, "given-up": 1, "dropped": 0}
        assert visitor.get("/audit/notices?state=nonsense&before=x", PAGE).status_code == 200
        assert visitor.get(f"/audit/notices?before={failed}", JSON).json()["notices"][0]["number"] == sent


def test_many_notices_are_shown_a_page_at_a_time(county: Telling) -> None:
    lot = county.lot()
    county.contact("coop", AWAY)
    story = len(county.world.statements)
    for _ in range(SHOWN):
        county.world.state("ship", "farm", {**goods(lot, "1"), "receiver": county.party("coop")}, [lot])
    county.record(story)
    county.follow()
    with county.town.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET next_at = next_at + 999999999999")
    with visiting(create_app(county.town.settings)) as visitor:
        visitor.sign_in("li.na", PASSWORD)
        first = visitor.get("/audit/notices", JSON).json()
        rest = visitor.get(f"/audit/notices?before={first['next']}", JSON).json()
        assert (len(first["notices"]), len(rest["notices"]), rest["next"]) == (SHOWN, 1, None)
        assert f"before={first['next']}" in visitor.get("/audit/notices").text
