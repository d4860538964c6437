"""A recall from its first minute to its last answer: who has it, who answered, how much is located, what is shown."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.errors import Conflict, NotFound
from app.main import create_app
from app.recalls.service import Recalls, Standing
from app.tables import accounts
from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash, mark, trace_code
from tests.app.batches.desk import Desk, goods, working
from tests.app.town import PASSWORD, Town, settle
from tests.app.visiting import PAGE, Visitor, visiting
from tests.world import county, harvested, kg, planted, time_text

JSON = {"accept": "application/json"}
RECALL: dict[str, Json] = {"scope": "descendants", "reason": "检出禁用药", "instruction": "停止销售，退回产地"}


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    with working(tmp_path / "data", database_url) as desk:
        yield desk


def recalls(desk: Desk, later: int = 600) -> Recalls:
    """So many seconds from now, for what is recorded is recorded by the clock on the wall."""
    return Recalls(desk.engine, desk.log, lambda: time.time() + later)


def call(desk: Desk, kind: str = "recall", batch: ChainId | None = None, **more: Json) -> StatementHash:
    return desk.state(kind, "inspector", {**RECALL, **more}, [batch or desk.lot]).statement.hash


def answer(desk: Desk, by: str, about: StatementHash, batch: ChainId, found: str, **more: str) -> None:
    line: dict[str, Json] = {"batch": batch, "found": kg(found), **{word: kg(value) for word, value in more.items()}}
    desk.state("acknowledge", by, {"about": about, "goods": [line]}, [batch])


def said(desk: Desk, stands: Standing) -> dict[str, tuple[bool, bool]]:
    return {side.party.zh: (side.asked, side.answered is not None) for side in stands.sides}


def test_a_recall_is_located_as_its_holders_answer(desk: Desk) -> None:
    desk.receive(desk.ship(desk.lot, "500"), desk.lot, "500")
    sauce = desk.process(desk.lot, "300", "120")
    on_road = desk.ship(sauce, "50", by="coop", to="shop")
    desk.state("sell", "farm", {"goods": goods(desk.lot, "50.5"), "channel": "stall"}, [desk.lot])
    about = call(desk, deadline=time_text(int(time.time()) + 3600))
    room = recalls(desk)

    first = room.standing(about)
    assert (first.batches, first.asked, first.answered, first.mille) == (2, 3, 0, 0)
    assert said(desk, first) == {"farm": (True, False), "coop": (True, False), "shop": (True, False)}
    assert [side.party.zh for side in first.sides] == ["farm", "coop", "shop"], "the most goods first"
    assert first.totals["held"] == [kg("970")]
    assert (first.totals["transit"], first.totals["sold"]) == ([kg("50")], [kg("50.5")])
    assert (first.seconds >= 600, first.overdue) == (True, False)
    assert recalls(desk, 3601).standing(about).overdue
    (lot,) = (lot for side in first.sides for lot in side.lots if lot.account == "transit")
    assert (lot.shipment, lot.sender and lot.sender.zh) == (on_road.statement.hash, "coop")

    answer(desk, "farm", about, desk.lot, "700", stopped="700", recovered="3.5")
    answer(desk, "farm", about, desk.lot, "699")
    half = room.standing(about)
    # 700 of 1020 kg; of two counts of a batch the newer stands.
    assert (half.answered, half.mille, half.located.unit) == (1, 686, "kg")
    assert (half.totals["found"], half.totals["stopped"]) == ([kg("699")], [])
    assert half.sides[-1].party.zh == "farm"

    desk.state("acknowledge", "coop", {"about": about, "measures": "马上清点"}, [desk.lot])
    assert room.standing(about).mille == 686, "who has not counted has located nothing"
    answer(desk, "coop", about, desk.lot, "200")
    assert room.standing(about).mille == 882, "nor what he has of another batch"
    answer(desk, "coop", about, sauce, "70")
    whole = room.standing(about)
    # What is on the road is located when either end answers for it.
    assert (whole.answered, whole.mille) == (2, 1000)
    assert [side.party.zh for side in whole.sides if side.asked and not side.answered] == ["shop"]


def test_it_stood_otherwise_before(desk: Desk) -> None:
    desk.receive(desk.ship(desk.lot, "500"), desk.lot, "500")
    about = call(desk)
    then = recalls(desk).standing(about).call.index
    desk.process(desk.lot, "300", "120")
    answer(desk, "coop", about, desk.lot, "200")
    before = recalls(desk).standing(about, as_of=then)
    assert (before.batches, before.answered, before.totals["consumed"]) == (1, 0, [])
    with pytest.raises(NotFound, match="no-statement"):
        recalls(desk).standing(about, as_of=then - 1)


def test_a_recall_of_this_batch_only(desk: Desk) -> None:
    desk.process(desk.lot, "300", "120", by="farm")
    assert recalls(desk).standing(call(desk, scope="batch")).batches == 1
    assert recalls(desk).standing(call(desk)).batches == 2
    hold = desk.state("hold", "inspector", {"reason": "待检"}, [desk.lot]).statement.hash
    assert recalls(desk).standing(hold).batches == 2


def test_of_one_party_all_lots_and_channels(desk: Desk) -> None:
    for channel, value in (("stall", "10"), ("online", "4"), ("stall", "1")):
        desk.state("sell", "farm", {"goods": goods(desk.lot, value), "channel": channel}, [desk.lot])
    about = call(desk)
    farm = desk.world.parties["farm"]
    (side,) = recalls(desk).standing(about, farm).sides
    assert (side.party.zh, [lot.account for lot in side.lots]) == ("farm", ["held", "sold"])
    assert recalls(desk).channels(about, farm) == {"online": [kg("4")], "stall": [kg("11")]}


def test_what_a_party_must_answer(desk: Desk) -> None:
    desk.receive(desk.ship(desk.lot, "500"), desk.lot, "500")
    about, coop = call(desk), desk.world.parties["coop"]
    room = recalls(desk)
    assert [(one.call.statement, one.side.answered) for one in room.asked(coop)] == [(about, None)]
    assert room.asked(desk.world.parties["shop"]) == []
    answer(desk, "coop", about, desk.lot, "500")
    assert room.asked(coop)[0].side.answered is not None
    desk.state("correct", "inspector", {"statement": about, "reason": "错", "void": True}, [desk.lot])
    assert room.asked(coop) == []
    assert room.listed()[0].void


def test_nobody_else_ends_it(desk: Desk) -> None:
    """A release of other goods, or of a part, names a recall and ends nothing; nor does a stranger's report a drill."""
    other = desk.state("intake", "farm", {"outputs": [desk.world.output("tomato", "5")]}).statement.created[0]
    goods_ = sorted([desk.lot, other])
    about = desk.state("recall", "inspector", RECALL, goods_).statement.hash
    drill, room, farm = call(desk, "drill"), recalls(desk), desk.world.parties["farm"]
    ready: dict[str, Any] = room.report(drill)
    own = desk.state("intake", "farm", {"outputs": [desk.world.output("tomato", "5")]}).statement.created[0]
    desk.state("drill", "farm", ready["body"], [own])
    freed: dict[str, Json] = {"answers": [about], "reason": "无关"}
    desk.state("release", "farm", freed, [own], {"person": "王五"})
    desk.state("release", "inspector", freed, [other], {"person": "王五"})
    assert (room.standing(drill).call.ended, room.standing(about).call.ended) == (None, None)
    assert {one.call.statement for one in room.asked(farm)} == {about, drill}
    last = desk.state("release", "inspector", freed, [desk.lot], {"person": "王五"})
    ended = room.standing(about).call.ended
    assert ended is not None
    assert ended.statement == last.statement.hash
    assert room.standing(about, as_of=last.first_index - 1).call.ended is None
    assert [one.call.statement for one in room.asked(farm)] == [drill]


