"""What was found about a batch, open or closed, now and as it stood; and the batch and its events of that day."""

from app.batches.concerns import Concern
from ledger.canonical import Json
from ledger.identity import ChainId
from tests.app.batches.desk import Desk, goods


def about(desk: Desk, index: int, as_of: int | None = None, chain: ChainId | None = None) -> list[Concern]:
    found = desk.reader.findings(chain or desk.lot, None if as_of is None else str(as_of))
    return [one for one in found if one.about == index]


def test_a_finding_that_was_put_right_stays_readable_with_what_closed_it(desk: Desk) -> None:
    shipped = desk.ship(desk.lot, "2000")
    (short,) = about(desk, shipped.first_index)
    assert (short.found.code, short.index) == ("over-held", shipped.first_index)
    assert (short.closed, short.closed_by) == (None, None)
    assert not short.holds
    right = desk.correct(shipped, {"goods": goods(desk.lot, "200")})
    (closed,) = about(desk, shipped.first_index)
    assert (closed.closed, closed.closed_by) == (right.first_index, "corrected")
    assert about(desk, shipped.first_index, as_of=right.first_index - 1) == [short]
    assert about(desk, shipped.first_index, as_of=right.first_index) == [closed]
    assert about(desk, shipped.first_index, as_of=shipped.first_index - 1) == []


def test_the_events_show_what_was_open_then(desk: Desk) -> None:
    shipped = desk.ship(desk.lot, "2000")
    right = desk.correct(shipped, {"goods": goods(desk.lot, "200")})

    def codes(as_of: int | None = None) -> list[str]:
        events = desk.reader.events(desk.lot, None, None if as_of is None else str(as_of))
        (event,) = [one for one in events if one.index == shipped.first_index]
        return [one.code for one in event.findings]

    assert "over-held" not in codes()
    assert "over-held" in codes(right.first_index - 1)


def test_what_holds_a_batch_is_told_of_what_came_of_it(desk: Desk) -> None:
    jar = desk.process(desk.lot, "100", "50", by="farm")
    held = desk.state("hold", "inspector", {"reason": "抽检不合格"}, [desk.lot])
    (above,) = about(desk, held.first_index)
    (below,) = about(desk, held.first_index, chain=jar)
    assert above.holds
    assert below.holds
    assert below.found == above.found
    assert about(desk, held.first_index, as_of=held.first_index - 1, chain=jar) == []
    body: dict[str, Json] = {"answers": [held.statement.hash], "reason": "复检合格"}
    desk.state("release", "inspector", body, [desk.lot], {"person": "李娜"})
    (below,) = about(desk, held.first_index, chain=jar)
    assert not below.holds
    assert about(desk, held.first_index, as_of=held.first_index, chain=jar)[0].holds


def test_a_batch_as_it_stood_before_its_quantity_was_corrected(desk: Desk) -> None:
    (event,) = desk.reader.events(desk.lot, None)
    lot = desk.world.output("tomato", "900", grade="一级")
    body: dict[str, Json] = {"statement": event.hash, "reason": "过磅", "new": {"outputs": [lot]}}
    right = desk.state("correct", "farm", body, [desk.planting, desk.lot])
    assert desk.reader.batch(desk.lot).quantity == "900"
    then = str(right.first_index - 1)
    assert (desk.reader.batch(desk.lot, then).quantity, desk.reader.batch(desk.lot, then).stated["value"]) == (
        "1250.5",
        "1250.5",
    )
    assert [one.kind for one in desk.reader.events(desk.lot, None, then)] == ["harvest"]
    assert [one.event.kind for one in desk.reader.story(desk.lot, None, then)] == ["plant", "harvest"]
