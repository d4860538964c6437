"""What belongs into a bundle: which chains, found by asking for them round by round (format §9).

A bundle about some batches carries, whole, their chains, those of what they were made from, and of everybody who
signed there, each in turn; and the products and places that are named, so that a reader has their words off line.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ledger.entry import Entry
from ledger.identity import ChainId
from ledger.statement import Statement


@dataclass(frozen=True, slots=True)
class Carried:
    """An entry, its index in the log, and the statement it stands for."""

    index: int
    entry: Entry
    statement: Statement


Fetch = Callable[[Sequence[ChainId]], Mapping[ChainId, Sequence[Carried]]]
"""The entries of many chains in one call, whole up to the checkpoint; a chain that does not exist has none."""


def gather(about: Iterable[ChainId], fetch: Fetch) -> list[Carried]:
    """All that a bundle about these chains carries, by index."""
    found: dict[int, Carried] = {}
    known: set[ChainId] = set()
    waiting = set(about)
    while waiting:
        chains = fetch(sorted(waiting))
        known |= waiting
        news = [carried for chain in chains.values() for carried in chain]
        found.update((carried.index, carried) for carried in news)
        waiting = {chain for carried in news for chain in _asks(carried)} - known
    return [found[index] for index in sorted(found)]


def _asks(carried: Carried) -> Iterator[ChainId]:
    """The chains that a statement on a carried chain asks for."""
    entry, statement = carried.entry, carried.statement
    if entry.seq == 0:
        yield from statement.on
    yield from (party for party in (statement.iss, statement.for_) if party is not None)
    if isinstance(place := statement.body.get("place"), str):
        yield ChainId(place)
    for output in statement.body.get("outputs", ()):
        if isinstance(product := output.get("product"), str):
            yield ChainId(product)
