"""Bundles out of a small world: the slow, obvious maker that the service's own is held against."""

from collections.abc import Iterable, Mapping, Sequence

from ledger import b64u, heads, merkle
from ledger.bundle import Bundle, Consistency, Heads, Line
from ledger.canonical import Json
from ledger.gathering import Carried, gather
from ledger.identity import ChainId
from ledger.policy import Pin, Policy
from ledger.receipt import Proven
from ledger.statement import Disclosure, Statement
from tests.world import World


def pin_of(world: World) -> Pin:
    return Pin(Policy(((world.vkey, ""),)), world.parties["root"])


def carried(world: World, about: Iterable[ChainId], size: int) -> list[Carried]:
    """Everything that a bundle about these chains carries."""
    by_hash = {statement.hash: statement for statement in world.statements}
    chains: dict[ChainId, list[Carried]] = {}
    for index, entry in enumerate(world.entries[:size]):
        chains.setdefault(entry.chain, []).append(Carried(index, entry, by_hash[entry.statement]))

    def fetch(wanted: Sequence[ChainId]) -> Mapping[ChainId, Sequence[Carried]]:
        return {chain: chains[chain] for chain in wanted if chain in chains}

    return gather([*about, world.parties["root"]], fetch)


def bundle_of(
    world: World,
    *about: ChainId,
    daily: Statement | None = None,
    since: Iterable[int] = (),
    disclosures: Iterable[Disclosure] = (),
    others: Iterable[Bundle] = (),
    note: str = "",
) -> Bundle:
    """What the service would answer; `daily` is the `log.heads` to show lines of, `since` sizes somebody remembers."""
    size = len(world.entries)
    asked = [*about, *(daily.created if daily is not None else ())]
    found = carried(world, asked, size)
    statements = list({one.statement.hash: one.statement for one in found}.values())
    seen = {one.seen for one in statements if one.seen}
    roots = {(at, merkle.root(at, world.nodes)) for at in since} | {(at, b64u.decode(root)) for at, root in seen}
    return Bundle(
        about=tuple(sorted(about)),
        checkpoint=note or world.note(),
        entries=tuple(
            Proven(one.entry, one.index, tuple(merkle.inclusion_proof(one.index, size, world.nodes))) for one in found
        ),
        statements=tuple(statements),
        consistency=tuple(
            Consistency(at, merkle.Hash(root), tuple(merkle.consistency_proof(at, size, world.nodes)))
            for at, root in sorted(roots)
        ),
        disclosures=tuple(sorted(disclosures)),
        heads=shown(lines_at(world, daily.body["size"]), daily, {one.entry.chain for one in found})
        if daily is not None
        else None,
        others=tuple(sorted(others, key=Bundle.text)),
    )


def lines_at(world: World, size: int) -> heads.Lines:
    """The lines of all chains with entries below `size`."""
    last = {
        entry.chain: heads.Head(entry.chain, b64u.encode(entry.hash()), entry.seq) for entry in world.entries[:size]
    }
    rows = b"".join(
        head.chain.encode() + b64u.decode(head.head) + head.seq.to_bytes(heads.SEQ) for _, head in sorted(last.items())
    )
    return heads.Lines.grown(rows)


def daily_heads(world: World, by: str = "operator") -> Statement:
    """A true `log.heads` of the log as it is."""
    lines = lines_at(world, len(world.entries))
    body: dict[str, Json] = {"count": lines.count, "root": b64u.encode(lines.root), "size": len(world.entries)}
    return world.state("log.heads", by, body)


def shown(lines: heads.Lines, daily: Statement, chains: Iterable[ChainId]) -> Heads:
    """What shows each of these chains present or absent."""
    found = {line.position: line for chain in chains for line in lines.show(chain)}
    return Heads(daily.hash, tuple(Line(found[at].line, at, tuple(found[at].proof)) for at in sorted(found)))
