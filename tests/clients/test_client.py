import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.client import Client
from clients.device import Device
from clients.errors import Refused, Unreachable
from clients.notebook import Kept
from clients.service import TRIES
from ledger import b64u, checkpoint
from ledger.checkpoint import Checkpoint, Note, VKey
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed, NotAllowed
from ledger.identity import ChainId
from ledger.merkle import Hash
from ledger.policy import Pin, Policy, Witness
from ledger.statement import Statement
from tests.clients.honest import Service
from tests.world import World, kg, planted, secret


def plant(client: Client, world: World, note: str = "", **more: Any) -> Kept:
    fields: dict[str, Any] = {"outputs": [world.output("tomato", "2000")], **({"note": note} if note else {})}
    return client.state("plant", fields, **more)


def harvest(client: Client, world: World, planting: ChainId, value: str = "10") -> Kept:
    outputs: Any = [world.output("tomato", value)]
    return client.state("harvest", {"inputs": [{"batch": planting}], "outputs": outputs})


def states(client: Client) -> list[str]:
    return [kept.state for kept in client.notebook.all()]


def numbers(service: Service, client: Client) -> list[int]:
    return [statement.n for statement in service.own(client.notebook.device.key.public.kid)]


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
    seen = client.notebook.seen()
    assert seen is not None
    assert seen[1] == world.note()


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


# Receipts


def another_note(world: World, root: bytes | None = None, size: int | None = None, key: str = "log") -> str:
    head = world.checkpoint()
    head = Checkpoint(head.origin, size or head.size, Hash(root) if root else head.root)
    return str(Note(str(head), (checkpoint.sign(head, head.origin, secret(key)),)))


def entry_changed(answer: dict[str, Any], **more: Any) -> None:
    entry = json.loads(answer["receipt"]["entries"][0]["entry"]) | more
    answer["receipt"]["entries"][0]["entry"] = json.dumps(entry, separators=(",", ":"), sort_keys=True)


