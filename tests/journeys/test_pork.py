"""Pork: cut up, merged into sausage, failed in a test; called back up to the pigs and down to every counter."""

import json
from dataclasses import dataclass
from typing import Any

from ledger import b64u
from ledger.canonical import Json
from ledger.identity import ChainId, StatementHash
from tests.journeys.land import Land, Party, Stated, batches, made, measured, measurement, some


@dataclass
class Chain:
    """Who is on it, and the batches that came of the first farm's ``pigs`` and, one ham, of another's."""

    house: Party
    plant: Party
    butcher: Party
    market: Party
    canteen: Party
    pigs: ChainId
    ham: ChainId
    belly: ChainId
    ribs: ChainId
    offal: ChainId
    others_ham: ChainId
    sausage: ChainId

    @property
    def holders(self) -> list[Party]:
        return [self.house, self.plant, self.butcher, self.market, self.canteen]


def test_a_failed_test_calls_pork_back_from_every_counter(land: Land) -> None:
    chain = from_sty_to_counter(land)
    nothing_stops_a_drill(land, chain)
    land.calendar.today()
    failed = the_tests_fail(land, chain)
    recall = called_back(land, chain)
    the_clock_runs_until_all_is_located(land, chain, recall)
    ended_by_name(land, chain, recall.hash, failed)
    land.holds(chain.sausage)


def from_sty_to_counter(land: Land) -> Chain:
    """1150 kg of pigs cut up, ham and belly of them merged with another farm's ham; sold in a shop and a canteen."""
    farm, other = land.enrol("青山养殖场", "company", "farm"), land.enrol("山背养殖场", "company", "farm")
    house, plant = (land.enrol(name, "company", "processor") for name in ("城关屠宰厂", "老街肉制品厂"))
    butcher, market = (land.enrol(name, "company", "shop") for name in ("老街肉铺", "惠民超市肉档"))
    canteen = land.enrol("一中食堂", "company", "shop")
    land.calendar.turn("03-01")
    pig = farm.product("生猪", may=[other.chain])
    leg, side, rib, rest = (house.product(name) for name in ("猪腿", "五花肉", "排骨", "猪杂"))
    links = plant.product("香肠", **{"yield": {"low": 900, "high": 1000}})
    pigs, theirs = raised(land, farm, house, pig, 1150), raised(land, other, house, pig, 400)
    land.calendar.turn("05-02", "03:00")
    cut = house.state(
        "process", inputs=[some(pigs, 1150)], loss=measured(290),
        outputs=[made(leg, 320), made(side, 280), made(rib, 110), made(rest, 150, by_product=True)],
    )  # fmt: skip
    ham, belly, ribs, offal = cut.batches
    (others_ham,) = house.state(
        "process", inputs=[some(theirs, 400)], outputs=[made(leg, 120)], loss=measured(280)
    ).batches
    assert cut.findings == []
    for batch in (ham, belly, ribs, others_ham):
        assert house.certify(batch).findings == []
    handed(house, plant, (ham, 300), (belly, 200), (others_ham, 100))
    handed(house, butcher, (ribs, 60))
    land.calendar.turn("05-03")
    stuffed: list[Json] = [some(ham, 300), some(belly, 200), some(others_ham, 100)]
    merged = plant.state("process", inputs=stuffed, outputs=[made(links, 580, lot="XC-0503")], loss=measured(20))
    assert merged.findings == []
    sausage: ChainId = merged.batch
    handed(plant, market, (sausage, 300))
    handed(plant, canteen, (sausage, 180))
    plant.send(butcher, some(sausage, 40))  # still on the road
    butcher.state("sell", goods=[some(ribs, 45)], channel="shop")
    market.state("sell", goods=[some(sausage, 120)], channel="shop")
    assert land.made_of(sausage) >= {pigs, theirs, ham, belly, others_ham}
    return Chain(house, plant, butcher, market, canteen, pigs, ham, belly, ribs, offal, others_ham, sausage)


