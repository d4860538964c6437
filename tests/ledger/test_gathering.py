"""Which chains a bundle carries, asked for round by round."""

from collections.abc import Mapping, Sequence

from ledger.gathering import Carried, gather
from ledger.identity import ChainId
from tests.bundles import carried
from tests.world import World, harvested, planted


def test_what_is_named_comes_along_and_what_is_not_stays_away(world: World) -> None:
    lot = harvested(world, planted(world))
    world.state("observe", "farm", {"growth_stage": "转色", "place": world.places["plot 7"]}, [lot])
    stranger = harvested(world, planted(world))
    chains = {one.entry.chain for one in carried(world, [lot], len(world.entries))}
    assert {
        lot,
        world.parties["farm"],
        world.parties["root"],
        world.products["tomato"],
        world.places["plot 7"],
    } < chains
    assert not {stranger, world.parties["shop"], world.products["sauce"]} & chains


def test_nothing_is_asked_for_twice_and_a_round_is_one_question(world: World) -> None:
    lot = harvested(world, planted(world))
    by_hash = {statement.hash: statement for statement in world.statements}
    asked: list[Sequence[ChainId]] = []

    def fetch(chains: Sequence[ChainId]) -> Mapping[ChainId, Sequence[Carried]]:
        asked.append(chains)
        found: dict[ChainId, list[Carried]] = {chain: [] for chain in chains}
        for index, entry in enumerate(world.entries):
            if entry.chain in found:
                found[entry.chain].append(Carried(index, entry, by_hash[entry.statement]))
        return found

    gathered = gather([lot], fetch)
    flat = [chain for chains in asked for chain in chains]
    assert len(flat) == len(set(flat))
    assert len(asked) <= 6, "lot, then its planting and signers, then theirs"
    assert [one.index for one in gathered] == sorted({one.index for one in gathered})


def test_a_body_that_only_looks_like_ours_is_passed_over(world: World) -> None:
    """A kind that is not known may call a number its place, or its product."""
    world.act("log.policy", {"policy": {"farm": ["odd"]}})
    strange = world.statement("odd", "farm", {"outputs": [{"product": 7}], "place": 7})
    index = len(world.entries)
    world.registry.apply(strange, index, 0)
    gathered = gather(
        strange.created,
        lambda chains: {
            chain: [Carried(index, world.entries[0], strange)] for chain in chains if chain in strange.created
        },
    )
    assert [one.statement.hash for one in gathered] == [strange.hash]
