"""What the ledger signs and proves, checked by code of the Go project (golang.org/x/mod/sumdb)."""

from pathlib import Path
from typing import Any

import pytest

from ledger import merkle
from ledger.checkpoint import ED25519, Checkpoint, Note, VKey, cosign, sign
from ledger.keys import PrivateKey
from ledger.merkle import Hash, leaf_hash
from ledger.tiles import Frontier
from tests.parts.foreign import base64, check

ORIGIN = "log.example.org/county"
KEY = PrivateKey("Ed25519", bytes(32))
WITNESS = PrivateKey("Ed25519", bytes([1] * 32))
ENTRIES = [b'{"entry":%d}' % number for number in range(700)]


def asked(old: int, size: int, index: int) -> dict[str, Any]:
    frontier = Frontier()
    frontier.extend([leaf_hash(entry) for entry in ENTRIES[:old]])
    old_root = frontier.root()
    frontier.extend([leaf_hash(entry) for entry in ENTRIES[old:size]])
    checkpoint = Checkpoint(ORIGIN, size, frontier.root())
    signed = (
        cosign(checkpoint, "witness.example.org", WITNESS, 1_767_139_200),
        sign(checkpoint, ORIGIN, KEY),
    )
    return {
        "vkey": str(VKey(ORIGIN, ED25519, KEY.public)),
        "note": str(Note(str(checkpoint), signed)),
        "leaf": base64(ENTRIES[index]),
        "index": index,
        "proof": [base64(hash_) for hash_ in frontier.inclusion_proofs(index, 1)[0]],
        "consistency": {
            "size": old,
            "root": base64(old_root),
            "proof": [base64(h) for h in merkle.consistency_proof(old, size, frontier.nodes(_nothing))],
        },
    }


def _nothing(nodes: list[merkle.NodeId]) -> list[Hash]:
    raise AssertionError(f"not at hand: {nodes}")


@pytest.mark.parametrize(
    ("old", "size", "index"),
    [
        (1, 1, 0),
        (1, 2, 1),
        (3, 7, 4),
        (255, 256, 255),
        (256, 257, 256),
        (300, 700, 0),
        (512, 700, 650),
        (699, 700, 699),
    ],
)
def test_foreign_code_believes_what_is_true(foreign: Path, old: int, size: int, index: int) -> None:
    answer = check(foreign, asked(old, size, index))
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, f"{size}\n", "")


@pytest.mark.parametrize("wrong", ["vkey", "note", "leaf", "index", "proof", "consistency"])
def test_and_not_what_is_false(foreign: Path, wrong: str) -> None:
    question, other = asked(300, 700, 5), asked(301, 699, 6)
    other["vkey"] = str(VKey(ORIGIN, ED25519, WITNESS.public))
    question[wrong] = other[wrong]
    answer = check(foreign, question)
    reason = {
        "vkey": "note",
        "note": "inclusion",
        "leaf": "inclusion",
        "index": "inclusion",
        "proof": "inclusion",
    }
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(reason.get(wrong, wrong))
