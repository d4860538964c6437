"""Keys that the service holds: made for a registrar, used by a party's people, shown as what they are."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, update

from app.custody.holding import Custodian, Unsigned
from app.errors import Conflict, ServiceError
from app.log import open_log
from app.main import create_app
from app.statements.service import Capture
from app.tables import accounts, held_keys
from app.viewing import Viewer
from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.keys import KeyId, PrivateKey
from ledger.statement import Statement
from tests.app.seeding import LOG_ID, append
from tests.app.town import NOON, PASSWORD, Town, hashed, settle
from tests.app.visiting import Visitor, visiting
from tests.world import county, kg, profile

JSON = {"accept": "application/json"}


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """The county, where somebody works at the registrar's too."""
    town = settle(tmp_path / "data", database_url, world=county())
    person(town, town.world.parties["registrar"], "deng.ji", "manager")
    yield town
    town.engine.dispose()


@pytest.fixture
def visitor(town: Town) -> Iterator[Visitor]:
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def person(town: Town, party: ChainId, login: str, role: str) -> None:
    with town.engine.begin() as connection:
        number = len(connection.execute(select(accounts.c.login)).all())
        row = {
            "log_id": LOG_ID, "account_id": f"10000000-0000-4000-8000-{number:012}", "party": party, "login": login,
            "name": "邓霞", "password": hashed(), "role": role, "division": "", "side": "", "created": NOON,
        }  # fmt: skip
        connection.execute(insert(accounts), row)


def send(visitor: Visitor, path: str, body: Any) -> httpx.Response:
    """As a page of ours does."""
    token = visitor.get("/v1/me", JSON).json()["csrf"]
    return visitor.ask("POST", path, {**JSON, "x-csrf-token": token}, json=body)


def offered(visitor: Visitor, party: ChainId | None = None) -> dict[str, Any]:
    visitor.sign_in("deng.ji", PASSWORD)
    answer = send(visitor, "/v1/held/keys", {"party": party} if party else {})
    assert answer.status_code == 201, answer.text
    offer: dict[str, Any] = answer.json()
    return offer


def state(visitor: Visitor, town: Town, kind: str, body: dict[str, Any], on: list[ChainId] | None = None) -> Statement:
    """The registrar's device states it."""
    statement = town.world.statement(kind, "registrar", body, on or [])
    sent = visitor.ask(
        "POST", "/v1/statements", {"content-type": "application/jose"}, content=town.world.presentation(statement)
    )
    assert sent.status_code == 201, sent.text
    return statement


def aunt_li(visitor: Visitor, town: Town, role: str = "member") -> ChainId:
    """A farmer without a device, for whom the service holds a key; somebody is signed in for her."""
    offer = offered(visitor)
    body = {"keys": [offer], "profile": profile("李大娘", "household"), "roles": ["farm"]}
    (party,) = state(visitor, town, "party.register", body).created
    person(town, party, f"li.da.{role}", role)
    assert visitor.sign_in(f"li.da.{role}", PASSWORD).status_code == 303
    product = {"names": {"zh": "小葱"}, "own_code": "1", "base_unit": "kg", "may": []}
    added = send(visitor, "/v1/held/statements", {"kind": "product.add", "fields": product})
    assert added.status_code == 201, added.text
    town.world.products["onion"] = added.json()["created"][0]["chain"]
    return party


def planting(town: Town, **more: Any) -> dict[str, Any]:
    fields = {"outputs": [{"product": town.world.products["onion"], "quantity": kg("20")}], "plot": "屋后", **more}
    return {"kind": "plant", "fields": fields}


def test_a_party_without_a_device_states_through_the_service(visitor: Visitor, town: Town) -> None:
    party = aunt_li(visitor, town)
    asked = send(visitor, "/v1/held/statements/check", planting(town))
    assert asked.json() == {"findings": []}
    done = send(visitor, "/v1/held/statements", planting(town))
    assert done.status_code == 201
    (batch,) = done.json()["created"]
    (event,) = visitor.get(f"/v1/batches/{batch['chain']}/events", JSON).json()
    assert (event["custody"], event["signer"]["id"]) == ("service", party)
    # Which of the people that sign with it this was, for those who may read it.
    assert event["values"]["person"] == "邓霞"
    (key,) = visitor.get(f"/v1/parties/{party}", JSON).json()["keys"]
    assert key["custody"] == "service"
    notebook = visitor.get(f"/v1/keys/{key['kid']}/statements", JSON).json()["statements"]
    assert [one["n"] for one in notebook] == [0, 1]
    assert "密钥由平台代管" in visitor.get(f"/t/{batch['mark']}").text


def test_nobody_signs_with_it_as_somebody_else(visitor: Visitor, town: Town) -> None:
    aunt_li(visitor, town)
    for path in ("/v1/held/statements/check", "/v1/held/statements"):
        refused = send(visitor, path, planting(town, person="周敏"))
        assert refused.status_code == 403
        told = refused.json()
        named = {"path": "fields.person", "has": "周敏", "wanted": "邓霞"}
        assert (told["code"], told["params"]) == ("held-person", named)
    assert send(visitor, "/v1/held/statements", planting(town, person="邓霞")).status_code == 201


