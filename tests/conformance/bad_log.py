"""Checks 2 to 5, 14 to 16: checkpoints, witnesses, proofs, time, heads and origins that do not hold."""

from collections.abc import Iterator
from dataclasses import replace

from ledger import b64u, checkpoint, merkle
from ledger.bundle import Bundle, Consistency
from ledger.canonical import Json
from ledger.checkpoint import Checkpoint, Note
from ledger.merkle import Hash
from tests.bundles import bundle_of, daily_heads, lines_at, pin_of, shown
from tests.conformance.good import shipped_abroad, taken_in
from tests.conformance.town import Case, case, lot, observed, town, witnessed, witnessed_pin
from tests.world import secret

NOWHERE = Hash(bytes(32))


def bad_log() -> Iterator[Case]:
    yield from _checkpoint()
    yield from _quorum()
    yield from _rollback()
    yield from _inclusion()
    yield from _time()
    yield from _heads()
    yield from _origin()


def _checkpoint() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    whole = bundle_of(made, chain)

    def refused(name: str, what: str, given: Bundle, **more: object) -> Case:
        return case(name, what, made, given, check=2, reason="checkpoint", **more)

    thief = replace(made, log_key=secret("somebody else's"))
    yield refused("other-log-key", "signed with another key", replace(whole, checkpoint=thief.note()))
    yield refused(
        "no-pin", "of a log that the verifier has no pin for", whole, pins=(pin_of(town("log.example.org/x")),)
    )
    note = Note.parse(whole.checkpoint)
    head = made.checkpoint()
    longer = Note(str(replace(head, size=head.size + 1)), note.signatures)
    yield refused(
        "signature-of-other-text", "the signature of another checkpoint", replace(whole, checkpoint=str(longer))
    )
    renamed = checkpoint.Signature(f"{made.log}x", note.signatures[0].key_id, note.signatures[0].value)
    yield refused(
        "signed-under-other-name",
        "signed under another name",
        replace(whole, checkpoint=str(Note(note.text, (renamed,)))),
    )


def _quorum() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    pins = (witnessed_pin(made),)

    def refused(name: str, what: str, note: str) -> Case:
        return case(name, what, made, bundle_of(made, chain, note=note), check=3, reason="quorum", pins=pins)

    yield refused("no-witness", "no witness signed", made.note())
    yield refused("one-witness", "one witness where two are wanted", witnessed(made, "school"))
    yield refused("one-witness-twice", "one witness, twice", witnessed(made, "school", "school"))
    forged = witnessed(made, "school", "archive", key=secret("no witness"))
    yield refused("forged-cosignatures", "cosignatures that the witnesses did not give", forged)
    third = Note.parse(witnessed(made, "archive", "school"))
    bad = Note.parse(witnessed(made, "market", key=secret("no witness"))).signatures[1]
    both = str(Note(third.text, (*third.signatures, bad)))
    yield refused("bad-beside-good", "enough good cosignatures, and a forged one beside them", both)


def _rollback() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    before = made.checkpoint()
    observed(made, chain)

    def refused(name: str, what: str, given: Bundle, known: Checkpoint) -> Case:
        return case(name, what, made, given, check=4, reason="rollback", remembered=(known,))

    now = made.checkpoint()
    other = replace(now, root=NOWHERE)
    yield refused("other-root", "as long as what was seen before, with another root", bundle_of(made, chain), other)
    yield refused("no-consistency", "longer than what was seen before, without proof", bundle_of(made, chain), before)
    proven = bundle_of(made, chain, since=[before.size])
    (one,) = proven.consistency
    cut = replace(proven, consistency=(replace(one, proof=one.proof[:-1]),))
    yield refused("consistency-cut", "the proof of consistency is cut short", cut, before)
    forked = replace(before, root=NOWHERE)
    lie = replace(proven, consistency=(Consistency(before.size, NOWHERE, one.proof),))
    yield refused("forked", "another history than the one seen before", lie, forked)


