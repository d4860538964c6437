"""What the one table gives to forms, programs and documents: JSON Schema, wordings, help, names of the standards."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import meta, validator_for

from ledger import records
from ledger.records.kind import COMMON
from ledger.records.shapes import Choice, Field, ListOf, Object, Pattern, Quantity
from tests.examples import Example, examples
from tests.world import county, harvested, kg, planted

# GS1 Core Business Vocabulary 2.0, §7.1: every business step there is.
BUSINESS_STEPS = frozenset(
    """accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting
    decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting
    installing killing loading other packing picking receiving removing repackaging repairing replacing reserving
    retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting
    unloading unpacking void_shipping""".split()
)
# 21 CFR 1.1310 and 1.1325–1.1350: every critical tracking event there is.
TRACKING_EVENTS = frozenset(
    ("harvesting", "cooling", "initial packing", "first land-based receiving", "shipping", "receiving")
) | {"transformation"}
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def table() -> dict[str, Example]:
    world = county()
    planting = planted(world)
    return examples(world, planting, harvested(world, planting))


def within(fields: tuple[Field, ...], path: str = "") -> Iterator[tuple[str, Field]]:
    for field in fields:
        yield f"{path}{field.name}", field
        shape: Any = field.shape
        while isinstance(shape, ListOf):
            shape = shape.item
        if isinstance(shape, Object):
            yield from within(shape.fields, f"{path}{field.name}.")


FIELDS = {f"{kind.name} {path}": field for kind in records.KINDS.values() for path, field in within(kind.fields)}


# --- JSON Schema -----------------------------------------------------------------------------------------------


def values_of(example: Example) -> dict[str, Any]:
    return {**example.body, **example.sealed}


@pytest.mark.parametrize("kind", records.KINDS)
def test_the_schema_takes_the_example_and_not_less_or_more(table: dict[str, Example], kind: str) -> None:
    schema = json.loads(json.dumps(records.KINDS[kind].schema()))
    assert meta.is_valid(schema)
    form, values = validator_for(schema, validate_formats=True), values_of(table[kind])
    form.validate(values)
    assert not form.is_valid({**values, "colour": "red"})
    for name in schema["required"]:
        assert not form.is_valid({n: v for n, v in values.items() if n != name})


@pytest.mark.parametrize("kind", records.KINDS)
def test_the_schema_refuses_a_wrong_type_in_every_field(table: dict[str, Example], kind: str) -> None:
    form = validator_for(records.KINDS[kind].schema(), validate_formats=True)
    values = values_of(table[kind])
    for name in values:
        assert not form.is_valid({**values, name: None}), name


def test_a_pattern_of_alternatives_is_held_at_both_ends() -> None:
    digits = validator_for(Pattern("[0-9]{8}|[0-9]{12,14}", "digits").schema())
    assert not digits.is_valid("12345678x")
    assert not digits.is_valid("x123456789012")
    assert not validator_for(Quantity().schema()).is_valid(kg("0.00"))


def test_examples_have_every_field_of_their_kind(table: dict[str, Example]) -> None:
    """Those are left out that stand in another one's place: the second half of a root act, new values of a voiding."""
    instead = {"from", "confirms", "new", "compromised_since", "own_code", "succeeds"}
    common = {field.name for field in COMMON}
    for kind in records.KINDS.values():
        wanted = kind.by_name.keys() - instead - (common if kind.name not in ("plant", "harvest") else set())
        assert wanted <= values_of(table[kind.name]).keys(), kind.name


# --- wordings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", records.KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_says_what_it_is_and_when_to_state_it(kind: records.Kind) -> None:
    assert kind.zh
    assert kind.en
    helps(kind.zh, kind.en, kind.help_zh, kind.help_en)


@pytest.mark.parametrize("path", FIELDS)
def test_every_field_at_any_depth_says_what_to_write_in_it(path: str) -> None:
    field = FIELDS[path]
    assert field.zh
    assert field.en
    helps(field.zh, field.en, field.help_zh, field.help_en)
    if isinstance(field.shape, Choice):
        assert all(zh and en for zh, en in field.shape.options.values())


