"""Who may sign what: every row of the format's §7, allowed and refused."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from ledger.canonical import Json
from ledger.errors import LedgerError, NotAllowed
from ledger.identity import ChainId
from ledger.keys import KeyId, PrivateKey
from ledger.registry import Registry
from tests.ledger.registering import harvest_of, new_key, refused, registration
from tests.world import LOG, POLICY, Device, World, harvested, kg, opened, planted, proven, secret

# --- log.open --------------------------------------------------------------------------------------------------


def test_a_log_is_opened_by_one_of_its_root_keys() -> None:
    world = World()
    statement = world.open()
    registry = world.registry
    assert registry.root == statement.created[0]
    assert (registry.public_url, registry.time_zone) == ("https://trace.example.org", "Asia/Shanghai")
    assert [key.party for key in registry.keys.values()] == [registry.root] * 3
    assert registry.policy["farm"] >= {"plant", "harvest"}


def test_nothing_comes_before_the_opening_and_it_comes_once(world: World) -> None:
    before = World(devices=dict(world.devices), parties=world.parties)
    assert refused(before, "party.register", "registrar", registration()) == "log-open"
    world.devices["opener"] = Device(secret("root"))
    assert refused(world, "log.open", "opener", world.open_body()) == "log-open"
    with pytest.raises(LedgerError, match="log-open"):
        world.registry.key_of(world.statement("log.open", "opener", {}))


def opening_refused(body: dict[str, Json], by: PrivateKey) -> str:
    world = World(devices={"opener": Device(by)})
    return refused(world, "log.open", "opener", body)


def test_openings_that_are_refused(world: World) -> None:
    body, root = world.open_body(), secret("root")
    keys: list[Any] = [proven(secret(name)) for name in ("root", "root-2", "root-3")]
    assert opening_refused(body, secret("stranger")) == "key-unknown"
    assert opening_refused({**body, "keys": keys[:2]}, root) == "list"
    assert opening_refused({**body, "keys": [keys[0], keys[1], keys[1]]}, root) == "key-taken"
    assert opening_refused({**body, "keys": [*keys[:2], {**keys[2], "proof": keys[1]["proof"]}]}, root) == "key-proof"
    assert opening_refused({**body, "keys": [*keys[:2], proven(secret("x"), log="elsewhere")]}, root) == "key-proof"
    assert opening_refused({**body, "more": 1}, root) == "unknown"
    assert opening_refused({}, root) == "missing"


def test_another_logs_statement_is_refused(world: World) -> None:
    elsewhere = World(log="other.example.org", devices=world.devices)
    with pytest.raises(LedgerError, match="wrong-log"):
        world.registry.authorise(elsewhere.statement("party.register", "registrar", registration()))


# --- party.register --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["registrar", "root", "root-3"])
def test_parties_are_registered_by_registrar_or_root(world: World, by: str) -> None:
    party = world.register("new", "farm", "shop", by=by)
    assert world.registry.parties[party].roles == {"farm", "shop"}
    assert world.registry.keys[secret("new").public.kid].party == party


@pytest.mark.parametrize("by", ["farm", "coop", "inspector", "operator"])
def test_nobody_else_registers_parties(world: World, by: str) -> None:
    assert refused(world, "party.register", by, registration()) == "signer"


@pytest.mark.parametrize("role", ["registrar", "operator"])
@pytest.mark.parametrize("by", ["registrar", "root"])
def test_no_registration_makes_a_registrar_or_an_operator(world: World, by: str, role: str) -> None:
    assert refused(world, "party.register", by, registration(roles=("farm", role))) == "root-act"


def test_a_registration_names_keys_that_are_proven_and_new(world: World) -> None:
    assert refused(world, "party.register", "registrar", registration(proven(secret("farm")))) == "key-taken"
    twice = proven(secret("x"))
    assert refused(world, "party.register", "registrar", registration(twice, twice)) == "key-taken"
    stolen: dict[str, Json] = {**proven(secret("x")), "jwk": secret("y").public.jwk}
    assert refused(world, "party.register", "registrar", registration(stolen)) == "key-proof"
    low_order: dict[str, Json] = {**twice, "jwk": {"crv": "Ed25519", "kty": "OKP", "x": "A" * 43}}
    assert refused(world, "party.register", "registrar", registration(low_order)) == "key-point"


def test_a_service_held_key_is_marked(world: World) -> None:
    held = {**proven(secret("held")), "custody": "service"}
    world.state("party.register", "registrar", registration(held, proven(secret("own"))))
    assert world.registry.keys[secret("held").public.kid].custody == "service"
    assert world.registry.keys[secret("own").public.kid].custody == ""


def test_registry_bodies_are_exact(world: World) -> None:
    farm = world.parties["farm"]
    assert refused(world, "party.register", "registrar", {**registration(), "more": 1}) == "unknown"
    assert refused(world, "party.register", "registrar", {"keys": []}) == "missing"
    assert refused(world, "role.grant", "registrar", {"role": "king"}, farm) == "choice"
    assert refused(world, "key.add", "farm", {}, farm) == "missing"
    assert refused(world, "log.heads", "operator", {"count": 1}) == "missing"


# --- key.add, key.revoke ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["farm", "registrar"])
def test_keys_are_added_by_the_party_or_a_registrar(world: World, by: str) -> None:
    farm = world.parties["farm"]
    world.state("key.add", by, new_key("second", farm), [farm])
    world.devices["second"] = Device(secret("second"), farm)
    planted(world, by="second")


@pytest.mark.parametrize("by", ["coop", "root", "operator"])
def test_nobody_else_adds_keys(world: World, by: str) -> None:
    farm = world.parties["farm"]
    assert refused(world, "key.add", by, new_key("second", farm), farm) == "signer"


@pytest.mark.parametrize("by", ["registrar", "root"])
def test_nobody_adds_root_keys(world: World, by: str) -> None:
    """Else a registrar could make itself two root keys, or one root key holder a second."""
    root = world.parties["root"]
    assert refused(world, "key.add", by, new_key("second", root), root) == "root-keys"


def test_a_registrar_makes_no_second_registrar_by_adding_a_key(world: World) -> None:
    """What only a root act grants is not to be had by a key on the chain of somebody who has it."""
    operator = world.parties["operator"]
    assert refused(world, "key.add", "registrar", new_key("second", operator), operator) == "root-keys"
    world.state("key.add", "operator", new_key("second", operator), [operator])


def test_what_is_only_asked_is_not_asked_for_its_key(world: World) -> None:
    asked = world.statement("plant", "shop", {"outputs": [{"product": "A" * 43, "quantity": kg("1")}]})
    unsigned = replace(asked, kid=KeyId("A" * 43))
    with pytest.raises(NotAllowed, match="key-unknown"):
        world.registry.authorise(unsigned)
    with pytest.raises(NotAllowed, match="role"):
        world.registry.authorise(unsigned, signed=False)


def test_an_added_key_is_proven_for_its_party_and_new(world: World) -> None:
    farm, coop = world.parties["farm"], world.parties["coop"]
    assert refused(world, "key.add", "farm", new_key("second", "new"), farm) == "key-proof"
    assert refused(world, "key.add", "farm", new_key("second", coop), farm) == "key-proof"
    assert refused(world, "key.add", "farm", new_key("coop", farm), farm) == "key-taken"
    assert refused(world, "key.add", "farm", new_key("second", farm), farm, coop) in ("on-one", "key-proof")
    assert refused(world, "key.add", "farm", new_key("second", farm)) == "on-some"
    stranger = ChainId("A" * 43)
    assert refused(world, "key.add", "registrar", new_key("second", stranger), stranger) == "unknown-party"


def test_a_revoked_key_is_never_added_again(world: World) -> None:
    farm = world.parties["farm"]
    world.state("key.revoke", "registrar", {"kid": secret("farm").public.kid}, [farm])
    assert refused(world, "key.add", "registrar", new_key("farm", farm), farm) == "key-taken"


@pytest.mark.parametrize("by", ["farm", "registrar", "root", "root-2"])
def test_keys_are_revoked_by_party_registrar_or_root(world: World, by: str) -> None:
    farm, kid = world.parties["farm"], secret("farm").public.kid
    late = world.statement("plant", "farm", {"outputs": [world.output("tomato", "1")]})
    world.registry.authorise(late)
    index = world.put(world.statement("key.revoke", by, {"kid": kid, "reason": "丢失"}, [farm]))
    assert world.registry.keys[kid].revoked == index
    # Signed before, but first recorded after: its place in the log decides.
    with pytest.raises(LedgerError, match="key-revoked"):
        world.registry.authorise(late)
    assert refused(world, "plant", "farm", {"outputs": [world.output("tomato", "1")]}) == "key-revoked"


def test_keys_are_not_revoked_by_others(world: World) -> None:
    farm, root = world.parties["farm"], world.parties["root"]
    assert refused(world, "key.revoke", "coop", {"kid": secret("farm").public.kid}, farm) == "signer"
    assert refused(world, "key.revoke", "registrar", {"kid": secret("root-2").public.kid}, root) == "signer"


def test_a_key_is_revoked_on_its_own_chain_and_once(world: World) -> None:
    farm, coop, kid = world.parties["farm"], world.parties["coop"], secret("farm").public.kid
    assert refused(world, "key.revoke", "coop", {"kid": kid}, coop) == "unknown-key"
    assert refused(world, "key.revoke", "registrar", {"kid": "A" * 43}, farm) == "unknown-key"
    world.state("key.revoke", "root", {"kid": kid}, [farm])
    assert refused(world, "key.revoke", "root", {"kid": kid}, farm) == "key-gone"


def test_since_when_a_key_was_compromised_is_for_registrar_or_root(world: World) -> None:
    farm, since = world.parties["farm"], "2026-02-01T00:00:00Z"
    body: dict[str, Json] = {"compromised_since": since, "kid": secret("farm").public.kid}
    assert refused(world, "key.revoke", "farm", body, farm) == "compromised-by-party"
    world.state("key.revoke", "registrar", body, [farm])
    assert world.registry.keys[secret("farm").public.kid].compromised_since == since
    world.state(
        "key.revoke", "root", {"compromised_since": since, "kid": secret("coop").public.kid}, [world.parties["coop"]]
    )


def test_keys_sign_for_their_own_party_only(world: World) -> None:
    world.devices["liar"] = Device(secret("coop"), world.parties["farm"])
    assert refused(world, "plant", "liar", {"outputs": [world.output("tomato", "1")]}) == "key-party"
    world.devices["stranger"] = Device(secret("stranger"), world.parties["farm"])
    assert refused(world, "plant", "stranger", {"outputs": [world.output("tomato", "1")]}) == "key-unknown"


# --- role.grant, role.end --------------------------------------------------------------------------------------


def test_roles_are_granted_and_ended_by_a_registrar(world: World) -> None:
    farm = world.parties["farm"]
    planting = planted(world)
    world.state("role.end", "registrar", {"role": "farm"}, [farm])
    assert refused(world, "harvest", "farm", harvest_of(world, planting), planting) == "role"
    world.state("role.grant", "registrar", {"role": "farm"}, [farm])
    harvested(world, planting)


@pytest.mark.parametrize("by", ["farm", "coop", "root", "operator"])
@pytest.mark.parametrize("kind", ["role.grant", "role.end"])
def test_nobody_else_gives_ordinary_roles(world: World, kind: str, by: str) -> None:
    assert refused(world, kind, by, {"role": "shop"}, world.parties["farm"]) == "signer"


@pytest.mark.parametrize("role", ["registrar", "operator"])
@pytest.mark.parametrize("kind", ["role.grant", "role.end"])
def test_the_two_high_roles_take_a_root_act(world: World, kind: str, role: str) -> None:
    farm = world.parties["farm"]
    party = world.registry.parties[farm]
    assert refused(world, kind, "registrar", {"role": role}, farm) == "signer"
    if kind == "role.end":
        world.act("role.grant", {"role": role}, farm)
    was = party.roles
    first = world.state(kind, "root", {"role": role}, [farm])
    assert party.roles == was, "one root key alone changes nothing"
    world.state(kind, "root-3", {"confirms": first.hash}, [farm])
    assert party.roles == was ^ {role}


def test_a_registrar_does_not_make_itself_one_again(world: World) -> None:
    registrar = world.parties["registrar"]
    world.act("role.end", {"role": "registrar"}, registrar)
    assert refused(world, "role.grant", "registrar", {"role": "registrar"}, registrar) == "signer"
    assert refused(world, "party.register", "registrar", registration()) == "signer"


def test_a_role_is_named(world: World) -> None:
    assert refused(world, "role.grant", "registrar", {}, world.parties["farm"]) == "missing"
    both: dict[str, Json] = {"confirms": world.statements[0].hash, "role": "farm"}
    assert refused(world, "role.grant", "root", both, world.parties["farm"]) == "confirms"


# --- place.add, product.add ------------------------------------------------------------------------------------


def test_every_party_names_its_places_and_products(world: World) -> None:
    for by in ("farm", "shop", "lab", "registrar"):
        product = world.add_product(f"of {by}", by)
        assert world.registry.products[product].party == world.parties[by]
        assert world.registry.places[world.add_place(f"place of {by}", by)].party == world.parties[by]
    without: dict[str, Json] = {"base_unit": "kg", "names": {"zh": "椒"}}
    assert refused(world, "product.add", "farm", without) == "missing"
    assert refused(world, "place.add", "coop", {"name": "x"}, for_="farm") in ("missing", "agent")


def test_who_may_use_a_product(world: World) -> None:
    tomato = world.registry.products[world.products["tomato"]]
    assert tomato.allows(world.parties["coop"])
    assert tomato.allows(world.parties["farm"])
    assert not tomato.allows(world.parties["shop"])
    assert not tomato.allows(None)


def test_the_first_to_register_a_gtin_has_it(world: World) -> None:
    first = world.add_product("a", "coop", gtin="6901234567892")
    world.add_product("b", "shop", gtin="06901234567892")
    assert world.registry.gtins == {"06901234567892": first}


# --- log.heads and ordinary records ----------------------------------------------------------------------------

HEADS: dict[str, Json] = {"count": 1, "root": "A" * 43, "size": 1}


def test_heads_are_the_operators(world: World) -> None:
    before = dict(world.registry.policy)
    world.state("log.heads", "operator", HEADS)
    assert world.registry.policy == before
    for by in ("registrar", "farm", "root"):
        assert refused(world, "log.heads", by, HEADS) == "role"


def test_records_take_a_role_that_the_policy_gives_them(world: World) -> None:
    plant: dict[str, Json] = {"outputs": [world.output("tomato", "1")]}
    for by in ("shop", "carrier", "lab", "inspector", "registrar", "operator", "root"):
        assert refused(world, "plant", by, plant) == "role"
    assert refused(world, "teleport", "farm", plant) == "role"


def test_records_do_not_touch_chains_of_the_registry(world: World) -> None:
    observed: dict[str, Json] = {"weather": "晴"}
    for chain in (world.parties["coop"], world.parties["root"], world.products["tomato"], world.places["plot 7"]):
        assert refused(world, "observe", "farm", observed, chain) == "on-registry"
        assert refused(world, "observe", "farm", observed, *sorted((planted(world), chain))) == "on-registry"
    world.act("log.policy", {"policy": {**POLICY, "inspector": ["inspect"]}})
    touching = world.statement("inspect", "inspector", observed, [world.places["plot 7"], world.products["tomato"]])
    world.registry.authorise(touching)
    assert refused(world, "inspect", "inspector", observed, world.parties["farm"]) == "on-registry"


def test_the_keys_algorithm_is_the_one_registered(world: World) -> None:
    lot = harvested(world, planted(world))
    loaded = world.state("load", "carrier", {"shipment": world.statements[-1].hash}, [lot])
    assert loaded.alg == "ES256"
    assert world.registry.key_of(loaded) == secret("carrier", "ES256").public


# --- one writer, many readers ----------------------------------------------------------------------------------


def test_readers_see_whole_states_while_one_writer_applies() -> None:
    world = opened()
    world.register("farm", "farm")
    world.add_product("tomato", "farm")
    farm = world.parties["farm"]
    plant = world.statement("plant", "farm", {"outputs": [{"product": world.products["tomato"], "quantity": kg("1")}]})
    changes = [
        world.statement(kind, "registrar", {"role": role}, [farm])
        for _ in range(20)
        for role in ("shop", "lab", "carrier", "warehouse")
        for kind in ("role.grant", "role.end")
    ]
    registry, failures, done = world.registry, list[BaseException](), threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                registry.authorise(plant)
                sorted(registry.parties[farm].roles)
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for index, statement in enumerate(changes * 10):
        registry.apply(statement, 1000 + index, 0)
    done.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert registry.parties[farm].roles == {"farm"}


def test_the_same_statements_give_the_same_state(world: World) -> None:
    harvested(world, planted(world))
    again = Registry(LOG)
    for statement in world.statements:
        again.authorise(statement)
        index = world.first[statement.hash]
        again.apply(statement, index, world.entries[index].received)
    assert again == world.registry
