"""What people along the chain, a thief and the network try, and what everybody sees of it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.audit.report import Report
from clients.client import Client
from clients.device import Device
from clients.errors import Unreachable
from clients.notebook import Kept
from ledger import b64u
from ledger.canonical import Json
from ledger.errors import BadProof, LedgerError
from ledger.identity import ChainId, mark
from ledger.keys import prove
from ledger.origin import Origin
from ledger.policy import Pin
from ledger.replay import Fault
from ledger.verdict import Invalid
from ledger.verify import verify
from tests.app.seeding import seed
from tests.app.visiting import Visitor
from tests.attacks.operator import gone_on, publish, retold, signed_elsewhere
from tests.attacks.wire import Wire, refused, send
from tests.bundles import bundle_of, pin_of
from tests.clients.monitor.following import Published, following
from tests.conformance.town import Town, observed
from tests.examples import ATTACHMENT
from tests.world import Device as Signer
from tests.world import World, county, harvested, kg, planted, profile, secret, time_text

YEAR = 365 * 86_400
JSON = {"accept": "application/json"}


@pytest.fixture
def world() -> World:
    """A county in which a lot of 1250.5 kg was harvested."""
    world = county()
    harvested(world, planted(world))
    return world


@pytest.fixture
def batch(world: World) -> ChainId:
    return world.statements[-1].created[0]


@pytest.fixture
def visitor(wire: Wire, world: World, tmp_path: Path) -> Iterator[Visitor]:
    """Its service, which records what is sent."""
    seed(tmp_path / "county", world)
    with wire.to(tmp_path / "county") as visitor:
        yield visitor


def found(visitor: Visitor, world: World, kind: str, by: str, body: dict[str, Json], *on: ChainId) -> list[str]:
    """The findings of what somebody states; it is recorded all the same."""
    answer = send(visitor, world, world.statement(kind, by, body, on))
    assert answer.status_code == 201, answer.text
    return [finding["code"] for finding in answer.json()["findings"]]


def events(visitor: Visitor, batch: ChainId) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = visitor.get(f"/v1/batches/{batch}/events", JSON).json()
    return told


# --- the farm, the processor, the laboratory -----------------------------------------------------------------------


def test_a_farm_dates_a_record_back(visitor: Visitor, world: World, batch: ChainId) -> None:
    """It may say what it likes of the past; everybody sees beside it when the log received it."""
    at = time_text(world.clock - YEAR)
    statement = world.statement("observe", "farm", {"growth_stage": "转色"}, [batch], at=at)
    assert send(visitor, world, statement).status_code == 201
    shown = events(visitor, batch)[-1]
    assert shown["at"] == at
    assert shown["received"] / 1000 - datetime.fromisoformat(at).timestamp() > YEAR


def test_a_farm_sets_its_clock_back_to_sign(visitor: Visitor, world: World, batch: ChainId) -> None:
    """The key has signed something later before: whoever verifies the batch is told."""
    assert found(visitor, world, "observe", "farm", {"growth_stage": "转色"}, batch) == []
    told = verify(visitor.get(f"/v1/batches/{mark(batch)}/bundle").content, [pin_of(world)])
    assert "time-order" not in {remark.code for remark in told.remarks}
    world.clock -= YEAR
    assert send(visitor, world, world.statement("observe", "farm", {"growth_stage": "采前"}, [batch])).is_success
    told = verify(visitor.get(f"/v1/batches/{mark(batch)}/bundle").content, [pin_of(world)])
    assert "time-order" in {remark.code for remark in told.remarks}


def test_a_farm_dates_a_record_ahead(visitor: Visitor, world: World, batch: ChainId) -> None:
    ahead = world.statement("observe", "farm", {"growth_stage": "转色"}, [batch], at="2099-01-01T00:00:00Z")
    answer = send(visitor, world, ahead)
    assert [finding["code"] for finding in answer.json()["findings"]] == ["clock"]


def test_a_farm_sells_more_than_it_grew(visitor: Visitor, world: World, batch: ChainId) -> None:
    goods: list[Json] = [{"batch": batch, "quantity": kg("1000")}]
    body: dict[str, Json] = {"goods": goods, "receiver": world.parties["coop"]}
    assert found(visitor, world, "ship", "farm", body, batch) == []
    assert found(visitor, world, "ship", "farm", body, batch) == ["over-held"]


def test_a_processor_uses_a_good_code_for_other_goods(visitor: Visitor, world: World, batch: ChainId) -> None:
    """It never received the lot that it says its sauce is made of."""
    body: dict[str, Json] = {
        "inputs": [{"batch": batch, "quantity": kg("500")}],
        "outputs": [world.output("sauce", "400")],
    }
    assert "over-held" in found(visitor, world, "process", "coop", body, batch)


def test_one_shipment_is_taken_in_twice(visitor: Visitor, world: World, batch: ChainId) -> None:
    """Two lots for the price of one, out of the same shipment of another county's."""
    shipment = world.statements[-1].hash
    body: dict[str, Json] = {
        "from": Origin("log.example.org/upstream", shipment, batch, 40, shipment).body(),
        "outputs": [world.output("tomato", "40")],
    }
    assert found(visitor, world, "intake", "coop", body) == ["origin-unverified"]
    assert found(visitor, world, "intake", "coop", body) == ["origin-unverified", "origin-reused"]