def raised(land: Land, farm: Party, house: Party, pig: ChainId, weight: int) -> ChainId:
    """From the sty to the slaughterhouse's door, with quarantine and conformity certificates."""
    herd = farm.state(
        "stock", outputs=[made(pig, 600)], source="示例仔猪场", quarantine_certificate="检疫-示例-1"
    ).batch
    land.calendar.turn("05-01")
    sent = farm.state(
        "harvest", inputs=batches([herd]), outputs=[made(pig, weight)], origin="青山镇", quarantine_certificate="检疫-2"
    )
    lot: ChainId = sent.batch
    farm.certify(lot)
    handed(farm, house, (lot, weight))
    return lot


def handed(sender: Party, receiver: Party, *goods: tuple[ChainId, int]) -> None:
    lines = [some(batch, amount) for batch, amount in goods]
    assert receiver.receive(sender.send(receiver, *lines), *lines).findings == []


# --- rehearsed -----------------------------------------------------------------------------------------------------


def nothing_stops_a_drill(land: Land, chain: Chain) -> None:
    """The slaughterhouse rehearses with its belly: all answer, its report is signed, and no goods are touched."""
    land.calendar.today()
    words: dict[str, Json] = {"scope": "descendants", "reason": "半年一次的召回演练"}
    drill = chain.house.state("drill", chain.belly, instruction="清点后答复，不用停售", **words)
    assert land.stands(drill.hash)["mille"] == 0
    for party in chain.holders:
        answered(land, party, drill.hash)
    report = land.officer.get(f"/v1/recalls/{drill.hash}/report").json()
    stands = land.stands(drill.hash)
    outcome = report["body"]["outcome"]
    assert (outcome["lots"], outcome["parties"], outcome["answered"], outcome["located"]) == (2, 5, 5, 1000)
    assert 0 <= outcome["seconds"] <= stands["seconds"]
    signed = chain.house.state(report["kind"], *report["on"], **report["body"])
    assert land.stands(drill.hash)["call"]["ended"]["statement"] == signed.hash
    event = land.signed(signed.hash, chain.belly)
    (line,) = land.ask(f"/log/statements/{event['index']}-{event['index']}").text.splitlines()
    payload = json.loads(b64u.decode(json.loads(line)["statement"].split(".")[1]))
    assert payload["body"]["outcome"] == outcome, "word for word in the log"
    land.shopper(chain.sausage, "normal")
    assert land.found(chain.belly) == land.found(chain.sausage) == []


# --- and in earnest ------------------------------------------------------------------------------------------------


def the_tests_fail(land: Land, chain: Chain) -> list[StatementHash]:
    """Too much of a residue in it: what it was made of is tested too, and one farm's ham is the cause."""
    failed = residue(land, chain.sausage, "1.8", "fail")
    assert failed.findings == ["over-limit"]
    land.shopper(chain.sausage, "held")
    assert land.standing(chain.ham) == [], "what it came from is not stopped by it"
    assert residue(land, chain.others_ham, "未检出", "pass").findings == []
    cause = residue(land, chain.ham, "2.4", "fail")
    assert cause.findings == ["over-limit"]
    return [failed.hash, cause.hash]


def residue(land: Land, batch: ChainId, value: str, conclusion: str) -> Stated:
    line = measurement("恩诺沙星", value, "0.1", passed=conclusion == "pass")
    return land.lab.state(
        "test", batch, sample_no=f"S-{batch[:6]}", type="quantitative", items=[line], conclusion=conclusion
    )


def called_back(land: Land, chain: Chain) -> Stated:
    """Up to the pigs, and so down to all that came of them; the other farm's ham goes on."""
    recall = land.bureau.state(
        "recall", chain.pigs, scope="descendants", reason="恩诺沙星超标", law="食品安全法第六十三条",
        instruction="停止销售，封存，顾客可退货", deadline=land.calendar.at(24),
    )  # fmt: skip
    reached = {chain.ham, chain.belly, chain.ribs, chain.offal, chain.sausage}
    assert land.became(chain.pigs) == reached
    for batch in reached:
        assert "recalled" in land.standing(batch)
        land.shopper(batch, "recalled", "恩诺沙星超标", "停止销售，封存，顾客可退货")
        assert land.label(batch) == "held"
    land.shopper(chain.others_ham, "normal")
    assert land.label(chain.others_ham) == 200
    words = {
        "form": "buyer",
        "product_name": "香肠",
        "origin": "青山镇",
        "issued": land.calendar.day,
        "basis": ["control"],
    }
    assert chain.plant.refused("certify", goods=[some(chain.sausage, 60)], **words) == (409, "held")
    # Dinner was on the table already: recorded, and seen.
    assert chain.canteen.state("sell", goods=[some(chain.sausage, 5)], channel="canteen").findings == ["moved-on-hold"]
    return recall


