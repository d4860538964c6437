"""The books: what moves where, what may not stand, what is found; and every batch sums to zero, always."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from app.batches import admitting
from app.batches.amounts import to_micro
from app.batches.rebuild import rebuild
from app.errors import Conflict
from app.tables import PROJECTIONS, batches, shipments
from ledger.canonical import Json
from ledger.errors import LedgerError, Malformed, NotAllowed
from ledger.identity import ChainId, StatementHash, chain_id, trace_code
from tests.app.batches.desk import Desk, codes, goods, working
from tests.app.batches.test_rebuild import projected
from tests.app.seeding import LOG_ID
from tests.world import county, kg


def refused(error: type[LedgerError], act: Any, *args: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(error) as caught:
        act(*args, **more)
    return caught.value.code, str(caught.value.params["path"])


# --- what moves where ----------------------------------------------------------------------------------------------


def test_goods_go_from_hand_to_hand(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "500")
    assert desk.held(desk.lot) == {("held", "farm"): "750.5", ("transit", "coop"): "500"}
    short: list[Json] = [{"batch": desk.lot, "quantity": kg("10.25"), "reason": "damaged"}]
    assert codes(desk.receive(ship, desk.lot, "300", short=short)) == []
    body: dict[str, Json] = {"goods": goods(desk.lot, "89.75"), "shipment": ship.statement.hash, "reason": "过熟"}
    desk.state("reject", "coop", body, [desk.lot])
    assert desk.held(desk.lot) == {
        ("held", "farm"): "840.25",
        ("held", "coop"): "300",
        ("lost", "farm"): "10.25",
        ("transit", "coop"): "100",
    }
    sauce = desk.process(desk.lot, "250", "120")
    desk.state("sell", "coop", {"goods": goods(sauce, "100.5"), "channel": "stall"}, [sauce])
    desk.state("dispose", "coop", {"goods": goods(desk.lot, "50"), "reason": "spoiled"}, [desk.lot])
    assert desk.held(sauce) == {("held", "coop"): "19.5", ("sold", "coop"): "100.5"}
    assert desk.held(desk.lot) == {
        ("held", "farm"): "840.25",
        ("transit", "coop"): "100",
        ("consumed", "coop"): "250",
        ("lost", "coop"): "50",
        ("lost", "farm"): "10.25",
    }
    assert desk.sums() == {0}


def test_what_still_grows_is_not_used_up(desk: Desk) -> None:
    assert desk.held(desk.planting) == {("held", "farm"): "2000"}


def test_a_count_puts_the_books_right(desk: Desk) -> None:
    assert codes(desk.state("count", "farm", {"goods": goods(desk.lot, "1200")}, [desk.lot])) == []
    assert desk.held(desk.lot) == {("held", "farm"): "1200", ("lost", "farm"): "50.5"}
    more = desk.state("count", "farm", {"goods": goods(desk.lot, "1300")}, [desk.lot])
    (finding,) = more.findings
    assert (finding.code, finding.params["short"], finding.params["has"]) == ("over-counted", "100", "1200")
    assert desk.sums() == {0}


def test_units_go_by_the_products_factors(tmp_path: Path, database_url: str) -> None:
    world = county()
    factors: list[Json] = [{"unit": "box", "factor": kg("12.5")}]
    world.add_product("pear", "farm", factors=factors)
    with working(tmp_path / "data", database_url, world) as desk:
        output: dict[str, Json] = {"product": world.products["pear"], "quantity": kg("8", "box")}
        (pears,) = desk.state("plant", "farm", {"outputs": [output]}).statement.created
        ship = {"goods": goods(pears, "2", "box"), "receiver": world.parties["coop"]}
        desk.state("ship", "farm", ship, [pears])
        assert desk.held(pears) == {("held", "farm"): "75", ("transit", "coop"): "25"}
        assert desk.reader.batch(pears).unit == "kg"
        assert refused(Malformed, desk.state, "sell", "farm", {"goods": goods(pears, "1", "CS"), "channel": "shop"},
                       [pears]) == ("unit", "body.goods[0].quantity.unit")  # fmt: skip
        output["quantity"] = kg("999999999", "box")
        assert refused(Malformed, desk.state, "plant", "farm", {"outputs": [output]}) == (
            "unit-most",
            "body.outputs[0].quantity.value",
        )
        own: dict[str, Json] = {"product": world.products["pear"], "quantity": kg("3", "CS")}
        (cases,) = desk.state("plant", "farm", {"outputs": [own]}).statement.created
        assert desk.reader.batch(cases).unit == "CS"


def test_stocks_of_inputs_are_kept_the_same_way(desk: Desk) -> None:
    bought: dict[str, Json] = {"name": "吡虫啉", "type": "pesticide", "quantity": kg("2", "L")}
    (stock,) = desk.state("acquire", "farm", bought, (), {"dealer": "县农资"}).statement.created
    times: dict[str, Json] = {"start": "2026-03-01T01:00:00Z", "stop": "2026-03-01T02:00:00Z"}
    used: dict[str, Json] = {"name": "吡虫啉", "inputs": [{"batch": stock, "quantity": kg("2.5", "L")}], **times}
    (finding,) = desk.state("apply", "farm", used, sorted([stock, desk.planting])).findings
    assert dict(finding.params) | {"batch": "", "party": ""} == {
        "batch": "", "party": "", "unit": "L", "has": "2", "wanted": "2.5", "short": "0.5"
    }  # fmt: skip
    assert desk.reader.batch(stock).name.zh == "吡虫啉"


# --- what is found -------------------------------------------------------------------------------------------------


def test_more_than_is_held_says_by_how_much(desk: Desk) -> None:
    (finding,) = desk.ship(desk.lot, "1300.75").findings
    assert (finding.code, finding.severity, finding.batch) == ("over-held", "flag", desk.lot)
    assert dict(finding.params) == {
        "party": desk.world.parties["farm"],
        "batch": desk.lot,
        "unit": "kg",
        "has": "1250.5",
        "wanted": "1300.75",
        "short": "50.25",
    }
    # And of what comes after, all of it: there is nothing left to take it from.
    (finding,) = desk.ship(desk.lot, "10").findings
    assert (finding.params["has"], finding.params["short"]) == ("0", "10")
    assert desk.sums() == {0}


def test_more_than_was_shipped_says_by_how_much(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "100")
    (finding,) = desk.receive(ship, desk.lot, "120").findings
    assert (finding.code, finding.params["has"], finding.params["short"]) == ("over-shipped", "100", "20")


def test_who_never_held_it_is_found_each_time(desk: Desk) -> None:
    sale: dict[str, Json] = {"goods": goods(desk.lot, "5"), "channel": "shop"}
    assert codes(desk.state("sell", "shop", sale, [desk.lot])) == ["not-holder", "over-held"]
    assert codes(desk.state("sell", "shop", sale, [desk.lot])) == ["not-holder", "over-held"]
    test: dict[str, Json] = {"sample_no": "S1", "type": "qualitative", "conclusion": "pass",
                             "items": [{"analyte": "毒死蜱", "value": "未检出"}]}  # fmt: skip
    assert codes(desk.state("test", "lab", test, [desk.lot])) == []
    assert codes(desk.state("test", "shop", test, [desk.lot])) == ["not-holder"]


def test_a_time_in_the_future_is_found(desk: Desk) -> None:
    outcome = desk.state("observe", "farm", {"weather": "晴"}, [desk.planting], at="2199-01-01T00:00:00Z")
    assert codes(outcome) == ["clock"]


def test_an_unrecorded_origin_is_found(desk: Desk) -> None:
    body: dict[str, Json] = {"outputs": [desk.world.output("sauce", "5")], "unrecorded": True}
    outcome = desk.state("intake", "coop", body)
    assert [(f.code, f.batch) for f in outcome.findings] == [("origin-unrecorded", outcome.statement.created[0])]


# --- what may not stand --------------------------------------------------------------------------------------------


def test_shipments_are_for_those_they_name(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "100", carrier=desk.world.parties["carrier"])
    other = desk.ship(desk.planting, "1")
    assert refused(NotAllowed, desk.receive, ship, desk.lot, "100", by="shop") == ("not-receiver", "body.shipment")
    assert refused(Malformed, desk.receive, other, desk.lot, "1") == ("not-shipped", "body.goods[0].batch")
    load: dict[str, Json] = {"shipment": ship.statement.hash}
    assert refused(Malformed, desk.state, "load", "carrier", load, [desk.planting]) == ("not-shipped", "on[0]")
    assert refused(Malformed, desk.state, "load", "carrier", {"shipment": desk.lot}, [desk.lot]) == (
        "unknown-shipment",
        "body.shipment",
    )
    assert codes(desk.state("load", "carrier", load, [desk.lot])) == []


def test_only_the_carrier_named_loads(tmp_path: Path, database_url: str) -> None:
    world = county()
    world.register("hauler", "carrier", type_="company")
    with working(tmp_path / "data", database_url, world) as desk:
        ship = desk.ship(desk.lot, "100", carrier=world.parties["carrier"])
        load: dict[str, Json] = {"shipment": ship.statement.hash}
        assert refused(NotAllowed, desk.state, "load", "hauler", load, [desk.lot]) == ("not-carrier", "body.shipment")


def test_names_are_given_out_once(desk: Desk) -> None:
    output = desk.world.output("tomato", "5", lot="A-1")
    desk.state("plant", "coop", {"outputs": [output]})
    assert refused(Conflict, desk.state, "plant", "coop", {"outputs": [output]}) == ("lot-taken", "body.outputs[0].lot")
    two: list[Json] = [desk.world.output("tomato", "1", lot="A-2"), desk.world.output("tomato", "2", lot="A-2")]
    assert refused(Conflict, desk.state, "plant", "coop", {"outputs": two}) == ("lot-taken", "body.outputs[1].lot")
    desk.state("plant", "farm", {"outputs": [desk.world.output("tomato", "5", lot="A-3")]})
    sauce = desk.world.output("sauce", "5", lot="A-1")
    assert refused(NotAllowed, desk.state, "intake", "farm", {"outputs": [sauce]}) == (
        "lot-product",
        "body.outputs[0].lot",
    )


def test_a_gtin_is_given_out_once(desk: Desk) -> None:
    body: dict[str, Json] = {"base_unit": "kg", "names": {"zh": "梨"}, "gtin": "6901234567892"}
    desk.state("product.add", "farm", body)
    body["gtin"] = "06901234567892"
    assert refused(Conflict, desk.state, "product.add", "coop", body) == ("gtin-taken", "body.gtin")


@pytest.mark.parametrize(
    ("kind", "body", "path"),
    [
        ("acquire", {"name": "肥", "type": "fertilizer", "quantity": kg("1")}, "body"),
        ("plant", {"outputs": [{"quantity": kg("1")}]}, "body.outputs[0]"),
    ],
)
def test_a_trace_code_is_given_out_once(desk: Desk, kind: str, body: dict[str, Any], path: str) -> None:
    for output in body.get("outputs", ()):
        output["product"] = desk.world.products["tomato"]
    statement = desk.world.statement(kind, "farm", body)
    taken = {
        "log_id": LOG_ID,
        "chain": chain_id(StatementHash(desk.lot), 7),
        "first_index": 1,
        "code": trace_code(statement.created[0]),
        "kind": "lot",
        "party": desk.world.parties["farm"],
        "unit": "kg",
        "made": "2026-03-01T00:00:00Z",
    }
    with desk.engine.begin() as connection:
        connection.execute(insert(batches), taken)
    assert refused(Conflict, desk.send, statement) == ("code-taken", path)


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"place": "Z" * 42 + "A"}, "unknown-place", "body.place"),
        ({"receiver": "Z" * 42 + "A"}, "unknown-party", "body.receiver"),
        ({"carrier": "Z" * 42 + "A"}, "unknown-party", "body.carrier"),
    ],
)
def test_what_is_named_is_registered(desk: Desk, body: dict[str, Json], code: str, path: str) -> None:
    whole = {"goods": goods(desk.lot, "1"), "receiver": desk.world.parties["coop"], **body}
    assert refused(Malformed, desk.state, "ship", "farm", whole, [desk.lot]) == (code, path)


# --- corrections ---------------------------------------------------------------------------------------------------


def test_a_correction_posts_as_if_the_new_had_been_said(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "500")
    desk.correct(ship, {"goods": goods(desk.lot, "520.5")})
    assert desk.held(desk.lot) == {("held", "farm"): "730", ("transit", "coop"): "520.5"}
    assert codes(desk.correct(ship, {"goods": goods(desk.lot, "2000")})) == ["over-held"]
    desk.correct(ship, None)
    assert desk.held(desk.lot) == {("held", "farm"): "1250.5"}
    desk.correct(ship, {"goods": goods(desk.lot, "7")})
    assert desk.held(desk.lot) == {("held", "farm"): "1243.5", ("transit", "coop"): "7"}
    assert desk.sums() == {0}


def test_corrections_go_on_from_one_another(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "500")
    desk.correct(ship, {"goods": goods(desk.lot, "400")})
    desk.correct(ship, {"planned_arrival": "2026-03-02T00:00:00Z"})
    assert desk.held(desk.lot) == {("held", "farm"): "850.5", ("transit", "coop"): "400"}
    last = desk.reader.events(desk.lot, None)[1]
    assert last.values["goods"] == goods(desk.lot, "500")
    assert (last.effective["goods"], last.effective["planned_arrival"]) == (
        goods(desk.lot, "400"),
        "2026-03-02T00:00:00Z",
    )


def test_several_corrections_in_one_group(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "500").statement
    drafts: list[Any] = [
        ("correct", "farm", {"statement": ship.hash, "reason": "少写", "new": {"goods": goods(desk.lot, value)}},
         [desk.lot], {})
        for value in ("510", "520")
    ]  # fmt: skip
    drafts.append(("correct", "farm", {"statement": ship.hash, "reason": "x", "new": {"carrier":
                   desk.world.parties["carrier"]}}, [desk.lot], {}))  # fmt: skip
    desk.send(*desk.sign(drafts))
    assert desk.held(desk.lot) == {("held", "farm"): "730.5", ("transit", "coop"): "520"}
    assert desk.sums() == {0}


def test_a_shipment_turned_to_another_receiver(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "100")
    desk.correct(ship, {"receiver": desk.world.parties["shop"]})
    assert refused(NotAllowed, desk.receive, ship, desk.lot, "100") == ("not-receiver", "body.shipment")
    desk.receive(ship, desk.lot, "100", by="shop")
    assert desk.held(desk.lot) == {("held", "farm"): "1150.5", ("held", "shop"): "100"}
    with desk.engine.connect() as connection:
        assert connection.execute(select(shipments.c.receiver)).scalars().all() == [desk.world.parties["shop"]]


def test_a_corrected_count_is_held_against_the_books_of_then(desk: Desk) -> None:
    count = desk.state("count", "farm", {"goods": goods(desk.lot, "1200")}, [desk.lot])
    desk.ship(desk.lot, "200")
    desk.correct(count, {"goods": goods(desk.lot, "1240")})
    assert desk.held(desk.lot) == {("held", "farm"): "1040", ("lost", "farm"): "10.5", ("transit", "coop"): "200"}
    assert codes(desk.correct(count, {"goods": goods(desk.lot, "1260.5")})) == ["over-counted"]


def test_a_correction_of_a_count_that_moves_nothing_is_gone_on_from(desk: Desk) -> None:
    wrong = desk.state("count", "farm", {"goods": goods(desk.lot, "1200")}, [desk.lot])
    desk.correct(wrong, None)
    desk.correct(wrong, {"goods": goods(desk.lot, "1250.5")})
    desk.correct(wrong, {"reason": "数错了"})
    assert desk.held(desk.lot) == {("held", "farm"): "1250.5"}
    live = projected(desk.engine)
    with desk.engine.execution_options(writes=True).begin() as connection:
        rebuild(connection, LOG_ID)
    assert projected(desk.engine) == live


def test_an_account_stays_within_what_databases_add_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admitting, "CEILING", to_micro("3000"))
    sale: dict[str, Json] = {"goods": goods(desk.lot, "1400"), "channel": "shop"}
    desk.state("sell", "farm", sale, [desk.lot])
    sold = desk.state("sell", "farm", sale, [desk.lot])
    assert refused(Malformed, desk.state, "sell", "farm", sale, [desk.lot]) == ("account-most", "body")
    assert refused(Malformed, desk.correct, sold, {"goods": goods(desk.lot, "3100")}) == ("account-most", "body")
    assert desk.held(desk.lot) == {("held", "farm"): "-1549.5", ("sold", "farm"): "2800"}


def test_a_harvest_corrected_below_what_has_left(desk: Desk) -> None:
    harvest = desk.state(
        "harvest", "farm",
        {"inputs": [{"batch": desk.planting}], "outputs": [desk.world.output("tomato", "100", lot="H")]},
        [desk.planting],
    )  # fmt: skip
    (lot,) = harvest.statement.created
    desk.ship(lot, "90")
    output = desk.world.output("tomato", "80", lot="H")
    (finding,) = desk.correct(harvest, {"outputs": [output]}).findings
    assert (finding.code, finding.params["has"], finding.params["wanted"]) == ("over-held", "10", "20")
    view = desk.reader.batch(lot)
    assert (view.quantity, view.stated["value"]) == ("80", "80")
    grams: dict[str, Json] = {**output, "quantity": kg("80000", "g")}
    assert refused(Malformed, desk.correct, harvest, {"outputs": [grams]})[0] == "unit"
    renamed: dict[str, Json] = {**output, "lot": "H2"}
    assert refused(Malformed, desk.correct, harvest, {"outputs": [renamed]})[0] == "correction-outputs"


def test_corrections_that_may_not_stand(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "100")
    other = desk.ship(desk.lot, "50")
    received = desk.receive(ship, desk.lot, "100")
    fixed = desk.correct(ship, {"goods": goods(desk.lot, "100")})
    strange: list[Json] = [{"batch": desk.planting, "quantity": kg("1"), "reason": "short"}]
    for act, wanted in (
        (lambda: desk.correct(ship, None, by="coop"), ("not-signer", "body.statement")),
        (lambda: desk.correct(fixed, None), ("not-correctable", "body.statement")),
        (lambda: desk.correct(ship, {"receiver": "Z" * 42 + "A"}), ("unknown-party", "body.new.receiver")),
        (
            lambda: desk.correct(received, {"shipment": other.statement.hash}, by="coop"),
            ("correction-shipment", "body.new.shipment"),
        ),
        (
            lambda: desk.correct(received, {"short": strange}, by="coop"),
            ("correction-batch", "body.new.short[0].batch"),
        ),
    ):
        assert refused(LedgerError, act) == wanted
    assert codes(desk.correct(ship, {"goods": goods(desk.lot, "100")}, by="inspector")) == []


def test_a_rebuild_does_not_see_corrections_before_their_time(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "500")
    desk.correct(ship, {"goods": goods(desk.lot, "400"), "receiver": desk.world.parties["shop"]})
    count = desk.state("count", "farm", {"goods": goods(desk.lot, "800")}, [desk.lot])
    desk.correct(ship, {"planned_arrival": "2026-03-02T00:00:00Z"})
    desk.correct(count, {"goods": goods(desk.lot, "840")})
    desk.correct(ship, None)

    def rows() -> list[list[Any]]:
        with desk.engine.connect() as connection:
            return [sorted(map(repr, connection.execute(select(table)))) for table in PROJECTIONS]

    live = rows()
    with desk.engine.execution_options(writes=True).begin() as connection:
        rebuild(connection, LOG_ID)
    assert rows() == live


# --- the law -------------------------------------------------------------------------------------------------------

_AMOUNTS = st.decimals("0.000001", "3000", places=3).filter(lambda d: d > 0).map(lambda d: format(d.normalize(), "f"))
_ACTS = st.lists(
    st.tuples(
        st.sampled_from(("ship", "receive", "reject", "process", "sell", "dispose", "count", "correct", "void")),
        st.integers(0, 99),
        st.sampled_from(("farm", "coop", "shop")),
        _AMOUNTS,
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(_ACTS)
def test_whatever_is_stated_every_batch_sums_to_zero(desk: Desk, acts: list[tuple[str, int, str, str]]) -> None:
    known: list[ChainId] = [desk.lot]
    done: list[Any] = []
    ships: list[Any] = []
    for act, pick, who, value in acts:
        batch = known[pick % len(known)]
        try:
            if act == "ship":
                ships.append(desk.ship(batch, value, by=who, to=("shop" if who == "coop" else "coop")))
                done.append((who, ships[-1], batch))
            elif act in ("receive", "reject") and ships:
                ship = ships[pick % len(ships)]
                (batch,) = ship.statement.on
                body: dict[str, Json] = {"goods": goods(batch, value), "shipment": ship.statement.hash}
                body |= {"reason": "x"} if act == "reject" else {}
                done.append((who, desk.state(act, who, body, [batch]), batch))
            elif act == "process":
                known.append(desk.process(batch, value, value, by=who))
            elif act in ("sell", "dispose", "count"):
                body = {"goods": goods(batch, value)}
                body |= {"sell": {"channel": "shop"}, "dispose": {"reason": "waste"}, "count": {}}[act]
                done.append((who, desk.state(act, who, body, [batch]), batch))
            elif done:
                who, wrong, batch = done[pick % len(done)]
                desk.correct(wrong, {"goods": goods(batch, value)} if act == "correct" else None, by=who)
        except (NotAllowed, Malformed):
            pass
        assert desk.sums() == {0}
    for batch in known:
        view = desk.reader.batch(batch)
        rows = desk.reader.holdings(batch)
        assert sum(to_micro(row.amount) for row in rows) == to_micro(view.quantity)
