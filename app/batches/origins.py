"""Origin: where goods grew, were raised or are said to come from; never where they were packed or taken in."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from app.batches.corrections import corrections_on, effective
from app.parties.names import Names
from app.stored import chunks
from app.tables import batches, lineage, statements
from ledger.identity import ChainId
from ledger.statement import Statement, parse

DEPTH = 20
"""How many steps back origins are looked for."""

_STATED = frozenset(("harvest", "intake"))
_GROWN = frozenset(("plant", "stock", "harvest"))
_FIELDS = frozenset(("plot", "farm"))


def stated(names: Names, kind: str, body: Mapping[str, Any]) -> str | None:
    """The origin that a record gives what it brings: in its own words, or the field or farm that it names."""
    if kind in _STATED and "origin" in body:
        return str(body["origin"])
    place = names.registry.places.get(body.get("place", ""))
    if kind in _GROWN and place is not None and place.body["kind"] in _FIELDS:
        return f"{place.body['township']} {place.body['name']}"
    return None


def inherited(
    connection: Connection, log_id: int, names: Names, chains: Iterable[ChainId], as_of: int | None = None
) -> dict[ChainId, tuple[str, ...]]:
    """For each batch the origins of its nearest ancestors that have one; a few statements for each step back."""
    found: dict[ChainId, dict[str, None]] = {chain: {} for chain in chains}
    asking: dict[ChainId, set[ChainId]] = {chain: {chain} for chain in found}
    seen: set[tuple[ChainId, ChainId]] = set()
    known: dict[ChainId, str | None] = {}
    for _ in range(DEPTH):
        steps = _parents(connection, log_id, asking)
        onward: dict[ChainId, set[ChainId]] = {}
        known |= _stated_by(connection, log_id, names, {parent for _, parent in steps} - known.keys(), as_of)
        for child, parent in steps:
            fresh = {chain for chain in asking[child] if (chain, parent) not in seen}
            seen |= {(chain, parent) for chain in fresh}
            if origin := known.get(parent):
                for chain in fresh:
                    found[chain][origin] = None
            elif fresh:
                onward.setdefault(parent, set()).update(fresh)
        if not onward:
            break
        asking = onward
    return {chain: tuple(origins) for chain, origins in found.items()}


def _parents(connection: Connection, log_id: int, chains: Iterable[ChainId]) -> list[tuple[ChainId, ChainId]]:
    """(child, parent), in the order of the log."""
    steps = []
    for some in chunks(chains):
        query = (
            select(lineage.c.child, lineage.c.parent)
            .join(batches, (batches.c.log_id == lineage.c.log_id) & (batches.c.chain == lineage.c.parent))
            .where(lineage.c.log_id == log_id, lineage.c.child.in_(some), batches.c.kind != "input")
            .order_by(batches.c.first_index, batches.c.chain)
        )
        steps += [(ChainId(child), ChainId(parent)) for child, parent in connection.execute(query)]
    return steps


def _stated_by(
    connection: Connection, log_id: int, names: Names, chains: Iterable[ChainId], as_of: int | None
) -> dict[ChainId, str | None]:
    """What the records that brought these batches into being say, after corrections."""
    made: dict[ChainId, Statement] = {}
    for some in chunks(sorted(chains)):
        query = (
            select(batches.c.chain, statements.c.jws)
            .join(
                statements,
                (statements.c.log_id == batches.c.log_id) & (statements.c.first_index == batches.c.first_index),
            )
            .where(batches.c.log_id == log_id, batches.c.chain.in_(some))
        )
        made.update((ChainId(chain), parse(jws)) for chain, jws in connection.execute(query))
    targets = [chain for one in made.values() for chain in one.targets]
    corrections = corrections_on(connection, log_id, targets, as_of)
    return {
        chain: stated(
            names,
            statement.kind,
            effective(statement, [each for each, _ in corrections.get(statement.hash, ())]).body,
        )
        for chain, statement in made.items()
    }
