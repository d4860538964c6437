"""Stories for consumer pages: a jar of sauce and how it came about, and boxes of pears with little said of them."""

from dataclasses import dataclass

from ledger.canonical import Json
from ledger.identity import ChainId
from tests.world import World, kg, opened, proven, secret

PHONE, PLATE, PERSON, PRICE, DRIVER = "13800005678", "川A·D5678", "王秀兰", "3.20 元/公斤", "赵师傅"
SEALED = (PHONE, PLATE, PERSON, PRICE, DRIVER, "31.090112", "103.900425", "PO-2026-0417")
"""What the stories' signers wrote that is not for the public."""


@dataclass(frozen=True)
class Story:
    """A world and the batches that its pages are about."""

    world: World
    planting: ChainId
    tomatoes: ChainId
    sauce: ChainId
    pears: ChainId
    over: ChainId
    """A lot of which more was sold than there is: its page shows a finding."""


def party(world: World, name: str, called: str, type_: str, *roles: str) -> ChainId:
    """A registered party with a device ``name``, whose profile says ``called``."""
    from_world = world.devices["registrar"]
    key = secret(name)
    body: dict[str, Json] = {
        "keys": [proven(key, log=world.log)],
        "profile": {"division": "510182", "name": called, "side": "agriculture", "type": type_},
        "roles": [*roles],
    }
    assert from_world.party
    (chain,) = world.state("party.register", "registrar", body).created
    world.parties[name] = chain
    world.devices[name] = type(from_world)(key, chain)
    return chain


def told(day: int, hour: int = 1, minute: int = 0) -> str:
    """A time in March or April 2026, UTC; ``day`` counts from 1 March."""
    month, of_month = (3, day) if day <= 31 else (4, day - 31)
    return f"2026-{month:02}-{of_month:02}T{hour:02}:{minute:02}:00Z"


