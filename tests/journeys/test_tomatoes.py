"""Tomatoes picked four days after spraying: stopped, released on the first lawful day, promised for, sold in three
markets.
"""

from ledger.identity import ChainId
from tests.journeys.land import Land, Party, Stated, batches, made, measured, measurement, some

SPRAY = {"name": "示例吡虫啉粉剂", "registration_no": "PD-示例-0001", "ingredients": ["吡虫啉"]}


def test_tomatoes_picked_too_early_wait_for_the_first_lawful_day(land: Land) -> None:
    coop = land.enrol("清河蔬菜合作社", "coop", "farm")
    markets = [land.enrol(f"{where}市场菜摊", "company", "shop") for where in ("城东", "城西", "城南")]

    land.calendar.turn("04-02")
    tomato = coop.product("番茄")
    planting = coop.state("plant", outputs=[made(tomato, 6, "mu")]).batch
    powder = coop.state("acquire", type="pesticide", quantity=measured(2), **SPRAY).batch
    land.calendar.turn("05-01", "16:00")
    coop.state(
        "apply", planting, inputs=[some(powder, "0.48")], start=land.calendar.at(-2), stop=land.calendar.at(),
        interval_days=7, target="蚜虫", **SPRAY,
    )  # fmt: skip
    assert land.where(powder) == {("held", "清河蔬菜合作社"): "1.52", ("consumed", "清河蔬菜合作社"): "0.48"}

    land.calendar.turn("05-05", "07:00")
    picked = {"inputs": batches([planting]), "outputs": [made(tomato, 1000, lot="FQ-0505")]}
    assert coop.warned("harvest", **picked) == ["interval"], "she is told before she signs"
    harvest = coop.state("harvest", **picked, origin="清河镇")
    assert harvest.findings == ["interval"], "and what she did is recorded all the same"
    lot = harvest.batch
    (early,) = land.found(lot)
    assert (early.params["lawful"], early.params["days"]) == ("2026-05-08", "7")

    nothing_goes_out(land, coop, markets[0], lot)
    test = released_on_the_day(land, coop, harvest)
    promise = coop.certify(lot)
    assert promise.findings == []
    (certificate,) = land.get(f"/v1/batches/{lot}/certificates")["certificates"]
    assert (certificate["form"], certificate["basis"], certificate["tests"]) == ("own", ["commissioned"], [test.hash])
    assert land.ask(f"/v1/certificates/{promise.hash}.pdf", size="label").content.startswith(b"%PDF")

    sold_in_three_markets(land, coop, markets, lot)
    assert land.standing(lot) == []
    land.shopper(lot, "normal", "番茄", "清河蔬菜合作社", "吡虫啉")
    land.holds(lot)


def nothing_goes_out(land: Land, coop: Party, market: Party, lot: ChainId) -> None:
    """On hold no certificate is issued and no label drawn; a shipment would be recorded, with what it is."""
    land.shopper(lot, "held", "2026-05-08")
    words = {"form": "own", "product_name": "番茄", "origin": "清河镇", "issued": "2026-05-05", "basis": ["control"]}
    assert coop.refused("certify", goods=[some(lot, 1000)], **words) == (409, "held")
    assert coop.refused("label", lot, action="printed", labels=40, content=measured(25)) == (409, "held")
    assert land.ask(f"/v1/batches/{lot}/certificate", party=coop.chain).json()["code"] == "held"
    assert land.label(lot) == "held"
    goods = [some(lot, 300)]
    assert coop.warned("ship", goods=goods, receiver=market.chain) == ["moved-on-hold", "certificate-due"]


def released_on_the_day(land: Land, coop: Party, harvest: Stated) -> Stated:
    """By whoever answers for it, on the ground of a test, and not a day early. Gives the test."""
    lot = harvest.batch
    land.calendar.turn("05-07", "09:00")
    said = {"answers": [harvest.hash], "reason": "安全间隔期已满，检测合格", "person": "王小芳"}
    assert coop.refused("release", lot, **said) == (409, "release-early")
    land.calendar.turn("05-08", "09:00")
    test = land.lab.state(
        "test", lot, sample_no="S-0508", type="quantitative", sampled=land.calendar.at(-1), conclusion="pass",
        items=[measurement("吡虫啉", "0.08", "1")],
    )  # fmt: skip
    land.shopper(lot, "held")
    release = coop.state("release", lot, tests=[test.hash], **said)
    assert land.closed(lot) == [("interval", "released")]
    assert "王小芳" not in str(land.signed(release.hash, lot)), "only supervisors read the name"
    land.shopper(lot, "normal")
    return test


def sold_in_three_markets(land: Land, coop: Party, markets: list[Party], lot: ChainId) -> None:
    """950 of 1000 kg go out; five arrive crushed, a market sends twenty back, and every kilogram is somewhere."""
    for day, market, amount in zip(("05-08", "05-08", "05-09"), markets, (400, 300, 250), strict=True):
        land.calendar.turn(day, "10:00")
        shipment = coop.send(market, some(lot, amount))
        assert shipment.findings == []
        assert ("transit", coop.name) in land.where(lot)
        land.calendar.turn(day, "14:00")
        if market is markets[1]:
            market.receive(shipment, some(lot, 295), short=[{**some(lot, 5), "reason": "damaged"}])
        elif market is markets[2]:
            market.receive(shipment, some(lot, 230))
            market.state("reject", shipment=shipment.hash, goods=[some(lot, 20)], reason="偏软")
        else:
            market.receive(shipment, some(lot, amount))
    land.calendar.turn("05-10", "19:00")
    for market, amount in zip(markets, (400, 290, "210.5"), strict=True):
        assert market.state("sell", goods=[some(lot, amount)], channel="stall").findings == []
    assert land.where(lot) == {
        ("held", "清河蔬菜合作社"): "70",
        ("held", "城西市场菜摊"): "5",
        ("held", "城南市场菜摊"): "19.5",
        ("sold", "城东市场菜摊"): "400",
        ("sold", "城西市场菜摊"): "290",
        ("sold", "城南市场菜摊"): "210.5",
        ("lost", "清河蔬菜合作社"): "5",
    }
