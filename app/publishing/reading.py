"""What anyone may fetch of a log, as the bytes that are served and exported: tiles, entry bundles, statements.

Nothing here asks how far the log may be shown: callers know the checkpoint that they show it under.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select, type_coerce
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import NullType

from app.errors import Stopped
from app.tables import entries, statements, tile_hashes
from ledger.entry import Entry
from ledger.tiles import ENTRIES, WIDTH, TileId, tile_path

LENGTH = 2
"""The bytes before each entry of a bundle that say how long it is (c2sp.org/tlog-tiles)."""


def exists(tile: TileId, size: int) -> bool:
    """Whether a log of ``size`` entries has this tile as wide as it is asked for."""
    height = 8 * max(tile.level, 0)
    return tile.index * WIDTH + tile.width <= size >> height


def read_tile(connection: Connection, log_id: int, tile: TileId) -> bytes:
    """A hash tile or an entry bundle, as c2sp.org/tlog-tiles writes it. Raises Stopped ``database-tile``."""
    parts = _bundle(connection, log_id, tile) if tile.level == ENTRIES else _hashes(connection, log_id, tile)
    if len(parts) != tile.width:
        raise Stopped("database-tile", path=tile_path(tile), has=len(parts), wanted=tile.width)
    return b"".join(parts)


def read_statements(connection: Connection, log_id: int, first: int, last: int) -> Iterator[bytes]:
    """The statements whose first entry lies in ``[first, last]``, each a canonical line with its newline."""
    query = (
        select(statements.c.first_index, statements.c.jws)
        .where(statements.c.log_id == log_id, statements.c.first_index.between(first, last))
        .order_by(statements.c.first_index)
    )
    for index, jws in connection.execute(query):
        yield statement_line(index, jws)


def statement_line(index: int, jws: str) -> bytes:
    """The canonical JSON, and a newline: a JWS is dots and base64url, so that it needs no encoder."""
    return f'{{"index":{index},"statement":"{jws}"}}\n'.encode()


def _hashes(connection: Connection, log_id: int, tile: TileId) -> list[bytes]:
    first = tile.index * WIDTH
    table, place = (tile_hashes, tile_hashes.c.position) if tile.level else (entries, entries.c.log_index)
    within = (table.c.log_id == log_id) & place.between(first, first + tile.width - 1)
    if tile.level:
        within &= tile_hashes.c.level == tile.level
    # As the database has them: through the ledger's own types a tile would take ten times as long.
    raw: ColumnElement[Any] = type_coerce(table.c.hash, NullType())
    return [bytes(hash_) for hash_ in connection.execute(select(raw).where(within).order_by(place)).scalars()]


def _bundle(connection: Connection, log_id: int, tile: TileId) -> list[bytes]:
    first = tile.index * WIDTH
    query = (
        select(entries.c.chain, entries.c.prev, entries.c.received, entries.c.seq, statements.c.hash)
        .join(
            statements,
            (statements.c.log_id == entries.c.log_id) & (statements.c.first_index == entries.c.first_index),
        )
        .where(entries.c.log_id == log_id, entries.c.log_index.between(first, first + tile.width - 1))
        .order_by(entries.c.log_index)
    )
    texts = [Entry(*row).text().encode() for row in connection.execute(query)]
    return [len(text).to_bytes(LENGTH) + text for text in texts]


def split_bundle(data: bytes) -> Iterator[bytes]:
    """The entries of a bundle, as far as it holds whole ones; what is left over at its end is left out."""
    at = 0
    while at + LENGTH <= len(data):
        end = at + LENGTH + int.from_bytes(data[at : at + LENGTH])
        if end > len(data):
            return
        yield data[at + LENGTH : end]
        at = end