def helps(zh: str, en: str, help_zh: str, help_en: str) -> None:
    """In both languages, short enough for a phone, and more than the title over again."""
    assert CHINESE.search(help_zh)
    assert 4 < len(help_zh) <= 60
    assert 8 < len(help_en) <= 120
    assert help_zh != zh
    assert help_en.casefold() != en.casefold()
    assert not help_zh.endswith("。")
    assert not help_en.endswith(".")


def test_help_is_in_its_own_language() -> None:
    """What stands on a Chinese label is quoted as it stands there; nothing else is left in Chinese."""
    for path, field in FIELDS.items():
        assert not CHINESE.search(field.help_en.replace("兽药字", "").replace("肥准字", "")), path
    for kind in records.KINDS.values():
        assert not CHINESE.search(kind.help_en), kind.name


def test_the_schema_carries_the_wordings() -> None:
    form = records.KINDS["harvest"].schema()
    assert (form["x-help"], form["x-help-en"]) == (records.KINDS["harvest"].help_zh, records.KINDS["harvest"].help_en)
    assert form["properties"]["note"]["x-audience"] == "trade"
    lot = form["properties"]["outputs"]["items"]["properties"]["lot"]
    assert (lot["title"], lot["x-en"]) == ("批号", "lot")
    assert (lot["x-help"], lot["x-help-en"]) == ("您自己的批号，可不填", "your own number, if you have one")
    assert (lot["x-cbv"], lot["x-fsma"]) == ("lotNumber", "traceability lot code")
    sell = records.KINDS["sell"].schema()["properties"]
    assert sell["channel"]["x-options"]["stall"] == {"zh": "摊位", "en": "stall"}
    assert records.KINDS["ship"].schema()["properties"]["receiver"]["x-ref"] == "party"


# --- the standards' names --------------------------------------------------------------------------------------


def test_business_steps_and_tracking_events_are_those_of_the_standards() -> None:
    steps = {kind.name: kind.cbv for kind in records.KINDS.values() if kind.cbv}
    events = {kind.name: kind.fsma for kind in records.KINDS.values() if kind.fsma}
    assert set(steps.values()) <= BUSINESS_STEPS
    assert set(events.values()) <= TRACKING_EVENTS
    assert events == {
        "harvest": "harvesting",
        "intake": "receiving",
        "pack": "initial packing",
        "process": "transformation",
        "receive": "receiving",
        "ship": "shipping",
    }


def test_kinds_without_a_business_step_are_those_that_the_vocabulary_does_not_know() -> None:
    """What farms do to what grows, and what authorities say: no step of a supply chain."""
    none = {kind.name for kind in records.KINDS.values() if not kind.cbv and kind.stage != "registry"}
    assert none == {
        *("apply", "feed", "treat", "certify", "correct", "release"),
        *("acknowledge", "drill", "warn", "notify", "transfer"),
    }


@pytest.mark.parametrize(
    ("kind", "element", "path"),
    [
        ("harvest", "traceability lot code", "outputs.lot"),
        ("harvest", "product description", "outputs.product"),
        ("harvest", "quantity and unit of measure", "outputs.quantity"),
        ("harvest", "growing area", "plot"),
        ("harvest", "cooling", "cooling"),
        ("stock", "growing area", "pen"),
        ("intake", "immediate previous source", "supplier"),
        ("intake", "traceability lot code source reference", "source_reference"),
        ("ship", "immediate subsequent recipient", "receiver"),
        ("ship", "quantity and unit of measure", "goods"),
        ("process", "traceability lot code", "outputs.lot"),
        *((kind, "location description", "place") for kind in ("harvest", "pack", "ship", "receive", "process")),
        *((kind, "reference document type and number", "refs") for kind in ("harvest", "ship", "receive", "process")),
    ],
)
def test_key_data_elements_have_a_field(kind: str, element: str, path: str) -> None:
    assert FIELDS[f"{kind} {path}"].fsma == element
