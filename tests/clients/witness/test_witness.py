"""A witness and its memory: it signs what continues, says why not with the standard's codes, and forgets nothing."""

import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from clients.errors import NoWitness
from clients.witness import store
from clients.witness.command import answer
from clients.witness.http import Answer, Asked
from clients.witness.witness import Witness, make
from ledger.checkpoint import Checkpoint, Note, cosign, open_checkpoint
from ledger.errors import BadKey, BadProof
from ledger.keys import PrivateKey
from ledger.witnessing import SIZE_TYPE, checkpoint_path, cosignature
from tests.clients.witness.asking import ORIGIN, Growing
from tests.world import secret

LOG = Growing()
FORK = Growing("told otherwise")
NAME = "witness.example.org/w1"
NOW = 1_780_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make(tmp_path / "w", NAME)
    return tmp_path / "w"


@pytest.fixture
def witness(folder: Path) -> Iterator[Witness]:
    with closing(Witness(folder, [LOG.vkey], "农业农村局", clock=lambda: NOW)) as witness:
        yield witness


def ask(witness: Witness, body: bytes) -> Answer:
    return answer(witness, Asked("POST", "/add-checkpoint", body))


def seen(witness: Witness) -> int:
    newest = witness.store.newest(ORIGIN)
    return newest.size if newest else 0


def test_it_signs_what_continues(witness: Witness) -> None:
    old = 0
    for size in (0, 1, 1, 7, 300):
        said = ask(witness, LOG.asks(old, size))
        assert said.status == 200
        _, time = cosignature(LOG.note(size), said.body.decode(), witness.vkey)
        assert (time, seen(witness)) == (NOW, size)
        old = size


def test_each_reason_has_the_standards_status(witness: Witness) -> None:
    ask(witness, LOG.asks(0, 5))
    cut = LOG.asks(5, 9).replace(b"old 5\n", b"old 5\n" + b"A" * 44 + b"\n")
    stranger = Growing(key=PrivateKey.generate())
    forged = LOG.asks(5, 9).replace(b"\n9\n", b"\n8\n")
    for body, status in (
        (b"", 400),
        (b"\xff", 400),
        (cut, 400),
        (LOG.asks(5, 9).replace(b"old 5", b"old 10"), 400),
        (stranger.asks(5, 9), 403),
        (forged, 403),
        (Growing(origin="log.example.org/other").asks(0, 9), 404),
        (LOG.asks(4, 9), 409),
        (LOG.asks(0, 9), 409),
        (FORK.asks(5, 9), 422),
        (FORK.asks(5, 5), 422),
    ):
        said = ask(witness, body)
        assert said.status == status, body
        assert seen(witness) == 5
        if status == 409:
            assert (said.body, said.media) == (b"5\n", SIZE_TYPE)
        else:
            assert said.body
    assert ask(witness, LOG.asks(5, 9)).status == 200


def test_a_rollback_is_refused(witness: Witness) -> None:
    ask(witness, LOG.asks(0, 9))
    assert ask(witness, LOG.asks(5, 7)).status == 409
    assert ask(witness, LOG.asks(9, 9)).status == 200
    assert seen(witness) == 9


def test_junk_below_a_note_is_neither_believed_nor_kept(witness: Witness) -> None:
    junk = str(cosign(LOG.head(5), witness.vkey.name, secret("somebody"), NOW))
    said = ask(witness, LOG.asks(0, 5) + junk.encode())
    assert said.status == 200
    newest = witness.store.newest(ORIGIN)
    assert newest
    assert [signature.name for signature in Note.parse(newest.note).signatures] == [ORIGIN, NAME]
    assert junk not in newest.note


def test_what_it_signed_is_shown_with_both_signatures(witness: Witness) -> None:
    path = f"/{checkpoint_path(ORIGIN)}"
    assert answer(witness, Asked("GET", path, b"")).status == 404
    ask(witness, LOG.asks(0, 5))
    said = answer(witness, Asked("GET", path, b""))
    checkpoint, cosigned = open_checkpoint(said.body.decode(), LOG.vkey, [witness.vkey])
    assert (checkpoint, cosigned) == (LOG.head(5), {witness.vkey: NOW})
    assert answer(witness, Asked("GET", f"/{checkpoint_path('log.example.org/other')}", b"")).status == 404


