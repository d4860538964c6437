"""Whole stories to measure with: planted, sprayed, harvested, tested, certified, shipped, processed, sold, corrected.

Sixty stories run beside one another, so that the statements of one batch are never neighbours.
"""

from collections.abc import Iterator

from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.statement import Statement
from tests.world import World, county, kg, time_text

FARMS = 40
BESIDE = 60

Stocks = list[ChainId]


def settled() -> tuple[World, Stocks]:
    """A county of ``FARMS`` farms, and the stock of pesticide that each has bought."""
    world = county()
    stocks: Stocks = []
    for number in range(FARMS):
        world.register(f"farm-{number}", "farm", type_="household")
        body: dict[str, Json] = {
            "name": "吡虫啉",
            "quantity": kg("500"),
            "type": "pesticide",
            "ingredients": ["吡虫啉"],
        }
        body |= {"registration_no": "PD20040001", "maker": "某农化公司"}
        stocks += world.state("acquire", f"farm-{number}", body).created
    return world, stocks


def stories(world: World, stocks: Stocks, count: int) -> Iterator[Statement]:
    """``count`` statements, signed and not yet sent; most of twenty are of kinds that some rule reads."""
    running: list[Iterator[Statement]] = []
    begun = told = 0
    while told < count:
        while len(running) < BESIDE:
            running.append(_story(world, stocks, begun))
            begun += 1
        for one in list(running):
            statement = next(one, None)
            if statement is None:
                running.remove(one)
            elif told < count:
                told += 1
                yield statement


def _story(world: World, stocks: Stocks, number: int) -> Iterator[Statement]:
    farm, stock = f"farm-{number % FARMS}", stocks[number % FARMS]
    person: dict[str, Json] = {"person": "李秀英"}
    planted = world.statement("plant", farm, {"outputs": [world.output("tomato", "2000")], "plot": "七号地"})
    yield planted
    (plot,) = planted.created
    yield world.statement("observe", farm, {"growth_stage": "开花", "weather": "晴"}, [plot])
    body: dict[str, Json] = {"start": time_text(world.clock - 7200), "stop": time_text(world.clock - 3600)}
    body |= {"name": "吡虫啉", "type": "pesticide", "ingredients": ["吡虫啉"], "interval_days": 0, "target": "蚜虫"}
    body |= {"dose": "每亩 20 克", "method": "喷雾", "inputs": [{"batch": stock, "quantity": kg("0.01")}]}
    yield world.statement("apply", farm, body, [plot, stock], person)
    yield world.statement("observe", farm, {"growth_stage": "结果", "weather": "雨"}, [plot])
    lots: list[ChainId] = []
    for _ in range(2):
        outputs: list[Json] = [world.output("tomato", "120.5", grade="一级")]
        harvest = world.statement("harvest", farm, {"inputs": [{"batch": plot}], "outputs": outputs}, [plot], person)
        yield harvest
        lots += harvest.created
    if number % 3 == 0:
        body = {"sample_no": f"Y{number}", "lab": "县检测中心", "method": "GB 23200.113", "type": "quantitative"}
        body |= {"sampled": time_text(world.clock - 60), "conclusion": "pass"}
        body |= {"items": [{"analyte": "吡虫啉", "value": "0.01", "unit": "mg/kg"}]}
        yield world.statement("test", "lab", body, lots[:1])
    body = {"goods": [{"batch": lots[0], "quantity": kg("120.5")}], "form": "own", "product_name": "番茄"}
    body |= {"origin": "四川省彭州市", "issued": time_text(world.clock)[:10], "number": f"H{number}"}
    body |= {"basis": ["control"], "promise": "不使用禁用的农药"}
    yield world.statement("certify", farm, body, lots[:1], {"contact": "028-00000000"})
    yield world.statement("store", farm, {"location": "A1"}, lots[1:])
    yield from _traded(world, farm, number, lots)


def _traded(world: World, farm: str, number: int, lots: list[ChainId]) -> Iterator[Statement]:
    def of(value: str) -> list[Json]:
        return [{"batch": lot, "quantity": kg(value)} for lot in sorted(lots)]

    body: dict[str, Json] = {"receiver": world.parties["coop"], "carrier": world.parties["carrier"]}
    ship = world.statement("ship", farm, {**body, "goods": of("100")}, lots, {"plate": "川A12345"})
    yield ship
    body = {"shipment": ship.hash, "vehicle": "冷藏车", "temperature": kg("4", "C")}
    yield world.statement("load", "carrier", body, lots, {"driver": "赵六"})
    body = {"shipment": ship.hash, "goods": of("100"), "certificate_checked": True, "temperature": kg("6", "C")}
    yield world.statement("receive", "coop", body, lots)
    body = {"inputs": of("90"), "outputs": [world.output("sauce", "150")], "line": "一号线"}
    process = world.statement("process", "coop", body, lots)
    yield process
    made = process.created
    yield world.statement(
        "label", "coop", {"action": "printed", "labels": 100, "content": kg("1"), "layout": "60×40"}, made
    )
    goods: list[Json] = [{"batch": made[0], "quantity": kg("140")}]
    onward = world.statement("ship", "coop", {"goods": goods, "receiver": world.parties["shop"]}, made)
    yield onward
    yield world.statement(
        "receive", "shop", {"goods": goods, "shipment": onward.hash, "certificate_checked": True}, made
    )
    for _ in range(3):
        sold: list[Json] = [{"batch": made[0], "quantity": kg("10")}]
        yield world.statement("sell", "shop", {"channel": "stall", "goods": sold}, made, {"price": "12"})
    if number % 20 == 0:
        new: dict[str, Json] = {"goods": of("99")}
        yield world.statement("correct", farm, {"statement": ship.hash, "reason": "过磅", "new": new}, lots)
    if number % 40 == 0:
        hold = world.statement("hold", "inspector", {"reason": "检测未出结果"}, made)
        yield hold
        answer: dict[str, Json] = {"answers": [hold.hash], "reason": "复检合格"}
        yield world.statement("release", "inspector", answer, made, {"person": "钱十一"})
