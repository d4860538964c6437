"""Completeness over HTTP, on the regulator's page and on the party's desk; findings and batches as of a past day."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from ledger.canonical import Json
from ledger.identity import ChainId, grouped, mark, trace_code
from tests.app.town import PASSWORD, settle
from tests.app.visiting import Visitor, visiting
from tests.world import World, county, kg

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def world() -> World:
    """Tomatoes by their Chinese name, sprayed a month before they were picked; more shipped than there were."""
    world = county()
    world.add_product("番茄", "coop", may=[world.parties["farm"]])
    (planting,) = world.state("plant", "farm", {"outputs": [world.output("番茄", "500")], "plot": "七号地"}).created
    sprayed: dict[str, Json] = {"name": "吡虫啉", "start": "2026-02-02T00:00:00Z", "stop": "2026-02-02T01:00:00Z"}
    world.state("apply", "farm", sprayed, [planting], sealed={"person": "王五"})
    picked: dict[str, Json] = {"inputs": [{"batch": planting}], "outputs": [world.output("番茄", "300")]}
    (lot,) = world.state("harvest", "farm", picked, [planting]).created
    goods: list[Json] = [{"batch": lot, "quantity": kg("400")}]
    world.state("ship", "farm", {"goods": goods, "receiver": world.parties["coop"]}, [lot])
    return world


@pytest.fixture
def lot(world: World) -> ChainId:
    return next(one for one in world.statements if one.kind == "harvest").created[0]


@pytest.fixture
def visitor(tmp_path: Path, database_url: str, world: World) -> Iterator[Visitor]:
    town = settle(tmp_path / "data", database_url, world=world)
    town.engine.dispose()
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def read(visitor: Visitor, path: str, status: int = 200) -> Any:
    answer = visitor.get(path, {"accept": "application/json"})
    assert answer.status_code == status, answer.text
    return answer.json()


def test_by_the_profiles_that_are_for_such_goods(visitor: Visitor, lot: ChainId) -> None:
    judged = read(visitor, f"/v1/batches/{mark(lot)}/completeness")["profiles"]
    assert [one["profile"] for one in judged] == ["china-2026", "fsma-204"]
    assert all(0 < one["score"] < 100 for one in judged)
    assert {gap["step"] for one in judged[:1] for gap in one["gaps"]} >= {"certificate", "inputs"}
    (eu,) = read(visitor, f"/v1/batches/{lot}/completeness?profile=eu-931-2011")["profiles"]
    assert (eu["applies"], eu["steps"][0]["state"]) == (False, "missing")
    assert "王五" not in str(judged)


def test_as_it_was_before_it_was_shipped(visitor: Visitor, world: World, lot: ChainId) -> None:
    shipped = next(one for one in world.statements if one.kind == "ship")
    path = f"/v1/batches/{lot}/completeness?profile=china-2026&as_of={world.first[shipped.hash] - 1}"
    (judged,) = read(visitor, path)["profiles"]
    assert {step["id"]: step["state"] for step in judged["steps"]}["shipping"] == "not-applicable"


def test_the_profiles_say_where_they_come_from(visitor: Visitor) -> None:
    profiles = read(visitor, "/v1/profiles")
    assert [one["id"] for one in profiles] == ["china-2026", "eu-931-2011", "fsma-204"]
    assert all(one["source"] and one["since"] and one["demonstration"] for one in profiles)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/batches/{lot}/completeness?profile=mars", 404, "no-profile"),
        ("/v1/batches/{lot}/completeness?as_of=then", 422, "as-of"),
        ("/v1/batches/{lot}/completeness?as_of=0", 404, "no-code"),
        ("/v1/batches/{lot}/findings?as_of=then", 422, "as-of"),
        ("/v1/batches/{lot}/events?as_of=0", 404, "no-code"),
        ("/v1/batches/{lot}?as_of=0", 404, "no-code"),
    ],
)
def test_what_is_refused(visitor: Visitor, lot: ChainId, path: str, status: int, code: str) -> None:
    problem = read(visitor, path.format(lot=lot), status)
    assert problem["code"] == code
    assert problem["detail"] != code


def test_findings_as_they_stood(visitor: Visitor, world: World, lot: ChainId) -> None:
    shipped = world.first[next(one for one in world.statements if one.kind == "ship").hash]
    now = {one["found"]["code"]: one for one in read(visitor, f"/v1/batches/{lot}/findings")}
    short = next(one for one in now.values() if one["about"] == shipped)
    assert short["closed"] is None
    assert short["found"]["text"]["zh"]
    before = read(visitor, f"/v1/batches/{lot}/findings?as_of={shipped - 1}")
    assert shipped not in {one["about"] for one in before}


def test_a_batch_and_its_events_as_they_stood(visitor: Visitor, world: World, lot: ChainId) -> None:
    shipped = world.first[next(one for one in world.statements if one.kind == "ship").hash]
    assert [one["kind"] for one in read(visitor, f"/v1/batches/{lot}/events?as_of={shipped - 1}")] == ["harvest"]
    assert read(visitor, f"/v1/batches/{lot}?as_of={shipped - 1}")["quantity"] == "300"


def test_the_regulators_page_names_what_is_missing(visitor: Visitor, lot: ChainId) -> None:
    visitor.sign_in("li.na", PASSWORD)
    page = visitor.get(f"/audit/batches/{mark(lot)}").text
    assert "记录完整度" in page
    assert "还没有“承诺达标合格证”的记录" in page
    assert "21 CFR 1.1340" in page
    assert f"/v1/batches/{mark(lot)}/record.csv" in page
    assert "Nothing is recorded of certificate" in visitor.get(f"/audit/batches/{mark(lot)}?lang=en").text
    assert read(visitor, f"/audit/batches/{mark(lot)}")["completeness"][0]["profile"] == "china-2026"


def test_a_desk_says_what_to_fill_in_next_and_until_when_records_are_kept(visitor: Visitor, lot: ChainId) -> None:
    visitor.sign_in("ma.ke", PASSWORD)
    stands = read(visitor, "/desk")
    ((batch, gaps),) = stands["to_do"]
    assert batch["chain"] == lot
    assert [gap["cost"] for gap in gaps] == sorted((gap["cost"] for gap in gaps), reverse=True)
    assert {one["index"] for one in stands["kept"]} == {one["index"] for one in stands["stated"]}
    page = visitor.get("/desk").text
    assert "接下来补什么" in page
    assert grouped(trace_code(lot)) in page
    assert gaps[0]["text"]["zh"] in page
    assert "可删除的日期" in page
    assert "What to fill in next" in visitor.get("/desk?lang=en").text