def test_findings_come_before_the_signature(visitor: Visitor, town: Town) -> None:
    aunt_li(visitor, town)
    later = {**planting(town), "at": "2090-01-01T00:00:00Z"}
    found = [one["code"] for one in send(visitor, "/v1/held/statements/check", later).json()["findings"]]
    assert found
    refused = send(visitor, "/v1/held/statements", later)
    assert (refused.status_code, refused.json()["code"]) == (409, "held-findings")
    assert found[0] in refused.json()["detail"]
    assert send(visitor, "/v1/held/statements", {**later, "findings": found}).status_code == 201


def test_who_may_have_one_made(visitor: Visitor, town: Town) -> None:
    visitor.sign_in("zhou.min", PASSWORD)
    assert send(visitor, "/v1/held/keys", {}).json()["code"] == "held-registrar"
    visitor.sign_in("ma.ke", PASSWORD)
    assert send(visitor, "/v1/held/keys", {}).json()["code"] == "account-role"
    visitor.sign_in("deng.ji", PASSWORD)
    for party in ("A" * 43, town.world.parties["root"]):
        assert send(visitor, "/v1/held/keys", {"party": party}).json()["code"] == "no-party"
    assert visitor.ask("POST", "/v1/held/keys", JSON, json={}).status_code == 403


def test_an_existing_party_gets_one_and_who_has_none_can_not_sign(visitor: Visitor, town: Town) -> None:
    farm = town.world.parties["farm"]
    visitor.sign_in("ma.ke", PASSWORD)
    body = {"kind": "plant", "fields": {"outputs": [town.world.output("tomato", "5")], "plot": "七号地"}}
    assert send(visitor, "/v1/held/statements", body).json()["code"] == "held-none"
    state(visitor, town, "key.add", offered(visitor, farm), [farm])
    visitor.sign_in("ma.ke", PASSWORD)
    assert send(visitor, "/v1/held/statements", body).status_code == 201


def test_a_key_that_is_not_shown_as_held_signs_nothing(visitor: Visitor, town: Town) -> None:
    """The registrar leaves the mark out: no verifier would know that it was the service that signed."""
    farm = town.world.parties["farm"]
    offer = offered(visitor, farm)
    state(visitor, town, "key.add", {name: offer[name] for name in ("jwk", "proof")}, [farm])
    visitor.sign_in("ma.ke", PASSWORD)
    body = {"kind": "plant", "fields": {"outputs": [town.world.output("tomato", "5")], "plot": "七号地"}}
    assert send(visitor, "/v1/held/statements", body).json()["code"] == "held-none"


def test_a_key_made_for_one_party_is_not_anothers(visitor: Visitor, town: Town) -> None:
    coop = town.world.parties["coop"]
    offer = offered(visitor, town.world.parties["farm"])
    statement = town.world.statement("key.add", "registrar", offer, [coop])
    sent = visitor.ask("POST", "/v1/statements", {"content-type": "application/jose"}, content=f"{statement.jws}~")
    assert sent.json()["code"] == "key-proof"


