"""The client: what it signs, how it sends, what it reads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.client import Client
from clients.device import Device
from clients.errors import Refused, Unreachable
from clients.service import TRIES
from ledger import b64u
from ledger.errors import BadProof, Malformed
from ledger.identity import ChainId
from tests.clients.growing import numbers, plant, states
from tests.clients.honest import Service
from tests.world import World, kg, secret

# Stating


def test_what_is_not_public_is_sealed_and_what_names_a_batch_touches_it(client: Client, planting: ChainId) -> None:
    fields: dict[str, Any] = {
        "goods": [{"batch": planting, "quantity": kg("5")}],
        "receiver": client.notebook.device.party,
        "plate": "川A12345",
        "person": "王芳",
        "seal": "S-1",
    }
    kept = client.state("ship", fields)
    assert kept.statement.on == (planting,)
    assert kept.statement.at == "2026-03-01T21:20:00Z"
    signed = b64u.decode(kept.statement.jws.split(".")[1]).decode()
    for secret_value in ("川A12345", "王芳", "S-1", "plate", "person"):
        assert secret_value not in signed
    assert len(kept.statement.sealed) == len(kept.disclosures) == 3
    salts = {json.loads(b64u.decode(disclosure))[0] for disclosure in kept.disclosures}
    assert len(salts) == 3


@pytest.mark.parametrize(
    ("kind", "fields", "code", "path"),
    [
        ("sow", {}, "kind", "kind"),
        ("plant", {"outputs": [], "colour": "red"}, "unknown", "body.colour"),
        ("plant", {}, "missing", "body.outputs"),
        ("plant", {"outputs": "many"}, "type", "body.outputs"),
        ("ship", {"goods": [{"batch": "A" * 43}]}, "missing", "body.goods[0].quantity"),
        ("harvest", {"inputs": 7}, "missing", "body.outputs"),
        ("correct", {"statement": "A" * 43, "new": {"note": "x"}}, "correction", "body.new.note"),
    ],
)
def test_what_its_kind_does_not_allow_is_not_signed(
    client: Client, kind: str, fields: dict[str, Any], code: str, path: str
) -> None:
    with pytest.raises(Malformed) as caught:
        client.state(kind, fields)
    assert caught.value.code in (code, "on-some")
    if caught.value.code == code:
        assert caught.value.params["path"] == path
    assert client.notebook.all() == []


def test_new_values_of_a_correction_are_sealed_as_they_were(client: Client, planting: ChainId) -> None:
    goods: Any = [{"batch": planting, "quantity": kg("5")}]
    ship = client.state("ship", {"goods": goods, "receiver": client.notebook.device.party, "plate": "川A1"})
    fields: dict[str, Any] = {"statement": ship.hash, "reason": "车牌写错", "new": {"plate": "川A2", "seal": "S-2"}}
    kept = client.state("correct", fields, on=[planting])
    assert "new" not in kept.statement.body
    assert len(kept.statement.sealed) == 2
    with pytest.raises(Malformed, match="unknown"):
        client.state("correct", fields | {"new": {"driver": "李四"}}, on=[planting])


def test_one_source_is_stated_once(client: Client, world: World) -> None:
    first = plant(client, world, source="sheet:1")
    assert plant(client, world, source="sheet:1").hash == first.hash
    assert plant(client, world, source="sheet:2").hash != first.hash


def test_findings_are_asked_for_without_signing(client: Client, world: World) -> None:
    draft = client.draft("plant", {"outputs": [world.output("tomato", "1")], "note": "秘密"})
    (finding,) = client.check(draft)
    assert (finding.code, finding.params, finding.say("zh")) == ("asked", {"n": 0}, "asked")
    assert client.notebook.all() == []


# Sending


def test_one_goes_as_a_presentation_and_many_as_a_stream(client: Client, service: Service, world: World) -> None:
    kept = plant(client, world, "一号")
    (outcome,) = client.send()
    assert outcome.receipt is not None
    assert [created.chain for created in outcome.created] == [*kept.statement.created]
    for _ in range(3):
        plant(client, world)
    heard: list[object] = []
    assert client.send(heard.append) == heard
    assert [request.headers["content-type"] for request in service.requests] == [
        "application/jose",
        "application/x-ndjson",
    ]
    assert numbers(service, client) == [0, 1, 2, 3]
    assert states(client) == ["receipted"] * 4
    assert client.send() == []


def test_each_statement_says_what_its_signer_has_seen(client: Client, world: World) -> None:
    assert plant(client, world).statement.seen is None
    client.send()
    size = len(world.entries)
    claim = plant(client, world).statement.seen
    assert claim == (size, b64u.encode(world.checkpoint().root))
    seen = client.notebook.heads.seen()
    assert seen is not None
    assert seen.note == world.note()


def test_a_lost_answer_is_asked_for_again(client: Client, service: Service, world: World, slept: list[float]) -> None:
    kept = plant(client, world)
    service.lose = 3
    (outcome,) = client.send()
    assert len(service.requests) == 4
    assert slept == [0.5, 1.0, 2.0]
    assert outcome.receipt == world.receipt(kept.statement)
    assert numbers(service, client) == [0]


@pytest.mark.parametrize("cut", [0, 1, 4])
def test_a_stream_that_breaks_off_goes_on_where_it_was(
    client: Client, service: Service, world: World, cut: int
) -> None:
    for _ in range(5):
        plant(client, world)
    service.cut = cut
    assert len(client.send()) == 5
    assert numbers(service, client) == [0, 1, 2, 3, 4]
    assert len(service.requests[-1].content.splitlines()) <= 5 - cut


def test_without_an_answer_it_gives_up_and_keeps_everything(
    client: Client, service: Service, world: World, slept: list[float]
) -> None:
    plant(client, world)
    service.lose = 1000
    with pytest.raises(Unreachable):
        client.send()
    assert len(service.requests) == TRIES
    assert len(slept) == TRIES - 1
    assert states(client) == ["waiting"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("Sun, 01 Mar 2026 21:20:30 GMT", 30.0), ("soon", 0.5), ("99999", 120.0), ("", 0.5)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_it_is_asked_to(
    client: Client, service: Service, world: World, slept: list[float], status: int, header: str, seconds: float
) -> None:
    plant(client, world)
    service.instead = [httpx.Response(status, headers={"retry-after": header}, json={"code": "busy"})]
    assert len(client.send()) == 1
    assert slept == [seconds]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415])
def test_a_no_that_is_not_the_statements_fault_stops_and_withdraws_nothing(
    client: Client, service: Service, world: World, status: int
) -> None:
    plant(client, world)
    code = {} if status == 403 else {"code": "elsewhere"}
    service.instead = [httpx.Response(status, json={"detail": "not so", **code})]
    with pytest.raises(Refused, match="not so") as caught:
        client.send()
    assert caught.value.status == status
    assert states(client) == ["waiting"]


def test_a_stream_too_large_goes_in_halves(client: Client, service: Service, world: World) -> None:
    for _ in range(8):
        plant(client, world)
    service.instead = [httpx.Response(413, json={"code": "size"}), httpx.Response(413, json={"code": "size"})]
    assert len(client.send()) == 8
    assert [len(request.content.splitlines()) for request in service.requests] == [8, 4, 2, 2, 2, 2]


# Reading and the registry


def test_the_log_is_held_against_the_pin(client: Client, service: Service, world: World) -> None:
    assert client.log()["origin"] == world.log
    world.parties["root"] = world.parties["farm"]
    with pytest.raises(BadProof, match="wrong-log"):
        client.log()


def test_an_unknown_code_is_said_in_the_services_words(client: Client) -> None:
    with pytest.raises(Refused, match="no-code") as caught:
        client.batch("1234")
    assert caught.value.status == 404


def test_reading_tries_again_too(client: Client, service: Service, slept: list[float]) -> None:
    service.instead = [httpx.Response(503), httpx.Response(200, content=b"<html>")]
    with pytest.raises(Unreachable, match="answer"):
        client.log()
    assert slept == [0.5]


def test_a_registrar_registers_a_party_with_its_device(
    service: Service, world: World, connect: Callable[[Device], Client], tmp_path: Path
) -> None:
    url = "https://trace.example.org"
    registrar = connect(
        Device.create(tmp_path / "r", url, service.pin, party=world.parties["registrar"], key=secret("registrar"))
    )
    grower = Device.create(tmp_path / "g", url, service.pin)
    kept = registrar.register_party("张三", "household", ["farm"], division="510182", keys=[grower.offer()])
    assert all(outcome.receipt for outcome in registrar.send())
    (party,) = registrar.notebook.all()[-1].statement.created
    grower = grower.join(party)
    assert Device.open(tmp_path / "g") == grower
    assert kept.statement.kind == "party.register"

    second = Device.create(tmp_path / "g2", url, service.pin, party=party)
    client = connect(grower)
    client.add_key(party, second.offer())
    client.add_place("七号地", "plot", division="510182", township="丹景山镇", position={"lat": "31.1", "lon": "103.9"})
    client.add_product({"zh": "番茄"}, "kg", own_code="T1", may=[world.parties["coop"]])
    client.grant_agent(party, world.parties["coop"], ["plant"])
    client.end_agent(party, world.parties["coop"], ["plant"])
    registrar.grant_role(party, "processor")
    registrar.end_role(party, "processor")
    registrar.revoke_key(party, second.key.public.kid, "丢失", compromised_since="2026-03-01T00:00:00Z")
    done = [*client.send(), *registrar.send()]
    assert [outcome.refused for outcome in done] == [None] * 8
    assert world.registry.parties[party].roles == {"farm"}


def test_a_root_act_takes_two(
    service: Service, world: World, connect: Callable[[Device], Client], tmp_path: Path
) -> None:
    def root(name: str) -> Client:
        party = world.parties["root"]
        return connect(Device.create(tmp_path / name, "https://x.example", service.pin, party=party, key=secret(name)))

    first, second = root("root"), root("root-2")
    first.grant_role(world.parties["farm"], "registrar")
    (outcome,) = [one for one in first.send() if one.receipt]
    second.confirm(outcome.kept.statement)
    second.send()
    assert "registrar" in world.registry.parties[world.parties["farm"]].roles
