"""What a release does not do: an owner's word silences nothing that a supervisor is to see."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.recording import Appended
from app.tables import findings
from ledger.canonical import Json
from ledger.identity import ChainId
from tests.app.batches.desk import goods
from tests.app.rules.farming import Template, prepared
from tests.app.rules.tale import Tale
from tests.world import kg


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return prepared(tmp_path_factory.mktemp("county") / "data")


@pytest.fixture
def tale(county: Template, tmp_path: Path) -> Iterator[Tale]:
    with county.begin(tmp_path / "data") as year:
        yield Tale(year)


def open_(tale: Tale, batch: ChainId) -> list[str]:
    query = select(findings.c.code).where(findings.c.batch == batch, findings.c.closed.is_(None))
    with tale.year.desk.engine.connect() as connection:
        return sorted(connection.execute(query).scalars())


def dosed(tale: Tale) -> tuple[Appended, ChainId]:
    field = tale.plant()
    return tale.spray(field, registration_no="PD-示例-0001", rate=kg("1", "kg")), field


def oversold(tale: Tale) -> tuple[Appended, ChainId]:
    lot = tale.lot()
    return tale.sell(lot, "5000"), lot


def warmed(tale: Tale) -> tuple[Appended, ChainId]:
    lot = tale.lot()
    return tale.sensed(lot, high=kg("12", "C"), excursions=[tale.spell(31)]), lot


@pytest.mark.parametrize(("story", "code"), [(dosed, "dose"), (oversold, "over-held")])
def test_an_owner_does_not_silence_what_was_found_of_it(tale: Tale, story: object, code: str) -> None:
    assert callable(story)
    wrong, batch = story(tale)
    tale.release(batch, wrong, by="coop")
    assert open_(tale, batch) == [code]
    tale.release(batch, wrong, by="inspector")
    assert open_(tale, batch) == []


def test_a_named_person_of_the_owners_judges_what_got_warm(tale: Tale) -> None:
    wrong, batch = warmed(tale)
    assert open_(tale, batch) == ["cold-chain"]
    tale.release(batch, wrong, by="coop")
    assert open_(tale, batch) == []


def test_a_friend_who_got_some_afterwards_does_not_agree_for_the_buyer(tale: Tale) -> None:
    picked = tale.pick(tale.plant())
    (lot,) = picked.statement.created
    tale.receive(tale.ship(lot), certificate_checked=True)
    outputs: list[Json] = [tale.world.output("tomato", "900")]
    corrected = tale.correct(picked, outputs=outputs)
    tale.state(
        "receive", "farm", {"goods": goods(lot, "1"), "shipment": tale.ship(lot, "1", to="farm").statement.hash}, lot
    )
    body: dict[str, Json] = {"about": corrected.statement.hash, "agree": True}
    tale.state("acknowledge", "farm", body, lot)
    assert "after-handover" in open_(tale, lot)
    tale.state("acknowledge", "shop", body, lot)
    assert "after-handover" not in open_(tale, lot)


def test_who_bought_what_was_picked_is_asked_about_the_field(tale: Tale) -> None:
    """A day of spraying put right once the fruit is sold: its buyer agrees, or it stands."""
    field = tale.plant()
    sprayed = tale.spray(field, ingredients=["吡虫啉"])
    (lot,) = tale.pick(field).statement.created
    tale.correct(sprayed, interval_days=1)
    assert "after-handover" not in open_(tale, field), "nobody else has any of it"
    tale.receive(tale.ship(lot), certificate_checked=True)
    corrected = tale.correct(sprayed, ingredients=["有机肥"], name="有机肥")
    assert open_(tale, field) == ["after-handover"]
    tale.state("acknowledge", "shop", {"about": corrected.statement.hash, "agree": True}, field)
    assert open_(tale, field) == []
