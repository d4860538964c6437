"""What an import states, and what it does not state twice, against a log in memory."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.client import Client
from clients.device import Device
from clients.importer.importing import Report
from clients.notebook import Kept
from ledger.errors import NotAllowed
from ledger.identity import ChainId, trace_code
from ledger.statement import open_sealed
from tests.clients.honest import Service
from tests.clients.importer.test_sheet import workbook
from tests.world import World

Importing = Callable[..., Report]

INTAKE = """
kind = "intake"
at = "到货日期"
[outputs]
own_code = "货号"
product = "品名"
lot = "批号"
quantity = "数量"
[fields]
supplier = "供货商"
supplier_contact = "电话"
place = "仓库"
"""
HEADS = "到货日期,货号,品名,批号,数量,供货商,电话,仓库\n"
ROW = "2026年3月1日,T1,番茄,{},{} 公斤,王家农场,13800000000,一号库\n"

SHIP = """
kind = "ship"
at = "date"
unknown_lots = "open"
[goods]
own_code = "code"
product = "name"
lot = "lot"
quantity = "quantity"
unit = { value = "kg" }
[fields]
receiver = "to"
[[fields.refs]]
type = { value = "送货单" }
number = "doc"
"""
SHIP_HEADS = "date,code,name,lot,quantity,to,doc\n"


def stated(client: Client, *kinds: str) -> list[Kept]:
    return [kept for kept in client.notebook.all("receipted") if kept.statement.kind in kinds]


def codes(report: Report) -> list[tuple[int, str]]:
    return [(problem.line, problem.error.code) for _, problem in report.bad]


def shop(world: World) -> str:
    return f'"绿源超市" = "{world.parties["shop"]}"\n'


def test_a_sheet_of_ones_own_by_a_mapping_file(client: Client, imports: Importing, world: World) -> None:
    report = imports(HEADS + ROW.format("0301-1", "1250.5") + ROW.format("0301-2", "3"), INTAKE)
    assert report.bad == []
    # The product and the place are added on the way, once.
    assert [one.kind for one in report.recorded] == ["place.add", "product.add", "intake", "intake"]
    product = stated(client, "product.add")[0].statement
    assert dict(product.body) == {"base_unit": "kg", "names": {"zh": "番茄"}, "own_code": "T1"}
    first = stated(client, "intake")[0]
    place = stated(client, "place.add")[0].statement
    assert first.statement.at == "2026-03-01T04:00:00Z"
    assert first.statement.body["place"] == place.created[0]
    assert first.statement.body["outputs"] == [
        {"lot": "0301-1", "product": product.created[0], "quantity": {"unit": "kg", "value": "1250.5"}}
    ]
    # What is not public is sealed.
    assert "13800000000" not in first.statement.jws
    opened = {name: value for name, (value, _) in open_sealed(first.statement, first.disclosures).items()}
    assert opened == {"supplier": "王家农场", "supplier_contact": "13800000000"}


def test_run_again_it_sends_nothing(client: Client, service: Service, imports: Importing) -> None:
    sheet = HEADS + ROW.format("1", "5") + ROW.format("2", "5")
    imports(sheet, INTAKE)
    sent = len(service.world.statements)
    report = imports(sheet, INTAKE)
    assert (report.already, report.recorded, report.bad) == (2, [], [])
    # A row more is that row more.
    report = imports(HEADS + ROW.format("0", "5") + ROW.format("1", "5") + ROW.format("2", "5"), INTAKE)
    assert (report.already, len(report.recorded)) == (2, 1)
    assert len(service.world.statements) == sent + 1


def test_the_same_rows_as_csv_and_as_xlsx_are_the_same(client: Client, imports: Importing, tmp_path: Path) -> None:
    imports(HEADS + ROW.format("1", "5"), INTAKE)
    cells: list[Any] = [date(2026, 3, 1), "T1", "番茄", 1, "5公斤", "王家农场", 13800000000, "一号库"]
    path = workbook(tmp_path / "收货.xlsx", HEADS.strip().split(","), cells)
    report = imports(path, INTAKE)
    assert (report.already, report.recorded, report.bad) == (1, [], [])


def test_a_column_added_to_the_mapping_later_makes_no_row_new(client: Client, imports: Importing) -> None:
    sheet = HEADS + ROW.format("1", "5")
    imports(sheet, INTAKE.replace('supplier_contact = "电话"\n', ""))
    report = imports(sheet, INTAKE)
    assert (report.already, report.recorded) == (1, [])


def test_equal_rows_are_as_many_as_they_are(client: Client, imports: Importing, world: World) -> None:
    row = "2026-03-01,T1,番茄,L1,{},绿源超市,S1\n"
    sheet = SHIP_HEADS + row.format(3) + row.format(3)
    report = imports(sheet, SHIP, parties=shop(world))
    assert report.bad == []
    assert len(stated(client, "ship")) == 2
    assert imports(sheet, SHIP).already == 2
    imports(sheet + row.format(3), SHIP)
    assert len(stated(client, "ship")) == 3


def test_a_quantity_changed_after_sending_is_asked_about(client: Client, imports: Importing, world: World) -> None:
    row = "2026-03-01,T1,番茄,L1,{},绿源超市,{}\n"
    imports(SHIP_HEADS + row.format(3, "S1"), SHIP, parties=shop(world))
    report = imports(SHIP_HEADS + row.format(4, "S1"), SHIP)
    ((_, problem),) = report.bad
    assert (problem.line, problem.column, problem.error.code) == (2, "quantity", "changed")
    assert problem.error.params == {"has": "3 kg", "wanted": "4 kg"}
    # Under another document it is another shipment, and what was sent may stand beside it.
    report = imports(SHIP_HEADS + row.format(3, "S1") + row.format(4, "S2"), SHIP)
    assert (report.already, len(stated(client, "ship")), report.bad) == (1, 2, [])


def test_a_lot_never_received_is_opened_with_what_is_taken_from_it(
    client: Client, imports: Importing, world: World
) -> None:
    row = "2026-03-0{},T1,番茄,L1,{},绿源超市,S{}\n"
    report = imports(SHIP_HEADS + row.format(1, 3, 1) + row.format(2, "4.5", 2), SHIP, parties=shop(world))
    (opened,) = stated(client, "intake")
    assert report.opened == 1
    assert opened.statement.body["unrecorded"] is True
    assert opened.statement.body["outputs"][0]["quantity"] == {"unit": "kg", "value": "7.5"}
    assert [problem.error.code for _, problem in report.problems] == ["opened"]
    goods = [kept.statement.body["goods"][0]["batch"] for kept in stated(client, "ship")]
    assert goods == [opened.statement.created[0]] * 2


def test_its_receipt_found_later_fills_in_the_origin(client: Client, imports: Importing, world: World) -> None:
    imports(SHIP_HEADS + "2026-03-02,T1,番茄,1,3,绿源超市,S1\n", SHIP, parties=shop(world))
    sheet = HEADS + ROW.format("1", "20")
    report = imports(sheet, INTAKE)
    assert (report.filled_in, report.bad) == (1, [])
    (correction,) = stated(client, "correct")
    (opened,) = stated(client, "intake")
    body = correction.statement.body
    assert body["statement"] == opened.hash
    assert body["new"]["unrecorded"] is False
    assert body["new"]["outputs"][0]["quantity"] == {"unit": "kg", "value": "20"}
    assert "supplier" in {n for n, _ in open_sealed(correction.statement, correction.disclosures).items()}
    assert imports(sheet, INTAKE).already == 1
    # It is filled in once: another receipt of the same lot can't open it again.
    assert codes(imports(HEADS + ROW.format("1", "20").replace("3月1日", "3月9日"), INTAKE)) == [(2, "lot-there")]


def test_an_unknown_lot_is_refused_where_the_mapping_does_not_open_it(
    client: Client, imports: Importing, world: World
) -> None:
    form = SHIP.replace('unknown_lots = "open"\n', "")
    report = imports(SHIP_HEADS + "2026-03-02,T1,番茄,1,3,绿源超市,S1\n", form, parties=shop(world))
    ((_, problem),) = report.bad
    assert (problem.line, problem.column, problem.error.code) == (2, "lot", "unknown-lot")
    assert client.notebook.all() == []


def test_an_unknown_receiver_waits_for_the_registrar(
    client: Client, imports: Importing, world: World, tmp_path: Path
) -> None:
    sheet = SHIP_HEADS + "2026-03-02,T1,番茄,1,3,绿源超市,S1\n2026-03-02,T1,番茄,2,3,老王,S2\n"
    report = imports(sheet, SHIP, parties=shop(world))
    ((_, problem),) = report.bad
    assert (problem.line, problem.column, problem.error.code) == (3, "to", "unknown-receiver")
    assert str(tmp_path / "parties.toml") in problem.reason("zh")
    assert [party.name for party in report.missing_parties] == ["老王"]
    # Nothing is opened for a row that is not sent.
    assert len(stated(client, "intake")) == 1
    asked = (tmp_path / "parties.toml").read_text("utf-8")
    assert asked == shop(world) + '"老王" = ""\n'
    imports(sheet, SHIP)
    assert (tmp_path / "parties.toml").read_text("utf-8") == asked
    report = imports(sheet, SHIP, parties=asked.replace('""', f'"{world.parties["farm"]}"'))
    assert (report.bad, report.already, len(stated(client, "ship"))) == ([], 1, 2)


def test_an_id_that_is_none_is_named(client: Client, imports: Importing) -> None:
    sheet = SHIP_HEADS + "2026-03-02,T1,番茄,1,3,绿源超市,S1\n"
    assert codes(imports(sheet, SHIP, parties='"绿源超市" = "123"\n')) == [(2, "party-id")]


def test_makers_go_before_users_whatever_their_rows(client: Client, imports: Importing) -> None:
    form = """
