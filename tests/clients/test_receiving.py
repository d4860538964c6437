"""``gengji receive`` and ``gengji reject`` against the service itself: looked at by the code on the box, answered."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients import cli
from clients.device import Device
from clients.service import Service
from ledger.identity import ChainId, trace_code
from ledger.policy import Pin, Policy
from tests.app.handover.road import Road
from tests.app.seeding import seed
from tests.parts.service import serving


class Door:
    """The co-op's own device, at the door where the goods come in."""

    url: str

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.road, self.capsys, self.home = Road(), capsys, folder / "coop"
        world = self.road.world
        pin = Pin(Policy(((world.vkey, ""),)), world.parties["root"])
        device = Device.create(self.home, "http://127.0.0.1:1", pin, party=world.parties["coop"])
        world.state("key.add", "coop", device.offer(), [world.parties["coop"]])
        self.settings = seed(folder / "data", world)

    def __call__(self, *arguments: str) -> int:
        code = cli.run([*arguments, "--url", self.url], {"LANG": "zh_CN.UTF-8"})
        self.out, self.err = self.capsys.readouterr()
        return code

    def where(self, batch: ChainId) -> dict[tuple[str, str], str]:
        with Service(self.url) as service:
            rows: list[dict[str, Any]] = json.loads(service.read(f"/v1/batches/{trace_code(batch)}/holdings"))
        return {(row["account"], row["owner"]["zh"]): row["amount"] for row in rows}


@pytest.fixture
def door(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    door = Door(tmp_path, capsys)
    monkeypatch.setenv("GENGJI_HOME", str(door.home))
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    with serving(door.settings.data) as (door.url, _):
        yield door


def test_what_stops_it_is_read_first_and_nothing_is_signed_by_looking(door: Door) -> None:
    good, stopped = trace_code(door.road.good), trace_code(door.road.stopped)
    assert door("receive", stopped) == 0
    assert door.out.startswith("⛔ 已暂停：")
    assert "抽检不合格" in door.out.splitlines()[0]
    assert "合格证：没有" in door.out
    assert "没有收取" in door.out, "what signing it would bring up"
    assert door("receive", good) == 0
    assert "⛔" not in door.out
    assert "番茄 80 公斤" in door.out
    assert "合格证：F-1 有效" in door.out
    assert door("receive", stopped, "--json") == 0
    told = json.loads(door.out)
    assert (told["stops"][0]["code"], [one["code"] for one in told["findings"]]) == ("on-hold", ["certificate-missing"])
    assert door.where(door.road.good)["transit", "farm"] == "80"


def test_taken_in_part_then_the_rest_refused(door: Door) -> None:
    good = trace_code(door.road.good)
    assert door("receive", good, "--quantity", "70", "--damaged", "4kg", "--checked", "--sign") == 0
    assert "收货 已记录" in door.out
    assert door.where(door.road.good) == {
        ("held", "farm"): "20", ("held", "coop"): "70", ("transit", "farm"): "6", ("lost", "farm"): "4",
    }  # fmt: skip
    assert door("reject", good, "--reason", "腐坏", "--sign", "--json") == 0
    assert json.loads(door.out)["lines"][0]["state"] == "receipted"
    assert door.where(door.road.good)["held", "farm"] == "26"
    assert door("receive", good) == 2
    assert "没有发给您" in door.err


def test_what_cannot_be_is_said_in_words(door: Door) -> None:
    good = trace_code(door.road.good)
    assert door("receive", good, "--quantity", "很多", "--sign") == 2
    assert "--quantity 应为数量（单位 kg）" in door.err
    assert door("receive", good, "--shipment", door.road.good) == 2
    assert "没有发给您" in door.err
    world = door.road.world
    again = world.statement("ship", "farm", dict(door.road.sent.body), door.road.sent.on)
    headers = {"content-type": "application/jose"}
    httpx.post(f"{door.url}/v1/statements", content=world.presentation(again), headers=headers).raise_for_status()
    assert door("receive", good) == 2
    assert f"--shipment {again.hash}" in door.err
    assert door("receive", good, "--shipment", again.hash, "--sign") == 0
    assert door.where(door.road.good)["held", "coop"] == "80"
