"""Which statements are told to whom, and which inspectors supervise whom."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.batches.goods import Shipment
from app.notices.events import Found, Notice, Stated, notices_for, supervises
from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.statement import Statement
from tests.world import World, county, harvested, kg, planted


@pytest.fixture
def world() -> World:
    return county()


@pytest.fixture
def lot(world: World) -> ChainId:
    return harvested(world, planted(world))


def said(statement: Statement, *found: Found, **more: Any) -> dict[str, Notice]:
    notices = [*notices_for(Stated(statement, 7, found, **more))]
    by = {one.event: one for one in notices}
    assert len(by) == len(notices), "an event is told once of a statement"
    return by


def by(world: World, kind: str, who: str, body: Mapping[str, Json], lot: ChainId, **sealed: Json) -> Statement:
    return world.statement(kind, who, body, [lot], sealed)


def test_what_is_everyday_is_told_to_nobody(world: World, lot: ChainId) -> None:
    assert said(world.statements[-1]) == {}
    sale = by(world, "sell", "farm", {"goods": [{"batch": lot, "quantity": kg("1")}], "channel": "stall"}, lot)
    assert said(sale, Found("over-held", "flag", lot)) == {}


def test_a_hold_and_a_release_reach_what_came_of_the_goods(world: World, lot: ChainId) -> None:
    hold = by(world, "hold", "inspector", {"reason": "抽检待定"}, lot)
    release: dict[str, Json] = {"answers": [hold.hash], "reason": "复检合格"}
    for statement in (hold, by(world, "release", "inspector", release, lot, person="李娜")):
        notice = said(statement)[statement.kind]
        assert (notice.goods, notice.hands, notice.whole, notice.regulators) == ((lot,), True, True, True)
        assert notice.but == world.parties["inspector"]


def test_the_end_of_a_drill_is_told_to_nobody(world: World, lot: ChainId) -> None:
    drill = by(world, "drill", "inspector", {"scope": "batch", "reason": "年度演练"}, lot)
    assert not said(drill)["drill"].whole
    report: Json = {"drill": drill.hash}
    assert said(by(world, "drill", "inspector", {"scope": "batch", "reason": "完成", "outcome": report}, lot)) == {}


def test_a_held_batch_that_moved_is_told_to_both_ends_and_the_inspectors(world: World, lot: ChainId) -> None:
    receiver = world.parties["coop"]
    body: dict[str, Json] = {"goods": [{"batch": lot, "quantity": kg("1")}], "receiver": receiver}
    told = said(by(world, "ship", "farm", body, lot), Found("moved-on-hold", "flag", lot))
    assert told["moved-on-hold"].to == {receiver, world.parties["farm"]}
    assert told["moved-on-hold"].regulators
    assert told["shipped"].to == {receiver}


def test_a_finding_that_stops_a_batch_goes_to_its_signer_and_all_hands(world: World, lot: ChainId) -> None:
    harvest = world.statements[-1]
    stop, flag = Found("interval", "hold", lot), Found("late", "flag", lot)
    (notice,) = said(harvest, stop, flag).values()
    assert (notice.event, notice.to, notice.goods) == ("finding", frozenset((world.parties["farm"],)), (lot,))
    assert notice.hands
    assert notice.whole
    assert notice.found == (stop,)


def test_a_finding_that_repeats_its_statement_is_not_told_beside_it(world: World, lot: ChainId) -> None:
    hold = by(world, "hold", "inspector", {"reason": "抽检待定"}, lot)
    assert said(hold, Found("on-hold", "hold", lot)).keys() == {"hold"}


def test_a_correction_of_a_shipment_is_told_to_both_its_ends(world: World, lot: ChainId) -> None:
    body: dict[str, Json] = {"goods": [{"batch": lot, "quantity": kg("1")}], "receiver": world.parties["coop"]}
    ship = by(world, "ship", "farm", body, lot)
    correct = by(world, "correct", "farm", {"statement": ship.hash, "reason": "填错", "void": True}, lot)
    way = Shipment(ship.hash, world.parties["farm"], world.parties["coop"], None, None)
    notice = said(correct, corrected=ship, shipment=way)["corrected"]
    assert notice.to == {world.parties["farm"], world.parties["coop"]}
    assert notice.but == world.parties["farm"]
    assert not notice.regulators


def test_who_takes_a_recall_back_tells_all_whom_it_reached(world: World, lot: ChainId) -> None:
    recall = by(world, "recall", "farm", {"scope": "descendants", "reason": "误报", "instruction": "停售"}, lot)
    correct = by(world, "correct", "farm", {"statement": recall.hash, "reason": "误报", "void": True}, lot)
    notice = said(correct, corrected=recall)["corrected"]
    assert notice.whole
    assert notice.regulators


@pytest.mark.parametrize(
    ("division", "of", "covered"),
    [
        ("510182", "510182", True),
        ("510182", "510182103", True),
        ("510182000000", "510182", True),
        ("5101", "510182", True),
        ("510100", "510182", True),
        ("510000", "510182", True),
        ("510183", "510182", False),
        ("510182103", "510182", False),
        ("520000", "510182", False),
        ("", "510182", False),
        ("0000", "510182", False),
    ],
)
def test_a_division_covers_what_lies_in_it(division: str, of: str, covered: bool) -> None:
    profile = {"division": of, "side": "market"}
    assert supervises(division, "market", profile) is covered
    assert not supervises(division, "agriculture", profile)
