"""The log's tree grown again from the entries, held against every stored tile hash and every signed checkpoint."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, select

from app.audit.report import Tally
from app.audit.rows import Ahead, raw, said, select_raw, stream
from app.audit.signatures import Signed
from app.tables import checkpoints, tile_hashes
from ledger import b64u
from ledger.checkpoint import Checkpoint, Note
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed
from ledger.merkle import EMPTY_ROOT, Hash
from ledger.policy import Policy
from ledger.tiles import HEIGHT, Frontier

_LEVELS = range(1, 64 // HEIGHT)


class Tree:
    """Takes the leaves one by one; ``reach`` then checks what stands at this size."""

    def __init__(
        self, connection: Connection, log_id: int, policy: Policy, tally: Tally, sign: Callable[[Signed], None]
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

    def _read(self, row: Row[Any]) -> Checkpoint:
        checkpoint, signed = read_checkpoint(row, self._policy)
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


def read_checkpoint(row: Row[Any], policy: Policy) -> tuple[Checkpoint, Signed]:
    """The checkpoint in a stored note, which the log alone has to have signed, and which the columns have to repeat.

    The signature is handed back to be verified. Raises Malformed, BadProof or BadSignature.
    """
    if not isinstance(row.note, str):
        raise Malformed("note", path="text", wanted="text")
    note, signer = Note.parse(row.note), policy.signer(row.note)
    checkpoint = Checkpoint.parse(note.text)
    if len(note.signatures) != 1:
        raise BadSignature("note-unsigned", has=len(note.signatures), wanted=str(signer))
    if checkpoint.origin != signer.name:
        raise BadProof("checkpoint-origin", has=checkpoint.origin, wanted=signer.name)
    if checkpoint.size != row.size:
        raise Malformed("changed", path="size", has=row.size, wanted=checkpoint.size)
    if checkpoint.root != row.root:
        raise Malformed("changed", path="root", has=said(row.root), wanted=b64u.encode(checkpoint.root))
    signature = note.signatures[0].value
    return checkpoint, Signed(
        "checkpoint", "checkpoints", row.size, row.size - 1, signer.key, signature, note.text.encode()
    )


def _tiles_of(log_id: int) -> Any:
    columns = {column.name: column for column in raw(tile_hashes)}
    query = select(columns["position"], columns["hash"]).where(tile_hashes.c.log_id == log_id)
    return query.order_by(tile_hashes.c.position)
