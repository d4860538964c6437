"""``/v1/parties``, ``/v1/products``, ``/v1/places``, ``/v1/kinds`` and ``/v1/log``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from ledger import records
from tests.app.town import PASSWORD, settle
from tests.app.visiting import Visitor, visiting
from tests.world import World, county

JSON = {"accept": "application/json"}


@pytest.fixture
def world() -> World:
    world = county()
    world.add_product("pear", "farm", gtin="6901234567892")
    for number in range(5):
        world.add_place(f"shed {number}", "coop", "store")
    return world


@pytest.fixture
def visitor(tmp_path: Path, database_url: str, world: World) -> Iterator[Visitor]:
    town = settle(tmp_path / "data", database_url, world=world)
    town.engine.dispose()
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def read(visitor: Visitor, path: str, status: int = 200) -> Any:
    answer = visitor.get(path, JSON)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_party(visitor: Visitor, world: World) -> None:
    party = read(visitor, f"/v1/parties/{world.parties['coop']}")
    assert (party["name"], party["roles"], party["type"]) == ("coop", ["farm", "processor"], "coop")
    (key,) = party["keys"]
    assert (key["kid"], key["revoked"]) == (world.devices["coop"].key.public.kid, None)
    assert read(visitor, "/v1/parties/nobody", 404)["code"] == "no-party"


def test_products_and_places_are_found_by_part_of_a_name(visitor: Visitor, world: World) -> None:
    def ids(path: str) -> list[str]:
        (found,) = (rows for name, rows in read(visitor, path).items() if name != "next")
        return [each["id"] for each in found]

    assert ids("/v1/products?q=TOM") == [world.products["tomato"]]
    assert ids("/v1/products?gtin=06901234567892") == [world.products["pear"]]
    assert ids(f"/v1/products?party={world.parties['farm']}") == [world.products["tomato"], world.products["pear"]]
    assert ids(f"/v1/places?party={world.parties['farm']}") == [world.places["plot 7"]]
    assert len(ids("/v1/places?q=丹景山")) == 6
    assert ids("/v1/places?cursor=99") == []


def test_places_come_page_by_page_without_their_positions(visitor: Visitor) -> None:
    visitor.sign_in("li.na", PASSWORD)
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = visitor.get(f"/v1/places?q=shed&limit=2&cursor={cursor}", JSON)
        assert "31.09" not in page.text
        names += [place["name"] for place in page.json()["places"]]
        cursor = page.json()["next"]
    assert names == [f"shed {number}" for number in range(5)]
    assert read(visitor, "/v1/places?cursor=-1", 422)["code"] == "cursor"


def test_kinds_are_described_for_forms_and_programs(visitor: Visitor) -> None:
    kinds = read(visitor, "/v1/kinds")
    assert [kind["name"] for kind in kinds] == list(records.KINDS)
    assert all(kind["help_zh"] and kind["help_en"] for kind in kinds)
    ship = read(visitor, "/v1/kinds/ship")
    assert (ship["title"], ship["x-roles"]) == ("发货", ["farm", "processor", "shop", "warehouse"])
    assert ship["properties"]["plate"]["x-audience"] == "regulator"
    assert read(visitor, "/v1/kinds/fly", 404)["code"] == "kind"


def test_the_log_says_what_it_is(visitor: Visitor, world: World) -> None:
    log = read(visitor, "/v1/log")
    assert (log["origin"], log["root"], log["demonstration"]) == (world.log, world.parties["root"], True)
    assert log["vkeys"] == [str(world.vkey)]
    assert "ship" in log["policy"]["farm"]