def test_what_the_manager_alone_states(visitor: Visitor, town: Town) -> None:
    party = aunt_li(visitor, town)
    grant = {"kind": "agent.grant", "on": [party], "fields": {"agent": town.world.parties["coop"], "kinds": ["plant"]}}
    assert send(visitor, "/v1/held/statements", grant).json()["code"] == "held-manager"
    person(town, party, "li.xiao", "manager")
    visitor.sign_in("li.xiao", PASSWORD)
    assert send(visitor, "/v1/held/statements", grant).status_code == 201


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"kind":"plant"}', b'{"kind":1,"fields":{}}', b'{"extra":1}'])
def test_what_is_no_draft(visitor: Visitor, town: Town, body: bytes) -> None:
    visitor.sign_in("ma.ke", PASSWORD)
    token = visitor.get("/v1/me", JSON).json()["csrf"]
    answer = visitor.ask("POST", "/v1/held/statements", {**JSON, "x-csrf-token": token}, content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request")


def test_a_draft_that_its_kind_does_not_allow(visitor: Visitor, town: Town) -> None:
    aunt_li(visitor, town)
    for draft, code in (
        ({"kind": "dance", "fields": {}}, "kind"),
        ({"kind": "plant", "fields": {"shoe": 1}}, "unknown"),
        ({"kind": "plant", "fields": {"plot": "屋后"}}, "missing"),
        ({"kind": "load", "fields": {}, "on": ["A" * 43]}, "missing"),
        ({**planting(town), "for": "A" * 43}, "agent"),
    ):
        assert send(visitor, "/v1/held/statements", draft).json()["code"] == code, draft


# --- without the network ---------------------------------------------------------------------------------------------


@pytest.fixture
def held(town: Town) -> Iterator[tuple[Custodian, Viewer]]:
    """The farm's held key, and who uses it."""
    log = open_log(town.settings, town.engine)
    capture = Capture(town.engine, log.journal, log.log_id)
    custodian = Custodian(town.engine, log, capture, town.settings.keys / "custody.key", lambda: NOON / 1000)
    farm = town.world.parties["farm"]
    registrar = Viewer("", "deng.ji", "邓霞", town.world.parties["registrar"], "manager", "", "", "")
    offer = custodian.make(registrar, farm)
    (outcome,) = append(log.journal, town.world, [town.world.statement("key.add", "registrar", offer, [farm])])
    assert not isinstance(outcome, Exception), outcome
    yield custodian, Viewer("", "ma.ke", "马可", farm, "member", "", "", "")
    log.journal.close()


def draft(town: Town) -> Unsigned:
    fields: dict[str, Json] = {"outputs": [town.world.output("tomato", "5")], "plot": "七号地"}
    return Unsigned("plant", "2026-03-02T00:00:00Z", fields, known=frozenset(("late", "clock-late")))


def stored_secret(town: Town) -> tuple[KeyId, bytes]:
    with town.engine.connect() as connection:
        row = connection.execute(select(held_keys)).one()
    return KeyId(row.kid), row.secret


def test_many_at_once_stand_one_behind_the_other(held: tuple[Custodian, Viewer], town: Town) -> None:
    custodian, viewer = held

    async def all_at_once() -> list[Statement]:
        done = await asyncio.gather(*(custodian.state(viewer, draft(town)) for _ in range(6)))
        return [one.statement for one in done]

    stated = sorted(asyncio.run(all_at_once()), key=lambda one: one.n)
    assert [one.n for one in stated] == [*range(6)]
    assert [one.after for one in stated[1:]] == [one.hash for one in stated[:-1]]
    assert all(one.seen is not None for one in stated)


def test_two_services_with_one_key_meet_and_try_again(held: tuple[Custodian, Viewer], town: Town) -> None:
    custodian, viewer = held
    log = open_log(town.settings, town.engine)
    capture = Capture(town.engine, log.journal, log.log_id)
    other = Custodian(town.engine, log, capture, town.settings.keys / "custody.key", lambda: NOON / 1000)

    async def both() -> list[int]:
        done = await asyncio.gather(*(one.state(viewer, draft(town)) for one in (custodian, other)))
        return sorted(one.statement.n for one in done)

    assert asyncio.run(both()) == [0, 1]
    log.journal.close()


def test_at_rest_nothing_of_it_can_be_read(held: tuple[Custodian, Viewer], town: Town) -> None:
    custodian, viewer = held
    kid, closed = stored_secret(town)
    keyfile = town.settings.keys / "custody.key"
    assert keyfile.stat().st_mode & 0o777 == 0o600
    key = PrivateKey("Ed25519", custodian._vault.open(closed, custodian._about(kid, viewer.party)))
    assert key.public.kid == kid
    for place in town.settings.data.rglob("*"):
        if place.is_file():
            assert key.secret not in place.read_bytes(), place
    # Under another key, or none, it does not open.
    kept = keyfile.read_bytes()
    for wrong in (b"x", b"A" * 43 + b"\n", None):
        keyfile.unlink()
        if wrong is not None:
            keyfile.write_bytes(wrong)
        with pytest.raises(ServiceError, match="held-key"):
            custodian.check(viewer, draft(town))
        keyfile.write_bytes(kept)
    custodian.check(viewer, draft(town))


@pytest.mark.parametrize("tampered", ["bytes", "party", "short"])
def test_what_was_changed_or_moved_does_not_open(held: tuple[Custodian, Viewer], town: Town, tampered: str) -> None:
    custodian, viewer = held
    _, closed = stored_secret(town)
    changes: dict[str, dict[str, Any]] = {
        "bytes": {"secret": closed[:-1] + bytes([closed[-1] ^ 1])},
        "party": {"party": town.world.parties["coop"]},
        "short": {"secret": b"x"},
    }
    with town.engine.begin() as connection:
        connection.execute(update(held_keys).values(changes[tampered]))
    with pytest.raises(ServiceError, match="held-key"):
        custodian.check(viewer, draft(town))


def test_a_revoked_key_is_forgotten(held: tuple[Custodian, Viewer], town: Town) -> None:
    custodian, viewer = held
    kid, _ = stored_secret(town)
    assert custodian.forget_revoked() == 0
    revoke = town.world.statement("key.revoke", "registrar", {"kid": kid}, [viewer.party])
    append(custodian._log.journal, town.world, [revoke])
    with pytest.raises(Conflict, match="held-none"):
        custodian.check(viewer, draft(town))
    assert custodian.forget_revoked() == 1
    with town.engine.connect() as connection:
        assert connection.execute(select(held_keys)).all() == []
