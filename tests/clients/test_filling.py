"""A line may name what a record in a file beside it made; nothing is signed with a blank in it."""

import json
from pathlib import Path
from typing import Any

import pytest

from clients import lines
from clients.client import Client
from clients.errors import Usage
from clients.filling import blanks
from clients.notebook import Kept
from ledger.canonical import Json
from tests.examples import DIGEST
from tests.world import World, kg


def wrote(folder: Path, name: str, kind: str, body: dict[str, Any], on: list[str] | None = None) -> Path:
    record = {"kind": kind, "at": "2026-03-02", "body": body, **({"on": on} if on else {})}
    path = folder / name
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n", "utf-8")
    return path


def stated(client: Client, path: Path) -> Kept:
    (line,) = lines.read(client, [path])
    if line.error:
        raise line.error
    assert line.draft is not None
    (kept,) = client.notebook.sign([line.draft])
    return kept


@pytest.fixture
def plant(world: World, tmp_path: Path) -> Path:
    outputs: list[Json] = [{"product": world.products["tomato"], "quantity": kg(value, "mu")} for value in ("2", "3")]
    return wrote(tmp_path, "01-plant.jsonl", "plant", {"outputs": outputs})


def test_what_came_of_a_record_goes_by_its_file(client: Client, world: World, plant: Path, tmp_path: Path) -> None:
    first, second = stated(client, plant).statement.created
    outputs: list[Json] = [{"product": world.products["tomato"], "quantity": kg("100")}]
    body = {"inputs": [{"batch": "@01-plant.jsonl/2"}], "outputs": outputs}
    harvest = stated(client, wrote(tmp_path, "02-harvest.jsonl", "harvest", body))
    assert harvest.statement.on == (second,)
    spray = {"name": "x", "start": "2026-03-02 07:30", "stop": "2026-03-02T00:00:00Z", "target": "@01-plant.jsonl"}
    applied = stated(client, wrote(tmp_path, "03-apply.jsonl", "apply", spray, ["@01-plant.jsonl"]))
    assert applied.statement.on == (first,)
    # Only where an id is wanted; and times are those of the clocks here.
    assert applied.statement.body["target"] == "@01-plant.jsonl"
    assert applied.statement.body["start"] == "2026-03-01T23:30:00Z"
    hold = {"reason": "x", "about": "@03-apply.jsonl"}
    assert (
        stated(client, wrote(tmp_path, "04-hold.jsonl", "hold", hold, [first])).statement.body["about"] == applied.hash
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("@01-plant.jsonl", "draft-unsigned"),
        ("@nowhere.jsonl", "draft-beside"),
        ("@empty.jsonl", "draft-beside"),
        ("@words.jsonl", "draft-beside"),
    ],
)
def test_a_file_that_is_not_signed_or_no_record(
    client: Client, plant: Path, tmp_path: Path, name: str, code: str
) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    (tmp_path / "words.jsonl").write_text("plant the tomatoes")
    with pytest.raises(Usage) as refused:
        stated(client, wrote(tmp_path, "hold.jsonl", "hold", {"reason": "x"}, [name]))
    assert (refused.value.code, refused.value.params["has"]) == (code, name[1:])


@pytest.mark.parametrize("place", ["0", "3", "x", "²", "-1", ""])
def test_a_batch_that_the_record_did_not_make(client: Client, plant: Path, tmp_path: Path, place: str) -> None:
    stated(client, plant)
    with pytest.raises(Usage, match="draft-beside"):
        stated(client, wrote(tmp_path, "hold.jsonl", "hold", {"reason": "x"}, [f"@01-plant.jsonl/{place}"]))


def test_what_was_changed_after_it_was_signed_is_another_record(client: Client, plant: Path, tmp_path: Path) -> None:
    stated(client, plant)
    plant.write_text(plant.read_text().replace('"3"', '"4"'))
    with pytest.raises(Usage, match="draft-unsigned"):
        stated(client, wrote(tmp_path, "hold.jsonl", "hold", {"reason": "x"}, ["@01-plant.jsonl"]))


def test_nothing_is_signed_with_a_blank_in_it(client: Client, tmp_path: Path) -> None:
    body = {"goods": [{"batch": DIGEST, "quantity": {"unit": "kg", "value": "?"}}], "channel": "stall"}
    with pytest.raises(Usage) as refused:
        stated(client, wrote(tmp_path, "sell.jsonl", "sell", body))
    assert (refused.value.code, refused.value.params["path"]) == ("draft-blank", "goods[0].quantity.value")
    assert list(blanks({"a": "?", "b": ["?", {"c": "?"}], "d": "??"})) == ["a", "b[0]", "b[1].c"]


def test_what_does_not_fit_the_kind_is_left_to_its_check(client: Client, tmp_path: Path) -> None:
    body = {"goods": "@01-plant.jsonl", "colour": "@x"}
    path = wrote(tmp_path, "sell.jsonl", "sell", body)
    (line,) = lines.read(client, [path])
    assert line.error is not None
    assert line.error.code == "unknown"
