"""The laws of the books and of the rules, whatever is stated in whatever order.

Every batch sums to zero; a hold reaches exactly what came of a batch; what is found is what a judge who begins anew
would find; what is asked before signing is what comes of it; recomputed from the statements, in pages of any size, all
of it is row by row the same; and back is the inverse of forward. ``GENGJI_ROUNDS`` makes it that many times longer.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from app.batches import rebuild as rebuilding
from app.batches.goods import Batch
from app.batches.rebuild import rebuild
from app.recording import Appended
from app.rules.facts import fact_of
from app.rules.kernel import Context, Subject
from app.rules.release import covers
from app.rules.rulebook import RULES
from app.rules.tables import Tables
from app.tables import batches, findings, grounds, lineage, statements
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.statement import Statement, parse
from tests.app.batches.test_rebuild import projected
from tests.app.rules.farming import ACTS, Template, Year, prepared
from tests.app.seeding import LOG_ID

ROUNDS = int(os.environ.get("GENGJI_ROUNDS", "1"))
_NUMBERS = st.integers(0, 40)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return prepared(tmp_path_factory.mktemp("county") / "data")


class Reach:
    """How far grounds reach, said as plainly as it can be: sets of batches, walked one by one."""

    def __init__(self) -> None:
        self.parents: dict[ChainId, set[ChainId]] = {}
        self.origin: dict[tuple[int, int], ChainId] = {}
        self.reached: dict[tuple[int, int], set[ChainId]] = {}

    def made(self, batch: ChainId, parents: set[ChainId], staying: set[tuple[int, int]]) -> None:
        self.parents[batch] = parents
        for ground, reached in self.reached.items():
            if parents & reached and ground not in staying:
                reached.add(batch)

    def stopped(self, ground: tuple[int, int], batch: ChainId, *, stays: bool) -> None:
        self.origin[ground], self.reached[ground] = batch, {batch}
        # In the order in which they were made, parents come first.
        for child, parents in self.parents.items():
            if not stays and parents & self.reached[ground]:
                self.reached[ground].add(child)

    def released(self, batch: ChainId) -> None:
        for ground, reached in self.reached.items():
            if self.origin[ground] == batch:
                reached.clear()
            if batch in reached:
                freed = {batch}
                for child, parents in self.parents.items():
                    if child in reached and parents & freed and not parents & (reached - freed):
                        freed.add(child)
                reached -= freed


class Anew:
    """All batches as a judge sees them who begins with the statements and nothing else."""

    def __init__(self, year: Year) -> None:
        desk = year.desk
        self.context = Context(_tables(year), desk.journal.registry)
        with desk.engine.connect() as connection:
            told = [(parse(jws), index) for jws, index in connection.execute(
                select(statements.c.jws, statements.c.first_index).order_by(statements.c.first_index)
            )]  # fmt: skip
            self.rows = {
                row.chain: Batch(row.chain, row.kind, row.party, row.product, row.unit)
                for row in connection.execute(select(batches))
            }
            self.edges: dict[ChainId, list[ChainId]] = {}
            for child, parent in connection.execute(select(lineage.c.child, lineage.c.parent)):
                self.edges.setdefault(child, []).append(parent)
        by: dict[str, list[Statement]] = {}
        for one, _ in told:
            if one.kind == "correct":
                by.setdefault(one.body["statement"], []).append(one)
        making = {"plant", "stock", "acquire", "harvest", "intake", "process"}
        self.facts: dict[ChainId, list[Any]] = {}
        for one, index in told:
            fact = fact_of(one, index, by.get(one.hash, ()))
            for chain in (one.created if one.kind in making else one.on) if fact else ():
                self.facts.setdefault(chain, []).append(fact)

    def subject(self, chain: ChainId, above: int = 2) -> Subject:
        batch = self.rows[chain]
        product = self.context.registry.products[batch.product].body if batch.product else None
        name = product["names"]["zh"] if product else ""
        category = self.context.tables.category(name) if product else None
        parents = [self.subject(one, above - 1) for one in sorted(self.edges.get(chain, ()))] if above else []
        return Subject(batch, name, category, product, self.facts.get(chain, []), parents)

    def judged(self) -> Iterator[tuple[ChainId, Any]]:
        for chain in self.rows:
            subject = self.subject(chain)
            for each in RULES:
                yield from ((chain, one) for one in each.judge(subject, self.context))


def _tables(year: Year) -> Tables:
    with year.desk.engine.connect() as connection:
        return Tables.load(connection, LOG_ID)


JUDGED = frozenset(code for each in RULES for code in each.codes)


def machine(county: Template, folder: Path) -> type[RuleBasedStateMachine]:
    """The machine over copies of a county."""
    number = iter(range(10**9))

    class Farming(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.open = ExitStack()
            self.year = self.open.enter_context(county.begin(folder / str(next(number))))
            self.reach = Reach()
            above = set[ChainId]()
            for chain in county.first:
                self.reach.made(chain, above, set())
                above = {chain}
            self.staying: set[tuple[int, int]] = set()
            self.asked: tuple[str, Any] | None = None

        # --- what happens ----------------------------------------------------------------------------------------

        @rule(act=st.sampled_from(ACTS), one=_NUMBERS, two=_NUMBERS, back=st.sampled_from((0, 0, 0, 2, 9)))
        def act(self, act: str, one: int, two: int, back: int) -> None:
            kind, who, body, on, sealed = self.year.draft(act, one, two, back)
            self.told(self.year.state(kind, who, body, on, sealed, back))

        @rule(one=_NUMBERS, two=_NUMBERS, void=st.booleans())
        def correct(self, one: int, two: int, void: bool) -> None:
            self.told(self.year.correct(one, two, void))

        def told(self, outcome: Appended | LedgerError | None) -> None:
            if not isinstance(outcome, Appended):
                return
            statement = outcome.statement
            for chain in statement.created:
                self.reach.made(chain, set(statement.on), self.staying)
            with self.year.desk.engine.connect() as connection:
                query = select(findings.c.first_index, findings.c.line, findings.c.closed_by).where(
                    findings.c.closed == outcome.first_index, findings.c.severity == "hold"
                )
                for index, line, why in connection.execute(query):
                    if why != "released":
                        self.reach.reached[index, line].clear()
            for line, found in enumerate(outcome.findings):
                if found.severity == "hold" and found.batch:
                    ground = (outcome.first_index, line)
                    stays = found.params.get("scope") == "batch"
                    self.staying |= {ground} if stays else set()
                    self.reach.stopped(ground, found.batch, stays=stays)
            if statement.kind == "release":
                for chain in statement.on:
                    self.reach.released(chain)

        # --- what holds ------------------------------------------------------------------------------------------

        @invariant()
        def every_batch_sums_to_zero(self) -> None:
            assert self.year.desk.sums() <= {0}

        @invariant()
        def a_hold_reaches_what_came_of_it(self) -> None:
            stopped: dict[tuple[int, int], set[ChainId]] = {}
            with self.year.desk.engine.connect() as connection:
                for row in connection.execute(select(grounds).where(grounds.c.until.is_(None))):
                    stopped.setdefault((row.first_index, row.line), set()).add(row.batch)
            assert stopped == {ground: reached for ground, reached in self.reach.reached.items() if reached}

        @invariant()
        def what_is_found_is_what_is_so(self) -> None:
            with self.year.desk.engine.connect() as connection:
                rows = connection.execute(
                    select(findings)
                    .where(findings.c.code.in_(JUDGED))
                    .order_by(findings.c.first_index, findings.c.line)
                ).all()
            found = {
                (row.batch, row.code, row.about): (row.severity, orjson.loads(row.params))
                for row in rows
                if row.closed is None
            }
            lifted = {
                (row.batch, row.code, row.about): orjson.loads(row.params)
                for row in rows
                if row.closed_by == "released"
            }
            judged = {(chain, one.code, one.about): one for chain, one in Anew(self.year).judged()}
            kept = {
                key: (one.severity, dict(one.params))
                for key, one in judged.items()
                if not (key in lifted and key not in found and covers(lifted[key], one))
            }
            assert found == kept

        def teardown(self) -> None:
            with self.open:
                self.forward_and_back()
                self.all_comes_out_again()

        def forward_and_back(self) -> None:
            reader = self.year.desk.reader

            def walked(way: Any) -> set[tuple[ChainId, ChainId]]:
                return {(one, node.chain) for one in self.year.known for node in reader.lineage(one, way).nodes}

            assert walked("back") == {(ancestor, one) for one, ancestor in walked("forward")}

        def all_comes_out_again(self) -> None:
            live = projected(self.year.desk.engine)
            for page in (1, 7, 1000):
                with pytest.MonkeyPatch.context() as patched:
                    patched.setattr(rebuilding, "PAGE", page)
                    with self.year.desk.engine.execution_options(writes=True).begin() as connection:
                        rebuild(connection, LOG_ID)
                assert projected(self.year.desk.engine) == live

    return Farming


def test_whatever_happens(county: Template, tmp_path: Path) -> None:
    run_state_machine_as_test(
        machine(county, tmp_path),
        settings=settings(
            max_examples=12 * ROUNDS,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
