"""A shipment answered in a real browser, on a phone and at a desk; and what waits to be done."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from app.main import create_app
from ledger.identity import mark
from tests.app.certificates.market import employ_registrar, with_held_key
from tests.app.certificates.test_in_browser import fits, sign_in
from tests.app.handover.road import Road
from tests.app.town import settle
from tests.app.visiting import visiting
from tests.parts.service import serving


@pytest.fixture(scope="module")
def road() -> Road:
    road = Road()
    # One for the phone, one for the desk.
    road.ship([(road.good, "10"), (road.stopped, "10")])
    due = {"task": "T-9", "result": "rectify", "remarks": "投入品没有分开存放", "due": "2026-03-20"}
    road.world.state("inspect", "inspector", due, [road.good])
    return road


@pytest.fixture(scope="module", autouse=True)  # before the browser, which holds the thread's event loop
def address(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that holds the co-op's key, as a process of its own."""
    town = settle(tmp_path_factory.mktemp("road") / "data", "", world=road.world)
    employ_registrar(town)
    with visiting(create_app(town.settings)) as visitor:
        with_held_key(visitor, road.world, "coop")
    town.engine.dispose()
    with serving(town.settings.data) as (address, _):
        yield address


def test_from_the_desk_to_the_receipt(page: Page, address: str, road: Road) -> None:
    sign_in(page, address, "zhou.min", "/desk")
    fits(page)
    assert page.viewport_size
    ships = [one for one in road.world.statements if one.kind == "ship"]
    sent = ships[0] if page.viewport_size["width"] < 640 else ships[1]
    page.locator(f"a.way[href='/desk/shipments/{sent.hash}']").click()
    verdicts = page.locator(".parcel h2").all_inner_texts()
    assert verdicts == ["已暂停", "正常"]
    first = page.locator(".parcel").first.bounding_box()
    assert first
    assert first["y"] < page.viewport_size["height"], "seen without scrolling"
    fits(page)
    page.get_by_text("只收一部分").click()
    page.get_by_text("拒收退回").first.click()
    fits(page)
    page.fill(f"[name='taken.{mark(road.good)}']", "8")
    page.fill(f"[name='damaged.{mark(road.good)}']", "1.5")
    page.locator("details [name=certificate_checked]").check()
    page.get_by_role("button", name="按实收签名").click()
    page.wait_for_load_state()
    if page.locator("form:has([value=part]) [name=finding]").count():
        fits(page)
        page.get_by_role("button", name="按实收签名").click()
    page.get_by_text("破损 1.5 公斤").wait_for()
    fits(page)


def test_the_supervisor_finds_what_waits(page: Page, address: str, road: Road) -> None:
    sign_in(page, address, "li.na", "/audit")
    fits(page)
    page.get_by_text("farm须整改（任务 T-9）").wait_for()
    page.locator("a.task", has_text="没有答复").first.click()
    page.get_by_text("这次发货").wait_for()
    assert page.get_by_text("怎么答复").count() == 0
    fits(page)
