"""What a recall, a hold or a drill reaches: every batch in scope, who has how much of it now, and where the rest went.

A recall of one harvest may have become fifty thousand shops' lots, so rows stay as the tables keep them, ids in bytes
and amounts in millionths, and are named where they are shown.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection

from app.batches import sums
from app.batches.walking import descendants, rows

STOPPABLE = ("held", "transit")
"""The accounts that goods can still be stopped in."""

_WEIGHTS = {"kg": (1, 1), "g": (1, 1000), "t": (1000, 1)}


class Line(NamedTuple):
    """So much of a batch at a party: on hand, on the way to it (``sender`` shipped it), sold, used up or lost by it."""

    batch: bytes
    account: str
    party: bytes
    amount: int
    unit: str
    shipment: bytes | None = None
    sender: bytes | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where all that is in scope is."""

    batches: list[bytes]
    """The nearest to what was called back first."""
    units: dict[bytes, str]
    made: dict[bytes, int]
    lines: list[Line] = field(default_factory=list)

    def by_party(self) -> dict[bytes, list[Line]]:
        """What is, or was, with each party; what is on the road with its receiver."""
        found: defaultdict[bytes, list[Line]] = defaultdict(list)
        for line in self.lines:
            found[line.party].append(line)
        return dict(found)

    def stoppable(self) -> list[Line]:
        """What can still be stopped: on hand, and on the road."""
        return [line for line in self.lines if line.account in STOPPABLE and line.amount > 0]


def scope(
    connection: Connection, log_id: int, starts: Iterable[bytes], *, only: bool = False, as_of: int | None = None
) -> Scope:
    """Of ``starts`` and all that came of them, or ``only`` of themselves; as it stood at the index ``as_of``."""
    chosen = sorted(set(starts))
    reached = dict.fromkeys(chosen) if only else descendants(connection, log_id, chosen, as_of)
    units = {
        chain: unit
        for chain, unit, index in rows(connection, _UNITS, reached, log_id)
        if as_of is None or index <= as_of
    }
    books = sums.read(connection, log_id, units, as_of)
    found = Scope([chain for chain in reached if chain in units], units, books.made)
    for batch in found.batches:
        unit = units[batch]
        for account, owner, amount in books.where.get(batch, ()):
            if account == "transit" and (road := books.roads.get(owner)):
                found.lines.append(Line(batch, account, road[1], amount, unit, owner, road[0]))
            else:
                found.lines.append(Line(batch, account, owner, amount, unit))
    return found


@dataclass(frozen=True, slots=True)
class Share:
    """How much of something is ``part`` of ``whole``: in kilograms where all of it can be weighed, else in its own
    unit, and where units differ by the number of lots (``unit`` empty)."""

    part: int
    whole: int
    unit: str

    @property
    def mille(self) -> int:
        """In thousandths, rounded down: all is only said where it is all. Of nothing, all has been found."""
        return 1000 * self.part // self.whole if self.whole else 1000


def share(lines: Iterable[Line], found: Iterable[Line]) -> Share:
    """What part of ``lines`` stands in ``found`` too."""
    all_, some = list(lines), list(found)
    units = {line.unit for line in all_}
    if units <= _WEIGHTS.keys():
        return Share(sum(map(_kilograms, some)), sum(map(_kilograms, all_)), "kg")
    if len(units) == 1:
        return Share(sum(line.amount for line in some), sum(line.amount for line in all_), units.pop())
    return Share(len(some), len(all_), "")


def _kilograms(line: Line) -> int:
    times, by = _WEIGHTS[line.unit]
    return line.amount * times // by


_UNITS = "SELECT chain, unit, first_index FROM batches WHERE log_id = ? AND chain {}"
