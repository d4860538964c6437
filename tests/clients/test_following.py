"""Following the log: what continues what was seen is seen; what does not is kept as proof, and not signed on."""

import json
import sqlite3
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import httpx
import pytest

from clients.client import Client
from clients.device import Device
from clients.errors import Refused, Unreachable
from clients.heads import Head, Heads
from clients.notebook import Notebook
from clients.wordings import say
from ledger import b64u, checkpoint
from ledger.checkpoint import Checkpoint, Note, VKey
from ledger.errors import BadProof, BadSignature
from ledger.fork import parse as parse_fork
from ledger.merkle import Hash
from ledger.policy import Pin, Policy, Witness
from tests.clients.growing import plant, states
from tests.clients.honest import Service
from tests.world import World, planted, secret


def grow(world: World, entries: int) -> None:
    """So many entries more, in statements of at most 250."""
    while entries > 0:
        outputs = [world.output("tomato", "1") for _ in range(min(250, entries))]
        world.state("plant", "farm", {"outputs": outputs})
        entries -= len(outputs)


def claim(world: World) -> tuple[int, str]:
    head = world.checkpoint()
    return head.size, b64u.encode(head.root)


def signed(world: World, size: int, root: bytes, key: str = "log") -> str:
    head = Checkpoint(world.log, size, Hash(root))
    return str(Note(str(head), (checkpoint.sign(head, world.log, secret(key)),)))


def forked(service: Service) -> World:
    """The operator goes on with another history, under the same key; gives the one that he leaves."""
    honest = service.world
    service.world = deepcopy(honest)
    return honest


# One history


@pytest.mark.parametrize("steps", [[1, 1, 1], [250, 1, 400], [239, 1, 1, 255], [600, 1, 300]])
def test_each_head_is_tied_to_the_one_before(client: Client, service: Service, world: World, steps: list[int]) -> None:
    for step in steps:
        grow(world, step)
        head = client.follow()
        assert head is not None
        assert head.note == world.note()
        assert plant(client, world).statement.seen == claim(world)
    assert any("/tile/" in path for path in service.fetched)


def test_what_is_followed_is_on_the_disk(client: Client, world: World) -> None:
    head = client.follow()
    with Notebook(client.notebook.device) as again:
        assert again.heads.seen() == again.heads.newest() == head


def test_the_same_head_again_asks_for_nothing_more(client: Client, service: Service) -> None:
    client.follow()
    service.fetched.clear()
    assert client.follow() == client.notebook.heads.seen()
    assert service.fetched == ["/log/checkpoint"]


def test_an_older_head_of_the_same_history_changes_nothing(client: Client, service: Service, world: World) -> None:
    """A cache on the way, or a backup that was restored and has not gone on yet."""
    old = deepcopy(world)
    planted(world)
    client.follow()
    service.checkpoint = lambda world: old.note()
    head = client.follow()
    assert head is not None
    assert head.note == world.note()


def test_a_log_without_a_checkpoint_is_followed_from_its_first(client: Client, service: Service, world: World) -> None:
    entries, world.entries = world.entries, []
    assert client.follow() is None
    assert plant(client, world).statement.seen is None
    world.entries = entries
    assert client.follow() is not None


def test_a_partial_tile_that_is_gone_is_read_out_of_the_full_one(
    client: Client, service: Service, world: World
) -> None:
    grow(world, 100)
    client.follow()
    grow(world, 100)
    between = world.note()
    grow(world, 100)
    served = service.published

    def pruned(path: str) -> httpx.Response:
        return httpx.Response(404) if path.startswith("tile/0/000.p/") else served(path)

    service.published = pruned  # type: ignore[method-assign]
    service.checkpoint = lambda world: between
    head = client.follow()
    assert head is not None
    assert head.note == between
    assert "/log/tile/0/000" in service.fetched


# Two histories


def test_a_fork_is_kept_and_nothing_is_signed_on_it(client: Client, service: Service, world: World) -> None:
    planted(world)
    seen = client.follow()
    assert seen is not None
    honest = forked(service)
    rewritten = service.world.entries
    rewritten[3] = rewritten[2]
    grow(service.world, 5)
    for _ in range(2):
        with pytest.raises(BadProof, match=r"^fork") as caught:
            client.follow()
    assert client.notebook.heads.seen() == client.notebook.heads.newest() == seen
    assert plant(client, world).statement.seen == claim(honest)
    (fork,) = client.notebook.heads.forks()
    assert (fork.held, fork.given, fork.reason) == (seen.note, service.world.note(), "fork")
    # The proof, as a file to hand on: two notes, each of which the log has signed, and that they contradict each other.
    path = Path(caught.value.params["path"])
    smaller, larger = parse_fork(path.read_text()).verify(service.pin)
    assert (smaller.size, larger.size) == (seen.size, len(service.world.entries))
    for lang in ("zh", "en"):
        assert str(path) in say(caught.value, lang)


def test_two_roots_of_one_size_are_a_fork_without_a_look_at_any_tile(
    client: Client, service: Service, world: World
) -> None:
    client.follow()
    service.checkpoint = lambda world: signed(world, len(world.entries), bytes(32))
    service.fetched.clear()
    with pytest.raises(BadProof, match=r"^fork"):
        client.follow()
    assert service.fetched == ["/log/checkpoint"]