def test_a_laboratory_takes_its_result_back(visitor: Visitor, world: World, batch: ChainId) -> None:
    """It can correct it, under its name; what it said first stays where everybody reads it."""
    items: list[Json] = [{"analyte": "毒死蜱", "limit": "0.5", "passed": False, "unit": "mg/kg", "value": "0.9"}]
    body: dict[str, Json] = {"conclusion": "fail", "items": items, "report": ATTACHMENT, "sample_no": "Y1"}
    first = world.statement("test", "lab", {**body, "type": "quantitative"}, [batch])
    assert send(visitor, world, first).status_code == 201
    found(visitor, world, "correct", "lab", {"statement": first.hash, "reason": "笔误", "void": True}, batch)
    stands = [one for one in events(visitor, batch) if one["hash"] == first.hash]
    assert [(one["values"]["conclusion"], one["void"], len(one["corrected_by"])) for one in stands] == [
        ("fail", True, 1)
    ]


def test_somebody_acts_without_the_role(visitor: Visitor, world: World) -> None:
    """A shop that grows, and that makes itself a farm first."""
    planting: dict[str, Json] = {"outputs": [world.output("tomato", "40")]}
    assert refused(send(visitor, world, world.statement("plant", "shop", planting))) == (403, "role")
    shop = world.devices["shop"]
    shop.n, shop.after = 0, None  # what was refused has taken no number
    grant = world.statement("role.grant", "shop", {"role": "farm"}, [world.parties["shop"]])
    assert refused(send(visitor, world, grant)) == (403, "signer")


def test_an_operator_lets_somebody_act_without_the_role(
    data: Path, honest: Town, chain: ChainId, pin: Pin, audited: Callable[[], Report]
) -> None:
    honest.forge("plant", "shop", {"outputs": [honest.output("tomato", "40")]})
    batch = honest.statements[-1].created[0]
    publish(data, honest)
    assert {failure.check for failure in audited().failures} == {"registry"}
    with pytest.raises(Invalid) as caught:
        verify(bundle_of(honest, batch).text(), [pin])
    assert (caught.value.check, caught.value.reason) == (10, "role")


# --- one key in two hands ------------------------------------------------------------------------------------------


def test_one_key_on_two_phones(visitor: Visitor, world: World, batch: ChainId) -> None:
    """Both go on from the same statement of the key: the second is told which number is next."""
    farm = world.devices["farm"]
    n, after = farm.n, farm.after
    one = world.statement("observe", "farm", {"growth_stage": "转色"}, [batch])
    farm.n, farm.after = n, after
    other = world.statement("observe", "farm", {"growth_stage": "采前"}, [batch])
    assert send(visitor, world, one).status_code == 201
    answer = send(visitor, world, other)
    assert refused(answer) == (409, "notebook")
    assert answer.json()["params"]["n"] == n + 1


def test_an_operator_takes_both(tmp_path: Path, honest: Town, chain: ChainId, pin: Pin) -> None:
    """Into a database that has no constraint against it any more."""
    farm = honest.devices["farm"]
    n, after = farm.n, farm.after
    observed(honest, chain, "转色")
    farm.n, farm.after = n, after
    observed(honest, chain, "采前")
    told: list[Fault] = []
    with closing(following(tmp_path / "monitor", Published(honest), told)) as monitor:
        monitor.look()
    assert [(fault.check, fault.error.code) for fault in told] == [("notebook", "notebook-gap")]
    with pytest.raises(Invalid) as caught:
        verify(bundle_of(honest, chain).text(), [pin])
    assert (caught.value.check, caught.value.reason) == (11, "notebook")


