"""What a rule is: a small function over a batch as it stands, that says what is wrong with it and never what to do.

A rule rests on what is public, on the dated tables and on the registry alone: never on a clock and never on a sealed
field, which may be erased. So the findings of any day can be recomputed, and come out the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from app.batches.goods import Batch
from app.rules.tables import Tables
from ledger.identity import ChainId, StatementHash
from ledger.keys import KeyId
from ledger.registry import Registry

Severity: TypeAlias = Literal["hold", "flag"]
_IMPARTIAL = frozenset(("lab", "inspector"))


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement as it stands now: after its corrections, its sealed fields left out. A void one is no fact."""

    index: int
    """Its first index in the log."""
    hash: StatementHash
    kind: str
    at: str
    iat: int
    kid: KeyId
    actor: ChainId
    on: tuple[ChainId, ...]
    created: tuple[ChainId, ...]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """A batch under judgement. ``facts`` are in the order of the log, the one that made it among them."""

    batch: Batch
    name: str
    """What its product is called in Chinese; an input has no product, and no name."""
    category: str | None
    product: Mapping[str, Any] | None
    """The body of its ``product.add``."""
    facts: Sequence[Fact]
    parents: Sequence["Subject"] = ()

    def of(self, *kinds: str) -> Iterator[Fact]:
        """Its facts of these kinds."""
        return (fact for fact in self.facts if fact.kind in kinds)

    def told(self, context: "Context", *kinds: str) -> Iterator[Fact]:
        """Of those the ones by whoever had it, or tests, or supervises: what a stranger says stops nobody's goods.

        It goes from hand to hand by shipments; one by somebody who never had it hands nothing on.
        """
        facts = list(self.of(*kinds))
        if any(fact.actor != self.batch.party for fact in facts):
            had, before = {self.batch.party}, 0
            while before != len(had):
                before = len(had)
                had |= {fact.body["receiver"] for fact in self.of("ship") if fact.actor in had}
            facts = [fact for fact in facts if fact.actor in had or context.impartial(fact.actor)]
        return iter(facts)

    @property
    def made(self) -> Fact | None:
        """The fact that brought it into being; None where that was voided."""
        return next((fact for fact in self.facts if self.batch.chain in fact.created), None)

    def led(self) -> Iterator[tuple["Subject", str]]:
        """Itself, its parents and theirs, each once, with the time by which each had led here; "" for itself.

        What happened to a field after a harvest says nothing of what was harvested.
        """
        until: dict[ChainId, tuple[Subject, str]] = {self.batch.chain: (self, "")}
        level: list[tuple[Subject, str]] = [(self, "")]
        while level:
            above: list[tuple[Subject, str]] = []
            for one, _ in level:
                made = one.made
                for parent in one.parents:
                    known = until.get(parent.batch.chain)
                    # Where it led here twice, the later use counts; whose making was voided says no time.
                    time = made.at if made else "9999"
                    if known is None or (known[1] and known[1] < time):
                        until[parent.batch.chain] = (parent, time)
                        above.append((parent, time))
            level = above
        yield from until.values()


@dataclass(frozen=True, slots=True)
class Context:
    """What rules may ask beside the batch itself."""

    tables: Tables
    registry: Registry

    def impartial(self, party: ChainId) -> bool:
        """Whether it is a laboratory or a supervisor."""
        found = self.registry.parties.get(party)
        return found is not None and not _IMPARTIAL.isdisjoint(found.roles)


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule that a batch breaks. One batch breaks one rule by one statement (``about``, its first index) once."""

    code: str
    about: int
    params: Mapping[str, str]
    severity: Severity = "flag"


Judge: TypeAlias = Callable[[Subject, Context], Iterator[Judged]]


@dataclass(frozen=True, slots=True)
class Rule:
    """``judge`` is asked again whenever a fact of a kind that it ``reads`` comes to, or goes from, the batch.

    ``above`` are the kinds that it reads on parents, or theirs, as well; what was made from them is then asked again.
    Of a batch without a fact of one of the kinds in ``when`` it says nothing, and is not asked.
    """

    judge: Judge
    codes: frozenset[str]
    reads: frozenset[str]
    above: frozenset[str]
    when: frozenset[str]


def rule(codes: str, reads: str, above: str = "", when: str = "") -> Callable[[Judge], Rule]:
    """``@rule("interval", "harvest apply", above="apply")``: names are parted by blanks; ``when`` is ``reads`` if not
    given.
    """
    return lambda judge: Rule(judge, *(frozenset(names.split()) for names in (codes, reads, above, when or reads)))
