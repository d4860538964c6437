"""Rules as whoever would get round them meets them: what is left out, backdated, said by others, or said again."""

import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from app.errors import Conflict
from app.rules.rows import SHAPES
from app.rules.running import run
from app.rules.sheets import read
from app.rules.versions import bring
from app.tables import findings, grounds
from ledger.errors import LedgerError, Malformed, NotAllowed
from ledger.identity import ChainId
from tests.app.batches.desk import codes, goods
from tests.app.rules.farming import Template, prepared
from tests.app.rules.tale import Tale, residue
from tests.app.seeding import LOG_ID
from tests.world import kg


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return prepared(tmp_path_factory.mktemp("county") / "data")


@pytest.fixture
def tale(county: Template, tmp_path: Path) -> Iterator[Tale]:
    with county.begin(tmp_path / "data") as year:
        yield Tale(year)


def found(tale: Tale, batch: ChainId) -> list[str]:
    """The codes of what is open about a batch, in order."""
    query = select(findings.c.code).where(findings.c.batch == batch, findings.c.closed.is_(None))
    with tale.year.desk.engine.connect() as connection:
        return list(connection.execute(query.order_by(findings.c.first_index, findings.c.line)).scalars())


def params(tale: Tale, batch: ChainId, code: str) -> dict[str, str]:
    query = select(findings.c.params).where(
        findings.c.batch == batch, findings.c.code == code, findings.c.closed.is_(None)
    )
    with tale.year.desk.engine.connect() as connection:
        told: dict[str, str] = orjson.loads(connection.execute(query).scalar_one())
        return told


def held(tale: Tale, batch: ChainId) -> bool:
    query = select(grounds).where(grounds.c.batch == batch, grounds.c.until.is_(None))
    with tale.year.desk.engine.connect() as connection:
        return connection.execute(query).first() is not None


def refused(act: object, *args: object, **more: object) -> str:
    assert callable(act)
    with pytest.raises(LedgerError) as caught:
        act(*args, **more)
    return caught.value.code


# --- intervals -------------------------------------------------------------------------------------------------------


def flock(tale: Tale) -> ChainId:
    body = {"outputs": [tale.world.output("egg", "3000")]}
    return tale.state("stock", "farm", body).statement.created[0]


def given(tale: Tale, herd: ChainId, kind: str, days: int, last: int = 20) -> None:
    body = {"name": "某饲料", "start": tale.time(), "stop": tale.time(last), "interval_days": days}
    tale.state(kind, "farm", body, herd)


def test_what_needs_no_waiting_is_fed_while_they_lay(tale: Tale) -> None:
    herd = flock(tale)
    given(tale, herd, "feed", 0)
    tale.wait(5)
    assert codes(tale.pick(herd, "farm", "egg")) == []


def test_eggs_laid_under_withdrawal_are_stopped(tale: Tale) -> None:
    herd = flock(tale)
    given(tale, herd, "treat", 7, last=3)
    tale.wait(2)
    assert codes(tale.pick(herd, "farm", "egg")) == ["interval"]
    tale.wait(7)
    assert codes(tale.pick(herd, "farm", "egg")) == ["interval"]
    tale.wait(1)
    assert codes(tale.pick(herd, "farm", "egg")) == []


def test_a_substance_is_known_by_its_name_alone(tale: Tale) -> None:
    field = tale.plant()
    tale.spray(field, name="10% 吡虫啉可湿性粉剂")
    assert codes(tale.pick(field)) == ["interval"]


def test_days_are_those_of_the_county(tale: Tale) -> None:
    field = tale.plant()
    tale.world.clock += 16 * 3600  # the last use is in the evening there, and in London still the day before
    tale.wait(0.5)
    stop = tale.time()
    tale.state("apply", "coop", {"name": "吡虫啉", "start": stop, "stop": stop}, field)
    (lot,) = tale.pick(field).statement.created
    told = params(tale, lot, "interval")
    assert (told["stop"] > stop[:10]) == (int(stop[11:13]) >= 16)
    assert (told["stop"], told["harvested"]) == (told["harvested"], told["stop"])


