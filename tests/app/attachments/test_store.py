"""The store itself: in a folder, and where a URL says."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.attachments.store import CHUNK, Store
from app.config import Settings
from ledger.errors import LedgerError
from tests.app.attachments.pictures import picture, sha256

BIG = picture("PNG") + os.urandom(3 * CHUNK)


@pytest.fixture(params=["folder", "url"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    (tmp_path / "there").mkdir()
    url = f"file://{tmp_path}/there" if request.param == "url" else ""
    return Store(Settings(data=tmp_path, attachments_url=url))


async def parts(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def put(store: Store, data: bytes, body: bytes | None = None) -> None:
    asyncio.run(store.put(sha256(data), {(len(data), "image/png")}, parts(data if body is None else body)))


def read(store: Store, data: bytes) -> bytes:
    async def whole() -> bytes:
        return b"".join([part async for part in store.stream(sha256(data))])

    return asyncio.run(whole())


@pytest.mark.parametrize("data", [picture("PNG"), BIG], ids=["small", "large"])
def test_what_goes_in_comes_out(store: Store, data: bytes, tmp_path: Path) -> None:
    assert not store.has(sha256(data))
    assert store.look(sha256(data)) is None
    put(store, data)
    found = store.look(sha256(data))
    assert found is not None
    assert (found.sha256, found.size, found.media_type) == (sha256(data), len(data), "image/png")
    assert read(store, data) == data
    assert list(store.names()) == [sha256(data)]
    put(store, data)
    assert list(store.names()) == [sha256(data)]
    assert store.copy_to(sha256(data), tmp_path / "copies" / "one")
    assert (tmp_path / "copies" / "one").read_bytes() == data
    store.delete(sha256(data))
    store.delete(sha256(data))
    assert not store.has(sha256(data))
    assert not store.copy_to(sha256(data), tmp_path / "copies" / "two")
    assert store.take_from(sha256(data), tmp_path / "copies" / "one")
    assert read(store, data) == data
    (tmp_path / "copies" / "one").write_bytes(b"other")
    assert not store.take_from(sha256(data), tmp_path / "copies" / "one")


def test_what_breaks_off_leaves_nothing(store: Store) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield BIG[:CHUNK]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(store.put(sha256(BIG), {(len(BIG), "image/png")}, breaks()))
    with pytest.raises(LedgerError, match="attachment-bytes"):
        put(store, BIG, BIG[:-1])
    assert list(store.names()) == []
    store.tidy(datetime.fromtimestamp(time.time() + 60, UTC))


def test_what_a_crash_left_is_tidied_away(tmp_path: Path) -> None:
    store = Store(Settings(data=tmp_path))
    left = tmp_path / "attachments" / "incoming" / "abc"
    left.parent.mkdir()
    left.write_bytes(b"half")
    store.tidy(datetime.fromtimestamp(time.time() - 60, UTC))
    assert left.exists()
    store.tidy(datetime.fromtimestamp(time.time() + 60, UTC))
    assert not left.exists()
    assert list(store.names()) == []


def test_a_copy_of_a_changed_file_is_not_made(tmp_path: Path) -> None:
    store = Store(Settings(data=tmp_path))
    put(store, BIG)
    path = next(path for path in (tmp_path / "attachments").rglob("*") if path.is_file())
    path.write_bytes(BIG[:-1])
    assert not store.copy_to(sha256(BIG), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
