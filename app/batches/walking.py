"""Walking a lineage: which batches are reached, how far away, and what ties them.

Level by level, nearest first, by the driver's own cursor and with ids as the tables keep them: a walk reads tens of
thousands of rows, and what SQLAlchemy makes of each would be most of what it costs. Every look-up is for many batches
at once, so there are as many as there are levels, and a few more for every thousand batches.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection

from app.stored import chunks

Direction: TypeAlias = Literal["back", "forward", "both"]

AT_ONCE = 1000
"""How many ids go into one look-up."""

MANY = 2**31
"""No county has so many."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What was reached from a batch. ``truncated`` where there was more than was asked for."""

    steps: dict[bytes, int]
    """How many steps away each is, the nearest first: below zero what it came from, above zero what it became."""
    ties: list[tuple[bytes, bytes]]
    """Parent and child, both of them reached."""
    truncated: bool


def walk(
    connection: Connection,
    log_id: int,
    about: bytes,
    direction: Direction,
    depth: int,
    as_of: int | None = None,
    most: tuple[int, int] = (MANY, MANY),
) -> Walk:
    """The batches within ``depth`` steps of ``about``, at most so many of them and of ties, the nearest kept.

    With ``as_of`` those that stood once the statement at that index was recorded; ``about`` itself is not asked about.
    """
    lines = _Lines(connection, log_id, as_of, *most)
    back, forward = {about: 0}, {about: 0}
    above = [about] if direction != "forward" else []
    below = [about] if direction != "back" else []
    for step in range(1, depth + 1):
        above = _further(lines.up(above), back, -step, most[0])
        below = _further(lines.down(below), forward, step, most[0])
        lines.up(below)
        if (not above and not below) or len(back) + len(forward) > most[0] + 1:
            break
    lines.up(above)
    steps = sorted((forward | back).items(), key=lambda reached: abs(reached[1]))
    kept = dict(steps[: most[0]])
    ties = [tie for tie in lines.ties if tie[0] in kept and tie[1] in kept]
    return Walk(kept, ties, len(steps) > most[0] or lines.cut)


def descendants(
    connection: Connection, log_id: int, starts: Sequence[bytes], as_of: int | None = None
) -> dict[bytes, None]:
    """``starts`` and all that came of them, the nearest first, however many."""
    lines = _Lines(connection, log_id, as_of, MANY, MANY)
    found: dict[bytes, int] = dict.fromkeys(starts, 0)
    below = list(found)
    while below:
        below = _further(lines.down(below), found, 1, MANY)
    return dict.fromkeys(found)


def _further(reached: Iterable[bytes], seen: dict[bytes, int], step: int, most: int) -> list[bytes]:
    """Those that are new, now ``seen`` at this step."""
    new = []
    for chain in reached:
        if chain not in seen:
            seen[chain] = step
            new.append(chain)
            if len(seen) > most + 1:
                break
    return sorted(new)


class _Lines:
    """The rows of the lineage; what goes up is kept as ``ties``, up to so many."""

    def __init__(self, connection: Connection, log_id: int, as_of: int | None, _: int, most: int) -> None:
        self._connection = connection
        self._log_id = log_id
        self._as_of = as_of
        self._most = most
        self.ties: list[tuple[bytes, bytes]] = []
        self.cut = False

    def up(self, chains: Sequence[bytes]) -> list[bytes]:
        """What these were made from."""
        ties = list(rows(self._connection, _UP, chains, self._log_id))
        self.ties += ties[: self._most - len(self.ties)]
        self.cut = self.cut or len(self.ties) == self._most
        return [parent for parent, _ in ties]

    def down(self, chains: Sequence[bytes]) -> Iterator[bytes]:
        """What came of these. It is tied to them when it is made and never after, so a day long past has the same."""
        if self._as_of is None:
            found = rows(self._connection, _DOWN, chains, self._log_id)
        else:
            found = rows(self._connection, _DOWN_BY, chains, self._log_id, self._as_of)
        return (child for (child,) in found)


_UP = "SELECT parent, child FROM lineage WHERE log_id = ? AND child {}"
_DOWN = "SELECT child FROM lineage WHERE log_id = ? AND parent {}"
_DOWN_BY = "SELECT child FROM lineage WHERE log_id = ? AND first_index <= ? AND parent {}"


def rows(connection: Connection, query: str, ids: Iterable[bytes], *more: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of ``query`` for all of ``ids``: ``{}`` in it stands for those, ``?`` for each of ``more`` before it."""
    sqlite = connection.dialect.name == "sqlite"
    with closing(connection.connection.cursor()) as cursor:
        for some in map(sorted, chunks(ids, AT_ONCE)):  # as the trees on disk are, so that neighbours are read together
            if sqlite:
                cursor.execute(query.format(f"IN ({', '.join('?' * len(some))})"), (*more, *some))
            else:
                cursor.execute(query.replace("?", "%s").format("= ANY(%s)"), (*more, some))
            yield from cursor.fetchall()
