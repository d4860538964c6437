"""Reading: by every name, each field by its audience, at any moment."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, delete, insert

from app.batches import lineage as module
from app.batches import walking
from app.batches.amounts import to_micro
from app.batches.reading import Wanted
from app.errors import Conflict, NotFound
from app.tables import disclosures, lineage
from app.viewing import Viewer
from ledger import b64u
from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.identity import ChainId, grouped, mark, trace_code
from tests.app.batches.desk import Desk, goods, working
from tests.app.seeding import LOG_ID
from tests.world import county, kg, time_text

SECRETS = {"plate": "川A·12345", "seal": "封-77", "person": "张三丰", "note": "电话 13800138000"}


def viewer(desk: Desk, party: str, role: str = "member") -> Viewer:
    return Viewer("id", party, party, desk.world.parties[party], role, "", "", "")


# --- by what name --------------------------------------------------------------------------------------------------


def test_a_batch_is_found_by_every_name(desk: Desk) -> None:
    (lot,) = desk.state("plant", "coop", {"outputs": [desk.world.output("tomato", "5", lot="A/1")]}).statement.created
    code = trace_code(lot)
    wide = code.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
    for text in (
        code, grouped(code), grouped(code).replace(" ", "-"), f"  {wide} ", mark(lot), lot,
        f"https://trace.example.org/t/{mark(lot)}", f"http://127.0.0.1:8000/t/{code}?lang=en",
        f"https://x.example/01/06901234567892/10/zzz?t={mark(lot)}", f"/t/{mark(lot)}",
    ):  # fmt: skip
        assert desk.reader.find(text) == lot, text
    assert desk.reader.find_lot(desk.world.products["tomato"], "A/1") == lot


def test_a_lot_is_found_by_its_gtin(tmp_path: Path, database_url: str) -> None:
    world = county()
    world.add_product("pear", "farm", gtin="6901234567892")
    with working(tmp_path / "data", database_url, world) as desk:
        output = world.output("pear", "5", lot="P/1")
        (lot,) = desk.state("plant", "farm", {"outputs": [output]}).statement.created
        for gtin in ("6901234567892", "06901234567892"):
            assert desk.reader.find_gtin_lot(gtin, "P/1") == lot
        assert desk.reader.find("https://id.example/01/06901234567892/10/P%2F1") == lot
        with pytest.raises(Malformed):
            desk.reader.find_gtin_lot("6901234567893", "P/1")


def test_what_is_no_batch_is_not_found(desk: Desk) -> None:
    code = trace_code(desk.lot)
    other = str((int(code[0]) + 1) % 10) + code[1:]
    swapped = code[:18] + code[19] + code[18] if code[18] != code[19] else other
    for text, wanted in ((other, "code-check"), (swapped, "code-check"), ("1234", "code-digits"), ("", "code-digits"),
                         ("https://x.example/about", "code-digits"), ("http://[x/t/y", "code-digits")):  # fmt: skip
        with pytest.raises(Malformed) as wrong:
            desk.reader.find(text)
        assert wrong.value.code == wanted
    party = desk.world.parties["farm"]
    for text in (mark(party), party, trace_code(party), "A" * 22, "_" * 22, "A" * 43):
        with pytest.raises(NotFound) as unknown:
            desk.reader.find(text)
        assert unknown.value.code == "no-code"


# --- what it is ----------------------------------------------------------------------------------------------------


def test_a_batch_says_what_it_is(desk: Desk) -> None:
    view = desk.reader.batch(desk.lot)
    assert (view.name.zh, view.quantity, view.unit, view.grade, view.producer.zh, view.kind, view.made_by) == (
        "tomato", "1250.5", "kg", "一级", "farm", "lot", "harvest"
    )  # fmt: skip
    assert (view.mark, view.code) == (mark(desk.lot), trace_code(desk.lot))
    with pytest.raises(NotFound):
        desk.reader.batch(desk.world.parties["farm"])


def test_the_day_is_the_logs_day(desk: Desk) -> None:
    body: dict[str, Json] = {"outputs": [desk.world.output("tomato", "1")]}
    made = desk.state("plant", "farm", body, at="2026-03-31T17:30:00Z")
    assert desk.reader.batch(made.statement.created[0]).day == "2026-04-01"


def test_the_last_hours_of_9999_have_no_day_here_and_hide_nothing(desk: Desk) -> None:
    body: dict[str, Json] = {"outputs": [desk.world.output("tomato", "1")]}
    made = desk.state("plant", "farm", body, at="9999-12-31T23:59:59Z")
    assert [finding.code for finding in made.findings] == ["clock"]
    assert desk.reader.search(Wanted()).batches[0].day == "9999-12-31"


# --- each field by its audience ------------------------------------------------------------------------------------


def test_sealed_fields_are_shown_by_their_audience(desk: Desk) -> None:
    body: dict[str, Json] = {"goods": goods(desk.lot, "100"), "receiver": desk.world.parties["coop"]}
    ship = desk.state("ship", "farm", body, [desk.lot], SECRETS)
    sale: dict[str, Json] = {"goods": goods(desk.lot, "1"), "channel": "stall"}
    desk.state("sell", "farm", sale, [desk.lot], {"price": "6.80 元/公斤", "buyer": "王小二"})

    def sees(who: Viewer | None) -> set[str]:
        values = [event.values for event in desk.reader.events(desk.lot, who)[1:]]
        return {name for each in values for name in each} - {"goods", "receiver", "channel"}

    public = orjson.dumps([desk.reader.events(desk.lot, None), desk.reader.story(desk.lot, None),
                           desk.reader.changes(-1, None)]).decode()  # fmt: skip
    for secret in (*SECRETS.values(), "6.80 元/公斤", "王小二", "31.090112"):
        assert secret not in public
    assert sees(None) == set()
    assert {(s.name, s.audience) for s in desk.reader.events(desk.lot, None)[1].sealed} == {
        ("plate", "regulator"), ("person", "regulator"), ("seal", "trade"), ("note", "trade")
    }  # fmt: skip
    assert sees(viewer(desk, "farm")) == {*SECRETS, "price", "buyer"}
    assert sees(viewer(desk, "inspector", "inspector")) == {*SECRETS, "buyer"}
    assert sees(viewer(desk, "coop")) == set()
    desk.receive(ship, desk.lot, "100")
    assert sees(viewer(desk, "coop")) - {"shipment"} == {"seal", "note"}
    assert {change.kind for change in desk.reader.changes(-1, viewer(desk, "coop")).changes if "seal" in change.values}


def test_nobody_becomes_a_holder_by_saying_so(desk: Desk) -> None:
    ship: dict[str, Json] = {"goods": goods(desk.lot, "1"), "receiver": desk.world.parties["coop"]}
    desk.state("ship", "farm", ship, [desk.lot], {"seal": "封-77"})
    desk.state("count", "shop", {"goods": goods(desk.lot, "50")}, [desk.lot])
    desk.state("sell", "shop", {"goods": goods(desk.lot, "1"), "channel": "shop"}, [desk.lot])
    desk.world.register("friend", "shop")
    desk.send(desk.world.statements[-1])
    to_itself = desk.ship(desk.lot, "1", by="shop", to="shop")
    desk.receive(to_itself, desk.lot, "1", by="shop")
    to_a_friend = desk.ship(desk.lot, "2", by="shop", to="friend")
    sent_back: dict[str, Json] = {"shipment": to_a_friend.statement.hash, "reason": "x"}
    desk.state("reject", "friend", {"goods": goods(desk.lot, "1"), **sent_back}, [desk.lot])
    desk.receive(to_a_friend, desk.lot, "1", by="friend")
    for stranger in ("shop", "friend"):
        assert all("seal" not in event.values for event in desk.reader.events(desk.lot, viewer(desk, stranger)))


def test_a_handover_that_was_stated_late_counts(desk: Desk) -> None:
    body: dict[str, Json] = {"goods": goods(desk.lot, "10"), "receiver": desk.world.parties["coop"]}
    first = desk.state("ship", "farm", body, [desk.lot], {"seal": "封-77"})
    second = desk.ship(desk.lot, "5", by="coop", to="shop")
    desk.receive(second, desk.lot, "5", by="shop")
    assert all("seal" not in event.values for event in desk.reader.events(desk.lot, viewer(desk, "shop")))
    desk.receive(first, desk.lot, "10")
    assert any("seal" in event.values for event in desk.reader.events(desk.lot, viewer(desk, "shop")))


def test_what_was_erased_is_gone_for_everybody(desk: Desk) -> None:
    body: dict[str, Json] = {"goods": goods(desk.lot, "100"), "receiver": desk.world.parties["coop"]}
    desk.state("ship", "farm", body, [desk.lot], SECRETS)
    with desk.engine.begin() as connection:
        connection.execute(delete(disclosures).where(disclosures.c.name == "person"))
    event = desk.reader.events(desk.lot, viewer(desk, "farm"))[1]
    assert (event.erased, "person" in event.values, "plate" in event.values) == (1, False, True)


def test_a_correction_shows_the_new_beside_the_old(desk: Desk) -> None:
    body: dict[str, Json] = {"goods": goods(desk.lot, "100"), "receiver": desk.world.parties["coop"]}
    ship = desk.state("ship", "farm", body, [desk.lot], {"plate": "川A·1", "seal": "S-1"})
    fix: dict[str, Json] = {"statement": ship.statement.hash, "reason": "错"}
    desk.state("correct", "farm", {**fix, "new": {"goods": goods(desk.lot, "90")}}, [desk.lot], {"plate": "川A·2"})
    said, fixed = desk.reader.events(desk.lot, viewer(desk, "farm"))[1:]
    assert (said.values["plate"], said.effective["plate"]) == ("川A·1", "川A·2")
    assert (said.values["goods"], said.effective["goods"]) == (goods(desk.lot, "100"), goods(desk.lot, "90"))
    assert (said.corrected_by, fixed.corrects) == ([fixed.hash], said.hash)
    assert (said.effective["seal"], said.void) == ("S-1", False)
    desk.correct(ship, None)
    assert desk.reader.events(desk.lot, None)[1].void


def test_a_value_corrected_behind_a_seal_is_not_shown_as_if_it_stood(desk: Desk) -> None:
    sale: dict[str, Json] = {"goods": goods(desk.lot, "1"), "channel": "stall"}
    sold = desk.state("sell", "farm", sale, [desk.lot], {"buyer": "王小二", "price": "6 元"})
    fix: dict[str, Json] = {"statement": sold.statement.hash, "reason": "错"}
    desk.state("correct", "inspector", fix, [desk.lot], {"price": "7 元"})
    event = desk.reader.events(desk.lot, viewer(desk, "farm"))[1]
    assert (event.values["price"], "price" in event.effective, event.effective["buyer"]) == ("6 元", False, "王小二")


def test_a_correction_is_seen_on_every_batch_it_is_about(desk: Desk) -> None:
    inputs: list[Json] = [{"batch": desk.lot, "quantity": kg("10")}]
    outputs: list[Json] = [desk.world.output("sauce", "5"), desk.world.output("sauce", "3")]
    made = desk.state("process", "coop", {"inputs": inputs, "outputs": outputs}, [desk.lot]).statement
    fixed: list[Json] = [{**desk.world.output("sauce", "5"), "grade": "特级"}, desk.world.output("sauce", "4")]
    body: dict[str, Json] = {"statement": made.hash, "reason": "错", "new": {"outputs": fixed}}
    desk.state("correct", "coop", body, made.targets)
    first, second = made.created
    assert (desk.reader.batch(first).grade, desk.reader.batch(second).quantity) == ("特级", "4")
    assert desk.reader.events(second, None)[0].effective["outputs"] == fixed


# --- lineage -------------------------------------------------------------------------------------------------------


def woven(desk: Desk, layers: int, width: int) -> list[ChainId]:
    """Layers of batches, each made of two of the layer before; returns the last."""
    before = [desk.lot]
    for _ in range(layers):
        inputs = [sorted({before[at], before[at - 1]}) for at in range(len(before))]
        inputs = (inputs * width)[:width]
        drafts: list[Any] = [
            ("process", "farm",
             {"inputs": [{"batch": batch, "quantity": kg("0.5")} for batch in used],
              "outputs": [desk.world.output("sauce", "2")]}, used, {})
            for used in inputs
        ]  # fmt: skip
        before = [done.statement.created[0] for done in desk.send(*desk.sign(drafts))]
    return before


def test_lineage_goes_both_ways_with_quantities(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "500")
    desk.receive(ship, desk.lot, "500")
    sauce = desk.process(desk.lot, "300", "120")
    jam = desk.process(sauce, "20", "15")
    on_road = desk.ship(sauce, "50", by="coop", to="shop")
    graph = desk.reader.lineage(sauce)
    assert [(node.chain, node.depth) for node in graph.nodes] == [
        (sauce, 0), (desk.lot, -1), (jam, 1), (desk.planting, -2)
    ]  # fmt: skip
    edges = {(edge.parent, edge.child): (edge.quantity, edge.unit) for edge in graph.edges}
    assert edges == {
        (desk.planting, desk.lot): (None, "kg"),
        (desk.lot, sauce): ("300", "kg"),
        (sauce, jam): ("20", "kg"),
    }
    node = graph.nodes[0]
    assert (node.quantity, node.producer.zh) == ("120", "coop")
    assert [(h.account, h.owner.zh, h.amount, h.to.zh if h.to else None) for h in node.holdings] == [
        ("held", "coop", "50", None), ("transit", "coop", "50", "shop"), ("consumed", "coop", "20", None)
    ]  # fmt: skip
    assert node.holdings == desk.reader.holdings(sauce)
    assert node.holdings[1].shipment == on_road.statement.hash
    back, forward = (desk.reader.lineage(sauce, way) for way in ("back", "forward"))
    assert {node.chain for node in back.nodes} == {sauce, desk.lot, desk.planting}
    assert {node.chain for node in forward.nodes} == {sauce, jam}
    assert {node.chain for node in desk.reader.lineage(jam, "back", 1).nodes} == {jam, sauce}
    assert desk.reader.lineage(jam, depth=0).edges == []


def test_of_many_ties_the_nearest_are_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    last = woven(desk, 4, 3)[0]
    whole = desk.reader.lineage(last, "back")
    depth = {node.chain: node.depth for node in whole.nodes}
    nearest = sorted(whole.edges, key=lambda edge: -depth[edge.child])
    monkeypatch.setattr(module, "MAX_EDGES", 4)
    graph = desk.reader.lineage(last, "back")
    assert (whole.truncated, graph.truncated) == (False, True)
    assert [depth[edge.child] for edge in graph.edges] == sorted(depth[edge.child] for edge in nearest[:4])
    assert graph.nodes == whole.nodes


def test_lineage_as_it_stood(desk: Desk) -> None:
    first = desk.process(desk.lot, "100", "50")
    moment = desk.reader.batch(first).first_index
    desk.process(desk.lot, "100", "50")
    desk.ship(desk.lot, "10")
    graph = desk.reader.lineage(desk.lot, "forward", as_of=str(moment))
    assert {node.chain for node in graph.nodes} == {desk.lot, first}
    assert {h.account: h.amount for h in graph.nodes[0].holdings}["consumed"] == "100"
    assert {h.account: h.amount for h in desk.reader.holdings(desk.lot, str(moment))}["consumed"] == "100"
    assert len(desk.reader.lineage(desk.lot, "forward").nodes) == 3
    with pytest.raises(NotFound):
        desk.reader.lineage(first, as_of=str(moment - 1))


def test_a_time_means_what_had_been_received_by_then(desk: Desk) -> None:
    ship = desk.ship(desk.lot, "10")
    received = desk.reader.events(desk.lot, None)[-1].received // 1000
    assert ship.first_index == desk.reader.changes(-1, None).changes[-1].index
    assert [h.account for h in desk.reader.holdings(desk.lot, time_text(received))] == ["held", "transit"]
    assert desk.reader.holdings(desk.lot, time_text(received - 3600)) == []
    for text in ("yesterday", "2026-02-30T00:00:00Z", "-1", "１２"):
        with pytest.raises(Malformed, match="as-of"):
            desk.reader.holdings(desk.lot, text)


def test_lineage_takes_as_many_statements_as_levels_however_wide_it_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    real = walking.rows

    def noted(connection: Connection, query: str, *more: Any) -> Iterator[tuple[Any, ...]]:
        sent.append(query)
        return real(connection, query, *more)

    monkeypatch.setattr(walking, "rows", noted)
    few = len(desk.reader.lineage(desk.lot).nodes)
    walked = len(sent)
    woven(desk, 8, 6)
    sent.clear()
    large = desk.reader.lineage(desk.lot)
    assert (few, len(large.nodes)) == (2, 50)
    assert len(sent) <= walked + 3 * 8
    made = {node.chain: to_micro(node.quantity) for node in large.nodes}
    for node in large.nodes:
        assert sum(to_micro(holding.amount) for holding in node.holdings) == made[node.chain]


def test_not_even_a_circle_holds_it_up(desk: Desk) -> None:
    sauce = desk.process(desk.lot, "1", "1")
    with desk.engine.begin() as connection:
        row = {"log_id": LOG_ID, "child": desk.lot, "parent": sauce, "first_index": 0}
        connection.execute(insert(lineage), row)
    graph = desk.reader.lineage(desk.lot, "both", 64)
    assert {node.chain for node in graph.nodes} == {desk.lot, sauce, desk.planting}


@pytest.mark.parametrize(
    ("way", "depth", "code"), [("up", 3, "choice"), ("back", 65, "number"), ("back", -1, "number")]
)
def test_what_lineage_refuses(desk: Desk, way: str, depth: int, code: str) -> None:
    with pytest.raises(Malformed, match=code):
        desk.reader.lineage(desk.lot, way, depth)  # type: ignore[arg-type]


# --- the story -----------------------------------------------------------------------------------------------------


def test_the_story_tells_what_led_here_and_nothing_else(desk: Desk) -> None:
    times: dict[str, Json] = {"start": "2026-03-01T01:00:00Z", "stop": "2026-03-01T02:00:00Z"}
    spray: dict[str, Json] = {"name": "吡虫啉", "interval_days": 7, **times}
    # Stated late, but it happened before the harvest; the other came after, to what was still growing.
    desk.state("apply", "farm", spray, [desk.planting], at="2026-02-20T01:00:00Z")
    desk.state("apply", "farm", spray, [desk.planting])
    desk.ship(desk.lot, "100", to="shop")
    ours = desk.ship(desk.lot, "500")
    desk.state("load", "carrier", {"shipment": ours.statement.hash}, [desk.lot])
    desk.receive(ours, desk.lot, "500")
    sauce = desk.process(desk.lot, "300", "120")
    desk.process(desk.lot, "100", "40")
    desk.ship(desk.lot, "1", by="coop", to="shop")
    sold = desk.ship(sauce, "20", by="coop", to="shop")
    told = desk.reader.story(sauce, None)
    assert [(each.steps, each.event.kind) for each in told] == [
        (2, "apply"), (2, "plant"), (1, "harvest"),
        (1, "ship"), (1, "load"), (1, "receive"), (0, "process"), (0, "ship"),
    ]  # fmt: skip
    assert told[3].event.hash == ours.statement.hash
    assert told[-1].event.hash == sold.statement.hash
    assert {each.batch.chain for each in told} == {desk.planting, desk.lot, sauce}
    assert told[3].event.names[desk.world.parties["coop"]].zh == "coop"


# --- many ----------------------------------------------------------------------------------------------------------


def test_batches_come_page_by_page(desk: Desk) -> None:
    outputs: list[Json] = [desk.world.output("tomato", "1", lot=f"L-{number}") for number in range(7)]
    made = desk.state("plant", "coop", {"outputs": outputs}).statement.created
    found: list[ChainId] = []
    cursor: str | None = ""
    while cursor is not None:
        page = desk.reader.search(Wanted(), cursor, 2)
        found += [view.chain for view in page.batches]
        cursor = page.next
    assert len(found) == len(set(found)) == 9
    assert found[:7] == sorted(made, key=b64u.decode)
    assert found[7:] == [desk.lot, desk.planting]
    with pytest.raises(Malformed, match="cursor"):
        desk.reader.search(Wanted(), "x.y")


def test_batches_are_searched_by_what_people_know(desk: Desk) -> None:
    (lot,) = desk.state(
        "plant", "coop", {"outputs": [desk.world.output("tomato", "5", lot="2026-A")]}
    ).statement.created
    for wanted, found in (
        (Wanted("2026-"), {lot}),
        (Wanted("TOMA"), {lot, desk.lot, desk.planting}),
        (Wanted("coop"), {lot}),
        (Wanted(trace_code(lot)), {lot}),
        (Wanted(f"https://x.example/t/{mark(lot)}"), {lot}),
        (Wanted(party=desk.world.parties["farm"]), {desk.lot, desk.planting}),
        (Wanted(kind="planting", product=desk.world.products["tomato"]), {lot, desk.planting}),
        (Wanted("_"), set()),
        (Wanted(lot="2026-A"), {lot}),
    ):
        assert {view.chain for view in desk.reader.search(wanted).batches} == found, wanted


def test_changes_are_followed_without_a_gap(desk: Desk) -> None:
    seen: list[str] = []
    after, more = -1, True
    while more:
        page = desk.reader.changes(after, None, limit=5)
        seen += [change.hash for change in page.changes]
        after, more = page.next, page.more
    assert seen == [statement.hash for statement in desk.world.statements]
    assert desk.reader.changes(after, None).next == after
    ship = desk.ship(desk.lot, "2000")
    (change,) = desk.reader.changes(after, None).changes
    assert (change.index, change.kind, [f.code for f in change.findings]) == (ship.first_index, "ship", ["over-held"])
    assert "farm" in change.findings[0].text["zh"]
    assert "749.5 kg" in change.findings[0].text["en"]


# --- the label -----------------------------------------------------------------------------------------------------


def test_a_label_says_what_is_in_the_box(desk: Desk) -> None:
    said = desk.reader.label(desk.lot)
    assert said.url == f"https://trace.example.org/t/{mark(desk.lot)}"
    assert (said.product, said.quantity, said.producer, said.date) == ("tomato", "1250.5 公斤", "farm", "2026-03-01")
    assert said.demonstration


@pytest.mark.parametrize("demonstration", [True, False])
def test_without_a_public_address_only_demonstrations_are_labelled(
    tmp_path: Path, database_url: str, demonstration: bool
) -> None:
    with working(tmp_path / "data", database_url, demonstration=demonstration) as desk:
        desk.journal.registry.public_url = ""
        if demonstration:
            said = desk.reader.label(desk.lot, base_url="http://127.0.0.1:8000/")
            assert said.url == f"http://127.0.0.1:8000/t/{mark(desk.lot)}"
        else:
            with pytest.raises(Conflict, match="no-public-url"):
                desk.reader.label(desk.lot, base_url="http://127.0.0.1:8000/")
