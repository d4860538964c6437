"""An operator who has the whole database, the lock and the log's key, and forges without a slip.

`publish` makes of any town's log, true or forged, a data folder that is sound in itself: rows, tile hashes, a signed
checkpoint for each commit, projections, the lock. What is left to find is the forgery, and by whom is the question.
"""

import copy
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from app.batches.rebuild import rebuild
from app.config import Settings
from app.db import connect, insert_rows
from app.lock import Lock
from app.tables import checkpoints, disclosures, entries, statements
from ledger import b64u, checkpoint, merkle, records
from ledger.checkpoint import Checkpoint, Note
from ledger.entry import Entry
from ledger.identity import ChainId
from ledger.statement import Statement, parse, unseal
from ledger.witnessing import AddCheckpoint
from tests.app.seeding import LOG_ID, folder
from tests.conformance.town import Town, observed
from tests.world import World

Told = list[tuple[Statement, int]]
"""The statements in their order, each with its time of receipt, ms."""


def publish(data: Path, town: Town, *, lock: bool = True) -> Settings:
    """A data folder that holds exactly this town's log; what was there before is gone, its lock too unless kept."""
    aside = data.with_suffix(".lock")
    if not lock:
        shutil.move(data / "lock", aside)
    shutil.rmtree(data, ignore_errors=True)
    settings = folder(data, town)
    engine = connect(settings.url)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        insert_rows(connection, statements, [_statement(town, one) for one in town.statements])
        insert_rows(connection, entries, [_entry(town, index, one) for index, one in enumerate(town.entries)])
        sealed = [
            (LOG_ID, town.first[one.hash], name, records.SEALED[name], disclosure)
            for one in town.statements
            for disclosure in town.disclosures[one.hash]
            for name, _ in (unseal(disclosure),)
        ]
        insert_rows(connection, disclosures, sealed)
        notes = [(size, note_at(town, size)) for size in commits(town)]
        insert_rows(
            connection, checkpoints, [(LOG_ID, size, merkle.root(size, town.nodes), note) for size, note in notes]
        )
        rebuild(connection, LOG_ID)
    engine.dispose()
    if lock:
        held = Lock(data / "lock", town.log)
        with held.session() as session:
            session.swap(notes[-1][1])
        held.close()
    else:
        shutil.move(aside, data / "lock")
    return settings


def commits(town: Town) -> list[int]:
    """The sizes at which a commit ended: the clock of the town is another for each statement."""
    return [
        index
        for index, (before, after) in enumerate(zip(town.entries, [*town.entries[1:], None], strict=True), 1)
        if after is None or after.received != before.received
    ]


def note_at(town: Town, size: int) -> str:
    """The checkpoint of this size, as the log's key signs it."""
    head = Checkpoint(town.log, size, merkle.root(size, town.nodes))
    return str(Note(str(head), (checkpoint.sign(head, town.log, town.log_key),)))


def asks(town: Town, old: int) -> bytes:
    """The request to a witness that has seen `old` entries, with the best proof that this town's tree has."""
    size = len(town.entries)
    proof = merkle.consistency_proof(min(old, size), size, town.nodes)
    return str(AddCheckpoint(min(old, size), tuple(proof), Note.parse(town.note()))).encode()


def bare(data: Path) -> sqlite3.Connection:
    """The database opened past the service: no triggers, nothing that could refuse."""
    connection = sqlite3.connect(data / "ledger.sqlite", isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def _statement(town: Town, one: Statement) -> tuple[object, ...]:
    iss = b64u.decode(one.iss) if one.iss else None
    ids = (b64u.decode(one.hash), b64u.decode(one.kid))
    return (LOG_ID, town.first[one.hash], *ids, one.n, one.kind, iss, one.jws)


def _entry(town: Town, index: int, one: Entry) -> tuple[object, ...]:
    prev = b64u.decode(one.prev) if one.prev else None
    first = town.first[one.statement]
    return (LOG_ID, index, b64u.decode(one.chain), one.seq, prev, one.received, first, one.hash())


# --- histories that were not ---------------------------------------------------------------------------------------


def retold(town: Town, change: Callable[[Told], Told]) -> Town:
    """The same town, its log told anew from other statements or at other times; all chains, links and the tree are as
    if it had always been so."""
    other = copy.deepcopy(town)
    told = change([(one, town.entries[town.first[one.hash]].received) for one in town.statements])
    other.statements, other.entries, other.heads, other.first = [], [], {}, {}
    for statement, received in told:
        other.force(statement, received=[received] * len(statement.targets), apply=False)
    return other


def edited(town: Town, one: Statement, old: str, new: str) -> Town:
    """One statement with other words in it, under the signature that it had."""
    head, payload, signature = one.jws.split(".")
    body = b64u.decode(payload).replace(old.encode(), new.encode())
    other = parse(f"{head}.{b64u.encode(body)}.{signature}")
    return retold(town, lambda told: [(other if each.hash == one.hash else each, at) for each, at in told])


def without(town: Town, *dropped: Statement) -> Town:
    """As if these had never been sent."""
    gone = {one.hash for one in dropped}
    return retold(town, lambda told: [(one, at) for one, at in told if one.hash not in gone])


def swapped(town: Town, one: Statement, other: Statement) -> Town:
    """Two statements in each other's place and time."""
    place = {one.hash: other, other.hash: one}
    return retold(town, lambda told: [(place.get(each.hash, each), at) for each, at in told])


def backdated(town: Town, late: Statement, by: int = 30_000) -> Town:
    """One statement received so many ms before it was, which is still behind those before it; the rest as it was."""
    return retold(town, lambda told: [(one, at - by if one.hash == late.hash else at) for one, at in told])


def cut(town: Town, size: int) -> Town:
    """The first statements only, up to this size of the log."""
    return retold(town, lambda told: [(one, at) for one, at in told if town.first[one.hash] < size])


def gone_on(town: Town, chain: ChainId, count: int = 3) -> Town:
    """With some records more, so that it is longer than what was told before."""
    for number in range(count):
        observed(town, chain, f"后来 {number}")
    return town


def signed_elsewhere(town: World, chain: ChainId) -> Statement:
    """The farm's next record about the batch, which it signs for another log."""
    here, town.log = town.log, "log.example.org/elsewhere"
    said = town.statement("observe", "farm", {"growth_stage": "转色"}, [chain])
    town.log = here
    return said
