"""A run of the rules: findings open and close as newer tables say, what was recorded stays as it was."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select

from app.audit.rows import read_lock, read_only
from app.audit.verify import audit
from app.config import Settings
from app.db import connect
from app.recording import Appended
from app.rules.rows import SHAPES
from app.rules.running import Ran, differs, run
from app.rules.sheets import Sheet, read
from app.rules.tables import Tables
from app.rules.versions import bring
from app.tables import TRUTH, findings, grounds, rule_changes, rule_runs
from ledger.identity import ChainId
from ledger.policy import Pin
from tests.app.rules.season import sprayed
from tests.app.seeding import LOG_ID, append, journal, seed
from tests.world import World

NOW = 1_780_000_000_000


def waits(days: int, *, source: str = "公告") -> Sheet:
    """A table of intervals that knows one substance."""
    header = ",".join(SHAPES["intervals"].header)
    text = f"{header}\n吡虫啉,imidacloprid,蔬菜,{days},{source},2015-01-01,,yes\n"
    return read("intervals", SHAPES["intervals"], text.encode())


@dataclass
class Kept:
    """A log on a disk whose story is told."""

    settings: Settings
    world: World
    lot: ChainId
    engine: Engine

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self.engine.execution_options(writes=True).begin() as connection:
            yield connection

    def put_in_force(self, *sheets: Sheet) -> Ran:
        with self.writing() as connection:
            for sheet in sheets:
                bring(connection, LOG_ID, sheet, NOW)
            return run(connection, LOG_ID, NOW)

    def found(self) -> set[tuple[str, str]]:
        """Code and severity of what is open about the lot."""
        query = select(findings.c.code, findings.c.severity).where(
            findings.c.batch == self.lot, findings.c.closed.is_(None)
        )
        with self.engine.connect() as connection:
            return {(code, severity) for code, severity in connection.execute(query)}

    def stopped(self) -> bool:
        query = select(grounds).where(grounds.c.batch == self.lot, grounds.c.until.is_(None))
        with self.engine.connect() as connection:
            return connection.execute(query).first() is not None

    def sound(self) -> bool:
        """Whether an audit, projections too, finds nothing."""
        pin = Pin.parse(self.settings.pin.read_text())
        engine = read_only(self.settings.url)
        try:
            return audit(engine, pin, read_lock(self.settings.data / "lock", pin.origin)).clean
        finally:
            engine.dispose()


@pytest.fixture
def kept(tmp_path: Path, database_url: str) -> Iterator[Kept]:
    world, lot = sprayed()
    settings = seed(tmp_path / "data", world, database_url)
    engine = connect(settings.url)
    yield Kept(settings, world, lot, engine)
    engine.dispose()


def test_a_longer_interval_stops_what_was_harvested_in_time(kept: Kept) -> None:
    assert ("interval", "hold") not in kept.found()
    ran = kept.put_in_force(waits(9))
    assert (ran.run, ran.tables, ran.statements) == (1, {"intervals": 1}, len(kept.world.statements))
    assert ran.count("opened") == {"interval": 1}
    assert not ran.count("closed")
    (change,) = ran.changes
    assert (change.batch, change.params["days"]) == (kept.lot, "9")
    assert ("interval", "hold") in kept.found()
    assert kept.stopped()
    assert kept.sound()


def test_and_what_opened_closes_again(kept: Kept) -> None:
    kept.put_in_force(waits(9))
    ran = kept.put_in_force(waits(8))
    assert (ran.run, ran.tables) == (2, {"intervals": 2})
    assert ran.count("closed") == {"interval": 1}
    assert not ran.count("opened")
    assert ("interval", "hold") not in kept.found()
    assert not kept.stopped()
    assert kept.sound()


def test_another_first_lawful_day_is_another_finding(kept: Kept) -> None:
    kept.put_in_force(waits(9))
    ran = kept.put_in_force(waits(12))
    assert (ran.count("opened"), ran.count("closed")) == ({"interval": 1}, {"interval": 1})
    assert {each.change: each.params["days"] for each in ran.changes} == {"opened": "12", "closed": "9"}


def test_the_register_tells_what_a_run_changed_and_by_which_tables(kept: Kept) -> None:
    kept.put_in_force(waits(9))
    kept.put_in_force()
    with kept.engine.connect() as connection:
        runs = connection.execute(select(rule_runs).order_by(rule_runs.c.run)).all()
        changes = connection.execute(select(rule_changes)).all()
        tables = Tables.load(connection, LOG_ID)
        assert differs(connection, LOG_ID, tables) == set()
        assert differs(connection, LOG_ID, tables.replace(waits(3))) == {"intervals"}
    assert [(one.run, one.at, one.opened, one.closed) for one in runs] == [(1, NOW, 1, 0), (2, NOW, 0, 0)]
    assert waits(9).digest in runs[0].tables
    assert [(one.run, one.line, one.change, one.code, one.batch) for one in changes] == [
        (1, 0, "opened", "interval", kept.lot)
    ]


def test_no_truth_changes(kept: Kept) -> None:
    def truth() -> list[list[tuple[object, ...]]]:
        with kept.engine.connect() as connection:
            return [
                [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
                for table in TRUTH
            ]

    before = truth()
    kept.put_in_force(waits(9))
    assert truth() == before


def test_what_is_only_imported_changes_nothing_yet(kept: Kept) -> None:
    with kept.writing() as connection:
        assert bring(connection, LOG_ID, waits(9), NOW) == 1
        interval = Tables.load(connection, LOG_ID).interval("吡虫啉", "番茄", "蔬菜", date(2026, 5, 1))
    assert interval is not None
    assert interval.days == 7
    assert kept.sound()


def test_of_several_versions_that_wait_the_newest_is_put_in_force(kept: Kept) -> None:
    with kept.writing() as connection:
        assert [bring(connection, LOG_ID, waits(days), NOW) for days in (30, 30, 9)] == [1, None, 2]
    assert kept.put_in_force().tables == {"intervals": 2}
    assert kept.put_in_force().tables == {}
    with kept.writing() as connection:
        assert bring(connection, LOG_ID, waits(9), NOW) is None


def test_a_run_that_fails_leaves_everything_as_it_was(kept: Kept) -> None:
    def broken(done: int, size: int) -> None:
        raise OSError("the disk is full")

    def run_on_a_full_disk() -> None:
        with kept.writing() as connection:
            bring(connection, LOG_ID, waits(9), NOW)
            run(connection, LOG_ID, NOW, broken)

    before = kept.found()
    with pytest.raises(OSError, match="full"):
        run_on_a_full_disk()
    assert kept.found() == before
    assert kept.sound()
    with kept.engine.connect() as connection:
        assert connection.execute(select(rule_runs)).first() is None


@pytest.fixture
def service(kept: Kept) -> Iterator[Callable[..., Appended]]:
    """A running service: what it answers to one more statement."""
    engine = connect(kept.settings.url)
    with closing(journal(kept.settings, engine, kept.world)) as writer:

        def state(*args: object, **more: object) -> Appended:
            (outcome,) = append(writer, kept.world, [kept.world.state(*args, **more)])  # type: ignore[arg-type]
            assert isinstance(outcome, Appended), outcome
            return outcome

        yield state


def test_a_running_service_goes_on_with_the_new_tables(kept: Kept, service: Callable[..., Appended]) -> None:
    """It had the batch in hand, with what was found of it by the tables before."""
    service("observe", "coop", {"growth_stage": "采收末期"}, [kept.lot])
    kept.put_in_force(waits(9))
    goods = {"batch": kept.lot, "quantity": {"unit": "kg", "value": "1"}}
    body = {"goods": [goods], "receiver": kept.world.parties["shop"]}
    done = service("ship", "coop", body, [kept.lot])
    assert "moved-on-hold" in {finding.code for finding in done.findings}
    kept.put_in_force(waits(5))
    done = service("ship", "coop", body, [kept.lot])
    assert "moved-on-hold" not in {finding.code for finding in done.findings}
    assert kept.sound()
