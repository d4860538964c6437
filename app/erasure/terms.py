"""Terms: until when each record of a batch is to be kept, by which rule, and what of it may be erased when.

The same for everybody: it tells which sealed fields there are, never what they say.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from app.erasure.keeping import Keeper
from app.erasure.retention import Kept, Rules
from app.parties.names import Names
from app.stored import chunks
from app.tables import attachments, disclosures, entries, statements
from ledger import records, wordings
from ledger.identity import ChainId, StatementHash
from ledger.statement import parse


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """What is sealed, or a file: from which day it may be erased on request (``since`` None: at once)."""

    field: str
    zh: str
    en: str
    since: str | None
    due: bool
    """Whether it tells of a person, and so is erased by itself once its record need no longer be kept."""


@dataclass(frozen=True, slots=True)
class Term:
    """One record; ``until`` is the first day on which it need no longer be kept, None where no rule names its kind."""

    index: int
    hash: StatementHash
    kind: str
    zh: str
    en: str
    at: str
    until: str | None
    source: str | None
    fields: list[FieldTerm]


@dataclass(frozen=True, slots=True)
class Terms:
    """Of a batch; ``until`` is when the last of its records need no longer be kept."""

    batch: ChainId
    until: str | None
    demonstration: bool
    records: list[Term]


def terms_of(connection: Connection, log_id: int, names: Names, rules: Rules, chain: ChainId, today: date) -> Terms:
    """Every record on a batch's chain, in its order."""
    indexes = connection.execute(
        select(entries.c.first_index)
        .where(entries.c.log_id == log_id, entries.c.chain == chain)
        .order_by(entries.c.log_index)
    )
    found = terms(connection, log_id, names, rules, indexes.scalars().all(), today)
    until = max((one.until for one in found if one.until), default=None)
    return Terms(chain, until, rules.demonstration, found)


def terms(
    connection: Connection, log_id: int, names: Names, rules: Rules, indexes: Iterable[int], today: date
) -> list[Term]:
    """The records at these first indexes, in the order of the log."""
    wanted = sorted(set(indexes))
    kept = Keeper(connection, log_id, names.registry, rules, today).kept(wanted)
    there = _there(connection, log_id, wanted)
    personal = rules.personal(today)
    found = []
    for some in chunks(wanted):
        query = select(statements.c.first_index, statements.c.jws).where(
            statements.c.log_id == log_id, statements.c.first_index.in_(some)
        )
        for index, jws in connection.execute(query.order_by(statements.c.first_index)):
            statement, mine = parse(jws), kept[index]
            kind = records.KINDS.get(statement.kind)
            fields = [_field(name, mine, today, due=name in personal and mine is not None) for name in there[index]]
            zh, en = (kind.zh, kind.en) if kind else (statement.kind, statement.kind)
            until, source = (str(mine.until), mine.source) if mine else (None, None)
            found.append(Term(index, statement.hash, statement.kind, zh, en, statement.at, until, source, fields))
    return found


def _field(name: str, kept: Kept | None, today: date, *, due: bool) -> FieldTerm:
    duty = kept.field(name) if kept else None
    since = str(duty[0]) if duty and duty[0] > today else None
    zh, en = wordings.place(f"body.{name}", "zh"), wordings.place(f"body.{name}", "en")
    return FieldTerm(name, zh.strip("“”"), en.strip("“”"), since, due)


def _there(connection: Connection, log_id: int, indexes: Iterable[int]) -> dict[int, list[str]]:
    """What is still sealed in each, and its files."""
    names: defaultdict[int, set[str]] = defaultdict(set)
    for some in chunks(indexes):
        for table, column in ((disclosures, disclosures.c.name), (attachments, attachments.c.field)):
            query = select(table.c.first_index, column).where(table.c.log_id == log_id, table.c.first_index.in_(some))
            for index, name in connection.execute(query.distinct()):
                names[index].add(name)
    return {index: sorted(names[index]) for index in indexes}
