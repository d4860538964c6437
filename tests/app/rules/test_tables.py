"""Look-ups: the row for these goods on this day, however its name is written."""

from datetime import date
from decimal import Decimal

import pytest

from app.rules.names import spellings
from app.rules.rows import SHAPES
from app.rules.sheets import read
from app.rules.tables import Tables
from clients.demo.county import PARTIES
from clients.demo.supplies import PANELS, SUPPLIES

DAY = date(2026, 5, 1)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return Tables.shipped()


def with_rows(name: str, *lines: str) -> Tables:
    header = ",".join(SHAPES[name].header)
    return Tables.shipped().replace(read(name, SHAPES[name], "\n".join((header, *lines)).encode()))


# --- goods


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("番茄", "蔬菜"),
        ("西红柿（礼盒装）", "蔬菜"),
        ("草莓 250 克盒装", "水果"),
        ("青禾大米 5 公斤袋", "粮食"),
        ("稻谷", "粮食"),
        ("茶鲜叶", "茶鲜叶"),
        ("雾顶绿茶", "茶叶"),
        ("鲜鸡蛋（未分级）", "禽蛋"),
        ("土鸡", "畜禽"),
        ("土鸡蛋", "禽蛋"),
        ("蛋鸡", "蛋禽"),
        ("生猪", "畜禽"),
        ("五花肉", "畜禽"),
        ("广式腊肠", "加工品"),
        ("番茄酱", "加工品"),
        ("草鱼", "养殖水产品"),
        ("鱼腥草", "蔬菜"),
        ("香菇", "食用菌"),
        ("Tomato", None),
        ("", None),
    ],
)
def test_goods_are_of_the_category_that_their_longest_word_says(
    tables: Tables, name: str, category: str | None
) -> None:
    assert tables.category(name) == category


def test_of_two_words_as_long_the_later_one_counts() -> None:
    rows = ("甲乙,,,前,词表,yes", "丙丁,,,后,词表,yes", "乙丙,,,中,词表,yes")
    tables = with_rows("categories", *rows)
    assert tables.category("甲乙丙丁") == "后"
    assert tables.category("丙丁甲乙") == "前"


# --- bans


@pytest.mark.parametrize(
    "name",
    ["克百威", "呋喃丹", "Carbofuran", "ｃａｒｂｏｆｕｒａｎ", " 克 百 威 ", "3% 克百威颗粒剂", "克百威（原药）"],
)
def test_a_substance_by_any_of_its_names(tables: Tables, name: str) -> None:
    ban = tables.banned(name, "蔬菜", DAY)
    assert ban is not None
    assert (ban.kind, ban.ingredient) == ("toxic", "克百威")
    assert ban.source.startswith("农业部公告第199号")
    assert not ban.demonstration


def test_a_longer_name_is_another_substance(tables: Tables) -> None:
    assert tables.banned("甲基对硫磷", "蔬菜", DAY) != tables.banned("对硫磷", "蔬菜", DAY)
    assert tables.banned("氯虫苯甲酰胺", "蔬菜", DAY) is None
    assert tables.banned("", "蔬菜", DAY) is None


def test_toxic_holds_for_its_goods_and_from_its_day_on(tables: Tables) -> None:
    assert tables.banned("毒死蜱", "水果", DAY) is None
    assert tables.banned("毒死蜱", None, DAY) is None
    assert tables.banned("毒死蜱", "蔬菜", date(2016, 12, 30)) is None
    restricted = tables.banned("毒死蜱", "蔬菜", date(2016, 12, 31))
    assert restricted is not None
    assert (restricted.kind, restricted.goods) == ("toxic", ("蔬菜",))


def test_banned_in_all_uses_comes_before_toxic(tables: Tables) -> None:
    days = [date(2026, 5, 31), date(2026, 6, 1)]
    kinds = [[(ban := tables.banned("灭多威", goods, day)) and ban.kind for goods in ("蔬菜", "粮食")] for day in days]
    assert kinds == [["toxic", None], ["banned", "banned"]]


