"""A shipment before it is accepted: what its receiver sees first, who may see it, and how it is answered."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from app.main import create_app
from app.tables import accounts
from ledger.canonical import Json
from ledger.identity import ChainId, mark, trace_code
from tests.app.certificates.market import JSON, asked, employ_registrar, with_held_key
from tests.app.handover.road import Road
from tests.app.seeding import LOG_ID
from tests.app.town import NOON, PASSWORD, Town, hashed, settle
from tests.app.visiting import Visitor, visiting


@pytest.fixture
def road() -> Road:
    return Road()


@pytest.fixture
def town(road: Road, database_url: str, tmp_path: Path) -> Iterator[Town]:
    town = settle(tmp_path / "data", database_url, world=road.world)
    employ_registrar(town)
    employ(town, "wang.fang", "shop")
    employ(town, "sun.li", "carrier")
    yield town
    town.engine.dispose()


@pytest.fixture
def visitor(town: Town) -> Iterator[Visitor]:
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def employ(town: Town, login: str, party: str) -> None:
    row = {
        "log_id": LOG_ID, "account_id": f"20000000-0000-4000-8000-{abs(hash(login)) % 10**12:012}",
        "party": town.world.parties[party], "login": login, "name": login, "password": hashed(),
        "role": "member", "division": "", "side": "", "created": NOON,
    }  # fmt: skip
    with town.engine.begin() as connection:
        connection.execute(insert(accounts), row)


def at_coop(visitor: Visitor, road: Road) -> dict[str, str]:
    """The co-op's manager, for whose party the service holds a key; the token that goes with forms."""
    with_held_key(visitor, road.world, "coop")
    visitor.sign_in("zhou.min", PASSWORD)
    return {"csrf": asked(visitor, "/v1/me")["csrf"]}


def form(page: str, answer: str) -> list[str]:
    """The codes of the findings that the form for this answer shows and knows."""
    part = next(one for one in page.split("<form")[1:] if f'name="answer" value="{answer}"' in one)
    return re.findall(r'name="finding" value="([^"]+)"', part.split("</form>")[0])


def post(visitor: Visitor, path: str, data: dict[str, Any]) -> httpx.Response:
    return visitor.ask("POST", path, data=data)


def held(visitor: Visitor, batch: ChainId) -> dict[tuple[str, str], str]:
    rows = asked(visitor, f"/v1/batches/{mark(batch)}/holdings")
    return {(row["account"], row["owner"]["zh"]): row["amount"] for row in rows}


# --- what there is to see --------------------------------------------------------------------------------------------


def test_the_stopped_batch_is_the_first_thing_its_receiver_sees(visitor: Visitor, road: Road) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    look = asked(visitor, f"/v1/shipments/{road.sent.hash}")
    stopped, good = look["parcels"]
    assert (stopped["good"]["batch"]["chain"], stopped["status"]) == (road.stopped, "held")
    (stop,) = stopped["stops"]
    assert (stop["found"]["code"], stop["reason"], stop["by"]["zh"], stop["own"]) == (
        "on-hold", "抽检不合格", "inspector", True,
    )  # fmt: skip
    assert (stopped["paper"], stopped["certificates"], stopped["tests"]) == ("missing", [], [])
    assert (good["status"], good["stops"], good["paper"]) == ("normal", [], "valid")
    assert [(one["number"], one["state"]) for one in good["certificates"]] == [("F-1", "valid")]
    assert [(one["conclusion"], one["by"]["zh"], one["steps"]) for one in good["tests"]] == [("pass", "lab", 0)]
    assert look["temperature"] == {"low": {"unit": "C", "value": "2"}, "high": {"unit": "C", "value": "8"}}
    page = visitor.get(f"/desk/shipments/{road.sent.hash}").text
    order = ("有 1 批已暂停或召回", "抽检不合格", "正常", "F-1", "全部收下")
    said = [page.index(words) for words in order]
    assert said == sorted(said)
    assert "Temperature asked" in visitor.get(f"/desk/shipments/{road.sent.hash}?lang=en").text


