"""``/log/…``: the log as anyone may follow it with plain GETs (c2sp.org/tlog-tiles), and its statements' public form.

Shown is what the lock holds and nothing beyond it. What lies below never changes: it may be kept for ever, by caches on
the way as by this one.
"""

import asyncio
import re
import zlib
from collections import OrderedDict
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from sqlalchemy import Engine

from app import stored
from app.errors import NotFound
from app.log import Log
from app.publishing.reading import exists, read_statements, read_tile
from app.witnessing.notes import published
from ledger.canonical import MAX_INTEGER
from ledger.errors import Malformed
from ledger.tiles import ENTRIES, WIDTH, parse_tile_path

KEPT = 16 << 20
"""How many bytes of full tiles are kept in memory."""

AT_ONCE = 4096
"""Statements of how many entries are given in one answer."""

PAGE = 256
"""Of how many entries they are read at a time: between two pages a slow reader holds no connection."""

IMMUTABLE = {"cache-control": "public, max-age=31536000, immutable"}
CHANGING = {"cache-control": "no-cache"}

_range = re.compile("(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})").fullmatch


class PublicLog:
    """The log as it may be shown now."""

    def __init__(self, engine: Engine, log: Log) -> None:
        self._engine = engine
        self._log = log
        # By path; longest unused first. Only the event loop touches it.
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._room = KEPT

    def checkpoint(self) -> str:
        """The newest note that the log's own policy is content with. Raises NotFound ``no-checkpoint``."""
        with self._engine.connect() as connection:
            note = published(connection, self._log.log_id, self._log.pin.policy, self._log.journal.latest())
        if note is None:
            raise NotFound("no-checkpoint")
        return note

    def pin(self) -> str:
        """What a verifier has to have beforehand; whoever takes it from here, and only here, believes the service."""
        return self._log.pin.text()

    def size(self) -> int:
        """How many entries the lock's checkpoint has."""
        note = self._log.journal.latest()
        return stored.read_note(note).size if note else 0

    def kept(self, path: str) -> bytes | None:
        """A full tile that was asked for before."""
        data = self._kept.get(path)
        if data is not None:
            self._kept.move_to_end(path)
        return data

    async def tile(self, path: str) -> bytes:
        """The tile of this path, ``tile/…``; entry bundles are compressed. Raises NotFound ``no-tile``."""
        data, full = await asyncio.to_thread(self._read, path)
        if full and path not in self._kept:
            self._kept[path] = data
            self._room -= len(data)
            while self._room < 0:
                _, gone = self._kept.popitem(last=False)
                self._room += len(gone)
        return data

    def _read(self, path: str) -> tuple[bytes, bool]:
        try:
            tile = parse_tile_path(path)
        except Malformed:
            raise NotFound("no-tile", path=path[:80]) from None
        if not exists(tile, self.size()):
            raise NotFound("no-tile", path=path)
        with self._engine.connect() as connection:
            data = read_tile(connection, self._log.log_id, tile)
        return (_gzip(data) if tile.level == ENTRIES else data), tile.width == WIDTH

    def statements(self, first: int, last: int) -> Iterator[bytes]:
        """The lines of ``[first, last]``, some at a time."""
        for start in range(first, last + 1, PAGE):
            with self._engine.connect() as connection:
                end = min(start + PAGE - 1, last)
                lines = b"".join(read_statements(connection, self._log.log_id, start, end))
            yield lines


def router(log: PublicLog) -> APIRouter:
    """The routes over one log."""
    routes = APIRouter(tags=["log"])

    @routes.get("/log/checkpoint", response_class=PlainTextResponse, summary="检查点 · the newest checkpoint")
    def checkpoint() -> Response:
        return PlainTextResponse(log.checkpoint(), headers=CHANGING)

    @routes.get("/log/policy.json", summary="公开钉 · the pin, to be compared with one from elsewhere")
    def pin() -> Response:
        return Response(log.pin(), media_type="application/json", headers=CHANGING)

    @routes.get("/log/tile/{path:path}", summary="总账分块 · tiles and entry bundles (c2sp.org/tlog-tiles)")
    async def tile(path: str, request: Request) -> Response:
        name = f"tile/{path}"
        data = log.kept(name)
        if data is None:
            data = await log.tile(name)
        if not path.startswith("entries/"):
            return Response(data, media_type="application/octet-stream", headers=IMMUTABLE)
        headers = {**IMMUTABLE, "vary": "Accept-Encoding"}
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            headers["content-encoding"] = "gzip"
        else:
            data = zlib.decompress(data, zlib.MAX_WBITS | 16)
        return Response(data, media_type="application/octet-stream", headers=headers)

    @routes.get("/log/statements/{first}-{last}", summary="公开形式的记录 · statements, public form, by index")
    def statements(first: str, last: str) -> Response:
        found = _range(f"{first}-{last}")
        start, end = (int(found[1]), int(found[2])) if found else (1, 0)
        if not start <= end <= MAX_INTEGER or end - start >= AT_ONCE:
            raise Malformed("range", path="first-last", has=f"{first}-{last}"[:80], wanted=f"at most {AT_ONCE}")
        if end >= (size := log.size()):
            raise NotFound("beyond-log", path="last", has=end, wanted=size)
        return StreamingResponse(log.statements(start, end), media_type="application/x-ndjson", headers=IMMUTABLE)

    return routes


def _gzip(data: bytes) -> bytes:
    """Compressed for HTTP, and the same each time: no name, no time."""
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer.compress(data) + packer.flush()


def _takes_gzip(accepted: str) -> bool:
    """Whether gzip is named, and not with the weight 0 (RFC 9110 §12.5.3)."""
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
