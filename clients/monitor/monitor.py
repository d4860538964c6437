"""A monitor: follows a log from outside and takes nobody's word for anything that can be recomputed.

One look at the log, in this order:

    1. the newest checkpoint: signed, witnessed as the policy asks, and a continuation of the one remembered
       (``clients.following``; where it is none, both are kept as they are, and that is the proof of a fork)
    2. the entries up to it, bundle by bundle, each held against the checkpoint before it is kept
    3. their statements, and with them the walk of ``ledger.replay``: signatures, rights, notebooks, names, links of
       the chains, each ``log.heads``; what is wrong is kept, told, and walked past

What was looked at is never asked for again. After a start the walk is made anew from the copy that is kept.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import orjson

from clients.errors import Refused, Unreachable
from clients.following import NOT_FOUND, Following
from clients.heads import Fork, Head, Heads
from clients.monitor.store import Known, Store
from clients.service import Service
from ledger.errors import BadProof
from ledger.identity import ChainId, TraceCode, trace_code
from ledger.keys import PublicKey
from ledger.merkle import consistency_proof, leaf_hash, verify_consistency
from ledger.policy import Pin
from ledger.replay import Fault, Replay
from ledger.statement import Statement
from ledger.tiles import ENTRIES, WIDTH, Frontier, TileId, tile_path

LENGTH = 2
"""The bytes before each entry of a bundle that say how long it is (c2sp.org/tlog-tiles)."""

Progress = Callable[[int, int], None]
"""Told how much is done, of how much."""


def silent(done: int, size: int) -> None:
    """Nobody watches."""


class Monitor:
    """Follows the log of ``pin`` at ``service``; ``told`` hears of each new fault.

    ``folder`` is its own. ``code`` is for tests, which can't wait for two chains of one code.
    """

    def __init__(
        self,
        folder: Path,
        pin: Pin,
        service: Service,
        told: Callable[[Fault], None] = lambda fault: None,
        code: Callable[[ChainId], TraceCode] = trace_code,
    ) -> None:
        self._store = Store(folder, pin)
        self._service = service
        self._told = told
        self._progress: Progress = silent
        self._heads = Heads(self._store.db, pin, folder)
        self._following = Following(self._heads, service)
        self._replay = Replay(pin.origin, pin.root, self._failed, self._store.leaves, self._verify, code)
        self._again = self._store.replayed
        self._walked = False

    def close(self) -> None:
        self._store.close()

    @property
    def size(self) -> int:
        """How many entries were checked."""
        return self._replay.size if self._walked else self._again

    def faults(self) -> list[Known]:
        """All that was ever found wrong, in the order of the log."""
        return self._store.faults()

    def forks(self) -> list[Fork]:
        """What the log has signed against itself."""
        return self._heads.forks()

    def look(self, progress: Progress = silent) -> Head | None:
        """Follow the log to its newest checkpoint, which is given; None before there is one.

        Raises BadProof ``fork`` or ``unproven`` for a checkpoint that does not continue the one remembered,
        ``bundle-other`` for entries that are not those of the checkpoint; the ledger's errors for one that is not the
        log's; Refused or Unreachable where something can't be had, and then the next look goes on from there.
        """
        self._progress = progress
        self._walk_again()
        head = self._following.newest()
        if head is not None and head.size > self._replay.size:
            self._fetch_entries(head)
            self._walk(head)
        return head

    # --- the entries -------------------------------------------------------------------------------------------------

    def _fetch_entries(self, head: Head) -> None:
        tree = self._store.frontier()
        while tree.size < head.size:
            first, index = tree.size, tree.size // WIDTH
            bundle = self._bundle(TileId(ENTRIES, index, min(WIDTH, head.size - index * WIDTH)))
            entries = bundle[first - index * WIDTH :]
            tree.extend([leaf_hash(entry) for entry in entries])
            self._check_bundle(tree, head, index)
            self._store.add_entries(first, entries, tree.completed())
            tree.settle()
            self._progress(self.size + tree.size, 2 * head.size)

    def _check_bundle(self, tree: Frontier, head: Head, index: int) -> None:
        """The entries so far are the first of those under the checkpoint."""
        try:
            proof = consistency_proof(tree.size, head.size, self._following.nodes(head.size))
            verify_consistency(tree.size, tree.root(), head.size, head.root, proof)
        except BadProof:
            raise BadProof("bundle-other", path=tile_path(TileId(ENTRIES, index)), wanted=head.size) from None

    def _bundle(self, tile: TileId) -> list[bytes]:
        path = f"/log/{tile_path(tile)}"
        try:
            data = self._service.read(path)
        except Refused as error:
            if error.status != NOT_FOUND or tile.width == WIDTH:
                raise
            # A partial bundle may go once it has become full (tlog-tiles, Partial Tiles).
            data = self._service.read(f"/log/{tile_path(TileId(ENTRIES, tile.index))}")
        entries, at = list[bytes](), 0
        while at < len(data) and len(entries) < tile.width:
            end = at + LENGTH + int.from_bytes(data[at : at + LENGTH])
            entries.append(data[at + LENGTH : end])
            at = end
        if at > len(data) or len(entries) < tile.width:
            raise Unreachable("answer", path=path, has=len(entries), wanted=tile.width)
        return entries

    # --- the walk ----------------------------------------------------------------------------------------------------

    def _walk_again(self) -> None:
        """What was walked before this program began, from the copy: what was wrong is known, signatures held."""
        if not self._walked:
            entries = self._counted(self._store.entries(0, self._again), self._again)
            self._replay.follow(entries, self._store.statements(0, self._again))
            self._walked = True

    def _walk(self, head: Head) -> None:
        first = self._replay.size
        try:
            entries = self._counted(self._store.entries(first, head.size), head.size)
            self._replay.follow(entries, self._statements(first, head.size))
        finally:
            self._store.set_replayed(self._replay.size)

    def _counted(self, entries: Iterator[bytes], goal: int) -> Iterator[bytes]:
        for count, entry in enumerate(entries, self._replay.size):
            if count % WIDTH == 0:
                self._progress(self._store.size + count, self._store.size + goal)
            yield entry

    def _statements(self, first: int, size: int) -> Iterator[tuple[int, str]]:
        """In stretches of 256 entries, as an exported log has them too."""
        for begin in range(first // WIDTH * WIDTH, size, WIDTH):
            end = min(begin + WIDTH, size)
            path = f"/log/statements/{begin}-{end - 1}"
            stretch = [_line(path, line, begin, end) for line in self._service.read(path).splitlines()]
            if any(one >= other for (one, _), (other, _) in pairwise(stretch)):
                raise Unreachable("answer", path=path)
            wanted = [told for told in stretch if told[0] >= first]
            self._store.add_statements(wanted)
            yield from wanted

    def _verify(self, index: int, statement: Statement, key: PublicKey) -> None:
        if self._walked:
            statement.verify(key)

    def _failed(self, fault: Fault) -> None:
        if self._walked and self._store.add_fault(fault):
            self._told(fault)


def _line(path: str, line: bytes, begin: int, end: int) -> tuple[int, str]:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        told = None
    match told:
        case {"index": int(index), "statement": str(jws), **rest} if not rest and begin <= index < end:
            return index, jws
    raise Unreachable("answer", path=path, has=ascii(line[:40]))
