"""A small season that the tables of rules have something to say about."""

from ledger.canonical import Json
from ledger.identity import ChainId
from tests.world import World, county, time_text

DAY = 24 * 3600


def sprayed(days: int = 8, ingredient: str = "吡虫啉") -> tuple[World, ChainId]:
    """Tomatoes of the co-op, harvested ``days`` after they were sprayed; the world and the lot."""
    world = county()
    world.add_product("番茄", "coop")
    planting = world.state("plant", "coop", {"outputs": [world.output("番茄", "2000")]}).created[0]
    stop = time_text(world.clock)
    body: dict[str, Json] = {"name": "某粉剂", "ingredients": [ingredient], "start": stop, "stop": stop}
    world.state("apply", "coop", body, [planting])
    world.clock += days * DAY
    picked: dict[str, Json] = {"inputs": [{"batch": planting}], "outputs": [world.output("番茄", "1000")]}
    (lot,) = world.state("harvest", "coop", picked, [planting]).created
    return world, lot
