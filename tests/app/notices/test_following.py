"""Following the log: who is told of what, once, and of nothing that was before anybody asked."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.notices.following import FOLLOWER, PAGE, Follower
from app.notices.outbox import told
from app.rules.rows import SHAPES
from app.rules.running import run
from app.rules.sheets import read
from app.rules.versions import bring
from app.tables import followed, statements
from ledger.canonical import Json
from ledger.identity import ChainId, mark
from tests.app.notices.telling import Telling, goods, recall
from tests.app.seeding import LOG_ID
from tests.world import kg

EVERYBODY = ("farm", "coop", "carrier", "shop", "lab", "inspector")


@pytest.fixture
def lot(county: Telling) -> ChainId:
    """A lot that the farm has; everybody wants to be told."""
    lot = county.lot()
    for name in EVERYBODY:
        county.contact(name)
    return lot


def handed_on(county: Telling, lot: ChainId, to: str, value: str, by: str = "farm") -> None:
    """Shipped and received."""
    where: dict[str, Json] = {**goods(lot, value), "receiver": county.party(to)}
    shipment = county.state("ship", by, where, [lot])
    county.state("receive", to, {**goods(lot, value), "shipment": shipment.hash}, [lot])


def cooked(county: Telling, lot: ChainId) -> ChainId:
    """A batch of sauce that the co-op made of the lot."""
    inputs: list[Json] = [{"batch": lot, "quantity": kg("100")}]
    outputs: list[Json] = [county.world.output("sauce", "50")]
    return county.state("process", "coop", {"inputs": inputs, "outputs": outputs}, [lot]).created[0]


def test_what_stood_there_before_the_first_contact_is_told_to_nobody(county: Telling, lot: ChainId) -> None:
    county.follow()
    assert county.queued() == []
    assert {row["event"] for row in county.rows()} == {"welcome"}


def test_a_receiver_and_a_carrier_hear_of_a_shipment_and_its_sender_of_a_rejection(
    county: Telling, lot: ChainId
) -> None:
    both: dict[str, Json] = {"receiver": county.party("coop"), "carrier": county.party("carrier")}
    shipment = county.state("ship", "farm", {**goods(lot), **both}, [lot])
    county.state("reject", "coop", {**goods(lot), "shipment": shipment.hash, "reason": "到货腐坏"}, [lot])
    county.follow()
    assert sorted(county.queued()[:2]) == [("shipped", "carrier"), ("shipped", "coop")]
    assert county.queued()[2:] == [("rejected", "farm")]
    text = county.payloads("rejected")["farm"]["text"]
    assert "到货腐坏" in text["zh"]
    assert "coop" in text["en"]


def test_a_recall_goes_to_all_hands_each_with_their_own_batches_and_to_the_inspector(
    county: Telling, lot: ChainId
) -> None:
    handed_on(county, lot, "coop", "300")
    sauce = cooked(county, lot)
    handed_on(county, sauce, "shop", "20", by="coop")
    on_the_way: dict[str, Json] = {
        **goods(sauce, "10"),
        "receiver": county.party("lab"),
        "carrier": county.party("carrier"),
    }
    county.state("ship", "coop", on_the_way, [sauce])
    county.follow()
    before = len(county.queued())
    called_back = county.state("recall", "farm", {**recall(), "deadline": "2026-03-02T00:00:00Z"}, [lot])
    county.follow()
    recalled = county.queued()[before:]
    assert sorted(recalled) == [("recall", name) for name in ("carrier", "coop", "inspector", "lab", "shop")]
    said = county.payloads("recall")
    assert [len(said[name]["batches"]) for name in ("coop", "shop", "carrier")] == [2, 1, 1]
    assert said["shop"]["batches"][0]["product"] == "sauce"
    assert said["inspector"]["batches"][0]["product"] == "tomato"
    assert said["inspector"]["url"].endswith(f"/audit/recalls/{called_back.hash}")
    words = ("召回", "农残超标", "立即停售", "贵方经手的货：sauce", "期限：2026-03-02 08:00")
    assert all(word in said["shop"]["text"]["zh"] for word in words)
    with county.town.engine.connect() as connection:
        assert told(connection, LOG_ID, called_back.hash) == {
            county.party(name): "waiting" for _, name in recalled
        }  # fmt: skip


def test_a_recall_of_this_batch_only_leaves_out_what_came_of_it(county: Telling, lot: ChainId) -> None:
    handed_on(county, lot, "coop", "300")
    sauce = cooked(county, lot)
    handed_on(county, sauce, "shop", "20", by="coop")
    county.state("recall", "farm", recall("batch"), [lot])
    county.follow()
    assert {name for event, name in county.queued() if event == "recall"} == {"coop", "inspector"}


def test_a_drill_is_told_as_one(county: Telling, lot: ChainId) -> None:
    handed_on(county, lot, "coop", "300")
    county.state("drill", "inspector", {"scope": "descendants", "reason": "年度演练"}, [lot])
    county.follow()
    assert sorted(name for event, name in county.queued() if event == "drill") == ["coop", "farm"]
    assert "演练" in county.payloads("drill")["farm"]["text"]["zh"]


def test_who_had_the_goods_hears_of_a_correction(county: Telling, lot: ChainId) -> None:
    handed_on(county, lot, "coop", "300")
    harvest = next(one for one in county.world.statements if one.kind == "harvest")
    county.follow()
    before = len(county.queued())
    body: dict[str, Json] = {"statement": harvest.hash, "reason": "填错", "void": True}
    county.state("correct", "farm", body, sorted(harvest.targets))
    county.follow()
    told_of = county.queued()[before:]
    assert ("corrected", "coop") in told_of
    assert ("corrected", "farm") not in told_of


def test_a_warning_goes_to_the_party_that_it_names(county: Telling, lot: ChainId) -> None:
    county.state("warn", "inspector", {"party": county.party("shop"), "reason": "标签不清"}, [lot])
    county.follow()
    assert county.queued() == [("warn", "shop")]


def test_followed_again_from_any_place_nobody_is_told_twice(county: Telling, lot: ChainId) -> None:
    handed_on(county, lot, "coop", "300")
    county.follow()
    county.follow()
    once = county.rows()
    with county.town.engine.execution_options(writes=True).begin() as connection:
        connection.execute(followed.update().values(size=0))
    county.follow()
    assert [row for row in county.rows() if row in once] == once
    again = [row["first_index"] for row in county.rows()]
    assert len({(row["first_index"], row["event"], row["contact_id"]) for row in county.rows()}) == len(again)


def test_two_processes_that_follow_at_once_tell_everything_once(county: Telling, lot: ChainId) -> None:
    for _ in range(5):
        county.state("ship", "farm", {**goods(lot, "1"), "receiver": county.party("coop")}, [lot])
    followers = [Follower(county.town.engine, county.log, county.clock) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda follower: [follower.step() for _ in range(3)], followers))
    assert county.queued() == [("shipped", "coop")] * 5


def test_a_long_log_is_followed_a_page_at_a_time(county: Telling, lot: ChainId) -> None:
    story = len(county.world.statements)
    for _ in range(PAGE + 1):
        county.world.state("ship", "farm", {**goods(lot, "1"), "receiver": county.party("coop")}, [lot])
    county.record(story)
    follower = Follower(county.town.engine, county.log, county.clock)
    assert follower.step()
    assert not follower.step()
    assert not follower.step()
    assert len(county.queued()) == PAGE + 1
    with county.town.engine.connect() as connection:
        query = select(followed.c.size).where(followed.c.follower == FOLLOWER)
        assert connection.execute(query).scalar_one() == len(county.world.entries)


def test_a_held_batch_that_is_shipped_alerts_the_inspector_and_its_receiver(county: Telling, lot: ChainId) -> None:
    county.state("hold", "inspector", {"reason": "抽检待定"}, [lot])
    county.follow()
    assert county.queued() == [("hold", "farm")]
    county.state("ship", "farm", {**goods(lot), "receiver": county.party("coop")}, [lot])
    county.follow()
    alerted = {name for event, name in county.queued() if event == "moved-on-hold"}
    assert alerted == {"farm", "coop", "inspector"}
    said = county.payloads("moved-on-hold")["inspector"]
    assert [one["code"] for one in said["findings"]] == ["moved-on-hold"]
    assert said["findings"][0]["zh"] in said["text"]["zh"]
    assert said["url"].endswith(f"/audit/batches/{mark(lot)}")


def test_a_failed_test_stops_the_batch_for_all_hands(county: Telling, lot: ChainId) -> None:
    handed_on(county, lot, "coop", "300")
    county.follow()
    before = len(county.queued())
    item: Json = {"analyte": "毒死蜱", "limit": "0.02", "passed": False, "unit": "mg/kg", "value": "0.3"}
    body: dict[str, Json] = {"conclusion": "fail", "items": [item], "method": "GC-MS", "sample_no": "S-1"}
    county.state("test", "lab", {**body, "type": "quantitative"}, [lot])
    county.follow()
    stopped = {name for event, name in county.queued()[before:] if event == "finding"}
    assert stopped == {"lab", "farm", "coop", "inspector"}


def test_what_newer_rules_stop_is_told_as_well(county: Telling, lot: ChainId) -> None:
    handed_on(county, lot, "coop", "300")
    item: Json = {"analyte": "某农药", "unit": "mg/kg", "value": "0.3"}
    body: dict[str, Json] = {"conclusion": "pass", "items": [item], "sample_no": "S-1", "type": "quantitative"}
    county.state("test", "lab", body, [lot])
    county.follow()
    before = len(county.queued())
    sheet = f"{','.join(SHAPES['limits'].header)}\n某农药,,,0.2,mg/kg,公告,2015-01-01,,yes\n"
    for _ in range(2):
        with county.town.engine.execution_options(writes=True).begin() as connection:
            bring(connection, LOG_ID, read("limits", SHAPES["limits"], sheet.encode()), 0)
            run(connection, LOG_ID, 0)
        county.follow()
        assert set(county.queued()[before:]) == {("rejudged", name) for name in ("farm", "coop", "inspector")}
    said = county.payloads("rejudged")["coop"]
    assert [one["code"] for one in said["findings"]] == ["over-limit"]
    assert said["findings"][0]["zh"] in said["text"]["zh"]


def test_a_record_that_can_t_be_read_holds_up_nobody_else_s(
    county: Telling, lot: ChainId, caplog: pytest.LogCaptureFixture
) -> None:
    bad = county.state("ship", "farm", {**goods(lot), "receiver": county.party("shop")}, [lot])
    county.state("ship", "farm", {**goods(lot), "receiver": county.party("coop")}, [lot])
    with county.town.engine.begin() as connection:
        sqlite = connection.dialect.name == "sqlite"
        connection.exec_driver_sql(
            "DROP TRIGGER statements_keep_update" if sqlite else "DROP TRIGGER statements_keep ON statements"
        )
        connection.execute(statements.update().where(statements.c.hash == bad.hash).values(jws="e30.e30.e30"))
    county.follow()
    assert county.queued() == [("shipped", "coop")]
    assert f"#{county.world.first[bad.hash]}" in caplog.text
