"""What is sent in: every kind of bad input has its answer, and none of them stops the next good one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger import b64u, receipt
from ledger.canonical import dumps
from ledger.keys import PrivateKey
from ledger.statement import Statement
from tests.app.seeding import seed
from tests.parts.service import serving
from tests.world import World, county, planted, secret


@pytest.fixture(scope="module")
def world() -> World:
    return county()


@pytest.fixture(scope="module")
def client(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    data: Path = tmp_path_factory.mktemp("data")
    seed(data, world)
    with serving(data) as (address, _), httpx.Client(base_url=address, timeout=30) as client:
        yield client


@pytest.fixture
def planting(world: World, client: httpx.Client) -> Statement:
    """The next good statement of the farm, not yet sent; what a test sends badly can still be sent well."""
    body = {"outputs": [world.output("tomato", "2000")]}
    return world.statement("plant", "farm", body, sealed={"person": "张三"})


def send(client: httpx.Client, text: str | bytes, media: str = "application/jose", **headers: str) -> httpx.Response:
    return client.post("/v1/statements", content=text, headers={"content-type": media, **headers})


def good(client: httpx.Client, world: World, statement: Statement) -> dict[str, Any]:
    answer = send(client, world.presentation(statement))
    assert answer.status_code in (200, 201), answer.text
    done: dict[str, Any] = answer.json()
    receipt.parse(dumps(done["receipt"])).check(statement, world.vkey)
    return done


def refused(answer: httpx.Response, status: int, code: str, path: str | None = None) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert "Traceback" not in answer.text
    assert problem["detail"]
    if path is not None:
        assert problem["params"]["path"] == path
    return problem


def test_a_statement_is_recorded_and_again_gives_the_same_entries(
    client: httpx.Client, world: World, planting: Statement
) -> None:
    first = send(client, world.presentation(planting))
    assert first.status_code == 201
    again = send(client, world.presentation(planting))
    assert again.status_code == 200
    entries = [[entry["entry"] for entry in answer.json()["receipt"]["entries"]] for answer in (first, again)]
    assert entries[0] == entries[1]
    (created,) = first.json()["created"]
    assert created["chain"] == planting.created[0]
    assert len(created["mark"]) == 22
    assert len(created["trace_code"]) == 20


def test_json_carries_the_same(client: httpx.Client, world: World, planting: Statement) -> None:
    body = {"statement": planting.jws, "disclosures": world.disclosures[planting.hash]}
    assert send(client, json.dumps(body), "application/json; charset=utf-8").status_code == 201


def test_lines_are_answered_line_by_line(client: httpx.Client, world: World) -> None:
    statements = [
        world.statement("plant", "farm", {"outputs": [world.output("tomato", str(n))]}, sealed={"person": "张三"})
        for n in range(1, 301)
    ]
    lines = [json.dumps({"statement": one.jws, "disclosures": world.disclosures[one.hash]}) for one in statements]
    lines.insert(7, "{")
    lines.insert(9, json.dumps({"statement": "a.b.c"}))
    answers = [json.loads(line) for line in send(client, "\n".join(lines), "application/x-ndjson").text.splitlines()]
    assert [answer["status"] for answer in answers] == [201] * 7 + [422, 201, 422] + [201] * 292
    done = [answer for answer in answers if answer["status"] == 201]
    for statement, answer in zip(statements, done, strict=True):
        assert answer["statement"] == statement.hash
    receipt.parse(dumps(done[-1]["receipt"])).check(statements[-1], world.vkey)


def test_a_line_without_end_is_the_last_that_is_answered(client: httpx.Client) -> None:
    answers = send(client, b"{}\n" + b"a" * 300_000, "application/x-ndjson").text.splitlines()
    assert json.loads(answers[-1])["status"] == 413


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "jws"),
        ("nothing", "jws"),
        ("a.b.c", "b64u"),
        ("é.b.c", "jws"),
        ("a.b.c~x", "presentation"),
        ("a.b.c~~", "presentation"),
    ],
)
def test_what_is_no_statement_is_malformed(client: httpx.Client, text: str, code: str) -> None:
    refused(send(client, text), 422, code)


def test_more_than_is_taken_at_once(client: httpx.Client) -> None:
    refused(send(client, "a" * 300_000), 413, "size")


def test_another_media_type(client: httpx.Client) -> None:
    refused(send(client, "<x/>", "text/xml"), 415, "media-type")


def test_a_byte_of_the_signature_or_the_payload_changed(
    client: httpx.Client, world: World, planting: Statement
) -> None:
    head, payload, signature = planting.jws.split(".")
    flipped = b64u.encode(bytes([b64u.decode(signature)[0] ^ 1]) + b64u.decode(signature)[1:])
    refused(send(client, f"{head}.{payload}.{flipped}~"), 422, "undisclosed")
    disclosures = "".join(f"~{one}" for one in world.disclosures[planting.hash]) + "~"
    refused(send(client, f"{head}.{payload}.{flipped}{disclosures}"), 403, "signature")
    other = b64u.encode(b64u.decode(payload).replace(b'"2000"', b'"9000"'))
    refused(send(client, f"{head}.{other}.{signature}{disclosures}"), 403, "signature")
    good(client, world, planting)


def test_a_missing_and_a_foreign_disclosure(client: httpx.Client, world: World, planting: Statement) -> None:
    refused(send(client, planting.jws), 422, "undisclosed", "body._sd")
    other = world.disclosures[world.statements[-1].hash] or [b64u.encode(b'["AAAAAAAAAAAAAAAAAAAAAA","note","x"]')]
    text = world.presentation(planting) + other[0] + "~"
    refused(send(client, text), 422, "disclosure")
    good(client, world, planting)


def _resign(world: World, by: str, change: dict[str, Any], body: dict[str, Any] | None = None) -> str:
    """A statement of ``by`` with some claims changed, rightly signed, by hand."""
    device = world.devices[by]
    payload = {
        "after": device.after,
        "at": "2026-03-02T00:00:00Z",
        "body": {"outputs": [world.output("tomato", "5")], **(body or {})},
        "iat": 1_772_400_000,
        "iss": device.party,
        "kind": "plant",
        "log": world.log,
        "n": device.n,
        "on": [],
        "seen": None,
        "v": 1,
        **change,
    }
    payload = {name: value for name, value in payload.items() if value is not ...}
    header = {"alg": device.key.public.alg, "kid": device.key.public.kid, "typ": "statement+sd-jwt"}
    message = (
        b64u.encode(dumps(header))
        + "."
        + b64u.encode(json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    )
    return f"{message}.{b64u.encode(device.key.sign(message.encode()))}~"


@pytest.mark.parametrize(
    ("change", "body", "status", "code", "path"),
    [
        ({"kind": "dance"}, None, 422, "kind", "kind"),
        ({"colour": "green"}, None, 422, "unknown", "colour"),
        ({"v": 2}, None, 422, "version", "v"),
        ({"at": "2026-02-30T00:00:00Z"}, None, 422, "time", "at"),
        ({"n": 1.0}, None, 422, "number", "n"),
        ({"iss": ...}, None, 422, "missing", "iss"),
        ({}, {"colour": "green"}, 422, "unknown", "body.colour"),
        ({}, {"person": "张三"}, 422, "must-seal", "body.person"),
        ({}, {"outputs": [{"product": "A" * 43}]}, 422, "missing", "body.outputs[0].quantity"),
        ({}, {"outputs": [{"product": "A" * 43, "quantity": {"unit": "kg", "value": "-3"}}]}, 422, "quantity",
         "body.outputs[0].quantity.value"),
        ({}, {"outputs": [{"product": "A" * 43, "quantity": {"unit": "kg", "value": "3"}}]}, 422, "unknown-product",
         "body.outputs[0].product"),
        ({}, {"place": "A" * 43}, 422, "unknown-place", "body.place"),
        ({}, {"plot": "e\u0301"}, 422, "nfc", "body"),
        ({"log": "log.example.org/other"}, None, 403, "wrong-log", "log"),
        ({"kind": "sell"}, {"outputs": ...}, 422, None, None),
        ({"n": 99_999}, None, 409, "notebook", "n"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_place(
    client: httpx.Client,
    world: World,
    change: dict[str, Any],
    body: dict[str, Any] | None,
    status: int,
    code: str | None,
    path: str | None,
) -> None:
    if body and body.get("outputs") is ...:
        body = {"channel": "shop"}
    if "n" in change and change["n"] == 99_999:
        change = {**change, "after": "A" * 43}
    answer = send(client, _resign(world, "shop" if code == "role" else "coop", change, body))
    problem = refused(answer, status, code or answer.json()["code"], path)
    if status == 409:
        device = world.devices["coop"]
        assert (problem["params"]["n"], problem["params"]["after"] or None) == (device.n, device.after)


def test_who_may_not(client: httpx.Client, world: World) -> None:
    refused(send(client, _resign(world, "shop", {})), 403, "role")
    stranger = PrivateKey.generate()
    world.devices["stranger"] = type(world.devices["shop"])(stranger, world.parties["farm"])
    refused(send(client, _resign(world, "stranger", {})), 403, "key-unknown")
    refused(send(client, _resign(world, "coop", {"iss": world.parties["farm"]})), 403, "key-party")
    lost = secret("lost")
    proof = {"jwk": lost.public.jwk, "proof": b64u.encode(lost.sign(
        f"gengji key v1\n{world.log}\n{world.parties['shop']}\n{lost.public.kid}".encode()))}  # fmt: skip
    good(client, world, world.statement("key.add", "shop", proof, [world.parties["shop"]]))
    revoke = world.statement("key.revoke", "shop", {"kid": lost.public.kid}, [world.parties["shop"]])
    good(client, world, revoke)
    world.devices["lost"] = type(world.devices["shop"])(lost, world.parties["shop"])
    refused(send(client, _resign(world, "lost", {})), 403, "key-revoked")


def test_findings_are_told_before_signing_and_nothing_is_written(client: httpx.Client, world: World) -> None:
    planting = planted(world)
    made = world.statements[-1]
    good(client, world, made)
    device = world.devices["shop"]
    payload = {
        "after": device.after, "at": "2026-03-02T00:00:00Z", "iat": 1_772_400_000, "iss": device.party, "kind": "sell",
        "body": {"channel": "shop", "goods": [{"batch": planting, "quantity": {"unit": "kg", "value": "3.5"}}]},
        "log": world.log, "n": device.n, "on": [planting], "seen": None, "v": 1,
    }  # fmt: skip
    before = client.get("/log/checkpoint").text
    answer = client.post("/v1/statements/check", json={"payload": payload})
    assert answer.status_code == 200
    found = {finding["code"]: finding for finding in answer.json()["findings"]}
    assert found.keys() == {"not-holder", "over-held"}
    assert found["over-held"]["params"]["short"] == "3.5"
    assert all(finding["text"]["zh"] and finding["text"]["en"] for finding in found.values())
    assert client.get("/log/checkpoint").text == before
    payload["on"] = []
    refused(client.post("/v1/statements/check", json={"payload": payload}), 422, "on-some", "on")


def test_what_no_number_or_payload_can_be(client: httpx.Client, world: World) -> None:
    for start in ("²", "-1", "", "9" * 30):
        asked = client.get(f"/v1/keys/{world.devices['coop'].key.public.kid}/statements", params={"from": start})
        refused(asked, 422, "number", "from")
    deep = b"[" * 50_000 + b"]" * 50_000
    asked = client.post("/v1/statements/check", content=b'{"payload":' + deep + b"}")
    refused(asked, 422, "request")


def test_the_public_form_opens_nothing_that_is_sealed(client: httpx.Client, world: World, planting: Statement) -> None:
    good(client, world, planting)
    kid = planting.kid
    notebook = client.get(f"/v1/keys/{kid}/statements", params={"from": planting.n}).json()
    (one,) = notebook["statements"]
    assert one["statement"] == planting.jws
    lines = client.get(f"/log/statements/{one['index']}-{one['index']}").text.splitlines()
    assert [json.loads(line)["statement"] for line in lines] == [planting.jws]
    for text in (json.dumps(notebook, ensure_ascii=False), *lines):
        assert "张三" not in text
        assert not any(disclosure in text for disclosure in world.disclosures[planting.hash])
    refused(client.get("/v1/keys/short/statements"), 422, "b64u")
