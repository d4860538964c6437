"""Rice in two steps: paddy is hulled, brown rice is milled; the co-op's fields together, a household's apart."""

from collections.abc import Mapping

from clients.demo.hands import Hand, Made
from clients.demo.season.roads import haul
from clients.demo.stage import Story
from clients.demo.supplies import SUPPLIES

ORIGIN = "青禾县稻香镇（演示）"
BLIGHT, NPK = SUPPLIES["示例井冈霉素水剂"], SUPPLIES["示例复合肥"]
EAST, WEST = "稻香东畈", "稻香西畈"
MILL, SHELF = "金穗碾米车间", "金穗成品库"
BAGGED = "青禾大米 5 公斤袋"


def co_op_rice(hands: Mapping[str, Hand]) -> Story:
    daoxiang, mill, lab, granary, tongda = (hands[name] for name in ("daoxiang", "mill", "lab", "granary", "tongda"))
    supermarket, online = hands["supermarket"], hands["online"]
    yield 0, 7
    east, west = daoxiang.plant("稻谷", 14, "示例香稻 9 号", EAST), daoxiang.plant("稻谷", 11, "示例香稻 9 号", WEST)
    yield 10, 8
    daoxiang.apply(east, NPK, 210, EAST)
    daoxiang.apply(west, NPK, 165, WEST)
    yield 33, 16
    daoxiang.apply(east, BLIGHT, "1.4", EAST)
    daoxiang.apply(west, BLIGHT, "1.1", WEST)
    yield 50, 9
    daoxiang.observe(east, "灌浆期", weather="晴", place=EAST, readings={"田间水深": ("3", "cm")})
    yield 74, 8
    (first,) = daoxiang.harvest([east], Made("稻谷", 6000, "二级"), origin=ORIGIN, place=EAST)
    yield 75, 8
    (second,) = daoxiang.harvest([west], Made("稻谷", 4500, "二级"), origin=ORIGIN, place=WEST)
    yield from haul(77, 7, daoxiang, mill, [(first, 6000), (second, 4500)], carrier=tongda)
    mill.store([first, second], "原粮仓 1", "21", "62")
    yield 79, 17
    brown, _ = mill.process(
        [(first, 6000), (second, 4500)], Made("糙米", 8295), Made("稻壳", 2100),
        steps=[("清理", None), ("砻谷", None), ("谷糙分离", None)], loss=105, line="砻谷线", place=MILL,
    )  # fmt: skip
    yield 80, 17
    white, _, _ = mill.process(
        [(brown, 8295)], Made(BAGGED, 1440, "一级", "bag"), Made("碎米", 500), Made("米糠", 560),
        steps=[("碾米", None), ("抛光", None), ("色选", None), ("包装", None)], loss=35, line="精米线", place=MILL,
        factory_test="厂检-示例-0401",
    )  # fmt: skip
    mill.show(white, "青禾大米：稻谷、糙米、大米两步加工 · rice, milled in two steps")
    yield 81, 10
    lab.test(white, "稻米", "检-示例-0401")
    yield from haul(82, 7, mill, granary, [(white, 4000)], carrier=tongda, place=SHELF)
    granary.store([white], "一号仓 12 垛", "18", "60")
    yield from haul(83, 7, mill, supermarket, [(white, 2000)], carrier=tongda, place=SHELF)
    yield 96, 6
    granary.unstore([white], "一号仓 12 垛", "17")
    yield from haul(96, 7, granary, online, [(white, 1500)], carrier=tongda)
    yield 103, 19
    supermarket.sell([(white, 1425)], "shop", price="示例 32.50 元/袋")
    online.sell([(white, 980)], "online", order_no="网单-示例-10301", price="示例 35.00 元/袋")


def household_rice(hands: Mapping[str, Hand]) -> Story:
    sun, mill, lab, stall = hands["sun"], hands["mill"], hands["lab"], hands["stall"]
    yield 0, 10
    field = sun.plant("稻谷", 4, "示例香稻 9 号")
    yield 34, 16
    sun.apply(field, BLIGHT, None)
    yield 78, 8
    (paddy,) = sun.harvest([field], Made("稻谷", 1800, "三级"), origin=ORIGIN)
    yield from haul(80, 7, sun, mill, [(paddy, 1800)])
    yield 84, 11
    brown, _ = mill.process(
        [(paddy, 1800)], Made("糙米", 1422), Made("稻壳", 360),
        steps=[("清理", None), ("砻谷", None)], loss=18, line="砻谷线", place=MILL,
    )  # fmt: skip
    yield 84, 17
    white, _ = mill.process(
        [(brown, 1422)], Made(BAGGED, 248, "二级", "bag"), Made("米糠", 165),
        steps=[("碾米", None), ("色选", None), ("包装", None)], loss=17, line="精米线", place=MILL,
        factory_test="厂检-示例-0402",
    )  # fmt: skip
    yield 85, 10
    lab.test(white, "稻米", "检-示例-0402", {"镉（以 Cd 计）": "0.08", "水分": "14.1"})
    yield from haul(86, 7, mill, stall, [(white, 1000)], carrier=hands["tongda"], place=SHELF)
    yield 99, 18
    stall.sell([(white, 615)], "stall", price="示例 30.00 元/袋")


STORIES = {"co-op rice": co_op_rice, "household rice": household_rice}
