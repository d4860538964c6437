"""The docket: the batches in hand as rules see them, the findings open about them, and how findings open and close.

Whenever a statement comes to a batch, the rules that read its kind are asked again, of the batch and of what was made
from it. What a rule says and no finding says yet opens; what it no longer says closes. So a late record, a correction
and a recomputation all end with the same findings.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import orjson
from sqlalchemy import ColumnElement, Connection, func, select, update

from app.batches.page import Page
from app.db import insert_rows
from app.recording import Finding, Record
from app.rules.certificates import cured
from app.rules.days import day_of
from app.rules.facts import ABOVE, MAKING, READ, REMEMBERED, Facts, fact_of
from app.rules.grounds import Ground, Grounds
from app.rules.kernel import Context, Judged, Rule
from app.rules.release import BY_NAME, BY_OWNER, admit_release, covers
from app.rules.rulebook import RULES
from app.rules.tables import Tables
from app.stored import chunks
from app.tables import answers, findings, grounds, postings, rule_runs, statements
from ledger import b64u
from ledger.canonical import MAX_INTEGER
from ledger.errors import LedgerError
from ledger.identity import ChainId, StatementHash
from ledger.statement import Statement, parse

ClosedBy: TypeAlias = Literal["released", "corrected", "record"]
About: TypeAlias = tuple[str, int]
"""A finding's code, and the first index of the statement that it concerns: one batch has one such finding open."""

_ASKED = {kind: tuple(rule for rule in RULES if kind in rule.reads | rule.above) for kind in READ}
_ASKED_BELOW = {kind: tuple(rule for rule in RULES if kind in rule.above) for kind in ABOVE}
_MOVING = frozenset(("ship", "sell", "process"))
_USING = frozenset(("apply", "feed", "treat"))
_THEIR_WORD = frozenset(("on-hold", "recalled", "certificate-missing", "certificate-parents"))
"""What stops a batch until somebody says or brings what is wanted: to correct that is no washing."""

_OVERSEEING = frozenset(("inspector", "lab"))
_REACHING_DOWN = _USING | {"test", "harvest", "intake", "process"}
"""What is said of a field or lot is said of all that came of it: whoever has some of that is concerned."""


@dataclass(frozen=True, slots=True)
class _Open:
    ground: Ground
    severity: str
    params: Mapping[str, str]


