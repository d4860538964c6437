"""Every name gets a picture, and every picture is there."""

import pytest

from app.public.goods import PICTURES, picture
from app.web.pages import STATIC


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("大番茄", "tomato"), ("手工番茄酱 500 克装", "jar"), ("丰水梨", "pear"), ("红心猕猴桃", "fruit"),
        ("小白菜", "vegetable"), ("草莓 250 克盒装", "strawberry"), ("Strawberries, 250 g punnet", "strawberry"),
        ("丑橘", "citrus"), ("土鸡蛋", "egg"), ("蛋鸡", "poultry"), ("黑木耳", "mushroom"), ("明前茶", "tea"),
        ("有机大米", "grain"), ("Rainbow trout", "fish"), ("黑猪肉", "meat"), ("巨峰葡萄", "grape"),
        ("蓝莓", "grape"), ("白萝卜", "root"), ("黄瓜", "cucumber"), ("西瓜", "fruit"), ("茄子", "aubergine"),
        ("辣椒", "pepper"), ("生姜", "tuber"), ("土豆", "tuber"), ("苹果（分装）", "fruit"), ("豇豆", "vegetable"),
        # What a thing is stands last in its name.
        ("牛油果", "fruit"), ("鱼腥草", "crate"), ("茶树菇", "mushroom"), ("虾米", "fish"), ("苹果醋", "jar"),
        ("葡萄酒", "jar"), ("牛奶", "crate"), ("花生", "grain"), ("稻花鱼", "fish"), ("鸡肉", "meat"),
        ("Eggplant", "aubergine"), ("Beef steak", "meat"), ("Apple juice", "jar"), ("Grapefruits", "citrus"),
        ("不知道是什么", "crate"), ("", "crate"),
    ],
)  # fmt: skip
def test_a_name_gets_its_picture(name: str, drawn: str) -> None:
    assert picture(name) == f"goods-{drawn}.svg"


def test_the_first_name_that_says_it_counts() -> None:
    assert picture("雾顶一号", "Wuding green tea") == "goods-tea.svg"
    assert picture("茄子", "Egg") == "goods-aubergine.svg"


def test_all_pictures_are_drawn() -> None:
    drawn = {path.name for path in STATIC.glob("goods-*.svg")}
    assert {f"goods-{name}.svg" for name, _ in PICTURES} | {picture("")} == drawn
