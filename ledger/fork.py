"""A fork, proven to anybody: two checkpoints that one log signed and that can't be of one history.

Of one size they only need to differ. Of two sizes the proof brings the root that the larger tree has at the smaller
size, and the consistency proof (RFC 6962 §2.1.2) that it has it: the log has signed another. As canonical JSON::

    {"given":<note>,"held":<note>,"proof":[<hash>],"root":<hash>}

Whoever has the pin needs nothing else, and nobody's word.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ledger import b64u
from ledger.canonical import dumps, loads
from ledger.checkpoint import Checkpoint, Note, open_checkpoint
from ledger.errors import BadProof, Malformed
from ledger.merkle import Hash, Nodes, consistency_proof, root, verify_consistency
from ledger.policy import Pin


@dataclass(frozen=True)
class Fork:
    """``held`` and ``given`` are signed notes; ``root`` is that of the larger one's tree at the smaller one's size."""

    held: str
    given: str
    root: Hash
    proof: tuple[Hash, ...] = ()

    def text(self) -> str:
        proof = [b64u.encode(hash_) for hash_ in self.proof]
        return dumps(
            {"given": self.given, "held": self.held, "proof": [*proof], "root": b64u.encode(self.root)}
        ).decode()

    def verify(self, pin: Pin) -> tuple[Checkpoint, Checkpoint]:
        """The two checkpoints, the smaller first.

        Raises Malformed or BadSignature where the log did not sign them, BadProof ``no-fork`` or ``consistency`` where
        they don't contradict each other.
        """
        opened = [open_checkpoint(note, pin.policy.signer(note))[0] for note in (self.held, self.given)]
        smaller, larger = sorted(opened, key=_size)
        verify_consistency(smaller.size, self.root, larger.size, larger.root, self.proof)
        if smaller.root == self.root:
            raise BadProof("no-fork", has=smaller.size, wanted=larger.size)
        return smaller, larger


def prove_fork(held: str, given: str, nodes: Callable[[int], Nodes]) -> Fork:
    """``nodes`` are those of a tree of this size, asked for where the sizes differ."""
    smaller, larger = sorted((Checkpoint.parse(Note.parse(note).text) for note in (held, given)), key=_size)
    if smaller.size == larger.size:
        return Fork(held, given, larger.root)
    tree = nodes(larger.size)
    return Fork(held, given, root(smaller.size, tree), tuple(consistency_proof(smaller.size, larger.size, tree)))


def parse(text: str) -> Fork:
    """Raises Malformed ``fork-proof`` for anything that ``Fork.text`` would not have written."""
    match loads(text.removesuffix("\n"), path="fork"):
        case {"given": str(given), "held": str(held), "proof": [*proof], "root": str(found), **rest} if not rest:
            hashes = [Hash(b64u.decode(one, 32, path="fork")) for one in (found, *proof) if isinstance(one, str)]
            if len(hashes) == len(proof) + 1:
                return Fork(held, given, hashes[0], tuple(hashes[1:]))
    raise Malformed("fork-proof", path="fork", wanted="given, held, proof, root")


def _size(checkpoint: Checkpoint) -> int:
    return checkpoint.size