def test_findings_that_only_show_and_void_certificates_are_said(visitor: Visitor, road: Road, town: Town) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    world = road.world
    promise = next(one for one in world.statements if one.kind == "certify")
    void = world.statement("correct", "farm", {"statement": promise.hash, "reason": "开错了", "void": True}, promise.on)
    assert sent(visitor, world.presentation(void)) == 201
    more = world.statement("sell", "farm", {"goods": [line(road.good, "90")], "channel": "stall"}, [road.good])
    assert sent(visitor, world.presentation(more)) == 201
    parcel = asked(visitor, f"/v1/shipments/{road.sent.hash}")["parcels"][1]
    assert (parcel["paper"], parcel["certificates"][0]["void"]) == ("void", "开错了")
    assert "over-held" in {one["code"] for one in parcel["findings"]}
    assert parcel["status"] == "doubtful"


def line(batch: ChainId, value: str) -> dict[str, Any]:
    return {"batch": batch, "quantity": {"unit": "kg", "value": value}}


def sent(visitor: Visitor, presented: str) -> int:
    return visitor.ask("POST", "/v1/statements", {"content-type": "application/jose"}, content=presented).status_code


def test_it_is_open_to_those_whom_it_concerns(visitor: Visitor, road: Road) -> None:
    path = f"/v1/shipments/{road.sent.hash}"
    assert visitor.get(path, JSON).status_code == 401
    assert visitor.get("/v1/shipments", JSON).status_code == 401
    for login in ("zhou.min", "ma.ke", "sun.li", "li.na"):
        visitor.sign_in(login, PASSWORD)
        assert asked(visitor, path)["shipment"]["statement"] == road.sent.hash
        assert [one["statement"] for one in asked(visitor, "/v1/shipments")["shipments"]] == [road.sent.hash]
    visitor.sign_in("wang.fang", PASSWORD)
    assert asked(visitor, path, 403)["code"] == "not-concerned"
    assert asked(visitor, f"/v1/shipments?party={road.world.parties['coop']}", 403)["code"] == "not-concerned"
    assert asked(visitor, "/v1/shipments")["shipments"] == []
    assert asked(visitor, f"/v1/shipments/{road.good}", 404)["code"] == "unknown-shipment"
    assert asked(visitor, "/v1/shipments?state=lost", 422)["code"] == "choice"
    assert asked(visitor, "/v1/shipments?party=nobody", 404)["code"] == "no-party"
    assert asked(visitor, "/v1/shipments/x", 422)["code"] == "b64u"
    assert visitor.get(f"/desk/shipments/{road.sent.hash}").status_code == 403


def test_a_supervisor_sees_those_of_whom_he_supervises(visitor: Visitor, road: Road, town: Town) -> None:
    visitor.sign_in("li.na", PASSWORD)
    assert len(asked(visitor, "/v1/shipments?state=late")["shipments"]) == 1
    assert asked(visitor, f"/v1/shipments?party={road.world.parties['shop']}")["shipments"] == []
    with town.engine.begin() as connection:
        connection.execute(accounts.update().where(accounts.c.login == "li.na").values(division="510700"))
    assert asked(visitor, "/v1/shipments?state=late")["shipments"] == []
    # Whom it is about, he may ask for by name: oversight knows no fences, and each look is recorded elsewhere.
    assert len(asked(visitor, f"/v1/shipments?party={road.world.parties['coop']}")["shipments"]) == 1
    page = visitor.get(f"/desk/shipments/{road.sent.hash}").text
    assert "怎么答复" not in page


