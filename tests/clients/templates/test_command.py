"""``gengji template``: listed, shown, begun; and mistakes said in words."""

import json
from pathlib import Path

import pytest

from clients.client import Client
from clients.commands import Options
from clients.errors import Usage
from clients.templates.command import list_, show, start
from ledger.errors import Malformed
from tests.clients.honest import Service
from tests.examples import DIGEST
from tests.world import World

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
"""


def test_templates_are_listed_with_ones_own_before_the_shipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list_() == 0
    assert "大棚番茄一季（示例数据）" in capsys.readouterr().out
    (tmp_path / "strawberry.toml").write_text(MINE, "utf-8")
    (tmp_path / "tomato.toml").write_text(MINE, "utf-8")
    (tmp_path / "notes.txt").write_text("not a template")
    assert list_(templates=tmp_path, options=Options(json=True)) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert {"strawberry", "tomato", "rice", "pork"} <= listed.keys()
    assert listed["tomato"]["title"] == "我的草莓"
    assert "notes" not in listed


@pytest.mark.parametrize("name", ["rice", "tomato", "apple", "tea", "eggs", "fish", "pork"])
def test_a_template_is_told_in_both_languages(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(name) == 0
    told = capsys.readouterr().out
    assert "示例数据" in told
    assert "间隔期/休药期" in told
    assert show(name, options=Options(lang="en")) == 0
    assert "usual yield: " in capsys.readouterr().out
    assert show(name, options=Options(json=True)) == 0
    assert json.loads(capsys.readouterr().out)["name"] == name


def test_a_season_begins_with_a_folder_of_drafts(
    client: Client, service: Service, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = Options(home=client.notebook.device.folder)
    folder = tmp_path / "season"
    given = {"product": world.products["tomato"], "place": world.places["plot 7"]}
    assert start("tomato", **given, at="2026-03-01", output=folder, options=options) == 0
    told = capsys.readouterr().out
    assert "01-plant.jsonl  2026-03-01  定植  待填 " in told
    assert "gengji submit" in told
    first = json.loads((folder / "01-plant.jsonl").read_text("utf-8"))
    assert first["body"]["outputs"][0]["product"] == world.products["tomato"]
    with pytest.raises(Usage, match="folder-there"):
        start("tomato", **given, at="2026-03-01", output=folder, options=options)
    other = Options(home=client.notebook.device.folder, json=True)
    assert start("eggs", **given, at="2026-03-01", for_=DIGEST, output=tmp_path / "eggs", options=other) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert steps[0]["blanks"] == ["outputs[0].quantity.value", "outputs[0].variety", "source", "pen"]
    assert json.loads((tmp_path / "eggs" / steps[0]["file"]).read_text("utf-8"))["for"] == DIGEST


def test_mistakes_are_said_in_words(client: Client, tmp_path: Path) -> None:
    options = Options(home=client.notebook.device.folder)
    with pytest.raises(Malformed, match="no-season"):
        show("banana")
    with pytest.raises(Usage, match="season-day"):
        start("rice", product=DIGEST, place=DIGEST, at="tomorrow", options=options)
    (tmp_path / "bad.toml").write_bytes("title = 番茄".encode("gb18030"))
    with pytest.raises(Usage, match="file-encoding"):
        list_(templates=tmp_path)
