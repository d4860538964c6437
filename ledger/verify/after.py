"""Checks 13 to 16, of what only the whole walk can tell."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from ledger import b64u
from ledger.errors import BadProof
from ledger.heads import Head, Known, verify_line
from ledger.merkle import Hash
from ledger.origin import Origin, head_of
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
    visited: dict[int, Run] = {}
    for item in run.items:
        run.record = item.record
        origin = Origin.of(item.statement)
        if origin is None:
            continue
        there = [place for place, other in enumerate(run.bundle.others) if head_of(other).origin == origin.log]
        used.update(there)
        if origin.log in run.pins:
            _want_shipped(run, origin, there, visited)
        else:
            run.remarks.append(Remark("origin-not-verified", item.record, {"has": origin.log}))
    run.record = "others"
    if strays := set(range(len(run.bundle.others))) - used:
        has = head_of(run.bundle.others[min(strays)]).origin
        raise BadProof("origin-stray", path=f"others[{min(strays)}]", has=has)


def _want_shipped(run: Run, origin: Origin, there: Sequence[int], visited: dict[int, Run]) -> None:
    """One of the bundles from that log shows the shipment; ``visited`` are those that were verified already.

    There may be several: one shipment holds many batches, one batch goes out in many shipments.
    """
    failed: list[BadProof] = []
    for place in there:
        if not any(origin.statement == one.hash for one in run.bundle.others[place].statements):
            continue
        other = visited.get(place) or visited.setdefault(place, _visit(run, place))
        (shipped,) = [one for one in other.items if one.statement.hash == origin.statement]
        try:
            origin.want_shipped(shipped.statement, shipped.entries)
            other.want_consistent(origin.size, origin.root, "from")
        except BadProof as error:
            failed.append(error)
        else:
            return
    raise failed[0] if failed else BadProof("origin-absent", path="others", has=origin.log, wanted=origin.statement)


def _visit(run: Run, place: int) -> Run:
    """The whole list over a bundle from another log."""
    other = Run(run.bundle.others[place], b"", run.pins, run.checks, remembered=run.remembered, depth=run.depth + 1)
    try:
        run.others.append(other.verdict())
    except Invalid as error:
        raise Invalid(16, "origin", f"others[{place}] › {error.record}", error.cause) from None
    return other