def test_a_page_ends_where_the_next_begins(visitor: Visitor, road: Road) -> None:
    shipments = [road.sent]
    for _ in range(52):
        one = road.world.statement("ship", "farm", dict(road.sent.body), road.sent.on)
        shipments.append(one)
        assert sent(visitor, road.world.presentation(one)) == 201
    visitor.sign_in("zhou.min", PASSWORD)
    first = asked(visitor, "/v1/shipments")
    second = asked(visitor, f"/v1/shipments?after={first['next']}")
    found = [one["statement"] for page in (first, second) for one in page["shipments"]]
    assert (found, len(first["shipments"]), second["next"]) == ([one.hash for one in shipments], 50, None)


# --- how it is answered ----------------------------------------------------------------------------------------------


def test_all_of_it_in_one_tap_once_its_findings_are_shown(visitor: Visitor, road: Road) -> None:
    token, path = at_coop(visitor, road), f"/desk/shipments/{road.sent.hash}"
    page = visitor.get(path).text
    known = form(page, "whole")
    assert "certificate-missing" in known, "its receiver reads, before it signs, what the receipt brings up"
    # By somebody who was not shown them it is not signed.
    blind = visitor.post(path, {**token, "answer": "whole"})
    assert blind.status_code == 200
    assert form(blind.text, "whole") == known
    assert held(visitor, road.good)["transit", "farm"] == "80"
    done = post(visitor, path, {**token, "answer": "whole", "finding": known, "temperature": "４.5"})
    assert (done.status_code, done.headers["location"]) == (303, path)
    look = asked(visitor, f"/v1/shipments/{road.sent.hash}")
    assert look["shipment"]["state"] == "answered"
    (answer,) = look["answers"]
    assert (answer["kind"], answer["by"]["zh"], answer["values"]["temperature"]) == (
        "receive", "coop", {"unit": "C", "value": "4.5"},
    )  # fmt: skip
    assert held(visitor, road.good) == {("held", "farm"): "20", ("held", "coop"): "80"}
    assert "怎么答复" not in visitor.get(path).text
    assert asked(visitor, "/v1/shipments")["shipments"] == []
    assert len(asked(visitor, "/v1/shipments?state=answered")["shipments"]) == 1


def test_a_part_with_what_is_short_and_the_rest_refused(visitor: Visitor, road: Road) -> None:
    token, path = at_coop(visitor, road), f"/desk/shipments/{road.sent.hash}"
    good, stopped = mark(road.good), mark(road.stopped)
    part = {
        **token, "answer": "part", f"taken.{good}": "70", f"short.{good}": "4", f"damaged.{good}": "3.5",
        f"spoiled.{good}": "0", f"taken.{stopped}": "", "certificate_checked": "1",
    }  # fmt: skip
    shown = visitor.post(path, part)
    if shown.status_code == 200:
        shown = post(visitor, path, {**part, "finding": form(shown.text, "part")})
    assert shown.status_code == 303, shown.text
    assert held(visitor, road.good) == {
        ("held", "farm"): "20", ("held", "coop"): "70", ("transit", "farm"): "2.5", ("lost", "farm"): "7.5",
    }  # fmt: skip
    page = visitor.get(path).text
    assert "破损 3.5 公斤" in page
    assert asked(visitor, f"/v1/shipments/{road.sent.hash}")["shipment"]["state"] == "late"
    empty = visitor.post(path, {**token, "answer": "reject", "reason": " "})
    assert (empty.status_code, "原因" in empty.text) == (422, True)
    refused = {**token, "answer": "reject", "reason": "检测不合格的批次"}
    shown = visitor.post(path, refused)
    if shown.status_code == 200:
        shown = post(visitor, path, {**refused, "finding": form(shown.text, "reject")})
    assert shown.status_code == 303, shown.text
    assert held(visitor, road.stopped) == {("held", "farm"): "100"}
    assert held(visitor, road.good)["held", "farm"] == "22.5", "what was refused is its sender's again"
    assert [one["kind"] for one in asked(visitor, f"/v1/shipments/{road.sent.hash}")["answers"]] == [
        "receive", "reject",
    ]  # fmt: skip


