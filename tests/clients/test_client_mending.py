"""What is refused, and a notebook that is not where its service is: signed again, adopted, sent again, or found out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.client import Client
from clients.device import Device
from clients.errors import Refused
from ledger import b64u
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed, NotAllowed
from ledger.identity import ChainId
from ledger.statement import Statement
from tests.clients.growing import harvest, numbers, plant, states
from tests.clients.honest import Service
from tests.world import World, planted, secret

# Refusals


def no_carrots(statement: Statement) -> LedgerError | None:
    lots = [output.get("lot") for output in statement.body.get("outputs", ())]
    return NotAllowed("role", path="kind", has="–", wanted=statement.kind) if "carrots" in lots else None


def test_what_is_behind_a_refused_one_is_signed_again_and_what_hangs_on_it_is_not(
    client: Client, service: Service, world: World, planting: ChainId
) -> None:
    service.refusing = no_carrots
    first = plant(client, world)
    bad = client.state("plant", {"outputs": [world.output("tomato", "1", lot="carrots")]}, at="2026-01-01T00:00:00Z")
    hanging = harvest(client, world, bad.statement.created[0])
    further = harvest(client, world, hanging.statement.created[0])
    good = client.state("plant", {"outputs": [world.output("tomato", "3")], "note": "留种"}, at="2026-01-02T00:00:00Z")
    on_good = harvest(client, world, good.statement.created[0])
    outcomes = client.send()

    refused = [outcome for outcome in outcomes if outcome.refused]
    assert [outcome.kept.hash for outcome in refused] == [bad.hash, hanging.hash, further.hash]
    assert [outcome.refused.code for outcome in refused if outcome.refused] == ["role", "hangs-on", "hangs-on"]
    assert numbers(service, client) == [0, 1, 2]
    assert states(client) == ["receipted", "refused", "refused", "refused", "replaced", "replaced"] + ["receipted"] * 2

    notebook = client.notebook
    assert notebook[first.hash].state == "receipted"
    withdrawn = notebook[good.hash]
    assert withdrawn.statement.jws == good.statement.jws
    again = notebook.newest(good.hash).statement
    assert again.hash == withdrawn.again
    assert (again.n, again.at, again.body["outputs"]) == (1, good.statement.at, good.statement.body["outputs"])
    assert again.sealed != good.statement.sealed
    # The harvest follows its planting to its new id.
    assert notebook[on_good.hash].again is not None
    last = service.own(client.notebook.device.key.public.kid)[-1]
    assert last.on == again.created

    # And so does a program that still knows the old one.
    assert harvest(client, world, good.statement.created[0]).statement.on == again.created

    service.refusing = lambda statement: None
    retried = notebook.retry([bad.hash, hanging.hash, further.hash])
    assert retried[0].statement.at == "2026-01-01T00:00:00Z"
    assert retried[1].statement.on == retried[0].statement.created
    assert all(outcome.receipt for outcome in client.send())
    assert numbers(service, client) == [*range(7)]


def test_refused_and_stated_again_within_a_second_is_another_statement(
    client: Client, service: Service, world: World
) -> None:
    service.refusing = no_carrots
    fields: dict[str, Any] = {"outputs": [world.output("tomato", "1", lot="carrots")]}
    first = client.state("plant", fields)
    client.send()
    assert client.state("plant", fields).hash != first.hash


def test_a_code_that_is_taken_is_no_bodys_fault(client: Client, service: Service, world: World) -> None:
    kept = plant(client, world)
    taken = {kept.hash}
    service.refusing = lambda statement: Malformed("code-taken", path="code") if statement.hash in taken else None
    (outcome,) = client.send()
    assert outcome.receipt
    assert outcome.kept.hash != kept.hash
    assert client.notebook[kept.hash].again == outcome.kept.hash


def test_a_service_that_takes_no_code_at_all_gets_no_endless_loop(
    client: Client, service: Service, world: World
) -> None:
    plant(client, world)
    service.refusing = lambda statement: Malformed("code-taken", path="code")
    (outcome,) = client.send()
    assert outcome.refused is not None
    assert outcome.refused.code == "code-taken"


def test_given_up_too_early_and_recorded_all_the_same(client: Client, service: Service, world: World) -> None:
    """A gateway in the service's clothes says no, after the service has said yes."""
    kept, behind = plant(client, world, source="a"), plant(client, world, source="b")
    assert len(client.notebook.outgoing(limit=1)) == 1
    world.disclosures[kept.hash] = []
    world.put(kept.statement)
    client.notebook.refuse(kept.hash, {"code": "gateway"})
    outcomes = client.send()
    assert [outcome.kept.statement.at for outcome in outcomes if outcome.receipt] == [behind.statement.at]
    assert numbers(service, client) == [0, 1]
    assert client.notebook[kept.hash].state == "adopted"


