"""The certificate that goes with the goods: due, collected, naming where it all came from (records §3.4).

农产品质量安全承诺达标合格证管理办法 (MARA Order 4 of 2025, in force 2026-02-01). For which goods it is due is a table.
"""

from collections.abc import Iterator, Mapping

from app.rules.days import day
from app.rules.kernel import Context, Fact, Judged, Subject, rule
from ledger.identity import ChainId

_ENTERPRISES = frozenset(("coop", "company"))
_BUYERS = frozenset(("processor", "shop"))


def _due(subject: Subject, fact: Fact, context: Context) -> bool:
    return context.tables.certificate(subject.category, day(fact.at, context)) is not None


def certified(subject: Subject, context: Context, *, but: ChainId | None = None) -> bool:
    """Whether a certificate of this batch stands: issued here, or collected with what came from outside.

    ``but`` has to have it from somebody else: nobody promises himself what he was to collect.
    """
    if any(fact.actor != but for fact in subject.told(context, "certify")):
        return True
    made = subject.made
    return made is not None and made.kind == "intake" and _collected(made)


def _collected(arrival: Fact) -> bool:
    """Whether it says so in public; a photo is sealed, and what is sealed may be erased."""
    return arrival.body.get("certificate_checked", False) or any(
        name in arrival.body for name in ("certificate_no", "from")
    )


@rule("certificate-due", "ship certify intake", when="ship")
def due(subject: Subject, context: Context) -> Iterator[Judged]:
    """An enterprise or co-op has sent its goods off without a certificate; a household is only encouraged to issue one.

    Goods on their way to a store of the sender's own need none: only what is handed to a buyer.
    """
    if subject.batch.kind != "lot" or certified(subject, context):
        return
    party = context.registry.parties.get(subject.batch.party)
    if party is None or party.profile["type"] not in _ENTERPRISES:
        return
    for fact in subject.of("ship"):
        if fact.actor == subject.batch.party and _buys(fact.body["receiver"], context) and _due(subject, fact, context):
            yield Judged("certificate-due", fact.index, {"batch": subject.batch.chain, "party": fact.actor})
            return


def _buys(party: str, context: Context) -> bool:
    found = context.registry.parties.get(ChainId(party))
    return found is not None and not _BUYERS.isdisjoint(found.roles)


@rule("certificate-missing", "receive intake certify ship", when="receive intake")
def missing(subject: Subject, context: Context) -> Iterator[Judged]:
    """A buyer has taken goods in without collecting the certificate: they go no further until there is one."""
    if subject.batch.kind != "lot":
        return
    made = subject.made
    if made is not None and made.kind == "intake" and _due(subject, made, context):
        if not certified(subject, context, but=made.actor):
            params = {"batch": subject.batch.chain, "party": made.actor}
            yield Judged("certificate-missing", made.index, params, "hold")
    for fact in subject.told(context, "receive"):
        # Back in the hands of whoever made it, it was not bought.
        if _collected(fact) or fact.actor == subject.batch.party or certified(subject, context, but=fact.actor):
            continue
        if _buys(fact.actor, context) and _due(subject, fact, context):
            params = {"batch": subject.batch.chain, "party": fact.actor}
            yield Judged("certificate-missing", fact.index, params, "hold")


def cured(code: str, params: Mapping[str, str], batch: ChainId, party: ChainId | None) -> bool:
    """Whether a certificate of ``batch`` by ``party`` is the very thing that it is stopped for want of."""
    return code == "certificate-missing" and params["batch"] == batch and params["party"] != party


@rule("certificate-parents", "process", above="certify intake ship")
def mixed(subject: Subject, context: Context) -> Iterator[Judged]:
    """What several producers' goods were mixed into, without valid certificates of all of them, is stopped."""
    made = subject.made
    if made is None or made.kind != "process" or not _due(subject, made, context):
        return
    lots = [parent for parent in subject.parents if parent.batch.kind == "lot"]
    bought = [parent for parent in lots if parent.batch.party != made.actor or _taken_in(parent)]
    without = [one for one in bought if not certified(one, context, but=made.actor) and _due(one, made, context)]
    if without:
        params = {"batch": subject.batch.chain, "name": "、".join(sorted({one.name for one in without}))}
        yield Judged("certificate-parents", made.index, params | {"count": str(len(without))}, "hold")


def _taken_in(subject: Subject) -> bool:
    return subject.made is not None and subject.made.kind == "intake"


@rule("certificate-unnamed", "certify ship", above="certify intake ship", when="certify")
def unnamed(subject: Subject, context: Context) -> Iterator[Judged]:
    """A certificate issued anew, on mixing or repacking, names those of all that went into it."""
    above = {
        one.batch.chain: (one.name, set(_certificates(one, context)))
        for one in subject.parents
        if one.batch.kind == "lot"
    }
    for fact in subject.told(context, "certify"):
        named = {value for one in fact.body.get("parents", ()) for value in one.values()}
        left = sorted({name for name, theirs in above.values() if theirs and theirs.isdisjoint(named)})
        if left:
            yield Judged("certificate-unnamed", fact.index, {"batch": subject.batch.chain, "name": "、".join(left)})


def _certificates(subject: Subject, context: Context) -> Iterator[str]:
    """What the certificates of a batch can be named by: their records, their numbers."""
    for fact in subject.told(context, "certify"):
        yield fact.hash
        if "number" in fact.body:
            yield fact.body["number"]
    if subject.made is not None and "certificate_no" in subject.made.body:
        yield subject.made.body["certificate_no"]
