"""Bundles out of the database: all that a stranger needs to check a batch without this service (format §9)."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection, Engine, select

from app import stored
from app.batches import events
from app.errors import NotFound
from app.heads.reading import Heads
from app.log import Log
from app.origins.service import Origins
from app.tables import entries, statements
from app.viewing import Viewer
from app.witnessing.notes import published
from ledger import b64u, bundle
from ledger.bundle import Bundle, Consistency, Line
from ledger.checkpoint import Checkpoint
from ledger.entry import Entry
from ledger.errors import Malformed
from ledger.gathering import Carried, gather
from ledger.identity import ChainId, StatementHash
from ledger.merkle import Hash, Nodes, consistency_proof, inclusion_proofs, root
from ledger.receipt import Proven
from ledger.statement import parse
from ledger.tiles import TileId, TileReader

TILES = 512
"""How many full tiles are kept expanded, 40 kB each: proofs of neighbouring batches share most of theirs."""

_parsed = lru_cache(maxsize=1024)(parse)
"""The statements of registrars and operators are in every bundle."""


class Bundles:
    """Makes bundles of one log; threads may share it."""

    def __init__(self, engine: Engine, log: Log, heads: Heads, origins: Origins) -> None:
        self._engine = engine
        self._log = log
        self._heads = heads
        self._origins = origins
        self._tiles = TileReader(self._fetch_tiles, TILES)

    def make(self, about: ChainId, *, since: Iterable[int] = (), viewer: Viewer | None = None) -> Bundle:
        """The bundle about one chain, under the newest checkpoint with quorum and with nothing beyond it.

        ``since`` are sizes of checkpoints that the asker remembers and wants a proof from; what is sealed is
        disclosed as far as ``viewer`` may read it. Raises NotFound ``no-checkpoint``, ``no-code``.
        """
        root_chain = self._log.pin.root
        with self._engine.connect() as connection:
            note = published(connection, self._log.log_id, self._log.pin.policy, self._log.journal.latest())
            if note is None:
                raise NotFound("no-checkpoint")
            checkpoint = stored.read_note(note)
            nodes = self._tiles.at(checkpoint.size)
            newest = self._heads.newest(checkpoint.size)
            if newest is not None and not self._heads.lines(newest, [root_chain]):
                newest = None  # it says something else than the database, and shows nothing
            daily = None
            asked = [about, root_chain]
            if newest is not None:
                daily = _parsed(stored.statement_at(connection, self._log.log_id, newest[0]))
                asked += daily.created

            def fetch(chains: Sequence[ChainId]) -> Mapping[ChainId, Sequence[Carried]]:
                return self._chains(connection, chains, checkpoint.size)

            carried = gather(asked, fetch)
            if not any(one.entry.chain == about for one in carried):
                raise NotFound("no-code", path="code", has=about)
            named = {one.statement.hash: one.statement for one in carried}
            # By the first index, where its disclosures are, whichever of its targets is carried.
            read = {one.index - one.statement.targets.index(one.entry.chain): one.statement for one in carried}
            shown = events.disclosed(connection, self._log.log_id, read, viewer) if viewer is not None else {}
            others = self._origins.carried(connection, read.values())
        proofs = inclusion_proofs([one.index for one in carried], checkpoint.size, nodes)
        lines = self._heads.lines(newest, {one.entry.chain for one in carried}) if newest is not None else []
        return Bundle(
            about=(about,),
            checkpoint=note,
            entries=tuple(
                Proven(one.entry, one.index, tuple(proof)) for one, proof in zip(carried, proofs, strict=True)
            ),
            statements=tuple(named.values()),
            consistency=_consistency(checkpoint, nodes, since, (one.statement.seen for one in carried)),
            disclosures=tuple(sorted({one for kept in shown.values() for _, _, one, may in kept if may})),
            heads=bundle.Heads(daily.hash, tuple(Line(line.line, line.position, tuple(line.proof)) for line in lines))
            if daily is not None
            else None,
            others=others,
        )

    def _chains(
        self, connection: Connection, chains: Sequence[ChainId], size: int
    ) -> Mapping[ChainId, Sequence[Carried]]:
        found: dict[ChainId, list[Carried]] = {}
        for some in stored.chunks(chains):
            rows = connection.execute(
                select(entries, statements.c.jws)
                .join(
                    statements,
                    (statements.c.log_id == entries.c.log_id) & (statements.c.first_index == entries.c.first_index),
                )
                .where(entries.c.log_id == self._log.log_id, entries.c.chain.in_(some), entries.c.log_index < size)
                .order_by(entries.c.log_index)
            )
            for row in rows:
                statement = _parsed(row.jws)
                entry = Entry(row.chain, row.prev, row.received, row.seq, StatementHash(statement.hash))
                found.setdefault(row.chain, []).append(Carried(row.log_index, entry, statement))
        return found

    def _fetch_tiles(self, wanted: list[TileId]) -> list[list[Hash]]:
        with self._engine.connect() as connection:
            return stored.fetch_tiles(connection, self._log.log_id, wanted)


def _consistency(
    checkpoint: Checkpoint, nodes: Nodes, since: Iterable[int], seen: Iterable[tuple[int, str] | None]
) -> tuple[Consistency, ...]:
    """Proofs from each checkpoint that a signer had seen or the asker remembers, to this one."""
    heads = {(one[0], b64u.decode(one[1], 32)) for one in seen if one is not None}
    for size in since:
        if not 0 < size <= checkpoint.size:
            raise Malformed("range", path="since", has=size, wanted=f"1 … {checkpoint.size}")
        heads.add((size, root(size, nodes)))
    return tuple(
        Consistency(size, Hash(hash_), tuple(consistency_proof(size, checkpoint.size, nodes)))
        for size, hash_ in sorted(heads)
    )
