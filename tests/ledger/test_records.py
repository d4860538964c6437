"""The kinds: each takes its example, and refuses whatever breaks one of its rules, saying where."""

from typing import Any

import pytest
from jsonschema_rs import validator_for

from ledger import b64u, records
from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.identity import ChainId
from ledger.records.kind import SERIALS, TEMPERATURES
from ledger.records.shapes import (
    Choice,
    Code,
    Day,
    Field,
    Flag,
    Jwk,
    ListOf,
    MapOf,
    Object,
    Pattern,
    Quantity,
    Reading,
    Ref,
    Shape,
    Text,
    Time,
    Values,
    Whole,
)
from ledger.statement import Statement
from tests.examples import ATTACHMENT, DIGEST, Example, examples
from tests.world import World, county, harvested, kg, planted, secret


@pytest.fixture(scope="module")
def world() -> World:
    return county()


@pytest.fixture(scope="module")
def planting(world: World) -> ChainId:
    return planted(world)


@pytest.fixture(scope="module")
def lot(world: World, planting: ChainId) -> ChainId:
    return harvested(world, planting)


@pytest.fixture(scope="module")
def table(world: World, planting: ChainId, lot: ChainId) -> dict[str, Example]:
    return examples(world, planting, lot)


class Desk:
    """States examples with changes, and tells what the law says to them."""

    def __init__(self, world: World, table: dict[str, Example]) -> None:
        self.world, self.table = world, table

    def statement(self, kind: str, change: dict[str, Any], **more: Any) -> tuple[Statement, dict[str, Json]]:
        """The example of `kind` with fields changed (``...`` takes one away), `sealed` and `on` replaced if given."""
        example = self.table[kind]
        body = {name: value for name, value in {**example.body, **change}.items() if value is not ...}
        sealed = more.get("sealed", example.sealed)
        return self.world.statement(kind, example.by, body, more.get("on", example.on), sealed), sealed

    def takes(self, kind: str, change: dict[str, Any], **more: Any) -> None:
        records.check(*self.statement(kind, change, **more))

    def refuses(self, kind: str, change: dict[str, Any], **more: Any) -> tuple[str, str]:
        with pytest.raises(Malformed) as refused:
            self.takes(kind, change, **more)
        return refused.value.code, str(refused.value.params["path"])


@pytest.fixture
def desk(world: World, table: dict[str, Example]) -> Desk:
    return Desk(world, table)


# --- every kind ------------------------------------------------------------------------------------------------


def test_there_is_an_example_of_every_kind(table: dict[str, Example]) -> None:
    assert table.keys() == records.KINDS.keys()


@pytest.mark.parametrize("kind", records.KINDS)
def test_the_example_is_taken(desk: Desk, kind: str) -> None:
    desk.takes(kind, {})


@pytest.mark.parametrize("kind", records.KINDS)
def test_unknown_fields_are_refused(desk: Desk, kind: str) -> None:
    assert desk.refuses(kind, {"colour": "red"}) == ("unknown", "body.colour")


@pytest.mark.parametrize("kind", [kind for kind in records.KINDS if kind != "correct"])
def test_unknown_sealed_fields_are_refused(desk: Desk, kind: str) -> None:
    wanted = [("unknown", "body.colour"), ("must-not-seal", "body._sd")]
    assert desk.refuses(kind, {}, sealed={"colour": "red"}) in wanted


@pytest.mark.parametrize("kind", records.KINDS)
def test_every_required_field_is_asked_for(desk: Desk, table: dict[str, Example], kind: str) -> None:
    required = [field.name for field in records.KINDS[kind].fields if field.required]
    sealed = table[kind].sealed
    assert set(required) <= table[kind].body.keys() | sealed.keys()
    for name in required:
        rest = {other: value for other, value in sealed.items() if other != name}
        assert desk.refuses(kind, {name: ...}, sealed=rest) == ("missing", f"body.{name}")


@pytest.mark.parametrize("kind", records.KINDS)
def test_what_is_not_public_must_be_sealed(desk: Desk, table: dict[str, Example], kind: str) -> None:
    for name, value in table[kind].sealed.items():
        assert desk.refuses(kind, {name: value}, sealed={}) == ("must-seal", f"body.{name}")


