"""What a log asks of a witness: the request goes round, and what a witness may not sign is refused by name."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import COSIGNATURE, ED25519, Checkpoint, Note, VKey, cosign, sign
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed, NotAllowed
from ledger.keys import PrivateKey
from ledger.merkle import EMPTY_ROOT, Hash, consistency_proof, leaf_hash, root
from ledger.tiles import Frontier
from ledger.witnessing import (
    MAX_PROOF,
    MAX_REQUEST,
    AddCheckpoint,
    admit,
    checkpoint_path,
    cosignature,
    read_size,
    size_line,
)

ORIGIN = "log.example.org/county"
KEY = PrivateKey("Ed25519", bytes(32))
WITNESS = PrivateKey("Ed25519", bytes([1] * 32))
LOG = VKey(ORIGIN, ED25519, KEY.public)
W1 = VKey("witness.example.org", COSIGNATURE, WITNESS.public)
NOW = 1_767_139_200


def tree(size: int, story: str = "a") -> Frontier:
    frontier = Frontier()
    frontier.extend([leaf_hash(f"{story} {number}".encode()) for number in range(size)])
    return frontier


def head(size: int, story: str = "a") -> Checkpoint:
    return Checkpoint(ORIGIN, size, tree(size, story).root())


def note(checkpoint: Checkpoint, key: PrivateKey = KEY) -> Note:
    return Note(str(checkpoint), (sign(checkpoint, ORIGIN, key),))


def proof(old: int, new: int) -> tuple[Hash, ...]:
    frontier = tree(new)
    return tuple(consistency_proof(old, new, lambda nodes: [frontier.node(node) or EMPTY_ROOT for node in nodes]))


def request(old: int, new: int, **more: object) -> AddCheckpoint:
    return AddCheckpoint(old, proof(old, new), note(head(new)), **more)  # type: ignore[arg-type]


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_request_goes_round(old: int, more: int) -> None:
    asked = request(old, old + more)
    assert AddCheckpoint.parse(str(asked)) == asked


def test_its_form_is_the_standards() -> None:
    text = str(request(2, 7))
    first, *lines = text.partition("\n\n")[0].split("\n")
    assert first == "old 2"
    assert [len(line) for line in lines] == [44] * len(proof(2, 7))
    assert text.endswith(f"\n\n{note(head(7))}")


@given(st.data())
def test_what_parses_prints_back(data: st.DataObject) -> None:
    """One character changed, put in or taken out anywhere."""
    text = str(request(3, 9))
    at = data.draw(st.integers(0, len(text)))
    bad = text[:at] + data.draw(st.sampled_from(["", "\n", " ", "0", "a", "=", "—", "\r", "\x00"])) + text[at + 1 :]
    try:
        asked = AddCheckpoint.parse(bad)
    except LedgerError:
        return
    assert str(asked) == bad


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ("", "old"),
        ("old 3", "old"),
        (str(request(3, 9)).replace("old 3", "old 03"), "old"),
        (str(request(3, 9)).replace("old 3", "old -3"), "old"),
        (str(request(3, 9)).replace("old 3", "Old 3"), "old"),
        (str(request(3, 9)).replace("old 3", "old 10"), "old"),
        (str(request(3, 9)).replace("old 3", "old 3 "), "old"),
        (str(request(3, 9)).replace("old 3", "old ٣"), "old"),
        (f"old 0\n{'A' * 44}\n\n{note(head(9))}", "proof"),
        (f"old 0\n{'A' * 43}\n\n{note(head(9))}", "proof"),
        (f"old 0\nAAAA\n\n{note(head(9))}", "proof"),
        ("old 9\n" + f"{'A' * 43}=\n" * (MAX_PROOF + 1) + f"\n{note(head(9))}", "proof"),
        (" " * (MAX_REQUEST + 1), "size"),
    ],
)
def test_what_is_no_request_is_refused_with_its_place(bad: str, path: str) -> None:
    with pytest.raises(Malformed) as refused:
        AddCheckpoint.parse(bad)
    assert (refused.value.code, refused.value.params["path"]) == ("add-checkpoint", path)


@pytest.mark.parametrize("hashes", [(Hash(bytes(31)),), (Hash(bytes(32)),) * (MAX_PROOF + 1)])
def test_nothing_is_made_that_would_not_parse(hashes: tuple[Hash, ...]) -> None:
    with pytest.raises(Malformed, match="add-checkpoint"):
        AddCheckpoint(3, hashes, note(head(9)))


def test_a_log_is_followed_from_nothing_on() -> None:
    last = None
    for size in (0, 1, 1, 2, 5, 8, 300):
        admit(request(last.size if last else 0, size), [LOG], last)
        last = head(size)


def test_a_log_may_have_two_keys_while_it_changes_them() -> None:
    new = PrivateKey("Ed25519", bytes([7] * 32))
    both = [LOG, VKey(ORIGIN, ED25519, new.public)]
    admit(AddCheckpoint(0, (), note(head(4), new)), both, None)
    admit(AddCheckpoint(4, proof(4, 6), note(head(6))), both, head(4))


def test_an_unknown_log_is_not_witnessed() -> None:
    with pytest.raises(NotAllowed, match="witness-origin"):
        admit(request(0, 4), [VKey("log.example.org/other", ED25519, KEY.public)], None)


def test_nor_what_the_log_did_not_sign() -> None:
    stranger = AddCheckpoint(0, (), note(head(4), WITNESS))
    with pytest.raises(BadSignature, match="note-unsigned"):
        admit(stranger, [LOG], None)
    signed = note(head(4)).signatures[0]
    forged = AddCheckpoint(0, (), Note(str(head(5)), (signed,)))
    with pytest.raises(BadSignature, match="note-signature"):
        admit(forged, [LOG], None)


@pytest.mark.parametrize(("old", "last"), [(0, 4), (3, 4), (5, 4), (3, 0)])
def test_who_starts_from_another_size_is_told_the_right_one(old: int, last: int) -> None:
    with pytest.raises(BadProof) as refused:
        admit(request(old, 9), [LOG], head(last) if last else None)
    assert (refused.value.code, refused.value.params["wanted"]) == ("witness-old", last)


@pytest.mark.parametrize(
    ("asked", "last"),
    [
        (AddCheckpoint(4, proof(4, 9), note(head(9, "b"))), head(4)),  # another history
        (AddCheckpoint(4, proof(4, 9), note(head(9))), head(4, "b")),
        (AddCheckpoint(4, (), note(head(9))), head(4)),  # no proof
        (AddCheckpoint(4, proof(3, 9), note(head(9))), head(4)),
        (AddCheckpoint(4, (), note(head(4, "b"))), head(4)),  # two histories of one size
        (AddCheckpoint(0, proof(4, 9), note(head(9))), None),  # a proof where none is wanted
        (AddCheckpoint(0, (), note(Checkpoint(ORIGIN, 0, Hash(bytes(32))))), None),  # an empty tree has one root
    ],
)
def test_what_does_not_continue_is_refused(asked: AddCheckpoint, last: Checkpoint | None) -> None:
    with pytest.raises(BadProof, match="consistency"):
        admit(asked, [LOG], last)


def test_the_cosignature_is_found_among_lines() -> None:
    ours = cosign(head(7), W1.name, WITNESS, NOW)
    other = cosign(head(7), "w2.example.org", KEY, NOW)
    assert cosignature(note(head(7)), f"{other}{ours}", W1) == (ours, NOW)


def test_and_only_where_it_is_one() -> None:
    about, ours = note(head(7)), cosign(head(7), W1.name, WITNESS, NOW)
    with pytest.raises(BadSignature, match="note-unsigned"):
        cosignature(about, str(cosign(head(7), "w2.example.org", KEY, NOW)), W1)
    with pytest.raises(BadSignature, match="note-signature"):
        cosignature(about, str(cosign(head(8), W1.name, WITNESS, NOW)), W1)
    with pytest.raises(BadSignature, match="note-unsigned"):  # without a time it says nothing of the newest
        cosignature(about, str(cosign(head(7), W1.name, WITNESS, 0)), W1)
    for answer in ("", "no", f"{ours}no\n", str(ours)[:-1]):
        with pytest.raises(Malformed, match="note"):
            cosignature(about, answer, W1)
    with pytest.raises(Malformed, match="signature lines"):  # a blank line would move the border of the text
        cosignature(about, f"\n{ours}", W1)


def test_public_cosignatures_are_read(vectors: Path) -> None:
    for one in json.loads((vectors / "ledger" / "cosignature_v1_vectors.json").read_text()):
        about = Note.parse(one["note"])
        answer = "".join(map(str, about.signatures))
        vkey = VKey.parse(one["vkey"])
        signature, time = cosignature(about, answer, vkey)
        assert (signature.name, time) == (vkey.name, one["timestamp"])


@given(st.integers(0, (1 << 64) - 1))
def test_a_size_goes_round(size: int) -> None:
    assert read_size(size_line(size)) == size


@pytest.mark.parametrize("bad", ["", "7", "07\n", "-1\n", "7\n\n", "x\n", f"{1 << 64}\n", "٣\n"])
def test_and_nothing_else_is_one(bad: str) -> None:
    with pytest.raises(Malformed, match="witness-size"):
        read_size(bad)


def test_where_a_witness_shows_its_newest() -> None:
    name = "5fd2dc0beb4ce54da5050cf6d5c75248b023abad441c3cecde3976fbe9da4fe4"  # sha256sum of it
    assert checkpoint_path("example.com/behind-the-sofa") == f"{name}/checkpoint"


def test_an_empty_log_has_the_empty_root() -> None:
    assert head(0).root == root(0, lambda nodes: [])
