"""Receipts: read strictly, believed only after a check; every tampering has a name."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger import b64u, checkpoint, receipt
from ledger.canonical import Json, dumps, loads
from ledger.checkpoint import Note, VKey
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed
from ledger.identity import ChainId, StatementHash
from ledger.merkle import Hash
from ledger.receipt import Receipt
from ledger.statement import Statement
from tests.world import World, county, harvested, kg, planted, secret


@pytest.fixture(scope="module")
def world() -> World:
    return county()


@pytest.fixture(scope="module")
def shipped(world: World) -> Statement:
    """A shipment of two lots (two entries), with other statements before and after."""
    planting = planted(world)
    lots = [harvested(world, planting, value=value) for value in ("100", "200")]
    goods: list[Json] = [{"batch": lot, "quantity": kg("50")} for lot in lots]
    statement = world.state("ship", "farm", {"goods": goods, "receiver": world.parties["coop"]}, lots)
    harvested(world, planting)
    return statement


@pytest.fixture(scope="module")
def good(world: World, shipped: Statement) -> Receipt:
    return world.receipt(shipped)


def test_a_good_receipt_holds(world: World, shipped: Statement, good: Receipt) -> None:
    assert receipt.parse(good.text()) == good
    assert receipt.parse(good.text().encode()) == good
    assert good.check(shipped, world.vkey) == world.checkpoint()
    assert [proven.entry.chain for proven in good.entries] == list(shipped.targets)


def test_every_statement_of_the_world_has_a_receipt(world: World, shipped: Statement) -> None:
    for statement in world.statements:
        world.receipt(statement).check(statement, world.vkey)


def change(at: int, **changes: Any) -> Callable[[Receipt], Receipt]:
    """The receipt with something changed in what is proven at a place."""

    def tamper(good: Receipt) -> Receipt:
        entries = list(good.entries)
        entries[at] = replace(entries[at], **changes)
        return replace(good, entries=tuple(entries))

    return tamper


def change_entry(at: int, **changes: Any) -> Callable[[Receipt], Receipt]:
    return lambda good: change(at, entry=replace(good.entries[at].entry, **changes))(good)


def bend(hash_: Hash) -> Hash:
    return Hash(bytes([hash_[0] ^ 1]) + hash_[1:])


OTHER = b64u.encode(bytes(32))


@pytest.mark.parametrize(
    ("tamper", "code", "path"),
    [
        (lambda good: replace(good, entries=good.entries[:1]), "receipt", "entries"),
        (lambda good: replace(good, entries=()), "receipt", "entries"),
        (lambda good: replace(good, entries=(*good.entries, good.entries[0])), "receipt", "entries"),
        (lambda good: replace(good, entries=good.entries[::-1]), "receipt", "entries[0].chain"),
        (change_entry(0, statement=StatementHash(OTHER)), "receipt", "entries[0].statement"),
        (change_entry(1, statement=StatementHash(OTHER)), "receipt", "entries[1].statement"),
        (change_entry(1, chain=ChainId(OTHER)), "receipt", "entries[1].chain"),
        (change(1, index=1), "receipt", "entries[1].index"),
        (change_entry(1, received=1), "receipt", "entries[1].received"),
        (change_entry(0, seq=0, prev=None), "receipt", "entries[0].seq"),
        (change_entry(0, seq=7), "inclusion", "root"),
        (change_entry(0, prev=OTHER), "inclusion", "root"),
        (change(0, proof=()), "inclusion", "proof"),
        (lambda good: change(0, proof=(*good.entries[0].proof, Hash(bytes(32))))(good), "inclusion", "proof"),
        (lambda good: change(0, proof=tuple(map(bend, good.entries[0].proof)))(good), "inclusion", "root"),
        (lambda good: change(1, proof=good.entries[0].proof)(good), "inclusion", "root"),
    ],
)
def test_tampered_receipts(
    world: World,
    shipped: Statement,
    good: Receipt,
    tamper: Callable[[Receipt], Receipt],
    code: str,
    path: str,
) -> None:
    with pytest.raises(BadProof) as refused:
        tamper(good).check(shipped, world.vkey)
    assert (refused.value.code, refused.value.params["path"]) == (code, path)


def test_moved_entries_are_not_where_they_say(world: World, shipped: Statement, good: Receipt) -> None:
    moved = replace(good, entries=tuple(replace(proven, index=proven.index + 1) for proven in good.entries))
    with pytest.raises(BadProof, match="inclusion"):
        moved.check(shipped, world.vkey)
    beyond = replace(good, entries=tuple(replace(proven, index=proven.index + 999) for proven in good.entries))
    with pytest.raises(BadProof, match="inclusion"):
        beyond.check(shipped, world.vkey)


def test_of_another_statement(world: World, good: Receipt) -> None:
    other = next(s for s in world.statements if s.kind == "harvest")
    with pytest.raises(BadProof, match=r"entries\[0\]"):
        good.check(other, world.vkey)


def test_of_another_log(world: World, good: Receipt) -> None:
    elsewhere = World(log="other.example.org")
    elsewhere.open()
    with pytest.raises(BadProof, match="wrong-log"):
        good.check(elsewhere.statements[0], world.vkey)


def test_under_a_checkpoint_that_the_log_did_not_sign(world: World, shipped: Statement, good: Receipt) -> None:
    head = world.checkpoint()
    other = secret("somebody else")
    forged = str(Note(str(head), (checkpoint.sign(head, world.log, other),)))
    with pytest.raises(BadSignature, match="note-unsigned"):
        replace(good, checkpoint=forged).check(shipped, world.vkey)
    with pytest.raises(BadSignature):
        replace(good, checkpoint=good.checkpoint.replace(f"\n{head.size}\n", f"\n{head.size + 1}\n")).check(
            shipped, world.vkey
        )
    with pytest.raises(LedgerError):
        good.check(shipped, VKey(world.log, checkpoint.ED25519, other.public))


def test_witnesses_are_read_with_it(world: World, shipped: Statement, good: Receipt) -> None:
    witness = secret("witness")
    vkey = VKey("witness.example.org", checkpoint.COSIGNATURE, witness.public)
    head, note = world.checkpoint(), Note.parse(good.checkpoint)
    cosigned = Note(note.text, (*note.signatures, checkpoint.cosign(head, vkey.name, witness, 5)))
    assert replace(good, checkpoint=str(cosigned)).check(shipped, world.vkey, [vkey]) == head


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"v": 2}, "receipt"),
        ({"v": True}, "receipt"),
        ({"v": "1"}, "receipt"),
        ({"more": 1}, "receipt"),
        ({"checkpoint": None}, "receipt"),
        ({"entries": []}, "receipt"),
        ({"entries": {}}, "receipt"),
        ({"entries": [1]}, "receipt"),
        ({"entries": [{"entry": "{}", "index": 0}]}, "receipt"),
        ({"entries": [{"entry": "{}", "index": 0, "proof": [], "more": 1}]}, "receipt"),
        ({"entries": [{"entry": "{}", "index": 0, "proof": []}]}, "entry"),
        ({"entries": [{"entry": "{}", "index": -1, "proof": []}]}, "number"),
        ({"entries": [{"entry": "{}", "index": True, "proof": []}]}, "number"),
        ({"entries": [{"entry": "{}", "index": 0, "proof": [1]}]}, "type"),
        ({"entries": [{"entry": "{}", "index": 0, "proof": ["x"]}]}, "b64u"),
        ({"entries": [{"entry": "{}", "index": 0, "proof": ["AAAA"]}]}, "b64u-size"),
    ],
)
def test_what_is_no_receipt(good: Receipt, change: dict[str, Json], code: str) -> None:
    value = loads(good.text())
    assert isinstance(value, dict)
    with pytest.raises(Malformed) as refused:
        receipt.parse(dumps({**value, **change}))
    assert refused.value.code == code


def test_a_receipt_is_canonical(good: Receipt) -> None:
    for text in (good.text() + "\n", good.text().replace(",", ", ", 1), "[]", "null"):
        with pytest.raises(Malformed):
            receipt.parse(text)
