"""One story told four ways (program, words, lines, sheets) leaves the log in one state."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from clients.client import Client
from clients.device import Device
from clients.notebook import Notebook
from ledger.canonical import Json
from ledger.identity import ChainId
from tests.clients.importer.live import GENGJI, County
from tests.world import kg

DAY = datetime.now(UTC).strftime("%Y-%m-%d")
NOON = f"{DAY} 12:00"
SPRAY = {"name": "高钾水溶肥", "type": "fertilizer", "dose": "每亩 8 公斤", "interval_days": 0}


def gengji(device: Device, *words: str, here: Path | None = None) -> Any:
    done = subprocess.run(
        [GENGJI, *words, "--home", str(device.folder), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=here,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def by_program(device: Device, product: ChainId, folder: Path) -> None:
    at = datetime.fromisoformat(f"{NOON}+08:00").astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with Notebook(device) as notebook, Client(notebook) as client:
        mu: list[Json] = [{"product": product, "quantity": kg("2", "mu"), "lot": "P1"}]
        (planting,) = client.state("plant", {"outputs": mu}, at=at).statement.created
        client.state("apply", {**SPRAY, "start": at, "stop": at}, [planting], at)
        made: list[Json] = [{"product": product, "quantity": kg("100"), "lot": "H1"}]
        harvest = client.state("harvest", {"inputs": [{"batch": planting}], "outputs": made}, at=at)
        goods: list[Json] = [{"batch": harvest.statement.created[0], "quantity": kg("30")}]
        client.state("sell", {"goods": goods, "channel": "stall", "price": "90 元"}, at=at)
        assert all(outcome.refused is None for outcome in client.send())


def by_words(device: Device, product: ChainId, folder: Path) -> None:
    def said(*words: str) -> str:
        (line,) = gengji(device, "submit", *words, f"at={NOON}")["lines"]
        assert line["state"] == "receipted", line
        return str(line["created"][0]["trace_code"]) if line["created"] else ""

    planting = said("plant", "outputs.product=T-1", "outputs.quantity=2亩", "outputs.lot=P1")
    said("apply", f"on={planting}", "name=高钾水溶肥", "type=肥料", "dose=每亩 8 公斤", "interval_days=0",
         f"start={NOON}", f"stop={NOON}")  # fmt: skip
    lot = said("harvest", f"inputs.batch={planting}", "outputs.product=番茄", "outputs.quantity=100 kg",
               "outputs.lot=H1")  # fmt: skip
    said("sell", f"goods.batch={lot}", "goods.quantity=30公斤", "channel=摊位", "price=90 元")


def by_lines(device: Device, product: ChainId, folder: Path) -> None:
    records: list[tuple[str, dict[str, Any], list[str]]] = [
        ("plant", {"outputs": [{"product": product, "quantity": kg("2", "mu"), "lot": "P1"}]}, []),
        ("apply", {**SPRAY, "start": NOON, "stop": NOON}, ["@1-plant.jsonl"]),
        (
            "harvest",
            {
                "inputs": [{"batch": "@1-plant.jsonl"}],
                "outputs": [{"product": product, "quantity": kg("100"), "lot": "H1"}],
            },
            [],
        ),
        (
            "sell",
            {
                "goods": [{"batch": "@3-harvest.jsonl", "quantity": kg("30")}],
                "channel": "stall",
                "price": "90 元",
            },
            [],
        ),
    ]
    for number, (kind, body, on) in enumerate(records, 1):
        path = folder / f"{number}-{kind}.jsonl"
        path.write_text(json.dumps({"kind": kind, "at": NOON, "body": body, "on": on}), "utf-8")
        gengji(device, "submit", str(path))


def by_sheets(device: Device, product: ChainId, folder: Path) -> None:
    sheets = {
        "plant": "种植 时间,产出批次 货号,产出批次 批号,产出批次 数量\n{},T-1,P1,2亩\n",
        "apply": "用药施肥 时间,批次 货号,批次 批号,投入品,类别,用量,安全间隔期（天）,开始时间,停用时间\n"
        "{0},T-1,P1,高钾水溶肥,肥料,每亩 8 公斤,0,{0},{0}\n",
        "harvest": "采收出栏 时间,原料批次 货号,原料批次 批号,产出批次 货号,产出批次 批号,产出批次 数量\n"
        "{},T-1,P1,T-1,H1,100 公斤\n",
        "sell": "销售 时间,货物 货号,货物 批号,货物 数量,渠道,价格\n{},T-1,H1,30 kg,摊位,90 元\n",
    }
    for name, text in sheets.items():
        (folder / f"{name}.csv").write_text(text.format(NOON, NOON), "utf-8")
    told = gengji(device, "import", *(str(folder / f"{name}.csv") for name in sheets))
    assert [one["kind"] for one in told["recorded"]] == ["plant", "apply", "harvest", "sell"]
    assert gengji(device, "import", str(folder / "sell.csv"))["already"] == 1


Telling: TypeAlias = Callable[[Device, ChainId, Path], None]
WAYS: tuple[Telling, ...] = (by_program, by_words, by_lines, by_sheets)


def state(live: County, product: ChainId) -> dict[str, Any]:
    """What the log has of the story's two batches, but for ids, times and whose it is."""
    found: dict[str, Any] = {}
    for lot in ("P1", "H1"):
        (batch,) = httpx.get(f"{live.url}/v1/batches", params={"product": product, "lot": lot}).json()["batches"]
        about = f"{live.url}/v1/batches/{batch['code']}"
        events = httpx.get(f"{about}/events").raise_for_status().json()
        holdings = httpx.get(f"{about}/holdings").raise_for_status().json()
        found[lot] = {
            "events": [(event["kind"], event["at"], plain(event["values"])) for event in events],
            "holdings": sorted((row["account"], row["amount"], row["unit"]) for row in holdings),
            "findings": sorted(one["code"] for event in events for one in event["findings"]),
        }
    return found


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name not in ("batch", "product", "_sd")}
    return [plain(one) for one in value] if isinstance(value, list) else value


