"""Which key data elements are there, late or missing: told from a batch's own story, sealed or not, never guessed."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from app.batches.reading import Told
from app.completeness.judging import Completeness, Judged, State, judge
from app.completeness.profile import Element, Profile, Step, read
from app.recording import Appended
from ledger.canonical import Json
from ledger.identity import ChainId
from tests.app.batches.desk import Desk, goods, working
from tests.world import kg, time_text

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    with working(tmp_path / "data", database_url) as desk:
        yield desk


def element(id_: str, *found: str, **more: object) -> Element:
    return Element(id_, f"元素{id_}", id_, "法", [*found], **more)  # type: ignore[arg-type]


def profile(*steps: Step) -> Profile:
    return Profile("own", "自", "own", date(2026, 1, 1), "示例", True, [*steps])


def step(kind: str, *elements: Element, **more: object) -> Step:
    return Step(kind, f"步骤{kind}", kind, [kind], [*elements], **more)  # type: ignore[arg-type]


def look(desk: Desk, what: Profile, chain: ChainId | None = None, category: str | None = None) -> Completeness:
    story: list[Told] = desk.reader.story(chain or desk.lot, None)
    return judge(what, story, desk.world.registry, category, "番茄")


def one(judged: Completeness, id_: str) -> Judged:
    (found,) = [each for part in judged.steps for each in part.elements if each.id == id_]
    return found


def states(judged: Completeness) -> dict[str, State]:
    return {each.id: each.state for part in judged.steps for each in part.elements}


def send(desk: Desk, **more: Json) -> Appended:
    return desk.ship(desk.lot, "100", **more)


def test_what_is_there_and_what_is_missing(desk: Desk) -> None:
    shipped = send(desk)
    what = profile(
        step("ship", element("to", "record.receiver.name", weight=3), element("papers", "record.refs.number")),
    )
    judged = look(desk, what)
    assert states(judged) == {"to": "there", "papers": "missing"}
    assert one(judged, "papers").missing == [shipped.first_index]
    assert judged.score == 75
    (gap,) = judged.gaps
    assert (gap.step, gap.element, gap.state, gap.cost) == ("ship", "papers", "missing", 2500)
    assert gap.text["zh"] == "“发货”记录缺元素papers，请更正补填“单据号”"
    assert gap.text["en"] == "A record of shipment lacks: papers; correct it and fill in “reference documents”"
    assert (gap.records, gap.parties) == ([shipped.first_index], [desk.world.parties["farm"]])


def test_what_is_sealed_counts_as_there_and_so_does_what_was_sealed_by_a_correction(desk: Desk) -> None:
    body: dict[str, Json] = {"goods": goods(desk.lot, "1"), "receiver": desk.world.parties["coop"]}
    open_, closed = send(desk), desk.state("ship", "farm", body, [desk.lot], {"seal": "封-1"})
    what = profile(step("ship", element("papers", "record.seal")))
    assert one(look(desk, what), "papers").missing == [open_.first_index]
    right: dict[str, Json] = {"statement": open_.statement.hash, "reason": "补"}
    desk.state("correct", "farm", right, [desk.lot], {"seal": "封-2"})
    judged = one(look(desk, what), "papers")
    assert (judged.state, judged.records) == ("there", 2)
    assert closed.first_index not in judged.missing


def test_what_came_late_counts_half(desk: Desk) -> None:
    at = time_text(desk.world.clock - 400 * 24 * 3600)
    late = desk.ship(desk.lot, "100", **{})
    old = desk.state(
        "ship", "farm", {"goods": goods(desk.lot, "1"), "receiver": desk.world.parties["coop"]}, [desk.lot], at=at
    )
    delayed = profile(step("ship", element("date", "record.at"), hours=24, hours_source="示例"))
    judged = look(desk, delayed)
    # The world's clock stands in March, the log receives today: both are late, the one stated a year before as well.
    assert one(judged, "date").late == [late.first_index, old.first_index]
    assert (one(judged, "date").state, judged.score) == ("late", 50)
    (gap,) = judged.gaps
    assert (gap.element, gap.cost, gap.records) == (None, 5000, [late.first_index, old.first_index])
    assert gap.text["zh"] == "“步骤ship”记得晚了（1 项），应在 24 小时内记录"
    generous = profile(step("ship", element("date", "record.at", hours=0), hours=24, hours_source="示例"))
    assert states(look(desk, generous)) == {"date": "there"}
    assert look(desk, generous).score == 100


def test_recorded_in_time_is_not_late(desk: Desk) -> None:
    """By as many hours as lie between the world's clock and the day of this test, and one more."""
    shipped = send(desk)
    (told,) = [one for one in desk.reader.story(desk.lot, None) if one.event.index == shipped.first_index]
    hours = (told.event.received // 1000 - told.event.iat) // 3600 + 1
    for some, state in ((hours, "there"), (hours - 2, "late")):
        what = profile(step("ship", element("date", "record.at"), hours=max(1, some), hours_source="示例"))
        assert states(look(desk, what)) == {"date": state}


def test_a_step_that_never_was_does_not_count(desk: Desk) -> None:
    what = profile(step("ship", element("to", "record.receiver")), step("harvest", element("from", "record.inputs")))
    judged = look(desk, what)
    assert [part.state for part in judged.steps] == ["not-applicable", "there"]
    assert judged.score == 100
    assert judged.gaps == []
    nothing = look(desk, profile(step("sell", element("to", "record.buyer"))))
    assert (nothing.score, nothing.gaps) == (None, [])


def test_a_step_that_is_due_and_that_nobody_recorded_is_missing_whole(desk: Desk) -> None:
    elements = element("name", "record.product_name", weight=2), element("by", "record.contact")
    what = profile(
        step("certify", *elements, element("more", "record.tests", if_any=True), due_with=["ship"]),
        step("harvest", element("from", "record.inputs")),
    )
    assert look(desk, what).score == 100
    send(desk)
    judged = look(desk, what)
    assert states(judged) == {"name": "missing", "by": "missing", "more": "not-applicable", "from": "there"}
    assert judged.score == 25
    (gap,) = judged.gaps
    assert (gap.element, gap.cost, gap.records, gap.parties) == (None, 7500, [], [])
    assert gap.text["zh"].startswith("还没有“步骤certify”的记录，应写明：元素name、元素by")


def test_a_step_for_other_goods_does_not_count(desk: Desk) -> None:
    send(desk)
    certify = step("certify", element("name", "record.product_name"), due_with=["ship"], categories=["蔬菜"])
    assert look(desk, profile(certify), category="蔬菜").score == 0
    assert look(desk, profile(certify), category="加工品").score is None
    assert look(desk, profile(certify)).score is None


def test_only_records_that_have_something_count_where_a_step_says_so(desk: Desk) -> None:
    cooling = step("harvest", element("where", "record.place.township"), when="harvest.cooling")
    assert look(desk, profile(cooling)).score is None
    lot = desk.state(
        "harvest",
        "farm",
        {"inputs": [{"batch": desk.planting}], "outputs": [desk.world.output("tomato", "1")], "cooling": "冷库"},
        [desk.planting],
    ).statement.created[0]
    assert states(look(desk, profile(cooling), lot)) == {"where": "missing"}


def test_what_is_found_elsewhere_in_the_story(desk: Desk) -> None:
    send(desk, place=desk.world.places["plot 7"])
    what = profile(
        step(
            "ship",
            element("field", "plant.plot"),
            element("from", "record.place.name"),
            element("town", "record.place.township"),
            element("cooled", "harvest.cooling"),
            element("code", "batch.code"),
            element("lot", "batch.lot"),
            element("of", "batch.product.names"),
            element("called", "product.names.zh"),
            element("gtin", "product.gtin"),
            element("how much", "record.goods.quantity"),
            element("sender", "record.actor.name"),
            element("registered", "record.actor.uscc"),
            element("owner", "record.principal.name", if_any=True),
            element("either", "product.gtin", "product.own_code"),
        )
    )
    missing = {id_ for id_, state in states(look(desk, what)).items() if state == "missing"}
    assert missing == {"cooled", "lot", "gtin", "registered"}
    assert one(look(desk, what), "owner").state == "not-applicable"


def test_an_element_of_one_kind_is_not_asked_of_another_in_the_same_step(desk: Desk) -> None:
    used: dict[str, Json] = {"name": "饲料", "start": "2026-03-02T00:00:00Z", "stop": "2026-03-02T01:00:00Z"}
    desk.state("apply", "farm", used, [desk.lot])
    desk.state("observe", "farm", {"pests": "无"}, [desk.lot])
    both = Step(
        "use", "用", "use", ["apply", "observe"], [element("target", "apply.target"), element("at", "record.at")]
    )
    judged = look(desk, profile(both))
    assert (one(judged, "target").records, one(judged, "at").records) == (1, 2)


def test_every_item_of_a_list_has_to_have_it(desk: Desk) -> None:
    made: dict[str, Json] = {
        "inputs": [{"batch": desk.lot, "quantity": kg("10")}],
        "outputs": [desk.world.output("sauce", "4", best_before="2027-01-01"), desk.world.output("sauce", "5")],
    }
    jar = desk.state("process", "coop", made, [desk.lot]).statement.created[0]
    what = profile(
        step("process", element("until", "record.outputs.best_before"), element("made", "record.outputs.product"))
    )
    assert states(look(desk, what, jar)) == {"until": "missing", "made": "there"}


def test_what_was_taken_back_does_not_count(desk: Desk) -> None:
    shipped = send(desk)
    what = profile(step("ship", element("to", "record.receiver")))
    assert look(desk, what).score == 100
    desk.correct(shipped, None)
    assert look(desk, what).score is None


def test_a_correction_fills_a_gap(desk: Desk) -> None:
    shipped = send(desk)
    what = profile(step("ship", element("planned", "record.planned_arrival")))
    assert look(desk, what).score == 0
    desk.correct(shipped, {"planned_arrival": "2026-03-05T00:00:00Z"})
    assert look(desk, what).score == 100


@pytest.mark.parametrize("id_", ["china-2026", "fsma-204", "eu-931-2011"])
def test_each_profile_over_a_whole_journey(desk: Desk, id_: str) -> None:
    """All of a tomato's way is judged, what weighs most stands first, and the score is what the gaps leave."""
    shipped = desk.ship(desk.lot, "500")
    desk.receive(shipped, desk.lot, "500")
    jar = desk.process(desk.lot, "400", "100")
    judged = look(desk, read()[id_], jar, "蔬菜")
    assert judged.score is not None
    assert 0 < judged.score < 100
    assert [gap.cost for gap in judged.gaps] == sorted((gap.cost for gap in judged.gaps), reverse=True)
    assert 0 <= 10_000 - 100 * judged.score - sum(gap.cost for gap in judged.gaps) <= 100 + len(judged.gaps)
    assert all(gap.text["zh"] and gap.text["en"] and gap.law for gap in judged.gaps)
    assert (judged.demonstration, judged.source) == (True, read()[id_].source)