@pytest.mark.parametrize("category", ["畜禽", "养殖水产品", "禽蛋", None])
@pytest.mark.parametrize("medicine", ["盐酸克伦特罗", "瘦肉精", "孔雀石绿", "氯霉素", "呋喃唑酮"])
def test_medicines_banned_in_food_animals(tables: Tables, medicine: str, category: str | None) -> None:
    ban = tables.banned(medicine, category, DAY)
    assert ban is not None
    assert ban.kind == "banned"


def test_what_laying_hens_may_not_have_others_may(tables: Tables) -> None:
    given = {goods: tables.banned("氟苯尼考", goods, DAY) for goods in ("禽蛋", "蛋禽", "畜禽", "养殖水产品")}
    assert [goods for goods, ban in given.items() if ban] == ["禽蛋", "蛋禽"]


# --- labels, intervals, limits


def test_a_label_says_crop_rate_and_interval(tables: Tables) -> None:
    use = tables.registered("pd－示例－0005", "稻谷", DAY)
    assert use is not None
    assert (use.rate, use.unit, use.days) == (Decimal("0.1"), "L", 14)
    assert use.label is not None
    assert use.label.crop == "水稻"


def test_a_label_that_names_other_crops_says_which(tables: Tables) -> None:
    use = tables.registered("PD-示例-0004", "番茄", DAY)
    assert use is not None
    assert (use.label, use.rate, use.days, use.crops) == (None, None, None, ("茶树", "甘蓝"))


def test_an_unknown_number_or_ingredient_says_nothing(tables: Tables) -> None:
    assert tables.registered("PD20000001", "番茄", DAY) is None
    assert tables.registered("吡虫啉", "西瓜", DAY) is None
    assert tables.registered("PD-示例-0001", "番茄", date(2019, 12, 31)) is None


def test_by_ingredient_the_label_that_allows_most() -> None:
    row = "{},某乳油,某某酯,,番茄,{},mL,{},公告,2020-01-01,,no"
    tables = with_rows("registrations", row.format("PD1", 20, 5), row.format("PD2", 30, 7), row.format("PD3", "", ""))
    use = tables.registered("某某酯", "番茄", DAY)
    assert use is not None
    assert (use.registration_no, use.rate, use.days) == ("PD2", Decimal(30), 7)


def test_the_nearest_goods_count() -> None:
    row = "某酯,,{},{},mg/kg,GB,2020-01-01,,no"
    rows = (("", 5), ("蔬菜", 4), ("茄果类", 3), ("番茄", 2), ("樱桃番茄", 1))
    tables = with_rows("limits", *(row.format(*each) for each in rows))
    names = ("樱桃番茄", "精品番茄", "西红柿", "辣椒", "菠菜", "苹果", "番茄酱")
    found = {name: tables.limit("某酯", name, tables.category(name), DAY) for name in names}
    assert [str(limit and limit.value) for limit in found.values()] == ["1", "2", "2", "3", "4", "5", "5"]


def test_a_limit_for_meat_is_none_for_what_only_sounds_like_it(tables: Tables) -> None:
    hens, eggs_ = (tables.limit("氟苯尼考", name, tables.category(name), DAY) for name in ("肉鸡", "鸡蛋"))
    assert hens is not None
    assert eggs_ is not None
    assert hens.value > eggs_.value
    assert tables.limit("嘧菌酯", "番茄酱", tables.category("番茄酱"), DAY) is None


def test_limits_change_on_their_day() -> None:
    rows = ("镉,,,0.4,mg/kg,GB 2762-2017,2017-09-17,2023-06-29,yes", "镉,,,0.2,mg/kg,GB 2762-2022,2023-06-30,,yes")
    tables = with_rows("limits", *rows)
    days = [date(2017, 9, 16), date(2023, 6, 29), date(2023, 6, 30)]
    found = [tables.limit("镉（以 Cd 计）", "大米", "粮食", day) for day in days]
    assert [limit and str(limit.value) for limit in found] == [None, "0.4", "0.2"]


