"""Checks 13 to 16, of what only the whole walk can tell."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from ledger import b64u
from ledger.bundle import Bundle
from ledger.checkpoint import Checkpoint, Note
from ledger.errors import BadProof, Malformed
from ledger.heads import Head, Known, verify_line
from ledger.merkle import Hash
from ledger.receipt import Proven
from ledger.statement import Statement, to_ms
from ledger.verdict import Invalid, Remark
from ledger.verify.run import Run

WITNESS_CLOCK = 60_000
"""How far, in ms, an entry may be younger than the latest cosignature: clocks differ."""


def check_left_over(run: Run) -> None:
    """13, of the whole: every disclosure belongs to a statement carried, and the files given are those it names."""
    sealed = {one for item in run.items for one in item.statement.sealed}
    for one in run.disclosed.keys() - sealed:
        raise BadProof("disclosure-stray", path="disclosures", has=run.disclosed[one][:40])
    if not run.attachments:
        return
    named = {
        (one["sha256"], one["size"])
        for item in run.items
        for body in (item.statement.body, run.opened.get(item.statement.hash, {}))
        for one in _attachments(body)
    }
    for name, data in run.attachments.items():
        found = b64u.encode(sha256(data).digest())
        if (found, len(data)) not in named:
            raise BadProof("attachment", path=name, has=found, wanted="a file that the record names")


def _attachments(value: object) -> Iterator[Mapping[str, Any]]:
    """Every ``{media_type,name,sha256,size}`` within, whatever field it stands in."""
    if isinstance(value, Mapping):
        if value.keys() == {"media_type", "name", "sha256", "size"}:
            yield value
        for inner in value.values():
            yield from _attachments(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _attachments(inner)


def check_time(run: Run) -> None:
    """14: the log's own times never fall, and none is later than its witnesses'."""
    latest = max(run.witnessed.values(), default=None)
    before = 0
    for place, proven in enumerate(run.bundle.entries):
        run.record = f"entries[{place}]"
        received = proven.entry.received
        if received < before:
            raise BadProof("time-falls", path="received", has=received, wanted=before)
        if latest is not None and received > latest * 1000 + WITNESS_CLOCK:
            raise BadProof("time-late", path="received", has=received, wanted=latest * 1000 + WITNESS_CLOCK)
        before = received


def check_heads(run: Run) -> None:
    """15: the newest daily heads say of each chain what is carried, and do not know of more."""
    heads = run.heads
    if heads is None:
        run.remarks.append(Remark("no-heads"))
        return
    run.record = heads.record
    size = heads.statement.body["size"]
    if size > heads.first:
        raise BadProof("heads-ahead", path="size", has=size, wanted=heads.first)
    known = _known(run, heads.statement)
    carried = {one.entry.chain: one for one in run.bundle.entries if one.index < size}
    covered = all(chain in carried for chain in run.bundle.about)
    for chain in run.chains:
        run.record = chain
        has = _head(carried.get(chain))
        try:
            wanted = known.find(chain)
        except BadProof:
            if has is not None:
                covered = False
                run.remarks.append(Remark("uncovered", chain))
            continue
        if has != wanted:
            text = [head.line().decode() if head else "–" for head in (has, wanted)]
            raise BadProof("heads-other", path="heads", has=text[0], wanted=text[1])
    if late := sum(item.first >= size for item in run.items if item is not heads):
        run.remarks.append(Remark("unconfirmed-since", heads.record, {"has": late}))
    if covered:
        run.complete_as_of = min(heads.entries[0].entry.received, to_ms(heads.statement.at))


def _known(run: Run, statement: Statement) -> Known:
    """What the lines carried say, each held against the statement's root."""
    assert run.bundle.heads is not None  # noqa: S101 - or there were no heads to ask
    count, root = statement.body["count"], Hash(b64u.decode(statement.body["root"], 32, path="root"))
    found = []
    for place, line in enumerate(run.bundle.heads.lines):
        run.record = f"heads.lines[{place}]"
        found.append((line.position, verify_line(line.line, line.position, count, line.proof, root)))
    return Known(found, count)


def _head(proven: Proven | None) -> Head | None:
    if proven is None:
        return None
    return Head(proven.entry.chain, b64u.encode(proven.entry.hash()), proven.entry.seq)


def check_origin(run: Run) -> None:
    """16: what came from another county's log was shipped there, by that log's own bundle and pin."""
    used: set[int] = set()
    verdicts: dict[int, Run] = {}
    for item in run.items:
        if item.statement.kind != "intake" or "from" not in item.statement.body:
            continue
        run.record = item.record
        log, shipment, chain, size, root = _from(item.statement.body["from"])
        there = [place for place, other in enumerate(run.bundle.others) if _origin(other) == log]
        used.update(there)
        if log not in run.pins:
            run.remarks.append(Remark("origin-not-verified", item.record, {"has": log}))
            continue
        carrying = [
            place for place in there if any(shipment == one.hash for one in run.bundle.others[place].statements)
        ]
        if not carrying:
            raise BadProof("origin-absent", path="others", has=log, wanted=shipment)
        place = carrying[0]
        if place not in verdicts:
            verdicts[place] = _visit(run, place)
        other = verdicts[place]
        (shipped,) = [one for one in other.items if one.statement.hash == shipment]
        if shipped.statement.kind != "ship":
            raise BadProof("origin-shipment", path="from.statement", has=shipped.statement.kind, wanted="ship")
        indexes = [one.index for one in shipped.entries if one.entry.chain == chain]
        if not indexes:
            raise BadProof("origin-chain", path="from.chain", has=chain, wanted=", ".join(shipped.statement.on) or "–")
        if indexes[0] >= size:
            raise BadProof("origin-size", path="from.size", has=size, wanted=indexes[0] + 1)
        other.want_consistent(size, root, "from")
    if strays := set(range(len(run.bundle.others))) - used:
        raise BadProof("origin-stray", path=f"others[{min(strays)}]", has=_origin(run.bundle.others[min(strays)]))


def _visit(run: Run, place: int) -> Run:
    """The whole list over a bundle from another log."""
    other = Run(run.bundle.others[place], b"", run.pins, run.checks, remembered=run.remembered, depth=run.depth + 1)
    try:
        run.others.append(other.verdict())
    except Invalid as error:
        raise Invalid(16, "origin", f"others[{place}] › {error.record}", error.cause) from None
    return other


def _origin(bundle: Bundle) -> str:
    return Checkpoint.parse(Note.parse(bundle.checkpoint).text).origin


def _from(value: object) -> tuple[str, str, str, int, str]:
    """Log, shipment, chain, size and root. Raises Malformed: other bodies than the registry's come unchecked."""
    match value:
        case {"chain": str(chain), "log": str(log), "root": str(root), "size": int(size), "statement": str(shipment)}:
            return log, shipment, chain, size, root
    raise Malformed("type", path="from", wanted="chain, log, root, size, statement")
