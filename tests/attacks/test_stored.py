"""What somebody does to the database behind the service's back: the audit names it, or the service does not start."""

import json
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from app.audit.commands import audit as audit_command
from app.audit.exported import audit_folder
from app.audit.report import Report
from app.batches.books import Books
from app.config import Settings
from app.db import connect
from app.errors import Stopped
from app.journal import CLOCK_BACK, Journal
from app.lock import Lock
from app.main import create_app
from app.publishing.commands import export
from app.recording import Appended
from ledger.identity import ChainId
from ledger.policy import Pin
from tests.app.seeding import LOG_ID, append, journal, seed
from tests.attacks.operator import backdated, bare, cut, edited, gone_on, publish, swapped, without
from tests.attacks.wire import Wire, attached
from tests.conformance.town import Town, observed
from tests.world import county, planted, secret

Audited = Callable[[], Report]


def bad(report: Report) -> set[str]:
    """The checks that failed."""
    return {failure.check for failure in report.failures}


def stopped(data: Path) -> str:
    """Why a service does not start over this folder."""
    with pytest.raises(Stopped) as caught:
        create_app(Settings(data=data))
    return caught.value.code


def test_a_true_log_is_clean_and_served(data: Path, audited: Audited, wire: Wire, honest: Town) -> None:
    """The twin of all that follows: the same steps, and nothing forged."""
    publish(data, cut(honest, len(honest.entries)))
    assert audited().clean
    with wire.to(data) as visitor:
        assert visitor.get("/log/checkpoint").text == honest.note()


# --- one thing changed ---------------------------------------------------------------------------------------------


