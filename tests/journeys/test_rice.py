"""Rice: a mill sells more than it milled. What it passed off under a good code is known to the kilogram."""

from ledger.identity import ChainId
from tests.journeys.land import Land, Party, batches, made, measured, some


def test_more_sold_than_milled_is_caught_by_the_kilogram(land: Land) -> None:
    coop = land.enrol("稻香源合作社", "coop", "farm")
    mill = land.enrol("金穗米厂", "company", "processor")
    city, town = land.enrol("惠民超市", "company", "shop"), land.enrol("镇上粮店", "company", "shop")
    rice = milled(land, coop, mill)
    assert land.where(rice) == {("held", "金穗米厂"): "3900"}
    too_many_labels(land, mill, rice)

    land.calendar.turn("05-20")
    city.receive(mill.send(city, some(rice, 2400)), some(rice, 2400))
    land.shopper(rice, "normal")
    land.calendar.turn("05-22")
    assert mill.warned("ship", goods=[some(rice, 2100)], receiver=town.chain) == ["over-held"]
    more = mill.send(town, some(rice, 2100))
    assert more.findings == ["over-held"]
    (caught,) = (one for one in land.found(rice) if one.code == "over-held")
    told = {name: caught.params[name] for name in ("has", "wanted", "short", "unit", "party")}
    assert told == {"has": "1500", "wanted": "2100", "short": "600", "unit": "kg", "party": mill.chain}
    town.receive(more, some(rice, 2100))
    assert land.where(rice)["held", "金穗米厂"] == "-600"
    land.shopper(rice, "doubtful", "600", "金穗米厂")

    # Six hundred kilograms came from nowhere; only what goes back to the mill makes its account whole.
    land.calendar.turn("05-25")
    land.bureau.state("inspect", rice, task="DX-0525", party=mill.chain, result="rectify", remarks="收回多发的大米")
    town.state("sell", goods=[some(rice, 300)], channel="shop")
    back = town.send(mill, some(rice, 599))
    mill.receive(back, some(rice, 599))
    assert land.standing(rice) == ["over-held"], "one kilogram short is short"
    mill.receive(town.send(mill, some(rice, 1)), some(rice, 1))
    assert land.closed(rice)[-1] == ("over-held", "record")
    land.shopper(rice, "normal")
    assert land.where(rice) == {
        ("held", "惠民超市"): "2400",
        ("held", "镇上粮店"): "1200",
        ("sold", "镇上粮店"): "300",
    }
    land.holds(rice)


def milled(land: Land, coop: Party, mill: Party) -> ChainId:
    """6000 kg of paddy, 3900 of rice in bags of 5 kg, and what else came of it."""
    land.calendar.turn("03-02")
    paddy, husk = coop.product("稻谷"), mill.product("稻壳")
    white = mill.product(
        "大米", factors=[{"unit": "bag", "factor": measured(5)}], **{"yield": {"low": 600, "high": 700}}
    )  # fmt: skip
    field = coop.state("plant", outputs=[made(paddy, 14, "mu")]).batch
    land.calendar.turn("05-10")
    lot = coop.state("harvest", inputs=batches([field]), outputs=[made(paddy, 6000)], origin="稻香镇").batch
    shipment = coop.send(mill, some(lot, 6000))
    assert shipment.findings == [], "no certificate is due for grain"
    mill.receive(shipment, some(lot, 6000), certificate_checked=False)
    land.calendar.turn("05-18")
    made_ = [made(white, 780, "bag", lot="DM-0518"), made(husk, 1900, by_product=True)]
    milling = mill.state("process", inputs=[some(lot, 6000)], outputs=made_, loss=measured(200))
    assert milling.findings == []
    return milling.batches[0]


def too_many_labels(land: Land, mill: Party, rice: ChainId) -> None:
    """Twenty labels more than there are bags: the hundred kilograms that they could stand for."""
    land.calendar.turn("05-19")
    printed = mill.state("label", rice, action="printed", labels=800, content=measured(5))
    assert printed.findings == ["over-labelled"]
    assert land.found(rice)[-1].params["short"] == "100"
    mill.state("label", rice, action="void", labels=20, content=measured(5), reason="多印")
    assert land.closed(rice) == [("over-labelled", "record")]
    assert land.label(rice) == 200
