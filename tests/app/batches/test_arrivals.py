"""What comes from another county's log: each shipment feeds one intake, and what it says of itself stays unverified."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from app.recording import Appended
from ledger import b64u
from ledger.canonical import Json
from ledger.errors import LedgerError, Malformed
from ledger.identity import ChainId, StatementHash
from ledger.origin import Origin
from tests.app.batches.desk import Desk, codes
from tests.world import kg

SHIPMENT, CHAIN, ROOT = (b64u.encode(bytes([number] * 32)) for number in (1, 2, 3))
THERE = Origin("log.example.org/there", StatementHash(SHIPMENT), ChainId(CHAIN), 40, ROOT)


def take_in(desk: Desk, origin: Origin = THERE, *values: str, by: str = "coop") -> Appended:
    outputs: list[Json] = [desk.world.output("tomato", value) for value in values or ("40",)]
    return desk.state("intake", by, {"from": origin.body(), "outputs": outputs})


def refused(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(LedgerError) as caught:
        act()
    return caught.value.code, str(caught.value.params["path"])


def amounts(outcome: Appended) -> list[tuple[str, ...]]:
    return [
        tuple(one.params[name] for name in ("has", "wanted", "short"))
        for one in outcome.findings
        if one.code == "origin-reused"
    ]


def test_one_shipment_feeds_one_intake(desk: Desk) -> None:
    assert codes(take_in(desk)) == ["origin-unverified"]
    again = take_in(desk, by="shop")
    assert codes(again) == ["origin-unverified", "origin-reused"]
    assert amounts(again) == [("0", "40", "40")]


@pytest.mark.parametrize(
    "other",
    [
        replace(THERE, log="log.example.org/elsewhere"),
        replace(THERE, statement=StatementHash(CHAIN)),
        replace(THERE, chain=ChainId(SHIPMENT)),
    ],
)
def test_another_log_shipment_or_batch_is_another(desk: Desk, other: Origin) -> None:
    take_in(desk)
    assert codes(take_in(desk, other)) == ["origin-unverified"]


def test_another_head_of_the_same_log_is_not(desk: Desk) -> None:
    take_in(desk)
    later = replace(THERE, size=99, root=CHAIN)
    assert "origin-reused" in codes(take_in(desk, later))


def test_in_one_group_too(desk: Desk) -> None:
    body: dict[str, Json] = {"from": THERE.body(), "outputs": [desk.world.output("tomato", "40")]}
    first, second = desk.send(*desk.sign([("intake", by, body, (), {}) for by in ("coop", "shop")]))
    assert (codes(first), codes(second)) == (["origin-unverified"], ["origin-unverified", "origin-reused"])


def test_what_was_taken_back_is_free_again(desk: Desk) -> None:
    wrong = take_in(desk)
    assert codes(desk.correct(wrong, None, by="coop")) == []
    right = take_in(desk)
    assert codes(right) == ["origin-unverified"]
    outputs: list[Json] = [desk.world.output("tomato", "40")]
    assert "origin-reused" in codes(desk.correct(wrong, {"outputs": outputs}, by="coop")), "said again after all"


def test_a_correction_that_takes_more_is_asked_again(desk: Desk) -> None:
    taken = take_in(desk)
    less: list[Json] = [desk.world.output("tomato", "30")]
    more: list[Json] = [desk.world.output("tomato", "45")]
    assert codes(desk.correct(taken, {"outputs": less}, by="coop")) == []
    assert codes(desk.correct(taken, {"outputs": more}, by="coop")) == ["origin-unverified"]
    assert codes(desk.correct(taken, {"origin": "山上"}, by="coop")) == []


def test_each_batch_of_it_says_so(desk: Desk) -> None:
    outcome = take_in(desk, THERE, "30", "10")
    assert [one.batch for one in outcome.findings] == list(outcome.statement.created)
    assert amounts(take_in(desk, THERE, "5", "1")) == [("0", "6", "6")] * 2


def test_batches_in_several_units_are_not_added_up(desk: Desk) -> None:
    take_in(desk)
    boxes = {**desk.world.output("tomato", "1"), "quantity": kg("3", "box")}
    outputs: list[Json] = [desk.world.output("tomato", "1"), boxes]
    mixed = desk.state("intake", "coop", {"from": THERE.body(), "outputs": outputs})
    assert codes(mixed) == ["origin-unverified", "origin-reused"] * 2
    assert all("has" not in one.params for one in mixed.findings)


def test_what_is_recorded_here_is_not_taken_in(desk: Desk) -> None:
    own = replace(THERE, log=desk.world.log)
    assert refused(lambda: take_in(desk, own)) == ("origin-here", "body.from.log")


def test_a_correction_does_not_change_where_it_came_from(desk: Desk) -> None:
    taken = take_in(desk)
    plain = desk.state("intake", "coop", {"outputs": [desk.world.output("tomato", "1")]})
    other = {"from": replace(THERE, size=41).body()}
    for wrong in (taken, plain):
        assert refused(partial(desk.correct, wrong, other, by="coop")) == ("correction-origin", "body.new.from")
    desk.correct(taken, {"from": THERE.body(), "origin": "山上"}, by="coop")


def test_who_reads_events_is_told(desk: Desk) -> None:
    taken = take_in(desk)
    (event,) = desk.reader.events(taken.statement.created[0], None)
    assert event.arrival is not None
    assert (event.arrival.log, event.arrival.verified, event.arrival.size) == (THERE.log, False, None)
    assert [one.code for one in event.findings] == ["origin-unverified"]
    assert THERE.log in event.findings[0].text["en"]
    (planted, *_) = desk.reader.events(desk.planting, None)
    assert planted.arrival is None


def test_the_columns_hold_what_admission_lets_through(desk: Desk) -> None:
    longest = replace(THERE, log="a" * 120)
    assert codes(take_in(desk, longest)) == ["origin-unverified"]
    with pytest.raises(Malformed):
        desk.world.check(
            desk.world.statement(
                "intake",
                "coop",
                {"from": replace(THERE, log="a" * 121).body(), "outputs": [desk.world.output("tomato", "1")]},
            )
        )
