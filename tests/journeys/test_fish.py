"""Fish: the truck's cooling failed for an hour and a half. It shows until somebody answers for it by name."""

import pytest

from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.identity import ChainId
from tests.journeys.land import Land, Party, Stated, batches, made, measured, some

COLD: Json = {"low": "0", "high": "4", "minutes": 60}


def celsius(value: str) -> dict[str, Json]:
    return measured(value, "C")


def test_a_broken_cold_chain_is_released_by_name(land: Land) -> None:
    farm = land.enrol("平湖渔业公司", "company", "farm")
    carrier = land.enrol("顺路冷链", "company", "carrier")
    shops = [land.enrol(f"{where}水产店", "company", "shop") for where in ("城关", "河口")]
    land.calendar.turn("03-05")
    carp = farm.product("草鱼", cold=COLD)
    pond = farm.state("stock", outputs=[made(carp, 8000, "piece")], source="示例鱼苗场", pen="三号塘").batch
    land.calendar.turn("06-01", "05:00")
    catch = farm.state("harvest", inputs=batches([pond]), outputs=[made(carp, 2000)], origin="平湖镇", cooling="冰鲜")
    lot: ChainId = catch.batch
    assert farm.certify(lot).findings == []

    kept = driven(land, farm, carrier, shops[0], lot, high="5.5", minutes=40)
    assert kept == [], "warm for less than it may be"
    warm = driven(land, farm, carrier, shops[1], lot, high="9.5", minutes=95)
    assert warm == ["cold-chain"]
    land.shopper(lot, "normal", "9.5")
    assert land.label(lot) == 200, "it shows, and stops nothing"

    examined_and_released(land, farm, shops[1], lot)
    for shop, amount in zip(shops, (700, 500), strict=True):
        shop.state("sell", goods=[some(lot, amount)], channel="shop")
    assert land.where(lot) == {
        ("held", "平湖渔业公司"): "200",
        ("held", "城关水产店"): "300",
        ("held", "河口水产店"): "290",
        ("sold", "城关水产店"): "700",
        ("sold", "河口水产店"): "500",
        ("lost", "河口水产店"): "10",
    }
    land.holds(lot)


def driven(land: Land, farm: Party, carrier: Party, shop: Party, lot: ChainId, *, high: str, minutes: int) -> list[str]:
    """What is found of the way to a shop, on which the thermometer went up to ``high`` for so many minutes."""
    amount = 1000 if minutes < 60 else 800
    asked: Json = {"low": celsius("0"), "high": celsius("4")}
    shipment = farm.send(shop, some(lot, amount), carrier=carrier.chain, temperature_range=asked, plate="示A·F0208")
    drove = {"shipment": shipment.hash, "vehicle": "冷藏车", "device": "温度计-07", "calibrated": "2026-01-10"}
    carrier.state("load", lot, temperature=celsius("2.0"), **drove)
    land.calendar.now = land.calendar.now.replace(hour=land.calendar.now.hour + 3)
    log: Json = {"low": celsius("1.2"), "high": celsius(high)}
    unloaded: Stated = carrier.state("unload", lot, temperature_log=log, excursion_minutes=minutes, **drove)
    shop.receive(shipment, some(lot, amount), temperature=celsius("3.8"))
    return [*unloaded.findings]


def examined_and_released(land: Land, farm: Party, shop: Party, lot: ChainId) -> None:
    """The shop throws away what it must; a named person of the farm answers for the rest."""
    shop.state("dispose", goods=[some(lot, 10)], reason="spoiled", method="无害化处理")
    (found,) = land.found(lot)
    assert {name: found.params[name] for name in ("has", "high", "minutes", "allowed")} == {
        "has": "9.5", "high": "4", "minutes": "95", "allowed": "60",
    }  # fmt: skip
    (record,) = (
        event["hash"]
        for event in land.get(f"/v1/batches/{lot}/events")
        if event["kind"] == "unload" and event["findings"]
    )
    said: dict[str, Json] = {"answers": [record], "reason": "感官和挥发性盐基氮检验合格"}
    assert shop.refused("release", lot, person="何店长", **said) == (403, "not-owner")
    with pytest.raises(Malformed, match="person"):
        farm.state("release", lot, **said)
    release = farm.state("release", lot, person="余小舟", **said)
    assert land.closed(lot) == [("cold-chain", "released")]
    told = land.signed(release.hash, lot)
    assert told["actor"]["zh"] == "平湖渔业公司"
    assert "余小舟" not in str(told)
    land.shopper(lot, "normal", "草鱼", "平湖镇")