def test_a_restored_backup_that_went_on_is_a_fork(client: Client, service: Service, world: World) -> None:
    backup = deepcopy(world)
    planted(world)
    client.follow()
    service.world = backup
    planted(backup, by="coop")
    planted(backup, by="coop")
    with pytest.raises(BadProof, match=r"^fork"):
        client.follow()


def test_a_receipt_of_another_history_is_disputed_and_kept_with_both_heads(
    client: Client, service: Service, world: World
) -> None:
    plant(client, world)
    client.send()
    forked(service)
    last = plant(client, world)

    def rewrite(answer: dict[str, object]) -> None:
        service.world.entries[3] = service.world.entries[2]
        answer["receipt"] = json.loads(service.world.receipt(last.statement).text())

    service.tamper = rewrite
    with pytest.raises(BadProof, match=r"^fork"):
        client.send()
    # Its proof is right, under a head of the log's: only what was seen before tells.
    assert states(client) == ["receipted", "waiting"]
    ((hash_, text, reason),) = client.notebook.disputed()
    assert (hash_, reason) == (last.hash, "fork")
    (fork,) = client.notebook.heads.forks()
    assert fork.given == json.loads(text)["checkpoint"] == service.world.note()
    assert plant(client, world).statement.seen != claim(service.world)


def test_a_first_head_that_no_good_receipt_carries_is_not_held(client: Client, service: Service, world: World) -> None:
    plant(client, world)

    def other(answer: dict[str, object]) -> None:
        receipt = json.loads(world.receipt(world.statements[-1]).text())
        answer["receipt"] = receipt | {"checkpoint": signed(world, len(world.entries), bytes(32))}

    service.tamper = other
    with pytest.raises(BadProof, match="inclusion"):
        client.send()
    assert client.notebook.heads.newest() is None


# What proves nothing


def test_tiles_that_do_not_make_what_was_signed_prove_nothing_but_are_not_believed(
    client: Client, service: Service, world: World
) -> None:
    seen = client.follow()
    planted(world)
    service.checkpoint = lambda world: signed(world, len(world.entries), bytes(32))
    with pytest.raises(BadProof, match=r"^unproven") as caught:
        client.follow()
    assert "{" not in say(caught.value, "zh")
    assert client.notebook.heads.seen() == seen


def test_a_head_larger_than_anything_that_can_be_said_is_not_followed(
    client: Client, service: Service, world: World
) -> None:
    client.follow()
    service.checkpoint = lambda world: signed(world, 2**64 - 1, bytes(32))
    with pytest.raises(BadProof, match=r"^unproven"):
        client.follow()


def test_a_head_of_a_key_that_is_not_pinned_is_refused(client: Client, service: Service, world: World) -> None:
    service.checkpoint = lambda world: signed(world, 5, bytes(32), key="somebody")
    with pytest.raises(BadSignature):
        client.follow()
    assert client.notebook.heads.newest() is None
    assert client.notebook.heads.forks() == []


@pytest.mark.parametrize("answer", [httpx.Response(404), httpx.Response(200, content=b"x"), httpx.Response(500)])
def test_without_tiles_nothing_is_settled_and_nothing_lost(
    client: Client, service: Service, world: World, answer: httpx.Response
) -> None:
    plant(client, world)
    client.send()
    seen = client.notebook.heads.seen()
    plant(client, world)
    served = service.published
    service.published = lambda path: answer  # type: ignore[method-assign]
    with pytest.raises((Refused, Unreachable)):
        client.send()
    assert states(client) == ["receipted", "waiting"]
    assert client.notebook.heads.seen() == seen
    service.published = served  # type: ignore[method-assign]
    client.send()
    assert states(client) == ["receipted", "receipted"]


@pytest.mark.parametrize("answer", [httpx.Response(200, content=b"\xff"), httpx.Response(403)])
def test_an_answer_that_is_no_checkpoint(client: Client, service: Service, answer: httpx.Response) -> None:
    service.published = lambda path: answer  # type: ignore[method-assign]
    with pytest.raises((Refused, Unreachable)):
        client.follow()


# Witnesses

WITNESS = secret("witness")
VKEY = VKey("witness.example.org", checkpoint.COSIGNATURE, WITNESS.public)


def witnessed(note: str) -> str:
    read = Note.parse(note)
    signature = checkpoint.cosign(Checkpoint.parse(read.text), VKEY.name, WITNESS, 1_772_400_000)
    return str(Note(read.text, (*read.signatures, signature)))


@pytest.fixture
def watched(service: Service, world: World, connect: Callable[[Device], Client], tmp_path: Path) -> Client:
    """A device of the co-op's whose pin asks for a witness."""
    pin = Pin(Policy(((world.vkey, ""),), (Witness("w", VKEY),), quorum="w"), world.parties["root"])
    client = connect(Device.create(tmp_path / "d", "https://x.example", pin, party=world.parties["coop"]))
    world.state("key.add", "coop", client.notebook.device.offer(), [world.parties["coop"]])
    return client