def sauce() -> Story:
    """Tomatoes grown, sprayed in time, tested, picked, sent, received, cooked, sent on and put on sale."""
    world = opened()
    party(world, "farm", "丹景山镇王家农场", "household", "farm")
    party(world, "coop", "彭州市青禾蔬菜专业合作社", "coop", "farm", "processor")
    party(world, "carrier", "川西冷链运输有限公司", "company", "carrier")
    party(world, "shop", "成都市武侯区晨光生鲜超市", "company", "shop")
    party(world, "lab", "彭州市农产品质量检测中心", "lab", "lab")
    name(world, "tomato", "大番茄", "Tomatoes", "coop", may=[world.parties["farm"]])
    name(world, "sauce", "手工番茄酱 500 克装", "Handmade tomato sauce, 500 g", "coop", gtin="6901234567892")
    name(world, "pear", "丰水梨", "Housui pears", "farm")
    plot = place(world, "plot 7", "王家七号大棚", "farm", "plot")
    packhouse = place(world, "packhouse", "青禾合作社加工车间", "coop", "plant")
    market = place(world, "market", "晨光生鲜超市生鲜柜", "shop", "shop")

    seed: dict[str, Json] = {"seed_source": "四川省农科院园艺所", "plot": "七号大棚 3.2 亩", "place": plot}
    planting = world.state(
        "plant", "farm", {"outputs": [world.output("tomato", "6000", variety="川番 18")], **seed}, at=told(1)
    ).created[0]
    stock = world.state(
        "acquire",
        "farm",
        {
            "name": "啶虫脒 5% 乳油",
            "type": "pesticide",
            "quantity": kg("1200", "mL"),
            "registration_no": "PD20081234",
            "ingredients": ["啶虫脒"],
            "maker": "蜀丰作物科技有限公司",
            "makers_batch": "20251120",
        },
        sealed={"dealer": "丹景山镇农资店", "price": PRICE},
        at=told(3),
    ).created[0]
    world.state(
        "observe",
        "farm",
        {
            "growth_stage": "开花坐果期",
            "pests": "白粉虱，每株 2 至 3 头",
            "weather": "多云",
            "readings": [{"name": "棚内温度", "reading": kg("26.4", "C")}],
        },
        [planting],
        at=told(18),
    )
    world.state(
        "apply",
        "farm",
        {
            "inputs": [{"batch": stock, "quantity": kg("160", "mL")}],
            "name": "啶虫脒 5% 乳油",
            "ingredients": ["啶虫脒"],
            "target": "白粉虱",
            "dilution": "1500 倍",
            "method": "喷雾",
            "start": told(19, 0),
            "stop": told(19, 3),
            "interval_days": 7,
            "place": plot,
        },
        sorted([planting, stock]),
        sealed={"person": PERSON},
        at=told(19, 3),
    )
    world.state(
        "test",
        "lab",
        {
            "sample_no": "PZ-2026-0418",
            "lab": "彭州市农产品质量检测中心",
            "accreditation": "CATL（川）2024-017",
            "method": "GB 23200.113",
            "type": "quantitative",
            "sampled": told(33, 2),
            "items": [
                item("啶虫脒", "0.08", "1"),
                item("毒死蜱", "未检出", "0.02"),
                item("腐霉利", "0.41", "2"),
            ],
            "conclusion": "pass",
        },
        [planting],
        at=told(34, 8),
    )
    tomatoes = world.state(
        "harvest",
        "farm",
        {
            "inputs": [{"batch": planting}],
            "outputs": [world.output("tomato", "1250.5", grade="一级", lot="20260405-A")],
            "origin": "四川省彭州市丹景山镇",
            "cooling": "冷库预冷至 12℃",
            "place": plot,
        },
        [planting],
        sealed={"person": PERSON, "note": "雇工 4 人"},
        at=told(36, 0, 30),
    ).created[0]
    ship = world.state(
        "ship",
        "farm",
        {
            "goods": [{"batch": tomatoes, "quantity": kg("1200")}],
            "receiver": world.parties["coop"],
            "carrier": world.parties["carrier"],
            "planned_arrival": told(36, 8),
            "temperature_range": {"low": kg("8", "C"), "high": kg("14", "C")},
        },
        [tomatoes],
        sealed={"plate": PLATE, "refs": [{"type": "采购订单", "number": "PO-2026-0417"}]},
        at=told(36, 5),
    )
    vehicle: dict[str, Json] = {"shipment": ship.hash, "vehicle": "4.2 米冷藏车", "device": "TR-0931"}
    world.state(
        "load",
        "carrier",
        {**vehicle, "temperature": kg("10.5", "C")},
        [tomatoes],
        sealed={"plate": PLATE, "driver": DRIVER},
        at=told(36, 5, 20),
    )
    world.state(
        "unload",
        "carrier",
        {**vehicle, "temperature_log": {"low": kg("9.1", "C"), "high": kg("12.8", "C")}},
        [tomatoes],
        at=told(36, 7, 40),
    )
    world.state(
        "receive",
        "coop",
        {
            "shipment": ship.hash,
            "goods": [{"batch": tomatoes, "quantity": kg("1188")}],
            "short": [{"batch": tomatoes, "quantity": kg("12"), "reason": "damaged"}],
            "certificate_checked": True,
            "temperature": kg("11.6", "C"),
            "place": packhouse,
        },
        [tomatoes],
        at=told(36, 8),
    )
    made = world.state(
        "process",
        "coop",
        {
            "inputs": [{"batch": tomatoes, "quantity": kg("1100")}],
            "outputs": [world.output("sauce", "420", lot="S0406", best_before="2027-04-05", packed="2026-04-06")],
            "line": "2 号线",
            "steps": [
                {"name": "清洗分选", "start": told(37, 0), "stop": told(37, 2)},
                {"name": "熬煮", "start": told(37, 2), "stop": told(37, 5), "temperature": kg("95", "C")},
                {"name": "灌装杀菌", "start": told(37, 5), "stop": told(37, 6), "temperature": kg("121", "C")},
            ],
            "additives": [{"name": "食用盐", "quantity": kg("8.4")}],
            "loss": kg("671.6"),
            "factory_test": "QH-0406-02",
            "place": packhouse,
        },
        [tomatoes],
        at=told(37, 6),
    ).created[0]
    world.state(
        "test",
        "coop",
        {
            "sample_no": "QH-0406-02",
            "lab": "青禾合作社化验室",
            "type": "qualitative",
            "items": [{"analyte": "商业无菌", "value": "符合", "passed": True}],
            "conclusion": "pass",
        },
        [made],
        at=told(38, 1),
    )
    sent = world.state(
        "ship",
        "coop",
        {"goods": [{"batch": made, "quantity": kg("200")}], "receiver": world.parties["shop"]},
        [made],
        sealed={"plate": PLATE},
        at=told(39, 1),
    )
    world.state(
        "receive",
        "shop",
        {
            "shipment": sent.hash,
            "goods": [{"batch": made, "quantity": kg("200")}],
            "certificate_checked": True,
            "place": market,
        },
        [made],
        at=told(39, 6),
    )
    world.state(
        "sell",
        "shop",
        {"goods": [{"batch": made, "quantity": kg("60")}], "channel": "shop", "place": market},
        [made],
        sealed={"buyer": PHONE, "price": PRICE},
        at=told(41, 2),
    )
    grove = world.state("plant", "farm", {"outputs": [world.output("pear", "3000")]}, at=told(2)).created[0]
    picked = {"inputs": [{"batch": grove}], "outputs": [world.output("pear", "300")]}
    pears = world.state("harvest", "farm", picked, [grove], at=told(40)).created[0]
    over = world.state(
        "harvest",
        "farm",
        {"inputs": [{"batch": grove}], "outputs": [world.output("pear", "100")], "origin": "四川省彭州市丹景山镇"},
        [grove],
        at=told(41),
    ).created[0]
    world.state(
        "ship",
        "farm",
        {"goods": [{"batch": over, "quantity": kg("120")}], "receiver": world.parties["shop"]},
        [over],
        at=told(41, 3),
    )
    return Story(world, planting, tomatoes, made, pears, over)