kind = "process"
at = "date"
unknown_lots = "open"
[inputs]
own_code = "used"
lot = "used lot"
quantity = "qty"
unit = { value = "kg" }
[outputs]
own_code = "made"
lot = "made lot"
quantity = "qty"
unit = { value = "kg" }
"""
    heads = "date,used,used lot,made,made lot,qty\n"
    report = imports(heads + "2026-03-03,B,b,C,c,1\n2026-03-02,A,a,B,b,1\n", form)
    assert report.bad == []
    assert report.opened == 1
    first, second = (kept.statement for kept in stated(client, "process"))
    assert second.body["inputs"][0]["batch"] == first.created[0]
    # In a circle each is opened rather than waited for; what closes it is there already.
    report = imports(heads + "2026-03-03,X,x,Y,y,1\n2026-03-02,Y,y,X,x,1\n", form)
    assert codes(report) == [(3, "lot-there")] or codes(report) == [(2, "lot-there")]


def test_a_refused_row_has_the_services_reason_and_is_tried_again(
    client: Client, service: Service, imports: Importing
) -> None:
    sheet = HEADS + ROW.format("1", "5") + ROW.format("2", "5")
    service.refusing = lambda s: (
        NotAllowed("lot-product", path="body.outputs[0].lot", has="1") if "1" in _lots(s) else None
    )
    report = imports(sheet, INTAKE)
    ((_, problem),) = report.bad
    assert (problem.line, problem.column, problem.error.code) == (2, "批号", "lot-product")
    assert len(stated(client, "intake")) == 1
    service.refusing = lambda s: None
    report = imports(sheet, INTAKE)
    assert (report.already, report.bad, len(stated(client, "intake"))) == (1, [], 2)
    assert imports(sheet, INTAKE).already == 2


def _lots(statement: Any) -> list[str]:
    return [output.get("lot") for output in statement.body.get("outputs", ())]


def test_what_hangs_on_a_refused_product_is_refused_with_it_and_made_anew(
    client: Client, service: Service, imports: Importing
) -> None:
    sheet = HEADS + ROW.format("1", "5")
    service.refusing = lambda s: NotAllowed("role", path="kind", has="x") if s.kind == "product.add" else None
    assert codes(imports(sheet, INTAKE)) == [(2, "role"), (2, "hangs-on")]
    service.refusing = lambda s: None
    report = imports(sheet, INTAKE)
    assert report.bad == []
    assert [one.kind for one in report.recorded] == ["product.add", "intake"]


def test_a_lost_answer_sends_nothing_twice(client: Client, service: Service, imports: Importing) -> None:
    sheet = HEADS + "".join(ROW.format(lot, "5") for lot in range(10))
    service.cut = 4
    report = imports(sheet, INTAKE)
    assert report.bad == []
    assert len(stated(client, "intake")) == 10
    assert len([s for s in service.world.statements if s.kind == "intake"]) == 10


def test_a_trial_states_nothing(client: Client, service: Service, imports: Importing, tmp_path: Path) -> None:
    bad = ROW.format("2", "0")
    before = len(service.world.statements)
    report = imports(HEADS + ROW.format("1", "5") + bad, INTAKE, trial=True)
    assert codes(report) == [(3, "cell-quantity")]
    assert [one.kind for one in report.recorded] == ["place.add", "product.add", "intake"]
    # What hangs on nothing new has been asked of the service.
    assert [[finding.code for finding in one.findings] for one in report.recorded] == [["asked"], ["asked"], []]
    assert client.notebook.all() == []
    assert len(service.world.statements) == before
    imports(SHIP_HEADS + "2026-03-02,T1,番茄,1,3,老王,S1\n", SHIP, trial=True)
    assert not (tmp_path / "parties.toml").exists()


def test_a_shipment_before_its_lot_was_made_is_sent_with_a_warning(
    client: Client, imports: Importing, world: World
) -> None:
    imports(HEADS + ROW.format("1", "5"), INTAKE)
    report = imports(SHIP_HEADS + "2026-02-27,T1,番茄,1,3,绿源超市,S1\n", SHIP, parties=shop(world))
    assert report.bad == []
    ((_, warning),) = report.problems
    assert (warning.column, warning.error.code, warning.severity) == ("lot", "before-made", "warning")


def test_what_was_signed_earlier_goes_out_with_it(client: Client, device: Device, imports: Importing) -> None:
    client.state("product.add", {"base_unit": "kg", "names": {"zh": "瓜"}, "own_code": "G"})
    report = imports(HEADS + ROW.format("1", "5"), INTAKE)
    assert report.recorded[0].sheet == ""
    assert client.notebook.outgoing() == []


@pytest.mark.parametrize("scheme", ["gtin", "own_code"])
def test_a_product_that_another_device_added_is_found(
    client: Client, service: Service, imports: Importing, world: World, scheme: str
) -> None:
    theirs = world.add_product("番茄", "coop", **{scheme: "10333830000016"})
    view = {"id": theirs, "gtin": None, "own_code": None, scheme: "10333830000016", "may": []}
    found = {"products": [{**view, "party": {"id": world.parties["coop"]}}], "next": None}
    _answer(service, "/v1/products", found)
    sheet = "date,gtin,lot,qty\n2026-03-01,10333830000016,1,5 kg\n"
    form = f'kind = "intake"\nat = "date"\n[outputs]\n{scheme} = "gtin"\nlot = "lot"\nquantity = "qty"\n'
    report = imports(sheet, form)
    assert report.bad == []
    (intake,) = stated(client, "intake")
    assert intake.statement.body["outputs"][0]["product"] == theirs
    # Another party's own product is not ours to give out lots of.
    found["products"][0]["party"] = {"id": world.parties["shop"]}
    report = imports(sheet.replace(",1,", ",2,"), form)
    ((_, problem),) = report.bad
    assert (problem.error.code, problem.error.params["wanted"]) == ("not-issuer", world.parties["shop"])


def _answer(service: Service, path: str, body: dict[str, Any]) -> None:
    """Let the service in memory answer one more path."""
    route = service._route

    def routed(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=body) if request.url.path == path else route(request)

    service._route = routed  # type: ignore[method-assign]


def test_records_about_a_batch_with_lists_in_them(client: Client, imports: Importing, world: World) -> None:
    imports(HEADS + ROW.format("1", "5"), INTAKE)
    form = """
