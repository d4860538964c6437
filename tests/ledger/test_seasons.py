"""Templates of seasons: what is read, and where a mistake is said to be."""

from importlib.resources import files
from pathlib import Path

import pytest

from ledger.errors import Malformed
from ledger.seasons import Band, parse

HEAD = """\
title = "番茄一季"
title_en = "tomatoes"
category = "蔬菜"
source = "示例数据"
demonstration = true
"""
STEP = """
[[steps]]
id = "plant"
kind = "plant"
title = "定植"
title_en = "planting"
day = 0
"""
SPRAY = """
[[inputs]]
name = "示例吡虫啉粉剂"
ingredients = ["吡虫啉"]
interval_days = 7
source = "示例数据"

[[steps]]
id = "plant"
kind = "plant"
title = "定植"
title_en = "planting"
day = -1

[[steps]]
id = "spray"
kind = "apply"
title = "打药"
title_en = "spraying"
day = 30
times = 3
every = 10
on = ["plant"]
input = "示例吡虫啉粉剂"
ask = ["rate"]
photo = "标签"
photo_en = "the label"
[steps.fields]
place = "@place"
target = "?"
rate = { unit = "g", value = "?" }
inputs = [{ batch = "@plant", quantity = { unit = "mL", value = "5" } }]
"""


def test_a_season_is_read() -> None:
    season = parse(HEAD + '[yield]\nlow = "10"\nhigh = "20"\nunit = "kg"\nper = "mu"\n' + SPRAY, "farm/tomato.toml")
    assert (season.name, season.title, season.about, season.demonstration) == ("tomato", "番茄一季", "", True)
    assert season.band == Band("10", "20", "kg", "mu")
    plant, spray = season.steps
    assert (plant.days(), spray.days()) == ([-1], [30, 40, 50])
    assert spray.fields == {
        "name": "示例吡虫啉粉剂",
        "ingredients": ["吡虫啉"],
        "interval_days": 7,
        "place": "@place",
        "target": "?",
        "rate": {"unit": "g", "value": "?"},
        "inputs": [{"batch": "@plant", "quantity": {"unit": "mL", "value": "5"}}],
    }
    assert (spray.on, spray.ask, spray.photo_en) == (("plant",), ("rate",), "the label")
    assert parse(HEAD + STEP, "x.toml").band is None