def item(analyte: str, value: str, limit: str) -> dict[str, Json]:
    """A line of a laboratory's report, against the limit of the demonstration."""
    source: dict[str, Json] = {"limit_source": "GB 2763-2021", "limit_date": "2021-09-03", "unit": "mg/kg"}
    return {"analyte": analyte, "value": value, "limit": limit, "passed": True, **source}


def name(world: World, own: str, zh: str, en: str, by: str, **more: Json) -> None:
    """A product with names in both languages."""
    world.add_product(own, by, names={"zh": zh, "en": en}, **more)


def place(world: World, own: str, called: str, by: str, kind: str) -> ChainId:
    """A place with a name that people use."""
    body: dict[str, Json] = {"division": "510182", "kind": kind, "name": called, "township": "丹景山镇"}
    position: dict[str, Json] = {"lat": "31.090112", "lon": "103.900425"}
    (chain,) = world.state("place.add", by, body, sealed={"position": position}).created
    world.places[own] = chain
    return chain


def long_journey() -> tuple[World, ChainId]:
    """A lot that changed hands many times: more is said of it than one page can show."""
    story = sauce()
    world, batch = story.world, story.pears
    sender, receiver = "farm", "coop"
    for step in range(60):
        body: dict[str, Json] = {
            "goods": [{"batch": batch, "quantity": kg("200")}],
            "receiver": world.parties[receiver],
        }
        sent = world.state("ship", sender, body, [batch], at=told(42, step // 6, step % 6 * 8))
        taken: dict[str, Json] = {
            "shipment": sent.hash,
            "goods": [{"batch": batch, "quantity": kg("200")}],
            "temperature": kg("6.5", "C"),
            "certificate_checked": True,
        }
        world.state("receive", receiver, taken, [batch], at=told(42, step // 6, step % 6 * 8 + 4))
        sender, receiver = receiver, "shop" if receiver == "coop" else "coop"
    return world, batch
