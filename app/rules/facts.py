"""Facts: the batches in hand as rules see them, read from the statements on their chains.

A fact is a statement as it stands now. Nothing of it is stored a second time: what a batch went through is read when
the batch comes to hand, and kept up to date from then on.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from app.batches.corrections import effective
from app.batches.goods import Batch
from app.batches.page import Page
from app.recording import Record
from app.rules.kernel import Fact, Subject
from app.rules.rulebook import RULES
from app.rules.tables import Tables
from app.stored import chunks
from app.tables import batches, entries, lineage, statements
from ledger.errors import LedgerError
from ledger.identity import ChainId, StatementHash
from ledger.records import KINDS
from ledger.statement import Statement, reread

READ = frozenset(kind for rule in RULES for kind in rule.reads | rule.above)
ABOVE = frozenset(kind for rule in RULES for kind in rule.above)
MAKING = frozenset(("plant", "stock", "acquire", "harvest", "intake", "process"))
"""What makes a batch is a fact of what it brings, not of what it is made from: a field has thousands of harvests."""

_UPWARD = MAKING | {kind for rule in RULES if rule.above for kind in rule.reads | rule.above}
"""What is asked about parents too, once such a statement comes."""

_FACTS = sorted(READ - MAKING | {"correct"})

CHILDREN = 1000
"""Of what was made from a batch, and of what was made of that, so many, the newest, are judged again with it."""

UPSTREAM = 512
"""So many parents are looked behind: whoever mixes more answers for them by what he says of his own batch."""

REMEMBERED = 25_000
"""How many facts are remembered before all are forgotten at once: a batch may have a hundred."""

_PUT_ON = frozenset(("apply", "feed", "treat"))


_ASKED_FOR = {
    name: frozenset(field.name for field in kind.fields if field.required and field.audience == "public")
    for name, kind in KINDS.items()
}


class _Born(NamedTuple):
    """A batch with what it was made from, and when."""

    at: int
    chain: ChainId
    parent: ChainId
    made: str


class Facts:
    """The facts of one log's batches. Kept, and forgotten, with the books."""

    def __init__(self, log_id: int) -> None:
        self._log_id = log_id
        self._categories: dict[ChainId, tuple[str, str | None]] = {}
        self.forget()

    def forget(self) -> None:
        self._facts: dict[ChainId, list[Fact]] = {}
        self._count = 0
        self._parents: dict[ChainId, tuple[ChainId, ...]] = {}
        self._whole: set[ChainId] = set()
        self._batches: dict[ChainId, Batch] = {}
        self._subjects: dict[tuple[ChainId, int], Subject] = {}
        self._born: dict[ChainId, list[_Born]] = {}
        """All that was made from a batch. Of one with a crowd of children the page brings the newest each time."""
        self._crowded: dict[tuple[ChainId, str], list[_Born]] = {}
        self._late: defaultdict[ChainId, list[_Born]] = defaultdict(list)
        """What this page itself made of those."""
        self._categories.clear()

    def turn(
        self, connection: Connection, truth: Connection, page: Page, records: Sequence[Record], before: int | None
    ) -> set[ChainId]:
        """Bring what ``records`` are judged by, and say of which batches; of the log nothing from ``before`` on."""
        self._connection, self._truth, self._page, self._before = connection, truth, page, before
        touched = {chain for record in records for chain in record.statement.on}
        judged = {chain for record in records if record.statement.kind in READ for chain in record.statement.on}
        whole = {chain for record in records if record.statement.kind in _UPWARD for chain in record.statement.on}
        whole |= {chain for one in page.corrected.values() for chain in one.targets}
        self._bring_children(connection, page, records, whole)
        self._bring(whole)
        # What is judged by itself alone needs nothing of where it came from; what is only sold needs no facts at all.
        self._bring_batches(judged - self._batches.keys())
        self._bring_facts(judged - self._facts.keys())
        return touched | whole

    def __len__(self) -> int:
        return self._count

    def __contains__(self, chain: ChainId) -> bool:
        return chain in self._facts and chain in self._batches

    def _bring_children(
        self, connection: Connection, page: Page, records: Sequence[Record], chains: set[ChainId]
    ) -> None:
        """The batches made from those that the page speaks of, and theirs, where a rule would look up to them."""
        self._late.clear()
        self._crowded.clear()
        wanted: set[tuple[ChainId, str]] = set()
        for record in records:
            told = record.statement
            if told.kind == "correct":
                corrected = page.corrected.get(told.body["statement"])
                if corrected is None:
                    continue
                told = corrected
            wanted |= {(chain, _since(told, record.statement)) for chain in _tops(told)}
        self._bring_born(connection, {chain for chain, _ in wanted})
        for chain, since in wanted:
            if chain not in self._born:
                where = (lineage.c.parent == chain) & (batches.c.made >= since)
                self._crowded[chain, since] = self._made_from(connection, where, CHILDREN)
        children = {child for chain, since in wanted for child in _newest(self._below(chain, since))}
        self._bring_born(connection, children)
        for chain in children - self._born.keys():
            self._crowded[chain, ""] = self._made_from(connection, lineage.c.parent == chain, CHILDREN)
        chains |= children
        chains |= {child for chain in children for child in _newest(self._below(chain))}

    def _bring_born(self, connection: Connection, chains: set[ChainId]) -> None:
        """All that was made from these batches; crowds are left out."""
        for some in chunks(sorted(chains - self._born.keys())):
            of_these = (lineage.c.log_id == self._log_id) & lineage.c.parent.in_(some)
            counts = select(lineage.c.parent, func.count()).where(of_these).group_by(lineage.c.parent)
            many = {parent for parent, count in connection.execute(counts) if count > CHILDREN}
            few = [chain for chain in some if chain not in many]
            self._born.update((chain, []) for chain in few)
            for one in self._made_from(connection, lineage.c.parent.in_(few)):
                self._born[one.parent].append(one)

    def _made_from(self, connection: Connection, where: Any, most: int | None = None) -> list[_Born]:
        """The newest batches of that lineage."""
        query = (
            select(batches.c.first_index, lineage.c.child, lineage.c.parent, batches.c.made)
            .join(batches, (batches.c.log_id == lineage.c.log_id) & (batches.c.chain == lineage.c.child))
            .where(lineage.c.log_id == self._log_id, where)
        )
        if most is not None:
            query = query.order_by(batches.c.first_index.desc(), lineage.c.child).limit(most)
        return [_Born(*row) for row in connection.execute(query)]

    def _bring(self, chains: Iterable[ChainId]) -> None:
        """These batches with their facts, their parents and theirs."""
        new = set(chains) - self._whole
        if new:
            self._subjects.clear()
            self._bring_parents(new - self._parents.keys())
            above = {parent for chain in new for parent in self._parents[chain]}
            self._bring_parents(above - self._parents.keys())
            behind = {parent for chain in new for parent in self._behind(chain)}
            further = {parent for chain in behind for parent in self._parents[chain]}
            known = new | above | further
            self._bring_batches(known - self._batches.keys())
            self._bring_facts(known - self._facts.keys())
            self._whole |= new

    def _behind(self, chain: ChainId) -> tuple[ChainId, ...]:
        """The parents of a batch that are looked behind."""
        parents = self._parents.get(chain, ())
        return parents if len(parents) <= UPSTREAM else ()

    def _bring_parents(self, chains: set[ChainId]) -> None:
        found: defaultdict[ChainId, list[ChainId]] = defaultdict(list)
        for some in chunks(sorted(chains)):
            query = select(lineage.c.child, lineage.c.parent).where(
                lineage.c.log_id == self._log_id, lineage.c.child.in_(some)
            )
            for child, parent in self._connection.execute(query):
                found[child].append(parent)
        for chain in chains:
            self._parents[chain] = tuple(sorted(found[chain]))

    def _bring_batches(self, chains: Iterable[ChainId]) -> None:
        mine = self._page.batches
        self._batches.update({chain: mine[chain] for chain in chains if chain in mine})
        for some in chunks(sorted(set(chains) - self._batches.keys())):
            query = select(batches).where(batches.c.log_id == self._log_id, batches.c.chain.in_(some))
            for row in self._connection.execute(query):
                self._batches[row.chain] = Batch(row.chain, row.kind, row.party, row.product, row.unit)

    def _bring_facts(self, chains: set[ChainId]) -> None:
        """The facts of batches from the statements on their chains, and what corrections made of them."""
        told: dict[int, Statement] = {}
        at: defaultdict[ChainId, list[int]] = defaultdict(list)
        for some in chunks(sorted(chains & self._batches.keys())):
            query = (
                select(entries.c.chain, statements.c.first_index, statements.c.hash, statements.c.jws)
                .join(
                    statements,
                    (statements.c.log_id == entries.c.log_id) & (statements.c.first_index == entries.c.first_index),
                )
                .where(entries.c.log_id == self._log_id, entries.c.chain.in_(some))
                # What made a batch is the first on its chain; on a field's chain harvests are not looked at.
                .where((entries.c.seq == 0) | statements.c.kind.in_(_FACTS))
                .order_by(entries.c.log_index)
            )
            if self._before is not None:
                query = query.where(entries.c.log_index + 0 < self._before)
            for chain, index, hash_, jws in self._truth.execute(query):
                # In a damaged log it may be anything; then it is as if it were not there.
                with suppress(LedgerError, LookupError, TypeError, ValueError):
                    if index not in told:
                        told[index] = reread(jws, hash_)
                    at[chain].append(index)
        corrections: defaultdict[StatementHash, list[Statement]] = defaultdict(list)
        for _, one in sorted(told.items()):
            if one.kind == "correct":
                corrections[one.body["statement"]].append(one)
        facts = {index: fact_of(one, index, corrections[one.hash]) for index, one in told.items()}
        for chain in chains:
            self._facts[chain] = [fact for index in at[chain] if (fact := facts[index])]
            self._count += len(self._facts[chain])

    # --- what comes to them --------------------------------------------------------------------------------------

    def made(self, batch: Batch, statement: Statement, index: int) -> None:
        """A batch is brought into being by ``statement``."""
        chain = batch.chain
        self._batches[chain], self._parents[chain], self._facts[chain] = batch, statement.on, []
        self._whole.add(chain)
        self._born[chain] = []
        for parent in statement.on:
            mine = self._born[parent] if parent in self._born else self._late[parent]
            mine.append(_Born(index, chain, parent, statement.at))

    def replace(self, chains: Iterable[ChainId], at: int, fact: Fact | None) -> None:
        """What is said of these batches at ``at`` is now this; None: nothing any more."""
        for chain in chains:
            mine = self._facts.get(chain)
            if mine is None:
                continue
            if not mine or mine[-1].index < at:
                mine += [fact] if fact else []
                self._count += 1
            else:
                kept = [one for one in mine if one.index != at]
                # In the same list, which subjects look at.
                mine[:] = sorted([*kept, *([fact] if fact else [])], key=lambda one: one.index)

    def told_by_others(self, chains: Iterable[ChainId]) -> bool:
        """Whether anybody but their makers stated of these batches what is asked about what they became."""
        return any(
            fact.kind in ABOVE and fact.kind != "ship" and fact.actor != self._batches[chain].party
            for chain in chains
            for fact in self._facts[chain]
        )

    def below(self, told: Statement, statement: Statement) -> set[ChainId]:
        """What was made from the batches of ``told``, and of that, when ``statement`` comes about it."""
        since = _since(told, statement)
        children = _newest(one for chain in _tops(told) for one in self._below(chain, since))
        return children | _newest(one for chain in children for one in self._below(chain))

    def _below(self, chain: ChainId, since: str = "") -> Iterable[_Born]:
        """What was made from a batch on or after a day; of a crowd the newest."""
        mine = self._born.get(chain)
        if mine is None:
            mine = [*self._crowded.get((chain, since), ()), *self._late.get(chain, ())]
        return (one for one in mine if one.made >= since)

    def kinds(self, chain: ChainId) -> set[str]:
        """Which kinds of fact there are of a batch."""
        return {fact.kind for fact in self._facts[chain]}

    def subject(self, chain: ChainId, tables: Tables, above: int = 2) -> Subject:
        """The batch with its parents and theirs; what comes to them later is seen in it too."""
        if (known := self._subjects.get((chain, above))) is not None:
            return known
        batch = self._batches[chain]
        name, category, product = "", None, None
        if batch.product is not None:
            product = self._page.product(batch.product)
            if batch.product not in self._categories:
                names = product["names"] if product else {}
                called = names.get("zh") or next(iter(names.values()), "")
                self._categories[batch.product] = called, tables.category(called)
            name, category = self._categories[batch.product]
        near = [one for one in self._parents.get(chain, ()) if above and one in self._facts and one in self._batches]
        behind = above - 1 if self._behind(chain) else 0
        parents = [self.subject(one, tables, behind) for one in near]
        subject = Subject(batch, name, category, product, self._facts[chain], parents)
        self._subjects[chain, above] = subject
        return subject