def test_a_late_record_finds_what_was_picked_since_it_began(tale: Tale) -> None:
    field = tale.plant()
    (before,) = tale.pick(field).statement.created
    tale.wait(2)
    (lot,) = tale.pick(field).statement.created
    tale.wait(3)
    # Stated of its end, though it had begun before the harvest.
    time = {"start": tale.time(-4), "stop": tale.time()}
    tale.state("apply", "coop", {"name": "吡虫啉", **time}, field)
    assert (found(tale, before), found(tale, lot)) == ([], ["interval"])


def test_what_began_after_it_ended_is_no_correction(tale: Tale) -> None:
    field = tale.plant()
    used = tale.spray(field, ingredients=["吡虫啉"])
    assert refused(tale.correct, used, start=tale.time(30)) == "ascending"


# --- certificates ----------------------------------------------------------------------------------------------------


def test_the_certificate_that_is_missing_may_be_issued(tale: Tale) -> None:
    lot = tale.lot("farm")
    tale.receive(tale.ship(lot, by="farm"))
    assert found(tale, lot) == ["certificate-missing"]
    assert refused(tale.certify, lot, "shop") == "held"
    assert refused(tale.label, lot, 1) == "never-held"
    assert refused(tale.certify, lot, "coop") == "never-held"
    tale.certify(lot, "farm")
    assert (found(tale, lot), held(tale, lot)) == ([], False)


def test_but_not_while_anything_else_stops_it(tale: Tale) -> None:
    lot = tale.lot("farm")
    tale.receive(tale.ship(lot, by="farm"))
    tale.hold(lot)
    assert refused(tale.certify, lot, "farm") == "held"


def test_nobody_promises_himself_what_he_was_to_collect(tale: Tale) -> None:
    (lot,) = tale.intake().statement.created
    assert found(tale, lot) == ["certificate-missing"]
    assert refused(tale.certify, lot) == "held"


def test_a_void_certificate_is_none(tale: Tale) -> None:
    lot = tale.lot("farm")
    promise = tale.certify(lot, "farm")
    tale.receive(tale.ship(lot, by="farm"))
    assert found(tale, lot) == []
    tale.void(promise, "farm")
    # Which the shop has not agreed to either.
    assert found(tale, lot) == ["after-handover", "certificate-missing"]


def test_a_number_added_later_clears_what_was_made_of_it(tale: Tale) -> None:
    bought = tale.intake(certificate_checked=True)
    (lot,) = bought.statement.created
    (made,) = tale.process(lot, tale.lot()).statement.created
    tale.correct(bought, certificate_checked=False)
    assert (found(tale, lot), found(tale, made)) == (["certificate-missing"], ["certificate-parents"])
    tale.correct(bought, certificate_no="H-3")
    assert (found(tale, lot), found(tale, made)) == ([], [])
    assert codes(tale.certify(made)) == ["certificate-unnamed"]
    assert codes(tale.certify(made, parents=[{"number": "H-3"}])) == []


def test_what_was_sprayed_after_the_harvest_is_not_in_it(tale: Tale) -> None:
    field = tale.plant()
    (lot,) = tale.pick(field).statement.created
    tale.test(lot, residue("0.01"))
    tale.certify(lot, basis="self_tested")
    tale.spray(field, ingredients=["毒死蜱"])
    tale.test(lot, residue("0.02"))
    assert found(tale, lot) == []


def test_a_sample_taken_before_it_was_sprayed_says_nothing(tale: Tale) -> None:
    field = tale.plant()
    tale.test(field, residue("0.01"))
    tale.wait(1)
    tale.spray(field, ingredients=["吡虫啉"])
    tale.wait(30)
    (lot,) = tale.pick(field).statement.created
    assert codes(tale.certify(lot, basis="self_tested")) == ["certificate-basis"]


def test_a_late_record_reaches_what_was_repacked(tale: Tale) -> None:
    field = tale.plant()
    tale.wait(40)
    (lot,) = tale.pick(field).statement.created
    tale.test(lot, residue("0.01", "啶虫脒"))
    (made,) = tale.process(lot).statement.created
    tale.certify(made, basis="self_tested")
    assert found(tale, made) == []
    tale.spray(field, ingredients=["吡虫啉"], days=39)
    assert found(tale, made) == ["certificate-basis"]


