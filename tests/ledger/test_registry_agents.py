"""Who may act for whom: `agent.grant`, `agent.end` and `for`."""

from ledger.canonical import Json
from ledger.registry import KINDS
from tests.ledger.registering import harvest_of, new_key, refused, registration
from tests.world import World, secret


def test_an_agent_acts_for_its_principal(world: World) -> None:
    farm, coop = world.parties["farm"], world.parties["coop"]
    plant: dict[str, Json] = {"outputs": [world.output("tomato", "1")]}
    assert refused(world, "plant", "coop", plant, for_="farm") == "agent"
    world.state("agent.grant", "farm", {"agent": coop, "kinds": ["plant", "observe"]}, [farm])
    (planting,) = world.state("plant", "coop", plant, for_="farm").created
    assert refused(world, "harvest", "coop", harvest_of(world, planting), planting, for_="farm") == "agent"
    assert refused(world, "plant", "farm", plant, for_="coop") == "agent"  # one way only
    assert refused(world, "plant", "shop", plant, for_="farm") == "agent"
    world.state("agent.end", "farm", {"agent": coop, "kinds": ["plant"]}, [farm])
    assert refused(world, "plant", "coop", plant, for_="farm") == "agent"
    world.state("observe", "coop", {"weather": "晴"}, [planting], for_="farm")


def test_the_principals_role_decides_not_the_agents(world: World) -> None:
    shop, coop = world.parties["shop"], world.parties["coop"]
    plant: dict[str, Json] = {"outputs": [world.output("tomato", "1")]}
    world.state("agent.grant", "shop", {"agent": coop, "kinds": ["plant"]}, [shop])
    assert refused(world, "plant", "coop", plant, for_="shop") == "role"
    # And an agent needs no role of its own for what its principal may do.
    farm = world.parties["farm"]
    world.state("agent.grant", "farm", {"agent": world.parties["lab"], "kinds": ["plant"]}, [farm])
    world.state("plant", "lab", plant, for_="farm")


def test_a_registrar_grants_agents_for_those_without_keys_only(world: World) -> None:
    coop, farm = world.parties["coop"], world.parties["farm"]
    grant: dict[str, Json] = {"agent": coop, "kinds": ["plant"]}
    keyless = world.register("keyless", "farm", keyless=True)
    assert refused(world, "agent.grant", "coop", grant, keyless) == "signer"
    assert refused(world, "agent.grant", "root", grant, keyless) == "signer"
    world.state("agent.grant", "registrar", grant, [keyless])
    world.state("plant", "coop", {"outputs": [world.output("tomato", "1")]}, for_="keyless")
    for kind in ("agent.grant", "agent.end"):
        assert refused(world, kind, "registrar", grant, farm) == "principal-signs"
    world.state("key.revoke", "farm", {"kid": secret("farm").public.kid}, [farm])
    world.state("agent.grant", "registrar", grant, [farm])


def test_an_agent_is_a_party(world: World) -> None:
    body: dict[str, Json] = {"agent": "A" * 43, "kinds": ["plant"]}
    assert refused(world, "agent.grant", "farm", body, world.parties["farm"]) == "unknown-party"


def test_for_is_for_records_places_and_products_only(world: World) -> None:
    farm, coop = world.parties["farm"], world.parties["coop"]
    kinds: list[Json] = [*KINDS]
    world.state("agent.grant", "farm", {"agent": coop, "kinds": kinds[:64]}, [farm])
    body: dict[str, Json] = {"base_unit": "kg", "names": {"zh": "椒"}, "own_code": "P9"}
    (product,) = world.state("product.add", "coop", body, for_="farm").created
    assert world.registry.products[product].party == farm
    place: dict[str, Json] = {"division": "510182", "kind": "plot", "name": "九号地", "township": "丹景山镇"}
    (plot,) = world.state("place.add", "coop", place, for_="farm").created
    assert world.registry.places[plot].party == farm
    assert refused(world, "key.add", "coop", new_key("second", farm), farm, for_="farm") == "for-registry"
    assert refused(world, "party.register", "coop", registration(), for_="farm") == "for-registry"
