"""Rendered pages kept in memory, and never one that is out of date.

A page is read from certain chains, which only ever grow. While they are as long as they were, so is the page what
it was; and while the newest checkpoint is the same, no chain has grown. So the checkpoint is asked for every time,
which is cheap, the chains only when it moved, and the page is made again only when one of them did. Their lengths
are taken as of the checkpoint from before the page was made: one that already shows a newer entry is made once more
than it need be, and none ever lacks one. Nothing is written.
"""

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy import Engine, Select, case, func, select

from app.log import Log
from app.stored import chunks, read_note
from app.tables import batches, entries, erasures, grounds, origins
from ledger.identity import ChainId

MOST = 48 * 1024 * 1024
"""The most bytes that all kept pages take together; those that were not asked for longest go first."""

Heads: TypeAlias = Mapping[ChainId, tuple[int, ...]]
"""The last ``seq`` of each chain; of a batch from another log also how far that log's bundle reaches, if it is here;
how often something in its statements was erased; and how many grounds stop it, and when that last changed: what stops
an ancestor reaches it without a word on its own chain."""


@dataclass(slots=True)
class Kept:
    """A page, plain and compressed, and its weak entity tag: equal tags say the same of the same."""

    note: str
    """The newest checkpoint under which the page is known to be right."""
    heads: Heads
    body: bytes
    packed: bytes
    etag: str


class Shelf:
    """Pages by key, for many threads; ``edition`` changes whenever templates or styles do."""

    def __init__(self, engine: Engine, log: Log, edition: str, most: int = MOST) -> None:
        self._engine = engine
        self._log = log
        self._edition = edition
        self._most = most
        self._size = 0
        self._kept: OrderedDict[tuple[str, ...], Kept] = OrderedDict()
        self._mine = threading.Lock()
        self._doubts = 0

    def newest(self) -> str:
        """The newest checkpoint; empty for a log without entries."""
        return self._log.journal.latest() or ""

    def get(self, key: tuple[str, ...]) -> Kept | None:
        """The page if it is certainly right; else ask ``renew``. Quick enough for an event loop."""
        with self._mine:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        return kept if kept is not None and kept.note == self.newest() else None

    def renew(self, key: tuple[str, ...], make: Callable[[str], tuple[bytes, Iterable[ChainId]]]) -> Kept:
        """The page as it is now; ``make`` gives it under a checkpoint, with the chains that it was read from.

        Reads the database, so never on an event loop.
        """
        note = self.newest()
        kept = self._kept.get(key)
        if kept is not None and self._heads(note, kept.heads) == kept.heads:
            kept.note = note
            return kept
        doubts = -1
        while doubts != self._doubts:
            doubts = self._doubts
            body, chains = make(note)
            heads = self._heads(note, chains)
        return self._keep(key, Kept(note, heads, body, gzip.compress(body, 6, mtime=0), self._etag(key, heads)))

    def doubt(self) -> None:
        """Something changed that no checkpoint tells: every page is held against the database before it goes out."""
        with self._mine:
            self._doubts += 1
            for kept in self._kept.values():
                kept.note = ""

    def _heads(self, note: str, chains: Iterable[ChainId]) -> Heads:
        """How long the chains were under the checkpoint ``note``."""
        log_id, size = self._log.log_id, read_note(note).size
        heads: dict[ChainId, tuple[int, ...]] = {}
        with self._engine.connect() as connection:
            for some in chunks(chains):
                elsewhere = (
                    select(batches.c.chain, origins.c.size)
                    .join(origins, (origins.c.log_id == log_id) & (origins.c.first_index == batches.c.first_index))
                    .where(batches.c.log_id == log_id, batches.c.chain.in_(some))
                )
                reach = {chain: reached for chain, reached in connection.execute(elsewhere)}
                lost = (
                    select(entries.c.chain, func.count())
                    .join(erasures, (erasures.c.log_id == log_id) & (erasures.c.first_index == entries.c.first_index))
                    .where(entries.c.log_id == log_id, entries.c.chain.in_(some))
                    .group_by(entries.c.chain)
                )
                gone = {chain: count for chain, count in connection.execute(lost)}
                query = (
                    select(entries.c.chain, func.max(entries.c.seq))
                    .where(entries.c.log_id == log_id, entries.c.chain.in_(some), entries.c.log_index < size)
                    .group_by(entries.c.chain)
                )
                stopped = {
                    chain: tuple(map(int, how)) for chain, *how in connection.execute(_stopped(log_id, some, size))
                }
                heads.update(
                    {
                        ChainId(chain): (seq, reach.get(chain, 0), gone.get(chain, 0), *stopped.get(chain, ()))
                        for chain, seq in connection.execute(query)
                    }
                )
        return heads

    def _etag(self, key: tuple[str, ...], heads: Heads) -> str:
        said = [*key, self._edition, *(f"{chain} {' '.join(map(str, head))}" for chain, head in sorted(heads.items()))]
        return f'W/"{sha256("|".join(said).encode()).hexdigest()[:32]}"'

    def _keep(self, key: tuple[str, ...], kept: Kept) -> Kept:
        with self._mine:
            old = self._kept.pop(key, None)
            self._size += _size(kept) - (_size(old) if old else 0)
            self._kept[key] = kept
            while self._size > self._most and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                self._size -= _size(gone)
        return kept


def _stopped(log_id: int, chains: Sequence[ChainId], size: int) -> Select[Any]:
    """Each batch with how many grounds stop it under a checkpoint of this size, and the index that last changed it."""
    lifted = grounds.c.until < size
    return (
        select(
            grounds.c.batch,
            func.sum(case((lifted, 0), else_=1)),
            func.max(case((lifted, grounds.c.until), else_=grounds.c.since)),
        )
        .where(grounds.c.log_id == log_id, grounds.c.batch.in_(chains), grounds.c.since < size)
        .group_by(grounds.c.batch)
    )


def _size(kept: Kept) -> int:
    return len(kept.body) + len(kept.packed) + 200 * len(kept.heads)