@pytest.mark.parametrize(
    ("analyte", "name", "value"),
    [
        ("镉（以 Cd 计）", "青禾大米 5 公斤袋", "0.2"),
        ("镉", "糙米", "0.2"),
        ("镉", "青菜", "0.2"),
        ("镉", "番茄", "0.05"),
        ("毒死蜱", "番茄", "0.02"),
        ("孔雀石绿", "草鱼", "0"),
        ("恩诺沙星（以恩诺沙星与环丙沙星之和计）", "鲈鱼", "0.1"),
        ("磺胺类（总量）", "猪肉", "0.1"),
        ("克伦特罗", "猪肉", "0"),
        ("氟苯尼考", "鲜鸡蛋", "0.01"),
    ],
)
def test_limits_that_stories_rest_on(tables: Tables, analyte: str, name: str, value: str) -> None:
    limit = tables.limit(analyte, name, tables.category(name), DAY)
    assert limit is not None
    assert str(limit.value) == value


UNITS = {
    "mg/kg": "0.1",
    "μg/kg": "100",
    "µg/kg": "100",
    "UG/KG": "100",
    "mg/L": "0.1",
    "g/kg": "0.0001",
    "%": "0.00001",
}


@pytest.mark.parametrize(("unit", "value"), [*UNITS.items(), ("", None), ("CFU/g", None)])
def test_a_limit_in_the_laboratorys_unit(tables: Tables, unit: str, value: str | None) -> None:
    limit = tables.limit("恩诺沙星", "猪肉", "畜禽", DAY)
    assert limit is not None
    assert limit.in_unit(unit) == (None if value is None else Decimal(value))


def test_a_unit_that_is_no_share_is_compared_with_itself_alone() -> None:
    limit = with_rows("limits", "菌落总数,,,100000,CFU/g,GB,2020-01-01,,yes").limit("菌落总数", "鸡蛋", "禽蛋", DAY)
    assert limit is not None
    assert (limit.in_unit("CFU/g"), limit.in_unit("mg/kg")) == (Decimal(100000), None)


def test_withdrawal_times_by_animal(tables: Tables) -> None:
    days = {
        name: tables.interval("恩诺沙星", name, tables.category(name), DAY)
        for name in ("生猪", "猪肉", "肉鸡", "肉牛", "草鱼")
    }
    assert [interval and interval.days for interval in days.values()] == [10, 10, 8, 14, 20]


# --- duties and terms


def test_certificates_are_due_from_the_day_of_the_order_on(tables: Tables) -> None:
    due = {"蔬菜", "食用菌", "水果", "茶鲜叶", "畜禽", "禽蛋", "养殖水产品"}
    listed = {row.category for row in tables.sheets["categories"].rows}
    assert {category for category in listed if tables.certificate(category, date(2026, 2, 1))} == due
    assert not any(tables.certificate(category, date(2026, 1, 31)) for category in listed)
    duty = tables.certificate("蔬菜", DAY)
    assert duty is not None
    assert not duty.demonstration
    assert tables.certificate(None, DAY) is None


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("ahead-seconds", 600, "second"),
        ("retest-hours", 4, "hour"),
        ("lab-days-agri", 5, "working day"),
        ("lab-days-food", 7, "working day"),
        ("late-days", 3, "day"),
        ("many-at-once", 50, "record"),
        ("journey-province-minutes", 90, "minute"),
        ("journey-prefecture-minutes", 30, "minute"),
    ],
)
def test_terms(tables: Tables, name: str, value: int, unit: str) -> None:
    term = tables.term(name, DAY)
    assert term is not None
    assert (term.value, term.unit) == (value, unit)
    assert tables.term(f"{name}-else", DAY) is None


# --- the tables as a whole


def test_what_is_shipped_says_that_it_is_a_demonstration(tables: Tables) -> None:
    assert tables.demonstration
    own = [row for sheet in tables.sheets.values() for row in sheet.rows if row.demonstration]
    copied = {
        row.source.partition("（")[0] for sheet in tables.sheets.values() for row in sheet.rows if not row.demonstration
    }
    assert own
    # These lists were held against the notices' text; whoever adds one adds it here.
    assert copied == {
        "农业部公告第199号",
        "农业农村部公告第536号",
        "农业农村部公告第736号：自2026年6月1日起禁止销售和使用",
        "农产品质量安全承诺达标合格证管理办法",
    }


