"""Every name gets a picture, and every picture is there."""

import pytest

from app.public.goods import PICTURES, picture
from app.web.pages import STATIC


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("大番茄", "tomato"), ("手工番茄酱", "jar"), ("丰水梨", "pear"), ("红心猕猴桃", "fruit"),
        ("小白菜", "vegetable"),
        ("丑橘", "citrus"), ("土鸡蛋", "egg"), ("黑木耳", "mushroom"), ("明前茶", "tea"), ("有机大米", "grain"),
        ("Rainbow trout", "fish"), ("黑猪肉", "meat"), ("巨峰葡萄", "grape"), ("白萝卜", "root"), ("黄瓜", "cucumber"),
        ("不知道是什么", "crate"), ("", "crate"),
    ],
)  # fmt: skip
def test_a_name_gets_its_picture(name: str, drawn: str) -> None:
    assert picture(name) == f"goods-{drawn}.svg"


def test_all_pictures_are_drawn() -> None:
    drawn = {path.name for path in STATIC.glob("goods-*.svg")}
    assert {f"goods-{name}.svg" for name, _ in PICTURES} | {picture("")} == drawn
