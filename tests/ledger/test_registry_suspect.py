"""What a stolen key may have signed is shown as such, and so is what the keys signed that it added."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.keys import KeyId
from ledger.registry import Key, Registry
from ledger.statement import to_ms
from tests.ledger.registering import new_key, refused
from tests.world import LOG, Device, World, planted, secret, time_text


def kid(name: str) -> KeyId:
    return secret(name).public.kid


def add_key(world: World, name: str, party: str, by: str) -> None:
    chain = world.parties[party]
    world.state("key.add", by, new_key(name, chain), [chain])
    world.devices[name] = Device(secret(name), chain)


def revoke(world: World, name: str, party: str, by: str, since: str | None = None) -> None:
    body: dict[str, Json] = {"kid": kid(name), **({"compromised_since": since} if since else {})}
    world.state("key.revoke", by, body, [world.parties[party]])


def test_a_time_of_the_format_in_milliseconds() -> None:
    assert to_ms("1970-01-01T00:00:01Z") == 1000
    assert to_ms("2026-03-01T08:00:00Z") == 1_772_352_000_000


def test_entries_are_suspect_from_the_moment_that_is_named(world: World) -> None:
    planted(world)
    stolen = world.clock
    revoke(world, "farm", "farm", "registrar", time_text(stolen))
    registry = world.registry
    assert not registry.suspect(kid("farm"), stolen * 1000 - 1)
    assert registry.suspect(kid("farm"), stolen * 1000)
    assert not registry.suspect(kid("coop"), stolen * 1000)


def test_a_key_that_was_only_revoked_is_suspect_of_nothing(world: World) -> None:
    revoke(world, "farm", "farm", "farm")
    assert not world.registry.suspect(kid("farm"), world.clock * 1000)


def test_nobody_is_suspected_who_is_not_known(world: World) -> None:
    assert not world.registry.suspect(kid("stranger"), world.clock * 1000)


def test_keys_that_a_suspect_key_added_are_suspect_and_those_that_they_added(world: World) -> None:
    add_key(world, "farm-2", "farm", "farm")
    stolen = time_text(world.clock + 1)
    for before, name in (("farm", "farm-3"), ("farm-3", "farm-4"), ("farm-2", "farm-5")):
        add_key(world, name, "farm", before)
    revoke(world, "farm", "farm", "registrar", stolen)
    now = world.clock * 1000
    suspects = {name: world.registry.suspect(kid(name), now) for name in ("farm-2", "farm-3", "farm-4", "farm-5")}
    assert suspects == {"farm-2": False, "farm-3": True, "farm-4": True, "farm-5": False}
    # It was added by a thief: nothing of it may be believed, whenever it was received.
    assert world.registry.suspect(kid("farm-4"), 0)


def test_parties_that_a_suspect_registrar_brought_in_are_suspect(world: World) -> None:
    stolen = time_text(world.clock + 1)
    world.register("ghost", "farm")
    revoke(world, "registrar", "registrar", "root", stolen)
    assert world.registry.suspect(kid("ghost"), world.clock * 1000)
    assert not world.registry.suspect(kid("coop"), world.clock * 1000)


def test_a_key_rests_on_those_that_vouched_for_it(world: World) -> None:
    add_key(world, "farm-2", "farm", "farm")
    parties = {world.parties[name] for name in ("farm", "registrar", "root")}
    assert world.registry.vouchers(kid("farm-2")) == parties
    assert world.registry.vouchers(kid("stranger")) == set()


def test_keys_name_who_added_them_and_when(world: World) -> None:
    add_key(world, "farm-2", "farm", "farm")
    key = world.registry.keys[kid("farm-2")]
    assert (key.added_by, key.added_at) == (kid("farm"), world.clock * 1000)
    assert world.registry.keys[kid("farm")].added_by == kid("registrar")
    assert {world.registry.keys[kid(root)].added_by for root in ("root", "root-2", "root-3")} == {None}


def test_that_a_key_was_stolen_may_come_out_after_it_was_revoked(world: World) -> None:
    farm = world.parties["farm"]
    revoke(world, "farm", "farm", "farm")
    index = world.registry.keys[kid("farm")].revoked
    revoke(world, "farm", "farm", "registrar", "2026-02-20T00:00:00Z")
    for since in ("2026-02-20T00:00:00Z", "2026-02-21T00:00:00Z"):
        # An earlier time widens what is suspect; a later one would whitewash it.
        body: dict[str, Json] = {"compromised_since": since, "kid": kid("farm")}
        assert refused(world, "key.revoke", "registrar", body, farm) == "key-gone"
    revoke(world, "farm", "farm", "registrar", "2026-02-19T00:00:00Z")
    key = world.registry.keys[kid("farm")]
    assert (key.revoked, key.compromised_since) == (index, "2026-02-19T00:00:00Z")
    assert refused(world, "key.revoke", "registrar", {"kid": kid("farm")}, farm) == "key-gone"


@given(since=st.integers(0, 4_000_000_000), received=st.integers(0, 4_000_000_000_999))
def test_it_is_the_time_of_receipt_that_counts(since: int, received: int) -> None:
    public = secret("farm").public
    key = Key(public, ChainId("A" * 43), 0, compromised_since=time_text(since))
    assert Registry(LOG, keys={public.kid: key}).suspect(public.kid, received) == (since * 1000 <= received)


def test_who_carries_some_chains_only_need_not_know_an_agent(world: World) -> None:
    farm = world.parties["farm"]
    grant: dict[str, Json] = {"agent": "A" * 43, "kinds": ["plant"]}
    assert refused(world, "agent.grant", "farm", grant, farm) == "unknown-party"
    world.registry.partial = True
    world.state("agent.grant", "farm", grant, [farm])
