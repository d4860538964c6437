"""What has to be kept still and what is due, told from the records themselves; nothing goes earlier, whoever asks."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db import connect
from app.erasure import keeping
from app.erasure.keeping import Keeper
from app.erasure.retention import months_after, read
from app.erasure.service import Wanted
from app.erasure.terms import terms_of
from app.errors import Conflict
from app.main import create_app
from app.parties.names import Names
from ledger.canonical import Json
from ledger.statement import Statement
from tests.app.erasure.conftest import Named, story
from tests.app.seeding import LOG_ID, seed
from tests.app.town import PASSWORD, settle
from tests.app.visiting import visiting
from tests.world import World, county, harvested, kg, planted

DAY_MS = 86_400_000


@pytest.fixture
def named(tmp_path: Path, database_url: str) -> Iterator[Named]:
    """The county in which people are named, and: inputs of a dealer, a shop's purchase, a jar with a shelf life."""
    world, intake, lot = story()
    seeded(world)
    settings = seed(tmp_path / "data", world, database_url)
    engine = connect(settings.url)
    yield Named(settings, world, engine, intake, lot)
    engine.dispose()


def seeded(world: World) -> None:
    bought: dict[str, Json] = {"name": "吡虫啉", "quantity": kg("5"), "type": "pesticide"}
    world.state("acquire", "farm", bought, sealed={"dealer": "农资店", "price": "35", "person": "王五"})
    made: dict[str, Json] = {
        "outputs": [{"product": world.products["sauce"], "quantity": kg("2"), "best_before": "2031-01-31"}],
        "unrecorded": True,
    }
    world.state("intake", "shop", made, sealed={"supplier": "调味厂", "supplier_contact": "02888888888"})
    jar = world.statements[-1].created[0]
    world.state("sell", "shop", {"goods": [{"batch": jar, "quantity": kg("1")}], "channel": "shop"}, [jar])


def of(named: Named, kind: str, by: str = "") -> Statement:
    theirs = named.world.parties.get(by)
    return next(one for one in named.world.statements if one.kind == kind and theirs in (None, one.iss))


