"""The heads of all chains, daily in one root: what shows that nothing newer was withheld (format §6, §8 check 15).

A ``log.heads`` says ``{"count","root","size"}``: the RFC 6962 root over one line for every chain that has entries
below ``size``, the lines sorted as bytes. A line, and the text that is hashed as a leaf::

    {"chain":"<id>","head":"<hash of the chain's last entry below size>","seq":<its place in the chain>}

A chain is present by its line and path, absent by its two neighbours: ``Lines.show`` brings either, ``verify_line``
and ``Known`` judge them. Who walks a log keeps ``Heads`` along the way and holds each ``log.heads`` against it.
"""

from array import array
from base64 import urlsafe_b64encode
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise, zip_longest
from typing import Any, NamedTuple, Protocol

from ledger import b64u, merkle
from ledger.canonical import loads
from ledger.errors import BadProof, Malformed
from ledger.identity import ChainId
from ledger.merkle import Hash, NodeId, inclusion_proof, node_hash, verify_inclusion
from ledger.tiles import WIDTH, Frontier, expand

WINDOW = 1 << 17
"""How many entries the size of a ``log.heads`` may lie behind its own: those that a walker can still take back."""

CLOCK = 60_000
"""How far, in ms, the time of a ``log.heads`` may lie behind the first entry that it leaves out: clocks differ."""

CHAIN, HEAD, SEQ = 43, 32, 8
ROW = CHAIN + HEAD + SEQ
"""A line as it is kept: the chain as text, because lines are sorted by it, the head's hash, the seq big-endian."""

_LOW = 3
"""The height from which on nodes are kept; below it eight lines are hashed again, which is fast enough."""

_STEP = 1 << 16
_BLOCK = 1024 * ROW
_NEVER = (1 << 63) - 1
_NOTHING = ChainId("-" * CHAIN)
"""The least text of a chain's length, and no chain's id: its last character leaves loose bits."""


class Bytes(Protocol):
    """A stretch of memory, or of a file that stands for one."""

    def __len__(self) -> int: ...

    def __getitem__(self, at: slice, /) -> bytes | bytearray: ...


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of ``chain``: its hash as b64u and its place, from 0."""

    chain: ChainId
    head: str
    seq: int

    def line(self) -> bytes:
        """The canonical JSON: every value is digits or base64url, so that it needs no encoder."""
        return f'{{"chain":"{self.chain}","head":"{self.head}","seq":{self.seq}}}'.encode()


def parse_line(text: str, path: str = "line") -> Head:
    """Raises Malformed ``heads-line`` for anything that ``Head.line`` would not have written."""
    match loads(text, path=path):
        case {"chain": str(chain), "head": str(head), "seq": int(seq), **rest} if not rest and seq >= 0:
            for value in (chain, head):
                b64u.decode(value, 32, path=path)
            found = Head(ChainId(chain), head, seq)
            if found.line() == text.encode():
                return found
    raise Malformed("heads-line", path=path, has=text[:80], wanted='{"chain","head","seq"}')


class Shown(NamedTuple):
    """A line with its place among all lines and its path to the root."""

    line: str
    position: int
    proof: list[Hash]


def verify_line(line: str, position: int, count: int, proof: Sequence[Hash], root: Hash) -> Head:
    """The head in a line that is number ``position`` of ``count`` under ``root``. Raises Malformed or BadProof."""
    head = parse_line(line)
    verify_inclusion(merkle.leaf_hash(line.encode()), position, count, proof, root)
    return head


class Known:
    """What verified lines say, each with its position, of one ``log.heads`` over ``count`` chains.

    Raises BadProof ``heads-order`` where they are not sorted: then neighbours show nothing.
    """

    def __init__(self, lines: Iterable[tuple[int, Head]], count: int) -> None:
        self._at = dict(lines)
        self._count = count
        self._places = sorted(self._at)
        for before, after in pairwise(self._places):
            if self._at[before].chain >= self._at[after].chain:
                raise BadProof("heads-order", path="heads", has=after, wanted="ascending by chain")

    def find(self, chain: ChainId) -> Head | None:
        """The chain's head; None if the lines show that it had none. Raises BadProof ``heads-uncovered``."""
        low, high = 0, len(self._places)
        while low < high:
            middle = (low + high) // 2
            if self._at[self._places[middle]].chain < chain:
                low = middle + 1
            else:
                high = middle
        after = self._places[low] if low < len(self._places) else self._count
        if after < self._count and self._at[after].chain == chain:
            return self._at[after]
        before = self._places[low - 1] if low else -1
        if before + 1 != after:
            raise BadProof("heads-uncovered", path="heads", has=chain)
        return None