kind = "test"
at = "日期"
join = ["样品编号"]
[on]
own_code = "货号"
lot = "批号"
[fields]
sample_no = "样品编号"
type = { value = "quantitative" }
conclusion = "结论"
[[fields.items]]
analyte = "项目"
value = "检测值"
limit = "限量"
passed = "合格"
"""
    sheet = (
        "日期,货号,批号,样品编号,结论,项目,检测值,限量,合格\n"
        "2026-03-02 09:30,T1,1,S-7,合格,啶虫脒,0.02,1,是\n"
        "2026-03-02 09:30,T1,1,S-7,合格,毒死蜱,未检出,0.02,是\n"
        "2026-03-02 09:30,T1,1,S-8,还行,毒死蜱,未检出,0.02,是\n"
    )
    report = imports(sheet, form)
    assert [(p.line, p.column, p.error.code) for _, p in report.bad] == [(4, "结论", "cell-choice")]
    (tested,) = stated(client, "test")
    assert [item["analyte"] for item in tested.statement.body["items"]] == ["啶虫脒", "毒死蜱"]
    assert tested.statement.on == stated(client, "intake")[0].statement.created
    assert imports(sheet, form).already == 1


def test_a_stock_of_input_has_no_batch_to_name(client: Client, imports: Importing) -> None:
    form = """