def recorded(named: Named) -> date:
    """The day on which the test's own log received everything."""
    with named.engine.connect() as connection:
        received = connection.execute(text("SELECT max(received) FROM entries")).scalar_one()
    return date(1970, 1, 1) + timedelta(days=received // DAY_MS)


def keeper(named: Named, connection: object, today: date) -> Keeper:
    return Keeper(connection, LOG_ID, named.world.registry, read(), today)  # type: ignore[arg-type]


def index(named: Named, statement: Statement) -> int:
    return named.world.first[statement.hash]


def early(named: Named, statement: Statement, today: date, *fields: str) -> dict[str, date]:
    wanted = [Wanted(index(named, statement), field) for field in fields]
    with named.engine.connect() as connection:
        return {one.wanted.field: one.day for one in keeper(named, connection, today).early(wanted)}


def test_a_dealer_is_part_of_the_record_of_inputs_and_a_price_is_not(named: Named) -> None:
    day = recorded(named)
    assert early(named, of(named, "acquire"), day, "dealer", "price", "person") == {"dealer": months_after(day, 24)}
    assert early(named, of(named, "acquire"), months_after(day, 24) - timedelta(1), "dealer")
    assert early(named, of(named, "acquire"), months_after(day, 24), "dealer") == {}


def test_a_farmers_number_in_an_intake_may_go_at_once_and_a_shops_supplier_may_not(named: Named) -> None:
    day = recorded(named)
    assert early(named, named.intake, day, "supplier", "supplier_contact", "person") == {}
    kept = early(named, of(named, "intake", "shop"), day, "supplier", "supplier_contact")
    assert kept == dict.fromkeys(("supplier", "supplier_contact"), date(2031, 7, 31)), "the jar is food"


def test_goods_are_looked_up_for_records_that_only_name_them(named: Named) -> None:
    with named.engine.connect() as connection:
        (kept,) = keeper(named, connection, recorded(named)).kept([index(named, of(named, "sell"))]).values()
    assert kept
    assert kept.until == date(2031, 7, 31)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_correction_is_kept_like_what_it_corrects_and_may_lengthen_a_shelf_life(
    tmp_path: Path, database_url: str
) -> None:
    world = county()
    seeded(world)
    wrong = world.statements[-2]
    longer = [{"product": world.products["sauce"], "quantity": kg("2"), "best_before": "2033-01-31"}]
    body: dict[str, Json] = {"statement": wrong.hash, "reason": "填错", "new": {"outputs": longer}}  # type: ignore[dict-item]
    right = world.state("correct", "shop", body, wrong.targets, sealed={"supplier": "新调味厂"})
    settings = seed(tmp_path / "data", world, database_url)
    engine = connect(settings.url)
    named = Named(settings, world, engine, wrong, wrong.created[0])
    then = date(2033, 7, 31)
    assert early(named, right, recorded(named), "supplier") == {"supplier": then}
    assert early(named, wrong, recorded(named), "supplier") == {"supplier": then}
    engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_role_that_ended_takes_no_duty_with_it(tmp_path: Path, database_url: str) -> None:
    world = county()
    seeded(world)
    farm = world.parties["farm"]
    world.state("role.grant", "registrar", {"role": "shop"}, [farm])
    world.state("role.end", "registrar", {"role": "farm"}, [farm])
    settings = seed(tmp_path / "data", world, database_url)
    engine = connect(settings.url)
    named = Named(settings, world, engine, world.statements[-1], farm)
    day = recorded(named)
    assert early(named, of(named, "acquire"), day, "dealer") == {"dealer": months_after(day, 24)}
    engine.dispose()


def test_neither_clock_shortens_it(named: Named) -> None:
    """The world's records speak of March 2026, the log received them when this test ran: the later of the two."""
    with named.engine.connect() as connection:
        kept = keeper(named, connection, recorded(named)).kept([index(named, of(named, "plant"))])
    (plant,) = kept.values()
    assert plant
    assert plant.until == months_after(max(recorded(named), date(2026, 3, 1)), 24)


def test_what_is_asked_for_by_name_is_refused_whole_and_all_of_it_in_part(named: Named) -> None:
    day, acquire = recorded(named), of(named, "acquire")
    wanted = [Wanted(index(named, acquire), field) for field in ("dealer", "person", "price")]
    with named.engine.connect() as connection:
        mine = keeper(named, connection, day)
        gone, kept = mine.part(wanted, named=False)
        assert [one.field for one in gone] == ["person", "price"]
        assert [(one.wanted.field, one.day) for one in kept] == [("dealer", months_after(day, 24))]
        for some, by_name in ((wanted, True), (wanted[:1], False)):
            with pytest.raises(Conflict, match="erase-early") as caught:
                mine.part(some, named=by_name)
            assert caught.value.params["wanted"] == str(months_after(day, 24))
            assert "农产品质量安全法" in str(caught.value.params["source"])
        assert mine.part([], named=False) == ([], [])


def found(named: Named, today: date) -> list[tuple[int, str]]:
    with named.engine.connect() as connection:
        return [(one.wanted.first_index, one.wanted.field) for one in keeper(named, connection, today).due()]


def test_what_is_due(named: Named, monkeypatch: pytest.MonkeyPatch) -> None:
    day = recorded(named)
    assert found(named, day) == []
    later = months_after(day, 25)
    everything = found(named, later)
    assert [field for at, field in everything if at == index(named, named.intake)] == [
        "person",
        "supplier",
        "supplier_contact",
    ]
    assert [field for at, field in everything if at == index(named, of(named, "acquire"))] == ["dealer", "person"]
    assert len(everything) == 45
    jar = index(named, of(named, "intake", "shop"))
    assert jar not in {at for at, _ in everything}
    assert jar in {at for at, _ in found(named, date(2031, 7, 31))}
    for page in (4, 43, 45):
        monkeypatch.setattr(keeping, "PAGE", page)
        assert found(named, later) == everything


def test_the_place_of_a_plot_is_never_due(named: Named) -> None:
    assert "position" not in {field for _, field in found(named, date(2999, 1, 1))}


def test_whatever_is_due_may_be_erased(named: Named) -> None:
    for later in (date(2028, 3, 1), date(2031, 7, 31), date(2040, 1, 1)):
        with named.engine.connect() as connection:
            mine = keeper(named, connection, later)
            assert mine.early([one.wanted for one in mine.due()]) == []


def test_the_terms_of_a_batch(named: Named) -> None:
    day, chain = recorded(named), of(named, "intake", "shop").created[0]
    with named.engine.connect() as connection:
        terms = terms_of(connection, LOG_ID, Names(named.world.registry), read(), chain, day)
        (other,) = terms_of(
            connection, LOG_ID, Names(named.world.registry), read(), named.intake.created[0], day
        ).records
    assert (terms.until, terms.demonstration) == ("2031-07-31", True)
    assert [(one.kind, one.zh, one.until) for one in terms.records] == [
        ("intake", "收购进货", "2031-07-31"),
        ("sell", "销售", "2031-07-31"),
    ]
    assert [(one.field, one.zh, one.since, one.due) for one in terms.records[0].fields] == [
        ("supplier", "供货者", "2031-07-31", True),
        ("supplier_contact", "供货者联系方式", "2031-07-31", True),
    ]
    assert [(one.field, one.since) for one in other.fields] == [
        ("person", None),
        ("supplier", None),
        ("supplier_contact", None),
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_over_http(tmp_path: Path, database_url: str) -> None:
    world = county()
    seeded(world)
    acquire = next(one for one in world.statements if one.kind == "acquire")
    lot = harvested(world, planted(world))
    body: dict[str, Json] = {"name": "吡虫啉", "start": "2026-03-02T00:00:00Z", "stop": "2026-03-02T01:00:00Z"}
    world.state("apply", "farm", body, [lot], sealed={"person": "王五"})
    town = settle(tmp_path / "data", database_url, world=world)
    with visiting(create_app(town.settings)) as visitor:
        visitor.sign_in("li.na", PASSWORD)
        headers = {"x-csrf-token": visitor.get("/v1/me", {}).json()["csrf"]}

        def erase(**asked: Json) -> tuple[int, dict[str, Json]]:
            path = f"/v1/statements/{acquire.hash}/erase"
            answer = visitor.ask("POST", path, headers, json={"reason": "本人要求", **asked})
            return answer.status_code, answer.json()

        status, problem = erase(fields=["dealer"])
        assert (status, problem["code"]) == (409, "erase-early")
        assert "经销商" in str(problem["detail"])
        assert "起才可以删除" in str(problem["detail"])
        status, done = erase()
        assert (status, done["erased"]) == (200, ["person", "price"])
        assert [one["field"] for one in done["kept"]] == ["dealer"]  # type: ignore[index, union-attr]
        # Who supervises reads what had to be kept, however old.
        visitor.cookies.clear()
        terms = visitor.get(f"/v1/batches/{acquire.created[0]}/retention", {}).json()
        assert [one["field"] for one in terms["records"][0]["fields"]] == ["dealer"]
        assert "农资店" not in str(terms)
        visitor.sign_in("li.na", PASSWORD)
        assert "农资店" in visitor.get(f"/v1/batches/{acquire.created[0]}/events", {}).text
        assert visitor.get("/v1/batches/1234/retention", {}).status_code == 422
    town.engine.dispose()