def test_tests_that_are_usual() -> None:
    usual = '[[tests]]\ntitle = "速测"\ntitle_en = "rapid"\nanalytes = ["克伦特罗"]\ntype = "qualitative"\n'
    (test,) = parse(HEAD + usual + STEP, "x.toml").tests
    assert (test.analytes, test.type) == (("克伦特罗",), "qualitative")


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("title = ", "season-toml", ""),
        (HEAD, "season-missing", ":1"),
        (HEAD.replace("title_en", "titel_en") + STEP, "season-key", ":2"),
        (HEAD.replace('category = "蔬菜"\n', "") + STEP, "season-missing", ":1"),
        (HEAD.replace("true", '"yes"') + STEP, "season-value", ":5"),
        (HEAD.replace('"蔬菜"', "7") + STEP, "season-value", ":3"),
        (HEAD + "steps = 7", "season-value", ":6"),
        (HEAD + "steps = [7]", "season-value", ":6"),
        (HEAD + "yield = 7" + STEP, "season-value", ":6"),
        (HEAD + '[yield]\nlow = "-1"\nhigh = "2"\nunit = "kg"\nper = "mu"\n' + STEP, "season-value", ":7"),
        (HEAD + '[yield]\nlow = "1"\nhigh = "2"\nunit = "kg"\n' + STEP, "season-missing", ":6"),
        (HEAD + "[[inputs]]\ncolour = 1\n" + STEP, "season-key", ":7"),
        (HEAD + '[[inputs]]\nname = "x"\n' + STEP, "season-missing", ":6"),
        (
            HEAD + '[[tests]]\ntitle = "x"\ntitle_en = "x"\nanalytes = []\ntype = "quick"\n' + STEP,
            "season-value",
            ":10",
        ),
        (HEAD + STEP.replace('id = "plant"', 'id = "Plant"'), "season-value", ":8"),
        (HEAD + STEP.replace('id = "plant"', 'id = "product"'), "season-value", ":8"),
        (HEAD + STEP + STEP, "season-value", ":15"),
        (HEAD + STEP.replace('kind = "plant"', 'kind = "fly"'), "season-value", ":9"),
        (HEAD + STEP.replace('kind = "plant"', 'kind = "key.add"'), "season-value", ":9"),
        (HEAD + STEP.replace("day = 0", "day = 9999"), "season-value", ":12"),
        (HEAD + STEP.replace("day = 0", "day = true"), "season-value", ":12"),
        (HEAD + STEP + "times = 0\n", "season-value", ":13"),
        (HEAD + STEP + 'ask = ["colour"]\n', "season-key", ":13"),
        (HEAD + STEP + "on = [7]\n", "season-value", ":13"),
        (HEAD + STEP + 'on = ["plant"]\n', "season-reference", ":13"),
        (HEAD + STEP + 'input = "water"\n', "season-value", ":13"),
        (HEAD + STEP + "[steps.fields]\n\ncolour = 1\n", "season-key", ":15"),
        (HEAD + STEP + "[steps.fields]\nplot = 7\n", "season-value", ":14"),
        (HEAD + STEP + '[steps.fields]\nplace = "@plot"\n', "season-reference", ":14"),
        (HEAD + STEP + '[steps.fields]\noutputs = [{ product = "@later" }]\n', "season-reference", ":14"),
        (HEAD + STEP + '[steps.fields]\noutputs = [{ colour = "red" }]\n', "season-key", ":14"),
        (
            HEAD + STEP + '[steps.fields]\noutputs = [{ quantity = { unit = "公斤", value = "?" } }]\n',
            "season-value",
            ":14",
        ),
    ],
)
def test_a_mistake_is_said_with_its_file_and_line(text: str, code: str, line: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(text, "my/tomato.toml")
    assert (refused.value.code, refused.value.params["path"]) == (code, f"my/tomato.toml{line}")


SHIPPED = [file for file in (files("clients.templates") / "data").iterdir() if file.name.endswith(".toml")]


def test_the_seasons_that_are_shipped_are_these() -> None:
    names = {file.name.removesuffix(".toml") for file in SHIPPED}
    assert names == {"rice", "tomato", "apple", "tea", "eggs", "fish", "pork"}


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_what_is_shipped_is_sound_and_says_that_it_is_an_example(file: object) -> None:
    season = parse(file.read_text("utf-8"), file.name)  # type: ignore[attr-defined]
    assert season.demonstration
    assert "示例数据" in season.source
    assert all("示例数据" in one.source for one in season.inputs)
    assert season.band
    assert season.tests
    assert season.about_en
    assert any(step.photo for step in season.steps)
    kinds = [step.kind for step in season.steps]
    assert kinds[0] in ("plant", "stock")
    assert "harvest" in kinds


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_what_is_shipped_keeps_its_own_intervals(file: object) -> None:
    """Whoever follows the example does not harvest before the last treatment's interval is over."""
    season = parse(file.read_text("utf-8"), file.name)  # type: ignore[attr-defined]
    first = min(step.day for step in season.steps if step.kind == "harvest")
    treated = [step for step in season.steps if step.kind in ("apply", "feed", "treat")]
    assert treated
    for step in treated:
        before = [day for day in step.days() if day <= first]
        assert max(before) + step.fields["interval_days"] <= first, step.id
        assert not [day for day in step.days() if day > first and step.fields["interval_days"]], step.id


def test_the_template_in_the_document_is_one() -> None:
    told = (Path(__file__).parents[2] / "docs" / "templates.md").read_text("utf-8")
    season = parse(told.partition("```toml\n")[2].partition("```")[0], "strawberry.toml")
    assert [step.id for step in season.steps] == ["plant", "harvest"]
