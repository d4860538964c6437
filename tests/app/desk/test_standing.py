"""A party's own page: what it holds, what is on the way, what waits for an answer, what is found about it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.audit.desk import WORKLIST, worklist
from app.desk.standing import SHOWN, Standing, standing
from app.main import create_app
from app.parties.names import Names
from ledger.canonical import Json
from ledger.identity import ChainId, trace_code
from tests.app.batches.desk import working
from tests.app.seeding import LOG_ID
from tests.app.town import PASSWORD, Town, settle
from tests.app.visiting import Visitor, visiting
from tests.world import World, county, harvested, kg, planted, time_text


def goods(batch: ChainId, value: str) -> dict[str, Json]:
    return {"goods": [{"batch": batch, "quantity": kg(value)}]}


def story() -> tuple[World, ChainId]:
    """A lot of which the co-op received some, is sent some, and the shop sold what it never had."""
    world = county()
    lot = harvested(world, planted(world), value="1000")
    receiver: dict[str, Json] = {"receiver": world.parties["coop"], "carrier": world.parties["carrier"]}
    first = world.state("ship", "farm", {**goods(lot, "300"), **receiver}, [lot])
    world.state("receive", "coop", {**goods(lot, "300"), "shipment": first.hash}, [lot])
    due = time_text(world.clock + 3600)
    world.state("ship", "farm", {**goods(lot, "200"), **receiver, "planned_arrival": due}, [lot])
    world.state("sell", "coop", {**goods(lot, "350"), "channel": "stall"}, [lot])
    world.state("sell", "shop", {**goods(lot, "1"), "channel": "shop"}, [lot])
    return world, lot


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    town = settle(tmp_path / "data", database_url, world=story()[0])
    yield town
    town.engine.dispose()


def look(town: Town, party: str, later: int = 0) -> Standing:
    names = Names(town.world.registry)
    return standing(town.engine, LOG_ID, names, town.world.parties[party], town.world.clock + later)


def test_both_ends_of_a_shipment_see_it_until_it_is_answered(town: Town) -> None:
    (coming,), (leaving,) = look(town, "coop").coming, look(town, "farm").leaving
    assert (coming.sender.zh, leaving.receiver.zh) == ("farm", "coop")
    assert [(one.amount, one.unit) for one in coming.goods] == [("200", "kg")]
    assert coming.carrier
    assert coming.statement == leaving.statement
    assert not coming.late
    assert look(town, "coop", later=7200).coming[0].late
    assert look(town, "farm", later=7200).leaving[0].late
    assert look(town, "farm").coming == look(town, "shop").coming == look(town, "carrier").coming == []


def test_what_it_holds_is_what_the_books_say_below_zero_too(town: Town) -> None:
    coop, farm = look(town, "coop"), look(town, "farm")
    assert [(one.batch.kind, one.amount) for one in coop.holding] == [("lot", "-50")]
    assert [(one.batch.kind, one.amount) for one in farm.holding] == [("lot", "500"), ("planting", "2000")]
    assert (farm.batches, look(town, "lab").batches) == (2, 0)


def test_findings_are_those_of_its_statements_and_of_what_it_holds(town: Town) -> None:
    assert [one.found.code for one in look(town, "coop").concerns][-1] == "over-held"
    assert {one.actor.zh for one in look(town, "shop").concerns if one.actor} == {"shop"}
    assert look(town, "lab").concerns == []


def test_what_it_stated_is_told_newest_first(town: Town) -> None:
    stated = look(town, "coop").stated
    assert [one.kind for one in stated][:2] == ["sell", "receive"]
    assert [one.index for one in stated] == sorted((one.index for one in stated), reverse=True)
    assert all(len(one.batches) <= 3 for one in stated)


@pytest.fixture
def visitor(town: Town) -> Iterator[Visitor]:
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def test_members_land_on_it_and_it_is_data_too(visitor: Visitor, town: Town) -> None:
    assert visitor.get("/desk").headers["location"].startswith("/sign-in?next=")
    assert visitor.get("/desk", {"accept": "application/json"}).status_code == 401
    assert visitor.sign_in("zhou.min", PASSWORD).headers["location"] == "/desk"
    page = visitor.get("/desk")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    lot = next(one for one in town.world.statements if one.kind == "harvest").created[0]
    # The service's clock is long past the planned arrival.
    for said in ("coop", "周敏", "过了预计到达时间，还没有答复", "账面不足", f"/t/{trace_code(lot)}", "farm"):
        assert said in page.text
    found = visitor.get("/desk", {"accept": "application/json"})
    assert found.headers["cache-control"] == "private, no-store"
    assert found.json()["coming"][0]["state"] == "late"
    english = visitor.get("/desk?lang=en").text
    assert "On the way here" in english


def test_every_header_says_who_has_signed_in(visitor: Visitor) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    for path, status in (("/", 200), ("/desk", 200), ("/audit", 403), ("/nowhere", 404)):
        page = visitor.get(path)
        assert page.status_code == status
        assert "周敏" in page.text
        assert "退出" in page.text
        assert 'href="/sign-in"' not in page.text


def test_a_kept_page_names_nobody_and_its_link_leads_home(visitor: Visitor, town: Town) -> None:
    lot = next(one for one in town.world.statements if one.kind == "harvest").created[0]
    visitor.sign_in("zhou.min", PASSWORD)
    page = visitor.get(f"/t/{trace_code(lot)}").text
    assert "周敏" not in page
    assert 'href="/sign-in"' in page
    assert visitor.get("/sign-in").headers["location"] == "/desk"


def test_findings_stand_by_what_they_are_about_and_no_longer_once_they_are_closed(
    database_url: str, tmp_path: Path
) -> None:
    with working(tmp_path / "data", database_url) as desk:
        coop = desk.world.parties["coop"]

        def found() -> tuple[int, list[tuple[str, int, str]]]:
            stands = standing(desk.engine, LOG_ID, Names(desk.world.registry), coop, desk.world.clock)
            return stands.findings, [(one.found.code, one.index, one.kind) for one in stands.concerns]

        sent = desk.ship(desk.lot, "100")
        sold = desk.state("sell", "coop", {**goods(desk.lot, "50"), "channel": "stall"}, [desk.lot])
        about = sold.first_index
        assert found() == (2, [("not-holder", about, "sell"), ("over-held", about, "sell")])
        # What a correction brings up is about what it corrects.
        wrong = desk.correct(sold, {**goods(desk.lot, "70")}, by="coop")
        assert [one[1:] for one in found()[1]] == [(about, "sell")] * found()[0]
        assert wrong.first_index > about
        desk.receive(sent, desk.lot, "100")
        assert found() == (0, [])


def test_how_many_there_are_is_told_where_not_all_are_listed(database_url: str, tmp_path: Path) -> None:
    with working(tmp_path / "data", database_url) as desk:
        for _ in range(SHOWN + 3):
            desk.state("sell", "shop", {**goods(desk.lot, "1"), "channel": "shop"}, [desk.lot])
        names, shop = Names(desk.world.registry), desk.world.parties["shop"]
        stands = standing(desk.engine, LOG_ID, names, shop, desk.world.clock)
        assert len(stands.concerns) == SHOWN < stands.findings
        # Another's findings on a batch that it once had are not its own.
        farm = standing(desk.engine, LOG_ID, names, desk.world.parties["farm"], desk.world.clock)
        assert farm.findings == stands.findings, "all of them are about what the farm still holds"
        count, newest = worklist(desk.engine, desk.log, names)
        assert (count, len(newest)) == (stands.findings, WORKLIST)
        indexes = [one.index for one in newest]
        assert indexes == sorted(indexes, reverse=True)