class Docket:
    """The docket of one log. Kept open, and forgotten, with the books."""

    def __init__(self, log_id: int) -> None:
        self._log_id = log_id
        self._grounds = Grounds(log_id, self.write)
        self._rows: list[tuple[Any, ...]] = []
        self._ground_rows: list[tuple[Any, ...]] = []
        self._answer_rows: list[tuple[Any, ...]] = []
        self._closing: list[tuple[Any, ...]] = []
        self._run: int | None = -1
        self._tables: Tables | None = None
        self._facts = Facts(log_id)
        self.forget()

    def forget(self) -> None:
        self._facts.forget()
        self._open: dict[ChainId, dict[About, _Open]] = {}
        self._settled: dict[ChainId, dict[About, Mapping[str, str]]] = {}
        self._loose: dict[int, dict[str, Ground]] = {}
        self._grounds.forget()
        self._rows, self._ground_rows, self._answer_rows, self._closing = [], [], [], []
        self._run = -1

    # --- bringing what is needed ---------------------------------------------------------------------------------

    def turn(
        self,
        connection: Connection,
        truth: Connection,
        page: Page,
        records: Sequence[Record],
        before: int | None,
        flush: Any,
    ) -> None:
        """Bring what ``records`` are judged by; of the log nothing from ``before`` on, which a replay must not see."""
        self._connection, self._truth, self._page = connection, truth, page
        self._flush_books = flush
        self._look_up_tables(truth)
        fresh = self._facts.turn(connection, truth, page, records, before) - self._open.keys()
        self._bring_findings(fresh)
        self._bring_loose(page)
        self._grounds.bring(connection, fresh)

    def _look_up_tables(self, connection: Connection) -> None:
        run = connection.execute(select(func.max(rule_runs.c.run)).where(rule_runs.c.log_id == self._log_id)).scalar()
        if self._tables is None or run != self._run:
            # A run may have opened and closed findings behind our back.
            self.forget()
            self._run, self._tables = run, Tables.load(connection, self._log_id)

    def _bring_findings(self, chains: set[ChainId]) -> None:
        for chain in chains:
            self._open[chain], self._settled[chain] = {}, {}
        for some in chunks(sorted(chains)):
            query = select(findings).where(findings.c.log_id == self._log_id, findings.c.batch.in_(some))
            # The last word on each comes last.
            query = query.where(_open_or_released()).order_by(findings.c.first_index, findings.c.line)
            for row in self._connection.execute(query):
                params = orjson.loads(row.params)
                if row.closed is None:
                    ground = (row.first_index, row.line)
                    self._open[row.batch][row.code, row.about] = _Open(ground, row.severity, params)
                else:
                    self._settled[row.batch][row.code, row.about] = params

    def _bring_loose(self, page: Page) -> None:
        """The findings about no batch of the statements that the page corrects."""
        self._loose = {}
        for some in chunks(sorted(page.indexes[hash_] for hash_ in page.corrected)):
            query = select(findings.c.code, findings.c.about, findings.c.first_index, findings.c.line).where(
                findings.c.log_id == self._log_id,
                findings.c.about.in_(some),
                findings.c.batch.is_(None),
                findings.c.closed.is_(None),
            )
            for code, about, index, line in self._connection.execute(query):
                self._loose.setdefault(about, {})[code] = (index, line)

    @property
    def full(self) -> bool:
        """Whether so much is at hand that it is time to forget."""
        return len(self._facts) > REMEMBERED

    # --- what stands -------------------------------------------------------------------------------------------------

    def holding(self, batch: ChainId) -> list[str]:
        """The codes of the grounds that stop a batch now."""
        reaching = self._grounds.reaching(batch)
        return sorted({code for code, _, _ in self.grounds_of(reaching)}) if reaching else []

    def stopping(self, statement: Statement, batch: ChainId) -> list[str]:
        """The codes of the grounds that a certificate or label meets; not that for whose want the batch is stopped."""
        return (
            []
            if not self._grounds.reaching(batch)
            else sorted(
                {
                    code
                    for code, ground, _ in self.grounds_of(self._grounds.reaching(batch))
                    if statement.kind != "certify" or not self._cured(ground, batch, statement.actor)
                }
            )
        )

    def _cured(self, ground: Ground, batch: ChainId, party: ChainId | None) -> bool:
        if (batch, party) not in self._page.holders:
            return False
        found = self._open.get(batch, {}).items()
        return any(one.ground == ground and cured(key[0], one.params, batch, party) for key, one in found)

    def grounds_of(self, reaching: Iterable[Ground]) -> list[tuple[str, Ground, int]]:
        """The code of each ground and the statement that it concerns, by its first index."""
        self._flush_books()
        found = []
        for index, line in sorted(reaching):
            query = select(findings.c.code, findings.c.about).where(
                findings.c.log_id == self._log_id, findings.c.first_index == index, findings.c.line == line
            )
            found += [(code, (index, line), about) for code, about in self._connection.execute(query)]
        return found

    def moved_on_hold(self, statement: Statement) -> list[Finding]:
        """A held batch has moved on, or a held input was used, all the same.

        Sent back to whoever made it, it only went home.
        """
        if statement.actor is None or statement.kind not in _MOVING | _USING:
            return []
        chains: Iterable[ChainId] = statement.on
        if statement.kind in _USING:
            # Not the field: it goes nowhere by being sprayed.
            chains = [line["batch"] for line in statement.body.get("inputs", ())]
        moved = []
        for chain in chains:
            if not self._grounds.reaching(chain) or statement.body.get("receiver") == self._page.batches[chain].party:
                continue
            params = {"party": statement.actor, "batch": chain, "grounds": ", ".join(self.holding(chain))}
            moved.append(Finding("moved-on-hold", "flag", chain, params))
        return moved

    def after_handover(self, statement: Statement, corrected: Statement) -> list[Finding]:
        """A correction of goods that others have had in hand since stands as a finding until one of them agrees.

        A supervisor's correction needs nobody's agreement.
        """
        actor, since = statement.actor, self._page.indexes[corrected.hash]
        if actor is None or "inspector" in self._page.roles(actor):
            return []
        found = []
        for chain in corrected.targets:
            below = corrected.kind in _REACHING_DOWN and self._page.batches[chain].party == actor
            if others := self._received(chain, since, but=actor, below=below):
                params = {"party": actor, "batch": chain, "other": others[-1], "since": str(since)}
                found.append(Finding("after-handover", "flag", chain, params))
        return found

    def _received(self, batch: ChainId, since: int, until: int = MAX_INTEGER, *, but: str, below: bool) -> list[str]:
        """Who else took some of a batch in hand after the statement at ``since``, by that at ``until``, in order.

        Where nobody did, who took some of what came of it, if ``below`` is asked.
        """
        self._flush_books()
        found = self._takers(postings.c.batch == batch, since, until, but)
        if found or not below:
            return found
        return self._takers(postings.c.batch.in_(self._grounds.downstream(batch)), since, until, but)

    def _takers(self, of: ColumnElement[bool], since: int, until: int, but: str) -> list[str]:
        query = (
            select(postings.c.owner)
            .where(
                postings.c.log_id == self._log_id,
                of,
                postings.c.account == "held",
                postings.c.amount > 0,
                # What was corrected since had been said before.
                postings.c.corrects > since,
                postings.c.first_index < until,
                postings.c.owner != but,
            )
            .order_by(postings.c.first_index, postings.c.line)
        )
        return list(self._connection.execute(query).scalars())

    def filled(self, batch: ChainId, account: str, owner: str, index: int) -> None:
        """An account has enough again: that it was overdrawn is found no more."""
        code, name = ("over-held", "party") if account == "held" else ("over-shipped", "shipment")
        self._close_all(batch, code, name, owner, index)

    def known(self, batch: ChainId, owner: str, index: int) -> None:
        """Somebody who spoke of a batch did have it: they had only not said so yet."""
        self._close_all(batch, "not-holder", "party", owner, index)

    def _close_all(self, batch: ChainId, code: str, name: str, value: str, index: int) -> None:
        if found := self._open.get(batch):
            for key, one in list(found.items()):
                if key[0] == code and one.params.get(name) == value:
                    self.close(batch, key, index, "record")

    def _agree(self, statement: Statement, index: int) -> None:
        about = self._page.indexes.get(statement.body["about"])
        if about is None or not statement.body.get("agree", False):
            return
        for chain in statement.on:
            one = self._open.get(chain, {}).get(("after-handover", about))
            if one and one.params["party"] != statement.actor:
                # Whoever was handed some of it only afterwards has nothing to agree to.
                since = int(one.params["since"])
                if statement.actor in self._received(chain, since, about, but=one.params["party"], below=True):
                    self.close(chain, ("after-handover", about), index, "record")

    def admit_release(self, statement: Statement, received: int, *, inspector: bool) -> None:
        """Hold a release against what stops its batches (``app.rules.release``); of its time and that of its receipt
        (ms) the earlier counts."""
        for place, chain in enumerate(statement.on):
            standing = self.grounds_of(self._grounds.reaching(chain))
            told = self._hashes({at for _, (index, _), about in standing for at in (index, about)})
            lawful = self._lawful([ground for _, ground, _ in standing])
            moment = min(datetime.fromisoformat(statement.at), datetime.fromtimestamp(received / 1000, UTC))
            day = day_of(moment, self._page.registry.time_zone)
            admit_release(statement, f"on[{place}]", standing, told, lawful, day, inspector=inspector)

    def _lawful(self, standing: Iterable[Ground]) -> dict[Ground, str]:
        """The day from which a ground may be lifted by whoever made the batch, where it says one."""
        found = {}
        for index, line in standing:
            query = select(findings.c.params).where(
                findings.c.log_id == self._log_id, findings.c.first_index == index, findings.c.line == line
            )
            params = orjson.loads(self._connection.execute(query).scalar_one())
            if "lawful" in params:
                found[index, line] = params["lawful"]
        return found

    def _hashes(self, indexes: set[int]) -> dict[int, tuple[StatementHash, Statement]]:
        # What came in the same group is not in the database yet.
        here = {self._page.indexes[hash_]: (hash_, one) for hash_, one in self._page.corrected.items()}
        found = {index: here[index] for index in indexes & here.keys()}
        for some in chunks(sorted(indexes - here.keys())):
            query = select(statements.c.first_index, statements.c.hash, statements.c.jws).where(
                statements.c.log_id == self._log_id, statements.c.first_index.in_(some)
            )
            for index, hash_, jws in self._truth.execute(query):
                with suppress(LedgerError, ValueError):
                    found[index] = hash_, parse(jws)
        return found

    # --- taking a statement in -------------------------------------------------------------------------------------

    def made(self, statement: Statement, index: int) -> None:
        """The batches that it brings are judged from now on, and inherit what stops their parents."""
        for chain in statement.created:
            if chain not in self._page.batches:
                continue
            self._facts.made(self._page.batches[chain], statement, index)
            self._open[chain], self._settled[chain] = {}, {}
            self._ground_rows += self._grounds.inherit(chain, statement.on, index)

    def take(self, statement: Statement, index: int, said: Sequence[Finding]) -> list[Finding]:
        """Judge with it, and record what was ``said`` of it already; all that it brought up, in order."""
        line = len(said)
        self._correcting = statement.actor
        for at, finding in enumerate(said):
            self._open_finding(finding, index, at)
        judged: list[Finding] = []
        for chain, rules, why in self._asked(statement, index):
            if chain not in self._facts or chain not in self._open:
                continue  # a log that was told anew may speak of a batch before it is made
            for finding in self._judge(chain, rules, index, why):
                self._open_finding(finding, index, line + len(judged))
                judged.append(finding)
        self._answer(statement, index)
        return [*said, *judged]

    def _asked(self, statement: Statement, index: int) -> Iterator[tuple[ChainId, Iterable[Rule], ClosedBy]]:
        """Which batches are judged again, by which rules; their facts are brought up to date on the way."""
        why: ClosedBy = "record"
        told, at, corrections = statement, index, list[Statement]()
        if statement.kind == "correct":
            found = self._page.corrected.get(statement.body["statement"])
            if found is None:
                return
            told, at, why = found, self._page.indexes[found.hash], "corrected"
            corrections = self._page.corrections[found.hash]
        if told.kind not in READ:
            return
        mine = told.created if told.kind in MAKING else told.targets
        self._facts.replace(mine, at, fact_of(told, at, corrections))
        known = [chain for chain in mine if chain in self._facts]
        yield from ((chain, _ASKED[told.kind], why) for chain in known)
        if told.kind == "ship" and not self._facts.told_by_others(known):
            # Who had it changes nothing for what was made of it while nobody else has said anything of it.
            return
        if told.kind in ABOVE and (told is not statement or told.kind not in MAKING):
            below = sorted(self._facts.below(told, statement) - set(known))
            yield from ((chain, _ASKED_BELOW[told.kind], why) for chain in below)

    def _judge(self, chain: ChainId, rules: Iterable[Rule], index: int, why: ClosedBy) -> Iterator[Finding]:
        tables = self.tables
        # Most of what comes to a batch concerns no rule: that has to cost nothing.
        kinds, found = self._facts.kinds(chain), {code for code, _ in self._open[chain]}
        rules = [rule for rule in rules if not (rule.when.isdisjoint(kinds) and rule.codes.isdisjoint(found))]
        if not rules:
            return
        subject, context = self._facts.subject(chain, tables), Context(tables, self._page.registry)
        open_, settled = self._open[chain], self._settled[chain]
        for rule in rules:
            judged = {(one.code, one.about): one for one in rule.judge(subject, context)}
            standing = [] if rule.codes.isdisjoint(found) else [key for key in open_ if key[0] in rule.codes]
            for key in standing:
                if not _same(open_[key], judged.get(key)):
                    if why == "corrected" and key not in judged and open_[key].severity == "hold":
                        yield from self._corrected_away(chain, key[0])
                    self.close(chain, key, index, why)
            for key, one in judged.items():
                if key not in open_ and not (key in settled and covers(settled[key], one)):
                    yield Finding(one.code, one.severity, chain, one.params, one.about)

    def _corrected_away(self, chain: ChainId, code: str) -> Iterator[Finding]:
        """What stopped a batch is gone by its own maker's correction: honest as a rule, and for a supervisor to see."""
        party = self._correcting
        if code in _THEIR_WORD or party is None or not _OVERSEEING.isdisjoint(self._page.roles(party)):
            return
        params = {"party": party, "batch": chain, "grounds": code}
        yield Finding("hold-corrected", "flag", chain, params)

    @property
    def tables(self) -> Tables:
        """The dated tables in force."""
        if self._tables is None:
            raise LookupError("no page was turned")
        return self._tables

    def _answer(self, statement: Statement, index: int) -> None:
        body = statement.body
        if statement.kind == "release":
            self._release(statement, index)
            named = list(dict.fromkeys(body["answers"]))
        elif statement.kind == "acknowledge":
            self._agree(statement, index)
            named = [body["about"]]
        elif statement.kind == "drill" and "outcome" in body:
            named = [body["outcome"]["drill"]]
        else:
            return
        party = b64u.decode(statement.actor or "")
        self._answer_rows += [(self._log_id, b64u.decode(one), index, statement.kind, party) for one in named]

    def _release(self, statement: Statement, index: int) -> None:
        answered = {self._page.indexes[one] for one in statement.body["answers"] if one in self._page.indexes}
        inspector = "inspector" in self._page.roles(statement.actor)

        def may(code: str) -> bool:
            return inspector or code in BY_OWNER | BY_NAME

        for chain in statement.on:
            if chain not in self._open:
                continue
            # By newer tables more may stop it than when it was released: to that nobody has said a word.
            for code, ground, about in self.grounds_of(self._grounds.reaching(chain)):
                if may(code) and not answered.isdisjoint((about, ground[0])):
                    self._grounds.lift(ground, chain, index)
            for key, one in list(self._open[chain].items()):
                if may(key[0]) and not answered.isdisjoint((key[1], one.ground[0])):
                    self.close(chain, key, index, "released")
                    self._settled[chain][key] = one.params

    def _open_finding(self, finding: Finding, index: int, line: int) -> None:
        about = index if finding.about is None else finding.about
        params = orjson.dumps(finding.params, option=orjson.OPT_SORT_KEYS).decode()
        batch = b64u.decode(finding.batch) if finding.batch else None
        row = (self._log_id, index, line, finding.code, finding.severity, batch, about, params, None, None)
        self._rows.append(row)
        if finding.batch is None:
            self._loose.setdefault(about, {})[finding.code] = (index, line)
        elif finding.batch in self._open:
            open_ = _Open((index, line), finding.severity, finding.params)
            self._open[finding.batch][finding.code, about] = open_
            if finding.severity == "hold":
                stays = finding.params.get("scope") == "batch"
                self._grounds.open((index, line), finding.batch, index, stays=stays)

    def close(self, batch: ChainId, key: About, index: int, why: ClosedBy) -> None:
        """The open finding is closed by the statement at ``index``."""
        one = self._open[batch].pop(key)
        self._closing.append((index, why, self._log_id, *one.ground))
        if one.severity == "hold":
            self._grounds.close(one.ground, index)

    def open_of(self, batch: ChainId) -> Mapping[About, "_Open"]:
        """The findings that are open about a batch."""
        return self._open.get(batch, {})

    def settle(self, about: int, index: int, codes: Iterable[str], chains: Iterable[ChainId]) -> None:
        """What was found of the statement at ``about`` by these codes is asked anew: it was corrected."""
        wanted = frozenset(codes)
        loose = self._loose.get(about, {})
        for code in wanted & loose.keys():
            self._closing.append((index, "corrected", self._log_id, *loose.pop(code)))
        for chain in chains:
            for key in [key for key in self._open.get(chain, ()) if key[0] in wanted and key[1] == about]:
                self.close(chain, key, index, "corrected")

    def write(self) -> None:
        """Writes the rows of all that opened and closed."""
        self._flush_books()

    def write_rows(self, connection: Connection) -> None:
        """The docket's own part of that; the books call it, after their own rows."""
        insert_rows(connection, findings, self._rows)
        insert_rows(connection, grounds, self._ground_rows)
        insert_rows(connection, answers, self._answer_rows)
        self._rows, self._ground_rows, self._answer_rows = [], [], []
        closing, self._closing = self._closing, []
        for index, why, log_id, first_index, line in closing:
            connection.execute(
                update(findings)
                .where(findings.c.log_id == log_id, findings.c.first_index == first_index, findings.c.line == line)
                .values(closed=index, closed_by=why)
            )


def _same(open_: _Open, judged: Judged | None) -> bool:
    return judged is not None and dict(open_.params) == dict(judged.params) and open_.severity == judged.severity


def _open_or_released() -> Any:
    return findings.c.closed.is_(None) | (findings.c.closed_by == "released")
