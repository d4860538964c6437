"""What a statement comes to once it has been corrected: as if the new had been said; the old stays where it was."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from app.stored import chunks
from app.tables import entries, statements
from ledger.errors import LedgerError
from ledger.identity import ChainId, StatementHash
from ledger.statement import Statement, parse


class Effective(NamedTuple):
    """The public body as it now stands; ``void`` where the last word was that nothing of it holds."""

    body: Mapping[str, Any]
    void: bool


def effective(corrected: Statement, corrections: Iterable[Statement]) -> Effective:
    """``corrected`` after its ``corrections``, in the order of the log: each goes on from the one before."""
    body, void = dict(corrected.body), False
    for correction in corrections:
        void = correction.body.get("void", False)
        body |= correction.body.get("new", {})
    return Effective(body, void)


def corrections_on(
    connection: Connection, log_id: int, chains: Iterable[ChainId], as_of: int | None = None
) -> dict[StatementHash, list[tuple[Statement, int]]]:
    """The corrections that stand on ``chains``, by the statement they correct, each with its first index, in order;
    with ``as_of`` those recorded by that index.

    A correction touches some chain of what it corrects: asked for all of them, none is missed.
    """
    by: dict[StatementHash, list[tuple[Statement, int]]] = {}
    for statement, index in read_corrections(connection, log_id, chains):
        if as_of is None or index <= as_of:
            by.setdefault(statement.body["statement"], []).append((statement, index))
    return by


def read_corrections(connection: Connection, log_id: int, chains: Iterable[ChainId]) -> list[tuple[Statement, int]]:
    """The corrections that stand on ``chains``, each with its first index, in order; a damaged one is left out."""
    found: dict[int, Statement] = {}
    for some in chunks(sorted(set(chains))):
        query = (
            select(statements.c.first_index, statements.c.jws)
            .join(
                entries, (entries.c.log_id == statements.c.log_id) & (entries.c.first_index == statements.c.first_index)
            )
            .where(statements.c.log_id == log_id, statements.c.kind == "correct", entries.c.chain.in_(some))
        )
        rows = connection.execute(query.distinct())
        for index, jws in rows:
            with suppress(LedgerError, ValueError):
                found[index] = parse(jws)
    return [(statement, index) for index, statement in sorted(found.items())]
