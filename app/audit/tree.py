"""The log's tree grown again from the entries, held against every stored tile hash and every signed checkpoint."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select, type_coerce
from sqlalchemy.types import NullType

from app.audit.report import Tally
from app.audit.roots import Roots
from app.audit.rows import Ahead, raw, said, select_raw, stream
from app.audit.signatures import Signed
from app.tables import checkpoints, entries, tile_hashes
from ledger import b64u
from ledger.checkpoint import Checkpoint, Note
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed
from ledger.merkle import EMPTY_ROOT, HASH_SIZE, Hash, root
from ledger.policy import Policy
from ledger.tiles import HEIGHT, WIDTH, Frontier, TileId, TileReader

_LEVELS = range(1, 64 // HEIGHT)


class Tree:
    """Takes the leaves one by one; ``reach`` then checks what stands at this size."""

    def __init__(
        self,
        connection: Connection,
        log_id: int,
        policy: Policy,
        tally: Tally,
        sign: Callable[[Signed], None],
        folder: Path,
    ) -> None:
        self._policy = policy
        self._tally = tally
        self._sign = sign
        self._frontier = Frontier()
        self._leaves: list[Hash] = []
        self._doubts: dict[int, Hash] = {}
        self._checkpoints = Ahead(stream(connection, select_raw(checkpoints, log_id)))
        query = select_raw(tile_hashes, log_id)
        self._tiles = {
            level: Ahead(stream(connection, _tiles_of(log_id).where(tile_hashes.c.level == level))) for level in _LEVELS
        }
        self._strays = query.where(tile_hashes.c.level.not_in(_LEVELS))
        self._connection = connection
        self._log_id = log_id
        self._roots = Roots(folder)
        self._stored = TileReader(self._fetch)
        self.covered = 0
        """The size of the last checkpoint that was reached."""
        self.root = EMPTY_ROOT

    def add(self, leaf: Hash, doubt: bytes | None = None) -> None:
        """The next leaf; ``doubt`` is another that it may be, where the entry is bad."""
        if doubt is not None and len(doubt) == len(leaf) and doubt != leaf:
            self._doubts[len(self._leaves)] = Hash(doubt)
        self._leaves.append(leaf)

    def reach(self, size: int) -> None:
        """All leaves below ``size``, the end of a statement, are in: check the checkpoints up to it."""
        for row in self._checkpoints.below(size):
            self._fail(row, "extra")
        found = self._checkpoints.at(size)
        if found is not None:
            self._check(found)

    def _check(self, row: Row[Any]) -> None:
        self._tally.checked["checkpoints"] += 1
        signed: Checkpoint | None = None
        try:
            signed = self._read(row)
        except LedgerError as error:
            self._fail(row, error)
        possible = {row.root} | ({bytes(signed.root)} if signed else set())
        self._grow(possible)
        if self._frontier.root() not in possible and signed is not None:
            self._fail(row, "changed", path="root", has=said(row.root), wanted=b64u.encode(self._frontier.root()))
        self._check_tiles(row.size)
        self._frontier.settle()
        self._leaves.clear()
        self._doubts.clear()
        self.covered, self.root = row.size, self._frontier.root()
        self._roots.add(self.covered, self.root)

    def _read(self, row: Row[Any]) -> Checkpoint:
        checkpoint, signatures = read_checkpoint(row, self._policy)
        for signed in signatures:
            self._sign(signed)
        return checkpoint

    def _grow(self, possible: set[bytes]) -> None:
        """Take in the leaves. Of a bad entry two hashes may be the right one: the signed root decides."""
        self._frontier.extend(self._leaves)
        if self._doubts and self._frontier.root() not in possible:
            self._frontier.rollback()
            doubted = [self._doubts.get(place, leaf) for place, leaf in enumerate(self._leaves)]
            self._frontier.extend(doubted)
            if self._frontier.root() not in possible:
                self._frontier.rollback()
                self._frontier.extend(self._leaves)

    def _check_tiles(self, size: int) -> None:
        for level, position, hash_ in self._frontier.completed():
            self._tally.checked["tile_hashes"] += 1
            stored, key = self._tiles[level], f"{level}, {position}"
            for row in stored.below(position):
                self._tally.fail("tree", "tile_hashes", f"{level}, {row.position}", size - 1, "extra")
            found = stored.at(position)
            if found is None:
                self._tally.fail("tree", "tile_hashes", key, size - 1, "absent")
            elif found.hash != hash_:
                has, wanted = said(found.hash), b64u.encode(hash_)
                self._tally.fail("tree", "tile_hashes", key, size - 1, "changed", path="hash", has=has, wanted=wanted)

    def missing(self, size: int) -> None:
        """There was a commit at ``size``, whose checkpoint is not stored."""
        self._tally.fail("checkpoint", "checkpoints", size, size - 1, "absent")

    def root_at(self, size: int) -> Hash | None:
        """The root of the first ``size`` leaves, which all were walked past; None where it can't be told.

        It is never taken from a stored checkpoint. Where the walk met none at this size, because there was none or
        because its row is gone, it is made of the stored hashes, each of which the walk holds against the entries.
        """
        found = self._roots.at(size)
        if found is None and 0 < size <= self.covered + len(self._leaves):
            with suppress(LedgerError):
                return root(size, self._stored.at(size))
        return found

    def _fetch(self, wanted: Sequence[TileId]) -> list[list[Hash]]:
        found = []
        for tile in wanted:
            first = tile.index * WIDTH
            table, place = (tile_hashes, tile_hashes.c.position) if tile.level else (entries, entries.c.log_index)
            within = (table.c.log_id == self._log_id) & place.between(first, first + tile.width - 1)
            if tile.level:
                within &= tile_hashes.c.level == tile.level
            query = select(type_coerce(table.c.hash, NullType())).where(within).order_by(place)
            # What is no hash is left out: then the tile is too narrow, and makes no root.
            hashes: Iterable[Any] = self._connection.execute(query).scalars()
            found.append([Hash(one) for one in hashes if isinstance(one, bytes) and len(one) == HASH_SIZE])
        return found

    def free(self) -> None:
        self._roots.close()

    def close(self, size: int) -> None:
        """The log ends at ``size``: nothing may be left over, and nothing uncovered."""
        if size > self.covered:
            self.missing(size)
        for row in self._checkpoints.rest():
            self._fail(row, "beyond", has=size, wanted=str(row.size))
        for level, stored in self._tiles.items():
            for row in stored.rest():
                self._tally.fail("tree", "tile_hashes", f"{level}, {row.position}", size, "extra")
        for row in stream(self._connection, self._strays):
            self._tally.fail("tree", "tile_hashes", f"{row.level}, {row.position}", size, "extra")

    def _fail(self, row: Row[Any], error: LedgerError | str, **params: str | int) -> None:
        at = row.size - 1 if isinstance(row.size, int) else 0
        self._tally.fail("checkpoint", "checkpoints", row.size, at, error, **params)


def read_checkpoint(row: Row[Any], policy: Policy) -> tuple[Checkpoint, list[Signed]]:
    """The checkpoint in a stored note, which the log alone has to have signed, and which the columns have to repeat.

    The signatures, two while one log key follows the other, are handed back to be verified. Raises Malformed,
    BadProof or BadSignature.
    """
    if not isinstance(row.note, str):
        raise Malformed("note", path="text", wanted="text")
    note, origin = Note.parse(row.note), policy.log.name
    checkpoint = Checkpoint.parse(note.text)
    known = {(vkey.name, vkey.id): vkey for vkey, _ in policy.logs}
    signed = []
    for one in note.signatures:
        signer = known.pop((one.name, one.key_id), None)
        if signer is None:
            wanted = ", ".join(str(vkey) for vkey, _ in policy.logs)
            raise BadSignature("note-unsigned", has=len(note.signatures), wanted=wanted)
        signed.append(
            Signed("checkpoint", "checkpoints", row.size, row.size - 1, signer.key, one.value, note.text.encode())
        )
    if checkpoint.origin != origin:
        raise BadProof("checkpoint-origin", has=checkpoint.origin, wanted=origin)
    if checkpoint.size != row.size:
        raise Malformed("changed", path="size", has=row.size, wanted=checkpoint.size)
    if checkpoint.root != row.root:
        raise Malformed("changed", path="root", has=said(row.root), wanted=b64u.encode(checkpoint.root))
    return checkpoint, signed


def _tiles_of(log_id: int) -> Any:
    columns = {column.name: column for column in raw(tile_hashes)}
    query = select(columns["position"], columns["hash"]).where(tile_hashes.c.log_id == log_id)
    return query.order_by(tile_hashes.c.position)
