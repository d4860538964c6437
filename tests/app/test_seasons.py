"""``/v1/templates``: what is shipped, what the operator adds, and that both go with the rules of the service."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from app import seasons
from app.main import create_app
from app.rules.tables import Tables
from ledger.errors import Malformed
from ledger.seasons import Season
from tests.app.town import settle
from tests.app.visiting import Visitor, visiting
from tests.world import county

JSON = {"accept": "application/json"}
DAY = date(2026, 6, 1)
MINE = """
title = "我的草莓"
title_en = "my strawberries"
category = "水果"
source = "自己的经验"
demonstration = false
[[steps]]
id = "plant"
kind = "plant"
title = "定植"
title_en = "planting"
day = 0
[steps.fields]
plot = "?"
"""


@pytest.fixture
def visitor(tmp_path: Path, database_url: str) -> Iterator[Visitor]:
    town = settle(tmp_path / "data", database_url, world=county())
    town.engine.dispose()
    (tmp_path / "data" / "templates").mkdir()
    (tmp_path / "data" / "templates" / "strawberry.toml").write_text(MINE, "utf-8")
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def test_templates_are_listed_and_read(visitor: Visitor) -> None:
    listed = {one["name"]: one for one in visitor.get("/v1/templates", JSON).json()}
    assert listed.keys() == {"apple", "eggs", "fish", "pork", "rice", "tea", "tomato", "strawberry"}
    assert listed["tomato"]["demonstration"]
    assert not listed["strawberry"]["demonstration"]
    strawberry = visitor.get("/v1/templates/strawberry", JSON).json()
    assert strawberry["steps"][0]["fields"] == {"plot": "?"}
    assert visitor.get("/v1/templates/tomato", JSON).json()["inputs"][0]["fields"]["interval_days"] == 7
    refused = visitor.get("/v1/templates/banana", JSON)
    assert (refused.status_code, refused.json()["code"]) == (404, "no-season")


def test_a_wrong_template_is_said_with_its_line_before_the_service_starts(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "mine.toml").write_text(MINE.replace('kind = "plant"', 'kind = "plnt"'), "utf-8")
    with pytest.raises(Malformed) as refused:
        seasons.read(tmp_path)
    assert refused.value.params["path"] == "mine.toml:9"


SHIPPED = seasons.read(Path("nowhere"))
CROPS = {
    "apple": "苹果",
    "eggs": "鸡蛋",
    "fish": "草鱼",
    "pork": "生猪",
    "rice": "稻谷",
    "tea": "茶鲜叶",
    "tomato": "番茄",
}


@pytest.mark.parametrize("season", SHIPPED.values(), ids=lambda season: season.name)
def test_what_is_shipped_agrees_with_the_rules_that_are_shipped(season: Season) -> None:
    """Whoever follows an example gets no finding of a ban or of an interval shorter than the tables have."""
    tables, crop = Tables.shipped(), CROPS[season.name]
    assert tables.category(crop) == season.category
    for one in season.inputs:
        for ingredient in one.fields.get("ingredients", ()):
            assert tables.banned(ingredient, season.category, DAY) is None, (season.name, ingredient)
            least = tables.interval(ingredient, crop, season.category, DAY)
            assert least is not None, (season.name, ingredient)
            assert one.fields["interval_days"] >= least.days, (season.name, ingredient)
