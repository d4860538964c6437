"""A drawn picture for goods of which there is no photograph, chosen by the words in their name."""

import re
from collections.abc import Iterator

PICTURES: tuple[tuple[str, str], ...] = (
    ("strawberry", "草莓 strawberry strawberries"),
    ("tomato", "番茄 西红柿 圣女果 tomato"),
    ("aubergine", "茄 aubergine eggplant"),
    ("cucumber", "黄瓜 青瓜 丝瓜 苦瓜 冬瓜 南瓜 节瓜 瓠 cucumber gourd squash zucchini courgette pumpkin"),
    ("pepper", "椒 pepper chilli chili capsicum"),
    ("root", "萝卜 甜菜 人参 川芎 牛蒡 carrot radish beet turnip root"),
    ("tuber", "土豆 马铃薯 薯 芋 藕 山药 姜 蒜 洋葱 百合 potato ginger garlic onion yam taro lotus"),
    ("mushroom", "菇 菌 木耳 银耳 灵芝 mushroom fungus fungi"),
    ("tea", "茶 茶鲜叶 tea"),
    ("grain", "米 稻 麦 谷 粮 面粉 豆 高粱 花生 油菜籽 rice paddy wheat corn maize grain flour bean soy peanut"),
    ("egg", "蛋 egg"),
    ("poultry", "鸡 鸭 鹅 鸽 禽 hen chicken duck goose poultry pigeon"),
    ("fish", "鱼 虾 虾米 蟹 贝 水产 鲤 鲈 鳝 fish shrimp prawn crab carp bass trout"),
    ("meat", "猪 牛 羊 兔 肉 鸡肉 鸭肉 鹅肉 pork beef lamb mutton rabbit meat"),
    ("grape", "葡萄 提子 蓝莓 莓 桑葚 grape berry berries"),
    ("citrus", "柑 橘 桔 橙 柚 柠檬 枇杷 citrus orange mandarin tangerine lemon pomelo grapefruit"),
    ("pear", "梨 pear"),
    ("fruit", "果 苹果 桃 李 杏 枣 柿 樱桃 石榴 荔枝 瓜 apple peach plum cherry cherries kiwi melon watermelon fruit"),
    (
        "vegetable",
        "菜 葱 韭 芹 笋 蒿 苗 豆角 豇豆 豌豆 四季豆 西兰花 "
        "cabbage lettuce spinach vegetable greens leek celery choi broccoli cauliflower",
    ),
    (
        "jar",
        "酱 罐头 腌 泡菜 榨菜 果脯 蜜饯 果汁 汁 蜜 油 酒 醋 sauce jam juice honey pickle preserve jar oil wine vinegar",
    ),
    ("crate", "奶 花 草 种子 milk flower herb seed"),
)
"""Each picture with its words; English ones also in the plural."""

_WORDS = [
    (re.compile(rf"\b{word}(?:e?s)?\b" if word.isascii() else word), drawn)
    for drawn, words in PICTURES
    for word in words.split()
]


def picture(*names: str) -> str:
    """The static file for goods called so, by the first name that says it; a crate for what no word fits.

    What a thing is stands last in its name (番茄酱 is a sauce, 蛋鸡 a hen, an apple juice no apple): of the words
    in it the one that ends last counts, and of those the longest (牛油果 is a fruit, by more than its 牛).
    """
    for name in names:
        if fitting := max(_fitting(name.casefold()), default=None):
            return f"goods-{fitting[-1]}.svg"
    return "goods-crate.svg"


def _fitting(name: str) -> Iterator[tuple[int, int, str]]:
    """Where each word in ``name`` ends, how long it is, and its picture."""
    for word, drawn in _WORDS:
        for found in word.finditer(name):
            yield found.end(), found.end() - found.start(), drawn
