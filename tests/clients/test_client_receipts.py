"""Receipts that do not hold, and those that no witness has confirmed yet."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clients.client import Client
from clients.device import Device
from ledger import checkpoint
from ledger.checkpoint import Checkpoint, Note, VKey
from ledger.errors import BadProof, BadSignature, LedgerError
from ledger.merkle import Hash
from ledger.policy import Pin, Policy, Witness
from tests.clients.growing import plant, states
from tests.clients.honest import Service
from tests.world import World, planted, secret

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


# Witnesses


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
