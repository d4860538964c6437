"""``/v1/batches`` and ``/v1/changes`` over HTTP: for anyone, for those who have signed in, and what is refused."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import zxingcpp
from PIL import Image

from app.main import create_app
from ledger.canonical import Json
from ledger.identity import ChainId, grouped, mark, trace_code
from tests.app.town import PASSWORD, settle
from tests.app.visiting import Visitor, visiting
from tests.world import World, county, harvested, kg, planted

JSON = {"accept": "application/json"}


@pytest.fixture
def world() -> World:
    return county()


@pytest.fixture
def lot(world: World) -> ChainId:
    """500 kg of it are on the way to the co-op, in a lorry whose plate is not everybody's business."""
    lot = harvested(world, planted(world))
    goods: list[Json] = [{"batch": lot, "quantity": kg("500")}]
    body: dict[str, Json] = {"goods": goods, "receiver": world.parties["coop"]}
    world.state("ship", "farm", body, [lot], {"plate": "川A·12345", "seal": "封-77"})
    return lot


@pytest.fixture
def visitor(tmp_path: Path, database_url: str, world: World, lot: ChainId) -> Iterator[Visitor]:
    town = settle(tmp_path / "data", database_url, world=world)
    town.engine.dispose()
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def read(visitor: Visitor, path: str, status: int = 200) -> Any:
    answer = visitor.get(path, JSON)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_batch_and_all_that_is_known_of_it(visitor: Visitor, world: World, lot: ChainId) -> None:
    for name in (lot, mark(lot), trace_code(lot), quote(grouped(trace_code(lot)))):
        assert read(visitor, f"/v1/batches/{name}")["chain"] == lot
    at = f"/v1/batches/{mark(lot)}"
    assert [event["kind"] for event in read(visitor, f"{at}/events")] == ["harvest", "ship"]
    graph = read(visitor, f"{at}/lineage?direction=back&depth=3")
    assert [node["kind"] for node in graph["nodes"]] == ["lot", "planting"]
    (held, transit) = read(visitor, f"{at}/holdings")
    assert (held["amount"], transit["amount"], transit["to"]["zh"]) == ("750.5", "500", "coop")
    assert [view["chain"] for view in read(visitor, "/v1/batches?q=tomato&limit=1")["batches"]] == [lot]
    assert read(visitor, "/v1/changes?after=0&limit=1")["more"] is True


def test_sealed_values_are_for_those_who_may(visitor: Visitor, lot: ChainId) -> None:
    path = f"/v1/batches/{mark(lot)}/events"
    public = visitor.get(path, JSON)
    assert "川A" not in public.text
    assert "no-cache" in public.headers["cache-control"]
    visitor.sign_in("li.na", PASSWORD)
    inside = visitor.get(path, JSON)
    assert "川A·12345" in inside.text
    assert "no-store" in inside.headers["cache-control"]
    assert "川A·12345" in visitor.get("/v1/changes?after=10", JSON).text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/batches/" + "A" * 22, 404, "no-code"),
        ("/v1/batches/12345678901234567890", 422, "code-check"),
        ("/v1/batches/1234", 422, "code-digits"),
        ("/v1/batches?product=6901234567892&lot=x", 404, "no-code"),
        ("/v1/batches?cursor=x", 422, "cursor"),
        ("/v1/batches?limit=0", 422, "request"),
        ("/v1/batches/{lot}/lineage?direction=up", 422, "request"),
        ("/v1/batches/{lot}/lineage?depth=1000", 422, "request"),
        ("/v1/batches/{lot}/holdings?as_of=then", 422, "as-of"),
        ("/v1/batches/{lot}/label.gif", 404, "no-page"),
        ("/v1/batches/{lot}/label.png?size=20x20", 422, "label-qr"),
        ("/v1/batches/{lot}/label.png?size=huge", 422, "label-size"),
        ("/v1/batches/{lot}/label.png?dpi=9", 422, "label-dpi"),
        ("/v1/changes?after=-2", 422, "request"),
        ("/v1/changes?after=" + "9" * 30, 422, "request"),
        ("/t?code=http://[x", 422, "code-digits"),
    ],
)
def test_what_is_refused_is_worded(visitor: Visitor, lot: ChainId, path: str, status: int, code: str) -> None:
    problem = read(visitor, path.format(lot=lot), status)
    assert problem["code"] == code
    assert problem["detail"] != code


def test_a_label_opens_its_batch(visitor: Visitor, lot: ChainId) -> None:
    png = visitor.get(f"/v1/batches/{lot}/label.png", JSON)
    assert png.headers["content-type"] == "image/png"
    (symbol,) = zxingcpp.read_barcodes(Image.open(BytesIO(png.content)).convert("L"))
    assert symbol.text == f"https://trace.example.org/t/{mark(lot)}"
    svg = visitor.get(f"/v1/batches/{lot}/label.svg?size=80x60", JSON)
    assert svg.headers["content-type"] == "image/svg+xml"
    assert grouped(trace_code(lot)) in svg.text


def test_the_api_describes_itself(visitor: Visitor) -> None:
    paths = read(visitor, "/openapi.json")["paths"]
    for path, model in (
        ("/v1/batches", "BatchPage"),
        ("/v1/batches/{name}", "BatchView"),
        ("/v1/batches/{name}/lineage", "Graph"),
        ("/v1/changes", "ChangePage"),
        ("/v1/parties/{chain}", "PartyView"),
        ("/v1/products", "ProductPage"),
        ("/v1/places", "PlacePage"),
        ("/v1/log", "LogView"),
    ):
        answer = paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer["$ref"].endswith(f"/{model}"), path
