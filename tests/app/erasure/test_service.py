"""Erasing: what goes, what stays, what is noted of it, and that nothing brings it back."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.audit.rows import read_only
from app.audit.verify import audit
from app.batches.books import Books
from app.db import connect
from app.erasure.service import By, Wanted
from app.errors import NotFound
from app.journal import Journal
from app.lock import Lock
from app.recording import Appended, Record
from app.tables import attachments, disclosures, erasures, scrubs
from ledger.errors import Malformed
from ledger.policy import Pin
from ledger.statement import digest, open_sealed, present, read_presentation
from tests.app.erasure.conftest import PHONE, Named
from tests.app.seeding import LOG_ID, append


def left(named: Named) -> set[str]:
    with named.engine.connect() as connection:
        query = select(disclosures.c.name).where(disclosures.c.first_index == index(named))
        return set(connection.execute(query).scalars())


def index(named: Named) -> int:
    return named.world.first[named.intake.hash]


def clean(named: Named) -> bool:
    engine = read_only(named.settings.url)
    try:
        report = audit(engine, Pin.parse(named.settings.pin.read_text()))
        return report.clean
    finally:
        engine.dispose()


def journal(named: Named) -> Journal:
    engine = connect(named.settings.url)
    return Journal(
        engine,
        Lock(named.settings.data / "lock", named.world.log),
        [named.world.log_key],
        named.world.log,
        LOG_ID,
        Books(LOG_ID),
    )


def test_one_field_goes_and_is_on_record_without_its_value(named: Named) -> None:
    eraser = named.eraser()
    by = By("00000000-0000-4000-8000-000000000001", named.world.parties["coop"])
    done = eraser.erase(eraser.of_statement(named.intake.hash, ["supplier_contact"]), " 本人要求 ", by)
    assert (done.fields, done.files, done.scrubbed) == ((Wanted(index(named), "supplier_contact"),), 0, True)
    assert left(named) == {"person", "supplier"}
    gone = next(one for one in named.disclosures if PHONE in str(open_sealed(named.intake, [one])))
    with named.engine.connect() as connection:
        (row,) = connection.execute(select(erasures)).all()
        assert connection.execute(select(scrubs.c.number)).scalars().all() == [1]
    assert (row.number, row.first_index, row.field, row.digest) == (1, index(named), "supplier_contact", digest(gone))
    assert (row.ground, row.reason, row.account_id, row.party) == ("request", "本人要求", by.account_id, by.party)
    assert PHONE not in str(row)
    assert clean(named)


def test_what_is_left_still_verifies(named: Named) -> None:
    eraser = named.eraser()
    eraser.erase(eraser.of_statement(named.intake.hash, ["supplier_contact"]), "本人要求")
    with named.engine.connect() as connection:
        query = select(disclosures.c.disclosure).where(disclosures.c.first_index == index(named))
        rest = connection.execute(query).scalars().all()
    jws, kept = read_presentation(present(named.intake.jws, rest))
    assert jws == named.intake.jws
    named.intake.verify(named.world.registry.key_of(named.intake))
    assert open_sealed(named.intake, kept).keys() == {"person", "supplier"}


def test_all_that_a_statement_or_a_batch_seals(named: Named) -> None:
    eraser = named.eraser()
    assert {one.field for one in eraser.of_statement(named.intake.hash)} == {"person", "supplier", "supplier_contact"}
    persons = eraser.of_chain(named.lot, ["person"])
    assert len(persons) == 40
    assert len(eraser.of_chain(named.lot)) == 80
    eraser.erase(persons, "到期")
    with pytest.raises(NotFound, match="not-sealed"):
        eraser.of_chain(named.lot, ["person"])
    assert len(eraser.of_chain(named.lot)) == 40
    assert clean(named)


def test_what_is_not_there_cannot_be_erased(named: Named) -> None:
    eraser = named.eraser()
    for wrong in (["plate"], ["person", "plate"], ["outputs"]):
        with pytest.raises(NotFound, match="not-sealed"):
            eraser.of_statement(named.intake.hash, wrong)
    with pytest.raises(NotFound, match="no-statement"):
        eraser.of_statement(named.world.statements[0].hash[:-1] + "A")  # type: ignore[arg-type]
    for reason in ("", "  ", "x" * 201):
        with pytest.raises(Malformed, match="text-length"):
            eraser.erase(eraser.of_statement(named.intake.hash), reason)
    assert len(left(named)) == 3
    twice = eraser.of_statement(named.intake.hash)
    eraser.erase(twice, "一次")
    assert eraser.erase(twice, "两次").fields == ()


def test_the_same_statement_sent_again_brings_nothing_back(named: Named) -> None:
    eraser = named.eraser()
    eraser.erase(eraser.of_statement(named.intake.hash), "本人要求")
    writer = journal(named)
    whole, forgot = append(writer, named.world, [named.intake])[0], Record(named.intake, closed=3)
    assert isinstance(whole, Appended)
    assert whole.again
    (again,) = append_records(writer, [forgot])
    assert isinstance(again, Appended)
    assert again.receipt.entries == whole.receipt.entries
    writer.close()
    assert left(named) == set()
    assert clean(named)


def test_a_new_statement_without_its_sealed_fields_is_refused(named: Named) -> None:
    body = {"growth_stage": "结果"}
    new = named.world.statement("observe", "farm", body, [named.lot], sealed={"person": "李"})
    writer = journal(named)
    (refused,) = append_records(writer, [Record(new, closed=1)])
    (taken,) = append(writer, named.world, [new])
    writer.close()
    assert isinstance(refused, Malformed)
    assert refused.code == "undisclosed"
    assert isinstance(taken, Appended)


def append_records(writer: Journal, records: list[Record]) -> list[object]:
    return list(asyncio.run(writer.append(records)))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_old_backup_does_not_bring_it_back(named: Named, tmp_path: Path) -> None:
    database = Path(named.engine.url.database or "")
    with named.engine.begin() as connection:
        connection.execute(text("SELECT 1"))
    named.engine.dispose()
    shutil.copy(database, tmp_path / "yesterday.sqlite")
    eraser = named.eraser()
    eraser.erase(eraser.of_statement(named.intake.hash, ["supplier_contact"]), "本人要求")
    named.engine.dispose()
    for beside in database.parent.glob(f"{database.name}-*"):
        beside.unlink()
    shutil.copy(tmp_path / "yesterday.sqlite", database)
    assert "supplier_contact" in left(named)
    assert named.eraser().finish()
    assert left(named) == {"person", "supplier"}
    with named.engine.connect() as connection:
        assert connection.execute(select(erasures.c.reason)).scalars().all() == ["本人要求"]
    assert clean(named)


def test_a_told_line_that_was_cut_off_or_means_another_log_is_passed(named: Named) -> None:
    told = named.settings.data / "lock" / "erased.jsonl"
    eraser = named.eraser()
    eraser.erase(eraser.of_statement(named.intake.hash, ["person"]), "本人要求")
    assert PHONE not in told.read_text()
    with told.open("a") as file:
        other = "A" * 43
        file.write(
            f'{{"statement":"{other}","field":"person","digest":null,"sha256":null,"ground":"due","reason":"x"}}\n'
        )
        file.write('{"statement":')
    assert named.eraser().finish()
    assert left(named) == {"supplier", "supplier_contact"}


def test_a_device_asks_what_was_erased_of_its_statements(named: Named) -> None:
    eraser = named.eraser()
    eraser.erase(eraser.of_statement(named.intake.hash), "本人要求")
    rows = eraser.of_key(named.intake.kid, 0, 10)
    assert [(row.number, row.hash) for row in rows] == [(number, named.intake.hash) for number in (1, 2, 3)]
    assert {row.digest for row in rows} == {digest(one) for one in named.disclosures}
    assert [row.number for row in eraser.of_key(named.intake.kid, 2, 10)] == [3]
    assert eraser.of_key(named.world.devices["farm"].key.public.kid, 0, 10) == []


def test_nobody_changes_what_is_on_record(named: Named) -> None:
    eraser = named.eraser()
    eraser.erase(eraser.of_statement(named.intake.hash), "本人要求")
    for table in ("erasures", "scrubs"):
        for attempt in (f"UPDATE {table} SET at = 0", f"DELETE FROM {table}"):
            with pytest.raises(Exception, match="what is recorded is not changed"), named.engine.begin() as connection:
                connection.execute(text(attempt))


def test_names_of_files_go_with_the_field_that_names_them(named: Named) -> None:
    one = {"media_type": "image/jpeg", "name": "张三.jpg", "sha256": "A" * 43, "size": 10}
    two = {**one, "sha256": "B" * 42 + "A"}
    papers = named.world.state(
        "observe", "farm", {"attachments": [one, two]}, [named.lot], sealed={"papers": [two], "portraits": [one]}
    )
    writer = journal(named)
    (taken,) = append(writer, named.world, [papers])
    writer.close()
    assert isinstance(taken, Appended)
    eraser = named.eraser()
    assert {one.field for one in eraser.of_statement(papers.hash)} == {"papers", "portraits"}
    assert clean(named)
    eraser.erase(eraser.of_statement(papers.hash, ["portraits"]), "本人要求")
    with named.engine.connect() as connection:
        fields = connection.execute(select(attachments.c.field, attachments.c.line)).all()
    assert sorted(map(tuple, fields)) == [("attachments", 0), ("attachments", 1), ("papers", 0)]
    assert clean(named)
    public = eraser.of_statement(papers.hash, ["attachments"])
    assert public == [Wanted(taken.first_index, "attachments")]
    eraser.erase(public, "照片里有孩子")
    with named.engine.connect() as connection:
        assert connection.execute(select(attachments.c.field)).scalars().all() == ["papers"]
        shown = connection.execute(select(erasures.c.sha256).where(erasures.c.field == "attachments")).scalars().all()
    assert shown == [one["sha256"], two["sha256"]]
    assert clean(named)


def test_two_logs_of_one_database_keep_their_own_count(named: Named) -> None:
    with named.engine.begin() as connection:
        connection.execute(text("INSERT INTO logs (log_id, origin, demonstration) VALUES (2, 'another.example', TRUE)"))
        values = {"log_id": 2, "number": 7, "first_index": 0, "field": "x", "ground": "due", "reason": "x", "at": 1}
        connection.execute(erasures.insert(), values)
    eraser = named.eraser()
    eraser.erase(eraser.of_statement(named.intake.hash), "本人要求")
    with named.engine.connect() as connection:
        query = select(erasures.c.number).where(erasures.c.log_id == LOG_ID).order_by(erasures.c.number)
        assert connection.execute(query).scalars().all() == [1, 2, 3]
