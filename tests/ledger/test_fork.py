"""A fork that is one is proven to whoever has the pin; one history, or a stranger's signature, proves nothing."""

from copy import deepcopy
from dataclasses import replace

import pytest

from ledger import merkle
from ledger.canonical import dumps
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed
from ledger.fork import Fork, parse, prove_fork
from ledger.policy import Pin, Policy
from tests.world import World, county, planted, secret


def pin(world: World) -> Pin:
    return Pin(Policy(((world.vkey, ""),)), world.parties["root"])


def two_stories(more: int) -> tuple[World, World]:
    """One log, and the same with its tenth entry rewritten, grown by so many plantings."""
    honest = county()
    other = deepcopy(honest)
    other.entries[10] = replace(other.entries[10], received=1)
    for _ in range(more):
        planted(other)
    return honest, other


def proven(held: World, given: World) -> Fork:
    larger = max((held, given), key=lambda world: len(world.entries))
    return prove_fork(held.note(), given.note(), lambda size: larger.nodes)


@pytest.mark.parametrize("more", [0, 1, 7])
def test_two_stories_are_proven_whichever_was_held(more: int) -> None:
    honest, other = two_stories(more)
    for held, given in ((honest, other), (other, honest)):
        fork = parse(proven(held, given).text() + "\n")
        smaller, larger = fork.verify(pin(honest))
        assert (smaller.size, larger.size) == (len(honest.entries), len(other.entries))


def test_one_history_proves_nothing() -> None:
    older = county()
    newer = deepcopy(older)
    for _ in range(4):
        with pytest.raises(BadProof, match="no-fork"):
            proven(older, newer).verify(pin(older))
        planted(newer)


def test_what_the_log_did_not_sign_proves_nothing() -> None:
    honest, other = two_stories(3)
    other.log_key = secret("somebody else")
    with pytest.raises(BadSignature):
        proven(honest, other).verify(pin(honest))


@pytest.mark.parametrize("more", [0, 3])
def test_a_proof_that_was_made_up_proves_nothing(more: int) -> None:
    honest, other = two_stories(more)
    fork = proven(honest, other)
    wrong = merkle.leaf_hash(b"made up")
    for bent in (replace(fork, root=wrong), replace(fork, proof=(*fork.proof, wrong)), replace(fork, given=fork.held)):
        with pytest.raises(LedgerError):
            bent.verify(pin(honest))


def test_it_is_read_as_it_is_printed_and_no_other_way() -> None:
    fork = proven(*two_stories(3))
    assert parse(fork.text()) == fork
    told = {"given": fork.given, "held": fork.held, "proof": [], "root": "x"}
    for bad in (
        {**told},
        {**told, "root": 1},
        {**told, "root": fork.text()[-45:-2], "proof": [1]},
        {**told, "more": 1},
        {"held": fork.held},
    ):
        with pytest.raises(Malformed):
            parse(dumps(bad).decode())  # type: ignore[arg-type]
    for text in ("", "[]", fork.text() + " ", fork.text() + "\n\n"):
        with pytest.raises(Malformed):
            parse(text)
