"""Logs that grow, and the questions that they put to a witness."""

from dataclasses import dataclass, field

from ledger.checkpoint import ED25519, Checkpoint, Note, VKey, sign
from ledger.keys import PrivateKey
from ledger.merkle import Hash, NodeId, consistency_proof, leaf_hash, node_hash, root
from ledger.witnessing import AddCheckpoint
from tests.world import secret

ORIGIN = "log.example.org/county"


@dataclass
class Growing:
    """A log of so many leaves as it is asked for; another ``story`` is another history of the same log."""

    story: str = "told"
    origin: str = ORIGIN
    key: PrivateKey = field(default_factory=lambda: secret("log"))

    @property
    def vkey(self) -> VKey:
        return VKey(self.origin, ED25519, self.key.public)

    def head(self, size: int) -> Checkpoint:
        return Checkpoint(self.origin, size, root(size, self.nodes))

    def note(self, size: int) -> Note:
        head = self.head(size)
        return Note(str(head), (sign(head, self.origin, self.key),))

    def asks(self, old: int, new: int) -> bytes:
        """The request to cosign ``new`` leaves, by a witness that has seen ``old``."""
        return str(AddCheckpoint(old, tuple(consistency_proof(old, new, self.nodes)), self.note(new))).encode()

    def nodes(self, wanted: list[NodeId]) -> list[Hash]:
        return [self._node(*node) for node in wanted]

    def _node(self, level: int, index: int) -> Hash:
        if level == 0:
            return leaf_hash(f"{self.story} {index}".encode())
        return node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))
