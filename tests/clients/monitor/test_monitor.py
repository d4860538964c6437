"""A monitor believes only what it has recomputed, finds what an operator bends, and can be stopped anywhere."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from clients.errors import Unreachable, Usage
from clients.monitor.monitor import Monitor
from clients.monitor.store import Store
from ledger import b64u
from ledger.errors import BadProof, BadSignature
from ledger.heads import Heads
from ledger.identity import ChainId, TraceCode, trace_code
from ledger.policy import Pin, Policy
from ledger.replay import Fault
from tests.clients.monitor.following import Published, following
from tests.ledger.test_replay import record
from tests.world import World, county, harvested, planted


@pytest.fixture
def world() -> World:
    """Some three hundred entries, so that there is more than one bundle."""
    world = county()
    planting = planted(world)
    many = [world.output("tomato", "1", lot=f"L{number}") for number in range(250)]
    world.state("harvest", "farm", {"inputs": [{"batch": planting}], "outputs": many}, [planting])
    for _ in range(20):
        harvested(world, planting)
    return world


@pytest.fixture
def service(world: World) -> Published:
    return Published(world)


@pytest.fixture
def told() -> list[Fault]:
    return []


@contextmanager
def watching(
    folder: Path, service: Published, told: list[Fault], code: Callable[[ChainId], TraceCode] = trace_code
) -> Iterator[Monitor]:
    with closing(following(folder, service, told, code)) as monitor:
        yield monitor


def true_heads(world: World) -> dict[str, str | int]:
    walk = Heads()
    for entry in world.entries:
        walk.add(entry.chain, entry.hash(), entry.seq)
    lines = walk.at(walk.size)
    return {"count": lines.count, "root": b64u.encode(lines.root), "size": walk.size}


def test_a_sound_log_is_followed_and_what_is_known_is_not_asked_for_again(
    tmp_path: Path, service: Published, told: list[Fault]
) -> None:
    world = service.world
    with watching(tmp_path, service, told) as monitor:
        head = monitor.look()
        assert head is not None
        assert head.size == monitor.size == len(world.entries)
        world.state("log.heads", "operator", {**true_heads(world)})
        harvested(world, planted(world))
        service.fetched.clear()
        assert monitor.look() is not None
        assert monitor.size == len(world.entries)
        assert "/log/tile/entries/000" not in service.fetched
        service.fetched.clear()
        monitor.look()
        assert service.fetched == ["/log/checkpoint"]
    assert told == []


def test_stopped_and_started_it_goes_on_where_it_was(tmp_path: Path, service: Published, told: list[Fault]) -> None:
    with watching(tmp_path, service, told) as monitor:
        monitor.look()
    size = len(service.world.entries)
    harvested(service.world, planted(service.world))
    service.fetched.clear()
    with watching(tmp_path, service, told) as monitor:
        assert monitor.size == size
        monitor.look()
        assert monitor.size == len(service.world.entries)
    assert "/log/statements/0-255" not in service.fetched
    assert told == []


def test_an_empty_log_has_nothing_to_follow(tmp_path: Path, told: list[Fault]) -> None:
    service = Published(county())
    service.world.entries.clear()
    with watching(tmp_path, service, told) as monitor:
        assert monitor.look() is None


def test_a_partial_bundle_may_be_gone(tmp_path: Path, service: Published, told: list[Fault]) -> None:
    """It has become full since the checkpoint was signed: then the full one is served alone."""
    note = service.world.note()
    size = len(service.world.entries)
    planting = planted(service.world)
    while len(service.world.entries) < 520:
        harvested(service.world, planting)
    service.checkpoint = lambda world: note
    service.partial = False
    with watching(tmp_path, service, told) as monitor:
        monitor.look()
        assert monitor.size == size
    assert told == []


# --- forks -----------------------------------------------------------------------------------------------------------


def forked(world: World, other_at: int) -> World:
    """The same log key, and from that index on another story."""
    other = copy.deepcopy(world)
    other.entries[other_at:] = [replace(entry, received=entry.received + 1) for entry in other.entries[other_at:]]
    return other


@pytest.mark.parametrize("more", [0, 3])
def test_a_fork_is_kept_as_proof(tmp_path: Path, service: Published, told: list[Fault], more: int) -> None:
    first = service.world.note()
    with watching(tmp_path, service, told) as monitor:
        monitor.look()
        service.world = forked(service.world, 100)
        planting = planted(service.world)
        for _ in range(more):
            harvested(service.world, planting)
        for _ in range(2):
            with pytest.raises(BadProof, match=r"^fork"):
                monitor.look()
        (fork,) = monitor.forks()
        assert (fork.held, fork.given) == (first, service.world.note())
    (kept,) = tmp_path.glob("fork-*.json")
    assert json.loads(kept.read_text())["held"] == first
    with watching(tmp_path, service, told) as monitor:
        assert len(monitor.forks()) == 1


def test_a_checkpoint_of_somebody_else_is_not_believed(tmp_path: Path, service: Published, told: list[Fault]) -> None:
    stranger = county()
    stranger.log_key = stranger.devices["farm"].key
    service.checkpoint = lambda world: stranger.note()
    with watching(tmp_path, service, told) as monitor, pytest.raises(BadSignature):
        monitor.look()


# --- what is served is not what was signed ---------------------------------------------------------------------------


def test_entries_that_were_exchanged_on_the_way_are_not_kept(
    tmp_path: Path, service: Published, told: list[Fault]
) -> None:
    def other(path: str, data: bytes) -> bytes:
        return data.replace(b'"seq":0', b'"seq":1') if path == "tile/entries/000" else data

    service.served = other
    with watching(tmp_path, service, told) as monitor:
        with pytest.raises(BadProof, match="bundle-other") as caught:
            monitor.look()
        assert caught.value.params["path"] == "tile/entries/000"
        assert monitor.size == 0
        service.served = lambda path, data: data
        monitor.look()
        assert monitor.size == len(service.world.entries)
    assert told == []


@pytest.mark.parametrize("bend", [lambda d: d[:-1], lambda d: d[:40], lambda d: b"", lambda d: b"\xff\xff" + d])
def test_a_bundle_that_is_none_is_no_answer(
    tmp_path: Path, service: Published, told: list[Fault], bend: Callable[[bytes], bytes]
) -> None:
    service.served = lambda path, data: bend(data) if path.startswith("tile/entries/") else data
    with watching(tmp_path, service, told) as monitor, pytest.raises((Unreachable, BadProof)):
        monitor.look()


@pytest.mark.parametrize(
    "bend",
    [
        lambda d: d + b"{}\n",
        lambda d: b"[]\n" + d,
        lambda d: d + d,
        lambda d: d.replace(b'"index":0', b'"index":"0"'),
        lambda d: d.replace(b'"index":0,', b'"index":-1,'),
        lambda d: b"<html>",
    ],
)
def test_lines_that_are_none_are_no_answer_and_the_next_look_goes_on(
    tmp_path: Path, service: Published, told: list[Fault], bend: Callable[[bytes], bytes]
) -> None:
    service.served = lambda path, data: bend(data) if path.startswith("statements/") else data
    with watching(tmp_path, service, told) as monitor:
        with pytest.raises(Unreachable):
            monitor.look()
        service.served = lambda path, data: data
        monitor.look()
        assert monitor.size == len(service.world.entries)
    assert told == []


def test_a_statement_that_was_exchanged_is_named(tmp_path: Path, service: Published, told: list[Fault]) -> None:
    world = service.world
    old, other = world.statements[-1].jws, world.statements[-2].jws
    service.served = lambda path, data: data.replace(old.encode(), other.encode())
    at = world.first[world.statements[-1].hash]
    with watching(tmp_path, service, told) as monitor:
        monitor.look()
        assert {fault.at for fault in told} >= {at}
        assert min(fault.at for fault in told) == at
        before = len(told)
        assert len(monitor.faults()) == before
    # Found once it stays found, and is not told again.
    with watching(tmp_path, service, told) as monitor:
        monitor.look()
        assert len(monitor.faults()) == len(told) == before


# --- what was recorded should never have been ------------------------------------------------------------------------


def test_false_heads_are_named(tmp_path: Path, service: Published, told: list[Fault]) -> None:
    world = service.world
    body = {**true_heads(world), "root": b64u.encode(bytes(32))}
    world.state("log.heads", "operator", body)
    with watching(tmp_path, service, told) as monitor:
        monitor.look()
    assert [(fault.check, fault.error.code) for fault in told] == [("heads", "heads")]


def test_two_lots_of_one_name_are_named(tmp_path: Path, service: Published, told: list[Fault]) -> None:
    world = service.world
    planting = planted(world)
    made = [world.output("tomato", "1", lot="L7")]
    body = {"inputs": [{"batch": planting}], "outputs": made}
    record(world, world.statement("harvest", "farm", body, [planting]))  # type: ignore[arg-type]
    with watching(tmp_path, service, told) as monitor:
        monitor.look()
    assert [(fault.check, fault.error.code) for fault in told] == [("names", "lot-taken")]


def test_two_chains_of_one_code_are_named(tmp_path: Path, service: Published, told: list[Fault]) -> None:
    lots = [statement.created[0] for statement in service.world.statements[-2:]]
    same = trace_code(lots[0])
    with watching(tmp_path, service, told, lambda chain: same if chain == lots[1] else trace_code(chain)) as monitor:
        monitor.look()
    assert [(fault.check, fault.error.code) for fault in told] == [("names", "code-taken")]


def test_who_may_not_sign_is_named(tmp_path: Path, service: Published, told: list[Fault]) -> None:
    world = service.world
    body = {"inputs": [], "outputs": [world.output("tomato", "1")]}
    record(world, world.statement("plant", "carrier", body))  # type: ignore[arg-type]
    with watching(tmp_path, service, told) as monitor:
        monitor.look()
    assert [fault.check for fault in told] == ["registry"]


# --- interruptions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["checkpoint", "tile/entries/001", "statements/0", "statements/256"])
def test_a_network_that_fails_anywhere_costs_nothing(
    tmp_path: Path, service: Published, told: list[Fault], gone: str
) -> None:
    service.lost = lambda path: path.startswith(gone)
    with watching(tmp_path, service, told) as monitor:
        for _ in range(2):
            with pytest.raises(Unreachable):
                monitor.look()
    with watching(tmp_path, service, told) as monitor:
        with pytest.raises(Unreachable):
            monitor.look()
        service.lost = lambda path: False
        monitor.look()
        assert monitor.size == len(service.world.entries)
    assert told == []


def test_one_program_at_a_time_and_one_log_a_folder(tmp_path: Path, service: Published, told: list[Fault]) -> None:
    with watching(tmp_path, service, told) as monitor:
        monitor.look()
        with pytest.raises(Usage, match="monitor-busy"):
            following(tmp_path, service, told)
    other = World(log="log.example.org/other")
    other.open()
    pin = Pin(Policy(((other.vkey, ""),)), other.parties["root"])
    with pytest.raises(Usage, match="monitor-other"):
        Store(tmp_path, pin)