TAMPERINGS: dict[str, Callable[[World, dict[str, Any]], object]] = {
    "wrong chain": lambda world, answer: entry_changed(answer, chain="A" * 43),
    "wrong statement": lambda world, answer: entry_changed(answer, statement="A" * 43),
    "other time": lambda world, answer: entry_changed(answer, received=1),
    "not its chain's first": lambda world, answer: entry_changed(answer, seq=1, prev="A" * 43),
    "other log key": lambda world, answer: answer["receipt"].update(checkpoint=another_note(world, key="x")),
    "other root": lambda world, answer: answer["receipt"].update(checkpoint=another_note(world, root=bytes(32))),
    "other size": lambda world, answer: answer["receipt"].update(checkpoint=another_note(world, size=10**6)),
    "stale index": lambda world, answer: answer["receipt"]["entries"][0].update(index=0),
    "no entries": lambda world, answer: answer["receipt"].update(entries=[]),
    "an entry too many": lambda world, answer: answer["receipt"].update(entries=answer["receipt"]["entries"] * 2),
    "a proof cut short": lambda world, answer: answer["receipt"]["entries"][0]["proof"].pop(),
    "a proof step changed": lambda world, answer: answer["receipt"]["entries"][0]["proof"].__setitem__(0, "A" * 43),
    "unsigned": lambda world, answer: answer["receipt"].update(checkpoint=str(world.checkpoint())),
    "unknown name": lambda world, answer: answer["receipt"].update(trusted=True),
    "not a receipt": lambda world, answer: answer.update(receipt="yes"),
    "a float": lambda world, answer: answer["receipt"].update(v=1.0),
    "null": lambda world, answer: answer.update(receipt=None),
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_receipt_that_does_not_hold_is_not_believed(
    client: Client, service: Service, world: World, tampering: str, count: int
) -> None:
    for _ in range(count):
        plant(client, world)

    def tamper(answer: dict[str, Any]) -> None:
        if answer["statement"] == client.notebook.all()[-1].hash:
            TAMPERINGS[tampering](world, answer)

    service.tamper = tamper
    with pytest.raises(LedgerError):
        client.send()
    # Those before it are good, it waits, and what came is kept as evidence.
    assert states(client) == ["receipted"] * (count - 1) + ["waiting"]
    last = client.notebook.all()[-1]
    assert client.notebook.receipt(last.hash) is None
    assert [hash_ for hash_, _, _ in client.notebook.disputed()] == [last.hash]

    service.tamper = lambda answer: None
    (outcome,) = client.send()
    assert outcome.receipt == client.notebook.receipt(last.hash)


def test_a_log_that_says_otherwise_of_the_same_size_is_found_out(client: Client, world: World) -> None:
    """The log itself lies: it signs another tree, in which the receipt's proof is quite right."""
    first, second = plant(client, world), plant(client, world)
    world.disclosures |= {first.hash: [], second.hash: []}
    world.put(first.statement)
    planted(world)
    planted(world)
    client.notebook.settle(first.hash, {"receipt": json.loads(world.receipt(first.statement).text())})
    size = len(world.entries)
    world.put(second.statement)
    own = world.entries.pop()
    world.entries[-1] = own
    world.first[second.hash] = size - 1
    with pytest.raises(BadProof, match=r"rollback.*checkpoint"):
        client.notebook.settle(second.hash, {"receipt": json.loads(world.receipt(second.statement).text())})
    ((_, text, reason),) = client.notebook.disputed()
    assert reason == "rollback"
    assert json.loads(text)["checkpoint"] == world.note()
    assert states(client) == ["receipted", "waiting"]


def test_a_statement_is_not_taken_into_the_past(client: Client, service: Service, world: World) -> None:
    """Honestly proven, by an honest key, at an index that the signer knows was taken."""
    plant(client, world)
    client.send()
    plant(client, world)

    def early(answer: dict[str, Any]) -> None:
        statement, own = world.statements[-1], world.entries.pop()
        world.entries.insert(3, own)
        world.first[statement.hash] = 3
        answer["receipt"] = json.loads(world.receipt(statement).text())

    service.tamper = early
    with pytest.raises(BadProof, match=r"rollback.*entries\[0\]\.index"):
        client.send()


def test_the_same_receipt_may_come_under_a_newer_checkpoint_but_not_with_other_entries(
    client: Client, service: Service, world: World
) -> None:
    kept = plant(client, world)
    client.send()
    planted(world)
    newer = json.loads(world.receipt(kept.statement).text())
    client.notebook.settle(kept.hash, {"receipt": newer})
    receipt = client.notebook.receipt(kept.hash)
    assert receipt is not None
    assert receipt.checkpoint == world.note()
    (index,) = (world.first[kept.hash],)
    world.entries.append(world.entries[index])
    world.first[kept.hash] = len(world.entries) - 1
    with pytest.raises(BadProof, match="receipt-moved"):
        client.notebook.settle(kept.hash, {"receipt": json.loads(world.receipt(kept.statement).text())})


def test_seen_never_falls(client: Client, world: World) -> None:
    first, second = plant(client, world), plant(client, world)
    world.disclosures |= {first.hash: [], second.hash: []}
    world.put(first.statement)
    older = json.loads(world.receipt(first.statement).text())
    world.put(second.statement)
    client.notebook.settle(second.hash, {"receipt": json.loads(world.receipt(second.statement).text())})
    client.notebook.settle(first.hash, {"receipt": older})
    seen = client.notebook.seen()
    assert seen is not None
    assert seen[0].size == len(world.entries)


# Witnesses


def test_a_receipt_is_provisional_until_there_is_a_quorum(
    service: Service, world: World, connect: Callable[[Device], Client], tmp_path: Path
) -> None:
    witness = secret("witness")
    vkey = VKey("witness.example.org", checkpoint.COSIGNATURE, witness.public)
    policy = Policy(((world.vkey, ""),), (Witness("w", vkey),), quorum="w")
    pin = Pin(policy, world.parties["root"])
    client = connect(Device.create(tmp_path / "d", "https://x.example", pin, party=world.parties["coop"]))
    world.state("key.add", "coop", client.notebook.device.offer(), [world.parties["coop"]])
    kept = plant(client, world)
    client.send()
    assert states(client) == ["receipted"]
    assert [one.hash for one in client.notebook.provisional()] == [kept.hash]
    # What no witness has confirmed is not said to have been seen.
    assert client.notebook.seen() is None
    assert plant(client, world).statement.seen is None

    def cosigned(answer: dict[str, Any]) -> None:
        note = Note.parse(answer["receipt"]["checkpoint"])
        signature = checkpoint.cosign(Checkpoint.parse(note.text), vkey.name, witness, 1_772_400_000)
        answer["receipt"]["checkpoint"] = str(Note(note.text, (*note.signatures, signature)))

    service.tamper = cosigned
    (outcome,) = client.upgrade()
    assert outcome.kept.hash == kept.hash
    assert client.notebook.provisional() == []
    seen = client.notebook.seen()
    assert seen is not None
    assert seen[0] == world.checkpoint()
    # Without the cosignature again, what was confirmed stays so.
    service.tamper = lambda answer: None
    client.notebook.settle(kept.hash, {"receipt": json.loads(world.receipt(kept.statement).text())})
    assert client.notebook.provisional() == []


def test_a_cosignature_that_is_forged_is_found_out(
    service: Service, world: World, connect: Callable[[Device], Client], tmp_path: Path
) -> None:
    vkey = VKey("witness.example.org", checkpoint.COSIGNATURE, secret("witness").public)
    pin = Pin(Policy(((world.vkey, ""),), (Witness("w", vkey),), quorum="w"), world.parties["root"])
    client = connect(Device.create(tmp_path / "d", "https://x.example", pin, party=world.parties["coop"]))
    world.state("key.add", "coop", client.notebook.device.offer(), [world.parties["coop"]])
    plant(client, world)

    def forged(answer: dict[str, Any]) -> None:
        note = Note.parse(answer["receipt"]["checkpoint"])
        signature = checkpoint.Signature(vkey.name, vkey.id, bytes(72))
        answer["receipt"]["checkpoint"] = str(Note(note.text, (*note.signatures, signature)))

    service.tamper = forged
    with pytest.raises(BadSignature, match="note-signature"):
        client.send()
    assert states(client) == ["waiting"]


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