def test_other_ways_in_lead_nowhere(witness: Witness) -> None:
    for method, path, status in (
        ("GET", "/add-checkpoint", 405),
        ("POST", "/", 405),
        ("DELETE", "/add-checkpoint", 405),
        ("GET", "/elsewhere", 404),
        ("GET", "//", 404),
        ("GET", "/", 200),
        ("HEAD", "/", 200),
    ):
        assert answer(witness, Asked(method, path, b"")).status == status, (method, path)


def test_what_it_saw_outlives_it(folder: Path) -> None:
    with closing(Witness(folder, [LOG.vkey])) as witness:
        ask(witness, LOG.asks(0, 5))
    with closing(Witness(folder, [LOG.vkey])) as witness:
        assert ask(witness, FORK.asks(5, 9)).status == 422
        assert ask(witness, LOG.asks(0, 9)).status == 409
        assert ask(witness, LOG.asks(5, 9)).status == 200


def test_a_signature_leaves_only_when_it_is_stored(folder: Path) -> None:
    """The disk fills up between check and commit: nobody gets a signature, and the next question finds the old size."""

    class Full(store.Store):
        def add_cosigned(self, row: store.Row) -> None:
            super().add_cosigned(row)
            raise sqlite3.OperationalError("database or disk is full")

    with closing(Witness(folder, [LOG.vkey])) as witness:
        ask(witness, LOG.asks(0, 5))
        good, full = witness.store, Full(folder / "witness.sqlite")
        witness.store = full
        with pytest.raises(sqlite3.OperationalError):
            ask(witness, LOG.asks(5, 9))
        full.close()
        witness.store = good
        assert seen(witness) == 5
        assert ask(witness, FORK.asks(5, 9)).status == 422
        assert ask(witness, LOG.asks(5, 9)).status == 200


def test_of_two_histories_at_once_one_is_signed(folder: Path) -> None:
    """Many at once, through connections of their own as processes have them; and never a size that falls."""
    with closing(Witness(folder, [LOG.vkey])) as witness:
        ask(witness, LOG.asks(0, 5))
    bodies = [log.asks(5, size) for log in (LOG, FORK) for size in (5, 6, 9, 12)]

    def one(body: bytes) -> bool:
        with closing(Witness(folder, [LOG.vkey])) as mine:
            return ask(mine, body).status == 200

    with ThreadPoolExecutor(len(bodies)) as pool:
        signed = list(pool.map(one, bodies))
    assert not any(signed[4:])
    with closing(Witness(folder, [LOG.vkey])) as witness:
        cosigned = witness.store.cosigned(ORIGIN)
        sizes = [row.size for row in cosigned]
        assert sizes == sorted(sizes, reverse=True)
        assert len(sizes) == len({5, *(size for size, yes in zip((5, 6, 9, 12), signed, strict=False) if yes)})
        assert {Checkpoint.parse(Note.parse(row.note).text) for row in cosigned} <= {LOG.head(size) for size in sizes}


def test_two_first_checkpoints_at_once_are_two_histories_and_one_is_signed(folder: Path) -> None:
    def one(log: Growing) -> int:
        with closing(Witness(folder, [LOG.vkey])) as mine:
            return ask(mine, log.asks(0, 5)).status

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(one, (LOG, FORK, LOG, FORK)))
    assert statuses.count(200) == 1
    assert set(statuses) == {200, 409}