def test_a_thief_signs_until_the_key_is_revoked(visitor: Visitor, world: World, batch: ChainId) -> None:
    """What the key signs is taken: nobody can tell. Once it is revoked, nothing is; and what may be the thief's is
    shown as suspect, to whoever verifies too."""
    assert found(visitor, world, "observe", "farm", {"growth_stage": "优质"}, batch) == []
    kid = secret("farm").public.kid
    body: dict[str, Json] = {"compromised_since": "2020-01-01T00:00:00Z", "kid": kid, "reason": "失窃"}
    revocation = world.statement("key.revoke", "registrar", body, [world.parties["farm"]])
    assert send(visitor, world, revocation).status_code == 201
    late = world.statement("observe", "farm", {"growth_stage": "特级"}, [batch])
    assert refused(send(visitor, world, late)) == (403, "key-revoked")
    assert {event["suspect"] for event in events(visitor, batch)} == {True}
    told = verify(visitor.get(f"/v1/batches/{mark(batch)}/bundle").content, [pin_of(world)])
    assert "suspect" in {remark.code for remark in told.remarks}


def test_only_what_came_after_the_theft_is_suspect(
    wire: Wire, data: Path, honest: Town, chain: ChainId, pin: Pin
) -> None:
    stolen = observed(honest, chain, "特级")
    body: dict[str, Json] = {"compromised_since": time_text(honest.clock), "kid": stolen.kid, "reason": "失窃"}
    honest.state("key.revoke", "registrar", body, [honest.parties["farm"]])
    publish(data, honest)
    with wire.to(data) as visitor:
        assert [event["suspect"] for event in events(visitor, chain)] == [False, False, False, False, True]


def test_a_registrar_adds_a_key_of_its_own_to_a_farm(honest: Town, pin: Pin) -> None:
    """It may, for those who lost theirs. That it did stands in the farm's chain under its signature, and when it is
    found out its key is revoked: then what it added is suspect, and what that signed, too."""
    key, farm = secret("in the farm's name"), honest.parties["farm"]
    body: dict[str, Json] = {"jwk": key.public.jwk, "proof": prove(key, honest.log, farm)}
    added = honest.state("key.add", "registrar", body, [farm])
    since = time_text(honest.clock)
    honest.devices["impostor"] = Signer(key, farm)
    (chain,) = honest.state("plant", "impostor", {"outputs": [honest.output("tomato", "40")]}).created
    told = verify(bundle_of(honest, chain).text(), [pin])
    assert added.hash in {step.statement.hash for step in told.steps}
    assert not any(step.suspect for step in told.steps)
    revoked: dict[str, Json] = {"compromised_since": since, "kid": added.kid, "reason": "冒名"}
    honest.state("key.revoke", "root", revoked, [honest.parties["registrar"]])
    told = verify(bundle_of(honest, chain).text(), [pin])
    assert {step.statement.kind for step in told.steps if step.suspect} == {"key.add", "plant"}


def test_one_root_key_is_stolen(visitor: Visitor, world: World) -> None:
    """A root act wants two of the three: alone it changes nothing, and confirms nothing."""
    carrier = world.parties["carrier"]
    first = world.statement("role.grant", "root", {"role": "registrar"}, [carrier])
    assert send(visitor, world, first).status_code == 201
    confirming = world.statement("role.grant", "root", {"confirms": first.hash}, [carrier])
    assert refused(send(visitor, world, confirming)) == (403, "second-key")
    registering: dict[str, Json] = {"keys": [], "profile": profile("冒名"), "roles": ["farm"]}
    assert refused(send(visitor, world, world.statement("party.register", "carrier", registering))) == (403, "signer")


def test_one_root_key_turns_on_the_others(visitor: Visitor, world: World) -> None:
    """It ends nobody's but its own: the other two still change registrars and rules, and end it."""
    root, carrier = world.parties["root"], world.parties["carrier"]
    for other in ("root-2", "root-3"):
        body: dict[str, Json] = {"kid": world.devices[other].key.public.kid, "reason": "作乱"}
        assert send(visitor, world, world.statement("key.revoke", "root", body, [root])).status_code == 201
    stolen: dict[str, Json] = {"compromised_since": "2026-01-01T00:00:00Z", "kid": world.devices["root"].key.public.kid}
    for kind, body, on in (("role.grant", {"role": "registrar"}, carrier), ("key.revoke", stolen, root)):
        first = world.statement(kind, "root-2", body, [on])
        assert send(visitor, world, first).status_code == 201
        confirming = world.statement(kind, "root-3", {"confirms": first.hash}, [on])
        assert send(visitor, world, confirming).status_code == 201
    registering: dict[str, Json] = {"keys": [], "profile": profile("新户"), "roles": ["farm"]}
    assert send(visitor, world, world.statement("party.register", "carrier", registering)).status_code == 201
    late = world.statement("log.close", "root", {"successor": "x.example.org"}, [root])
    assert refused(send(visitor, world, late)) == (403, "key-revoked")


