"""Rules of time and goods: what is recorded all the same, and shown (records §3: 5 and 7)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from app.batches.amounts import from_micro
from app.batches.goods import Batch, Leg
from app.recording import Finding
from ledger.identity import ChainId
from ledger.statement import Statement

CLOCK_AHEAD = 600
"""Seconds that a signer's clock may run ahead before it is a finding."""

POSTED = frozenset(("over-held", "over-shipped", "over-counted", "place-unlikely", "origin-unrecorded"))
"""What rests on what was said, amounts and names: asked anew once that is corrected."""

SAID = POSTED | frozenset("clock late not-holder moved-on-hold origin-unverified origin-reused".split())
"""What is said of a statement when it comes; once that is void, no longer."""

_ASIDE = frozenset(("inspector", "lab", "registrar"))
_OTHERS = frozenset(
    ("receive", "reject", "load", "unload", "correct", "acknowledge", "hold", "release", "recall", "drill", "sense")
)
"""Kinds that are about what others sent or said; who may state them is asked at admission."""


def clock(statement: Statement, received: int) -> Iterator[Finding]:
    """It happened, or was signed, after it was received (ms)."""
    at = int(datetime.fromisoformat(statement.at).timestamp())
    ahead = max(at, statement.iat) - received // 1000
    if ahead > CLOCK_AHEAD:
        yield Finding("clock", "flag", None, {"ahead": str(ahead)})


def stranger(
    statement: Statement,
    roles: Collection[str],
    holders: Collection[tuple[ChainId, str]],
    known: Mapping[ChainId, Batch],
) -> Iterator[Finding]:
    """Somebody speaks of a batch that was never in their hands, supervisors and laboratories aside."""
    actor = statement.actor
    if actor is None or statement.kind in _OTHERS or not _ASIDE.isdisjoint(roles):
        return
    for chain in statement.on:
        if (chain, actor) not in holders and chain in known:
            yield Finding("not-holder", "flag", chain, {"party": actor, "batch": chain})


def unrecorded(statement: Statement, body: Mapping[str, Any]) -> Iterator[Finding]:
    """Nobody knows where it came from; ``body`` is what the intake says now."""
    if statement.kind == "intake" and body.get("unrecorded", False):
        for chain in statement.created:
            yield Finding("origin-unrecorded", "flag", chain, {})


def more_than_held(
    statement: Statement,
    legs: Iterable[Leg],
    balances: Mapping[tuple[ChainId, str, str], int],
    known: Mapping[ChainId, Batch],
) -> Iterator[Finding]:
    """More went out than was there, by how much: how produce without a history is passed off under a good code.

    ``balances`` are those after ``legs``.
    """
    took: defaultdict[tuple[ChainId, str, str], int] = defaultdict(int)
    for leg in legs:
        if leg.account in ("held", "transit"):
            took[leg.batch, leg.account, leg.owner] -= leg.amount
    for (batch, account, owner), amount in took.items():
        left = balances[batch, account, owner]
        if amount > 0 and left < 0:
            there = max(left + amount, 0)
            if account == "held":
                yield Finding("over-held", "flag", batch, _compared(owner, known[batch], there, amount))
            else:
                params = _compared(statement.actor or "", known[batch], there, amount) | {"shipment": owner}
                yield Finding("over-shipped", "flag", batch, params)


def more_than_booked(party: str, batch: Batch, booked: int, counted: int) -> Iterator[Finding]:
    """More was counted than was booked: goods that came from nowhere."""
    if counted > booked:
        yield Finding("over-counted", "flag", batch.chain, _compared(party, batch, booked, counted))


def _compared(party: str, batch: Batch, has: int, wanted: int) -> dict[str, str]:
    amounts = {"has": from_micro(has), "wanted": from_micro(wanted), "short": from_micro(wanted - has)}
    return {"party": party, "batch": batch.chain, "unit": batch.unit, **amounts}
