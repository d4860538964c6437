"""Following the log: whatever head of it a device is shown must continue the one that it checked before.

A head comes on a receipt or from ``/log/checkpoint``. The device ties it to the newest head that it holds by a
consistency proof (RFC 6962 §2.1.2), which it computes itself from the tiles that the log publishes
(c2sp.org/tlog-tiles): nobody's word is taken, and a stranger's mirror would do as well. A head that cannot be tied is
kept beside the one that it contradicts, both with the log's signature under them, which is the proof of a fork; and
nothing is signed with it.
"""

from collections.abc import Iterable, Mapping, Sequence

from clients.errors import Refused, Unreachable
from clients.heads import Head, Heads
from clients.service import Service
from ledger import merkle, tiles
from ledger.canonical import MAX_INTEGER
from ledger.errors import BadProof
from ledger.fork import prove_fork
from ledger.merkle import HASH_SIZE, Hash, Nodes
from ledger.receipt import Proven, Receipt
from ledger.tiles import WIDTH, TileId, TileReader

NOT_FOUND = 404


class Following:
    """Follows the log whose ``heads`` a device holds, at ``service``."""

    def __init__(self, heads: Heads, service: Service) -> None:
        self._heads = heads
        self._service = service
        self._tiles = TileReader(self._fetch)
        self._partial: dict[TileId, list[Hash]] = {}

    def newest(self) -> Head | None:
        """The newest head that the policy's witnesses have confirmed, as ``Heads.seen``, having asked the service.

        None where there is none yet. Raises BadProof ``fork`` or ``unproven`` for a head that can't be tied, the
        ledger's errors for one that is not the log's, Refused or Unreachable.
        """
        try:
            note = self._service.read("/log/checkpoint").decode()
        except UnicodeDecodeError:
            raise Unreachable("answer", path="/log/checkpoint") from None
        except Refused as error:
            if error.status != NOT_FOUND:
                raise
            return self._heads.seen()
        for untied in self.tie([self._heads.open(note)]).values():
            raise untied
        return self._heads.seen()

    def tie(self, heads: Iterable[Head]) -> Mapping[Head, BadProof]:
        """Tie these heads to the newest one that is held and to each other, and hold the newest of them from now on.

        Gives those that can't be tied, with the reason; they are kept as evidence. The first head ever is taken as it
        is. Raises Refused or Unreachable where the log's tiles can't be had: then nothing is held that was not before.
        """
        given = list(dict.fromkeys(heads))
        if not given:
            return {}
        self._partial.clear()
        while True:
            held = self._heads.newest()
            bad: dict[Head, BadProof] = {}
            tied = [held or given[0]]
            # From the newest down: all others are then proven under one root, out of the same few tiles.
            for head in sorted(given, key=lambda one: one.size, reverse=True):
                top = max(tied, key=lambda one: one.size)
                older, newer = sorted((top, head), key=lambda one: one.size)
                if error := self._contradiction(older, newer):
                    proof = prove_fork(top.note, head.note, self._tiles.at).text() if error.code == "fork" else ""
                    self._heads.keep_fork(top, head, error, proof)
                    bad[head] = error
                else:
                    tied.append(head)
            if self._heads.hold(held, tied):
                return bad

    def renewed(self, receipt: Receipt, head: Head) -> Receipt:
        """The same entries proven under ``head``, which was tied; nobody need be asked for it but the tiles."""
        nodes = self._tiles.at(head.size)
        proven = (
            Proven(one.entry, one.index, tuple(merkle.inclusion_proof(one.index, head.size, nodes)))
            for one in receipt.entries
        )
        return Receipt(head.note, tuple(proven))

    def nodes(self, size: int) -> Nodes:
        """The tree's nodes over the first ``size`` entries, as the log publishes them: taken as they come."""
        return self._tiles.at(size)

    def _contradiction(self, older: Head, newer: Head) -> BadProof | None:
        """Why ``newer`` does not provably continue ``older``, if so."""
        if newer.size > MAX_INTEGER:
            return BadProof("unproven", path="size", has=str(newer.size), wanted=str(older.size))
        nodes = self._tiles.at(newer.size)
        try:
            proof = merkle.consistency_proof(older.size, newer.size, nodes)
            merkle.verify_consistency(older.size, older.root, newer.size, newer.root, proof)
        except BadProof:
            # Tiles that do not even make the newer root prove nothing against anybody but themselves.
            own = older.size == newer.size or merkle.root(newer.size, nodes) == newer.root
            return BadProof("fork" if own else "unproven", has=str(newer.size), wanted=str(older.size))
        return None

    # --- tiles -------------------------------------------------------------------------------------------------------

    def _fetch(self, wanted: list[TileId]) -> Sequence[Sequence[Hash]]:
        return [self._tile(tile) for tile in wanted]

    def _tile(self, tile: TileId) -> list[Hash]:
        if tile.width == WIDTH:
            return self._read(tile)
        if tile not in self._partial:
            try:
                self._partial[tile] = self._read(tile)
            except Refused as error:
                if error.status != NOT_FOUND:
                    raise
                # A partial tile may go once it has become full (tlog-tiles, Partial Tiles).
                self._partial[tile] = self._read(TileId(tile.level, tile.index))[: tile.width]
        return self._partial[tile]

    def _read(self, tile: TileId) -> list[Hash]:
        path = f"/log/{tiles.tile_path(tile)}"
        data = self._service.read(path)
        if len(data) != tile.width * HASH_SIZE:
            raise Unreachable("answer", path=path, has=len(data), wanted=tile.width * HASH_SIZE)
        return [Hash(data[at : at + HASH_SIZE]) for at in range(0, len(data), HASH_SIZE)]
