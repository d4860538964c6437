"""A certificate in two taps, on a phone and at a desk, in a real browser."""

from collections.abc import Iterator

import pypdfium2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from app.main import create_app
from ledger.identity import trace_code
from tests.app.certificates.market import Market, desk, employ_registrar, with_held_key
from tests.app.town import PASSWORD, settle
from tests.app.visiting import visiting
from tests.parts.service import serving


@pytest.fixture(scope="module")
def market() -> Market:
    return Market()


@pytest.fixture(scope="module", autouse=True)  # before the browser, which holds the thread's event loop
def address(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that holds the co-op's key, as a process of its own."""
    town = settle(tmp_path_factory.mktemp("market") / "data", "", world=market.world)
    employ_registrar(town)
    with visiting(create_app(town.settings)) as visitor:
        with_held_key(visitor, market.world, "coop")
    town.engine.dispose()
    with serving(town.settings.data) as (address, _):
        yield address


def sign_in(page: Page, address: str, login: str, leads: str) -> None:
    page.goto(f"{address}/sign-in?next={leads}")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{address}{leads}")


def fits(page: Page) -> None:
    """Nothing sticks out, and nothing is out of reach for who reads it otherwise."""
    assert page.viewport_size
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_from_the_desk_to_the_paper(page: Page, address: str, market: Market) -> None:
    sign_in(page, address, "zhou.min", "/desk")
    assert page.viewport_size
    batch = market.packed if page.viewport_size["width"] < 640 else market.lot
    page.locator(f"a[href='{desk(batch)}']").click()
    fits(page)
    page.get_by_label("联系方式").fill("0718-7654321")
    page.get_by_role("button", name="承诺并签名开具").click()
    link = page.get_by_role("link", name="打印标签 80 × 60 mm")
    assert link.is_visible()
    fits(page)
    # One that was issued is not issued again by a slip of the thumb.
    assert page.get_by_role("button", name="承诺并签名开具").is_hidden()
    page.get_by_text("再开一张").click()
    assert page.get_by_role("button", name="承诺并签名开具").is_visible()
    paper = page.request.get(f"{address}{link.get_attribute('href')}")
    assert "0718-7654321" in pypdfium2.PdfDocument(paper.body())[0].get_textpage().get_text_bounded()
    page.goto(f"{address}/t/{trace_code(batch)}")
    assert page.get_by_role("heading", name="承诺达标合格证", level=2).is_visible()
    assert page.get_by_role("link", name="看合格证（PDF）").count() == 2
    fits(page)


def test_goods_on_hold_say_why(page: Page, address: str, market: Market) -> None:
    sign_in(page, address, "ma.ke", desk(market.stopped))
    assert page.get_by_text("抽检不合格").is_visible()
    assert page.get_by_role("button", name="承诺并签名开具").count() == 0
    fits(page)
