"""What was called back, held or drilled, and who answered: the statements as they stand after corrections."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from app.batches.corrections import corrections_on, effective
from app.errors import NotFound
from app.parties.names import Name, Names
from app.stored import chunks
from app.tables import answers, entries, statements
from ledger.identity import ChainId, StatementHash
from ledger.statement import Statement, parse

CALLS = ("recall", "drill")
"""The kinds that ask whoever has the goods for an answer."""
REACHING = (*CALLS, "hold")
"""The kinds that reach what came of a batch too."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended it: a release, or a drill's report."""

    kind: str
    statement: StatementHash
    at: int
    """When it was recorded; ms."""
    report: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Called:
    """A recall, a drill or a hold."""

    statement: StatementHash
    index: int
    kind: str
    at: str
    received: int
    """When it was recorded, which is when its clock began; ms."""
    party: Name
    on: list[ChainId]
    scope: str
    """``descendants`` or ``batch``."""
    reason: str
    instruction: str | None
    deadline: str | None
    law: str | None
    void: bool
    ended: Ended | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a party answered: its counts, by batch, as they stand."""

    statement: StatementHash
    index: int
    party: ChainId
    received: int
    goods: Sequence[Mapping[str, Any]]
    measures: str | None


def called(connection: Connection, log_id: int, names: Names, hash_: StatementHash, as_of: int | None = None) -> Called:
    """Raises NotFound ``no-statement`` for one that is no recall, drill or hold, or was not there yet."""
    query = _statements(log_id).where(statements.c.hash == hash_, statements.c.kind.in_(REACHING))
    found = _read(connection, log_id, names, query, as_of)
    if not found or "outcome" in found[0][1]:
        raise NotFound("no-statement", path="statement", has=hash_[:80])
    return found[0][0]


def recent(connection: Connection, log_id: int, names: Names, limit: int, before: int | None = None) -> list[Called]:
    """Recalls and drills, the newest first; those before an index."""
    query = _statements(log_id).where(statements.c.kind.in_(CALLS)).order_by(statements.c.first_index.desc())
    found: list[Called] = []
    while len(found) < limit:
        page = query if before is None else query.where(statements.c.first_index < before)
        read = _read(connection, log_id, names, page.limit(limit), None)
        if not read:
            break
        before = read[-1][0].index
        found += [call for call, body in read if "outcome" not in body]
    return found[:limit]


def answered(connection: Connection, log_id: int, about: StatementHash, as_of: int | None = None) -> list[Answer]:
    """What was answered to it, in the order of the log; what was taken back is left out."""
    found = []
    for statement, index, received, body, void in _answers(connection, log_id, [about], ("acknowledge",), as_of):
        if not void and statement.actor is not None:
            goods = body.get("goods", ())
            found.append(Answer(statement.hash, index, statement.actor, received, goods, body.get("measures")))
    return found


def _statements(log_id: int) -> Select[Any]:
    return (
        select(statements.c.first_index, statements.c.jws, entries.c.received)
        .join(entries, (entries.c.log_id == log_id) & (entries.c.log_index == statements.c.first_index))
        .where(statements.c.log_id == log_id)
    )


def _read(
    connection: Connection, log_id: int, names: Names, query: Select[Any], as_of: int | None
) -> list[tuple[Called, Mapping[str, Any]]]:
    rows = [(index, parse(jws), received) for index, jws, received in connection.execute(query)]
    rows = [row for row in rows if as_of is None or row[0] <= as_of]
    corrections = corrections_on(connection, log_id, (chain for _, one, _ in rows for chain in one.targets), as_of)
    ends: dict[StatementHash, Ended] = {}
    told = _answers(connection, log_id, [one.hash for _, one, _ in rows], ("release", "drill"), as_of)
    for statement, _, received, body, void in told:
        if not void:
            for about in body.get("answers", [body["outcome"]["drill"]] if "outcome" in body else []):
                ends[about] = Ended(statement.kind, statement.hash, received, body.get("outcome"))
    found = []
    for index, one, received in rows:
        body, void = effective(one, [each for each, _ in corrections.get(one.hash, ())])
        call = Called(
            one.hash,
            index,
            one.kind,
            one.at,
            received,
            names.party(one.actor or ""),
            list(one.on),
            body.get("scope", "descendants"),
            body["reason"],
            body.get("instruction"),
            body.get("deadline"),
            body.get("law"),
            void,
            ends.get(one.hash),
        )
        found.append((call, body))
    return found


def _answers(
    connection: Connection, log_id: int, about: Iterable[StatementHash], kinds: Sequence[str], as_of: int | None
) -> list[tuple[Statement, int, int, Mapping[str, Any], bool]]:
    """Statement, first index, time of receipt, body as it stands, and whether it was taken back."""
    rows: list[tuple[int, Statement, int]] = []
    for some in chunks(about):
        wanted = (
            select(answers.c.first_index)
            .where(answers.c.log_id == log_id, answers.c.about.in_(some), answers.c.kind.in_(kinds))
            .distinct()
        )
        query = _statements(log_id).where(statements.c.first_index.in_(wanted)).order_by(statements.c.first_index)
        rows += [(index, parse(jws), received) for index, jws, received in connection.execute(query)]
    rows = [row for row in rows if as_of is None or row[0] <= as_of]
    corrections = corrections_on(connection, log_id, (chain for _, one, _ in rows for chain in one.targets), as_of)
    return [
        (one, index, received, *effective(one, [each for each, _ in corrections.get(one.hash, ())]))
        for index, one, received in rows
    ]
