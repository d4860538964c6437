"""Photos where people look: shoppers the public ones, supervisors also what is sealed for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.main import create_app
from ledger.identity import trace_code
from tests.app.attachments.pictures import PDF, named, picture, sha256
from tests.app.town import PASSWORD, Town, settle
from tests.app.visiting import PAGE, Visitor, visiting
from tests.world import county, harvested, planted

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PHOTO, FACE = picture(), picture("PNG", "red")


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[tuple[Town, Visitor]]:
    world = county()
    lot = harvested(world, planted(world))
    files = [named(PHOTO), named(PDF, "application/pdf", "检验报告.pdf")]
    world.state(
        "observe", "farm", {"attachments": files}, [lot], sealed={"portraits": [named(FACE, "image/png", "张三.png")]}
    )
    town = settle(tmp_path / "data", database_url, world=world)
    with visiting(create_app(town.settings)) as visitor:
        yield town, visitor
    town.engine.dispose()


def test_shoppers_see_public_photos_until_they_are_erased(here: tuple[Town, Visitor]) -> None:
    town, visitor = here
    observe = town.world.statements[-1]
    path = f"/t/{trace_code(observe.on[0])}"
    page = visitor.get(path)
    assert f'<img src="/v1/attachments/{sha256(PHOTO)}" alt="田间观察的照片"' in page.text
    assert "检验报告.pdf" in page.text
    assert sha256(FACE) not in page.text
    assert visitor.get(path, {**PAGE, "if-none-match": page.headers["etag"]}).status_code == 304
    assert visitor.sign_in("li.na", PASSWORD).status_code == 303
    token = {"x-csrf-token": visitor.get("/v1/me", {}).json()["csrf"]}
    asked = {"reason": "照片里有孩子", "fields": ["attachments"]}
    assert visitor.ask("POST", f"/v1/statements/{observe.hash}/erase", token, json=asked).status_code == 200
    visitor.cookies.clear()
    after = visitor.get(path, {**PAGE, "if-none-match": page.headers["etag"]})
    assert after.status_code == 200
    assert sha256(PHOTO) not in after.text.partition("自己")[0].partition("一路走来")[2].partition("谁签了名")[0]
    assert "照片或附件已按要求删除" in after.text


def test_supervisors_find_what_is_sealed_for_them(here: tuple[Town, Visitor]) -> None:
    town, visitor = here
    visitor.sign_in("li.na", PASSWORD)
    page = visitor.get(f"/audit/batches/{town.world.statements[-1].on[0]}").text
    assert f'<a href="/v1/attachments/{sha256(FACE)}">张三.png</a>' in page
    assert f'<a href="/v1/attachments/{sha256(PHOTO)}">a.jpg</a>' in page
