"""A log replayed in tests: recorded past the law, read back in its public form, and what is told of it."""

from collections.abc import Callable, Sequence

from ledger import b64u
from ledger.entry import Entry
from ledger.identity import ChainId, TraceCode
from ledger.merkle import Hash
from ledger.replay import Fault, Replay
from ledger.statement import Statement
from ledger.tiles import WIDTH, Frontier
from tests.world import World, harvested, planted


class Told(list[tuple[int, str, str]]):
    """The faults as (index, chain or statement, code); ``checks`` says of each which check it was."""

    def __init__(self) -> None:
        super().__init__()
        self.checks: list[str] = []

    def __call__(self, fault: Fault) -> None:
        self.append((fault.at, fault.what, fault.error.code))
        self.checks.append(fault.check)


def record(world: World, statement: Statement, received: int | None = None) -> int:
    """As an operator records it who asks nobody: linked and counted, whatever it says."""
    index = len(world.entries)
    world.statements.append(statement)
    world.first[statement.hash] = index
    for chain in statement.targets:
        last = world.heads.get(chain)
        prev, seq = (b64u.encode(last.hash()), last.seq + 1) if last else (None, 0)
        entry = Entry(chain, prev, world.clock * 1000 if received is None else received, seq, statement.hash)
        world.entries.append(entry)
        world.heads[chain] = entry
    return index


def tile(world: World) -> Callable[[int], list[Hash]]:
    return lambda index: [entry.hash() for entry in world.entries[index * WIDTH : (index + 1) * WIDTH]]


def public(world: World) -> tuple[list[bytes], list[tuple[int, str]]]:
    entries = [entry.text().encode() for entry in world.entries]
    return entries, [(world.first[statement.hash], statement.jws) for statement in world.statements]


def begun(world: World, told: Told, code: Callable[[ChainId], TraceCode] | None = None) -> Replay:
    if code is None:
        return Replay(world.log, world.parties["root"], told, tile(world))
    return Replay(world.log, world.parties["root"], told, tile(world), code=code)


def faults(world: World, entries: Sequence[bytes] | None = None, stated: Sequence[tuple[int, str]] = ()) -> Told:
    """What is told of a log; ``entries`` and ``stated`` in place of its own."""
    told = Told()
    own_entries, own_stated = public(world)
    begun(world, told).follow(own_entries if entries is None else entries, stated or own_stated)
    return told


def root_at(world: World, size: int) -> str:
    tree = Frontier()
    tree.extend([entry.hash() for entry in world.entries[:size]])
    return b64u.encode(tree.root())


def season(world: World) -> ChainId:
    """A planting, a harvest, and work on both, with what each signer had seen."""
    planting = planted(world)
    lot = harvested(world, planting)
    for number in range(4):
        size = len(world.entries)
        seen = (size, root_at(world, size)) if number % 2 else (size - 1, root_at(world, size - 1))
        world.put(world.statement("observe", "farm", {"growth_stage": "结果期"}, [planting], seen=seen))
    return lot


def judged(world: World, statement: Statement, received: int | None = None) -> list[str]:
    """The codes told of a statement that was recorded behind all others; there are none of what came before."""
    index = record(world, statement, received)
    told = faults(world)
    assert {at for at, _, _ in told} <= {*range(index, len(world.entries))}
    return [code for _, _, code in told]
