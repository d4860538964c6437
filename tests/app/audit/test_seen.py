"""What signers had seen, held against the tree: never against a row that whoever rewrites history rewrites too."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.audit.report import Report
from app.audit.roots import Roots
from app.audit.rows import read_only
from app.audit.verify import audit
from app.batches.books import Books
from app.config import Settings
from app.db import connect
from app.journal import Journal
from app.lock import Lock
from app.recording import Appended
from ledger import b64u, checkpoint, merkle
from ledger.checkpoint import Checkpoint, Note
from ledger.merkle import Hash
from ledger.policy import Pin
from tests.app.seeding import LOG_ID, append, folder
from tests.world import World, county, planted


def root_at(world: World, size: int) -> str:
    return b64u.encode(merkle.root(size, world.nodes))


def looking(world: World, *, back: int = 0) -> int:
    """The coop states something, having seen the log of ``back`` entries before; gives the size seen."""
    size = len(world.entries) - back
    body = {"outputs": [world.output("tomato", "5")]}
    world.put(world.statement("plant", "coop", body, seen=(size, root_at(world, size))))
    return size


def recorded(data: Path, world: World, *, unchecked: bool = False) -> Settings:
    """Each statement in a commit of its own, received when the world says; ``unchecked`` where nobody looks."""
    settings = folder(data, world)
    engine = connect(settings.url)
    times = (world.entries[world.first[one.hash]].received for one in world.statements)
    lock = Lock(settings.data / "lock", world.log)
    writer = Journal(engine, lock, [world.log_key], world.log, LOG_ID, Books(LOG_ID), lambda: next(times))
    if unchecked:
        writer._check_notebook = lambda connection, statement: None  # type: ignore[method-assign]
    for statement in world.statements:
        assert isinstance(append(writer, world, [statement])[0], Appended)
    writer.close()
    engine.dispose()
    return settings


def audited(settings: Settings, change: Callable[[sqlite3.Connection], object] = lambda database: None) -> Report:
    """The audit of the log without its lock, after ``change`` to its database by somebody who owns it."""
    with closing(sqlite3.connect(settings.data / "ledger.sqlite")) as database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        change(database)
        database.commit()
    engine = read_only(settings.url)
    try:
        return audit(engine, Pin.parse(settings.pin.read_text()))
    finally:
        engine.dispose()


def told(report: Report) -> list[tuple[str, str]]:
    return [(failure.check, failure.key) for failure in report.failures]


@pytest.fixture
def world() -> World:
    """Long enough that its tree has a full tile."""
    world = county()
    outputs = [world.output("tomato", "1") for _ in range(255)]
    world.state("plant", "farm", {"outputs": outputs})
    return world


def test_what_was_seen_is_told_from_the_tree_where_the_checkpoint_is_gone(tmp_path: Path, world: World) -> None:
    planted(world)
    size = looking(world)
    planted(world)
    looking(world)
    settings = recorded(tmp_path / "data", world)
    assert audited(settings).clean
    gone = audited(settings, lambda database: database.execute("DELETE FROM checkpoints WHERE size = ?", (size,)))
    # Whoever saw it told the truth: the checkpoint is missed, and no statement is doubted.
    assert told(gone) == [("checkpoint", str(size))]


def test_a_checkpoint_that_was_rewritten_does_not_make_a_lie_true(tmp_path: Path, world: World) -> None:
    planted(world)
    size = looking(world)
    settings = recorded(tmp_path / "data", world)
    head = Checkpoint(world.log, size, Hash(bytes(32)))
    note = str(Note(str(head), (checkpoint.sign(head, world.log, world.log_key),)))

    def rewrite(database: sqlite3.Connection) -> None:
        database.execute("UPDATE checkpoints SET root = ?, note = ? WHERE size = ?", (bytes(32), note, size))

    # The log's own key signs another root: what the signer saw still is that of the tree.
    assert told(audited(settings, rewrite)) == [("checkpoint", str(size))]


def test_what_was_seen_of_another_history_is_named(tmp_path: Path, world: World) -> None:
    """An operator records statements that his service would refuse, over checkpoints made to fit them."""
    size = len(world.entries)
    body = {"outputs": [world.output("tomato", "5")]}
    lies = [(size, b64u.encode(bytes(32))), (size + 50, root_at(world, size))]
    for by, seen in zip(("coop", "farm"), lies, strict=True):
        world.put(world.statement("plant", by, body, seen=seen))
    shown = [world.first[one.hash] for one in world.statements if one.seen]
    settings = recorded(tmp_path / "data", world, unchecked=True)
    assert [one for one in told(audited(settings)) if one[0] == "seen"] == [("seen", str(index)) for index in shown]


@pytest.mark.parametrize("back", [1, 100, 255])
def test_a_size_that_was_never_signed_is_recomputed_too(tmp_path: Path, world: World, back: int) -> None:
    looking(world, back=back)
    settings = recorded(tmp_path / "data", world, unchecked=True)
    assert audited(settings).clean


def test_what_damage_leaves_unknown_is_said_of_the_damage(tmp_path: Path, world: World) -> None:
    looking(world, back=3)
    settings = recorded(tmp_path / "data", world, unchecked=True)
    report = audited(
        settings, lambda database: database.execute("UPDATE entries SET hash = 'no hash' WHERE log_index = 5")
    )
    assert ("entry", "5") in told(report)


def test_roots_are_found_again_and_no_others(tmp_path: Path) -> None:
    roots = Roots(tmp_path)
    for size in range(1, 1000, 3):
        roots.add(size, Hash(size.to_bytes(32)))
        assert roots.at(1) == Hash((1).to_bytes(32))
    assert [size for size in range(1100) if roots.at(size) == Hash(size.to_bytes(32))] == list(range(1, 1000, 3))
    assert [roots.at(size) for size in (0, 2, 3, 1001)] == [None] * 4
    roots.close()
