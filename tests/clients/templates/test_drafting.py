"""A season's drafts: every step a file that can be filled in, checked and signed, in the order of the files."""

import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from clients import lines
from clients.client import Client
from clients.filling import blanks
from clients.templates.drafting import StepDraft, drafts
from ledger import records
from ledger.records.shapes import Choice, Code, Flag, ListOf, Object, Quantity, Reading, Ref, Shape, Whole
from ledger.seasons import Season, parse
from tests.examples import DIGEST
from tests.world import World

BEGIN = date(2026, 3, 1)
GIVEN = {"product": DIGEST, "place": DIGEST}


def shipped() -> list[Season]:
    data = files("clients.templates") / "data"
    return [parse(file.read_text("utf-8"), file.name) for file in sorted(data.iterdir(), key=lambda file: file.name)]


@pytest.fixture(params=shipped(), ids=lambda season: season.name)
def season(request: pytest.FixtureRequest) -> Season:
    found: Season = request.param
    return found


def test_each_time_of_each_step_is_a_file_in_the_order_of_its_day(season: Season) -> None:
    made = drafts(season, BEGIN, GIVEN)
    assert len(made) == sum(step.times for step in season.steps)
    assert [one.file for one in made] == sorted({one.file for one in made})
    assert [one.day for one in made] == sorted(one.day for one in made)
    assert made[0].record["at"] == "2026-03-01"


def test_what_it_refers_to_comes_before_it(season: Season) -> None:
    before: set[str] = set()
    for one in drafts(season, BEGIN, GIVEN):
        text = json.dumps(one.record)
        assert "@product" not in text
        assert "@place" not in text
        referred = {word.partition('"')[0] for word in text.split('"@')[1:]}
        assert referred <= before
        before.add(one.file)


def test_rounds_go_together() -> None:
    tomato = next(season for season in shipped() if season.name == "tomato")
    by_step: dict[str, list[StepDraft]] = {}
    for one in drafts(tomato, BEGIN, GIVEN):
        by_step.setdefault(one.step.id, []).append(one)
    for harvest, certificate in zip(by_step["harvest"], by_step["certify"], strict=True):
        assert certificate.record["body"]["goods"][0]["batch"] == f"@{harvest.file}"
        assert harvest.record["body"]["inputs"] == [{"batch": f"@{by_step['plant'][0].file}"}]
    assert {one.record["on"][0] for one in by_step["feeding"]} == {f"@{by_step['plant'][0].file}"}


def test_it_may_be_for_somebody_else(season: Season) -> None:
    assert {one.record["for"] for one in drafts(season, BEGIN, GIVEN, "farmer")} == {"farmer"}
    assert all("for" not in one.record for one in drafts(season, BEGIN, GIVEN))


# --- filled in, they are records ---------------------------------------------------------------------------------


def filled(shape: Shape, value: Any) -> Any:
    """Something that fits, wherever a clerk has something to fill in."""
    if isinstance(value, dict) and isinstance(shape, Object):
        return {name: filled(shape.by_name[name].shape, one) for name, one in value.items()}
    if isinstance(value, list) and isinstance(shape, ListOf):
        return [filled(shape.item, one) for one in value]
    if isinstance(shape, Quantity | Reading) and isinstance(value, dict):
        return {"unit": value["unit"].replace("?", "kg"), "value": value["value"].replace("?", "3")}
    if value != "?":
        return value
    match shape:
        case Choice(options=options):
            return next(iter(options))
        case Ref() | Code():
            return DIGEST
        case Whole(low=low):
            return low
        case Flag():
            return True
    return "2026-03-01" if shape == records.KINDS["test"].by_name["sampled"].shape else "某"


def test_filled_in_each_can_be_signed_in_its_order(
    season: Season, client: Client, world: World, tmp_path: Path
) -> None:
    given = {"product": world.products["tomato"], "place": world.places["plot 7"]}
    for one in drafts(season, BEGIN, given):
        kind = records.KINDS[one.record["kind"]]
        body = {name: filled(kind.by_name[name].shape, value) for name, value in one.record["body"].items()}
        assert not list(blanks(body))
        (tmp_path / one.file).write_text(json.dumps({**one.record, "body": body}), "utf-8")
        (line,) = lines.read(client, [tmp_path / one.file])
        assert line.error is None, (one.file, line.error, getattr(line.error, "params", ""))
        assert line.draft is not None
        client.notebook.sign([line.draft])