# --- tests -----------------------------------------------------------------------------------------------------------

_RAPID = {"type": "qualitative", "conclusion": "fail"}


def test_only_a_laboratory_retests_and_only_the_same(tale: Tale) -> None:
    lot = tale.lot()
    rapid = tale.test(lot, residue("阳性", "毒死蜱"), by="coop", **_RAPID)
    again = {"retest_of": rapid.statement.hash}
    tale.test(lot, residue("0.01", "毒死蜱"), by="coop", **again)
    tale.test(lot, residue("0.01", "吡虫啉"), **again)
    tale.test(lot, residue("阴性", "毒死蜱"), type="qualitative", **again)
    assert found(tale, lot) == ["rapid-failed"]
    tale.test(lot, residue("0.01", "chlorpyrifos"), **again)
    assert found(tale, lot) == []


def test_a_retest_is_of_a_test(tale: Tale) -> None:
    lot = tale.lot()
    assert refused(tale.test, lot, residue("0.01"), retest_of=tale.hold(lot).statement.hash) == "unknown-statement"


@pytest.mark.parametrize(
    ("value", "unit", "over"),
    [
        ("0.51", "mg/kg", True),
        ("＞0.5", "mg/kg", True),
        (">=0.5", "mg/kg", False),
        ("0.6mg/kg", "", True),
        ("600 ug/kg", "", True),
        ("0.0006", "g/kg", True),
        ("<0.6", "mg/kg", False),
        ("ND", "mg/kg", False),
        ("0.6±0.05", "mg/kg", True),
        ("约0.6 mg/kg", "", True),
        ("1,200", "μg/kg", True),
        ("0.4 ± 0.2 mg/kg", "", False),
        ("见附页", "mg/kg", False),
        ("超标", "mg/kg", True),
    ],
)
def test_figures_as_laboratories_write_them(tale: Tale, value: str, unit: str, over: bool) -> None:
    lot = tale.lot()
    item = residue(value, unit=unit) if unit else {"analyte": "吡虫啉", "value": value}
    assert codes(tale.test(lot, item)) == (["over-limit"] if over else [])


def test_a_second_correction_goes_on_from_the_first(tale: Tale) -> None:
    lot = tale.lot()
    test = tale.test(lot, residue("9"))
    tale.correct(test, "lab", items=[residue("0.1")])
    tale.correct(test, "lab", sample_no="S2")
    assert found(tale, lot) == []


# --- release ---------------------------------------------------------------------------------------------------------


def test_nobody_lifts_what_somebody_else_stopped(tale: Tale) -> None:
    lot = tale.lot("farm")
    tale.certify(lot, "farm")
    tale.receive(tale.ship(lot, by="farm", to="coop"), by="coop")
    (made,) = tale.process(lot).statement.created
    stop = tale.hold(lot, "farm")
    with pytest.raises(NotAllowed) as caught:
        tale.release(made, stop, by="coop")
    assert caught.value.code == "release-authority"
    tale.release(lot, stop, by="farm")
    assert not held(tale, made)


def test_a_release_of_tomorrow_is_of_today(tale: Tale) -> None:
    field = tale.plant()
    tale.world.clock = int(time.time())
    tale.spray(field, ingredients=["吡虫啉"])
    early = tale.pick(field)
    (lot,) = early.statement.created
    body = {"answers": [early.statement.hash], "reason": "到期"}
    with pytest.raises(Conflict) as caught:
        tale.state("release", "coop", body, lot, sealed={"person": "王五"}, at=tale.time(30))
    assert caught.value.code == "release-early"


def test_a_word_that_lifted_less_does_not_lift_more(tale: Tale) -> None:
    field = tale.plant()
    used = tale.spray(field, ingredients=["啶虫脒"])
    early = tale.pick(field)
    (lot,) = early.statement.created
    tale.release(lot, early)
    tale.correct(used, interval_days=6)
    assert found(tale, lot) == []
    tale.spray(field, ingredients=["吡虫啉"], interval_days=30, days=0.01)
    assert (found(tale, lot), held(tale, lot)) == (["interval"], True)


