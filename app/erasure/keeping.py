"""Keeping: until when each record is to be kept, what of it may not be erased before, and what is due.

Nothing is deleted earlier than the rules allow, whoever asks; what no duty is about may go at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select

from app.batches.corrections import corrections_on, effective
from app.erasure.retention import About, Kept, Rules, best_before
from app.erasure.service import Wanted
from app.errors import Conflict
from app.stored import chunks
from app.tables import batches, disclosures, entries, statements
from ledger.identity import ChainId
from ledger.registry import Registry
from ledger.statement import Statement, parse

PAGE = 500
_ROLES = ("party.register", "role.grant")


@dataclass(frozen=True, slots=True)
class Due:
    """A field whose time came on ``day``, and by which rule."""

    wanted: Wanted
    day: date
    source: str


@dataclass(frozen=True, slots=True)
class Early:
    """A field that has to be kept until ``day``, and by which rule."""

    wanted: Wanted
    day: date
    source: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A statement with its first index and when it was received, ms."""

    index: int
    statement: Statement
    received: int


class _Goods(NamedTuple):
    """What is known of a batch: whether it is food rather than produce, and when its shelf life ends."""

    food: bool
    end: date | None


class Keeper:
    """Asks the rules about records of one log, as of ``today``; looks up what they are about, each thing once."""

    def __init__(self, connection: Connection, log_id: int, registry: Registry, rules: Rules, today: date) -> None:
        self._connection = connection
        self._log_id = log_id
        self._registry = registry
        self._rules = rules
        self._today = today
        self._roles: dict[ChainId, frozenset[str]] = {}
        self._goods: dict[ChainId, _Goods] = {}

    def kept(self, indexes: Iterable[int]) -> dict[int, Kept | None]:
        """What each of the statements at these first indexes is kept for; None for what no rule names."""
        rows = {row.index: row for row in self._read(statements.c.first_index, indexes)}
        corrected = self._corrected([row.statement for row in rows.values()])
        # A correction is kept like what it corrects.
        meant = {index: corrected.get(row.statement.hash, row.statement) for index, row in rows.items()}
        self._bring(meant.values())
        return {index: self._rules.kept(self._about(meant[index], row), self._today) for index, row in rows.items()}

    def part(self, wanted: Sequence[Wanted], *, named: bool) -> tuple[list[Wanted], list[Early]]:
        """Those of these fields that may be erased, and those that have to be kept still.

        Raises Conflict ``erase-early`` if any of them has to be kept and was ``named``, or if none may go.
        """
        early = self.early(wanted)
        if early and (named or len(early) == len(wanted)):
            last = max(early, key=lambda one: one.day)
            where, day = f"body.{last.wanted.field}", str(last.day)
            raise Conflict("erase-early", path=where, has=last.wanted.first_index, wanted=day, source=last.source)
        kept = {one.wanted for one in early}
        return [one for one in wanted if one not in kept], early

    def early(self, wanted: Sequence[Wanted]) -> list[Early]:
        """Those of these fields that have to be kept still."""
        kept = self.kept({one.first_index for one in wanted})
        duties = ((one, duty) for one in wanted if (mine := kept[one.first_index]) and (duty := mine.field(one.field)))
        return [Early(one, day, source) for one, (day, source) in duties if day > self._today]

    def due(self) -> Iterator[Due]:
        """The personal fields whose time has come, in the order of the log."""
        personal = self._rules.personal(self._today)
        after = -1
        while True:
            query = (
                select(disclosures.c.first_index, disclosures.c.name)
                .where(disclosures.c.log_id == self._log_id, disclosures.c.first_index > after)
                .where(disclosures.c.name.in_(sorted(personal)))
                .order_by(disclosures.c.first_index, disclosures.c.name)
                .limit(PAGE)
            )
            rows = self._connection.execute(query).all()
            # A page may end within a statement: the rest of that one comes with the next.
            whole = [row for row in rows if len(rows) < PAGE or row.first_index != rows[-1].first_index]
            kept = self.kept({row.first_index for row in whole})
            for row in whole:
                mine = kept[row.first_index]
                if mine is not None and mine.until <= self._today:
                    source = f"{mine.source}；{personal[row.name].source}"
                    yield Due(Wanted(row.first_index, row.name), mine.until, source)
            if len(rows) < PAGE:
                return
            after = whole[-1].first_index

    # --- what a record is about ------------------------------------------------------------------------------------

    def _about(self, statement: Statement, row: _Row) -> About:
        party = self._registry.parties.get(statement.actor) if statement.actor else None
        goods = [self._goods[chain] for chain in statement.created or statement.on if chain in self._goods]
        return About(
            kind=statement.kind,
            recorded=_recorded(row),
            roles=self._roles_of(statement.actor),
            side=party.profile.get("side", "") if party else "",
            food=any(one.food for one in goods),
            ends=tuple(one.end for one in goods),
        )

    def _corrected(self, stated: Iterable[Statement]) -> dict[str, Statement]:
        """By the hash of a correction what it corrects."""
        by = {one.hash: one.body["statement"] for one in stated if one.kind == "correct"}
        found = {row.statement.hash: row.statement for row in self._read(statements.c.hash, by.values())}
        return {correction: found[hash_] for correction, hash_ in by.items() if hash_ in found}

    def _roles_of(self, actor: ChainId | None) -> frozenset[str]:
        """The roles that a party ever had: one that ended takes no duty with it."""
        if actor is None:
            return frozenset()
        if actor not in self._roles:
            query = (
                select(statements.c.jws)
                .join(
                    entries,
                    and_(entries.c.log_id == statements.c.log_id, entries.c.first_index == statements.c.first_index),
                )
                .where(statements.c.log_id == self._log_id, entries.c.chain == actor, statements.c.kind.in_(_ROLES))
            )
            bodies = [parse(jws).body for jws in self._connection.execute(query).scalars()]
            self._roles[actor] = frozenset(
                role for body in bodies for role in [*body.get("roles", ()), body.get("role")] if role
            )
        return self._roles[actor]

    def _bring(self, stated: Iterable[Statement]) -> None:
        """Look up the batches that these are about."""
        wanted = {chain for one in stated for chain in one.created or one.on} - self._goods.keys()
        made: dict[ChainId, int] = {}
        for some in chunks(sorted(wanted)):
            query = select(batches.c.chain, batches.c.first_index).where(
                batches.c.log_id == self._log_id, batches.c.chain.in_(some)
            )
            made.update((ChainId(chain), index) for chain, index in self._connection.execute(query))
        by = {row.index: row for row in self._read(statements.c.first_index, made.values())}
        targets = [chain for row in by.values() for chain in row.statement.targets]
        corrections = corrections_on(self._connection, self._log_id, targets) if targets else {}
        for chain, index in made.items():
            statement = by[index].statement
            body, _ = effective(statement, [one for one, _ in corrections.get(statement.hash, ())])
            output: Mapping[str, Any] = dict(zip(statement.created, body.get("outputs", [body]), strict=False)).get(
                chain, body
            )
            end = best_before(output, _recorded(by[index]), self._registry)
            self._goods[chain] = _Goods(statement.kind == "process" or "best_before" in output, end)

    def _read(self, column: Any, values: Iterable[Any]) -> Iterator[_Row]:
        for some in chunks(sorted(set(values))):
            query = (
                select(statements.c.first_index, statements.c.jws, entries.c.received)
                .join(
                    entries,
                    and_(entries.c.log_id == statements.c.log_id, entries.c.log_index == statements.c.first_index),
                )
                .where(statements.c.log_id == self._log_id, column.in_(some))
            )
            for index, jws, received in self._connection.execute(query):
                yield _Row(index, parse(jws), received)


def _recorded(row: _Row) -> date:
    """The day that a record's time counts from: one that was stated too early changes nothing."""
    return max(date.fromisoformat(row.statement.at[:10]), datetime.fromtimestamp(row.received / 1000, UTC).date())