def test_every_good_that_a_row_names_is_known(tables: Tables) -> None:
    """A row for goods that no word leads to would never be found, for its category is unknown."""
    words = tables.sheets["categories"].rows
    known = {name for row in words for name in (row.word, *row.synonyms, row.group, row.category)}
    for name in ("bans", "intervals", "limits"):
        assert {goods for row in tables.sheets[name].rows for goods in row.goods} <= known
    assert {row.crop for row in tables.sheets["registrations"].rows} <= known
    assert {row.category for row in tables.sheets["duties"].rows} <= known


def test_a_replaced_table_leaves_the_others(tables: Tables) -> None:
    other = with_rows("terms", "late-days,9,day,自定,2020-01-01,,yes")
    term = other.term("late-days", DAY)
    assert term is not None
    assert term.value == 9
    assert tables.term("late-days", DAY) != term
    assert other.sheets["limits"] is tables.sheets["limits"]
    assert tables.replace() is tables


@pytest.mark.parametrize(
    ("written", "looked_up"),
    [
        ("镉（以 Cd 计）", ["镉以cd计", "镉"]),
        ("10% 吡虫啉可湿性粉剂", ["10吡虫啉可湿性粉剂", "吡虫啉"]),
        ("2,4-滴丁酯", ["24滴丁酯"]),
        ("（）", []),
        ("5%", ["5"]),
    ],
)
def test_spellings(written: str, looked_up: list[str]) -> None:
    assert list(spellings(written)) == looked_up


# --- the demonstration county agrees with the tables


SEASON = {
    "示例吡虫啉粉剂": ("番茄", "黄瓜"),
    "示例苦参碱水剂": ("黄瓜", "青菜"),
    "示例嘧菌酯悬浮剂": ("苹果", "柑橘", "辣椒", "草莓"),
    "示例印楝素乳油": ("茶鲜叶",),
    "示例井冈霉素水剂": ("稻谷",),
}


@pytest.mark.parametrize(("supply", "crops"), SEASON.items())
def test_the_season_keeps_to_labels_and_intervals(tables: Tables, supply: str, crops: tuple[str, ...]) -> None:
    used = SUPPLIES[supply]
    for crop in crops:
        category = tables.category(crop)
        use = tables.registered(used.registration_no, crop, DAY)
        assert use is not None
        assert use.label is not None
        assert use.days == used.interval
        for ingredient in used.ingredients:
            interval = tables.interval(ingredient, crop, category, DAY)
            assert interval is not None
            assert interval.days == used.interval
            assert tables.banned(ingredient, category, DAY) is None


def test_every_pesticide_of_the_season_is_among_these() -> None:
    assert {supply.name for supply in SUPPLIES.values() if supply.type == "pesticide"} == SEASON.keys()


PANEL_OF = {
    "蔬菜": "番茄",
    "草莓": "草莓 250 克盒装",
    "水果": "苹果",
    "茶叶": "雾顶绿茶",
    "稻米": "青禾大米 5 公斤袋",
    "猪肉": "猪腿肉",
    "鸡蛋": "鲜鸡蛋",
}


@pytest.mark.parametrize("panel", PANELS)
def test_limits_on_the_seasons_reports_are_those_of_the_tables(tables: Tables, panel: str) -> None:
    name = PANEL_OF[panel]
    for item in PANELS[panel][1]:
        limit = tables.limit(item.analyte, name, tables.category(name), DAY)
        assert limit is not None
        assert (limit.value, limit.unit) == (Decimal(item.limit), item.unit)


def test_every_product_of_the_county_is_of_some_category(tables: Tables) -> None:
    assert [
        product.name for party in PARTIES for product in party.products if tables.category(product.name) is None
    ] == []
