"""What the walk is made of: what it counts, what it passes, and that a statement may be wrong in many ways."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete

from app.audit.report import NAMED, Tally
from app.audit.rows import read_only
from app.audit.signatures import Signatures, Signed
from app.audit.verify import audit
from app.db import connect
from app.journal import Journal
from app.recording import Record
from app.stored import read_note
from app.tables import findings
from ledger import b64u
from ledger.errors import Malformed
from ledger.identity import trace_code
from ledger.policy import Pin
from ledger.statement import Statement, parse
from tests.app.audit.conftest import Kept
from tests.app.seeding import folder, journal, record, seed
from tests.world import World, county, harvested, planted, secret


def test_everything_is_looked_at(kept: Kept) -> None:
    report = kept.audit(kept.settings.url)
    assert report.clean
    assert report.size == len(kept.world.entries)
    assert report.checked["statements"] == len(kept.world.statements)
    assert report.checked["entries"] == len(kept.world.entries)
    assert report.checked["disclosures"] == sum(map(len, kept.world.disclosures.values()))
    assert kept.locked
    assert report.root == b64u.encode(read_note(kept.locked).root)
    assert min(report.checked.values()) > 0


def recorded(tmp_path: Path, world: World, wrong: Sequence[Statement]) -> tuple[str, str] | None:
    """The first failure's check and code of a log whose operator recorded ``wrong`` behind the world's statements."""
    settings = folder(tmp_path / "data", world)
    engine = connect(settings.url)
    writer: Journal = journal(settings, engine, world)
    writer.registry.authorise = lambda statement: None  # type: ignore[method-assign]
    known = world.disclosures
    sound = [
        replace(record(world, one), verified=True) if one.hash in known else Record(one, verified=True)
        for one in world.statements
    ]
    asyncio.run(writer.append([*sound, *(Record(statement, verified=True) for statement in wrong)]))
    writer.close()
    report = audit(read_only(settings.url), Pin.parse(settings.pin.read_text()))
    engine.dispose()
    found = [failure for failure in report.failures if failure.check != "projection"]
    return (found[0].check, found[0].code) if found else None


def test_an_operator_who_records_what_the_law_refuses(tmp_path: Path) -> None:
    """A role that may not is found although key, chain and tree are in order."""
    world = county()
    planting = planted(world)
    wrong = world.statement("apply", "shop", {"name": "x"}, [planting])
    assert recorded(tmp_path, world, [wrong]) == ("registry", "role")


def test_a_signature_by_somebody_else(tmp_path: Path) -> None:
    world = county()
    planted(world)
    good = world.statements[-1]
    parts = good.jws.split(".")
    forged = b64u.encode(secret("shop").sign(".".join(parts[:2]).encode()))
    world.statements[-1] = parse(f"{parts[0]}.{parts[1]}.{forged}")
    assert recorded(tmp_path, world, []) == ("signature", "signature")


@pytest.mark.parametrize("beside", [False, True])
def test_signatures_in_place_and_in_processes(beside: bool) -> None:
    key = secret("farm")
    bad: list[int] = []
    signatures = Signatures(lambda signed: bad.append(signed.number), beside=beside)
    for number in range(1500):
        signature = key.sign(b"message") if number % 500 else bytes(64)
        signatures.add(Signed("signature", "statements", number, number, key.public, signature, b"message"))
    signatures.close()
    assert bad == [0, 500, 1000]


def test_the_first_failures_are_kept_whatever_order_they_come_in() -> None:
    tally = Tally()
    for at in reversed(range(3 * NAMED)):
        tally.fail("entry", "entries", at, at, Malformed("changed", path="hash", has="a", wanted="b"))
    tally.fail("projection", "named", "x", 0, "extra")
    tally.fail("statement", "statements", 0, 0, "absent")
    report = tally.report("log", 1, "")
    assert [failure.key for failure in report.failures] == ["0", *map(str, range(NAMED - 1))]
    assert report.first
    assert report.first.check == "statement"
    assert report.bad == {"entry": 3 * NAMED, "projection": 1, "statement": 1}


def test_what_is_written_meanwhile_does_not_disturb(tmp_path: Path) -> None:
    """A service goes on while its log is audited: the audit is of one moment."""
    world = county()
    planting = planted(world)
    settings = seed(tmp_path / "data", world)
    engine = connect(settings.url)
    writer = journal(settings, engine, world)
    before = len(world.entries)
    harvested(world, planting)
    late = world.statements[-1]

    def progress(done: int, size: int) -> None:
        asyncio.run(writer.append([Record(late)]))

    report = audit(read_only(settings.url), Pin.parse(settings.pin.read_text()), writer.latest(), progress)
    assert (report.clean, report.size) == (True, before)
    report = audit(read_only(settings.url), Pin.parse(settings.pin.read_text()), writer.latest())
    assert (report.clean, report.size) == (True, len(world.entries))
    writer.close()
    engine.dispose()


def test_nothing_can_be_written_through_it(kept: Kept) -> None:
    engine = read_only(kept.settings.url)
    with engine.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.execute(delete(findings))
    engine.dispose()


def test_an_index_that_leads_elsewhere_is_found_though_every_row_is_as_it_was(kept: Kept, tmp_path: Path) -> None:
    """Look-ups by trace code go through an index: bent, it would show another batch under a good code."""
    whole = (kept.settings.data / "ledger.sqlite").read_bytes()
    code = trace_code(next(c for s in kept.world.statements if s.kind == "harvest" for c in s.created)).encode()
    places = [found.start() for found in re.finditer(code, whole)]
    assert len(places) == 2, "once in the table, once in the index on it"
    checks = set()
    for place in places:
        bent = tmp_path / "bent.sqlite"
        last = place + len(code) - 1
        bent.write_bytes(whole[:last] + bytes([whole[last] ^ 1]) + whole[last + 1 :])
        report = kept.audit(f"sqlite:///{bent}")
        assert report.first is not None
        checks |= {failure.check for failure in report.failures}
        bent.unlink()
    assert checks == {"projection", "database"}
