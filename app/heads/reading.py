"""The newest ``log.heads`` below a checkpoint, and what it shows of any chain: for bundles and for pages."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, func, select

from app.audit.rows import raw, stream
from app.db import opened
from app.heads import files
from app.tables import entries, statements
from ledger import b64u
from ledger.errors import BadProof
from ledger.heads import Heads as Walk
from ledger.heads import Lines, Shown
from ledger.identity import ChainId
from ledger.statement import parse

Body: TypeAlias = Mapping[str, Any]
"""``{"count","root","size"}``, root as b64u."""

FOLDER = "heads"


@dataclass(frozen=True, slots=True)
class Standing:
    """A ``log.heads``: ``count`` chains had entries below ``size``; it stands at ``index`` since ``received``, ms."""

    index: int
    received: int
    count: int
    root: str
    size: int


def heads_at(connection: Connection, log_id: int, size: int) -> Lines:
    """The lines over the first ``size`` entries, read from the database: seconds for a million."""
    columns = {column.name: column for column in raw(entries)}
    query = select(columns["chain"], columns["hash"], columns["seq"]).where(
        entries.c.log_id == log_id, entries.c.log_index < size
    )
    walk = Walk()
    for chain, hash_, seq in map(tuple, stream(connection, query.order_by(entries.c.log_index))):
        walk.add(ChainId(b64u.encode(chain)), hash_, seq)
    return walk.at(size)


def prepare(url: str, log_id: int, size: int, folder: Path) -> dict[str, Any]:
    """Write the file of that size and give the body that says so. On its own, so that another process may do it."""
    with opened(url) as engine, engine.connect() as connection:
        lines = heads_at(connection, log_id, size)
    files.write(folder, size, lines)
    return {"count": lines.count, "root": b64u.encode(lines.root), "size": size}


class Heads:
    """What the log's own ``log.heads`` statements say; threads may share it."""

    def __init__(self, engine: Engine, log_id: int, data: Path) -> None:
        self._engine = engine
        self._log_id = log_id
        self._folder = data / FOLDER
        self._mine = threading.Lock()
        self._opened: dict[int, Lines] = {}

    def newest(self, size: int) -> tuple[int, Body] | None:
        """Of the statements whose first index is below ``size`` the last: that index, and its body."""
        query = (
            select(statements.c.first_index, statements.c.jws)
            .where(
                statements.c.log_id == self._log_id,
                statements.c.kind == "log.heads",
                statements.c.first_index < size,
            )
            .order_by(statements.c.first_index.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else (row.first_index, parse(row.jws).body)

    def lines(self, newest: tuple[int, Body], chains: Iterable[ChainId]) -> list[Shown]:
        """What shows each of these chains present or absent, each line once, by position.

        Empty where that ``log.heads`` is not what the database comes to: the audit says so.
        """
        _, body = newest
        try:
            lines = self._lines(body["size"])
        except BadProof:
            return []
        if (lines.count, b64u.encode(lines.root)) != (body["count"], body["root"]):
            return []
        shown = {one.position: one for chain in chains for one in lines.show(chain)}
        return [shown[position] for position in sorted(shown)]

    def standing(self, size: int) -> Standing | None:
        """The newest below ``size``, for whoever looks at the log."""
        newest = self.newest(size)
        if newest is None:
            return None
        index, body = newest
        return Standing(index, self.received(index), body["count"], body["root"], body["size"])

    def received(self, first_index: int) -> int:
        """When the entry of this index was received, ms."""
        query = select(func.max(entries.c.received)).where(
            entries.c.log_id == self._log_id, entries.c.log_index == first_index
        )
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    def _lines(self, size: int) -> Lines:
        with self._mine:
            lines = self._opened.get(size) or files.read(self._folder, size)
            if lines is None:
                with self._engine.connect() as connection:
                    lines = heads_at(connection, self._log_id, size)
                files.write(self._folder, size, lines)
            self._opened[size] = lines
            for old in sorted(self._opened)[: -files.KEPT]:
                del self._opened[old]
            return lines
