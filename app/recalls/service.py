"""How a recall stands: who has to answer, who did, what was found, how much is located, against the clock."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from app.batches import views
from app.batches.amounts import from_micro, in_unit
from app.batches.views import BatchView
from app.errors import Conflict
from app.log import Log
from app.parties.names import Name, Names
from app.recalls.called import CALLS, Answer, Called, answered, called, recent, stopping
from app.recalls.scope import STOPPABLE, Line, Scope, Share, scope, share
from app.stored import chunks
from app.tables import postings, statements
from ledger import b64u
from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash, TraceCode, trace_code
from ledger.statement import parse

LISTED = 50
SHOWN = 12
"""How many lots of a party are named where all parties are; ``party`` names the rest."""
MOST_PARTIES = 500

Amounts = list[dict[str, str]]
"""``unit`` and ``value``, one for each unit."""


@dataclass(frozen=True, slots=True)
class Lot:
    """A batch in scope, at a party; ``account`` as in holdings. ``sender`` of what is on the road."""

    chain: ChainId
    code: TraceCode
    account: str
    value: str
    unit: str
    sender: Name | None
    shipment: StatementHash | None


@dataclass(frozen=True, slots=True)
class Side:
    """A party in scope: what it has, what went through it, and what it answered."""

    party: Name
    asked: bool
    """Whether it has, awaits or sold some of it: it is to answer."""
    answered: int | None
    """When its newest answer was recorded; ms."""
    statement: StatementHash | None
    measures: str | None
    amounts: dict[str, Amounts]
    """``held``, ``transit``, ``sold``, ``consumed``, ``lost``; as answered ``found``, ``stopped``, ``recovered``."""
    count: int
    """In how many lots."""
    lots: list[Lot]
    """Those that can still be stopped first; the first ``SHOWN`` of them unless one party was asked about."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A recall as it stands at ``now`` (ms)."""

    call: Called
    batches: int
    made: Amounts
    totals: dict[str, Amounts]
    """The same of all parties together."""
    asked: int
    answered: int
    located: Share
    """How much of what is still with holders is with those that answered; ``mille`` of it in thousandths."""
    mille: int
    seconds: int
    """Since it was recorded, until it ended."""
    now: int
    overdue: bool
    sides: list[Side]
    """Those that have still to answer first, the most goods first."""
    more: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a party must answer: a call that reaches it, with what it has of it."""

    call: Called
    side: Side


class Recalls:
    """The recalls of one log; ``clock`` gives seconds."""

    def __init__(self, engine: Engine, log: Log, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._log_id = log.log_id
        self.names = Names(log.journal.registry)
        self._clock = clock

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            if self._engine.dialect.name != "sqlite":  # which gives nothing else
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    def now(self) -> int:
        """Milliseconds."""
        return int(self._clock() * 1000)

    def listed(self, before: int | None = None, limit: int = LISTED) -> list[Called]:
        """Recalls and drills, the newest first."""
        with self._reading() as connection:
            return recent(connection, self._log_id, self.names, limit, before)

    def unended(self, party: ChainId | None = None) -> list[Called]:
        """What is still to be answered, the newest first: recalls however old, for a ``party`` those that reach it;
        and the newest drills."""
        with self._reading() as connection:
            return self._unended(connection, party)

    def _unended(self, connection: Connection, party: ChainId | None) -> list[Called]:
        # Nobody may talk a recall off the list by drills of his own.
        found = {call.index: call for call in recent(connection, self._log_id, self.names, LISTED)}
        found |= {call.index: call for call in stopping(connection, self._log_id, self.names, party)}
        return [call for _, call in sorted(found.items(), reverse=True) if not call.void and not call.ended]

    def batches(self, call: Called) -> list[BatchView]:
        """What it is about, as anyone may see it."""
        with self._reading() as connection:
            return list(views.read(connection, self._log_id, self.names, call.on).values())

    def standing(self, hash_: StatementHash, party: ChainId | None = None, as_of: int | None = None) -> Standing:
        """Now, or once the statement at ``as_of`` was recorded; what has ended as it stood then. Of one ``party`` all
        its lots. Raises NotFound."""
        _check(hash_)
        with self._reading() as connection:
            call = called(connection, self._log_id, self.names, hash_, as_of)
            if as_of is None and call.ended is not None:
                as_of = call.ended.index
            reached = self._scope(connection, call, as_of)
            told = answered(connection, self._log_id, call.statement, as_of)
        return self._stands(call, reached, told, party)

    def channels(self, hash_: StatementHash, party: ChainId) -> dict[str, Amounts]:
        """Through which channel the party sold how much of it. Raises NotFound."""
        _check(hash_)
        with self._reading() as connection:
            call = called(connection, self._log_id, self.names, hash_)
            reached = self._scope(connection, call, None)
            who = b64u.decode(party)
            sold = sorted({line.batch for line in reached.lines if line.party == who and line.account == "sold"})
            found: dict[str, list[tuple[str, int]]] = defaultdict(list)
            for some in chunks(map(b64u.encode, sold)):
                query = (
                    select(postings.c.batch, postings.c.corrects, func.sum(postings.c.amount))
                    .where(postings.c.log_id == self._log_id, postings.c.batch.in_(some))
                    .where(postings.c.account == "sold", postings.c.owner == party)
                    .group_by(postings.c.batch, postings.c.corrects)
                )
                rows = connection.execute(query).all()
                said = self._channels(connection, {row[1] for row in rows})
                for batch, index, amount in rows:
                    found[said[index]].append((reached.units[b64u.decode(batch)], int(amount)))
        return {channel: _amounts(parts) for channel, parts in sorted(found.items())}

    def asked(self, party: ChainId) -> list[Asked]:
        """The calls that stand and reach ``party``, those it has not answered first."""
        found = []
        with self._reading() as connection:
            for call in self._unended(connection, party):
                reached = self._scope(connection, call, None)
                lines = reached.by_party().get(b64u.decode(party), [])
                if any(line.account in (*STOPPABLE, "sold") for line in lines):
                    told = [one for one in answered(connection, self._log_id, call.statement) if one.party == party]
                    found.append(Asked(call, self._side(b64u.decode(party), lines, told, reached, SHOWN)))
        return sorted(found, key=lambda one: (one.side.answered is not None, -one.call.index))

    def report(self, hash_: StatementHash) -> dict[str, Json]:
        """The drill's second statement, ready to be signed: what it measured. Raises Conflict ``drill-report``."""
        stands = self.standing(hash_)
        call = stands.call
        if call.kind != "drill" or call.ended is not None:
            raise Conflict("drill-report", path="statement", has=hash_)
        finished = datetime.fromtimestamp(stands.now // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        report: dict[str, Json] = {
            "drill": call.statement,
            "finished": finished,
            "seconds": stands.seconds,
            "lots": stands.batches,
            "parties": stands.asked,
            "answered": stands.answered,
            "located": stands.mille,
        }
        body: dict[str, Json] = {"scope": call.scope, "reason": call.reason, "outcome": report}
        on: list[Json] = [*sorted(call.on)]
        return {"kind": "drill", "on": on, "body": body}

    # --- putting together ----------------------------------------------------------------------------------------

    def _scope(self, connection: Connection, call: Called, as_of: int | None) -> Scope:
        starts = map(b64u.decode, call.on)
        return scope(connection, self._log_id, starts, only=call.scope == "batch", as_of=as_of)

    def _stands(self, call: Called, reached: Scope, told: Sequence[Answer], only: ChainId | None) -> Standing:
        now, parts = self.now(), reached.by_party()
        by_whom: dict[bytes, list[Answer]] = defaultdict(list)
        for one in told:
            by_whom[b64u.decode(one.party)].append(one)
        whole = reached.stoppable()
        # Who answers without counting has located nothing; what is on the road is located by either end.
        counted = {(b64u.decode(one.party), b64u.decode(line["batch"])) for one in told for line in one.goods}
        here = [line for line in whole if {(line.party, line.batch), (line.sender, line.batch)} & counted]
        wanted = parts.keys() | by_whom.keys() if only is None else {b64u.decode(only)}
        shown = SHOWN if only is None else len(reached.lines)
        sides = [self._side(who, parts.get(who, []), by_whom.get(who, []), reached, shown) for who in wanted]
        weight = {who: sum(line.amount for line in lines if line.account in STOPPABLE) for who, lines in parts.items()}
        sides.sort(
            key=lambda side: (not side.asked, side.answered is not None, -weight.get(_id(side), 0), side.party.zh)
        )
        asking = {who for who, lines in parts.items() if _asked(lines)}
        located = share(whole, here)
        ended = call.ended.at if call.ended else now
        return Standing(
            call=call,
            batches=len(reached.batches),
            made=_amounts((reached.units[chain], amount) for chain, amount in reached.made.items()),
            totals=_totals(reached.lines, told, reached),
            asked=len(asking),
            answered=len(asking & by_whom.keys()),
            located=located,
            mille=located.mille,
            seconds=max(0, ended - call.received) // 1000,
            now=now,
            overdue=call.deadline is not None and _time(call.deadline) * 1000 < ended,
            sides=sides[:MOST_PARTIES],
            more=max(0, len(sides) - MOST_PARTIES),
        )

    def _side(self, who: bytes, lines: Sequence[Line], told: Sequence[Answer], reached: Scope, shown: int) -> Side:
        last = told[-1] if told else None
        first = sorted(lines, key=lambda line: (line.account not in STOPPABLE, -line.amount))
        party = self.names.party
        return Side(
            party(b64u.encode(who)),
            _asked(lines),
            last.received if last else None,
            last.statement if last else None,
            last.measures if last else None,
            _totals(lines, told, reached),
            len({line.batch for line in lines}),
            [
                Lot(
                    (chain := ChainId(b64u.encode(line.batch))),
                    trace_code(chain),
                    line.account,
                    from_micro(line.amount),
                    line.unit,
                    party(b64u.encode(line.sender)) if line.sender else None,
                    StatementHash(b64u.encode(line.shipment)) if line.shipment else None,
                )
                for line in first[:shown]
            ],
        )

    def _channels(self, connection: Connection, indexes: Iterable[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        for some in chunks(sorted(indexes)):
            query = select(statements.c.first_index, statements.c.jws).where(
                statements.c.log_id == self._log_id, statements.c.first_index.in_(some)
            )
            found.update((index, str(parse(jws).body.get("channel", ""))) for index, jws in connection.execute(query))
        return found


_ACCOUNTS = (*STOPPABLE, "sold", "consumed", "lost")
_COUNTS = ("found", "stopped", "recovered")


def _totals(lines: Iterable[Line], told: Sequence[Answer], reached: Scope) -> dict[str, Amounts]:
    """What stands in each account of ``lines``, and what was counted."""
    by = _counted(told, reached)
    for line in lines:
        by[line.account].append((line.unit, line.amount))
    return {word: _amounts(by[word]) for word in (*_ACCOUNTS, *_COUNTS)}


def _counted(told: Sequence[Answer], reached: Scope) -> defaultdict[str, list[tuple[str, int]]]:
    """What was counted; a party's newest count of a batch stands for those before it."""
    newest: dict[tuple[ChainId, str], Mapping[str, Any]] = {}
    for one in told:
        for line in one.goods:
            newest[one.party, line["batch"]] = line
    counted: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for (_, batch), line in newest.items():
        unit = reached.units.get(b64u.decode(batch))
        for word in _COUNTS:
            if word in line:
                counted[word].append(_quantity(line[word], unit))
    return counted


def _quantity(stated: Mapping[str, str], unit: str | None) -> tuple[str, int]:
    """In the batch's own unit where it converts by itself, else as it was stated."""
    try:
        return unit or stated["unit"], in_unit(stated, unit or stated["unit"], None, "quantity")
    except Malformed:
        return stated["unit"], in_unit(stated, stated["unit"], None, "quantity")


def _amounts(parts: Iterable[tuple[str, int]]) -> Amounts:
    sums: dict[str, int] = {}
    for unit, amount in parts:
        sums[unit] = sums.get(unit, 0) + amount
    return [{"unit": unit, "value": from_micro(amount)} for unit, amount in sorted(sums.items()) if amount]


def _asked(lines: Iterable[Line]) -> bool:
    return any(line.account == "sold" or (line.account in STOPPABLE and line.amount > 0) for line in lines)


def _id(side: Side) -> bytes:
    return b64u.decode(side.party.id)


def _time(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _check(hash_: str) -> None:
    b64u.decode(hash_, 32, path="statement")


__all__ = ["CALLS", "Asked", "Lot", "Recalls", "Side", "Standing"]