class Lines:
    """All lines of one ``log.heads`` in order: their root, and for any chain what shows it present or absent.

    ``rows`` are the lines as ``ROW`` bytes each, ``nodes`` what ``grown`` makes of them; both may lie in a file.
    """

    def __init__(self, rows: Bytes, nodes: Bytes) -> None:
        self.rows = rows
        self.nodes = nodes
        self.count = len(rows) // ROW
        self._levels: list[int] = []
        at = 0
        for height in range(_LOW, self.count.bit_length()):
            self._levels.append(at)
            at += (self.count >> height) * merkle.HASH_SIZE
        if len(rows) % ROW or len(nodes) != at:
            raise Malformed("heads-rows", path="heads", has=len(nodes), wanted=at)

    @classmethod
    def grown(cls, rows: Bytes) -> "Lines":
        """From the rows alone; a million of them take seconds, and 8 MB for the nodes."""
        nodes, level = bytearray(), list[Hash]()
        for leaves in _leaves(rows):
            level += expand(leaves)[_LOW]
        while level:
            nodes += b"".join(level)
            level = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        return cls(rows, bytes(nodes))

    @property
    def root(self) -> Hash:
        return merkle.root(self.count, self._read)

    def head(self, position: int) -> Head:
        row = bytes(self.rows[position * ROW : (position + 1) * ROW])
        return Head(ChainId(row[:CHAIN].decode()), b64u.encode(row[CHAIN:-SEQ]), int.from_bytes(row[-SEQ:]))

    def show(self, chain: ChainId) -> list[Shown]:
        """The chain's line, or the two lines (at an end the one) between which it would stand."""
        place = _bisect(self.rows, chain.encode())
        if _is_at(self.rows, chain.encode(), place):
            return [self._show(place)]
        return [self._show(beside) for beside in (place - 1, place) if 0 <= beside < self.count]

    def _show(self, position: int) -> Shown:
        line = self.head(position).line().decode()
        return Shown(line, position, inclusion_proof(position, self.count, self._read))

    def _read(self, wanted: list[NodeId]) -> list[Hash]:
        return [self._node(height, index) for height, index in wanted]

    def _node(self, height: int, index: int) -> Hash:
        if height >= _LOW:
            at = self._levels[height - _LOW] + index * merkle.HASH_SIZE
            return Hash(bytes(self.nodes[at : at + merkle.HASH_SIZE]))
        return _subtree(self.rows, index << height, height)