def _inclusion() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    observed(made, chain)
    whole = bundle_of(made, chain)
    last = whole.entries[-1]

    def refused(name: str, what: str, changed: object) -> Case:
        given = replace(whole, entries=(*whole.entries[:-1], changed))  # type: ignore[arg-type]
        return case(name, what, made, given, check=5, reason="inclusion")

    younger = replace(last.entry, received=last.entry.received + 1)
    yield refused("entry-changed", "an entry received a little later", replace(last, entry=younger))
    yield refused("index-moved", "an entry moved", replace(last, index=last.index + 1))
    yield refused("proof-cut", "a proof cut short", replace(last, proof=last.proof[:-1]))
    yield refused("proof-longer", "a proof with one hash more", replace(last, proof=(*last.proof, NOWHERE)))
    turned = (bytes([last.proof[0][0] ^ 1]) + last.proof[0][1:], *last.proof[1:])
    yield refused("proof-bit", "one bit of a proof", replace(last, proof=turned))
    outside = replace(last, index=made.checkpoint().size + 5)
    yield refused("index-outside", "an index that the log has not", outside)
    small = Checkpoint(made.log, last.index, merkle.root(last.index, made.nodes))
    note = str(Note(str(small), (checkpoint.sign(small, made.log, made.log_key),)))
    given = replace(whole, checkpoint=note)
    yield case("beyond-checkpoint", "an entry younger than the checkpoint", made, given, check=5, reason="inclusion")


def _time() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    early = made.statement("observe", "farm", {"growth_stage": "转色"}, [chain])
    made.force(early, received=[made.entries[-1].received - 1])
    yield case(
        "received-falls",
        "an entry received before the one before it",
        made,
        bundle_of(made, chain),
        check=14,
        reason="time",
    )
    made = town()
    chain = lot(made)
    note = witnessed(made, "archive", "school", time=made.clock - 61)
    yield case(
        "received-after-witnesses",
        "entries from after the witnesses signed",
        made,
        bundle_of(made, chain, note=note),
        check=14,
        reason="time",
        pins=(witnessed_pin(made),),
    )


def _heads() -> Iterator[Case]:
    def refused(name: str, what: str, made: object, given: Bundle, reason: str = "heads", check: int = 15) -> Case:
        return case(name, what, made, given, check=check, reason=reason)  # type: ignore[arg-type]

    made = town()
    chain = lot(made)
    observed(made, chain)
    daily = daily_heads(made)
    whole = bundle_of(made, chain, daily=daily)
    # The last record about the batch, which is not the last before the heads' own, is withheld.
    kept = [one for one in whole.entries if one.entry.statement != made.statements[-2].hash]
    left = [one for one in whole.statements if one.hash != made.statements[-2].hash]
    withheld = replace(whole, entries=tuple(kept), statements=tuple(left))
    yield refused("last-record-withheld", "the last record about the batch is left out", made, withheld)

    hidden = town()
    chain = lot(hidden)
    kid, party = hidden.devices["farm"].key.public.kid, hidden.parties["farm"]
    hidden.state("key.revoke", "registrar", {"kid": kid, "reason": "被盗"}, [party])
    revoked = hidden.statements[-1].hash
    daily = daily_heads(hidden)
    whole = bundle_of(hidden, chain, daily=daily)
    kept = [one for one in whole.entries if one.entry.statement != revoked]
    left = [one for one in whole.statements if one.hash != revoked]
    withheld = replace(whole, entries=tuple(kept), statements=tuple(left))
    yield refused("revocation-withheld", "that a key was revoked is left out", hidden, withheld)

    lines = bundle_of(hidden, chain, daily=daily).heads
    assert lines is not None
    lied = town()
    chain = lot(lied)
    ahead: dict[str, Json] = {"count": 1, "root": b64u.encode(NOWHERE), "size": len(lied.entries) + 1}
    future = lied.forge("log.heads", "operator", ahead)
    given = bundle_of(lied, chain, daily=daily_heads(lied))
    assert given.heads is not None
    future_heads = replace(given.heads, statement=future.hash, lines=())
    base = bundle_of(lied, chain, future.created[0])
    given = replace(base, about=(chain,), heads=future_heads)
    yield refused("heads-of-the-future", "heads of more entries than there were", lied, given)

    false = town()
    chain = lot(false)
    untrue: dict[str, Json] = {"count": 3, "root": b64u.encode(NOWHERE), "size": len(false.entries)}
    daily = false.forge("log.heads", "operator", untrue)
    base = bundle_of(false, chain, daily.created[0])
    given = replace(base, about=(chain,), heads=replace(lines, statement=daily.hash, lines=lines.lines[:1]))
    yield refused("heads-line-unproven", "a line that is not under the heads' root", false, given)

    other = town()
    chain = lot(other)
    given = bundle_of(other, chain)
    named = replace(lines, statement=given.statements[-1].hash, lines=())
    yield refused("heads-not-heads", "heads that are some other record", other, replace(given, heads=named))
    named = replace(lines, statement=daily.hash, lines=())
    yield refused("heads-not-carried", "heads that are not carried", other, replace(given, heads=named))

    denied = town()
    chain = lot(denied)
    without = replace(denied, entries=[one for one in denied.entries if one.chain != chain])
    few = lines_at(without, len(without.entries))
    body: dict[str, Json] = {"count": few.count, "root": b64u.encode(few.root), "size": len(denied.entries)}
    daily = denied.forge("log.heads", "operator", body)
    base = bundle_of(denied, chain, daily.created[0])
    told = shown(few, daily, {one.entry.chain for one in base.entries})
    yield refused(
        "heads-deny-the-batch",
        "heads that know nothing of the batch",
        denied,
        replace(base, about=(chain,), heads=told),
    )

    usurped = town()
    chain = lot(usurped)
    daily = usurped.forge("log.heads", "farm", {"count": 0, "root": b64u.encode(merkle.EMPTY_ROOT), "size": 0})
    given = bundle_of(usurped, chain, daily=daily)
    yield refused("heads-by-a-farm", "heads that the operator did not sign", usurped, given, "role", 10)


