"""One batch checked from the stored bytes: what it rests on is found, and what of it was changed is named."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from app.audit.batch import verify_batch
from app.audit.report import CHECKS, Failure, Report
from app.audit.rows import read_only
from ledger.identity import ChainId
from tests.app.audit.conftest import Kept
from tests.app.audit.tampering import File
from tests.app.seeding import LOG_ID


def lot(kept: Kept) -> ChainId:
    """The lot that was sent, received, oversold and corrected."""
    harvest = [one for one in kept.world.statements if one.kind == "harvest"][-1]
    return harvest.created[0]


def checked(kept: Kept, url: str) -> Report:
    engine = read_only(url)
    try:
        return verify_batch(engine, LOG_ID, kept.pin, lot(kept), kept.locked)
    finally:
        engine.dispose()


def test_what_it_rests_on_is_all_there(kept: Kept) -> None:
    """Its own chain, its planting, the root, the registrar, and the four parties that had to do with it."""
    report = checked(kept, kept.settings.url)
    assert report.clean
    assert report.size == len(kept.world.entries)
    assert report.checked["chains"] == 7
    assert report.checked["signatures"] == report.checked["statements"]
    assert report.checked["inclusion"] == report.checked["entries"]
    assert 0 < report.checked["statements"] < len(kept.world.statements)


def of_kind(kept: Kept, kind: str, place: int = 0) -> int:
    found = [one for one in kept.world.statements if one.kind == kind]
    return kept.world.first[found[place].hash]


BAD = {
    "the harvest's text": (
        "harvest", -1, "UPDATE statements SET jws = replace(jws, substr(jws, 300, 1), 'A')", "statements",
    ),
    "a receipt's signature": (
        "receive", 0, "UPDATE statements SET jws = substr(jws, 1, length(jws) - 20) || 'AAAAA' || substr(jws, -15)",
        "statements",
    ),
    "the planting's number": ("plant", 0, "UPDATE statements SET n = n + 1000", "statements"),
    "the farm's registration": ("party.register", 2, "UPDATE statements SET kind = 'party.register2'", "statements"),
    "a shipment's receipt time": ("ship", 1, "UPDATE entries SET received = received + 1", "entries"),
    "a sale's hash": ("sell", 0, "UPDATE entries SET hash = zeroblob(32)", "entries"),
    "a shipment that is gone": ("ship", 1, "DELETE FROM statements", "entries"),
    "a plate": ("ship", 0, "UPDATE disclosures SET disclosure = 'A' || substr(disclosure, 2)", "statements"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_was_changed_is_named(what: str, kept: Kept, copy: Callable[[], File], tmp_path: Path) -> None:
    kind, place, statement, table = BAD[what]
    index = of_kind(kept, kind, place)
    database = copy()
    database.execute(f"{statement} WHERE first_index = ?", [index])
    database.connection.close()
    first = checked(kept, f"sqlite:///{tmp_path / 'copy.sqlite'}").first
    assert first
    assert (first.table, first.key.split(",")[0]) == (table, str(index))
    assert first.say("zh") != first.say("en")


def test_altered_text_is_said_for_a_supervisor_and_the_parser_speaks_last(
    kept: Kept, copy: Callable[[], File], tmp_path: Path
) -> None:
    """Nobody who looks into tampering is to be told that a program has a fault."""
    index = of_kind(kept, "harvest", -1)
    database = copy()
    middle = "substr(jws, 1, 300) || '!!!!' || substr(jws, 305)"
    database.execute(f"UPDATE statements SET jws = {middle} WHERE first_index = ?", [index])
    database.connection.close()
    first = checked(kept, f"sqlite:///{tmp_path / 'copy.sqlite'}").first
    assert first
    words = first.words("zh")
    assert words.startswith(f"记录 {index} 与签名时不同，可能被改动过（未通过的核验：记录内容）。")
    assert "维护" not in words
    assert not re.search("[A-Za-z]{3}", words)
    assert first.say("zh").startswith(words)
    assert first.say("zh").endswith(first.detail)
    assert first.words("en").startswith(f"Statement {index} is not as it was signed")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("code", ["changed", "absent", "extra", "json"])
def test_every_check_has_its_words(check: str, code: str) -> None:
    failure = Failure(check, "entries", "7", code, {"path": "hash", "has": "a", "wanted": "b"})
    zh, en = failure.words("zh"), failure.words("en")
    assert CHECKS[check][0] in zh
    assert CHECKS[check][1] in en
    assert zh != en
    assert not re.search("[{}]", zh + en)


def test_the_tree_and_its_checkpoint(kept: Kept, copy: Callable[[], File], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'copy.sqlite'}"
    database = copy()
    database.execute("UPDATE tile_hashes SET hash = zeroblob(32) WHERE position = 0")
    database.connection.close()
    first = checked(kept, url).first
    assert first
    assert first.check == "inclusion"
    database = copy()
    newest = database.execute("SELECT max(size) FROM checkpoints")[0][0]
    database.execute("DELETE FROM checkpoints WHERE size = ?", [newest])
    database.connection.close()
    assert "database-behind" in {failure.code for failure in checked(kept, url).failures}
    database = copy()
    database.execute("UPDATE checkpoints SET note = replace(note, '— ', '—  ')")
    database.connection.close()
    assert checked(kept, url).bad["checkpoint"] == 1
    database = copy()
    database.execute("DELETE FROM checkpoints")
    database.connection.close()
    assert checked(kept, url).bad["checkpoint"] == 1
