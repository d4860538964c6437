"""Whose word counts: of whoever had the goods from hand to hand, of laboratories and supervisors; no stranger's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.tables import findings, grounds
from ledger.errors import LedgerError, NotAllowed
from ledger.identity import ChainId
from tests.app.batches.desk import codes
from tests.app.rules.farming import Template, Year, prepared
from tests.app.rules.tale import Tale, residue
from tests.world import kg


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return prepared(tmp_path_factory.mktemp("county") / "data")


@pytest.fixture
def year(county: Template, tmp_path: Path) -> Iterator[Year]:
    with county.begin(tmp_path / "data") as year:
        yield year


@pytest.fixture
def tale(year: Year) -> Tale:
    return Tale(year)


def stopped(tale: Tale, batch: ChainId) -> list[str]:
    reaching = (grounds.c.first_index == findings.c.first_index) & (grounds.c.line == findings.c.line)
    query = select(findings.c.code).join(grounds, reaching).where(grounds.c.batch == batch, grounds.c.until.is_(None))
    with tale.year.desk.engine.connect() as connection:
        return sorted(connection.execute(query).scalars())


def test_a_competitors_failed_test_stops_nothing(tale: Tale) -> None:
    lot = tale.lot()
    failed = tale.test(lot, residue("阳性"), by="shop", conclusion="fail")
    assert codes(failed) == ["not-holder"]
    assert stopped(tale, lot) == []


def test_a_buyers_failed_test_stops_it_once_it_was_sent_to_him(tale: Tale) -> None:
    """Late records end where those in time do; and a test at the gate comes before the receipt."""
    lot = tale.lot()
    tale.test(lot, residue("阳性"), by="shop", conclusion="fail")
    ship = tale.ship(lot)
    assert stopped(tale, lot) == ["over-limit"]
    tale.void(ship)
    assert stopped(tale, lot) == []


def test_from_hand_to_hand(tale: Tale) -> None:
    lot = tale.lot()
    tale.ship(lot, by="coop", to="farm")
    tale.ship(lot, by="farm", to="shop")
    tale.test(lot, residue("阳性"), by="shop", conclusion="fail")
    assert stopped(tale, lot) == ["over-limit"]


def test_goods_that_were_never_had_are_handed_on_by_nobody(tale: Tale) -> None:
    """A competitor ships them to itself, or to a friend, on paper."""
    lot = tale.lot()
    tale.receive(tale.ship(lot, by="farm", to="shop"))
    tale.test(lot, residue("阳性"), by="shop", conclusion="fail")
    assert stopped(tale, lot) == []


def test_a_competitor_does_not_poison_a_field(tale: Tale) -> None:
    field = tale.plant()
    assert codes(tale.spray(field, by="farm", ingredients=["六六六"])) == ["not-holder"]
    tale.spray(field, by="farm", interval_days=90)
    assert stopped(tale, tale.pick(field).statement.created[0]) == []


def test_a_herd_that_was_sold_is_treated_by_its_buyer(tale: Tale) -> None:
    field = tale.plant()
    tale.spray(field, by="farm", interval_days=90)
    (lot,) = tale.pick(field).statement.created
    assert stopped(tale, lot) == []
    tale.ship(field, "10", to="farm")
    assert stopped(tale, lot) == ["interval"]


def test_a_strangers_promise_is_no_certificate(tale: Tale) -> None:
    lot = tale.lot("farm")
    tale.receive(tale.ship(lot, by="farm"))
    assert stopped(tale, lot) == ["certificate-missing"]
    with pytest.raises(LedgerError, match="held"):
        tale.certify(lot, "coop")
    tale.certify(lot, "farm")
    assert stopped(tale, lot) == []


def test_a_stranger_labels_nothing(tale: Tale) -> None:
    lot = tale.lot()
    label = {"action": "printed", "labels": 1000, "content": kg("10")}
    with pytest.raises(NotAllowed, match="never-held"):
        tale.state("label", "shop", label, lot)
