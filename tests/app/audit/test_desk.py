"""The picture of a lineage in words: what goes to several is not told as if it went to each."""

from pathlib import Path

from app.audit.desk import drawn
from app.batches.reading import BatchReader
from app.db import connect
from app.log import open_log
from ledger.canonical import Json
from tests.app.seeding import seed
from tests.world import county, harvested, kg, planted


def test_what_one_record_used_for_several_is_said_to_be_shared_and_a_field_is_not_on_hand(tmp_path: Path) -> None:
    world = county()
    lot = harvested(world, planted(world), value="300")
    ship: dict[str, Json] = {"goods": [{"batch": lot, "quantity": kg("300")}], "receiver": world.parties["coop"]}
    sent = world.state("ship", "farm", ship, [lot])
    world.state("receive", "coop", {"goods": ship["goods"], "shipment": sent.hash}, [lot])
    for used, outputs in (("180", ["100", "80"]), ("50", ["40"])):
        body: dict[str, Json] = {
            "inputs": [{"batch": lot, "quantity": kg(used)}],
            "outputs": [world.output("sauce", value) for value in outputs],
        }
        world.state("process", "coop", body, [lot])
    settings = seed(tmp_path, world)
    engine = connect(settings.url)
    log = open_log(settings, engine)
    graph = BatchReader(engine, log).lineage(lot)
    picture = drawn(graph, "zh")
    assert sorted(flow.text for flow in picture.flows) == ["", "50 公斤", "共用 180 公斤", "共用 180 公斤"]
    assert sorted(flow.text for flow in drawn(graph, "en").flows)[1:] == ["180 kg in all", "180 kg in all", "50 kg"]
    field = next(card for card in picture.cards if card.name == "tomato" and not card.here)
    assert "2000 公斤" in field.amount
    assert not any("在手" in line for line in field.held)
    here = next(card for card in picture.cards if card.here)
    assert here.x < picture.here < here.x + 192
    log.journal.close()
    engine.dispose()
