"""Every page of batches whose records say no more than they must: what nobody asked for, no page may count on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.main import create_app
from ledger.identity import ChainId, mark
from ledger.records import KINDS
from ledger.records.shapes import Field, ListOf, Object
from tests.app.town import PASSWORD, settle
from tests.app.visiting import visiting
from tests.examples import DIGEST, Example, examples
from tests.world import World, county, harvested, planted

ANSWERING: Mapping[str, Mapping[str, str]] = {
    "load": {"shipment": "ship"},
    "unload": {"shipment": "ship"},
    "receive": {"shipment": "ship"},
    "reject": {"shipment": "ship"},
    "acknowledge": {"about": "recall"},
    "correct": {"statement": "observe"},
    "release": {},
}
"""What has to be there before: for the field the kind that it names."""


def bare(fields: tuple[Field, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """What has to be said, and nothing else."""
    return {one.name: _bare(one.shape, given[one.name]) for one in fields if one.required and one.name in given}


def _bare(shape: object, given: Any) -> Any:
    match shape:
        case ListOf(Object() as item):
            return [bare(item.fields, one) for one in given]
        case Object():
            return bare(shape.fields, given)
    return given


def told() -> tuple[World, list[ChainId]]:
    """Each kind once about one lot, and the batches that there are then."""
    world = county()
    planting = planted(world)
    lot = harvested(world, planting)
    said: dict[str, Any] = {}
    batches = [planting, lot]
    kinds = [name for name, kind in KINDS.items() if kind.stage != "registry"]
    # What stops it comes last, and then what answers.
    for name in sorted(kinds, key=lambda name: (name in ANSWERING, name in ("hold", "recall"), name)):
        statement = one(world, name, examples(world, planting, lot)[name], said)
        said[name] = statement
        batches += statement.created
    return world, batches


def one(world: World, name: str, example: Example, said: Mapping[str, Any]) -> Any:
    body, sealed = bare(KINDS[name].fields, example.body), bare(KINDS[name].fields, example.sealed)
    for field, kind in ANSWERING.get(name, {}).items():
        body[field] = said[kind].hash
    if name == "release":
        body["answers"] = [said[kind].hash for kind in ("hold", "recall", "receive", "intake")]
    if name == "correct":
        body = {**body, "void": True}
    assert DIGEST not in str(body), name
    on = said["observe"].on if name == "correct" else example.on
    by = {"drill": "inspector", "certify": "farm", "label": "farm"}.get(name, example.by)
    return world.state(name, by, body, on, sealed)


def test_no_page_counts_on_what_nobody_asked_for(tmp_path: Path, database_url: str) -> None:
    world, batches = told()
    town = settle(tmp_path / "data", database_url, world=world)
    failed: list[str] = []
    with visiting(create_app(town.settings)) as visitor:
        for login in ("", "ma.ke", "zhou.min", "li.na"):
            if login:
                visitor.sign_in(login, PASSWORD)
            paths = [f"/t/{mark(chain)}" for chain in batches]
            if login == "li.na":
                paths += [f"/audit/batches/{mark(chain)}" for chain in batches]
                paths += [f"/audit/parties/{party}" for party in world.parties.values()]
                paths += ["/audit", "/audit/recalls", "/audit/log"]
                paths += [f"/audit/recalls/{one.hash}" for one in world.statements if one.kind in ("recall", "drill")]
            if login:
                paths += ["/desk", "/desk/recalls", *(f"/desk/certificates/{mark(chain)}" for chain in batches)]
            failed += [path for path in paths if visitor.get(path).status_code >= 500]
    town.engine.dispose()
    assert failed == []
