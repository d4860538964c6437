"""What a passport makes of a story: intervals, shares of limits, verdicts, who grew it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batches.events import Found
from app.batches.reading import BatchReader, Stop, Told
from app.db import connect
from app.log import Log, open_log
from app.public.passport import FIRST, STEPS, Passport, _applied, _share, issue
from app.public.verdict import verdict
from ledger.identity import ChainId
from tests.app.public.stories import Story, long_journey, sauce, told
from tests.app.seeding import seed

TODAY = "2026-04-20"


class Read:
    """A story in a database, and the passports of its batches."""

    def __init__(self, folder: Path) -> None:
        self.story: Story = sauce()
        settings = seed(folder, self.story.world)
        self.engine = connect(settings.url)
        self.log: Log = open_log(settings, self.engine)
        self.reader = BatchReader(self.engine, self.log)

    def passport(self, batch: ChainId) -> Passport:
        return issue(self.reader, batch, self.log.journal.latest() or "", TODAY)

    def told(self, kind: str) -> Told:
        return next(one for one in self.reader.story(self.story.sauce, None) if one.event.kind == kind)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return Read(tmp_path_factory.mktemp("read"))


def test_processed_goods_say_where_they_grew_and_who_grew_them(read: Read) -> None:
    passport = read.passport(read.story.sauce)
    assert passport.origins == ["四川省彭州市丹景山镇"]
    assert "加工车间" in (passport.processed_at or "")
    assert passport.batch.producer.zh == "彭州市青禾蔬菜专业合作社"
    assert [grower.zh for grower in passport.growers] == ["丹景山镇王家农场"]
    assert passport.harvested == [told(36, 0, 30)]
    assert {signer.party.zh: signer.statements for signer in passport.signers}["川西冷链运输有限公司"] == 2


def test_a_planting_has_no_harvest_before_it_and_itself_as_its_grower(read: Read) -> None:
    passport = read.passport(read.story.pears)
    assert (passport.growers, passport.tests, passport.applied) == ([], [], [])


@pytest.mark.parametrize(("interval", "kept"), [(0, True), (15, True), (16, True), (17, False), (400, False)])
def test_an_interval_is_kept_when_all_its_days_have_passed(read: Read, interval: int, kept: bool) -> None:
    spraying = read.told("apply")
    spraying = replace(
        spraying,
        event=replace(spraying.event, effective={**spraying.event.effective, "interval_days": interval}),
    )
    used = _applied(spraying, [read.told("harvest")])
    assert (used.days, used.kept) == (16, kept)


def test_a_harvest_while_it_was_sprayed_is_no_interval_at_all(read: Read) -> None:
    harvest, spraying = read.told("harvest"), read.told("apply")
    during = replace(harvest, event=replace(harvest.event, at=spraying.event.effective["start"]))
    used = _applied(spraying, [during, harvest])
    assert used.days is not None
    assert used.days < 0
    assert used.kept is False


def test_a_harvest_before_or_of_another_field_says_nothing(read: Read) -> None:
    harvest, spraying = read.told("harvest"), read.told("apply")
    before = replace(harvest, event=replace(harvest.event, at=told(10)))
    elsewhere = replace(harvest, event=replace(harvest.event, touched=[read.story.pears]))
    used = _applied(spraying, [before, elsewhere])
    assert (used.harvested, used.days, used.kept) == (None, None, None)


def test_the_verdict_is_what_stops_it(read: Read) -> None:
    story = read.reader.story(read.story.sauce, None)
    batch = read.reader.batch(read.story.sauce)
    assert verdict(batch, story, TODAY).status == "normal"
    found = Found("interval", "hold", read.story.planting, {}, {"zh": "暂停", "en": "hold"})
    remark = Found("late", "flag", None, {}, {"zh": "补记", "en": "late"})
    first = replace(story[0], event=replace(story[0].event, findings=[remark, found]))
    stop = Stop(found, first.event.hash, "harvest", None, first.event.at, None, None, False)
    stopped = verdict(batch, [first, *story[1:]], TODAY, [stop])
    assert (stopped.status, stopped.zh, stopped.because) == ("held", "已暂停", [found])
    assert remark in stopped.remarks
    assert found not in stopped.remarks
    # What no longer reaches it stops it no more, nor does what was taken back.
    assert verdict(batch, [first, *story[1:]], TODAY).status == "normal"
    assert verdict(replace(batch, void=True), story, TODAY).status == "void"
    # That nobody stands behind the batch makes a recall no less urgent.
    recalled = replace(stop, found=replace(found, code="recalled"), instruction="退回")
    assert verdict(replace(batch, void=True), story, TODAY, [stop, recalled]).status == "recalled"


def test_the_verdict_is_not_green_for_what_is_past_its_day_or_was_oversold(read: Read) -> None:
    story = read.reader.story(read.story.sauce, None)
    batch = replace(read.reader.batch(read.story.sauce), best_before="2026-04-20")
    assert verdict(batch, story, "2026-04-20").status == "normal", "the day itself is still good"
    assert verdict(batch, story, "2026-04-21").status == "expired"
    oversold = Found("over-held", "flag", read.story.sauce, {}, {"zh": "多出", "en": "too many"})
    last = replace(story[-1], event=replace(story[-1].event, findings=[oversold]))
    assert verdict(batch, [*story[:-1], last], "2026-04-20").status == "doubtful"
    assert verdict(batch, [*story[:-1], last], "2026-04-21").status == "expired"


def test_of_a_long_journey_the_beginning_and_the_end_are_shown(tmp_path: Path) -> None:
    world, batch = long_journey()
    settings = seed(tmp_path, world)
    engine = connect(settings.url)
    log = open_log(settings, engine)
    passport = issue(BatchReader(engine, log), batch, log.journal.latest() or "", TODAY)
    indexes = [step.index for step in passport.journey]
    assert len(indexes) == STEPS
    assert passport.left_out == 74
    assert indexes[-1] == max(world.first.values())
    assert indexes == sorted(indexes)
    assert len({step.index for step in passport.journey[:FIRST]}) == FIRST
    before, after = passport.legs()
    assert [one for leg in before for one in leg.steps] == passport.journey[:FIRST]
    assert sum(len(leg.steps) for leg in after) == STEPS - FIRST
    log.journal.close()
    engine.dispose()


@given(value=st.text(max_size=12), limit=st.text(max_size=12))
def test_a_share_is_a_number_or_nothing(value: str, limit: str) -> None:
    share = _share(value, limit)
    assert share is None or isinstance(share, float)


@pytest.mark.parametrize(
    ("value", "limit", "share"),
    [("0.5", "1", 0.5), ("未检出", "0.02", 0.0), ("<0.01", "0.02", None), ("1", "0", None), ("NaN", "1", None),
     ("1", "Infinity", None), ("2", "1", 2.0), ("", "", None)],
)  # fmt: skip
def test_a_share_of_the_limit(value: str, limit: str, share: float | None) -> None:
    assert _share(value, limit) == share