kind = "acquire"
at = "日期"
[fields]
name = "名称"
type = "类别"
quantity = "数量"
dealer = "经销商"
"""
    sheet = "日期,名称,类别,数量,经销商\n2026-03-02,啶虫脒,农药,2 瓶,农资站\n2026-03-02,啶虫脒,,2 瓶,农资站\n"
    report = imports(sheet, form)
    assert [(p.line, p.column, p.error.code) for _, p in report.bad] == [(3, "类别", "cell-empty")]
    (bought,) = stated(client, "acquire")
    assert bought.statement.body["quantity"] == {"unit": "bottle", "value": "2"}
    assert imports(sheet, form).already == 1


def test_a_trace_code_that_is_nobodys_is_a_bad_row(client: Client, imports: Importing, world: World) -> None:
    form = (
        SHIP.replace('own_code = "code"\n', 'code = "code"\n')
        .replace('lot = "lot"\n', "")
        .replace('product = "name"\n', "")
    )
    code = trace_code(ChainId("A" * 43))
    report = imports(SHIP_HEADS + f"2026-03-02,{code},,,3,绿源超市,S1\n", form, parties=shop(world))
    ((_, problem),) = report.bad
    assert (problem.column, problem.error.code, problem.error.params["has"]) == ("code", "unknown-lot", code)


def test_a_day_without_an_hour_is_not_before_an_hour_of_that_day(
    client: Client, imports: Importing, world: World
) -> None:
    imports(HEADS + ROW.format("1", "5").replace("3月1日", "3月1日 22:30"), INTAKE)
    report = imports(SHIP_HEADS + "2026-03-01,T1,番茄,1,3,绿源超市,S1\n", SHIP, parties=shop(world))
    assert report.problems == []


def test_two_lots_of_one_receipt_can_not_both_be_filled_in(client: Client, imports: Importing, world: World) -> None:
    imports(SHIP_HEADS + "2026-03-02,T1,番茄,1,3,绿源超市,S1\n", SHIP, parties=shop(world))
    form = INTAKE.replace('at = "到货日期"', 'at = "到货日期"\njoin = ["供货商"]')
    report = imports(HEADS + ROW.format("1", "5") + ROW.format("2", "5"), form)
    assert codes(report) == [(2, "lot-there")]
