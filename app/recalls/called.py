"""What was called back, held or drilled, and who answered: the statements as they stand after corrections."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from app.batches.corrections import corrections_on, effective
from app.errors import NotFound
from app.parties.names import Name, Names
from app.stored import chunks
from app.tables import answers, entries, findings, grounds, postings, shipments, statements
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
    index: int
    """Its first index in the log: what was stated later changes nothing of what this measured."""
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


def stopping(connection: Connection, log_id: int, names: Names, party: ChainId | None = None) -> list[Called]:
    """The recalls that stop goods still, however old, the newest first; for a ``party`` those that reach what it had
    in hand, or what was sent to it.
    """
    recalled = (findings.c.log_id == log_id) & (findings.c.code == "recalled") & findings.c.closed.is_(None)
    query = select(findings.c.about).where(recalled)
    if party is not None:
        sent = select(shipments.c.hash).where(shipments.c.log_id == log_id, shipments.c.receiver == party)
        had = select(postings.c.batch).where(
            postings.c.log_id == log_id, (postings.c.owner == party) | postings.c.owner.in_(sent)
        )
        reaching = (grounds.c.log_id == log_id) & grounds.c.until.is_(None) & grounds.c.batch.in_(had)
        ground = (grounds.c.first_index == findings.c.first_index) & (grounds.c.line == findings.c.line)
        query = query.where(select(grounds.c.batch).where(reaching & ground).exists())
    called_: list[Called] = []
    for some in chunks(sorted(set(connection.execute(query).scalars()))):
        wanted = _statements(log_id).where(statements.c.first_index.in_(some))
        called_ += [call for call, _ in _read(connection, log_id, names, wanted, None)]
    return sorted(called_, key=lambda call: -call.index)


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
    ends = _released(connection, log_id, {index: one.hash for index, one, _ in rows}, as_of)
    ends |= _reported(connection, log_id, names, [one for _, one, _ in rows], as_of)
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


def _released(
    connection: Connection, log_id: int, calls: Mapping[int, StatementHash], as_of: int | None
) -> dict[StatementHash, Ended]:
    """The recalls and holds of which nothing stops any batch that they are about: by what the last was released.

    That a release names one is not enough: it may be of other goods, or of a part of these.
    """
    open_, last = set[int](), dict[int, int]()
    for some in chunks(sorted(calls)):
        query = select(findings.c.about, findings.c.closed, findings.c.closed_by).where(
            findings.c.log_id == log_id, findings.c.about.in_(some), findings.c.code.in_(("recalled", "on-hold"))
        )
        for about, closed, closed_by in connection.execute(query):
            if closed is None or (as_of is not None and closed > as_of):
                open_.add(about)
            elif closed_by == "released":
                last[about] = max(closed, last.get(about, closed))
    told: dict[int, Ended] = {}
    for some in chunks(sorted({index for about, index in last.items() if about not in open_})):
        for index, jws, received in connection.execute(_statements(log_id).where(statements.c.first_index.in_(some))):
            told[index] = Ended("release", parse(jws).hash, index, received, None)
    return {calls[about]: told[index] for about, index in last.items() if index in told and about not in open_}


def _reported(
    connection: Connection, log_id: int, names: Names, calls: Iterable[Statement], as_of: int | None
) -> dict[StatementHash, Ended]:
    """The drills that ended, by the report of whoever began each, or of a supervisor."""
    drills = {one.hash: one.actor for one in calls if one.kind == "drill"}
    ends: dict[StatementHash, Ended] = {}
    for statement, index, received, body, void in _answers(connection, log_id, drills, ("drill",), as_of):
        about = body["outcome"]["drill"]
        party = names.registry.parties.get(statement.actor) if statement.actor else None
        theirs = statement.actor == drills[about] or (party is not None and "inspector" in party.roles)
        if theirs and not void:
            ends.setdefault(about, Ended("drill", statement.hash, index, received, body["outcome"]))
    return ends


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
