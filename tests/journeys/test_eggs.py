"""Eggs: a co-op's agent enters for twelve farmers without phones, and only what she was let."""

from ledger.canonical import Json
from ledger.identity import ChainId
from tests.journeys.land import Land, Party, batches, made, measurement, some

FAMILIES = ("赵", "钱", "孙", "李", "周", "吴", "郑", "王", "冯", "陈", "褚", "卫")
KINDS = "stock harvest certify ship"


def test_an_agent_enters_for_twelve_farmers_without_phones(land: Land) -> None:
    coop, shop = land.enrol("稻香蛋品合作社", "coop", "farm"), land.enrol("惠民鸡蛋铺", "company", "shop")
    farmers = [
        land.enrol(f"稻香村{family}家", "household", "farm", agent=coop, kinds=KINDS) for family in FAMILIES
    ]  # fmt: skip
    land.calendar.turn("04-01")
    box: Json = [{"unit": "box", "factor": {"unit": "egg", "value": "30"}}]
    eggs = coop.product("鲜鸡蛋", "egg", factors=box, may=[farmer.chain for farmer in farmers])
    hens = coop.product("蛋鸡", "head", may=[farmer.chain for farmer in farmers])

    lots = [gathered(land, coop, farmer, hens, eggs, 100 + 10 * number) for number, farmer in enumerate(farmers)]
    both_names_stand_there(land, coop, farmers[0], lots[0])
    assert coop.refused("sell", for_=farmers[0], goods=[some(lots[0], 1, "egg")], channel="stall") == (403, "agent")

    graded = collected_and_graded(land, coop, farmers, lots, eggs)
    land.calendar.turn("04-12")
    shop.receive(coop.send(shop, some(graded, 60, "box")), some(graded, 1800, "egg"))
    shop.state("sell", goods=[some(graded, 41, "box")], channel="shop")
    assert land.where(graded) == {
        ("held", "稻香蛋品合作社"): "30",
        ("held", "惠民鸡蛋铺"): "570",
        ("sold", "惠民鸡蛋铺"): "1230",
    }
    assert land.standing(graded) == []
    land.shopper(graded, "normal", "鲜鸡蛋", "稻香蛋品合作社", "稻香村赵家", "稻香村卫家")

    kinds: Json = KINDS.split()
    land.registrar.state("agent.end", farmers[0].chain, agent=coop.chain, kinds=kinds)
    assert coop.refused("stock", for_=farmers[0], outputs=[made(hens, 20, "head")]) == (403, "agent")
    land.holds(graded)


def gathered(land: Land, coop: Party, farmer: Party, hens: ChainId, eggs: ChainId, amount: int) -> ChainId:
    """Flock, gathering and certificate of one farmer, all on the co-op's phone."""
    land.calendar.turn("04-01", "09:00")
    flock = coop.state("stock", for_=farmer, outputs=[made(hens, 15, "head")], source="示例种禽场").batch
    land.calendar.turn("04-10", "06:30")
    gathering = coop.state(
        "harvest", for_=farmer, inputs=batches([flock]), outputs=[made(eggs, amount, "egg")], origin="稻香镇稻香村"
    )
    words = {"form": "own", "product_name": "鲜鸡蛋", "origin": "稻香镇稻香村", "basis": ["control"]}
    lot: ChainId = gathering.batch
    promise = coop.state("certify", for_=farmer, goods=[some(lot, amount, "egg")], issued=land.calendar.day, **words)
    assert gathering.findings == promise.findings == []
    return lot


def both_names_stand_there(land: Land, coop: Party, farmer: Party, lot: ChainId) -> None:
    """Whose eggs they are, and whose hand signed: nothing is passed off as the farmer's own signature."""
    for event in land.get(f"/v1/batches/{lot}/events"):
        assert (event["actor"]["zh"], event["signer"]["zh"]) == (farmer.name, coop.name)
    assert land.where(lot) == {("held", farmer.name): "100"}


def collected_and_graded(
    land: Land, coop: Party, farmers: list[Party], lots: list[ChainId], eggs: ChainId
) -> ChainId:  # fmt: skip
    """Twelve baskets, 1860 eggs, thirty broken; one batch, promised for by its buyer, who names all twelve."""
    land.calendar.turn("04-10", "14:00")
    amounts = [100 + 10 * number for number in range(len(lots))]
    for farmer, lot, amount in zip(farmers, lots, amounts, strict=True):
        shipment = coop.state("ship", for_=farmer, goods=[some(lot, amount, "egg")], receiver=coop.chain)
        coop.receive(shipment, some(lot, amount, "egg"))
    assert sum(amounts) == 1860
    basket: list[Json] = [some(lot, amount, "egg") for lot, amount in zip(lots, amounts, strict=True)]
    grading = coop.state(
        "process", inputs=basket, outputs=[made(eggs, 1830, "egg", lot="DX-0410")], loss={"unit": "egg", "value": "30"}
    )
    assert grading.findings == []
    graded: ChainId = grading.batch
    assert land.made_of(graded) >= set(lots)
    land.lab.state(
        "test", graded, sample_no="S-DX-0410", type="quantitative", conclusion="pass",
        items=[measurement("恩诺沙星", "未检出", "0.01")],
    )  # fmt: skip
    promise = coop.certify(graded)
    assert promise.findings == []
    (certificate,) = land.get(f"/v1/batches/{graded}/certificates")["certificates"]
    assert (certificate["form"], len(certificate["parents"])) == ("buyer", 12)
    return graded