def test_however_it_is_told_it_is_the_same(live: County, tmp_path: Path) -> None:
    told = {}
    for way in WAYS:
        device = live.joins(way.__name__, "farm")
        with Notebook(device) as notebook, Client(notebook) as client:
            names: dict[str, Json] = {"names": {"zh": "番茄"}, "own_code": "T-1", "base_unit": "kg"}
            (product,) = client.state("product.add", names).statement.created
            client.send()
        folder = tmp_path / way.__name__
        folder.mkdir()
        way(device, product, folder)
        told[way.__name__] = state(live, product)
    assert {holding[0] for holding in told["by_program"]["H1"]["holdings"]} >= {"held", "sold"}
    assert len(told["by_program"]["P1"]["events"]) == 3
    for way in WAYS[1:]:
        assert told[way.__name__] == told["by_program"], way.__name__


@pytest.mark.parametrize("name", ["tomato", "pork"])
def test_a_season_is_begun_at_a_service_as_it_is_run(live: County, tmp_path: Path, name: str) -> None:
    device = live.joins(f"season of {name}", "farm")
    with Notebook(device) as notebook, Client(notebook) as client:
        client.state("product.add", {"names": {"zh": "一种"}, "own_code": "S-1", "base_unit": "kg"})
        place: dict[str, Json] = {"name": "三号棚", "kind": "plot", "division": "990101", "township": "稻香镇"}
        client.state("place.add", place)
        client.send()
    given = ("--product", "一种", "--place", "三号棚", "--at", DAY)
    begun = gengji(device, "template", "start", name, *given, "-o", str(tmp_path / "season"))
    first = tmp_path / "season" / begun["steps"][0]["file"]
    asked = subprocess.run([GENGJI, "submit", str(first), "--home", str(device.folder)], capture_output=True, text=True)
    assert asked.returncode == 1
    assert "?" in asked.stdout
    filled = first.read_text("utf-8").replace('"value": "?"', '"value": "3"').replace('"?"', '"某"')
    first.write_text(filled, "utf-8")
    (line,) = gengji(device, "submit", str(first))["lines"]
    assert line["state"] == "receipted"
