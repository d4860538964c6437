"""What the database holds of a log, read as the ledger's own types. Nothing here writes."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import TypeVar

from sqlalchemy import Connection, func, select

from app.errors import NotFound, Stopped
from app.tables import checkpoints, entries, statements
from ledger import tiles
from ledger.checkpoint import Checkpoint, Note
from ledger.entry import Entry
from ledger.identity import ChainId
from ledger.keys import KeyId
from ledger.merkle import Hash, Nodes, inclusion_proof
from ledger.receipt import Proven, Receipt
from ledger.registry import KINDS as REGISTRY_KINDS
from ledger.statement import Statement, parse
from ledger.tiles import TileId, TileReader

T = TypeVar("T")

AT_ONCE = 500
"""How many values go into one IN list: SQLite and PostgreSQL both take more, their planners like fewer."""


LATELY = 1000
"""How many signed roots are kept at hand."""


def chunks(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """``values`` in lists of at most ``size``."""
    some = list(values)
    for at in range(0, len(some), size):
        yield some[at : at + size]


def newest_note(connection: Connection, log_id: int) -> str | None:
    """The signed checkpoint of the largest size, which the lock may not hold yet."""
    query = select(checkpoints.c.note).where(checkpoints.c.log_id == log_id)
    note: str | None = connection.execute(query.order_by(checkpoints.c.size.desc()).limit(1)).scalar()
    return note


def read_note(note: str) -> Checkpoint:
    """The checkpoint in one of our own notes, whose signature is not checked again."""
    return Checkpoint.parse(Note.parse(note).text)


def tail(connection: Connection, log_id: int) -> tuple[int, int]:
    """How many entries there are, and when the last was received, ms."""
    query = select(func.max(entries.c.log_index), func.max(entries.c.received)).where(entries.c.log_id == log_id)
    last, received = connection.execute(query).one()
    return (0, 0) if last is None else (last + 1, received)


def fetch_tiles(connection: Connection, log_id: int, wanted: Sequence[TileId]) -> list[list[Hash]]:
    """The stored hashes of tiles: the leaves from the entries, every eighth level from a table of its own."""
    # The driver's own cursor: a proof out of a large log reads some hundred tiles of 256 hashes, and a statement and
    # rows of SQLAlchemy's for each would be half of what that costs.
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    leaves, nodes = _LEAVES.replace("?", mark), _NODES.replace("?", mark)
    found: list[list[Hash]] = []
    with closing(connection.connection.cursor()) as cursor:
        for tile in wanted:
            first = tile.index * tiles.WIDTH
            within = (first, first + tile.width - 1)
            if tile.level:
                cursor.execute(nodes, (log_id, tile.level, *within))
            else:
                cursor.execute(leaves, (log_id, *within))
            found.append([hash_ for (hash_,) in cursor.fetchall()])
            if len(found[-1]) != tile.width:
                raise Stopped("database-tile", path=tiles.tile_path(tile), has=len(found[-1]), wanted=tile.width)
    return found


_LEAVES = "SELECT hash FROM entries WHERE log_id = ? AND log_index BETWEEN ? AND ? ORDER BY log_index"
_NODES = "SELECT hash FROM tile_hashes WHERE log_id = ? AND level = ? AND position BETWEEN ? AND ? ORDER BY position"


class SignedRoots:
    """The roots that a log has signed, by size; those asked for lately are at hand, for many signers saw the same."""

    def __init__(self, log_id: int) -> None:
        self._log_id = log_id
        self._lately: OrderedDict[int, str] = OrderedDict()

    def at(self, connection: Connection, size: int) -> str | None:
        """The root, b64u, or None where there never was a checkpoint of this size."""
        root = self._lately.get(size)
        if root is None:
            query = select(checkpoints.c.root).where(checkpoints.c.log_id == self._log_id, checkpoints.c.size == size)
            root = connection.execute(query).scalar()
            if root is None:
                return None
            self._lately[size] = root
            if len(self._lately) > LATELY:
                self._lately.popitem(last=False)
        return root


def nodes(connection: Connection, log_id: int, size: int) -> Nodes:
    """The nodes of the first ``size`` leaves, for ``ledger.merkle``."""
    return TileReader(lambda wanted: fetch_tiles(connection, log_id, wanted)).at(size)


def registry_statements(connection: Connection, log_id: int, since: int = 0) -> Iterator[tuple[Statement, int, int]]:
    """The statements that change the registry, in the order of the log, each with first index and time of receipt."""
    query = (
        select(statements.c.jws, statements.c.first_index, func.coalesce(entries.c.received, 0))
        .outerjoin(
            entries,
            (entries.c.log_id == statements.c.log_id) & (entries.c.log_index == statements.c.first_index),
        )
        .where(
            statements.c.log_id == log_id,
            statements.c.first_index >= since,
            statements.c.kind.in_(sorted(REGISTRY_KINDS)),
        )
        .order_by(statements.c.first_index)
    )
    for jws, first_index, received in connection.execute(query):
        yield parse(jws), first_index, received


def last_of_notebook(connection: Connection, log_id: int, kid: KeyId) -> Statement | None:
    """The newest statement of a key."""
    query = select(statements.c.jws).where(statements.c.log_id == log_id, statements.c.kid == kid)
    jws = connection.execute(query.order_by(statements.c.n.desc()).limit(1)).scalar()
    return None if jws is None else parse(jws)


def chain_heads(connection: Connection, log_id: int, chains: Iterable[ChainId]) -> dict[ChainId, tuple[int, str]]:
    """The seq and the hash of each chain's last entry; chains that do not exist are left out."""
    found: dict[ChainId, tuple[int, str]] = {}
    for some in chunks(sorted(chains)):
        last = (
            select(entries.c.chain, func.max(entries.c.seq).label("seq"))
            .where(entries.c.log_id == log_id, entries.c.chain.in_(some))
            .group_by(entries.c.chain)
            .subquery()
        )
        rows = connection.execute(
            select(entries.c.chain, entries.c.seq, entries.c.hash)
            .join(last, (last.c.chain == entries.c.chain) & (last.c.seq == entries.c.seq))
            .where(entries.c.log_id == log_id)
        )
        found.update({ChainId(chain): (seq, hash_) for chain, seq, hash_ in rows})
    return found


