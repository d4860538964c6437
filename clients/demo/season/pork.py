"""Pork: pigs cut up, a ham made into sausage; a sample fails, and all that came of the pigs is called back in a day."""

from collections.abc import Mapping

from clients.demo import oversight
from clients.demo.hands import Hand, Made
from clients.demo.season.roads import haul
from clients.demo.stage import Story
from clients.demo.supplies import FEED, MEDICINE

ORIGIN = "青禾县云岭乡（演示）"
CUTTING, STUFFING = "肉联分割车间", "肉联香肠车间"
RESIDUE = "磺胺二甲嘧啶"


def pork(hands: Mapping[str, Hand]) -> Story:
    """What the residue came from nobody has recorded: the treatment that was, was another, and long enough ago."""
    qingshan, meat, lab, bureau = (hands[name] for name in ("qingshan", "meat", "lab", "bureau"))
    supermarket, stall = hands["supermarket"], hands["stall"]
    yield 0, 11
    herd = qingshan.stock("生猪", 60, "示例土杂猪")
    qingshan.acquire(FEED, 9000)
    qingshan.acquire(MEDICINE, 2)
    qingshan.feed(herd, FEED, 120)
    yield 40, 9
    qingshan.treat(herd, MEDICINE, "0.3", 12)
    yield 109, 4
    (pigs,) = qingshan.harvest([herd], Made("生猪", 1100), origin=ORIGIN)
    promise = qingshan.certify(pigs, 1100, ORIGIN)
    yield from haul(109, 6, qingshan, meat, [(pigs, 1100)])
    yield 109, 15
    ham, offal = meat.process(
        [(pigs, 1100)], Made("猪腿肉", 320), Made("猪副产品", 420),
        steps=[("屠宰", None), ("分割", "10")], loss=360, line="一号线", place=CUTTING,
    )  # fmt: skip
    meat.certify(ham, 320, ORIGIN, parents=[promise], place=CUTTING)
    yield 110, 15
    (sausage,) = meat.process(
        [(ham, 200)], Made("香肠", 188), steps=[("绞制", "8"), ("灌肠", "10"), ("烘烤", "60")], loss=12,
        line="香肠线", place=STUFFING, factory_test="厂检-示例-0601",
    )  # fmt: skip
    meat.show(sausage, "香肠：抽检不合格，已召回追齐 · sausage that failed a test, all of it found")
    yield from haul(111, 5, meat, supermarket, [(ham, 110), (sausage, 110)], carrier=hands["shunlu"], cold=True)
    yield from haul(111, 9, meat, stall, [(sausage, 50)], carrier=hands["tongda"], place=STUFFING)
    yield 113, 19
    supermarket.sell([(ham, 96), (sausage, 42)], "shop", price="示例 42.00 元/公斤")
    stall.sell([(sausage, 21)], "stall", price="示例 40.00 元/公斤")
    yield 114, 10
    oversight.sample(bureau, sausage, supermarket, 1, "抽-示例-0601")
    yield 116, 9
    failed = lab.test(sausage, "猪肉", "抽-示例-0601", {RESIDUE: "0.42"}, over=RESIDUE)
    lab.test(ham, "猪肉", "抽-示例-0602", {RESIDUE: "0.51"}, over=RESIDUE)
    oversight.tell(
        bureau, "notify", sausage, meat, "监督抽检不合格：磺胺二甲嘧啶超标", law="农产品质量安全法第三十六条"
    )
    yield 116, 11
    recall = oversight.recall(
        bureau, pigs, "磺胺二甲嘧啶超标", "停止销售、封存；顾客可退货", about=failed, hours=24 * 7
    )  # fmt: skip
    yield 116, 12
    oversight.acknowledge(meat, recall, [(ham, 10), (offal, 420), (sausage, 28)], "成品库、副产品库封存")
    yield 116, 13
    oversight.acknowledge(
        supermarket, recall, [(ham, 14), (sausage, 67)], "下架封存，门店张贴公告", recovered=[(sausage, 6)]
    )  # fmt: skip
    yield 116, 16
    oversight.acknowledge(stall, recall, [(sausage, 29)], "收摊封存，通知老主顾", recovered=[(sausage, 3)])
    yield 118, 9
    for holder, goods in ((meat, [(ham, 10), (sausage, 28)]), (supermarket, [(ham, 14), (sausage, 67)])):
        holder.dispose(goods, "recalled", "无害化处理")
    stall.dispose([(sausage, 29)], "recalled", "无害化处理")
    yield 119, 9
    oversight.release(bureau, pigs, [recall], "全部追回：肉和香肠已无害化处理，副产品封存，召回结束")


STORIES = {"pork": pork}