def test_a_receipt_is_provisional_until_there_is_a_quorum(watched: Client, service: Service, world: World) -> None:
    client = watched
    kept = plant(client, world)
    client.send()
    assert states(client) == ["receipted"]
    assert [one.hash for one in client.notebook.provisional()] == [kept.hash]
    # What no witness has confirmed is not said to have been seen, but what comes must continue it all the same.
    assert client.notebook.heads.seen() is None
    assert plant(client, world).statement.seen is None
    assert client.upgrade() == []

    early = witnessed(deepcopy(world).note())
    planted(world)
    service.checkpoint = lambda world: early
    asked = len(service.requests)
    (outcome,) = client.upgrade()
    assert outcome.kept.hash == kept.hash
    assert outcome.receipt is not None
    assert outcome.receipt.checkpoint == early
    assert outcome.receipt == client.notebook.receipt(kept.hash)
    assert len(service.requests) == asked, "the tiles are enough"
    assert client.notebook.provisional() == []
    seen = client.notebook.heads.seen()
    assert seen is not None
    assert seen.note == early
    # Without the cosignature again, what was confirmed stays so.
    client.notebook.settle(kept.hash, {"receipt": json.loads(world.receipt(kept.statement).text())})
    assert client.notebook.provisional() == []


def test_what_was_witnessed_too_early_for_a_receipt_confirms_it_later(
    watched: Client, service: Service, world: World
) -> None:
    early = witnessed(world.note())
    kept = plant(watched, world)
    watched.send()
    service.checkpoint = lambda world: early
    assert watched.upgrade() == []
    assert [one.hash for one in watched.notebook.provisional()] == [kept.hash]
    service.checkpoint = lambda world: witnessed(world.note())
    plant(watched, world)
    watched.send()  # which first of all looks after what is open
    provisional = watched.notebook.provisional()
    assert len(provisional) == 1
    assert kept.hash not in {one.hash for one in provisional}


def test_witnesses_that_confirm_another_history_than_ours_are_found_out(
    watched: Client, service: Service, world: World
) -> None:
    """The service shows this device one story and its witnesses another: not even a quorum makes it true here."""
    plant(watched, world)
    watched.send()
    service.world = deepcopy(world)
    service.world.entries[3] = service.world.entries[2]
    planted(service.world)
    service.checkpoint = lambda world: witnessed(world.note())
    with pytest.raises(BadProof, match=r"^fork"):
        watched.upgrade()
    assert watched.notebook.heads.seen() is None


# The notebook


def head(world: World, size: int, quorum: bool = True) -> Head:
    note = signed(world, size, size.to_bytes(32))
    return Head(Checkpoint.parse(Note.parse(note).text), note, quorum)


@pytest.fixture
def heads(device: Device) -> Heads:
    return Heads(sqlite3.connect(":memory:", isolation_level=None), device.pin, device.folder)


def test_who_holds_on_to_what_is_no_longer_held_has_to_look_again(heads: Heads, world: World) -> None:
    """Another process, with the same notebook, was faster."""
    one, two, three = (head(world, size) for size in (1, 2, 3))
    assert heads.hold(None, [one])
    assert not heads.hold(None, [two])
    assert heads.hold(one, [one, two])
    assert not heads.hold(one, [three])
    assert heads.newest() == two


def test_what_was_seen_never_becomes_less(heads: Heads, world: World) -> None:
    two, more = head(world, 2), head(world, 3, quorum=False)
    heads.hold(None, [two])
    heads.hold(two, [more, head(world, 1)])
    newest = heads.newest()
    assert newest is not None
    assert newest.note == more.note
    assert heads.seen() == two
    with pytest.raises(sqlite3.IntegrityError, match="never falls"):
        heads._db.execute("UPDATE heads SET size = 1")


def test_a_notebook_of_before_goes_on_from_what_it_had_seen(
    device: Device, connect: Callable[[Device], Client], service: Service, world: World
) -> None:
    """It had its head from a receipt; whatever comes now must continue that."""
    path = device.folder / "notebook.sqlite"
    old = sqlite3.connect(path)
    note = world.note()
    size, root = claim(world)
    old.executescript(
        "CREATE TABLE seen (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root TEXT NOT NULL,"
        " note TEXT NOT NULL) STRICT;"
        "CREATE TRIGGER seen_never_falls BEFORE UPDATE ON seen WHEN NEW.size < OLD.size"
        " BEGIN SELECT RAISE(ABORT, 'seen never falls'); END;"
    )
    old.execute("INSERT INTO seen VALUES (1, ?, ?, ?)", (size, root, note))
    old.commit()
    old.close()
    client = connect(device)
    assert plant(client, world).statement.seen == (size, root)
    with Notebook(device) as again:
        assert again.heads.seen() == again.heads.newest() == client.notebook.heads.seen()
    planted(world)
    assert client.follow() is not None
    forked(service)
    service.world.entries[0] = service.world.entries[1]
    planted(service.world)
    with pytest.raises(BadProof, match=r"^fork"):
        client.follow()