def the_clock_runs_until_all_is_located(land: Land, chain: Chain, recall: Stated) -> None:
    """770 kg can still be stopped, at five parties and on the road; each answer is so much more of it."""
    stands = land.stands(recall.hash)
    assert (stands["batches"], stands["asked"], stands["answered"], stands["mille"]) == (6, 5, 0, 0)
    assert stands["located"] == {"part": 0, "whole": 770_000_000, "unit": "kg"}
    assert amounts(stands["totals"]) == {"held": "730", "transit": "40", "sold": "170", "consumed": "1650"}
    answered(land, chain.market, recall.hash, recovered=(chain.sausage, 14))
    stands = land.stands(recall.hash)
    assert (stands["answered"], stands["mille"]) == (1, 1000 * 180 // 770)
    assert stands["sides"][0]["answered"] is None, "whoever has still to answer comes first"
    for party in (chain.house, chain.plant, chain.butcher, chain.canteen):
        answered(land, party, recall.hash)
    stands = land.stands(recall.hash)
    assert (stands["answered"], stands["mille"], stands["overdue"]) == (5, 1000, False)
    assert stands["seconds"] >= 0
    assert amounts(stands["totals"])["found"] == "730"
    assert amounts(stands["totals"])["recovered"] == "14"
    page = land.officer.get(f"/audit/recalls/{recall.hash}", headers={"accept": "text/html"}).text
    for word in ("100", *(party.name for party in chain.holders)):
        assert word in page


def answered(land: Land, party: Party, call: StatementHash, recovered: tuple[ChainId, int] | None = None) -> None:
    """What it has of every lot in scope, counted and off sale."""
    (side,) = (one for one in land.stands(call)["sides"] if one["party"]["id"] == party.chain)
    lines: list[Json] = []
    for lot in side["lots"]:
        if lot["account"] == "held":
            amount: Any = measured(lot["value"], lot["unit"])
            line: dict[str, Json] = {"batch": lot["chain"], "found": amount, "stopped": amount}
            if recovered and recovered[0] == lot["chain"]:
                line["recovered"] = measured(recovered[1])
            lines.append(line)
    on = [line["batch"] for line in lines if isinstance(line, dict)] or [side["lots"][0]["chain"]]
    counted: dict[str, Json] = {"goods": lines} if lines else {}
    party.state("acknowledge", *on, about=call, measures="已下架封存", **counted)


def amounts(totals: Any) -> dict[str, str]:
    """In kilograms, by account; those with nothing in them are left out."""
    return {account: one["value"] for account, found in totals.items() for one in found}


def ended_by_name(land: Land, chain: Chain, recall: StatementHash, failed: list[StatementHash]) -> None:
    """The recall ends by the bureau's word; the sausage stays where its own failed test holds it."""
    said: dict[str, Json] = {"reason": "全部找到并封存", "person": "李娜"}
    all_: list[Json] = [recall, *failed]
    assert chain.plant.refused("release", chain.sausage, answers=all_, **said) == (403, "release-authority")
    assert land.bureau.refused("release", chain.sausage, answers=[recall], **said) == (409, "held")
    release = land.bureau.state("release", chain.pigs, answers=[recall], **said)
    assert land.stands(recall)["call"]["ended"]["statement"] == release.hash
    assert land.closed(chain.pigs) == [("recalled", "released")]
    land.shopper(chain.ribs, "normal")
    assert set(land.standing(chain.sausage)) == {"over-limit", "moved-on-hold"}
    land.shopper(chain.sausage, "held")
    chain.market.state("dispose", goods=[some(chain.sausage, 180)], reason="recalled", method="无害化处理")
    assert land.where(chain.sausage)["lost", chain.market.name] == "180"
