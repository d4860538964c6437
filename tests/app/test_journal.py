"""The journal: what is answered is durable and proven, what is refused or fails leaves no trace, one history only."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from app import stored
from app.batches.books import Books
from app.commands import relock
from app.db import connect
from app.errors import Conflict, ServiceError, Stopped
from app.journal import Journal
from app.lock import Lock
from app.recording import Appended, Finding, Outcome, Record
from app.tables import TRUTH, entries, metadata, postings, statements
from ledger import b64u
from ledger.checkpoint import open_checkpoint
from ledger.errors import Malformed, NotAllowed
from ledger.merkle import consistency_proof, root, verify_consistency
from tests.app.seeding import LOG_ID, append, folder, record
from tests.world import World, county, harvested, planted


@pytest.fixture
def world() -> World:
    return county()


@pytest.fixture
def data(tmp_path: Path, database_url: str, world: World) -> Path:
    folder(tmp_path, world, database_url)
    return tmp_path


@pytest.fixture
def engine(database_url: str, data: Path) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine, data: Path, world: World) -> Iterator[Journal]:
    writer = open_journal(engine, data, world)
    yield writer
    writer.close()


def open_journal(engine: Engine, data: Path, world: World, **more: object) -> Journal:
    lock = Lock(data / "lock", world.log)
    return Journal(engine, lock, [world.log_key], world.log, LOG_ID, Books(LOG_ID), **more)  # type: ignore[arg-type]


def appended(outcome: Outcome) -> Appended:
    assert isinstance(outcome, Appended), outcome
    return outcome


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(entries)).scalar_one()


def test_each_statement_gets_a_receipt_that_its_signer_can_check(writer: Journal, world: World) -> None:
    harvested(world, planted(world))
    for statement, outcome in zip(world.statements, append(writer, world, world.statements), strict=True):
        done = appended(outcome)
        checkpoint = done.receipt.check(statement, world.vkey)
        assert done.first_index == world.first[statement.hash]
        assert checkpoint.size >= done.first_index + len(statement.targets)
    assert open_checkpoint(writer.latest() or "", world.vkey)[0].size == len(world.entries)


def test_the_same_statement_again_gets_its_first_entries_under_the_newest_checkpoint(
    writer: Journal, world: World
) -> None:
    first = [appended(outcome) for outcome in append(writer, world, world.statements)]
    more = planted(world)
    append(writer, world, world.statements[len(first) :])
    for outcome in first[:3]:
        (again,) = append(writer, world, [outcome.statement])
        again = appended(again)
        assert again.again
        assert [proven.entry for proven in again.receipt.entries] == [p.entry for p in outcome.receipt.entries]
        assert again.receipt.check(outcome.statement, world.vkey).size > outcome.first_index
    assert more in world.heads


def test_twice_in_one_group_is_once_in_the_log(writer: Journal, engine: Engine, world: World) -> None:
    append(writer, world, world.statements)
    before = count(engine)
    planted(world)
    twice = [world.statements[-1]] * 2
    one, other = append(writer, world, twice)
    assert appended(one).first_index == appended(other).first_index
    assert count(engine) == before + 1


def test_one_refused_leaves_the_others_of_its_group(writer: Journal, engine: Engine, world: World) -> None:
    append(writer, world, world.statements)
    planting = planted(world)
    good = world.statements[-1]
    lost = world.statement("observe", "farm", {"weather": "晴"}, [planting])  # never sent: a gap in the notebook
    gap = world.statement("observe", "farm", {"weather": "雨"}, [planting])
    stranger = world.statement("harvest", "shop", {"outputs": [world.output("tomato", "1")], "inputs": []}, [planting])
    outcomes = append(writer, world, [good, gap, stranger])
    assert isinstance(outcomes[0], Appended)
    assert isinstance(outcomes[1], Conflict)
    assert outcomes[1].code == "notebook"
    assert (outcomes[1].params["n"], outcomes[1].params["after"]) == (lost.n, good.hash)
    assert isinstance(outcomes[2], NotAllowed)
    (now,) = append(writer, world, [lost])
    assert isinstance(now, Appended)


def test_a_chain_nobody_began_is_not_gone_on_with(writer: Journal, world: World) -> None:
    append(writer, world, world.statements)
    nowhere = world.statement("observe", "farm", {"weather": "晴"}, ["A" * 43])  # type: ignore[list-item]
    (outcome,) = append(writer, world, [nowhere])
    assert isinstance(outcome, Malformed)
    assert outcome.code == "unknown-chain"


def test_a_key_added_in_a_group_signs_in_the_same_call(writer: Journal, world: World) -> None:
    # The whole county arrives at once: registrar, parties, products and what they state, in one call.
    harvested(world, planted(world))
    assert all(isinstance(outcome, Appended) for outcome in append(writer, world, world.statements))


def test_a_statement_of_two_calls_is_answered_to_both(writer: Journal, world: World) -> None:
    append(writer, world, world.statements)
    plots = [planted(world) for _ in range(40)]
    records = [record(world, statement) for statement in world.statements[-40:]]

    async def all_at_once() -> list[list[Outcome]]:
        return await asyncio.gather(*(writer.append([one]) for one in records))

    outcomes = [outcome for (outcome,) in asyncio.run(all_at_once())]
    assert [appended(outcome).statement.created[0] for outcome in outcomes] == plots
    indexes = [appended(outcome).first_index for outcome in outcomes]
    assert indexes == list(range(indexes[0], indexes[0] + 40))


def test_what_was_written_is_gone_on_with_after_a_restart(engine: Engine, data: Path, world: World) -> None:
    for _ in range(3):
        planting = planted(world)
        for value in ("1", "2", "3"):
            harvested(world, planting, value=value)
    at = 0
    sizes = []
    for end in (12, 20, len(world.statements)):
        writer = open_journal(engine, data, world)
        outcomes = append(writer, world, world.statements[at:end])
        assert all(isinstance(outcome, Appended) for outcome in outcomes)
        sizes.append(open_checkpoint(writer.latest() or "", world.vkey)[0])
        writer.close()
        at = end
    assert sizes[-1].size == len(world.entries)
    with engine.connect() as connection:
        nodes = stored.nodes(connection, LOG_ID, sizes[-1].size)
        for old in sizes:
            proof = consistency_proof(old.size, sizes[-1].size, nodes)
            verify_consistency(old.size, old.root, sizes[-1].size, sizes[-1].root, proof)


class Failing(Books):
    """Books that fail in the middle of a group, as a full disk would make them."""

    fail = False

    def write(self) -> None:
        if self.fail:
            raise OSError(28, "No space left on device")
        super().write()


def test_a_group_that_fails_leaves_no_trace_but_in_the_operators_log(
    engine: Engine, data: Path, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    books = Failing(LOG_ID)
    writer = Journal(engine, Lock(data / "lock", world.log), [world.log_key], world.log, LOG_ID, books)
    append(writer, world, world.statements)
    before, note = count(engine), writer.latest()
    planting = planted(world)
    harvested(world, planting)
    last = world.statements[-2:]
    books.fail = True
    for outcome in append(writer, world, last):
        assert isinstance(outcome, ServiceError)
    assert (count(engine), writer.latest()) == (before, note)
    assert any("No space left" in str(entry.exc_info[1]) for entry in caplog.records if entry.exc_info)
    books.fail = False
    for statement, outcome in zip(last, append(writer, world, last), strict=True):
        appended(outcome).receipt.check(statement, world.vkey)
    writer.close()


class Stumbling(Books):
    """Books that know no observation."""

    def post(self, record: Record, index: int, received: int) -> list[Finding]:
        if record.statement.kind == "observe":
            raise KeyError(record.statement.kind)
        return super().post(record, index, received)


def test_one_that_nobody_thought_of_leaves_the_others_of_its_group(engine: Engine, data: Path, world: World) -> None:
    writer = Journal(engine, Lock(data / "lock", world.log), [world.log_key], world.log, LOG_ID, Stumbling(LOG_ID))
    append(writer, world, world.statements)
    before = len(world.statements)
    planting = planted(world)
    for _ in range(2):
        world.state("observe", "coop", {"weather": "晴"}, [planting])
        harvested(world, planting)
    (plant, observed, lot, unsaid, other), note = world.statements[before:], writer.latest()
    outcomes = append(writer, world, [plant, observed, lot, unsaid, other])
    for statement, outcome in zip((plant, lot, other), outcomes[::2], strict=True):
        appended(outcome).receipt.check(statement, world.vkey)
    (failed, behind) = outcomes[1::2]
    assert isinstance(failed, ServiceError)
    assert (failed.code, failed.params["has"]) == ("internal", "KeyError")
    assert isinstance(behind, Conflict)  # it names the one before it in its notebook, which is not there
    assert count(engine) == stored.read_note(writer.latest() or "").size > stored.read_note(note or "").size
    writer.close()


def test_a_taken_lot_is_named_although_the_group_looked_at_no_names(writer: Journal, world: World) -> None:
    append(writer, world, world.statements)
    planting = planted(world, "coop")
    other = planted(world, "coop")
    made = []
    for plot, lot in ((planting, "2026-07"), (other, "2026-07"), (other, "2026-08")):
        body = {"inputs": [{"batch": plot}], "outputs": [world.output("tomato", "9", lot=lot)]}
        made.append((plot, body))
    append(writer, world, world.statements[-2:])
    first = world.statement("harvest", "coop", made[0][1], [planting])
    assert isinstance(append(writer, world, [first])[0], Appended)
    taken = world.statement("harvest", "coop", made[1][1], [other])
    (outcome,) = append(writer, world, [taken])
    assert isinstance(outcome, Conflict)
    assert outcome.code == "lot-taken"
    world.devices["coop"].n, world.devices["coop"].after = taken.n, taken.after
    free = world.statement("harvest", "coop", made[2][1], [other])
    assert isinstance(append(writer, world, [free])[0], Appended)


def test_a_checkpoint_that_was_never_ours_is_not_seen(writer: Journal, engine: Engine, world: World) -> None:
    append(writer, world, world.statements)
    note, _ = open_checkpoint(writer.latest() or "", world.vkey)
    good, bad = (note.size, b64u.encode(note.root)), (note.size, "A" * 43)
    body = {"outputs": [world.output("tomato", "5")]}
    world.put(seen := world.statement("plant", "farm", body, seen=good))
    pair = {"outputs": [world.output("tomato", "5"), world.output("tomato", "6")]}
    world.put(two := world.statement("plant", "farm", pair, seen=good))
    assert [isinstance(done, Appended) for done in append(writer, world, [seen, two])] == [True, True]
    device = world.devices["farm"]
    within = world.first[two.hash] + 1  # where the log was never signed, though the root is that of its tree
    with engine.connect() as connection:
        true = root(within, stored.nodes(connection, LOG_ID, within))
    claims = {
        "never signed": ((within, b64u.encode(true)), "seen-other"),
        "another root": (bad, "seen-other"),
        "another root, newer": ((within, "A" * 43), "seen-other"),
        "not there yet": ((note.size + 100, "A" * 43), "seen-other"),
        "nothing any more": (None, "seen-falls"),
        "less": ((1, "A" * 43), "seen-falls"),
    }
    for why, (claim, code) in claims.items():
        n, after = device.n, device.after
        (outcome,) = append(writer, world, [world.statement("plant", "farm", body, seen=claim)])
        assert isinstance(outcome, Malformed), why
        assert outcome.code == code, why
        device.n, device.after = n, after


# --- the lock ----------------------------------------------------------------------------------------------------


def test_a_database_ahead_of_its_lock_rolls_it_forward(engine: Engine, data: Path, world: World) -> None:
    writer = open_journal(engine, data, world)
    append(writer, world, world.statements)
    old = writer.latest()
    planted(world)
    append(writer, world, world.statements[-1:])
    new = writer.latest()
    writer.close()
    set_lock(data, old)
    writer = open_journal(engine, data, world)
    assert writer.latest() == new != old
    writer.close()


def test_a_database_behind_its_lock_stops_the_service(engine: Engine, data: Path, world: World) -> None:
    other = county()
    planted(other)
    ahead = other.note()
    writer = open_journal(engine, data, world)
    append(writer, world, world.statements)
    writer.close()
    set_lock(data, ahead)
    with pytest.raises(Stopped) as stopped:
        open_journal(engine, data, world)
    assert stopped.value.code == "database-behind"
    assert stopped.value.params == {"has": len(world.entries), "wanted": len(other.entries)}


def test_without_its_lock_the_service_stops_until_somebody_vouches_for_the_size(
    engine: Engine, data: Path, database_url: str, world: World
) -> None:
    writer = open_journal(engine, data, world)
    append(writer, world, world.statements)
    note = writer.latest()
    writer.close()
    shutil.rmtree(data / "lock")
    with pytest.raises(Stopped, match="lock-missing"):
        open_journal(engine, data, world)
    with pytest.raises(Stopped, match="lock-size"):
        relock(size=len(world.entries) + 1, data=data, database_url=database_url)
    relock(size=len(world.entries), data=data, database_url=database_url)
    with pytest.raises(Stopped, match="lock-held"):
        relock(size=len(world.entries), data=data, database_url=database_url)
    writer = open_journal(engine, data, world)
    assert writer.latest() == note
    writer.close()


def test_a_log_cut_off_in_its_first_commit_gets_its_lock(engine: Engine, data: Path, world: World) -> None:
    writer = open_journal(engine, data, world)
    append(writer, world, world.statements[:1])
    note = writer.latest()
    writer.close()
    shutil.rmtree(data / "lock")
    writer = open_journal(engine, data, world)
    assert writer.latest() == note
    writer.close()


def test_a_database_beside_its_lock_stops_the_service(engine: Engine, data: Path, world: World) -> None:
    writer = open_journal(engine, data, world)
    append(writer, world, world.statements)
    writer.close()
    set_lock(data, world.note())  # the same statements, other times of receipt: another history of the same size
    with pytest.raises(Stopped) as stopped:
        open_journal(engine, data, world)
    assert stopped.value.code == "database-beside"


def set_lock(data: Path, note: str | None) -> None:
    with sqlite3.connect(data / "lock" / "lock.sqlite") as connection:
        connection.execute("UPDATE lock SET note = ?", (note,))
    connection.close()


def test_a_clock_that_runs_back_stops_the_service(engine: Engine, data: Path, world: World) -> None:
    now = [1_800_000_000_000]
    writer = open_journal(engine, data, world, clock=lambda: now[0])
    assert all(isinstance(outcome, Appended) for outcome in append(writer, world, world.statements))
    now[0] -= 9_000
    planted(world)
    (outcome,) = append(writer, world, world.statements[-1:])
    assert appended(outcome).receipt.entries[0].entry.received > 1_800_000_000_000  # within what clocks do
    now[0] -= 9_000
    planted(world)
    (outcome,) = append(writer, world, world.statements[-1:])
    assert isinstance(outcome, Stopped)
    with pytest.raises(Stopped, match="clock-back"):
        append(writer, world, world.statements[-1:])
    writer.close()


def test_two_journals_on_one_database_write_one_history(engine: Engine, data: Path, world: World) -> None:
    one, other = open_journal(engine, data, world), open_journal(engine, data, world)
    plots = [planted(world) for _ in range(6)]
    for number, statement in enumerate(world.statements):
        (outcome,) = append((one, other)[number % 2], world, [statement])
        assert appended(outcome).first_index == world.first[statement.hash]
    assert len(plots) == 6
    assert one.latest() == other.latest()
    one.close()
    other.close()


# --- the law in the schema ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [table.name for table in TRUTH])
def test_what_is_truth_is_not_changed_by_anyone(writer: Journal, engine: Engine, world: World, table: str) -> None:
    for _ in range(150):  # enough for a tile
        planted(world)
    append(writer, world, [*world.statements])
    while count(engine) < 256:
        planted(world)
        append(writer, world, world.statements[-1:])
    attempts = [f"UPDATE {table} SET log_id = 7", f"DELETE FROM {table}"]
    if engine.dialect.name == "sqlite":
        attempts.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")
    else:
        attempts.append(f"TRUNCATE {table} CASCADE")
    for attempt in attempts:
        with pytest.raises(Exception, match="what is recorded is not changed"), engine.begin() as connection:
            connection.execute(text(attempt))


def test_every_key_leads_with_the_log() -> None:
    for table in metadata.sorted_tables:
        assert next(column.name for column in table.primary_key) == "log_id"
        for index in table.indexes:
            assert next(column.name for column in index.columns) == "log_id", index


def test_postings_of_every_batch_sum_to_zero(writer: Journal, engine: Engine, world: World) -> None:
    harvested(world, planted(world))
    append(writer, world, world.statements)
    with engine.connect() as connection:
        sums = connection.execute(
            select(postings.c.batch, func.sum(postings.c.amount)).group_by(postings.c.batch)
        ).all()
        assert len(sums) == 2
        assert all(amount == 0 for _, amount in sums)
        assert connection.execute(select(func.count()).select_from(statements)).scalar() == len(world.statements)
