"""A bundle of 30 events with 10 ancestors, from a log of a million entries: how long verifying it takes (format §8)."""

import statistics
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from ledger import checkpoint, merkle
from ledger.bundle import Bundle
from ledger.canonical import Json
from ledger.checkpoint import Checkpoint, Note
from ledger.entry import Entry
from ledger.gathering import Carried, gather
from ledger.identity import ChainId
from ledger.merkle import Hash, NodeId
from ledger.receipt import Proven
from ledger.verify import verify
from tests.bundles import pin_of
from tests.world import World, county, planted

ENTRIES = 1_000_000
ANCESTORS = 10
EVENTS = 30
ROUNDS = 101


def verified() -> list[dict[str, Any]]:
    """Its own time: others may be at work beside it."""
    world = county()
    plantings = [planted(world) for _ in range(ANCESTORS)]
    inputs: list[Json] = [{"batch": one} for one in plantings]
    body: dict[str, Json] = {"inputs": inputs, "outputs": [world.output("tomato", "90")]}
    (lot,) = world.state("harvest", "farm", body, plantings).created
    for _ in range(EVENTS - 1):
        world.state("observe", "farm", {"weather": "晴"}, [lot])
    text, pin = spread(world, lot).text(), pin_of(world)
    took = []
    for _ in range(ROUNDS):
        started = time.process_time()
        verify(text, [pin])
        took.append((time.process_time() - started) * 1000)
    name = f"bundle of {EVENTS} events with {ANCESTORS} ancestors verified"
    return [{"figure": name, "unit": "ms", "measured": round(statistics.median(took), 1), "limit": "10 ms"}]


def spread(world: World, about: ChainId) -> Bundle:
    """The world's entries as if a million stood around them, every one in its order."""
    by_hash = {statement.hash: statement for statement in world.statements}
    # Those of one statement lie side by side.
    first = {hash_: place * ENTRIES // len(world.statements) for place, hash_ in enumerate(by_hash)}
    placed: dict[int, Entry] = {}
    for entry in world.entries:
        at = first[entry.statement] + by_hash[entry.statement].targets.index(entry.chain)
        placed[at] = entry
    rows = [[Hash(sha256(place.to_bytes(8)).digest()) for place in range(ENTRIES)]]
    for at, entry in placed.items():
        rows[0][at] = entry.hash()
    while len(rows[-1]) > 1:
        below = rows[-1]
        rows.append([merkle.node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])

    def nodes(wanted: list[NodeId]) -> Sequence[Hash]:
        return [rows[level][index] for level, index in wanted]

    chains: dict[ChainId, list[Carried]] = {}
    for at in sorted(placed):
        chains.setdefault(placed[at].chain, []).append(Carried(at, placed[at], by_hash[placed[at].statement]))
    found = gather([about, world.parties["root"]], lambda asked: {one: chains[one] for one in asked})
    head = Checkpoint(world.log, ENTRIES, merkle.root(ENTRIES, nodes))
    note = Note(str(head), (checkpoint.sign(head, world.log, world.log_key),))
    return Bundle(
        about=(about,),
        checkpoint=str(note),
        entries=tuple(
            Proven(one.entry, one.index, tuple(merkle.inclusion_proof(one.index, ENTRIES, nodes))) for one in found
        ),
        statements=tuple({one.statement.hash: one.statement for one in found}.values()),
    )
