"""Eggs: two flocks, each day's gathering graded into the sizes that are sold."""

from collections.abc import Mapping

from clients.demo import oversight
from clients.demo.hands import Hand, Made
from clients.demo.season.roads import haul
from clients.demo.stage import Story
from clients.demo.supplies import FEED

ORIGIN = "青禾县稻香镇（演示）"
HENHOUSE, GRADING = "稻香蛋鸡场", "稻香蛋品间"
GRADES = [("照蛋", None), ("清洁", None), ("分级装盒", "16")]


def first_flock(hands: Mapping[str, Hand]) -> Story:
    daoxiang, lab, supermarket, stall = (hands[name] for name in ("daoxiang", "lab", "supermarket", "stall"))
    yield 0, 15
    flock = daoxiang.stock("蛋鸡", 2000, "示例褐壳蛋鸡", HENHOUSE)
    daoxiang.acquire(FEED, 20000)
    yield 1, 7
    daoxiang.feed(flock, FEED, 220, HENHOUSE)
    yield 60, 9
    daoxiang.observe(flock, "产蛋高峰", place=HENHOUSE, readings={"舍温": ("20.5", "C"), "产蛋率": ("91", "%")})
    yield 110, 9
    (eggs,) = daoxiang.harvest([flock], Made("鲜鸡蛋（未分级）", 6000), origin=ORIGIN, place=HENHOUSE)
    yield 110, 13
    top, first, second = daoxiang.process(
        [(eggs, 6000)], Made("鲜鸡蛋", 3000, "特级"), Made("鲜鸡蛋", 2400, "一级"), Made("鲜鸡蛋", 540, "二级"),
        steps=GRADES, loss=60, place=GRADING,
    )  # fmt: skip
    daoxiang.show(top, "鲜鸡蛋特级：一批分三级 · eggs, one gathering graded into three")
    daoxiang.pack(top, [f"DX-JD-{number:03}" for number in range(1, 11)], 300, "10 盒 × 30 枚", GRADING)
    yield 111, 10
    passed = lab.test(top, "鸡蛋", "检-示例-0501")
    yield 111, 15
    daoxiang.certify(top, 3000, ORIGIN, tests=[passed], place=GRADING)
    daoxiang.certify(first, 2400, ORIGIN, place=GRADING)
    daoxiang.certify(second, 540, ORIGIN, place=GRADING)
    yield from haul(112, 6, daoxiang, supermarket, [(top, 3000), (first, 1500)], carrier=hands["shunlu"], place=GRADING)
    yield from haul(112, 10, daoxiang, stall, [(first, 900), (second, 540)], short=[(second, 12)], place=GRADING)
    yield 115, 19
    supermarket.sell([(top, 1860), (first, 990)], "shop", price="示例 28.80 元/盒")
    stall.sell([(first, 540), (second, 300)], "stall", price="示例 0.90 元/枚")


def second_flock(hands: Mapping[str, Hand]) -> Story:
    daoxiang, lab, online = hands["daoxiang"], hands["lab"], hands["online"]
    yield 2, 15
    flock = daoxiang.stock("蛋鸡", 1500, "示例粉壳蛋鸡", HENHOUSE)
    yield 114, 9
    (eggs,) = daoxiang.harvest([flock], Made("鲜鸡蛋（未分级）", 4500), origin=ORIGIN, place=HENHOUSE)
    yield 114, 14
    first, second = daoxiang.process(
        [(eggs, 4500)], Made("鲜鸡蛋", 3600, "一级"), Made("鲜鸡蛋", 840, "二级"), steps=GRADES, loss=60, place=GRADING
    )
    yield 115, 10
    passed = lab.test(first, "鸡蛋", "检-示例-0502")
    yield 115, 15
    daoxiang.certify(first, 3600, ORIGIN, tests=[passed], place=GRADING)
    yield from haul(116, 6, daoxiang, online, [(first, 3000)], carrier=hands["shunlu"], place=GRADING)
    yield 118, 17
    daoxiang.show(second, "鲜鸡蛋二级：被暂停，原因见页面 · eggs on hold, and why")
    oversight.inspect(hands["bureau"], second, daoxiang, "农检-示例-0118", "rectify", "蛋鸡兽药使用记录不全")
    oversight.hold(hands["bureau"], second, "蛋鸡兽药使用记录不全，抽样待检", "农产品质量安全法（2022年修订）")
    online.sell([(first, 2100)], "online", order_no="网单-示例-11801", price="示例 29.90 元/盒")


STORIES = {"first flock": first_flock, "second flock": second_flock}
