"""Times and places that do not fit: for the regulator to look at, never a reason to stop goods (records §3.7)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from app.recording import Finding
from app.rules.days import day, minutes
from app.rules.kernel import Context, Fact, Judged, Subject, rule
from app.rules.tables import Tables
from ledger.identity import ChainId
from ledger.keys import KeyId
from ledger.registry import Registry
from ledger.statement import Statement

_FIELD = "apply feed treat observe harvest plant stock"
_IN_THE_FIELD = frozenset(_FIELD.split())
_PROVINCE, _PREFECTURE = 2, 4
"""How many digits of a division code (GB/T 2260) name the province and the prefecture."""


def late(statement: Statement, tables: Tables) -> Iterator[Finding]:
    """It was signed days after it happened; by the signer's own clock, for who works without a signal sends later."""
    happened = datetime.fromisoformat(statement.at)
    days = (datetime.fromtimestamp(statement.iat, UTC) - happened).days
    term = tables.term("late-days", happened.date()) if days > 0 else None
    if term is not None and days > term.value:
        yield Finding("late", "flag", None, {"days": str(days), "wanted": str(term.value)})


def elsewhere(actor: ChainId | None, body: Mapping[str, Any], registry: Registry) -> Iterator[Finding]:
    """Stated of a place that is somebody else's, in another prefecture than the party's own."""
    place = registry.places.get(body.get("place", ""))
    party = registry.parties.get(actor) if actor else None
    if place is None or party is None or place.party == actor or "division" not in party.profile:
        return
    here, home = place.body["division"], party.profile["division"]
    if here[:_PREFECTURE] != home[:_PREFECTURE]:
        yield Finding("place-unlikely", "flag", None, {"party": actor or "", "place": place.body["name"]})


@rule("too-fast time-order", "receive ship", when="receive")
def journey(subject: Subject, context: Context) -> Iterator[Judged]:
    """It arrived before it left, or sooner than any road leads there."""
    sent = {fact.hash: fact for fact in subject.of("ship")}
    for fact in subject.of("receive"):
        ship = sent.get(fact.body["shipment"])
        if ship is None:
            continue
        took = minutes(ship.at, fact.at)
        if took < 0:
            params = {"batch": subject.batch.chain, "sent": ship.at, "received": fact.at}
            yield Judged("time-order", fact.index, params)
        elif (least := _least(ship, fact, context)) is not None and took < least:
            params = {"batch": subject.batch.chain, "minutes": str(took), "wanted": str(least)}
            yield Judged("too-fast", fact.index, params)


def _least(ship: Fact, receipt: Fact, context: Context) -> int | None:
    places = context.registry.places
    here, there = (places.get(fact.body.get("place", "")) for fact in (ship, receipt))
    if here is None or there is None:
        return None
    one, other = here.body["division"], there.body["division"]
    if one[:_PREFECTURE] == other[:_PREFECTURE]:
        return None
    name = "journey-prefecture-minutes" if one[:_PROVINCE] == other[:_PROVINCE] else "journey-province-minutes"
    term = context.tables.term(name, day(ship.at, context))
    return term.value if term else None


@rule("many-at-once", _FIELD)
def together(subject: Subject, context: Context) -> Iterator[Judged]:
    """A season's records signed within one minute: written up before a visit, it seems, and not in the field."""
    by_key: dict[KeyId, list[Fact]] = {}
    for fact in subject.facts:
        if fact.kind in _IN_THE_FIELD:
            by_key.setdefault(fact.kid, []).append(fact)
    for mine in by_key.values():
        if len(mine) < 2:
            continue
        term = context.tables.term("many-at-once", day(mine[0].at, context))
        if term is None or len(mine) < term.value:
            continue
        mine.sort(key=lambda fact: (fact.iat, fact.index))
        start = end = 0
        while start < len(mine):
            while end < len(mine) and mine[end].iat < mine[start].iat + 60:
                end += 1
            close = mine[start:end] if end - start >= term.value else []
            # On several days, or it would be a morning's work with a good machine.
            if len({day(fact.at, context) for fact in close}) > 1:
                first = min(fact.index for fact in close)
                yield Judged("many-at-once", first, {"batch": subject.batch.chain, "count": str(term.value)})
            start += len(close) or 1
