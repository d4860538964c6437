"""The regulator's pages: who may see them, what they show, and the button, also in a real browser."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from app.main import create_app
from ledger.canonical import Json
from ledger.identity import ChainId, mark, trace_code
from tests.app.audit.tampering import File, story
from tests.app.town import PASSWORD, Town, settle
from tests.app.visiting import Visitor, visiting
from tests.world import county, harvested, planted


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    town = settle(tmp_path / "data", database_url, world=story())
    yield town
    town.engine.dispose()


@pytest.fixture
def visitor(town: Town) -> Iterator[Visitor]:
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def lot(town: Town) -> ChainId:
    return [one for one in town.world.statements if one.kind == "harvest"][-1].created[0]


def data(visitor: Visitor, path: str) -> dict[str, Any]:
    answer = visitor.get(path, {"accept": "application/json"})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_only_for_supervisors(visitor: Visitor, town: Town) -> None:
    paths = (
        "/audit",
        f"/audit/batches/{mark(lot(town))}",
        f"/audit/parties/{town.world.parties['farm']}",
        "/audit/log",
    )
    for path in paths:
        assert visitor.get(path, {"accept": "application/json"}).status_code == 401
        assert visitor.get(path).headers["location"].startswith("/sign-in?next=")
    visitor.sign_in("zhou.min", PASSWORD)
    for path in paths:
        assert visitor.get(path).status_code == 403
    visitor.sign_in("li.na", PASSWORD)
    for path in paths:
        assert visitor.get(path).status_code == 200


def test_a_search_that_finds_nothing_says_what_can_be_found_and_findings_are_told_first(visitor: Visitor) -> None:
    visitor.sign_in("li.na", PASSWORD)
    assert "可以查：20 位追溯码" in visitor.get("/audit?q=zzzz").text
    page = visitor.get("/audit").text
    assert page.index('href="#work"') < page.index('name="q"')
    assert "一级" in visitor.get("/audit?q=farm").text, "rows say the grade"


def test_outputs_are_a_list(visitor: Visitor, town: Town) -> None:
    visitor.sign_in("li.na", PASSWORD)
    many = next(one for one in town.world.statements if one.kind == "harvest")
    page = visitor.get(f"/audit/batches/{mark(many.created[0])}").text
    assert page.count("，批号 L") >= 250
    assert page.count("<li>tomato") == 250


def test_results_are_a_table(tmp_path: Path) -> None:
    world = county()
    chain = harvested(world, planted(world))
    items: list[Json] = [{"analyte": "毒死蜱", "value": "0.01", "unit": "mg/kg", "limit": "0.02", "passed": True}]
    world.state(
        "test", "lab", {"items": items, "type": "quantitative", "conclusion": "pass", "sample_no": "S1"}, [chain]
    )
    town = settle(tmp_path / "data", "", world=world)
    with visiting(create_app(town.settings)) as visitor:
        visitor.sign_in("li.na", PASSWORD)
        page = visitor.get(f"/audit/batches/{mark(chain)}").text
    town.engine.dispose()
    table = page[page.index('class="table measures"') :]
    assert table.index("毒死蜱") < table.index("0.01 mg/kg") < table.index("0.02 mg/kg") < table.index("合格")


def test_search_leads_on(visitor: Visitor, town: Town) -> None:
    visitor.sign_in("li.na", PASSWORD)
    chain = lot(town)
    for text in (trace_code(chain), mark(chain), chain):
        assert visitor.get(f"/audit?q={text}").headers["location"] == f"/audit/batches/{mark(chain)}"
    code = trace_code(chain)
    swapped = code[:3] + str((int(code[3]) + 1) % 10) + code[4:]
    assert "有一位数字不对" in visitor.get(f"/audit?q={swapped}").text
    assert town.world.parties["coop"] in visitor.get("/audit?q=coop").text
    found = data(visitor, "/audit")
    assert len(found["batches"]) == 12
    assert {open_["found"]["code"] for open_ in found["findings"]} >= {"not-holder", "over-held"}


def test_a_batch_with_everything_a_supervisor_may_read(visitor: Visitor, town: Town) -> None:
    visitor.sign_in("li.na", PASSWORD)
    page = visitor.get(f"/audit/batches/{mark(lot(town))}").text
    for said in ("发货", "收货", "川A·D5678", "已更正", "在途", "签名于", "监管"):
        assert said in page
    found = data(visitor, f"/audit/batches/{mark(lot(town))}")
    assert found["verification"] is None
    assert [event["kind"] for event in found["events"]][:3] == ["harvest", "ship", "receive"]
    english = visitor.get(f"/audit/batches/{mark(lot(town))}?lang=en").text
    assert "Everything that was stated" in english


def test_the_button_without_a_script(visitor: Visitor, town: Town) -> None:
    visitor.sign_in("li.na", PASSWORD)
    path = f"/audit/batches/{mark(lot(town))}"
    csrf = data(visitor, "/v1/me")["csrf"]
    assert visitor.post(path, {}).status_code == 403
    page = visitor.post(path, {"csrf": csrf})
    assert page.status_code == 200
    assert "核验通过" in page.text
    report = visitor.post(path, {"csrf": csrf}, {"accept": "application/json"}).json()
    assert report["clean"] is True
    assert report["checked"]["signatures"] > 5


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Town, str]]:
    """The town on SQLite, on a port; made in a thread of its own, for the browser holds this one's event loop."""
    with ThreadPoolExecutor(1) as aside:
        town = aside.submit(settle, tmp_path / "data", "", world=story()).result()
    # It listens before it serves: who comes while it starts waits, and is not turned away.
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(town.settings), log_level="error"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield town, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    town.engine.dispose()


def test_green_then_red(served: tuple[Town, str], page: Page) -> None:
    """One press says that it holds; one changed byte later it names the record, though nothing else can be read."""
    town, address = served
    page.goto(f"{address}/sign-in?next=/audit/batches/{mark(lot(town))}")
    page.fill("[name=login]", "li.na")
    page.fill("[name=password]", PASSWORD)
    page.click("form.card button[type=submit]")
    page.click(".verify-button")
    expect(page.locator("#verify-title")).to_have_text("核验通过")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    harvest = [one for one in town.world.statements if one.kind == "harvest"][-1]
    index = town.world.first[harvest.hash]
    database = File.open(str(town.settings.data / "ledger.sqlite"))
    jws = harvest.jws[:-9] + ("A" if harvest.jws[-9] != "A" else "B") + harvest.jws[-8:]
    database.execute("UPDATE statements SET jws = ? WHERE first_index = ?", [jws, index])
    database.connection.close()
    page.reload()
    page.click(".verify-button")
    expect(page.locator("#verify-title")).to_have_text("核验不通过")
    expect(page.locator(".first-bad")).to_contain_text(f"记录 {index} ")
    expect(page.locator(".first-bad .detail")).to_contain_text(f"statements {index}")