def _tops(told: Statement) -> tuple[ChainId, ...]:
    """The batches whose children a statement concerns: what it is about; what it made, once that is corrected."""
    if told.kind not in ABOVE:
        return ()
    return told.created if told.kind in MAKING else told.on


def _since(told: Statement, statement: Statement) -> str:
    """What was made before something was put on a field or herd is not concerned, unless it is corrected."""
    if told.kind not in _PUT_ON or told is not statement:
        return ""
    began: str = min(told.body.get("start", ""), told.body.get("stop", ""))
    return began


def _newest(made: Iterable[_Born]) -> set[ChainId]:
    """As many as are judged again."""
    last = dict.fromkeys(one.chain for one in sorted(made, reverse=True))
    return set(islice(last, CHILDREN))


def fact_of(statement: Statement, index: int, corrections: Iterable[Statement]) -> Fact | None:
    """The statement as it stands after ``corrections``, in their order; None where it was voided or has no actor.

    In a log whose operator broke the law it may lack what its kind asks for; then it is none either.
    """
    corrections = list(corrections)
    body, void = effective(statement, corrections) if corrections else (statement.body, False)
    if void or statement.actor is None or not _ASKED_FOR.get(statement.kind, frozenset()) <= body.keys():
        return None
    return Fact(
        index,
        statement.hash,
        statement.kind,
        statement.at,
        statement.iat,
        statement.kid,
        statement.actor,
        statement.on,
        statement.created,
        body,
    )
