"""Tea: fresh leaf of two co-ops, withered and rolled into one batch of crude tea, then refined into three.

Half-way through the season the factory rehearses a recall of its best.
"""

from collections.abc import Mapping

from clients.demo import oversight
from clients.demo.hands import Hand, Made
from clients.demo.season.roads import haul
from clients.demo.stage import Story
from clients.demo.supplies import SUPPLIES

BEST = "雾顶绿茶：两家合作社的鲜叶合并 · green tea, leaf of two co-ops merged"
"""The code to try first: tea keeps, so that it is in order long after the season was loaded."""

HOPPERS, NPK = SUPPLIES["示例印楝素乳油"], SUPPLIES["示例复合肥"]
GARDEN, HILL = "云岭茶园", "稻香山场茶园"
FIRING, REFINING = "雾顶初制车间", "雾顶精制车间"


def tea(hands: Mapping[str, Hand]) -> Story:
    yunling, daoxiang, teahouse, lab = (hands[name] for name in ("yunling", "daoxiang", "teahouse", "lab"))
    online, supermarket, tongda = hands["online"], hands["supermarket"], hands["tongda"]
    yield 0, 9
    garden = yunling.plant("茶鲜叶", 40, "示例群体种", GARDEN)
    hill = daoxiang.plant("茶鲜叶", 15, "示例群体种", HILL)
    yunling.apply(garden, NPK, 600, GARDEN)
    yield 4, 16
    yunling.apply(garden, HOPPERS, "2", GARDEN)
    daoxiang.apply(hill, HOPPERS, "0.75", HILL)
    yield 18, 9
    yunling.observe(garden, "一芽二叶", place=GARDEN)
    yield 20, 6
    (first,) = yunling.harvest([garden], Made("茶鲜叶", 320, "一芽二叶"), origin="青禾县云岭乡（演示）", place=GARDEN)
    yunling.certify(first, 320, "青禾县云岭乡（演示）", place=GARDEN)
    yield from haul(20, 11, yunling, teahouse, [(first, 320)], carrier=tongda, place=GARDEN)
    yield 21, 6
    (second,) = yunling.harvest([garden], Made("茶鲜叶", 280, "一芽二叶"), origin="青禾县云岭乡（演示）", place=GARDEN)
    (third,) = daoxiang.harvest([hill], Made("茶鲜叶", 240, "一芽三叶"), origin="青禾县稻香镇（演示）", place=HILL)
    yunling.certify(second, 280, "青禾县云岭乡（演示）", place=GARDEN)
    daoxiang.certify(third, 240, "青禾县稻香镇（演示）", place=HILL)
    yield from haul(21, 10, yunling, teahouse, [(second, 280)], carrier=tongda, place=GARDEN)
    yield from haul(21, 14, daoxiang, teahouse, [(third, 240)], carrier=tongda, place=HILL)
    yield 22, 6
    (crude,) = teahouse.process(
        [(first, 320), (second, 280), (third, 240)], Made("毛茶", 190),
        steps=[("摊青", "22"), ("杀青", "240"), ("揉捻", None), ("烘干", "110")], loss=650, line="初制线", place=FIRING,
    )  # fmt: skip
    yield 29, 15
    special, fine, _ = teahouse.process(
        [(crude, 190)], Made("雾顶绿茶", 96, "特级"), Made("雾顶绿茶", 72, "一级"), Made("茶末", 15),
        steps=[("筛分", None), ("风选", None), ("拣剔", None), ("复火提香", "95")], loss=7,
        line="精制线", place=REFINING, factory_test="厂检-示例-0301",
    )  # fmt: skip
    teahouse.show(special, BEST)
    yield 30, 10
    lab.test(special, "茶叶", "检-示例-0301")
    lab.test(fine, "茶叶", "检-示例-0302", {"印楝素": "0.05"})
    teahouse.pack(special, [f"WD-T-{number:03}" for number in range(1, 17)], 6, "60 罐 × 100 克", REFINING)
    yield from haul(33, 8, teahouse, online, [(special, 60)], carrier=tongda, place=REFINING)
    yield from haul(34, 8, teahouse, supermarket, [(fine, 50)], carrier=tongda, place=REFINING)
    yield 48, 16
    online.sell([(special, 41)], "online", order_no="网单-示例-4801", price="示例 128 元/罐")
    supermarket.sell([(fine, 22)], "shop", price="示例 68 元/袋")
    yield 60, 9
    reason = "上半年召回演练"
    drill = oversight.drill(teahouse, special, reason)
    yield 60, 9.5
    oversight.acknowledge(teahouse, drill[0], [(special, 36)], "成品库清点", stopped=False)
    yield 60, 10.5
    oversight.acknowledge(online, drill[0], [(special, 19)], "发货仓清点", stopped=False)
    yield 60, 11
    oversight.end_drill(teahouse, special, drill, reason, 2)


STORIES = {"tea": tea}
