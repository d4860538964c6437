"""The pages as they are seen, on a phone and at a desk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from app.notices.following import now
from tests.app.notices.telling import goods, telling
from tests.app.town import PASSWORD
from tests.parts.service import serving


@pytest.fixture(scope="module", autouse=True)  # before the browser, which holds the thread's event loop
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service in which some were told, some are not yet, and some could not be."""
    with telling(tmp_path_factory.mktemp("county") / "data", "") as county:
        lot = county.lot()
        county.clock.at = now()
        for name in ("coop", "shop", "carrier"):
            county.contact(name, f"https://{name}.example/a/rather/long/path/where/notices/are/taken/in")
        for name in ("coop", "shop"):
            both = {"receiver": county.party(name), "carrier": county.party("carrier")}
            county.state("ship", "farm", {**goods(lot, "1"), **both}, [lot])
        county.follow()
        with county.town.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE outbox SET next_at = next_at + 86400000")
            given_up = "UPDATE outbox SET done = at, next_at = NULL, tries = 6, error = 'status 500' WHERE number = 1"
            connection.exec_driver_sql(given_up)
            connection.exec_driver_sql("UPDATE outbox SET done = at, next_at = NULL, tries = 1 WHERE number IN (0, 2)")
            connection.exec_driver_sql("UPDATE outbox SET tries = 2, error = 'timeout 10 s' WHERE number = 4")
        county.log.journal.close()
        with serving(county.town.settings.data) as (address, _):
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


def test_a_party_keeps_its_contacts(page: Page, address: str, tmp_path: Path) -> None:
    sign_in(page, address, "zhou.min", "/desk/contacts")
    before = page.locator(".row").count()
    page.fill("#address", f"https://erp.example/in/{tmp_path.name}")
    page.click("main form.search button")
    assert page.locator("pre").inner_text().startswith("whsec_")
    page.screenshot(path=tmp_path / "contacts.png", full_page=True)
    fits(page)
    assert page.locator(".row").count() == before + 1
    page.locator(".row").last.get_by_role("button").click()
    page.wait_for_url(f"{address}/desk/contacts")
    assert page.locator(".row").count() == before
    page.fill("#address", "nobody")
    page.click("main form.search button")
    assert page.locator("[role=alert]").is_visible()
    fits(page)


def test_supervisors_see_what_was_told(page: Page, address: str, tmp_path: Path) -> None:
    sign_in(page, address, "li.na", "/audit/notices")
    page.screenshot(path=tmp_path / "notices.png", full_page=True)
    fits(page)
    assert page.locator(".row .chip.bad").count() == 1, "and what was withdrawn is not among it"
    page.goto(f"{address}/audit/notices?lang=en")
    fits(page)
    assert page.get_by_text("the other side answered with an error").is_visible()