def test_a_record_is_edited(data: Path, honest: Town, capsys: pytest.CaptureFixture[str]) -> None:
    """Its text in the database is another: it is no longer what was hashed, nor what was signed."""
    last = honest.statements[-1]
    jws = edited(honest, last, "装箱", "采后").statements[-1].jws
    bare(data).execute("UPDATE statements SET jws = ? WHERE first_index = ?", (jws, honest.first[last.hash]))
    assert audit_command(data=data, json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["first"]["key"] == str(honest.first[last.hash])
    assert told["bad"].keys() >= {"statement", "signature"}


def test_signatures_are_swapped(data: Path, honest: Town, audited: Audited) -> None:
    one, other = honest.statements[-1], honest.statements[-2]
    database = bare(data)
    for mine, theirs in ((one, other), (other, one)):
        jws = f"{mine.jws.rpartition('.')[0]}.{theirs.jws.rpartition('.')[2]}"
        database.execute("UPDATE statements SET jws = ? WHERE first_index = ?", (jws, honest.first[mine.hash]))
    assert audited().bad["signature"] == 2


def test_entries_are_renumbered(data: Path, honest: Town, audited: Audited) -> None:
    database = bare(data)
    size = len(honest.entries)
    for old, new in ((size - 1, size + 9), (size - 2, size - 1), (size + 9, size - 2)):
        database.execute("UPDATE entries SET log_index = ? WHERE log_index = ?", (new, old))
    report = audited()
    assert report.first is not None
    assert (report.first.check, report.first.table, report.first.key) == ("entry", "entries", str(size - 2))


def test_what_pages_show_is_changed(data: Path, audited: Audited) -> None:
    """The records stand as they were signed; the quantities that are computed from them do not."""
    bare(data).execute("UPDATE postings SET amount = amount * 2")
    assert bad(audited()) == {"projection"}


def test_a_stored_file_is_exchanged(tmp_path: Path, wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    """A laboratory's report, in the folder where attachments lie: it is hashed again on reading and in the audit."""
    report, other = b"%PDF-1.7 cadmium: 0.021 mg/kg", b"%PDF-1.7 cadmium: 0.002 mg/kg"
    world = county()
    world.state("observe", "farm", {"attachments": [attached(report)]}, [planted(world)])
    data = seed(tmp_path / "county", world).data
    name = sha256(report).hexdigest()
    file = data / "attachments" / name[:2] / name
    file.parent.mkdir(parents=True)
    path = f"/v1/attachments/{attached(report)['sha256']}"
    for kept, code, status in ((report, 0, 200), (other, 1, 500)):
        file.write_bytes(kept)
        with wire.to(data) as visitor:
            assert visitor.get(path).status_code == status
        assert audit_command(data=data, json=True) == code
        told = json.loads(capsys.readouterr().out)
    assert told["first"]["check"] == "attachment"


# --- everything recomputed: rows, tree, checkpoints, lock ----------------------------------------------------------


def test_a_record_is_edited_and_all_is_recomputed(
    data: Path, honest: Town, audited: Audited, pin: Pin, tmp_path: Path
) -> None:
    """Everything is sound and signed by the log, but for the signature of whoever stated it."""
    publish(data, edited(honest, honest.statements[-1], "装箱", "采后"))
    assert bad(audited()) == {"signature"}
    export(tmp_path / "out", data=data)
    assert bad(audit_folder(tmp_path / "out", pin)) == {"signature"}


def test_a_record_is_invented_in_somebodys_name(data: Path, honest: Town, chain: ChainId, audited: Audited) -> None:
    """The operator has keys, too, but none that was ever added for the farm."""
    farm = honest.devices["farm"]
    farm.key, farm.n, farm.after = secret("somebody"), 0, None
    honest.force(honest.statement("observe", "farm", {"growth_stage": "转色"}, [chain]), apply=False)
    publish(data, honest)
    report = audited()
    assert report.first is not None
    assert (report.first.check, report.first.code) == ("registry", "key-unknown")


def test_records_are_put_in_another_order(data: Path, honest: Town, audited: Audited) -> None:
    publish(data, swapped(honest, honest.statements[-1], honest.statements[-2]))
    assert bad(audited()) == {"notebook"}


def test_a_farms_record_is_dropped(data: Path, honest: Town, chain: ChainId, audited: Audited) -> None:
    """Whatever the farm stated before or behind it tells that there was one."""
    publish(data, without(honest, honest.statements[-2]))
    report = audited()
    assert bad(report) == {"notebook"}
    assert report.first is not None
    assert report.first.params["has"] == honest.statements[-1].n


# --- the lock knows better -----------------------------------------------------------------------------------------


def test_the_tail_is_deleted(data: Path, honest: Town, audited: Audited) -> None:
    """The last records are gone, the database is sound in itself: the lock knows that there were more."""
    publish(data, cut(honest, len(honest.entries) - 2), lock=False)
    assert stopped(data) == "database-behind"
    report = audited()
    assert report.first is not None
    assert (report.first.check, report.first.code) == ("lock", "database-behind")


def test_an_old_backup_is_restored(data: Path, honest: Town, chain: ChainId) -> None:
    """By mistake or not: the service that was restored would go on with a second history, and does not start."""
    backup = (data / "ledger.sqlite").read_bytes()
    observed(honest, chain, "之后")
    publish(data, honest)
    for file in data.glob("ledger.sqlite*"):
        file.unlink()
    (data / "ledger.sqlite").write_bytes(backup)
    assert stopped(data) == "database-behind"


@pytest.mark.parametrize("longer", [0, 3])
def test_the_log_is_told_anew(data: Path, honest: Town, chain: ChainId, longer: int) -> None:
    """Another history, sound in itself, under the same key, as long or longer: the lock holds the one before."""
    anew = swapped(honest, honest.statements[-1], honest.statements[-4])
    publish(data, gone_on(anew, chain, longer), lock=False)
    assert stopped(data) == "database-beside"


def test_a_record_is_backdated(data: Path, honest: Town, audited: Audited) -> None:
    """Half a minute is enough to change a leaf, and with it the root that the lock holds."""
    publish(data, backdated(honest, honest.statements[-2]), lock=False)
    assert stopped(data) == "database-beside"
    assert bad(audited()) == {"lock"}


def test_a_record_is_backdated_to_before_others(data: Path, honest: Town, audited: Audited) -> None:
    """The times of a log never fall, whoever holds the lock."""
    publish(data, backdated(honest, honest.statements[-1], by=200_000))
    report = audited()
    assert [(one.check, one.code) for one in report.failures] == [("entry", "time-falls")]


def test_the_lock_is_taken_away(data: Path, honest: Town) -> None:
    """Without one a database of any length would do: then nothing is served at all."""
    for file in (data / "lock").iterdir():
        file.unlink()
    assert stopped(data) == "lock-missing"


def test_the_clock_is_set_back(tmp_path: Path) -> None:
    """To record something as of earlier the service would have to take it: it stops itself instead."""
    world = county()
    settings = seed(tmp_path / "data", world)
    times = [ahead := time.time_ns() // 1_000_000 + 60_000, ahead - CLOCK_BACK - 1]
    lock = Lock(settings.data / "lock", world.log)
    engine = connect(settings.url)
    writer = Journal(engine, lock, [world.log_key], world.log, LOG_ID, Books(LOG_ID), lambda: times.pop(0))
    for _ in range(2):
        planted(world)
    (good,) = append(writer, world, world.statements[-2:-1])
    (late,) = append(writer, world, world.statements[-1:])
    writer.close()
    assert isinstance(good, Appended)
    assert isinstance(late, Stopped)
    assert late.code == "clock-back"


def test_two_services_over_one_folder_tell_one_story(tmp_path: Path) -> None:
    """Started twice by mistake: each waits for the other's lock, and goes on from what the other wrote."""
    world = county()
    settings = seed(tmp_path / "data", world)
    writers = [journal(settings, connect(settings.url), world) for _ in range(2)]
    for turn in range(4):
        planted(world)
        (done,) = append(writers[turn % 2], world, world.statements[-1:])
        assert isinstance(done, Appended)
    assert {writer.latest() for writer in writers} == {writers[0].latest()}
    for writer in writers:
        writer.close()
    assert audit_command(data=settings.data, json=True) == 0
