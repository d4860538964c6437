"""Erasing over HTTP: who may, and what a device and a page are told afterwards."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.main import create_app
from ledger.statement import digest, present
from tests.app.erasure.conftest import PHONE, story
from tests.app.town import PASSWORD, Town, settle
from tests.app.visiting import Visitor, visiting

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Here:
    def __init__(self, town: Town, visitor: Visitor) -> None:
        self.town, self.visitor = town, visitor
        self.world = town.world
        self.intake = next(one for one in town.world.statements if one.kind == "intake")

    def sign_in(self, login: str) -> dict[str, str]:
        assert self.visitor.sign_in(login, PASSWORD).status_code == 303
        return {"x-csrf-token": self.visitor.get("/v1/me", {}).json()["csrf"]}

    def erase(self, headers: dict[str, str], hash_: str = "", **body: Any) -> Any:
        path = f"/v1/statements/{hash_ or self.intake.hash}/erase"
        return self.visitor.ask("POST", path, headers, json={"reason": "本人要求", **body})


@pytest.fixture
def here(tmp_path: Any, database_url: str) -> Iterator[Here]:
    world, _, _ = story()
    town = settle(tmp_path / "data", database_url, world=world)
    with visiting(create_app(town.settings)) as visitor:
        yield Here(town, visitor)
    town.engine.dispose()


@pytest.mark.parametrize(
    ("login", "status", "code"),
    [(None, 401, "sign-in-needed"), ("ma.ke", 403, "account-role"), ("zhou.min", 200, ""), ("li.na", 200, "")],
)
def test_who_may_erase(here: Here, login: str | None, status: int, code: str) -> None:
    headers = here.sign_in(login) if login else {}
    answer = here.erase(headers, fields=["supplier_contact"])
    assert (answer.status_code, answer.json().get("code", "")) == (status, code), answer.text
    if status == 200:
        done = {"statement": here.intake.hash, "erased": ["supplier_contact"], "files": 0, "scrubbed": True}
        assert answer.json() == done | {"kept": []}


def test_nobody_erases_what_is_anothers(here: Here) -> None:
    theirs = next(one for one in here.world.statements if one.kind == "observe")
    answer = here.erase(here.sign_in("zhou.min"), theirs.hash)
    assert (answer.status_code, answer.json()["code"]) == (403, "erase-whose")
    assert here.erase(here.sign_in("li.na"), theirs.hash, fields=["note"]).status_code == 200


def test_bad_requests(here: Here) -> None:
    headers = here.sign_in("zhou.min")
    for body, code, status in (
        ({"reason": ""}, "text-length", 422),
        ({"fields": "person"}, "request", 422),
        ({"more": 1}, "request", 422),
        ({"fields": ["plate"]}, "not-sealed", 404),
        ({"fields": ["x" * 20_000]}, "size", 413),
    ):
        answer = here.erase(headers, **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert here.erase(headers, "nonsense").status_code == 422
    assert here.erase(headers, "A" * 43).json()["code"] == "no-statement"
    assert here.erase({}, fields=["person"]).json()["code"] == "csrf"
    path = f"/v1/statements/{here.intake.hash}/erase"
    assert here.visitor.ask("POST", path, headers, content=b"\xff").json()["code"] == "request"


def test_the_page_says_so_and_nobody_reads_it_any_more(here: Here) -> None:
    headers = here.sign_in("li.na")
    chain = here.intake.created[0]
    assert PHONE in here.visitor.get(f"/audit/batches/{chain}").text
    here.erase(headers, fields=["supplier_contact"])
    page = here.visitor.get(f"/audit/batches/{chain}").text
    assert PHONE not in page
    assert "已按要求删除" in page
    events = here.visitor.get(f"/v1/batches/{chain}/events", {}).json()
    told = events["events"] if isinstance(events, dict) else events
    assert [event["erased"] for event in told] == [1]
    assert [lost["field"] for lost in told[0]["lost"]] == ["supplier_contact"]
    assert PHONE not in str(events)


def test_a_device_hears_of_it_and_may_send_what_it_has_left(here: Here) -> None:
    here.erase(here.sign_in("zhou.min"))
    here.visitor.cookies.clear()
    kid = here.intake.kid
    told = here.visitor.get(f"/v1/keys/{kid}/erasures", {}).json()
    digests = {one["digest"] for one in told["erasures"]}
    assert digests == {digest(one) for one in here.world.disclosures[here.intake.hash]}
    assert told["next"] is None
    assert here.visitor.get(f"/v1/keys/{kid}/erasures?after=3", {}).json()["erasures"] == []
    assert here.visitor.get(f"/v1/keys/{kid}/erasures?after=x", {}).status_code == 422
    headers = {"content-type": "application/jose"}
    again = here.visitor.ask("POST", "/v1/statements", headers, content=present(here.intake.jws, []).encode())
    assert (again.status_code, again.json()["statement"]) == (200, here.intake.hash)
    whole = here.world.presentation(here.intake).encode()
    assert here.visitor.ask("POST", "/v1/statements", headers, content=whole).status_code == 200
    assert here.visitor.get(f"/v1/keys/{kid}/erasures", {}).json() == told