@pytest.mark.parametrize("kind", records.KINDS)
def test_what_is_public_must_not_be_sealed(desk: Desk, table: dict[str, Example], kind: str) -> None:
    for name, value in table[kind].body.items():
        if name == "outputs":
            continue  # the statement itself is another then: see below
        code, path = desk.refuses(kind, {name: ...}, sealed={**table[kind].sealed, name: value})
        assert (code, path) in [("must-not-seal", f"body.{name}"), ("must-not-seal", "body._sd")]


def test_outputs_are_never_sealed(desk: Desk, table: dict[str, Example]) -> None:
    sealed = {"outputs": table["harvest"].body["outputs"]}
    assert desk.refuses("harvest", {"outputs": ...}, sealed=sealed) == ("missing", "body.outputs")


def test_nothing_hides_in_a_registry_body(desk: Desk, world: World) -> None:
    """A digest that nobody opened is refused too where no field may be sealed."""
    statement = world.statement("role.grant", "registrar", {"role": "farm"}, [world.parties["farm"]], {"x": 1})
    with pytest.raises(Malformed, match="must-not-seal"):
        records.check(statement, {})


@pytest.mark.parametrize("kind", records.KINDS)
def test_every_field_has_a_wrong_shape_and_says_where(desk: Desk, table: dict[str, Example], kind: str) -> None:
    example = table[kind]
    for name in (*example.body, *example.sealed):
        if name == "outputs":
            continue
        sealed = name in example.sealed
        change = {} if sealed else {name: 0.0 == 1 if name != "void" and not flag(kind, name) else "x"}
        more = {"sealed": {**example.sealed, name: False}} if sealed else {}
        _, path = desk.refuses(kind, change, **more)
        assert path.startswith(f"body.{name}")


def flag(kind: str, name: str) -> bool:
    return isinstance(records.KINDS[kind].by_name[name].shape, Flag)


def test_a_kind_that_nobody_knows(world: World) -> None:
    statement = world.statement("teleport", "farm", {"x": 1})
    with pytest.raises(Malformed) as refused:
        records.check(statement, {})
    assert refused.value.params == {"path": "kind", "has": "teleport"}


def test_the_policy_names_kinds_and_roles_that_exist() -> None:
    assert records.POLICY.keys() == records.ROLES.keys()
    assert {kind for kinds in records.POLICY.values() for kind in kinds} <= records.KINDS.keys()


def test_a_name_has_one_audience_in_every_kind() -> None:
    for kind in records.KINDS.values():
        for field in kind.fields:
            assert field.audience == records.SEALED.get(field.name, "public"), (kind.name, field.name)


# --- what a record touches -------------------------------------------------------------------------------------


def test_records_about_batches_name_one(desk: Desk) -> None:
    for kind, found in records.KINDS.items():
        if found.on == "some":
            # A statement that would bring what it forgot to touch is refused before anything else.
            assert desk.refuses(kind, {}, on=[]) == ("on-some", "on")
        else:
            assert desk.refuses(kind, {}, on=[DIGEST]) == ("on-none", "on")


def test_a_record_that_creates_touches_exactly_its_inputs(desk: Desk, planting: ChainId, lot: ChainId) -> None:
    assert desk.refuses("harvest", {}, on=[planting, lot]) == ("on-inputs", "on")
    assert desk.refuses("harvest", {}, on=[lot]) == ("not-on", "body.inputs[0].batch")


@pytest.mark.parametrize("kind", ["ship", "receive", "reject", "sell", "count", "dispose"])
def test_goods_are_among_what_is_touched(desk: Desk, planting: ChainId, lot: ChainId, kind: str) -> None:
    assert desk.refuses(kind, {}, on=[planting]) == ("not-on", "body.goods[0].batch")
    twice = [{"batch": lot, "quantity": kg("1")}] * 2
    assert desk.refuses(kind, {"goods": twice}) == ("repeated", "body.goods[1].batch")


def test_what_is_short_is_touched_too(desk: Desk, planting: ChainId, lot: ChainId) -> None:
    short = [{"batch": planting, "quantity": kg("1"), "reason": "short"}]
    assert desk.refuses("receive", {"short": short}) == ("not-on", "body.short[0].batch")
    desk.takes("receive", {"short": short}, on=[planting, lot])


