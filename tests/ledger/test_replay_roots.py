"""Roots that a signer saw long ago: out of tiles that are fetched, and only if they are this log's own."""

from collections.abc import Callable, Sequence

import pytest

from ledger import b64u, merkle
from ledger import replay as module
from ledger.entry import Entry
from ledger.merkle import Hash
from ledger.replay import Replay
from ledger.statement import parse
from ledger.tiles import WIDTH, Frontier
from tests.ledger.replaying import Told, public, record, root_at, tile
from tests.world import World, county, planted


def long(world: World, sizes: Sequence[int], until: int) -> None:
    """Work on one plot up to ``until`` entries, then statements by signers who last looked at these sizes."""
    planting = planted(world)
    while len(world.entries) < until:
        record(world, world.statement("observe", "farm", {"growth_stage": "苗期"}, [planting]))
    for size in sizes:
        seen = (size, root_at(world, size))
        record(world, world.statement("observe", "coop", {"growth_stage": "苗期"}, [planting], seen=seen))
        world.devices["coop"].n, world.devices["coop"].after = 0, None


SIZES = (1, 5, 255, 256, 257, 511, 512, 700, 771)


def seen_faults(world: World, leaves: Callable[[int], list[Hash]]) -> list[str]:
    told = Told()
    replay = Replay(world.log, world.parties["root"], told, leaves, lambda index, statement, key: None)
    replay.follow(*public(world))
    assert replay.root == merkle.root(len(world.entries), world.nodes)
    return [code for _, _, code in told if code not in ("notebook-gap", "seen-falls")]


@pytest.mark.parametrize("at_hand", [1, 300, 1 << 16])
def test_roots_that_are_no_longer_at_hand_come_from_tiles(monkeypatch: pytest.MonkeyPatch, at_hand: int) -> None:
    monkeypatch.setattr(module, "AT_HAND", at_hand)
    monkeypatch.setattr(module, "KEPT_ROOTS", 4)
    world = county()
    long(world, SIZES, 780)
    assert seen_faults(world, tile(world)) == []


def test_a_tile_that_is_not_of_this_log_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_HAND", 1)
    world = county()
    long(world, (5, 300), 780)
    other = [world.entries[0].hash()] * WIDTH
    for forged in (other, other[:255], tile(world)(0) + tile(world)(1)):
        assert set(seen_faults(world, lambda index, forged=forged: forged)) == {"tile-other"}  # type: ignore[misc]


def test_and_a_log_of_many_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough entries for tiles of level 1 to be full: the upper ones come from what was kept."""
    monkeypatch.setattr(module, "AT_HAND", 1 << 12)
    world = county()
    planting = planted(world)
    replay = Replay(world.log, world.parties["root"], told := Told(), lambda index: hashes[index * WIDTH :][:WIDTH])
    replay.follow(*public(world))
    hashes = [entry.hash() for entry in world.entries]
    last, jws = world.heads[planting], world.statements[-1].jws
    chain = planting

    def entries(count: int) -> Sequence[bytes]:
        nonlocal last
        made = []
        for _ in range(count):
            last = Entry(chain, b64u.encode(last.hash()), last.received, last.seq + 1, parse(jws).hash)
            hashes.append(last.hash())
            made.append(last.text().encode())
        return made

    replay.follow(entries((1 << 16) + 5000 - len(hashes)), [])
    replay.follow(entries(1), [])
    assert {code for _, _, code in told} == {"absent"}
    told.clear()
    tree = Frontier()
    tree.extend(hashes)
    assert replay.root == tree.root()
    world.heads[chain] = last
    for size in (1, 768, 1 << 16, (1 << 16) + 256, 66_000):
        early = Frontier()
        early.extend(hashes[:size])
        seen = (size, b64u.encode(early.root()))
        statement = world.statement("observe", "farm", {"growth_stage": "苗期"}, [chain], seen=seen)
        last = Entry(chain, b64u.encode(last.hash()), last.received, last.seq + 1, statement.hash)
        hashes.append(last.hash())
        replay.follow([last.text().encode()], [(replay.size, statement.jws)])
    assert told == []
