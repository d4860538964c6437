"""Profiles: those shipped lead to kinds and fields that exist, a county's own take their place, a slip is refused."""

from datetime import date
from pathlib import Path

import pytest

from app.completeness.profile import SHIPPED, Profile, read, slips
from app.errors import ServiceError
from app.rules.tables import Tables

SHIPPED_IDS = ["china-2026", "eu-931-2011", "fsma-204"]


def test_those_that_are_shipped() -> None:
    profiles = read()
    assert sorted(profiles) == SHIPPED_IDS
    for profile in profiles.values():
        assert (SHIPPED / f"{profile.id}.toml").exists()
        assert profile.zh
        assert profile.en
        assert profile.source
        assert profile.since < date(2027, 1, 1)


@pytest.mark.parametrize("id_", SHIPPED_IDS)
def test_every_kind_and_field_that_one_names_is_known(id_: str) -> None:
    profile = read()[id_]
    assert [*slips(profile)] == []
    ids = [element.id for step in profile.steps for element in step.elements]
    assert len(ids) == len(set(ids))
    assert len({step.id for step in profile.steps}) == len(profile.steps)
    for step in profile.steps:
        assert step.zh
        assert step.en
        assert step.kinds
        assert bool(step.hours) == bool(step.hours_source)
        for element in step.elements:
            assert element.zh
            assert element.en
            assert element.law
            assert element.found
            assert element.weight > 0


@pytest.mark.parametrize("id_", SHIPPED_IDS)
def test_a_step_for_some_goods_names_categories_that_there_are(id_: str) -> None:
    known = {row.category for row in Tables.shipped().sheets["categories"].rows}
    profile = read()[id_]
    named = {*profile.categories, *(one for step in profile.steps for one in step.categories)}
    # Caught at sea, or a finer word than the table has: named for whoever puts it into theirs.
    assert named - known <= {"捕捞水产品", "瓜果", "食用菌"}


SMALL = """
id = "small"
zh = "小"
en = "small"
since = 2026-01-01
source = "示例"
demonstration = true
[[steps]]
id = "harvest"
zh = "采收"
en = "harvest"
kinds = ["harvest"]
elements = [{ id = "plot", zh = "地块", en = "plot", law = "示例", found = ["record.plot"] }]
"""


def test_a_county_adds_its_own_and_replaces_what_is_shipped(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "small.toml").write_text(SMALL)
    (folder / "ours.toml").write_text(SMALL.replace('"small"', '"fsma-204"', 1))
    profiles = read(tmp_path)
    assert sorted(profiles) == [*SHIPPED_IDS, "small"]
    assert len(profiles["fsma-204"].steps) == 1
    assert read(tmp_path / "nowhere") == read()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("record.plot", "record.plott"),
        ("record.plot", "record"),
        ("record.plot", "harvset.plot"),
        ("record.plot", "record.plot.name"),
        ("record.plot", "record.outputs.colour"),
        ("record.plot", "record.place.street"),
        ("record.plot", "batch.colour"),
        ("record.plot", "product.colour"),
        ("record.plot", "record.actor.telephone"),
        ('kinds = ["harvest"]', 'kinds = ["harvset"]'),
        ('kinds = ["harvest"]', 'kinds = ["harvest"]\ndue_with = ["plannt"]'),
        ('kinds = ["harvest"]', 'kinds = ["harvest"]\nwhen = "harvest.cool"'),
        ('kinds = ["harvest"]', 'kind = ["harvest"]'),
        ("2026-01-01", '"soon"'),
        ('id = "small"', "id = "),
    ],
)
def test_a_slip_is_refused(tmp_path: Path, right: str, wrong: str) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "small.toml").write_text(SMALL.replace(right, wrong, 1))
    with pytest.raises(ServiceError, match="settings"):
        read(tmp_path)


def test_whom_a_profile_is_for() -> None:
    profile = Profile("x", "x", "x", date(2026, 1, 1), "x", True, [])
    assert profile.is_for(None, "石头")
    eu = read()["eu-931-2011"]
    assert eu.is_for("禽蛋", "土鸡蛋")
    assert eu.is_for(None, "鲜牛奶")
    assert not eu.is_for("蔬菜", "番茄")
    assert not eu.is_for(None, "石头")
