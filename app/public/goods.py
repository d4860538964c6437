"""A drawn picture for goods of which there is no photograph, chosen by the words in their name."""

PICTURES: tuple[tuple[str, str], ...] = (
    ("jar", "酱 罐 腌 泡菜 果脯 蜜饯 果汁 蜂蜜 豆瓣 sauce jam juice honey pickle preserve jar"),
    ("tomato", "番茄 西红柿 tomato"),
    ("cucumber", "黄瓜 青瓜 丝瓜 苦瓜 冬瓜 南瓜 茄 cucumber gourd squash zucchini courgette aubergine eggplant"),
    (
        "root",
        "萝卜 胡萝卜 土豆 马铃薯 红薯 莲藕 山药 姜 蒜 洋葱 川芎 carrot radish potato ginger garlic onion yam root",
    ),
    ("mushroom", "菇 菌 木耳 mushroom fungus fungi"),
    ("tea", "茶 tea"),
    ("grain", "米 稻 麦 玉米 粮 面粉 大豆 豆 高粱 rice wheat corn maize grain flour bean soy"),
    ("egg", "蛋 egg"),
    ("fish", "鱼 虾 蟹 水产 鲤 鲈 fish shrimp crab carp bass trout"),
    ("meat", "猪 牛 羊 鸡 鸭 鹅 肉 pork beef lamb mutton chicken duck goose meat"),
    ("grape", "葡萄 蓝莓 莓 桑葚 grape berry berries"),
    ("citrus", "柑 橘 桔 橙 柚 柠檬 丑橘 枇杷 citrus orange mandarin tangerine lemon pomelo"),
    ("pear", "梨 pear"),
    ("fruit", "果 桃 李 杏 枣 猕猴桃 瓜 apple peach plum cherry kiwi melon fruit"),
    ("vegetable", "菜 葱 韭 芹 笋 椒 cabbage lettuce spinach vegetable greens leek celery pepper broccoli"),
)
"""Each picture with its words; of two that fit, the one further up."""


def picture(*names: str) -> str:
    """The static file for goods of these names; a crate for what no word fits."""
    called = " ".join(names).casefold()
    drawn = next((drawn for drawn, words in PICTURES if any(word in called for word in words.split())), "crate")
    return f"goods-{drawn}.svg"