def test_a_receipt_for_what_was_given_up_puts_it_back_in_its_place(client: Client, world: World) -> None:
    kept, behind = plant(client, world), plant(client, world, "后")
    world.disclosures[kept.hash] = []
    world.put(kept.statement)
    client.notebook.refuse(kept.hash, {"code": "gateway"})
    client.notebook.settle(kept.hash, {"receipt": json.loads(world.receipt(kept.statement).text())})
    assert client.notebook[kept.hash].state == "receipted"
    (waiting,) = client.notebook.outgoing()
    assert (waiting.statement.n, waiting.statement.after) == (1, kept.hash)
    assert waiting.hash == client.notebook.newest(behind.hash).hash


# Notebook conflicts


def test_a_notebook_behind_its_service_reads_what_it_lacks(
    service: Service, world: World, connect: Callable[[Device], Client], tmp_path: Path
) -> None:
    for _ in range(5):
        planted(world, by="farm")
    key, party = secret("farm"), world.parties["farm"]
    client = connect(Device.create(tmp_path / "restored", "https://x.example", service.pin, party=party, key=key))
    before = len(service.own(key.public.kid))
    for _ in range(2):
        plant(client, world)
    assert sum(bool(outcome.receipt) for outcome in client.send()) == 2
    assert states(client) == ["replaced"] * 2 + ["adopted"] * before + ["receipted"] * 2
    assert numbers(service, client) == [*range(before + 2)]


def test_what_a_key_has_seen_does_not_fall_when_its_notebook_is_restored(
    client: Client, service: Service, world: World, connect: Callable[[Device], Client], tmp_path: Path
) -> None:
    for _ in range(3):
        plant(client, world)
        client.send()
    old = client.notebook.device
    copy = connect(Device.create(tmp_path / "copy", old.url, old.pin, party=old.party, key=old.key))
    plant(copy, world, "后来")
    copy.send()
    sizes = [statement.seen[0] if statement.seen else 0 for statement in service.own(old.key.public.kid)]
    assert len(sizes) == 4
    assert sizes == sorted(sizes)


def test_what_another_key_signed_is_not_adopted(
    service: Service, world: World, connect: Callable[[Device], Client], tmp_path: Path
) -> None:
    key, party = secret("farm"), world.parties["farm"]
    client = connect(Device.create(tmp_path / "restored", "https://x.example", service.pin, party=party, key=key))
    plant(client, world)
    (own,) = service.own(key.public.kid)
    head, payload, _ = own.jws.split(".")
    forged = ".".join((head, payload, b64u.encode(bytes(64))))
    service.instead = [
        httpx.Response(409, json={"code": "notebook", "params": {"n": 1, "after": "A" * 43}}),
        httpx.Response(200, json={"statements": [{"n": 0, "statement": forged, "index": 1}], "next": None}),
    ]
    with pytest.raises(BadSignature):
        client.send()
    assert states(client) == ["waiting"]


def test_a_service_that_lost_some_gets_them_again(client: Client, service: Service, world: World) -> None:
    plant(client, world)
    plant(client, world)
    client.send()
    third = plant(client, world)
    # A service restored to before the second: entries, heads, everything.
    second = world.statements.pop()
    (index,) = (world.first.pop(second.hash),)
    lost = world.entries[index:]
    del world.entries[index:]
    for entry in lost:
        del world.heads[entry.chain]
    world.clock = lost[0].received // 1000 - 1
    assert all(outcome.receipt for outcome in client.send())
    assert numbers(service, client) == [0, 1, 2]
    assert client.notebook[third.hash].state == "receipted"


def test_a_key_on_two_devices_is_found_out(client: Client, service: Service, world: World) -> None:
    plant(client, world)
    client.send()
    plant(client, world)
    service.instead = [httpx.Response(409, json={"code": "notebook", "params": {"n": 1, "after": "B" * 42 + "A"}})]
    with pytest.raises(BadProof, match="notebook-fork"):
        client.send()
    assert states(client) == ["receipted", "waiting"]


@pytest.mark.parametrize("params", [{}, {"n": "1", "after": None}, {"n": 0, "after": None}])
def test_a_conflict_that_makes_no_sense_does_not_go_on_for_ever(
    client: Client, service: Service, world: World, params: dict[str, Any]
) -> None:
    plant(client, world)
    service.instead = [httpx.Response(409, json={"code": "notebook", "params": params}) for _ in range(20)]
    with pytest.raises(Refused, match="notebook"):
        client.send()
    assert states(client) == ["waiting"]