def _origin() -> Iterator[Case]:
    here, there, chain, origin = shipped_abroad()
    assert isinstance(origin, dict)
    size = int(str(origin["size"]))
    both = (pin_of(here), pin_of(there))
    inner = bundle_of(here, chain, since=[size])

    def refused(name: str, what: str, origin: Json, *others: Bundle) -> Case:
        _, there, _, _ = shipped_abroad()
        batch = taken_in(there, origin)
        given = bundle_of(there, batch, others=others)
        return case(f"origin-{name}", what, there, given, check=16, reason="origin", pins=both)

    yield refused("absent", "the other log's bundle is left out", origin)
    last = inner.entries[-1]
    changed = replace(last, entry=replace(last.entry, received=last.entry.received + 1))
    yield refused(
        "changed", "the other log's bundle is changed", origin, replace(inner, entries=(*inner.entries[:-1], changed))
    )
    harvest = next(one for one in inner.statements if one.kind == "harvest")
    yield refused("not-a-shipment", "what it came by is no shipment", {**origin, "statement": harvest.hash}, inner)
    planting = harvest.on[0]
    yield refused("other-batch", "that shipment had no such batch", {**origin, "chain": planting}, inner)
    early = Checkpoint(here.log, size - 1, merkle.root(size - 1, here.nodes))
    before: Json = {**origin, "root": b64u.encode(early.root), "size": early.size}
    older = bundle_of(here, chain, since=[early.size])
    yield refused("before-it-was-shipped", "what was seen there is older than the shipment", before, older)
    forked: Json = {**origin, "root": b64u.encode(NOWHERE)}
    yield refused("other-history", "what was seen there is not that log", forked, inner)
    yield refused("odd", "an origin that is not written as one", {"log": here.log})
    unneeded = bundle_of(here, chain)
    alone = town("log.example.org/downstream")
    batch = lot(alone)
    given = bundle_of(alone, batch, others=[unneeded])
    yield case("origin-stray", "a bundle that no record needs", alone, given, check=16, reason="origin", pins=both)
    thief = replace(here, log_key=secret("somebody else's"))
    yield refused(
        "other-log-key",
        "the other log's checkpoint is signed with another key",
        origin,
        replace(inner, checkpoint=thief.note()),
    )
