"""Vegetables and strawberries of the Qingxi co-op, and what the market stall gets from elsewhere.

Here stand the two deliberate wrongs of the season: more chilli shipped than was harvested, and ginger of which nobody
recorded the origin or collected a certificate, which stops it, and which was sold all the same.
"""

from collections.abc import Mapping

from clients.demo import oversight
from clients.demo.hands import Hand, Made
from clients.demo.season.roads import haul, send
from clients.demo.stage import Story
from clients.demo.supplies import SUPPLIES

ORIGIN = "青禾县清溪镇（演示）"
APHIDS, WORMS, MOULD = (SUPPLIES[name] for name in ("示例吡虫啉粉剂", "示例苦参碱水剂", "示例嘧菌酯悬浮剂"))
COMPOST, NPK = SUPPLIES["示例有机肥"], SUPPLIES["示例复合肥"]
ONE, TWO, TUNNEL, BERRIES, PACKING = (
    "清溪一号地", "清溪二号地", "清溪三号大棚", "清溪草莓大棚", "清溪分拣包装间",
)  # fmt: skip


def tomatoes(hands: Mapping[str, Hand]) -> Story:
    """Two pickings: one through the cold store to a supermarket and a stall, the other to the online shop."""
    qingxi, lab, store, shunlu = hands["qingxi"], hands["lab"], hands["coldstore"], hands["shunlu"]
    supermarket, stall, online = hands["supermarket"], hands["stall"], hands["online"]
    yield 3, 8
    planting = qingxi.plant("番茄", 24, "示例红 1 号", TUNNEL)
    qingxi.apply(planting, COMPOST, 2400, TUNNEL)
    yield 22, 9
    qingxi.observe(planting, "开花坐果", pests="白粉虱少量", place=TUNNEL, readings={"棚内温度": ("26.5", "C")})
    yield 24, 17
    qingxi.apply(planting, APHIDS, "0.48", TUNNEL)
    yield 45, 7
    best, second = qingxi.harvest(
        [planting],
        Made("番茄", 1200, "一级"),
        Made("番茄", 300, "二级"),
        origin=ORIGIN,
        cooling="差压预冷至 10 ℃",
        place=TUNNEL,
    )
    qingxi.show(best, "番茄：入过冷库，到超市和菜摊 · tomatoes through the cold store")
    yield 45, 9
    qingxi.rapid_test(best, "清速-0001", PACKING)
    yield 46, 10
    passed = lab.test(best, "蔬菜", "检-示例-0101")
    yield 46, 11
    qingxi.certify(best, 1200, ORIGIN, tests=[passed], place=PACKING)
    yield from haul(46, 13, qingxi, store, [(best, 800)], carrier=shunlu, cold=True, place=PACKING)
    store.store([best], "一号间 A-03", "9.5", "88")
    yield from haul(47, 6, qingxi, supermarket, [(best, 380)], carrier=shunlu, cold=True, place=PACKING)
    yield 47, 10.5
    qingxi.sell([(second, 300)], "canteen", price="示例 3.20 元/公斤")
    yield 49, 5
    store.unstore([best], "一号间 A-03", "9.8")
    yield from haul(49, 6, store, supermarket, [(best, 500)], carrier=shunlu, cold=True)
    yield from haul(50, 6, store, stall, [(best, 300)], short=[(best, 4)])
    yield 50, 18
    stall.sell([(best, 236)], "stall")
    supermarket.sell([(best, 640)], "shop")
    yield 54, 20
    supermarket.dispose([(best, 12)], "spoiled")
    supermarket.count([(best, 226)], "货架损耗")
    yield 62, 7
    (later,) = qingxi.harvest([planting], Made("番茄", 900, "一级"), origin=ORIGIN, place=TUNNEL)
    yield 63, 10
    passed = lab.test(later, "蔬菜", "检-示例-0102", {"吡虫啉": "未检出"})
    yield 63, 11
    qingxi.certify(later, 900, ORIGIN, tests=[passed], place=PACKING)
    yield from haul(63, 13, qingxi, online, [(later, 860)], carrier=shunlu, cold=True, place=PACKING)
    yield 64, 15
    online.sell([(later, 700)], "online", order_no="网单-示例-6401")