def test_inputs_of_an_application_are_touched(desk: Desk, planting: ChainId, lot: ChainId) -> None:
    used = [{"batch": lot, "quantity": kg("1", "L")}]
    assert desk.refuses("apply", {"inputs": used}, on=[planting]) == ("not-on", "body.inputs[0].batch")
    desk.takes("apply", {"inputs": used}, on=[planting, lot])
    desk.takes("apply", {"inputs": ...}, on=[planting])
    unmeasured = [{"batch": lot}]
    assert desk.refuses("apply", {"inputs": unmeasured}, on=[lot]) == ("missing", "body.inputs[0].quantity")


def test_what_is_stopped_was_begun_before(desk: Desk) -> None:
    """An hour that is over before it began is no record of anything, and every later rule counts from it."""
    late = {"start": "2026-03-02T00:00:00Z", "stop": "2026-03-01T23:59:59Z"}
    assert desk.refuses("apply", late) == ("ascending", "body.stop")
    desk.takes("apply", {"stop": "2026-03-02T00:00:00Z"})
    assert desk.refuses("sense", {"excursions": [{**late, "extreme": kg("9", "C")}]}) == (
        "ascending",
        "body.excursions[0].stop",
    )
    assert desk.refuses("sense", {"low": kg("10", "C")}) == ("ascending", "body.high")


# --- corrections -----------------------------------------------------------------------------------------------


@pytest.fixture
def harvest(world: World, lot: ChainId) -> Statement:
    return next(s for s in world.statements if lot in s.created)


def correct(
    world: World, corrected: Statement, new: dict[str, Json] | None, sealed: dict[str, Json] | None = None, **more: Any
) -> None:
    body: dict[str, Json] = {"reason": "填错", "statement": corrected.hash, **({"new": new} if new else {})}
    on = more.pop("on", corrected.targets)
    statement = world.statement("correct", "farm", {**body, **more}, on, sealed)
    records.check(statement, sealed or {})
    records.check_correction(statement, sealed or {}, corrected)


