"""How a journey is read in legs: what belongs together, what stands alone, and what is not folded away."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batches.events import Found
from app.batches.reading import BatchReader
from app.db import connect
from app.log import open_log
from app.public.journey import Leg, Step, legs, step
from tests.app.public.stories import sauce
from tests.app.seeding import seed
from tests.world import kg

FOUND = Found("over-held", "flag", None, {}, {"zh": "多出", "en": "more"})


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """The steps of a jar of sauce."""
    story = sauce()
    settings = seed(tmp_path_factory.mktemp("journey"), story.world)
    engine = connect(settings.url)
    log = open_log(settings, engine)
    steps = [step(told) for told in BatchReader(engine, log).story(story.sauce, None)]
    log.journal.close()
    engine.dispose()
    return steps


def kinds(found: Sequence[Leg]) -> list[list[str]]:
    return [[one.kind for one in leg.steps] for leg in found]


def of(journey: Sequence[Step], kind: str) -> Step:
    return next(one for one in journey if one.kind == kind)


def put(journey: Sequence[Step], kind: str, **changed: Any) -> list[Step]:
    """The journey with its first step of ``kind`` changed."""
    at = journey.index(of(journey, kind))
    return [*journey[:at], replace(journey[at], **changed), *journey[at + 1 :]]


def test_a_shipment_is_one_leg_until_something_is_wrong_with_it(journey: list[Step]) -> None:
    assert kinds(legs(journey)) == [
        ["plant", "observe", "apply"], ["test"], ["harvest"],
        ["ship", "load", "unload"], ["receive"],  # twelve kilograms were damaged
        ["process"], ["test"], ["ship", "receive"], ["sell"],
    ]  # fmt: skip
    road, damaged = legs(journey)[3:5]
    assert (road.zh, road.en, road.amount) == ("运输", "Transport", kg("1200"))
    assert (road.coldest, road.warmest) == (kg("9.1", "C"), kg("12.8", "C"))
    assert [name.zh for name in road.by] == ["川西冷链运输有限公司"]
    assert (road.wrong, damaged.wrong) == (False, True)
    brought = legs(journey)[7]
    assert (brought.amount, brought.end and brought.end.zh) == (kg("200"), "晨光生鲜超市生鲜柜")


def test_whole_and_as_cold_as_asked_it_is_received_in_the_same_leg(journey: list[Step]) -> None:
    whole = {name: value for name, value in of(journey, "receive").values.items() if name != "short"}
    road = legs(put(journey, "receive", values=whole, amount=kg("1200")))[3]
    assert [one.kind for one in road.steps] == ["ship", "load", "unload", "receive"]
    assert road.end is not None
    assert road.end.zh == "青禾合作社加工车间"
    warm = {**of(journey, "unload").values, "temperature_log": {"low": kg("9", "C"), "high": kg("14.1", "C")}}
    assert legs(put(journey, "unload", values=warm))[3].wrong, "the sender asked for at most 14 ℃"
    other = {**of(journey, "unload").values, "temperature": kg("50", "F")}
    road = legs(put(journey, "unload", values=other))[3]
    assert (road.coldest, road.wrong) == (None, False), "of two units nothing is said"


def test_what_is_wrong_stands_alone_and_open(journey: list[Step]) -> None:
    loading, spraying = of(journey, "load"), of(journey, "apply")
    for changed in ({"findings": [FOUND]}, {"void": True}, {"was": {"vehicle": "货车"}}):
        read = legs(put(journey, "load", **changed))
        alone = next(leg for leg in read if leg.first.kind == "load")
        assert (len(alone.steps), alone.wrong) == (1, True)
    noted = next(leg for leg in legs(journey, [spraying.statement]) if spraying in leg.steps)
    assert (noted.steps, noted.wrong) == ([spraying], True)
    failed = {**of(journey, "test").values, "conclusion": "fail"}
    assert legs(put(journey, "test", values=failed))[1].wrong
    over = {**failed, "conclusion": "pass", "items": [{"analyte": "铅", "value": "1", "passed": False}]}
    assert legs(put(journey, "test", values=over))[1].wrong
    assert not next(leg for leg in legs(journey) if loading in leg.steps).wrong


def test_a_stay_in_a_store_is_one_leg_whatever_else_happened(journey: list[Step]) -> None:
    sale = journey[-1]
    put_in = replace(sale, kind="store", stage="storing", statement="in", values={"temperature": kg("2", "C")})  # type: ignore[arg-type]
    out = replace(put_in, kind="unstore", statement="out", values={"temperature": kg("3", "C")})  # type: ignore[arg-type]
    stay, sold, again = legs([put_in, sale, out, put_in, out])
    assert ([one.kind for one in stay.steps], stay.zh, sold.first.kind) == (["store", "unstore"], "存放", "sell")
    assert (stay.coldest, stay.warmest) == (kg("2", "C"), kg("3", "C"))
    assert kinds([again]) == [["store", "unstore"]]


def test_sales_of_a_shop_in_a_row_add_up(journey: list[Step]) -> None:
    sale = journey[-1]
    (sold,) = legs([sale, replace(sale, amount=kg("0.5"))])
    assert (sold.zh, sold.amount) == ("销售", kg("60.5"))
    boxes = replace(sale, amount=kg("3", "box"))
    assert legs([sale, boxes])[0].amount == kg("60"), "what has two units is not added"


def test_care_between_two_harvests_is_not_put_with_what_came_before(journey: list[Step]) -> None:
    seen, picked = of(journey, "observe"), of(journey, "harvest")
    assert kinds(legs([seen, picked, seen])) == [["observe"], ["harvest"], ["observe"]]


def test_of_further_kinds_in_a_leg_it_is_said_how_many(journey: list[Step]) -> None:
    sown, seen = of(journey, "plant"), of(journey, "observe")
    (grown,) = legs([sown, seen, seen])
    assert (grown.zh, [(one.kind, times) for one, times in grown.counts]) == ("种植", [("observe", 2)])


@given(order=st.permutations(range(16)), found=st.sets(st.integers(0, 15)))
def test_no_step_is_lost_and_none_with_a_finding_is_folded(
    journey: list[Step], order: list[int], found: set[int]
) -> None:
    steps = [replace(journey[at], findings=[FOUND] if at in found else []) for at in order if at < len(journey)]
    read = legs(steps)
    told = [one for leg in read for one in leg.steps]
    assert sorted(one.index for one in told) == sorted(one.index for one in steps)
    assert [leg.first.index for leg in read] == [one.index for one in steps if one in [leg.first for leg in read]]
    for leg in read:
        assert not any(one.findings for one in leg.steps) or (leg.wrong and len(leg.steps) == 1)
