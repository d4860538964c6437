"""Photos on a shopper's page, in a browser."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from ledger.identity import trace_code
from tests.app.attachments.pictures import PDF, content_digest, named, picture
from tests.app.seeding import seed
from tests.parts.service import serving
from tests.world import World, county, harvested, planted

SHOWN, NOT_YET = picture(colour="olive", size=300), picture(colour="blue", size=200)


@pytest.fixture(scope="module")
def world() -> World:
    world = county()
    lot = harvested(world, planted(world))
    files = [named(SHOWN), named(NOT_YET), named(PDF, "application/pdf", "七号地检验报告.pdf")]
    world.state("observe", "farm", {"attachments": files, "growth_stage": "开花"}, [lot])
    return world


@pytest.fixture(scope="module")
def address(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("data")
    seed(data, world)
    with serving(data) as (address, _):
        assert httpx.post(f"{address}/v1/attachments", content=SHOWN, headers=content_digest(SHOWN)).status_code == 201
        yield address


def test_photos_stand_with_the_step_that_they_show(address: str, page: Page, world: World) -> None:
    page.goto(f"{address}/t/{trace_code(world.statements[-1].on[0])}")
    leg = page.locator("li.leg", has_text="田间观察").first
    leg.locator("summary").click()
    photos = leg.locator(".photo img")
    photos.first.scroll_into_view_if_needed()
    assert photos.count() == 2
    page.locator(".photo img").first.evaluate("image => image.decode()")
    widths = photos.evaluate_all("images => images.map(image => image.naturalWidth)")
    assert widths[0] == 300
    assert leg.locator("a", has_text="七号地检验报告.pdf").is_visible()
    assert photos.nth(1).get_attribute("alt") == "田间观察的照片"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