class Heads:
    """The last entries of all chains while a log is walked: ``add`` each entry in order, and ask ``at`` a size.

    Kept compact: 83 bytes a chain, and as many for each of the last entries, some ``WINDOW`` of them. Those are only
    taken in when they must be, so that a size a little behind the walk can still be asked for.
    """

    def __init__(self) -> None:
        self._size = 0
        self._pending = bytearray()
        self._times = array("q")
        # Sorted rows in blocks, so that nothing is ever held twice.
        self._blocks = [b""]

    @property
    def size(self) -> int:
        """How many entries were added."""
        return self._size + len(self._pending) // ROW

    def add(self, chain: ChainId, head: bytes, seq: int, received: int = _NEVER) -> None:
        """The next entry of the log: it is its chain's head now. ``head`` is its hash, 32 bytes; ``received`` in ms."""
        self._pending += chain.encode() + head + seq.to_bytes(SEQ)
        self._times.append(received)
        if len(self._pending) >= (WINDOW + _STEP) * ROW:
            self._take_in(_STEP)

    def skip(self) -> None:
        """The next entry is lost: it counts, and is the head of nothing."""
        self.add(_NOTHING, bytes(HEAD), 0)

    def at(self, size: int) -> Lines:
        """The lines over the first ``size`` entries. Raises BadProof ``heads-size``.

        Sizes asked for never fall, and none lies further than ``WINDOW`` behind the walk.
        """
        self._reach(size)
        return Lines.grown(b"".join(self._blocks))

    def check(self, body: Mapping[str, Any], said: int) -> None:
        """Hold the body of a ``log.heads``, said to be of the time ``said`` (ms), against the entries before it.

        Raises BadProof ``heads``, ``heads-late``, or as ``at``.
        """
        self._reach(body["size"])
        count = sum(map(len, self._blocks)) // ROW
        if body["count"] != count:
            raise BadProof("heads", path="body.count", has=body["count"], wanted=count)
        tree = Frontier()
        for block in self._blocks:
            for leaves in _leaves(block):
                tree.extend(leaves)
            tree.settle()
        if body["root"] != (root := b64u.encode(tree.root())):
            raise BadProof("heads", path="body.root", has=body["root"], wanted=root)
        # Or one made today of the log of last week would let a bundle be complete as of today without this week.
        if self._times and said > self._times[0] + CLOCK:
            raise BadProof("heads-late", path="at", has=said, wanted=self._times[0])

    def _reach(self, size: int) -> None:
        if not self._size <= size <= self.size:
            raise BadProof("heads-size", path="body.size", has=size, wanted=f"{self._size} to {self.size}")
        while self._size < size:
            self._take_in(min(_STEP, size - self._size))

    def _take_in(self, entries: int) -> None:
        """The oldest of what is pending goes where it belongs among the sorted rows."""
        taken, self._pending = bytes(self._pending[: entries * ROW]), self._pending[entries * ROW :]
        del self._times[:entries]
        self._size += entries
        newest = _by_chain(taken)
        newest.pop(_NOTHING.encode(), None)
        new, at, blocks = sorted(newest.values()), 0, list[bytes]()
        for block, after in zip_longest(self._blocks, self._blocks[1:]):
            end = bisect_left(new, after[:CHAIN]) if after else len(new)
            if at < end:
                rows = _by_chain(block) | _by_chain(b"".join(new[at:end]))
                block = b"".join(sorted(rows.values()))
            blocks += (block[cut : cut + _BLOCK] for cut in range(0, len(block), _BLOCK))
            at = end
        self._blocks = blocks or [b""]


def _by_chain(rows: bytes) -> dict[bytes, bytes]:
    """The rows by their chains, of two the later."""
    return {rows[at : at + CHAIN]: rows[at : at + ROW] for at in range(0, len(rows), ROW)}


def _leaves(rows: Bytes) -> Iterator[list[Hash]]:
    """The hashes of the lines, some at a time."""
    for first in range(0, len(rows), WIDTH * ROW):
        some = bytes(rows[first : first + WIDTH * ROW])
        yield [_leaf(some[at : at + ROW]) for at in range(0, len(some), ROW)]


def _leaf(row: bytes) -> Hash:
    # The same as ``Head.line``, written out: this is what a million chains cost.
    chain, head, seq = row[:CHAIN], urlsafe_b64encode(row[CHAIN:-SEQ])[:CHAIN], int.from_bytes(row[-SEQ:])
    return Hash(sha256(b'\x00{"chain":"%b","head":"%b","seq":%d}' % (chain, head, seq)).digest())


def _subtree(rows: Bytes, first: int, height: int) -> Hash:
    """The root over the ``1 << height`` lines from ``first`` on."""
    (leaves,) = _leaves(rows[first * ROW : (first + (1 << height)) * ROW])
    return expand(leaves)[height][0]


def _bisect(rows: Bytes, chain: bytes) -> int:
    """The first place whose chain is not less."""
    low, high = 0, len(rows) // ROW
    while low < high:
        middle = (low + high) // 2
        if rows[middle * ROW : middle * ROW + CHAIN] < chain:
            low = middle + 1
        else:
            high = middle
    return low


def _is_at(rows: Bytes, chain: bytes, place: int) -> bool:
    return rows[place * ROW : place * ROW + CHAIN] == chain
