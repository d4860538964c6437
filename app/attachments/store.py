"""Where attachments lie: a folder or a bucket, each file by its hash, so that it can be held against its own name.

A name is the SHA-256 in hexadecimal (``ab/abcdef…``): ``sha256sum`` says the same of a file that is as it was.
"""

import asyncio
import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import obstore
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from app.config import Settings
from app.errors import TooLarge, UnknownType
from ledger import b64u
from ledger.errors import Malformed
from ledger.media import HEAD, media_type

CHUNK = 1024 * 1024
_INCOMING = "incoming"


@dataclass(frozen=True, slots=True)
class Found:
    """What the bytes themselves say: their hash, how many they are, and of what type."""

    sha256: str
    size: int
    media_type: str | None


class Store:
    """The attachments of one data folder: under ``attachments/`` there, or at ``attachments_url``.

    Without ``make`` a folder that is not there is left so, and has nothing in it.
    """

    def __init__(self, settings: Settings, *, make: bool = True) -> None:
        self._folder = None if settings.attachments_url else settings.data.absolute() / "attachments"
        self._limit = settings.attachment_size
        self._store: ObjectStore
        if self._folder is None:
            self._store = from_url(settings.attachments_url)
        elif make or self._folder.is_dir():
            self._store = LocalStore(self._folder, automatic_cleanup=True, mkdir=True)
        else:
            self._store = MemoryStore()

    # --- one file --------------------------------------------------------------------------------------------------

    async def put(self, sha256: str, named: Collection[tuple[int, str]], chunks: AsyncIterator[bytes]) -> None:
        """Take in a file that is known beforehand, in one of the sizes and types ``named``; whole, or not at all.

        It is durable when this returns. Raises TooLarge, Malformed ``attachment-bytes`` for other bytes than were
        named, and UnknownType ``attachment-type`` for what its first bytes do not show to be of a type named.
        """
        size = max(size for size, _ in named)
        if size > self._limit:
            raise TooLarge("size", path="", has=size, wanted=self._limit)
        arriving = f"{_INCOMING}/{uuid.uuid4().hex}"
        writer = obstore.open_writer_async(self._store, arriving)
        digest, count, head = hashlib.sha256(), 0, b""
        try:
            async for chunk in chunks:
                count += len(chunk)
                if count > size:
                    raise Malformed("attachment-bytes", path="size", has=count, wanted=size)
                head = (head + chunk)[:HEAD] if len(head) < HEAD else head
                digest.update(chunk)
                await writer.write(chunk)
            if (has := b64u.encode(digest.digest())) != sha256:
                raise Malformed("attachment-bytes", path="sha256", has=has, wanted=sha256)
            if count not in [size for size, _ in named]:
                raise Malformed("attachment-bytes", path="size", has=count, wanted=size)
            if (count, kind := media_type(head)) not in named:
                raise UnknownType("attachment-type", has=kind or "–", wanted=" | ".join(sorted({m for _, m in named})))
            await writer.close()
            await self._store.rename_async(arriving, _name(sha256))
        except BaseException:
            await asyncio.shield(self._give_up(writer, arriving))
            raise
        await asyncio.to_thread(self._settle, sha256)

    async def _give_up(self, writer: "obstore.AsyncWritableFile", arriving: str) -> None:
        if not await writer.closed():
            await writer.close()
        with suppress(FileNotFoundError):
            await self._store.delete_async(arriving)

    def _settle(self, sha256: str) -> None:
        """On the disk, name and all, before anyone is told; a bucket does that by itself."""
        if self._folder is None:
            return
        path = self._folder / _name(sha256)
        for one in (path, path.parent, self._folder):
            _sync(one)

    def has(self, sha256: str) -> bool:
        try:
            self._store.head(_name(sha256))
        except FileNotFoundError:
            return False
        return True

    def look(self, sha256: str) -> Found | None:
        """What lies there by that name, read whole; None where nothing does."""
        try:
            result = self._store.get(_name(sha256))
        except FileNotFoundError:
            return None
        digest, size, head = hashlib.sha256(), 0, b""
        for chunk in result.stream(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            head = (head + bytes(chunk[:HEAD]))[:HEAD] if len(head) < HEAD else head
        return Found(b64u.encode(digest.digest()), size, media_type(head))

    async def stream(self, sha256: str) -> AsyncIterator[bytes]:
        """The bytes, the last of them only once all are known to be right; else it breaks off (OSError)."""
        result = await self._store.get_async(_name(sha256))
        digest, held = hashlib.sha256(), b""
        async for chunk in result.stream(CHUNK):
            digest.update(chunk)
            if held:
                yield held
            held = bytes(chunk)
        if b64u.encode(digest.digest()) != sha256:
            raise OSError(f"{_name(sha256)} changed while it was read")
        yield held

    def delete(self, sha256: str) -> None:
        """Away with it; what is gone already is gone."""
        try:
            self._store.delete(_name(sha256))
        except FileNotFoundError:
            return

    # --- all of them -----------------------------------------------------------------------------------------------

    def names(self) -> Iterator[str]:
        """The hashes of all files here, as b64u."""
        for page in self._store.list():
            for one in page:
                folder, _, name = one["path"].partition("/")
                if folder != _INCOMING:
                    yield b64u.encode(bytes.fromhex(name)) if _is_hash(name) else one["path"]

    def tidy(self, before: datetime) -> None:
        """Drop what began to arrive before that and was never finished."""
        for page in self._store.list(_INCOMING):
            self._store.delete([one["path"] for one in page if one["last_modified"] < before])

    def copy_to(self, sha256: str, path: Path) -> bool:
        """Write the file to ``path``, durable, its bytes held against its name. False where they are not right."""
        try:
            result = self._store.get(_name(sha256))
        except FileNotFoundError:
            return False
        digest = hashlib.sha256()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("wb") as file:
            for chunk in result.stream(CHUNK):
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if right := b64u.encode(digest.digest()) == sha256:
            return right
        path.unlink()
        return False

    def take_from(self, sha256: str, path: Path) -> bool:
        """The other way round."""
        with path.open("rb") as file:
            if b64u.encode(hashlib.file_digest(file, "sha256").digest()) != sha256:
                return False
            file.seek(0)
            self._store.put(_name(sha256), file)
        self._settle(sha256)
        return True


def _name(sha256: str) -> str:
    name = b64u.decode(sha256, 32, path="sha256").hex()
    return f"{name[:2]}/{name}"


def _is_hash(name: str) -> bool:
    return len(name) == 64 and all(digit in "0123456789abcdef" for digit in name)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