def test_a_recall_is_not_talked_off_the_list(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.recalls.service.LISTED", 2)
    ship = desk.ship(desk.lot, "500", to="shop")
    about, room = call(desk), recalls(desk)
    for _ in range(3):
        desk.state("drill", "farm", {"scope": "batch", "reason": "演练"}, [desk.planting])
    for who in ("farm", "shop"):
        assert about in {one.call.statement for one in room.asked(desk.world.parties[who])}, who
    assert about in {one.statement for one in room.unended()}
    assert about not in {one.statement for one in room.unended(desk.world.parties["carrier"])}
    desk.receive(ship, desk.lot, "500", by="shop")
    assert [one.call.statement for one in room.asked(desk.world.parties["shop"])] == [about]


def test_a_drill_ends_with_its_report_and_stops_nothing(desk: Desk) -> None:
    desk.receive(desk.ship(desk.lot, "500"), desk.lot, "500")
    about, room = call(desk, "drill"), recalls(desk)
    assert desk.reader.stops(desk.lot) == []
    answer(desk, "coop", about, desk.lot, "500")
    ready: dict[str, Any] = room.report(about)
    report = ready["body"]["outcome"]
    assert (report["lots"], report["parties"], report["answered"], report["located"]) == (1, 2, 1, 399)
    assert report["seconds"] >= 600
    done = desk.state(ready["kind"], "inspector", ready["body"], ready["on"])
    ended = room.standing(about).call.ended
    assert ended is not None
    assert (ended.statement, ended.report) == (done.statement.hash, report)
    assert [one.statement for one in room.listed()] == [about], "the report is no drill of its own"
    for closed in (about, call(desk)):
        with pytest.raises(Conflict, match="drill-report"):
            room.report(closed)
    with pytest.raises(NotFound, match="no-statement"):
        room.standing(done.statement.hash)
    with pytest.raises(Malformed, match="b64u"):
        room.standing(StatementHash("x"))


def test_no_label_is_drawn_of_what_came_of_a_recalled_batch(desk: Desk) -> None:
    sauce = desk.process(desk.lot, "300", "120", by="farm")
    assert desk.reader.label(sauce).trace_code == trace_code(sauce)
    call(desk)
    with pytest.raises(Conflict, match="held"):
        desk.reader.label(sauce)
    (stop,) = desk.reader.stops(sauce)
    assert (stop.found.code, stop.reason, stop.instruction, stop.own) == (
        "recalled", RECALL["reason"], RECALL["instruction"], False,
    )  # fmt: skip


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    world = county()
    lot = harvested(world, planted(world))
    sauce = world.output("sauce", "20")
    world.state("process", "farm", {"inputs": [{"batch": lot, "quantity": kg("50")}], "outputs": [sauce]}, [lot])
    town = settle(tmp_path / "data", database_url, world=world)
    yield town
    town.engine.dispose()


@pytest.fixture
def visitor(town: Town) -> Iterator[Visitor]:
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def stated(visitor: Visitor, town: Town, kind: str, by: str, body: dict[str, Json], on: list[ChainId]) -> StatementHash:
    statement = town.world.statement(kind, by, body, on)
    content = town.world.presentation(statement)
    sent = visitor.ask("POST", "/v1/statements", {"content-type": "application/jose"}, content=content)
    assert sent.status_code == 201, sent.text
    return statement.hash


def lot_of(town: Town) -> ChainId:
    return next(one for one in town.world.statements if one.kind == "harvest").created[0]


def made_of(town: Town) -> ChainId:
    return next(one for one in town.world.statements if one.kind == "process").created[0]


def held_inspector(visitor: Visitor, town: Town) -> None:
    """The inspectors' office lets the service hold a key for it."""
    office = town.world.parties["inspector"]
    with town.engine.begin() as connection:
        connection.execute(
            update(accounts).where(accounts.c.login == "zhou.min").values(party=town.world.parties["registrar"])
        )
    visitor.sign_in("zhou.min", PASSWORD)
    token = visitor.get("/v1/me", JSON).json()["csrf"]
    offer = visitor.ask("POST", "/v1/held/keys", {**JSON, "x-csrf-token": token}, json={"party": office}).json()
    stated(visitor, town, "key.add", "registrar", offer, [office])


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


def signed(visitor: Visitor, path: str, sent: dict[str, str]) -> httpx.Response:
    """First what it brings up, then, with that seen, signed."""
    shown = visitor.post(path, sent).text
    assert "签名并立即生效" in shown
    codes = re.findall(r'name="finding" value="([^"]+)"', shown)
    done = visitor.ask("POST", path, data={**sent, "finding": codes, "sign": "1"})
    assert done.status_code == 303, done.text
    return done


def test_a_shopper_reads_it_at_once_and_no_longer_when_it_is_lifted(visitor: Visitor, town: Town) -> None:
    """What stops an ancestor turns the page of what came of it, which has no new entry."""
    path = f"/t/{trace_code(made_of(town))}"
    before = visitor.get(path)
    assert "已召回" not in before.text
    about = stated(visitor, town, "recall", "inspector", RECALL, [lot_of(town)])
    page = visitor.get(path, {**PAGE, "if-none-match": before.headers["etag"]})
    assert page.status_code == 200
    for words in ("已召回", "停止销售，退回产地", "检出禁用药", "因为它的来源批次"):
        assert words in page.text, words
    assert visitor.get(path, JSON).json()["verdict"]["status"] == "recalled"
    label = visitor.get(f"/v1/batches/{mark(made_of(town))}/label.svg", JSON)
    assert (label.status_code, label.json()["code"]) == (409, "held")
    void: dict[str, Json] = {"statement": about, "reason": "误发", "void": True}
    stated(visitor, town, "correct", "inspector", void, [lot_of(town)])
    assert "已召回" not in visitor.get(path).text


def test_the_crisis_on_one_page(visitor: Visitor, town: Town) -> None:
    about = stated(visitor, town, "recall", "inspector", RECALL, [lot_of(town)])
    assert visitor.get("/v1/recalls", JSON).json()["recalls"][0]["statement"] == about
    assert visitor.get(f"/v1/recalls/{about}", JSON).status_code == 401
    visitor.sign_in("li.na", PASSWORD)
    page = visitor.get(f"/audit/recalls/{about}").text
    for words in ("已定位", "未反馈", "farm", "停止销售", "0:"):
        assert words in page, words
    assert "检出禁用药" in visitor.get("/audit/recalls").text
    data = visitor.get(f"/audit/recalls/{about}", JSON).json()
    assert (data["mille"], data["asked"], data["located"]["unit"]) == (0, 1, "kg")
    alone = visitor.get(f"/audit/recalls/{about}?party={town.world.parties['farm']}").text
    assert "全部主体" in alone


def test_without_a_held_key_the_command_is_shown(visitor: Visitor, town: Town) -> None:
    visitor.sign_in("li.na", PASSWORD)
    path = f"/audit/batches/{mark(lot_of(town))}/measures"
    form = visitor.get(f"{path}?kind=hold").text
    sent = {"csrf": csrf(form), "kind": "hold", "reason": "待检 结果"}
    shown = visitor.post(path, sent).text
    assert f"gengji submit hold on={trace_code(lot_of(town))}" in shown
    assert "待检 结果" in shown
    assert visitor.post(path, sent | {"csrf": "x"}).status_code == 403


def test_a_recall_is_begun_and_a_drill_ended_from_the_desk(visitor: Visitor, town: Town) -> None:
    held_inspector(visitor, town)
    visitor.sign_in("li.na", PASSWORD)
    path = f"/audit/batches/{mark(lot_of(town))}/measures"
    token = csrf(visitor.get(f"{path}?kind=drill").text)
    sent = {
        "csrf": token,
        "kind": "drill",
        "scope": "descendants",
        "reason": "年度演练",
        "deadline": "2030-01-01T08:00",
    }
    done = signed(visitor, path, sent)
    page = visitor.get(done.headers["location"]).text
    assert "这是演练" in page
    assert visitor.get(done.headers["location"], JSON).json()["call"]["deadline"] == "2030-01-01T00:00:00Z"
    ended = visitor.post(done.headers["location"], {"csrf": token})
    assert ended.status_code == 303, ended.text
    assert "演练报告" in visitor.get(done.headers["location"]).text

    unseen = visitor.post(path, {"csrf": token, "kind": "hold", "reason": "待检", "sign": "1"})
    assert unseen.status_code == 409
    signed(visitor, path, {"csrf": token, "kind": "hold", "reason": "待检"})
    assert visitor.get(f"/t/{trace_code(lot_of(town))}", JSON).json()["verdict"]["status"] == "held"
    signed(visitor, path, {"csrf": token, "kind": "release", "reason": "合格"})
    assert visitor.get(f"/t/{trace_code(lot_of(town))}", JSON).json()["verdict"]["status"] != "held"


def test_a_party_answers_from_its_desk(visitor: Visitor, town: Town) -> None:
    about = stated(visitor, town, "recall", "inspector", RECALL, [lot_of(town)])
    visitor.sign_in("ma.ke", PASSWORD)
    page = visitor.get("/desk/recalls").text
    assert "等您反馈" in page
    sent = {"csrf": csrf(page), f"found.{mark(lot_of(town))}": "1200", "measures": "已下架"}
    shown = visitor.post(f"/desk/recalls/{about}", sent).text
    # The farm keeps its own key.
    assert f"gengji submit acknowledge about={about}" in shown
    assert "1200 kg" in shown
    assert visitor.post("/desk/recalls/" + "A" * 43, sent).status_code == 200
    assert [one["side"]["answered"] for one in visitor.get("/desk/recalls", JSON).json()] == [None]