def index_of(connection: Connection, log_id: int, hash_: str) -> int | None:
    """The first index of the statement with this hash."""
    query = select(statements.c.first_index).where(statements.c.log_id == log_id, statements.c.hash == hash_)
    index: int | None = connection.execute(query).scalar()
    return index


def statement_at(connection: Connection, log_id: int, first_index: int) -> str:
    """The JWS of the statement whose first entry has this index. Raises NotFound."""
    query = select(statements.c.jws).where(statements.c.log_id == log_id, statements.c.first_index == first_index)
    jws: str | None = connection.execute(query).scalar()
    if jws is None:
        raise NotFound("no-statement", has=first_index)
    return jws


def prove(connection: Connection, log_id: int, note: str, first_index: int) -> tuple[Statement, Receipt]:
    """The statement whose first entry has this index, and its receipt under ``note``. Raises NotFound."""
    size = read_note(note).size
    jws = connection.execute(
        select(statements.c.jws).where(statements.c.log_id == log_id, statements.c.first_index == first_index)
    ).scalar()
    if jws is None or first_index >= size:
        raise NotFound("no-statement", has=first_index)
    statement = parse(jws)
    tree = nodes(connection, log_id, size)
    rows = connection.execute(
        select(entries)
        .where(entries.c.log_id == log_id, entries.c.log_index.between(first_index, first_index + 255))
        .where(entries.c.first_index == first_index)
        .order_by(entries.c.log_index)
    )
    proven = tuple(
        Proven(
            Entry(row.chain, row.prev, row.received, row.seq, statement.hash),
            row.log_index,
            tuple(inclusion_proof(row.log_index, size, tree)),
        )
        for row in rows
    )
    return statement, Receipt(note, proven)
