"""What is bought and what is looked for: inputs and test panels, every one of them 示例, an example.

No registration number, interval or limit here is taken from a real notice; intervals are of a realistic length.
"""

from dataclasses import dataclass

LIMIT_SOURCE = "示例数据，非现行限量"
LIMIT_DATE = "2026-01-01"


@dataclass(frozen=True)
class Supply:
    """An input: ``interval`` days from its last use to harvest, ``target`` what it is used against or for."""

    name: str
    type: str
    registration_no: str
    ingredients: tuple[str, ...]
    target: str
    dose: str
    interval: int
    unit: str = "kg"
    dilution: str = ""
    method: str = "喷雾"


SUPPLIES = {
    supply.name: supply
    for supply in (
        Supply("示例吡虫啉粉剂", "pesticide", "PD-示例-0001", ("吡虫啉",), "蚜虫", "20 克/亩", 7, dilution="2000 倍"),
        Supply("示例苦参碱水剂", "pesticide", "PD-示例-0002", ("苦参碱",), "菜青虫", "60 毫升/亩", 5, "L", "800 倍"),
        Supply("示例嘧菌酯悬浮剂", "pesticide", "PD-示例-0003", ("嘧菌酯",), "灰霉病", "40 毫升/亩", 7, "L", "1500 倍"),
        Supply("示例印楝素乳油", "pesticide", "PD-示例-0004", ("印楝素",), "叶蝉", "50 毫升/亩", 7, "L", "1000 倍"),
        Supply("示例井冈霉素水剂", "pesticide", "PD-示例-0005", ("井冈霉素",), "纹枯病", "0.1 升/亩", 14, "L"),
        Supply("示例有机肥", "fertilizer", "肥-示例-0001", ("有机质",), "基肥", "100 公斤/亩", 0, method="撒施"),
        Supply("示例复合肥", "fertilizer", "肥-示例-0002", ("氮磷钾",), "追肥", "15 公斤/亩", 0, method="穴施"),
    )
}  # fmt: skip

MEDICINE = Supply(
    "示例土霉素注射液",
    "medicine",
    "兽药-示例-0001",
    ("土霉素",),
    "细菌性肺炎",
    "0.1 毫升/公斤体重",
    10,
    "L",
    method="注射",
)
FEED = Supply("示例蛋鸡配合饲料", "feed", "饲-示例-0001", ("玉米", "豆粕"), "饲喂", "110 克/只·天", 0)

BOUGHT = {
    "qingxi": {
        "示例吡虫啉粉剂": "6",
        "示例苦参碱水剂": "10",
        "示例嘧菌酯悬浮剂": "6",
        "示例有机肥": "8000",
        "示例复合肥": "2000",
    },
    "yunling": {"示例嘧菌酯悬浮剂": "12", "示例印楝素乳油": "10", "示例复合肥": "3000"},
    "daoxiang": {"示例井冈霉素水剂": "20", "示例印楝素乳油": "4", "示例复合肥": "6000"},
}
"""Who buys how much of what before the season; more than is used."""


@dataclass(frozen=True)
class Item:
    """An analyte with its limit in ``unit``; ``value`` is what is found unless a story says otherwise."""

    analyte: str
    value: str
    limit: str
    unit: str = "mg/kg"


PANELS = {
    "蔬菜": (
        "气相色谱-质谱法（示例）",
        (Item("吡虫啉", "0.03", "0.5"), Item("嘧菌酯", "未检出", "1"), Item("毒死蜱", "未检出", "0.02")),
    ),
    "草莓": (
        "液相色谱-质谱法（示例）",
        (
            Item("嘧菌酯", "0.12", "10"),
            Item("吡虫啉", "未检出", "0.5"),
            Item("铅（以 Pb 计）", "0.02", "0.1"),
        ),
    ),
    "水果": (
        "液相色谱-质谱法（示例）",
        (Item("嘧菌酯", "0.08", "2"), Item("毒死蜱", "未检出", "1"), Item("铅（以 Pb 计）", "0.01", "0.1")),
    ),
    "茶叶": (
        "液相色谱-质谱法（示例）",
        (Item("印楝素", "0.04", "1"), Item("铅（以 Pb 计）", "0.6", "5"), Item("水分", "5.8", "7", "%")),
    ),
    "稻米": (
        "电感耦合等离子体质谱法（示例）",
        (Item("镉（以 Cd 计）", "0.06", "0.2"), Item("井冈霉素", "未检出", "0.5"), Item("水分", "13.9", "14.5", "%")),
    ),
    "猪肉": (
        "液相色谱-质谱法（示例）",
        (Item("磺胺二甲嘧啶", "未检出", "0.1"), Item("恩诺沙星", "未检出", "0.1"), Item("克伦特罗", "未检出", "0")),
    ),
    "鸡蛋": (
        "液相色谱-质谱法（示例）",
        (Item("恩诺沙星", "未检出", "0.01"), Item("氟苯尼考", "未检出", "0.01")),
    ),
}  # fmt: skip
"""By what kind of food: the method and the items."""