def correction_refused(*args: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(Malformed) as refused:
        correct(*args, **more)
    return refused.value.code, str(refused.value.params["path"])


def test_corrections_that_stand(world: World, harvest: Statement) -> None:
    tomato = world.products["tomato"]
    correct(world, harvest, {"outputs": [{"product": tomato, "quantity": kg("1200")}]})
    correct(world, harvest, {"cooling": "冰水"}, {"note": "电话确认"}, on=harvest.targets)
    correct(world, harvest, None, void=True)
    correct(world, harvest, {"inputs": [{"batch": harvest.on[0], "quantity": kg("1")}]})


def test_sealed_values_are_corrected_sealed(world: World, lot: ChainId) -> None:
    goods: list[Json] = [{"batch": lot, "quantity": kg("1")}]
    sale = world.state("sell", "shop", {"channel": "shop", "goods": goods}, [lot], {"buyer": "周八"})
    correct(world, sale, None, {"buyer": "吴九"})
    assert correction_refused(world, sale, {"buyer": "吴九"}) == ("must-seal", "body.new.buyer")
    assert correction_refused(world, sale, None, {"channel": "stall"}) == ("must-not-seal", "body.new.channel")
    assert correction_refused(world, sale, None, {"colour": "red"}) == ("unknown", "body.new.colour")


def test_corrections_that_do_not_stand(world: World, harvest: Statement, lot: ChainId) -> None:
    def product(name: str) -> Json:
        return {"product": world.products[name], "quantity": kg("1")}

    assert correction_refused(world, harvest, None) == ("correction", "body.new")
    assert correction_refused(world, harvest, {"cooling": "x"}, void=True) == ("correction", "body.new")
    assert correction_refused(world, harvest, {"colour": "red"}) == ("unknown", "body.new.colour")
    assert correction_refused(world, harvest, {"cooling": ""}) == ("text-length", "body.new.cooling")
    assert correction_refused(world, harvest, {"outputs": [product("sauce")]})[0] == "correction-outputs"
    assert correction_refused(world, harvest, {"outputs": [product("tomato")] * 2})[0] == "correction-outputs"
    assert correction_refused(world, harvest, {"inputs": [{"batch": lot}]}) == (
        "correction-batch",
        "body.new.inputs[0].batch",
    )
    (planting,) = harvest.on
    assert correction_refused(world, harvest, {"inputs": [{"batch": planting}, {"batch": planting}]}) == (
        "repeated",
        "body.new.inputs[1].batch",
    )
    assert correction_refused(world, harvest, None, void=True, on=[ChainId(DIGEST)]) == ("on-corrected", "on")


def test_registry_records_are_not_corrected(world: World) -> None:
    registered = next(s for s in world.statements if s.kind == "product.add")
    assert correction_refused(world, registered, None, void=True) == ("correction-registry", "body.statement")


# --- shapes ----------------------------------------------------------------------------------------------------

X = b64u.encode(bytes(64))
GOOD: list[tuple[Shape, list[Json]]] = [
    (Text(3), ["一二三", " x ", "a"]),
    (Pattern("[0-9]{8}|[0-9]{12,14}", "digits"), ["12345678", "123456789012"]),
    (Choice({"a": ("甲", "a")}), ["a"]),
    (Whole(1, 3), [1, 3]),
    (Flag(), [True, False]),
    (Quantity(), [kg("1250.5"), kg("0.000001"), kg("999999999.999999"), kg("1", "mg/kg"), kg("10")]),
    (Quantity(positive=False), [kg("0"), kg("0.0"), kg("3.0", "head"), kg("30", "egg")]),
    (Reading(), [kg("-18.5", "C"), kg("0", "%"), kg("-0")]),
    (Time(), ["2026-03-01T08:00:00Z"]),
    (Day(), ["2026-02-28", "2024-02-29"]),
    (Ref("batch"), [DIGEST]),
    (Code(64), [X]),
    (Jwk(), [dict(secret("a").public.jwk), dict(secret("a", "ES256").public.jwk)]),
    (ListOf(Whole(), 1, 2), [[1], [1, 2]]),
    (ListOf(Whole(), 0, 2), [[]]),
    (MapOf(Whole()), [{"zh": 1}]),
    (Values(), [{"a": 1}]),
    (
        Object((Field("a", Whole(), "甲", "a", required=True), Field("b", Flag(), "乙", "b"))),
        [{"a": 1}, {"a": 1, "b": True}],
    ),
    (SERIALS, [{"first": 1, "last": 9}, {"first": 7, "last": 7}]),
    (TEMPERATURES, [{"low": kg("-18", "C"), "high": kg("-9.5", "C")}, {"low": kg("4", "C"), "high": kg("1", "K")}]),
]
BAD: list[tuple[Shape, Json, str, str]] = [
    (Text(3), "", "text-length", "f"),
    (Text(3), " \u3000\n", "text-length", "f"),
    (Text(3), "一二三四", "text-length", "f"),
    (Text(3), 1, "text-length", "f"),
    (Pattern("[0-9]{8}|[0-9]{12,14}", "digits"), "123456789", "pattern", "f"),
    (Pattern("[0-9]{8}", "digits"), "12345678\n", "pattern", "f"),
    (Pattern("[0-9]{8}", "digits"), "１２３４５６７８", "pattern", "f"),
    (Pattern("[0-9]{8}", "digits"), 12345678, "pattern", "f"),
    (Choice({"a": ("甲", "a")}), "b", "choice", "f"),
    (Choice({"a": ("甲", "a")}), ["a"], "choice", "f"),
    (Choice({"a": ("甲", "a")}), {}, "choice", "f"),
    (Choice({"a": ("甲", "a")}), None, "choice", "f"),
    (Whole(1, 3), 0, "number", "f"),
    (Whole(1, 3), 4, "number", "f"),
    (Whole(0, 3), True, "number", "f"),
    (Whole(1, 3), "1", "number", "f"),
    (Flag(), 1, "type", "f"),
    (Quantity(), kg("0"), "quantity", "f.value"),
    (Quantity(), kg("0.000"), "quantity", "f.value"),
    (Quantity(), kg("-1"), "quantity", "f.value"),
    (Quantity(), kg("01"), "quantity", "f.value"),
    (Quantity(), kg("1."), "quantity", "f.value"),
    (Quantity(), kg(".5"), "quantity", "f.value"),
    (Quantity(), kg("1e3"), "quantity", "f.value"),
    (Quantity(), kg("+1"), "quantity", "f.value"),
    (Quantity(), kg("1234567890"), "quantity", "f.value"),
    (Quantity(), kg("1.1234567"), "quantity", "f.value"),
    (Quantity(), kg("1\n"), "quantity", "f.value"),
    (Quantity(), kg("1", "公斤"), "unit", "f.unit"),
    (Quantity(), kg("1", ""), "unit", "f.unit"),
    (Quantity(), kg("1", "kilograms"), "unit", "f.unit"),
    (Quantity(), {"unit": "kg", "value": 1}, "quantity", "f"),
    (Quantity(), {"value": "1"}, "quantity", "f"),
    (Quantity(), {"unit": "kg", "value": "1", "x": 1}, "quantity", "f"),
    (Quantity(), "1 kg", "quantity", "f"),
    (Quantity(), kg("1.5", "head"), "unit-whole", "f.value"),
    (Quantity(positive=False), kg("0.1", "egg"), "unit-whole", "f.value"),
    (Reading(), kg("--1"), "quantity", "f.value"),
    (Time(), "2026-03-01", "time", "f"),
    (Time(), 1, "time", "f"),
    (Day(), "2026-02-29", "day", "f"),
    (Day(), "20260228", "day", "f"),
    (Day(), "2026-W09-6", "day", "f"),
    (Day(), "2026-02-28T00:00:00Z", "day", "f"),
    (Day(), 20260228, "day", "f"),
    (Ref("batch"), 1, "type", "f"),
    (Ref("batch"), b64u.encode(bytes(31)), "b64u-size", "f"),
    (Code(64), DIGEST, "b64u-size", "f"),
    (Code(64), None, "type", "f"),
    (Jwk(), {"crv": "Ed25519", "kty": "OKP"}, "jwk", "f"),
    (Jwk(), {**secret("a").public.jwk, "d": "x"}, "jwk", "f"),
    (Jwk(), "x", "jwk", "f"),
    (ListOf(Whole(), 1, 2), [], "list", "f"),
    (ListOf(Whole(), 1, 2), [1, 2, 3], "list", "f"),
    (ListOf(Whole(), 1, 2), {"a": 1}, "list", "f"),
    (ListOf(Whole(), 1, 2), [1, "2"], "number", "f[1]"),
    (MapOf(Whole()), {}, "type", "f"),
    (MapOf(Whole()), [1], "type", "f"),
    (MapOf(Whole()), {"zh": 1, "en": ""}, "number", "f.en"),
    (Values(), {}, "type", "f"),
    (Values(), [1], "type", "f"),
    (Object((Field("a", Whole(), "甲", "a", required=True),)), {}, "missing", "f.a"),
    (Object((Field("a", Whole(), "甲", "a"),)), {"b": 1}, "unknown", "f.b"),
    (Object((Field("a", Whole(), "甲", "a"),)), {"a": ""}, "number", "f.a"),
    (Object((Field("a", Whole(), "甲", "a"),)), [], "type", "f"),
    (SERIALS, {"first": 9, "last": 1}, "ascending", "f.last"),
    (TEMPERATURES, {"low": kg("8", "C"), "high": kg("-18.5", "C")}, "ascending", "f.high"),
]


@pytest.mark.parametrize(("shape", "values"), GOOD, ids=lambda it: type(it).__name__)
def test_shapes_take_what_fits(shape: Shape, values: list[Json]) -> None:
    for value in values:
        shape.check(value, "f")
        assert validator_for(shape.schema(), validate_formats=True).is_valid(value), value


@pytest.mark.parametrize(("shape", "value", "code", "path"), BAD, ids=lambda it: type(it).__name__)
def test_shapes_refuse_what_does_not(shape: Shape, value: Json, code: str, path: str) -> None:
    with pytest.raises(Malformed) as refused:
        shape.check(value, "f")
    assert (refused.value.code, refused.value.params["path"]) == (code, path)


def test_attachments_are_named_by_their_hash(desk: Desk) -> None:
    desk.takes("observe", {"attachments": [ATTACHMENT] * 16})
    for change, code in (
        ({"sha256": "x"}, "b64u"),
        ({"media_type": "jpeg"}, "pattern"),
        ({"size": 0}, "number"),
        ({"url": "https://example.org"}, "unknown"),
    ):
        wrong = {"attachments": [{**ATTACHMENT, **change}]}
        assert desk.refuses("observe", wrong) == (code, f"body.attachments[0].{next(iter(change))}")