def cucumbers(hands: Mapping[str, Hand]) -> Story:
    """The co-op's own and those of a household, which its agent enters, trimmed into one batch."""
    qingxi, zhou, lab, stall, supermarket = (hands[name] for name in ("qingxi", "zhou", "lab", "stall", "supermarket"))
    yield 6, 8
    planting = qingxi.plant("黄瓜", 12, "示例翠玉", ONE)
    qingxi.apply(planting, COMPOST, 1200, ONE)
    yield 6, 14
    garden = zhou.plant("黄瓜", 3, "示例翠玉")
    yield 26, 17
    qingxi.apply(planting, APHIDS, "0.24", ONE)
    zhou.apply(garden, WORMS, None)
    yield 40, 6
    (own,) = qingxi.harvest([planting], Made("黄瓜", 800, "一级"), origin=ORIGIN, place=ONE)
    (household,) = zhou.harvest([garden], Made("黄瓜", 260), origin=ORIGIN)
    promise = zhou.certify(household, 260, ORIGIN)
    yield from haul(40, 8, zhou, qingxi, [(household, 260)])
    yield 40, 15
    (trimmed,) = qingxi.process(
        [(own, 800), (household, 260)], Made("黄瓜（整理装箱）", 1040, "一级"),
        steps=[("分拣", None), ("清洗", None), ("装箱", "12")], loss=20, place=PACKING,
    )  # fmt: skip
    qingxi.pack(trimmed, [f"QX-HG-{number:03}" for number in range(1, 27)], 40, "40 公斤周转筐", PACKING)
    yield 40, 17
    lab.test(trimmed, "蔬菜", "检-示例-0103")
    yield 40, 18
    qingxi.certify(trimmed, 1040, ORIGIN, parents=[promise], place=PACKING)
    yield from haul(41, 5, qingxi, stall, [(trimmed, 400)], carrier=hands["tongda"], place=PACKING)
    yield from haul(41, 9, qingxi, supermarket, [(trimmed, 600)], carrier=hands["tongda"], place=PACKING)
    yield 41, 14
    supermarket.unpack(trimmed, [f"QX-HG-{number:03}" for number in range(12, 27)], 40, "拆筐上架")
    yield 42, 19
    stall.sell([(trimmed, 380)], "stall")
    supermarket.sell([(trimmed, 560)], "shop")


def greens(hands: Mapping[str, Hand]) -> Story:
    """Two cuts of pak choi; of the second a part was wilted on arrival, was sent back and composted."""
    qingxi, stall, supermarket = hands["qingxi"], hands["stall"], hands["supermarket"]
    yield 70, 8
    planting = qingxi.plant("青菜", 8, "示例矮脚青", TWO)
    yield 85, 17
    qingxi.apply(planting, WORMS, "0.48", TWO)
    yield 100, 5
    (first,) = qingxi.harvest([planting], Made("青菜", 500, "一级"), origin=ORIGIN, cooling="真空预冷", place=TWO)
    qingxi.rapid_test(first, "清速-0002", PACKING)
    qingxi.certify(first, 500, ORIGIN, place=PACKING)
    yield from haul(100, 8, qingxi, supermarket, [(first, 480)], carrier=hands["shunlu"], cold=True, place=PACKING)
    yield 100, 20
    supermarket.sell([(first, 470)], "shop")
    yield 108, 5
    (second,) = qingxi.harvest([planting], Made("青菜", 450, "二级"), origin=ORIGIN, place=TWO)
    qingxi.rapid_test(second, "清速-0003", PACKING)
    qingxi.certify(second, 450, ORIGIN, place=PACKING)
    shipment = yield from send(108, 10, qingxi, stall, [(second, 450)], carrier=hands["tongda"], place=PACKING)
    stall.receive(shipment, goods=[(second, 330)])
    stall.reject(shipment, [(second, 120)], "叶片发黄萎蔫，退回")
    yield 108, 18
    stall.sell([(second, 300)], "stall")
    yield 109, 9
    qingxi.dispose([(second, 120)], "spoiled")


def chillies(hands: Mapping[str, Hand]) -> Story:
    """600 kg harvested, 660 kg shipped: the ledger records it, and says so."""
    qingxi, stall, supermarket = hands["qingxi"], hands["stall"], hands["supermarket"]
    yield 8, 8
    planting = qingxi.plant("辣椒", 10, "示例线椒 3 号", TWO)
    qingxi.apply(planting, NPK, 150, TWO)
    yield 52, 17
    qingxi.apply(planting, MOULD, "0.4", TWO)
    yield 68, 7
    (picked,) = qingxi.harvest([planting], Made("辣椒", 600, "一级"), origin=ORIGIN, place=TWO)
    qingxi.show(picked, "辣椒：发出的比采收的多，有问题项 · chillies, more shipped than harvested")
    yield 69, 9
    passed = hands["lab"].test(picked, "蔬菜", "检-示例-0104", {"嘧菌酯": "0.15", "吡虫啉": "未检出"})
    yield 69, 15
    qingxi.certify(picked, 600, ORIGIN, tests=[passed], place=PACKING)
    yield from haul(70, 6, qingxi, stall, [(picked, 400)], carrier=hands["tongda"], place=PACKING)
    yield from haul(71, 6, qingxi, supermarket, [(picked, 260)], carrier=hands["tongda"], place=PACKING)
    yield 72, 19
    stall.sell([(picked, 350)], "stall")
    supermarket.sell([(picked, 240)], "shop")


