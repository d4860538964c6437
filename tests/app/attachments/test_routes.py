"""Attachments over HTTP: what is taken, who may see it, and what happens to a file that somebody changed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.attachments.store import Store
from app.config import Settings
from app.main import create_app
from tests.app.attachments.pictures import PDF, content_digest, named, picture, sha256
from tests.app.town import PASSWORD, Town, settle
from tests.app.visiting import Visitor, visiting
from tests.world import county, harvested, planted

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PHOTO, SCAN, FACE = picture(), PDF, picture("PNG", "red")
NOT_YET = picture("WEBP", "blue")


class Here:
    def __init__(self, town: Town, visitor: Visitor) -> None:
        self.town, self.visitor = town, visitor
        self.folder = town.settings.data / "attachments"

    def bring(self, data: bytes, headers: dict[str, str] | None = None, body: Any = None) -> httpx.Response:
        sent = content_digest(data) if headers is None else headers
        return self.visitor.ask("POST", "/v1/attachments", sent, content=data if body is None else body)

    def get(self, data: bytes) -> httpx.Response:
        return self.visitor.get(f"/v1/attachments/{sha256(data)}", {})

    def sign_in(self, login: str) -> dict[str, str]:
        assert self.visitor.sign_in(login, PASSWORD).status_code == 303
        return {"x-csrf-token": self.visitor.get("/v1/me", {}).json()["csrf"]}

    def path(self, data: bytes) -> Path:
        return next(path for path in self.folder.rglob("*") if path.is_file() and path.read_bytes() == data)

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[Here]:
    world = county()
    lot = harvested(world, planted(world))
    world.state(
        "observe",
        "farm",
        {"attachments": [named(PHOTO), named(NOT_YET, "image/webp")]},
        [lot],
        sealed={"papers": [named(SCAN, "application/pdf")], "portraits": [named(FACE, "image/png", "张三.png")]},
    )
    lying = {**named(b"a" * 100, "image/png")}
    world.state("observe", "farm", {"attachments": [lying, named(PHOTO[:50])]}, [lot])
    town = settle(tmp_path / "data", database_url, world=world)
    with visiting(create_app(town.settings)) as visitor:
        yield Here(town, visitor)
    town.engine.dispose()


def test_a_photo_comes_and_is_there_for_everybody(here: Here) -> None:
    asked = {"sha256": [sha256(PHOTO), sha256(b"unknown")]}
    assert here.visitor.ask("POST", "/v1/attachments/check", {}, json=asked).json() == {
        "wanted": [sha256(PHOTO)],
        "here": [],
    }
    assert here.get(PHOTO).json()["code"] == "attachment-missing"
    assert (here.bring(PHOTO).status_code, here.bring(PHOTO).status_code) == (201, 200)
    assert here.bring(PHOTO).json() == {"sha256": sha256(PHOTO)}
    assert here.visitor.ask("POST", "/v1/attachments/check", {}, json=asked).json() == {
        "wanted": [],
        "here": [sha256(PHOTO)],
    }
    got = here.get(PHOTO)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, PHOTO, "image/jpeg")
    assert got.headers["cache-control"] == "public, max-age=86400, immutable"
    assert got.headers["content-disposition"] == f'inline; filename="{sha256(PHOTO)[:8]}.jpg"'
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["x-content-type-options"] == "nosniff"
    same = here.visitor.get(f"/v1/attachments/{sha256(PHOTO)}", {"if-none-match": got.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert here.visitor.ask("HEAD", f"/v1/attachments/{sha256(PHOTO)}", {}).status_code == 200


def test_what_no_record_names_is_not_even_read(here: Here) -> None:
    async def endless() -> AsyncIterator[bytes]:
        raise AssertionError("nobody reads this")
        yield b""

    stranger = picture(colour="black")
    refused = here.bring(stranger, body=endless())
    assert (refused.status_code, refused.json()["code"]) == (404, "attachment-unnamed")
    assert here.files() == []


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (PHOTO[:-1], 422, "attachment-bytes"),
        (PHOTO + b"!", 422, "attachment-bytes"),
        (PHOTO[:-1] + b"!", 422, "attachment-bytes"),
        (b"", 422, "attachment-bytes"),
    ],
)
def test_other_bytes_than_were_named_leave_nothing_behind(here: Here, sent: bytes, status: int, code: str) -> None:
    refused = here.bring(PHOTO, body=sent)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert here.files() == []
    assert here.bring(PHOTO).status_code == 201


def test_the_bytes_say_what_a_file_is(here: Here) -> None:
    text, short = b"a" * 100, PHOTO[:50]
    refused = here.bring(text)
    assert (refused.status_code, refused.json()["code"], refused.json()["params"]["has"]) == (
        415,
        "attachment-type",
        "–",
    )
    assert here.bring(short).status_code == 201, "a type is told by the beginning; what follows is not ours to judge"
    assert len(here.files()) == 1


@pytest.mark.parametrize("digest", ["", "sha-256=abc", "sha-256=:abc:", "md5=:abc:", f"sha-256=:{'A' * 42}B=:x"])
def test_a_file_comes_by_its_digest(here: Here, digest: str) -> None:
    refused = here.bring(PHOTO, {"content-digest": digest})
    assert (refused.status_code, refused.json()["code"]) == (422, "attachment-digest")


def test_too_large(tmp_path: Path, database_url: str) -> None:
    world = county()
    lot = harvested(world, planted(world))
    world.state("observe", "farm", {"attachments": [named(PHOTO)]}, [lot])
    town = settle(tmp_path / "data", database_url, world=world)
    small = Settings(data=town.settings.data, database_url=database_url, attachment_size=len(PHOTO) - 1)
    with visiting(create_app(small)) as visitor:
        refused = visitor.ask("POST", "/v1/attachments", content_digest(PHOTO), content=PHOTO)
        assert (refused.status_code, refused.json()["code"]) == (413, "size")
    town.engine.dispose()


def test_bad_questions(here: Here) -> None:
    def ask(body: bytes) -> int:
        return here.visitor.ask("POST", "/v1/attachments/check", {}, content=body).status_code

    assert [ask(body) for body in (b"", b"[]", b'{"sha256":1}', b'{"sha256":["x"]}', b'{"sha256":[1],"more":1}')] == [
        422
    ] * 5
    assert ask(b" " * 100_000) == 413
    assert here.visitor.get("/v1/attachments/x", {}).status_code == 422


@pytest.mark.parametrize(
    ("data", "login", "status"),
    [
        (SCAN, None, 401), (SCAN, "ma.ke", 200), (SCAN, "li.na", 200), (SCAN, "zhou.min", 403),
        (FACE, None, 401), (FACE, "ma.ke", 200), (FACE, "li.na", 200), (FACE, "zhou.min", 403),
        (PHOTO, None, 200), (PHOTO, "zhou.min", 200),
    ],
)  # fmt: skip
def test_who_may_read_is_said_by_the_field(here: Here, data: bytes, login: str | None, status: int) -> None:
    assert here.bring(data).status_code == 201
    if login:
        here.sign_in(login)
    got = here.get(data)
    assert got.status_code == status
    assert (got.content == data) == (status == 200)
    if status == 200 and data != PHOTO:
        assert got.headers["cache-control"] == "private, no-store"
    if data == SCAN and status == 200:
        assert got.headers["content-disposition"].startswith("attachment")


def test_a_changed_file_is_never_served_as_good(here: Here) -> None:
    here.bring(PHOTO)
    here.path(PHOTO).write_bytes(PHOTO[:-1] + b"!")
    got = here.get(PHOTO)
    assert (got.status_code, got.json()["code"]) == (500, "attachment-changed")
    assert got.headers["content-type"] == "application/problem+json"


def test_a_file_that_changes_while_it_is_read_is_broken_off(here: Here) -> None:
    here.bring(PHOTO)
    store = Store(here.town.settings)
    here.path(PHOTO).write_bytes(PHOTO[:-1] + b"!")

    async def read() -> list[bytes]:
        return [chunk async for chunk in store.stream(sha256(PHOTO))]

    with pytest.raises(OSError, match="changed"):
        asyncio.run(read())


def test_erasing_takes_the_file_and_keeps_it_away(here: Here) -> None:
    here.bring(FACE)
    here.bring(PHOTO)
    statement = next(one for one in here.town.world.statements if one.kind == "observe")
    headers = here.sign_in("li.na")
    path = f"/v1/statements/{statement.hash}/erase"
    done = here.visitor.ask("POST", path, headers, json={"reason": "本人要求", "fields": ["portraits"]})
    assert (done.json()["erased"], done.json()["files"]) == (["portraits"], 1)
    assert here.get(FACE).json()["code"] == "attachment-unnamed"
    assert here.bring(FACE).json()["code"] == "attachment-unnamed"
    assert [path.read_bytes() for path in here.files()] == [PHOTO]
    done = here.visitor.ask("POST", path, headers, json={"reason": "照片里有孩子", "fields": ["attachments"]})
    assert done.json()["files"] == 2
    gone = here.get(PHOTO)
    assert (gone.status_code, gone.json()["code"]) == (410, "attachment-erased")
    assert (here.bring(PHOTO).status_code, here.files()) == (410, [])
