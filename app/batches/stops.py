"""What stops a batch: the grounds that reach it, its own or brought by what it came from, with who said so and why."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.batches import concerns
from app.batches.events import Found
from app.parties.names import Name, Names
from app.tables import statements
from ledger.identity import ChainId, StatementHash
from ledger.statement import parse


@dataclass(frozen=True, slots=True)
class Stop:
    """A ground that stops a batch."""

    found: Found
    statement: StatementHash
    """What a release has to answer: the hold, the recall, the record that broke a rule."""
    kind: str
    by: Name | None
    at: str
    reason: str | None
    instruction: str | None
    """What is to be done with the goods."""
    own: bool
    """Whether it is about this very batch."""


def stops(connection: Connection, log_id: int, names: Names, chain: ChainId, as_of: int | None = None) -> list[Stop]:
    """Recalls first, then holds, then the rest, each in the order of the log; none where it may go on."""
    standing = [one for one in concerns.of_batch(connection, log_id, names, chain, as_of) if one.holds]
    if not standing:
        return []
    query = select(statements.c.first_index, statements.c.jws).where(
        statements.c.log_id == log_id, statements.c.first_index.in_({one.about for one in standing})
    )
    about = {index: parse(jws) for index, jws in connection.execute(query)}
    found = [
        Stop(
            found=one.found,
            statement=said.hash,
            kind=said.kind,
            by=names.party(said.actor) if said.actor else None,
            at=said.at,
            reason=one.found.params.get("reason"),
            instruction=one.found.params.get("instruction"),
            own=one.found.batch == chain,
        )
        for one in standing
        for said in (about[one.about],)
    ]
    return sorted(found, key=lambda stop: _ORDER.get(stop.found.code, 2))


_ORDER = {"recalled": 0, "on-hold": 1}
