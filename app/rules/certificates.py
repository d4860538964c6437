"""The certificate that goes with the goods: due, collected, naming where it all came from (records §3.4).

农产品质量安全承诺达标合格证管理办法 (MARA Order 4 of 2025, in force 2026-02-01). For which goods it is due is a table.
"""

from collections.abc import Iterator

from app.rules.days import day
from app.rules.kernel import Context, Fact, Judged, Subject, rule

_ENTERPRISES = frozenset(("coop", "company"))
_BUYERS = frozenset(("processor", "shop"))


def _due(subject: Subject, fact: Fact, context: Context) -> bool:
    return context.tables.certificate(subject.category, day(fact.at, context)) is not None


def certified(subject: Subject) -> bool:
    """Whether a certificate of this batch stands: issued here, or collected with what came from outside."""
    if any(True for _ in subject.of("certify")):
        return True
    made = subject.made
    return made is not None and made.kind == "intake" and _collected(made)


def _collected(intake: Fact) -> bool:
    return any(name in intake.body for name in ("certificate_no", "certificate_photo", "from"))


@rule("certificate-due", "ship certify")
def due(subject: Subject, context: Context) -> Iterator[Judged]:
    """An enterprise or co-op has sent its goods off without a certificate; a household is only encouraged to issue one.

    Goods on their way to a store of the sender's own need none: only what is handed to a buyer.
    """
    if subject.batch.kind != "lot" or certified(subject):
        return
    party = context.registry.parties.get(subject.batch.party)
    if party is None or party.profile["type"] not in _ENTERPRISES:
        return
    for fact in subject.of("ship"):
        if fact.actor == subject.batch.party and _buys(fact.body["receiver"], context) and _due(subject, fact, context):
            yield Judged("certificate-due", fact.index, {"batch": subject.batch.chain, "party": fact.actor})
            return


def _buys(party: str, context: Context) -> bool:
    found = context.registry.parties.get(party)  # type: ignore[call-overload]
    return found is not None and not _BUYERS.isdisjoint(found.roles)


@rule("certificate-missing", "receive intake certify")
def missing(subject: Subject, context: Context) -> Iterator[Judged]:
    """A buyer has taken goods in without collecting the certificate: they go no further until there is one."""
    if subject.batch.kind != "lot" or certified(subject):
        return
    made = subject.made
    if made is not None and made.kind == "intake" and _due(subject, made, context):
        yield Judged("certificate-missing", made.index, {"batch": subject.batch.chain, "party": made.actor}, "hold")
    for fact in subject.of("receive"):
        seen = fact.body.get("certificate_checked", False)
        if not seen and _buys(fact.actor, context) and _due(subject, fact, context):
            params = {"batch": subject.batch.chain, "party": fact.actor}
            yield Judged("certificate-missing", fact.index, params, "hold")


@rule("certificate-parents", "process", above="certify")
def mixed(subject: Subject, context: Context) -> Iterator[Judged]:
    """What several producers' goods were mixed into, without valid certificates of all of them, is stopped."""
    made = subject.made
    if made is None or made.kind != "process" or not _due(subject, made, context):
        return
    others = [parent for parent in subject.parents if parent.batch.party != made.actor and parent.batch.kind == "lot"]
    if without := [parent for parent in others if not certified(parent) and _due(parent, made, context)]:
        params = {"batch": subject.batch.chain, "name": "、".join(sorted({one.name for one in without}))}
        yield Judged("certificate-parents", made.index, params | {"count": str(len(without))}, "hold")


@rule("certificate-unnamed", "certify", above="certify")
def unnamed(subject: Subject, context: Context) -> Iterator[Judged]:
    """A certificate issued anew, on mixing or repacking, names those of all that went into it."""
    above = [
        (parent, fact) for parent in subject.parents if parent.batch.kind == "lot" for fact in parent.of("certify")
    ]
    for fact in subject.of("certify"):
        named = {one.get("statement") for one in fact.body.get("parents", ())}
        numbers = {one.get("number") for one in fact.body.get("parents", ())}
        covered = {
            parent.batch.chain
            for parent, theirs in above
            if theirs.hash in named or theirs.body.get("number", theirs.hash) in numbers
        }
        left = sorted({parent.name for parent, _ in above if parent.batch.chain not in covered})
        if left:
            yield Judged("certificate-unnamed", fact.index, {"batch": subject.batch.chain, "name": "、".join(left)})