def test_what_newer_tables_stop_no_older_word_lifts(tale: Tale) -> None:
    lot = tale.lot()
    test = tale.test(lot, residue("0.4"))
    tale.release(lot, tale.hold(lot, "coop"), test, by="coop")
    header = ",".join(SHAPES["limits"].header)
    sheet = f"{header}\n吡虫啉,imidacloprid,蔬菜,0.3,mg/kg,公告,2015-01-01,,yes\n"
    with tale.year.desk.engine.execution_options(writes=True).begin() as connection:
        bring(connection, LOG_ID, read("limits", SHAPES["limits"], sheet.encode()), 0)
        run(connection, LOG_ID, 0)
    assert (found(tale, lot), held(tale, lot)) == (["over-limit"], True)
    tale.release(lot, test)
    assert (found(tale, lot), held(tale, lot)) == ([], False)


def test_a_sample_is_of_whoever_has_it(tale: Tale) -> None:
    lot = tale.lot()
    tale.receive(tale.ship(lot, "1000"), "1000", certificate_checked=True)
    body = {"sample_no": "S1", "goods": goods(lot, "2")}
    assert codes(tale.state("sample", "inspector", body, lot)) == []
    assert tale.year.desk.held(lot) == {("held", "shop"): "998", ("lost", "shop"): "2"}


# --- corrections and accounts ----------------------------------------------------------------------------------------


def test_who_had_it_before_need_not_agree(tale: Tale) -> None:
    lot = tale.lot("farm")
    tale.certify(lot, "farm")
    tale.receive(tale.ship(lot, by="farm", to="coop"), by="coop")
    sold = tale.sell(lot, "10")
    assert codes(tale.correct(sold, goods=goods(lot, "11"))) == []
    tale.receive(tale.ship(lot, "20"), "20", certificate_checked=True)
    test = tale.test(lot, residue("0.01"), by="coop")
    fixed = tale.correct(sold, goods=goods(lot, "12"))
    assert (codes(fixed), codes(tale.correct(test, sample_no="S2"))) == (["after-handover"], [])
    said = {"about": fixed.statement.hash, "agree": True}
    for who, left in (("farm", ["after-handover"]), ("coop", ["after-handover"]), ("shop", [])):
        tale.state("acknowledge", who, said, lot)
        assert found(tale, lot) == left


def test_voided_labels_that_never_were_give_none_to_print(tale: Tale) -> None:
    lot = tale.lot()
    tale.label(lot, 50, "void")
    assert codes(tale.label(lot, 100)) == []
    assert codes(tale.label(lot, 1)) == ["over-labelled"]


def test_one_product_in_two_lots_is_one_yield(tale: Tale) -> None:
    halves = [tale.world.output("sauce", value) for value in ("25", "30")]
    used = {"inputs": [{"batch": tale.lot(), "quantity": kg("100")}]}
    aside = {**tale.world.output("mix", "40"), "by_product": True}
    made = tale.state("process", "coop", {**used, "outputs": [*halves, aside]}, used["inputs"][0]["batch"])
    assert codes(made) == []


def test_half_an_egg_is_not_made_by_a_factor(tale: Tale) -> None:
    factors = [{"unit": "tray", "factor": kg("31", "egg")}]
    body = {"base_unit": "egg", "names": {"zh": "土鸡蛋"}, "own_code": "9", "may": [], "factors": factors}
    (product,) = tale.state("product.add", "farm", body).statement.created
    trays = {"outputs": [{"product": product, "quantity": kg("0.5", "tray")}]}
    with pytest.raises(Malformed) as caught:
        tale.state("stock", "farm", trays)
    assert caught.value.code == "unit-whole"


def test_water_content_clears_no_pesticide(tale: Tale) -> None:
    lot = tale.lot()
    card = tale.test(lot, {"analyte": "抑制率", "value": "阳性"}, type="qualitative", conclusion="fail")
    tale.test(lot, {"analyte": "水分", "value": "92", "unit": "%"}, retest_of=card.statement.hash)
    assert found(tale, lot) == ["rapid-failed"]
    tale.test(lot, residue("0.01"), retest_of=card.statement.hash)
    assert found(tale, lot) == []
