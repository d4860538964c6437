"""What waits to be done: worked out from the moment of asking, for those who have to do it and who supervise them."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app.recalls.service import Recalls
from app.rules.tables import Tables
from app.viewing import Viewer
from app.worklists.service import LISTS, Worklist, Worklists
from app.worklists.task import Task, after_hours, working_days
from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.identity import ChainId
from tests.app.batches.desk import Desk, goods, working
from tests.app.certificates.promised import PASSED
from tests.world import county, time_text

DAY = 86_400
Ask = Callable[..., dict[str, list[Task]]]
MONDAY = "2026-03-02T01:30:00Z"
"""09:30 where the log is."""


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    world = county()
    world.add_product("番茄", "coop", may=[world.parties["farm"]])
    with working(tmp_path / "data", database_url, world) as desk:
        yield desk


def viewer(desk: Desk, party: str, role: str = "member", division: str = "", side: str = "") -> Viewer:
    return Viewer("1", party, party, desk.world.parties[party], role, division, side, "")


@pytest.fixture
def ask(desk: Desk) -> Ask:
    """The lists that are not empty, as ``party``, or an inspector of ``division``, finds them at ``at``."""

    def asked(party: str, at: str, division: str = "", side: str = "agriculture") -> dict[str, list[Task]]:
        staff = viewer(desk, party, "inspector", division, side) if division else viewer(desk, party)
        return {one.name: one.tasks for one in lists(desk, at).of(staff) if one.tasks}

    return asked


def lists(desk: Desk, at: str) -> Worklists:
    seconds = datetime.fromisoformat(at).timestamp()
    return Worklists(desk.engine, desk.log, Recalls(desk.engine, desk.log, lambda: seconds), lambda: seconds)


def only(found: dict[str, list[Task]], name: str) -> Task:
    assert [*found] == [name]
    (task,) = found[name]
    return task


def at(day: str, hour: int = 4) -> str:
    return f"{day}T{hour:02}:00:00Z"


# --- one list after another ------------------------------------------------------------------------------------------


def test_a_shipment_is_late_for_both_ends_once_its_arrival_has_passed(desk: Desk, ask: Ask) -> None:
    sent = desk.ship(desk.lot, "200", planned_arrival="2026-03-02T04:00:00Z")
    desk.ship(desk.lot, "100")
    assert ask("coop", at("2026-03-02")) == {}
    for party in ("coop", "farm"):
        task = only(ask(party, "2026-03-02T05:00:00Z"), "unanswered")
        assert (task.late, task.until, task.party and task.party.zh) == (3600, "2026-03-02T04:00:00Z", "coop")
        assert (task.href, task.key) == (f"/desk/shipments/{sent.statement.hash}", (index(desk, sent), 0))
        assert "tomato 200 公斤" in task.text["zh"]
    for party in ("carrier", "shop"):
        assert ask(party, "2026-03-02T05:00:00Z") == {}
    assert only(ask("inspector", "2026-03-02T05:00:00Z", "510100"), "unanswered").late == 3600
    assert ask("inspector", "2026-03-02T05:00:00Z", "510700") == {}
    assert ask("inspector", "2026-03-02T05:00:00Z", "510182", "market") == {}
    desk.receive(sent, desk.lot, "150")
    assert "50 公斤" in only(ask("coop", "2026-03-02T05:00:00Z"), "unanswered").text["zh"]
    desk.receive(sent, desk.lot, "50")
    assert ask("farm", "2026-03-02T05:00:00Z") == {}


def index(desk: Desk, outcome: object) -> int:
    return int(outcome.first_index)  # type: ignore[attr-defined]


RAPID: dict[str, Json] = {
    "sample_no": "K-1", "type": "qualitative", "conclusion": "fail", "items": [{"analyte": "有机磷", "value": "阳性"}],
}  # fmt: skip


def test_a_failed_rapid_test_is_to_be_repeated_within_hours(desk: Desk, ask: Ask) -> None:
    (failed,) = desk.send(desk.world.statement("test", "farm", RAPID, [desk.lot], at=MONDAY))
    hours = Tables.shipped().term("retest-hours", date(2026, 3, 2))
    assert hours is not None
    task = only(ask("farm", MONDAY), "retests")
    assert (task.until, task.late) == (after_hours(MONDAY, hours.value), None)
    assert only(ask("farm", at("2026-03-02", 8)), "retests").late == int((8 - 1.5 - hours.value) * 3600)
    assert only(ask("inspector", MONDAY, "510182"), "retests").href.startswith("/audit/batches/")
    assert ask("shop", MONDAY) == {}
    retest = {**PASSED, "retest_of": failed.statement.hash, "sample_no": "K-2"}
    desk.state("test", "lab", retest, [desk.lot])
    assert ask("farm", MONDAY) == {}


def test_a_sample_waits_for_the_test_that_names_it(desk: Desk, ask: Ask) -> None:
    body: dict[str, Json] = {"sample_no": "S-7", "goods": goods(desk.lot, "1")}
    desk.send(desk.world.statement("sample", "inspector", body, [desk.lot], at=MONDAY))
    days = Tables.shipped().term("lab-days-agri", date(2026, 3, 2))
    assert days is not None
    due = working_days(date(2026, 3, 2), days.value)
    assert (days.value, due) == (5, date(2026, 3, 9))
    task = only(ask("farm", MONDAY), "results")
    assert (task.until, task.late) == ("2026-03-09", None)
    # The day ends where the log is, eight hours before it does in Greenwich.
    assert only(ask("inspector", "2026-03-09T15:59:59Z"), "results").late is None
    assert only(ask("inspector", "2026-03-09T17:00:00Z", "510182"), "results").late == 3600
    desk.state("test", "lab", {**PASSED, "sample_no": "S-8"}, [desk.lot])
    assert "results" in ask("farm", MONDAY)
    test = desk.state("test", "lab", {**PASSED, "sample_no": "S-7"}, [desk.lot])
    assert ask("farm", MONDAY) == {}
    desk.correct(test, None, by="lab")
    assert "results" in ask("farm", MONDAY), "a test that was taken back is none"


def test_working_days_leave_out_weekends() -> None:
    friday = date(2026, 3, 6)
    assert [working_days(friday, days).isoformat()[-2:] for days in (0, 1, 5, 6)] == ["06", "09", "13", "16"]
    assert working_days(date(2026, 3, 7), 1) == date(2026, 3, 9)


def test_a_recall_whose_deadline_has_passed_names_who_has_not_answered(desk: Desk, ask: Ask) -> None:
    desk.receive(desk.ship(desk.lot, "500"), desk.lot, "500")
    body: dict[str, Json] = {
        "scope": "descendants", "reason": "检出禁用药", "instruction": "停售", "deadline": at("2026-03-03"),
    }  # fmt: skip
    call = desk.state("recall", "inspector", body, [desk.lot]).statement.hash
    assert "recalls" not in ask("coop", at("2026-03-02"))
    assert ask("coop", at("2026-03-04"))["recalls"][0].late == DAY
    waiting = ask("inspector", at("2026-03-04"), "510182")["recalls"]
    assert {task.party.zh for task in waiting if task.party} == {"farm", "coop"}
    assert {task.href for task in waiting} == {f"/audit/recalls/{call}"}
    line: dict[str, Json] = {"batch": desk.lot, "found": {"unit": "kg", "value": "500"}}
    desk.state("acknowledge", "coop", {"about": call, "goods": [line]}, [desk.lot])
    assert "recalls" not in ask("coop", at("2026-03-04"))
    assert len(ask("inspector", at("2026-03-04"), "510182")["recalls"]) == 1
    release: dict[str, Json] = {"answers": [call], "reason": "全部追回"}
    desk.state("release", "inspector", release, [desk.lot], {"person": "李娜"})
    assert "recalls" not in ask("farm", at("2026-03-04"))


def test_what_an_inspection_wants_put_right_is_listed_when_its_day_is_near(desk: Desk, ask: Ask) -> None:
    farm = desk.world.parties["farm"]
    body: dict[str, Json] = {"task": "T-1", "result": "rectify", "due": "2026-03-20", "party": farm}
    found = desk.state("inspect", "inspector", {**body, "remarks": "台账缺失"}, [desk.lot])
    assert ask("farm", at("2026-03-12")) == {}
    task = only(ask("farm", at("2026-03-13")), "inspections")
    assert (task.late, "台账缺失" in task.text["zh"]) == (None, True)
    assert only(ask("inspector", "2026-03-20T16:30:00Z", "510182"), "inspections").late == 1800
    assert ask("coop", at("2026-03-21")) == {}
    desk.state("inspect", "inspector", {"task": "T-2", "result": "pass"}, [desk.planting])
    assert "inspections" in ask("farm", at("2026-03-21"))
    desk.correct(found, {"due": "2026-04-20"}, by="inspector")
    assert ask("farm", at("2026-03-21")) == {}
    desk.correct(found, {"due": "2026-03-20"}, by="inspector")
    desk.state("inspect", "inspector", {"task": "T-1", "result": "pass"}, [desk.lot])
    assert ask("farm", at("2026-03-21")) == {}


def test_a_hold_that_has_outlasted_its_day(desk: Desk, ask: Ask) -> None:
    lots = [desk.lot, desk.planting]
    held = desk.state("hold", "inspector", {"reason": "待检", "until": "2026-03-10"}, lots)
    other = desk.state("hold", "inspector", {"reason": "待检"}, [desk.lot])
    assert ask("farm", at("2026-03-10")) == {}
    task = only(ask("farm", "2026-03-10T17:00:00Z"), "holds")
    assert (task.late, task.party and task.party.zh, "等 2 批" in task.text["zh"]) == (3600, "inspector", True)
    assert only(ask("inspector", at("2026-03-11"), "510182"), "holds").href.endswith("/measures?kind=release")
    assert ask("coop", at("2026-03-11")) == {}
    desk.correct(held, {"until": "2026-03-12"}, by="inspector")
    assert ask("farm", at("2026-03-11")) == {}
    answers: list[Json] = [held.statement.hash, other.statement.hash]
    desk.state("release", "inspector", {"answers": answers, "reason": "合格"}, lots, {"person": "李娜"})
    assert ask("farm", at("2026-03-20")) == {}


def test_goods_sent_to_a_buyer_without_a_certificate(desk: Desk, ask: Ask) -> None:
    lot = of_the_coop(desk)
    desk.ship(lot, "10", by="coop", to="shop")
    task = only(ask("coop", at("2026-03-05")), "certificates")
    assert task.href == f"/desk/certificates/{task.code}"
    assert only(ask("inspector", at("2026-03-05"), "510182"), "certificates").href.startswith("/audit/batches/")
    assert ask("farm", at("2026-03-05")) == {}
    body: dict[str, Json] = {
        "goods": goods(lot, "90"), "form": "own", "product_name": "番茄", "origin": "彭州", "issued": "2026-03-05",
        "basis": ["control"],
    }  # fmt: skip
    desk.state("certify", "coop", body, [lot], {"contact": "138"})
    assert ask("coop", at("2026-03-05")) == {}


def of_the_coop(desk: Desk) -> ChainId:
    planting = desk.state("plant", "coop", {"outputs": [desk.world.output("番茄", "500")]}).statement.created[0]
    body: dict[str, Json] = {"inputs": [{"batch": planting}], "outputs": [desk.world.output("番茄", "100")]}
    return desk.state("harvest", "coop", body, [planting]).statement.created[0]


# --- pages -----------------------------------------------------------------------------------------------------------


def test_each_list_goes_on_where_its_page_ended(desk: Desk) -> None:
    for number in range(5):
        body: dict[str, Json] = {"task": f"T-{number}", "result": "rectify", "due": "2026-03-02"}
        desk.state("inspect", "inspector", body, [desk.lot])
        desk.state("test", "farm", {**RAPID, "sample_no": f"K-{number}"}, [desk.lot])
        desk.ship(desk.lot, "1", planned_arrival=time_text(desk.world.clock))
    whole, staff = lists(desk, at("2026-03-05")), viewer(desk, "inspector", "inspector", "510182", "agriculture")
    for name in ("inspections", "retests", "unanswered"):
        (once,) = whole.of(staff, name)
        walked, after = list[Task](), ""
        while True:
            (page,) = whole.of(staff, name, after, 2)
            walked += page.tasks
            if page.next is None:
                break
            after = page.next
        assert walked == once.tasks
        assert [task.key for task in walked] == sorted(task.key for task in walked)
        assert len(walked) == 5


def test_what_is_asked_for_wrongly(desk: Desk) -> None:
    found, who = lists(desk, MONDAY), viewer(desk, "coop")
    with pytest.raises(Malformed, match="choice"):
        found.of(who, "laundry")
    for cursor in ("7", "7.", ".7", "x.1", "-1.0", "٣.١"):
        with pytest.raises(Malformed, match="cursor"):
            found.of(who, "results", cursor)
    assert [one.name for one in found.of(who)] == [*LISTS]
    assert found.of(who, "results") == [Worklist("results", *LISTS["results"], [], None)]


def test_times_are_those_of_the_format() -> None:
    assert after_hours("2026-03-01T22:30:00Z", 4) == "2026-03-02T02:30:00Z"
    assert datetime.fromisoformat(after_hours(MONDAY, 1)).tzinfo == UTC