def test_a_fork_is_kept_and_told_on_the_page(witness: Witness) -> None:
    ask(witness, LOG.asks(0, 5))
    assert "两段历史" not in page(witness)
    ask(witness, FORK.asks(5, 9))
    assert "两段历史" not in page(witness)  # it may be a proof that went wrong
    ask(witness, FORK.asks(5, 5))
    ask(witness, FORK.asks(5, 5) + str(cosign(FORK.head(5), "x", secret("x"), 1)).encode())
    assert [row.size for row in witness.store.refused(ORIGIN)] == [5, 9]  # other junk below it is not another note
    said = page(witness)
    assert "两段历史" in said
    assert "Two histories" in said


def page(witness: Witness) -> str:
    return answer(witness, Asked("GET", "/", b"")).body.decode()


def test_the_page_says_what_was_witnessed_in_both_languages(folder: Path) -> None:
    other = Growing(origin="log.example.org/<other>")
    with closing(Witness(folder, [LOG.vkey, other.vkey], "<局>", clock=lambda: NOW)) as witness:
        for old, size in ((0, 5), (5, 1234)):
            ask(witness, LOG.asks(old, size))
        said = page(witness)
    HTMLParser().feed(said)
    for word in ("1,234", "条账目已见证", "entries witnessed", "还没有见证过", "&lt;局&gt;", "&lt;other&gt;", NAME):
        assert word in said
    assert "<局>" not in said


def test_a_store_keeps_what_may_be_wanted_and_no_more(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT", 3)
    with closing(Witness(folder, [LOG.vkey])) as witness:
        for size in range(8):
            ask(witness, LOG.asks(max(0, size - 1), size))
        assert [row.size for row in witness.store.cosigned(ORIGIN)] == [7, 6, 5]
        assert ask(witness, LOG.asks(7, 8)).status == 200


def test_asking_for_the_same_again_crowds_nothing_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger who repeats the newest checkpoint would else empty the memory that may convict the log."""
    monkeypatch.setattr(store, "KEPT", 3)
    with closing(Witness(folder, [LOG.vkey])) as witness:
        for old, size in ((0, 5), (5, 7), *[(7, 7)] * 9):
            assert ask(witness, LOG.asks(old, size)).status == 200
        assert [row.size for row in witness.store.cosigned(ORIGIN)] == [7, 5]


def test_a_checkpoint_that_somebody_brought_with_a_bad_proof_is_not_held_against_the_log(witness: Witness) -> None:
    ask(witness, LOG.asks(0, 5))
    head, _, note = LOG.asks(5, 9).partition(b"\n\n")
    garbage = b"\n".join(head.split(b"\n")[:-1])
    assert ask(witness, garbage + b"\n\n" + note).status == 422
    ask(witness, FORK.asks(5, 9))
    assert len(witness.store.refused(ORIGIN)) == 2
    assert ask(witness, LOG.asks(5, 9)).status == 200
    (kept,) = witness.store.refused(ORIGIN)
    assert Note.parse(kept.note).text == FORK.note(9).text


def test_a_size_of_64_bits_is_remembered(witness: Witness) -> None:
    most = (1 << 64) - 1
    witness.store.add_cosigned(store.Row(ORIGIN, most, str(LOG.note(5)), NOW))
    assert seen(witness) == most


def test_its_key_is_its_own_and_made_once(folder: Path) -> None:
    assert stat.S_IMODE((folder / "witness.key").stat().st_mode) == 0o600
    with pytest.raises(NoWitness, match="witness-there"):
        make(folder, NAME)
    with pytest.raises(NoWitness, match="no-witness"):
        Witness(folder.parent / "elsewhere", [LOG.vkey])
    (folder / "witness.key").write_bytes(PrivateKey.generate().to_pem())
    with pytest.raises(NoWitness, match="no-witness"):
        Witness(folder, [LOG.vkey])
    (folder / "witness.key").write_bytes(b"-----BEGIN")
    with pytest.raises(BadKey):
        Witness(folder, [LOG.vkey])


def test_why_is_said_when_asked_in_code(witness: Witness) -> None:
    ask(witness, LOG.asks(0, 5))
    with pytest.raises(BadProof, match="consistency"):
        witness.add_checkpoint(FORK.asks(5, 9))
