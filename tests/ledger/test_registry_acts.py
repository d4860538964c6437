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
    world.state("key.revoke", gone, {"kid": secret(gone).public.kid}, [root])
    assert refused(world, "log.close", "root-2", {"confirms": first.hash}, root) == "key-revoked"


def test_a_root_key_is_revoked_by_two_others(world: World) -> None:
    root, kid, since = world.parties["root"], secret("root-2").public.kid, "2026-02-01T00:00:00Z"
    body: dict[str, Json] = {"compromised_since": since, "kid": kid, "reason": "被盗"}
    first = world.state("key.revoke", "root", body, [root])
    assert world.registry.keys[kid].revoked is None
    confirm: dict[str, Json] = {"confirms": first.hash}
    assert refused(world, "key.revoke", "root", confirm, root) == "second-key"
    assert refused(world, "key.revoke", "registrar", confirm, root) == "signer"
    assert refused(world, "key.revoke", "root-3", {**confirm, "kid": kid}, root) == "confirms"
    assert refused(world, "key.revoke", "root-3", confirm, world.parties["farm"]) == "confirms"
    index = world.put(world.statement("key.revoke", "root-3", confirm, [root]))
    assert (world.registry.keys[kid].revoked, world.registry.keys[kid].compromised_since) == (index, since)
    assert kid not in world.registry.parties[root].keys
    assert refused(world, "log.close", "root-2", {"successor": "x"}, root) == "key-revoked"


def test_a_root_key_ends_itself_but_calls_nothing_suspect(world: World) -> None:
    root, kid, since = world.parties["root"], secret("root-2").public.kid, "2026-02-01T00:00:00Z"
    first = world.state("key.revoke", "root-2", {"compromised_since": since, "kid": kid}, [root])
    assert world.registry.keys[kid].revoked is None
    alone = world.state("key.revoke", "root-2", {"kid": kid}, [root])
    index = world.registry.keys[kid].revoked
    assert index == len(world.entries) - 1
    assert refused(world, "key.revoke", "root", {"confirms": alone.hash}, root) == "confirms"
    assert refused(world, "key.revoke", "root", {"confirms": first.hash}, root) == "key-revoked"
    # Since when it was a thief's, the other two say.
    said = world.state("key.revoke", "root", {"compromised_since": since, "kid": kid}, [root])
    world.state("key.revoke", "root-3", {"confirms": said.hash}, [root])
    assert (world.registry.keys[kid].revoked, world.registry.keys[kid].compromised_since) == (index, since)


def test_two_revocations_that_wait_take_nothing_back(world: World) -> None:
    """Whichever is confirmed last: the first index and the earliest time stand."""
    root, kid, since = world.parties["root"], secret("root-2").public.kid, "2026-02-01T00:00:00Z"
    without = world.state("key.revoke", "root", {"kid": kid}, [root])
    with_ = world.state("key.revoke", "root", {"compromised_since": since, "kid": kid}, [root])
    index = world.put(world.statement("key.revoke", "root-3", {"confirms": with_.hash}, [root]))
    world.state("key.revoke", "root-3", {"confirms": without.hash}, [root])
    assert (world.registry.keys[kid].revoked, world.registry.keys[kid].compromised_since) == (index, since)


def test_a_revocation_names_its_key(world: World) -> None:
    for by, party in (("registrar", "farm"), ("root", "root")):
        assert refused(world, "key.revoke", by, {"reason": "丢失"}, world.parties[party]) == "missing"


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
