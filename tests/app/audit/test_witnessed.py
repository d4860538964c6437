"""The audit of what witnesses cosigned: a note that was slipped in, swapped or signed by nobody is named."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from app.audit.report import Report
from app.audit.rows import read_only
from app.audit.verify import audit
from app.db import connect
from app.tables import witnessed
from app.witnessing.quorum import k_of_n
from ledger.checkpoint import COSIGNATURE, Checkpoint, Note, Signature, VKey, cosign, sign
from ledger.merkle import Hash
from ledger.policy import Pin, Policy, Witness
from tests.app.seeding import LOG_ID, seed
from tests.world import World, county, secret

NOW = 1_780_000_000
WITNESSES = [Witness(name, VKey(f"{name}.example", COSIGNATURE, secret(name).public)) for name in ("w1", "w2")]


class Stored:
    """A database, and the notes that somebody puts into it."""

    def __init__(self, engine: Engine, world: World) -> None:
        self.engine, self.world = engine, world

    def put(self, size: int, note: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(insert(witnessed), {"log_id": LOG_ID, "size": size, "note": note})

    def note(self, checkpoint: Checkpoint, *by: str, key: str = "log") -> str:
        cosigned = (cosign(checkpoint, f"{name}.example", secret(name), NOW) for name in by)
        return str(Note(str(checkpoint), (sign(checkpoint, self.world.log, secret(key)), *cosigned)))

    def grafted(self, checkpoint: Checkpoint) -> str:
        """The note with one witness's signature under the other's name."""
        one, other = (cosign(checkpoint, f"{name}.example", secret(name), NOW) for name in ("w1", "w2"))
        note = Note.parse(self.note(checkpoint))
        return str(Note(note.text, (*note.signatures, Signature(other.name, other.key_id, one.value))))

    def audit(self) -> Report:
        pin = Pin(Policy(((self.world.vkey, ""),), *k_of_n(WITNESSES, 2)), self.world.parties["root"])
        engine = read_only(self.engine.url.render_as_string(hide_password=False))
        try:
            return audit(engine, pin, None)
        finally:
            engine.dispose()


@pytest.fixture
def stored(tmp_path: Path, database_url: str) -> Iterator[Stored]:
    world = county()
    engine = connect(seed(tmp_path / "data", world, database_url).url)
    yield Stored(engine, world)
    engine.dispose()


def head(stored: Stored) -> Checkpoint:
    with stored.engine.connect() as connection:
        note = connection.exec_driver_sql("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1").scalar_one()
    return Checkpoint.parse(Note.parse(note).text)


def test_what_was_cosigned_is_counted_and_holds(stored: Stored) -> None:
    checkpoint = head(stored)
    stored.put(checkpoint.size, stored.note(checkpoint, "w1", "w2", "former-witness"))
    report = stored.audit()
    assert report.clean, report.failures
    assert report.checked["witnessed"] == 1


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (lambda s, c: (c.size, s.note(Checkpoint(c.origin, c.size, Hash(bytes(32))), "w1", "w2")), "changed"),
        (lambda s, c: (c.size + 7, s.note(Checkpoint(c.origin, c.size + 7, c.root), "w1", "w2")), "changed"),
        (lambda s, c: (c.size - 1, s.note(c, "w1", "w2")), "changed"),
        (lambda s, c: (c.size, s.note(c, "w1", "w2", key="w1")), "note-unsigned"),
        (lambda s, c: (c.size, s.grafted(c)), "signature"),
        (lambda s, c: (c.size, s.note(Checkpoint("log.example.org/other", c.size, c.root), "w1")), "checkpoint-origin"),
        (lambda s, c: (c.size, "nonsense"), "note"),
    ],
)
def test_what_does_not_hold_is_named(
    stored: Stored, tamper: Callable[[Stored, Checkpoint], tuple[int, str]], code: str
) -> None:
    size, note = tamper(stored, head(stored))
    stored.put(size, note)
    report = stored.audit()
    assert [(one.check, one.table, one.key, one.code) for one in report.failures] == [
        ("witnessed", "witnessed", str(size), code)
    ]
    assert str(size) in report.failures[0].words("zh")