def aubergines(hands: Mapping[str, Hand]) -> Story:
    """Written down as 520 kg, weighed again, put right before anything was shipped."""
    qingxi, stall = hands["qingxi"], hands["stall"]
    yield 9, 8
    planting = qingxi.plant("茄子", 9, "示例紫长茄", ONE)
    yield 60, 7
    (picked,) = qingxi.harvest([planting], Made("茄子", 520, "一级"), origin=ORIGIN, place=ONE)
    qingxi.show(picked, "茄子：数量更正过 · aubergines, put right")
    yield 60, 11
    qingxi.correct(picked, 502, "抄磅单时数字颠倒，应为 502 公斤")
    qingxi.certify(picked, 502, ORIGIN, place=PACKING)
    yield from haul(61, 6, qingxi, stall, [(picked, 480)], carrier=hands["tongda"], place=PACKING)
    yield 62, 18
    stall.sell([(picked, 455)], "stall")


def strawberries(hands: Mapping[str, Hand]) -> Story:
    """One harvest, tested, split into punnets of two sizes, kept cold all the way to the shelf."""
    qingxi, store, supermarket, online, shunlu = (
        hands[name] for name in ("qingxi", "coldstore", "supermarket", "online", "shunlu")
    )
    yield 5, 8
    planting = qingxi.plant("草莓", 6, "示例红颊", BERRIES)
    qingxi.apply(planting, COMPOST, 600, BERRIES)
    yield 70, 9
    qingxi.observe(
        planting, "初果期", pests="灰霉病零星", weather="多云", place=BERRIES, readings={"湿度": ("82", "%")}
    )
    yield 71, 16
    qingxi.apply(planting, MOULD, "0.24", BERRIES)
    yield 115, 6
    (picked,) = qingxi.harvest(
        [planting], Made("草莓", 180, "特级"), origin=ORIGIN, cooling="采后 1 小时内预冷至 4 ℃", place=BERRIES
    )
    qingxi.rapid_test(picked, "清速-0004", PACKING)
    yield 115, 14
    small, large = qingxi.process(
        [(picked, 180)], Made("草莓 250 克盒装", 120, "特级"), Made("草莓 500 克盒装", 58, "特级"),
        steps=[("挑选", "8"), ("装盒", "6")], loss=2, line="草莓一线", place=PACKING,
    )  # fmt: skip
    qingxi.show(small, "草莓 250 克盒装：检测、冷链、上架 · strawberries, tested, kept cold, sold")
    yield 115, 16
    passed = [
        hands["lab"].test(small, "草莓", "检-示例-0105"),
        hands["lab"].test(large, "草莓", "检-示例-0106", {"嘧菌酯": "0.14"}),
    ]
    yield 115, 18
    qingxi.certify(small, 120, ORIGIN, tests=passed[:1], place=PACKING)
    qingxi.certify(large, 58, ORIGIN, tests=passed[1:], place=PACKING)
    qingxi.label(small, 480, "0.25", PACKING)
    yield from haul(116, 5, qingxi, store, [(small, 120)], carrier=shunlu, cold=True, place=PACKING, measured=True)
    store.store([small], "二号间 C-01", "2.5", "92")
    yield from haul(116, 9, qingxi, online, [(large, 58)], carrier=shunlu, cold=True, place=PACKING)
    yield 117, 5
    store.unstore([small], "二号间 C-01", "2.6")
    yield from haul(117, 5.5, store, supermarket, [(small, 100)], carrier=shunlu, cold=True)
    yield 117, 18
    supermarket.sell([(small, 64)], "shop", price="示例 15.80 元/盒")
    online.sell([(large, 50)], "online", order_no="网单-示例-11701", price="示例 29.90 元/盒")


def from_elsewhere(hands: Mapping[str, Hand]) -> Story:
    """Potatoes with a supplier and a certificate; ginger with neither, which a market inspector comes upon."""
    supermarket, stall = hands["supermarket"], hands["stall"]
    yield 55, 6
    (potatoes,) = supermarket.intake(Made("土豆", 800), supplier="邻县示例蔬菜批发部", origin="外县（示例）")
    yield 57, 19
    supermarket.sell([(potatoes, 610)], "shop")
    yield 90, 5
    (ginger,) = stall.intake(Made("生姜", 60))
    stall.show(ginger, "生姜：来源未记录 · ginger, origin not recorded")
    yield 92, 18
    stall.sell([(ginger, 45)], "stall")
    yield 93, 9
    market = hands["market"]
    oversight.inspect(market, ginger, stall, "市监-示例-0093", "rectify", "生姜来源不明，没有合格证，仍在销售")
    oversight.tell(
        market, "warn", ginger, stall, "来源不明的生姜仍在销售", instruction="停止销售，补交来源凭证和合格证",
        law="农产品质量安全承诺达标合格证管理办法",
    )  # fmt: skip
    oversight.tell(market, "transfer", ginger, hands["bureau"], "产地待查，移交农业农村局追溯来源")


STORIES = {
    "tomatoes": tomatoes,
    "cucumbers": cucumbers,
    "greens": greens,
    "chillies": chillies,
    "aubergines": aubergines,
    "strawberries": strawberries,
    "from elsewhere": from_elsewhere,
}