def test_what_cannot_be_is_said_where_it_was_typed(visitor: Visitor, road: Road) -> None:
    token, path = at_coop(visitor, road), f"/desk/shipments/{road.sent.hash}"
    for typed, words in (("七十", "数量"), ("", "一样都没有实收")):
        page = visitor.post(path, {**token, "answer": "part", f"taken.{mark(road.good)}": typed})
        assert page.status_code == 422
        assert words in page.text.split('name="answer" value="part"')[1].split("</form>")[0]
        assert f'value="{typed}"' in page.text
    assert visitor.post(path, {**token, "answer": "burn"}).status_code == 422
    assert visitor.post(path, {"answer": "whole"}).status_code == 403, "without its token"


def test_only_its_receiver_answers(visitor: Visitor, road: Road) -> None:
    with_held_key(visitor, road.world, "farm")
    visitor.sign_in("ma.ke", PASSWORD)
    token, path = {"csrf": asked(visitor, "/v1/me")["csrf"]}, f"/desk/shipments/{road.sent.hash}"
    assert "怎么答复" not in visitor.get(path).text
    answered = visitor.ask("POST", path, JSON, data={**token, "answer": "whole"})
    assert (answered.status_code, answered.json()["code"]) == (403, "not-receiver")


def test_who_keeps_its_own_key_is_told_the_command(visitor: Visitor, road: Road) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    token, path = {"csrf": asked(visitor, "/v1/me")["csrf"]}, f"/desk/shipments/{road.sent.hash}"
    words = told(visitor.get(path).text)
    assert words[:4] == ["gengji", "submit", "receive", f"shipment={road.sent.hash}"]
    assert set(words[4:]) == {
        f"goods.batch={trace_code(road.good)}", "goods.quantity=80 kg",
        f"goods.batch={trace_code(road.stopped)}", "goods.quantity=20 kg",
    }  # fmt: skip
    part = {
        "answer": "part", f"taken.{mark(road.good)}": "79", f"damaged.{mark(road.good)}": "1", "temperature": "-1.5",
        "certificate_checked": "1", "certificate_no": "甲 7",
    }  # fmt: skip
    assert told(visitor.post(path, {**token, **part}).text)[4:] == [
        f"goods.batch={trace_code(road.good)}", "goods.quantity=79 kg",
        f"short.batch={trace_code(road.good)}", "short.quantity=1 kg", "short.reason=damaged",
        "certificate_no=甲 7", "certificate_checked=yes", "temperature=-1.5 C",
    ]  # fmt: skip
    refused = told(visitor.post(path, {**token, "answer": "reject", "reason": "it's late"}).text)
    assert (refused[2], refused[-1]) == ("reject", "reason=it's late")


def told(page: str) -> list[str]:
    (words,) = re.findall(r'<pre class="mono">(gengji [^<]+)</pre>', page)
    return shlex.split(words.replace("&#39;", "'").replace("&#34;", '"'))


def test_one_that_was_taken_back_waits_for_nobody(visitor: Visitor, road: Road) -> None:
    void: dict[str, Json] = {"statement": road.sent.hash, "reason": "车没有走", "void": True}
    statement = road.world.statement("correct", "farm", void, road.sent.on)
    assert sent(visitor, road.world.presentation(statement)) == 201
    visitor.sign_in("zhou.min", PASSWORD)
    for state in ("open", "late", "answered"):
        assert asked(visitor, f"/v1/shipments?state={state}")["shipments"] == []
    assert asked(visitor, f"/v1/shipments/{road.sent.hash}")["shipment"]["state"] == "void"
    assert "已作废" in visitor.get(f"/desk/shipments/{road.sent.hash}").text


def test_the_desk_leads_there(visitor: Visitor, road: Road) -> None:
    for login in ("zhou.min", "ma.ke"):
        visitor.sign_in(login, PASSWORD)
        page = visitor.get("/desk").text
        assert f'href="/desk/shipments/{road.sent.hash}"' in page
        assert "已暂停" in page
