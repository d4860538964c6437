"""What an intake says of another log, and what that log's own bundle has to show."""

from dataclasses import replace

import pytest

from ledger import b64u, bundle
from ledger.bundle import Bundle
from ledger.canonical import Json
from ledger.errors import BadProof, Malformed
from ledger.identity import ChainId
from ledger.origin import Origin, head_of
from ledger.statement import Statement
from ledger.verify import verify
from tests.bundles import bundle_of, pin_of
from tests.world import World, county, harvested, kg, planted


@pytest.fixture
def world() -> World:
    return county()


@pytest.fixture
def lot(world: World) -> ChainId:
    return harvested(world, planted(world))


def ship(world: World, lot: ChainId, value: str = "500") -> Statement:
    goods: list[Json] = [{"batch": lot, "quantity": kg(value)}]
    return world.state("ship", "farm", {"goods": goods, "receiver": world.parties["coop"]}, [lot])


def correct(world: World, shipment: Statement, **body: Json) -> None:
    world.state("correct", "farm", {"statement": shipment.hash, "reason": "过磅有误", **body}, shipment.on)


def drawn(world: World, lot: ChainId, shipment: Statement) -> tuple[Bundle, Origin]:
    made = bundle_of(world, lot)
    return made, Origin.drawn(made, lot, shipment.hash)


def test_it_prints_what_it_reads(world: World, lot: ChainId) -> None:
    _, origin = drawn(world, lot, ship(world, lot))
    assert Origin.parse(origin.body()) == origin
    assert origin.head == world.checkpoint()


@pytest.mark.parametrize("name", ["chain", "log", "root", "size", "statement"])
def test_what_is_no_origin_is_malformed(world: World, lot: ChainId, name: str) -> None:
    _, origin = drawn(world, lot, ship(world, lot))
    with pytest.raises(Malformed):
        Origin.parse({**origin.body(), name: None})


def test_only_an_intake_that_says_so_comes_from_another_log(world: World, lot: ChainId) -> None:
    _, origin = drawn(world, lot, ship(world, lot))
    outputs: list[Json] = [world.output("sauce", "500")]
    taken = world.statement("intake", "coop", {"from": origin.body(), "outputs": outputs})
    assert Origin.of(taken) == origin
    assert Origin.of(world.statement("intake", "coop", {"outputs": outputs})) is None
    assert Origin.of(world.statement("observe", "coop", {"from": origin.body()}, [lot])) is None


def test_a_shipment_of_the_batch_that_stood_there_is_taken(world: World, lot: ChainId) -> None:
    shipment = ship(world, lot)
    made, origin = drawn(world, lot, shipment)
    origin.want_shipped(shipment, made.entries)


def test_what_is_no_shipment_of_that_batch_by_then_is_not(world: World, lot: ChainId) -> None:
    shipment = ship(world, lot)
    made, origin = drawn(world, lot, shipment)
    entries = [one for one in made.entries if one.entry.statement == shipment.hash]
    for wrong, statement, code in (
        (origin, world.statements[-2], "origin-shipment"),
        (replace(origin, chain=world.parties["farm"]), shipment, "origin-chain"),
        (replace(origin, size=entries[0].index), shipment, "origin-size"),
    ):
        with pytest.raises(BadProof) as refused:
            wrong.want_shipped(statement, entries)
        assert refused.value.code == code


def test_how_much_was_shipped_is_what_it_was_corrected_to(world: World, lot: ChainId) -> None:
    other = ship(world, lot, "9")
    shipment = ship(world, lot)
    made, origin = drawn(world, lot, shipment)
    assert origin.shipped(made.statements) == kg("500")
    correct(world, shipment, new={"goods": [{"batch": lot, "quantity": kg("480")}]})
    correct(world, shipment, new={"receiver": world.parties["shop"]})
    correct(world, other, void=True)
    assert origin.shipped(world.statements) == kg("480")
    correct(world, shipment, void=True)
    assert origin.shipped(world.statements) == kg("0")


@pytest.mark.parametrize("goods", [None, "x", [1], [{"batch": "x"}], [{"batch": "", "quantity": kg("-1")}]])
def test_where_nothing_says_how_much_nothing_is_told(world: World, lot: ChainId, goods: Json) -> None:
    if isinstance(goods, list) and isinstance(goods[0], dict):
        goods = [{**goods[0], "batch": goods[0]["batch"] or lot}]
    odd = world.statement("ship", "farm", {"goods": goods}, [lot])
    origin = Origin(world.log, odd.hash, lot, 1, b64u.encode(bytes(32)))
    assert origin.shipped([odd]) is None


def test_a_bundle_under_that_very_head_says_that_it_continues_itself(world: World, lot: ChainId) -> None:
    made, origin = drawn(world, lot, ship(world, lot))
    whole = origin.completed(made)
    assert [one.size for one in whole.consistency] == [head_of(made).size]
    assert bundle.parse(whole.text()) == whole
    assert origin.completed(whole) is whole
    verify(whole.text(), [pin_of(world)], remembered=[origin.head])


def test_one_under_a_later_head_is_left_as_it_is(world: World, lot: ChainId) -> None:
    _, origin = drawn(world, lot, ship(world, lot))
    ship(world, lot, "1")
    later = bundle_of(world, lot, since=[origin.size])
    assert origin.completed(later) is later
