"""The notes that have a quorum: the newest is shown, none is ever changed, and nothing is shown that the lock lacks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app import schema, stored
from app.db import connect
from app.log import open_log
from app.witnessing.notes import cosigners, has_quorum, keep, newest_witnessed, published, wants_witnesses
from app.witnessing.quorum import k_of_n
from ledger.checkpoint import COSIGNATURE, ED25519, Checkpoint, Note, VKey, cosign, sign
from ledger.merkle import Hash
from ledger.policy import Policy, Witness
from tests.app.seeding import LOG_ID, seed
from tests.world import county, secret

ORIGIN = "log.example.org/county"
LOG = VKey(ORIGIN, ED25519, secret("log").public)
WITNESSES = [Witness(name, VKey(f"{name}.example", COSIGNATURE, secret(name).public)) for name in ("w1", "w2")]
TWO = Policy(((LOG, ""),), *k_of_n(WITNESSES, 2))
ONE = Policy(((LOG, ""),), *k_of_n(WITNESSES, 1))
NONE = Policy(((LOG, ""),))


def note(size: int, *by: str) -> str:
    head = Checkpoint(ORIGIN, size, Hash(bytes([size]) * 32))
    signed = (cosign(head, f"{name}.example", secret(name), 1000 + size) for name in by)
    return str(Note(str(head), (sign(head, ORIGIN, secret("log")), *signed)))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    schema.migrate(engine)
    yield engine
    engine.dispose()


def test_who_cosigned_is_read_from_the_note() -> None:
    assert {one.name: time for one, time in cosigners(note(7, "w2", "w1", "stranger"), TWO).items()} == {
        "w1": 1007,
        "w2": 1007,
    }
    assert [has_quorum(note(7, *by), TWO) for by in ((), ("w1",), ("w1", "w2"))] == [False, False, True]
    assert [wants_witnesses(policy) for policy in (NONE, ONE, TWO)] == [False, True, True]
    assert has_quorum(note(7), NONE)


def test_the_newest_with_a_quorum_is_shown(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        assert published(connection, 1, TWO, note(9)) is None
        for log_id, size in ((1, 3), (1, 7), (1, 5), (2, 8)):
            keep(connection, log_id, size, note(size, "w1", "w2"))
        assert newest_witnessed(connection, 1) == note(7, "w1", "w2")
        assert newest_witnessed(connection, 1, 6) == note(5, "w1", "w2")
        assert newest_witnessed(connection, 1, 2) is None
        assert newest_witnessed(connection, 3) is None
        assert published(connection, 1, TWO, note(9)) == note(7, "w1", "w2")
        assert published(connection, 1, TWO, note(9), 4) == note(3, "w1", "w2")
        assert published(connection, 1, TWO, None) is None
        assert published(connection, 1, NONE, note(9)) == note(9)
        keep(connection, 1, 9, note(9, "w1"))
        assert published(connection, 1, ONE, note(9)) == note(9, "w1")
        assert published(connection, 1, TWO, note(9)) is None  # it was enough once


def test_a_size_is_kept_once(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        keep(connection, 1, 7, note(7, "w1"))
        keep(connection, 1, 7, note(7, "w1", "w2"))
        assert newest_witnessed(connection, 1) == note(7, "w1")


def test_what_is_kept_is_not_changed(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        keep(connection, 1, 7, note(7, "w1"))
    attempts = ["UPDATE witnessed SET note = ''", "DELETE FROM witnessed"]
    if engine.dialect.name == "sqlite":
        attempts.append("INSERT OR REPLACE INTO witnessed SELECT * FROM witnessed")
    else:
        attempts.append("TRUNCATE witnessed")
    for attempt in attempts:
        with pytest.raises(Exception, match="what is recorded is not changed"), engine.begin() as connection:
            connection.execute(text(attempt))


def test_without_witnesses_every_checkpoint_will_do(tmp_path: Path) -> None:
    world = county()
    settings = seed(tmp_path, world)
    engine = connect(settings.url)
    log = open_log(settings, engine)
    newest = log.journal.latest()
    size = stored.read_note(newest or "").size
    assert log.journal.published() == newest == log.journal.published(size)
    older = log.journal.published(size - 1)
    assert older is not None
    assert stored.read_note(older).size < size
    assert log.journal.published(0) is None
    with engine.connect() as connection:
        assert newest_witnessed(connection, LOG_ID) is None
    log.journal.close()
    engine.dispose()
