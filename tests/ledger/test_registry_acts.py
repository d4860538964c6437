"""Root acts: what takes two root keys, and what is so after them."""

import pytest

from ledger import checkpoint
from ledger.canonical import Json
from ledger.checkpoint import VKey
from tests.ledger.registering import harvest_of, refused
from tests.world import LOG, POLICY, World, planted, secret


def test_an_act_is_confirmed_by_another_root_key(world: World) -> None:
    root = world.parties["root"]
    first = world.state("log.policy", "root", {"policy": {"farm": ["plant"]}}, [root])
    confirm: dict[str, Json] = {"confirms": first.hash}
    assert refused(world, "log.policy", "root", confirm, root) == "second-key"
    assert refused(world, "log.policy", "registrar", confirm, root) == "signer"
    assert refused(world, "log.close", "root-2", confirm, root) == "confirms"
    assert refused(world, "log.policy", "root-2", {"confirms": world.statements[0].hash}, root) == "confirms"
    assert refused(world, "log.policy", "root-2", {**confirm, "policy": {"farm": ["sell"]}}, root) == "confirms"
    world.state("log.policy", "root-2", confirm, [root])
    assert world.registry.policy == {"farm": {"plant"}}
    assert refused(world, "log.policy", "root-3", confirm, root) == "confirms"


def test_an_act_is_confirmed_for_the_same_party(world: World) -> None:
    first = world.state("role.grant", "root", {"role": "registrar"}, [world.parties["farm"]])
    assert refused(world, "role.grant", "root-2", {"confirms": first.hash}, world.parties["coop"]) == "confirms"


@pytest.mark.parametrize("gone", ["root", "root-2"])
def test_both_keys_of_an_act_stand_at_its_confirmation(world: World, gone: str) -> None:
    root = world.parties["root"]
    first = world.state("log.close", "root", {"successor": "next.example.org"}, [root])
    world.state("key.revoke", "root-3", {"kid": secret(gone).public.kid}, [root])
    assert refused(world, "log.close", "root-2", {"confirms": first.hash}, root) == "key-revoked"


@pytest.mark.parametrize(
    ("kind", "body"),
    [("log.policy", {"policy": POLICY}), ("log.close", {"successor": "x"}), ("log.key", {"vkey": "x"})],
)
def test_acts_are_roots_and_touch_the_root_chain(world: World, kind: str, body: dict[str, Json]) -> None:
    root = world.parties["root"]
    assert refused(world, kind, "registrar", body, root) == "signer"
    assert refused(world, kind, "operator", body, root) == "signer"
    assert refused(world, kind, "root", body, world.parties["farm"]) == "unknown-party"
    assert refused(world, kind, "root", body, root, world.parties["farm"]) == "on-one"
    assert refused(world, kind, "root", {}, root) == "missing"


def test_the_policy_changes_who_may(world: World) -> None:
    planting = planted(world)
    world.act("log.policy", {"policy": {**POLICY, "farm": ["plant"], "shop": ["harvest"]}})
    planted(world)
    assert refused(world, "harvest", "farm", harvest_of(world, planting), planting) == "role"
    world.state("harvest", "shop", harvest_of(world, planting), [planting])


def test_a_new_log_key_is_one_of_this_log(world: World) -> None:
    root, key = world.parties["root"], secret("new log")
    vkey = str(VKey(LOG, checkpoint.ED25519, key.public))
    world.act("log.key", {"vkey": vkey})
    assert world.registry.log_keys == [vkey]
    for wrong, code in (
        (vkey[:-1], "vkey"),
        (vkey.replace("county", "other"), "vkey-id"),
        (str(VKey("other.example.org", checkpoint.ED25519, key.public)), "log-key"),
        (str(VKey(LOG, checkpoint.COSIGNATURE, key.public)), "log-key"),
        (str(VKey(LOG, checkpoint.ED25519, secret("farm").public)), "key-taken"),
    ):
        assert refused(world, "log.key", "root", {"vkey": wrong}, root) == code


def test_after_its_close_a_log_takes_nothing(world: World) -> None:
    world.act("log.close", {"successor": "next.example.org"})
    assert world.registry.closed == "next.example.org"
    assert refused(world, "plant", "farm", {"outputs": [world.output("tomato", "1")]}) == "log-closed"
    assert refused(world, "log.close", "root", {"successor": "x"}, world.parties["root"]) == "log-closed"
