"""Apples and mandarins of the Yunling co-op: stored, graded, repacked."""

from collections.abc import Mapping

from clients.demo import oversight
from clients.demo.hands import Hand, Made
from clients.demo.season.roads import haul, send
from clients.demo.stage import Story
from clients.demo.supplies import SUPPLIES

ORIGIN = "青禾县云岭乡（演示）"
MOULD, NPK = SUPPLIES["示例嘧菌酯悬浮剂"], SUPPLIES["示例复合肥"]
APPLES, MANDARINS, GRADING = "云岭苹果园", "云岭柑橘园", "云岭选果场"


def apples(hands: Mapping[str, Hand]) -> Story:
    """Out of the cold store little by little; the supermarket repacks a part under its own name.

    On the way to the online shop the cooling fails for five hours: a named person looks at them and lets them go.
    """
    yunling, store, supermarket, online, shunlu = (
        hands[name] for name in ("yunling", "coldstore", "supermarket", "online", "shunlu")
    )
    yield 1, 8
    orchard = yunling.plant("苹果", 30, "示例富士", APPLES)
    yield 12, 9
    yunling.apply(orchard, NPK, 450, APPLES)
    yield 44, 16
    yunling.apply(orchard, MOULD, "1.2", APPLES)
    yield 66, 10
    yunling.observe(orchard, "着色期", weather="晴，昼夜温差大", place=APPLES, readings={"可溶性固形物": ("13.2", "%")})
    yield 72, 7
    best, second = yunling.harvest(
        [orchard], Made("苹果", 2000, "一级"), Made("苹果", 600, "二级"), origin=ORIGIN, place=APPLES
    )
    yield 73, 9
    passed = hands["lab"].test(best, "水果", "检-示例-0201")
    yield 73, 15
    promise = yunling.certify(best, 2000, ORIGIN, tests=[passed], place=GRADING)
    yield from haul(74, 6, yunling, store, [(best, 2000)], carrier=shunlu, cold=True, place=GRADING)
    store.store([best], "一号间 B-01", "1.5", "90")
    yield 76, 10
    yunling.sell([(second, 560)], "canteen", price="示例 2.60 元/公斤")
    yield 88, 5
    store.count([(best, 1996)], "失水减重")
    store.unstore([best], "一号间 B-01", "1.6")
    yield from haul(88, 6, store, supermarket, [(best, 900)], carrier=shunlu, cold=True)
    warm = yield from send(89, 6, store, online, [(best, 600)], carrier=shunlu, cold=True, warm=("9.6", 300))
    online.receive(warm, temperature="4.8")
    yield 89, 15
    oversight.release(yunling, best, [warm.last], "抽查 60 个果，硬度和色泽正常，可以销售")
    yunling.show(best, "苹果：冷链断过，由具名人员放行 · apples, a broken cold chain released by name")
    yield 90, 9
    (bags,) = supermarket.process(
        [(best, 400)],
        Made("苹果（分装）", 395, "一级"),
        steps=[("挑选", None), ("分装", None)],
        loss=5,
        place="惠民超市分装间",
    )
    supermarket.certify(bags, 395, ORIGIN, parents=[promise], place="惠民超市分装间")
    yield 93, 19
    supermarket.sell([(best, 410), (bags, 310)], "shop", price="示例 9.90 元/公斤")
    online.sell([(best, 520)], "online", order_no="网单-示例-9301")


def mandarins(hands: Mapping[str, Hand]) -> Story:
    """The co-op's and a household's, graded together: a merge and a split at once."""
    yunling, hetian, online, stall, store = (
        hands[name] for name in ("yunling", "hetian", "online", "stall", "coldstore")
    )
    yield 1, 14
    grove = yunling.plant("柑橘", 26, "示例蜜橘", MANDARINS)
    trees = hetian.plant("柑橘", 11, "示例蜜橘")
    yield 58, 16
    yunling.apply(grove, MOULD, "1.04", MANDARINS)
    hetian.apply(trees, MOULD, None)
    yield 95, 7
    (own,) = yunling.harvest([grove], Made("柑橘", 1800), origin=ORIGIN, place=MANDARINS)
    (household,) = hetian.harvest([trees], Made("柑橘", 1200), origin=ORIGIN)
    promise = hetian.certify(household, 1200, ORIGIN)
    yield from haul(95, 10, hetian, yunling, [(household, 1200)])
    yield 96, 15
    choice, rest = yunling.process(
        [(own, 1800), (household, 1200)], Made("精品柑橘", 2100, "特级"), Made("统货柑橘", 840),
        steps=[("清洗", None), ("光电分选", None), ("装箱", None)], loss=60, line="选果一线", place=GRADING,
    )  # fmt: skip
    yield 97, 9
    passed = hands["lab"].test(choice, "水果", "检-示例-0202", {"嘧菌酯": "0.21"})
    yield 97, 15
    yunling.certify(choice, 2100, ORIGIN, tests=[passed], parents=[promise], place=GRADING)
    yunling.certify(rest, 840, ORIGIN, parents=[promise], place=GRADING)
    yield from haul(98, 6, yunling, online, [(choice, 1000)], carrier=hands["tongda"], place=GRADING)
    yield from haul(98, 10, yunling, store, [(choice, 900)], carrier=hands["shunlu"], cold=True, place=GRADING)
    store.store([choice], "一号间 B-02", "5", "85")
    yield from haul(99, 6, yunling, stall, [(rest, 600)], carrier=hands["tongda"], place=GRADING)
    yield 101, 18
    online.sell([(choice, 760)], "online", order_no="网单-示例-10101", price="示例 39.00 元/箱")
    stall.sell([(rest, 520)], "stall")


STORIES = {"apples": apples, "mandarins": mandarins}