# --- what an operator does with what was sent ----------------------------------------------------------------------


@pytest.fixture
def farmer(party: Callable[[Device], Client], tmp_path: Path, honest: Town, pin: Pin) -> Client:
    """The farm's program on a device of its own, whose key stands in the log."""
    farm = honest.parties["farm"]
    device = Device.create(tmp_path / "farm", "https://county.example", pin, party=farm)
    honest.state("key.add", "farm", device.offer(), [farm])
    return party(device)


@pytest.fixture
def before(farmer: Client, honest: Town, data: Path) -> Town:
    """The log before the farm sends anything, a good while ago."""
    town = retold(honest, lambda told: [(one, at - 2 * YEAR * 1000) for one, at in told])
    publish(data, town)
    return town


def stated(farmer: Client, chain: ChainId) -> Kept:
    return farmer.state("observe", {"growth_stage": "转色"}, [chain])


def test_a_record_is_dropped_before_its_receipt(
    wire: Wire, data: Path, farmer: Client, before: Town, chain: ChainId
) -> None:
    """The farm's program has no receipt, so it says that it waits, and sends it again for as long as it takes."""
    kept = stated(farmer, chain)
    wire.swallow = {"POST"}
    with wire.to(data):
        with pytest.raises(Unreachable):
            farmer.send()
        assert [one.state for one in farmer.notebook.all()] == ["waiting"]
        assert farmer.notebook.receipt(kept.hash) is None
        wire.swallow = ()
        (outcome,) = farmer.send()
    assert outcome.receipt is not None


def test_a_record_is_dropped_after_its_receipt(
    wire: Wire, data: Path, farmer: Client, before: Town, chain: ChainId, pin: Pin
) -> None:
    """Database, lock and log as if it had never been sent. Whichever the farm does next, it finds out; and it has
    the log's own signature under the proof that the record was there."""
    kept = stated(farmer, chain)
    with wire.to(data):
        (outcome,) = farmer.send()
        assert farmer.follow() is not None
    publish(data, gone_on(before, chain))
    with wire.to(data):
        with pytest.raises(BadProof, match=r"^fork"):
            farmer.follow()
        stated(farmer, chain)
        with pytest.raises(BadProof, match=r"^receipt-moved"):
            farmer.send()
    assert outcome.receipt is not None
    assert outcome.receipt.check(kept.statement, pin.policy.log).size == outcome.receipt.entries[0].index + 1
    assert farmer.notebook.receipt(kept.hash) == outcome.receipt


# --- the network ---------------------------------------------------------------------------------------------------


def test_a_receipt_is_changed_on_the_way(wire: Wire, data: Path, farmer: Client, before: Town, chain: ChainId) -> None:
    """It is not believed, and kept as it came; the true one is taken when it comes."""
    kept = stated(farmer, chain)
    wire.bend = lambda path, answer: answer.replace(kept.hash.encode(), b64u.encode(bytes(32)).encode())
    with wire.to(data):
        with pytest.raises(LedgerError):
            farmer.send()
        assert [one.state for one in farmer.notebook.all()] == ["waiting"]
        assert [hash_ for hash_, _, _ in farmer.notebook.disputed()] == [kept.hash]
        wire.bend = lambda path, answer: answer
        (outcome,) = farmer.send()
    assert outcome.receipt is not None


def test_the_log_is_changed_on_the_way(wire: Wire, data: Path, watcher: Client, honest: Town, chain: ChainId) -> None:
    """Tiles that do not make what the log signed prove nothing, and nothing is believed of them."""
    with wire.to(data):
        held = watcher.follow()
    publish(data, gone_on(honest, chain))

    def bend(path: str, data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 1]) if path.startswith("/log/tile/") else data

    wire.bend = bend
    with wire.to(data):
        with pytest.raises(BadProof, match=r"^unproven"):
            watcher.follow()
        assert watcher.notebook.heads.newest() == held
        wire.bend = lambda path, data: data
        assert watcher.follow() != held


def test_a_record_is_replayed_from_another_log(
    visitor: Visitor,
    world: World,
    batch: ChainId,
    data: Path,
    honest: Town,
    chain: ChainId,
    audited: Callable[[], Report],
) -> None:
    """Somebody caught it in one county and sends it to the next; an operator there who takes it is found."""
    assert refused(send(visitor, world, signed_elsewhere(world, batch))) == (403, "wrong-log")
    honest.force(signed_elsewhere(honest, chain))
    publish(data, honest)
    report = audited()
    assert [(one.check, one.code) for one in report.failures] == [("registry", "wrong-log")]
