"""``/v1/attachments``: HTTP only."""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.accounts.people import People
from app.attachments.service import Attachments
from app.errors import TooLarge
from ledger import b64u
from ledger.errors import Malformed
from ledger.media import ENDINGS

ASKED = 1000
"""The most hashes that are asked about at once."""

KEPT = "public, max-age=86400, immutable"
"""A day: its bytes never change, but who erased a photo wants it gone from caches too, some day soon."""

_digest = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):").fullmatch
_HEADERS = {
    # Whatever it is, nothing in it runs, and nothing is asked from here in its name.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def router(files: Attachments, people: People) -> APIRouter:
    """The routes over one log."""
    routes = APIRouter(tags=["attachments"])

    @routes.post("/v1/attachments", summary="上传附件 · bring a photo or document that a recorded statement names")
    async def bring(request: Request) -> Response:
        sha256 = _named(request)
        named = await asyncio.to_thread(files.names, sha256)
        there = {"sha256": sha256}
        if await asyncio.to_thread(files.has, sha256):
            await _drop(request, max(size for size, _ in named))
            return _told(there, 200, sha256)
        await files.receive(sha256, named, request.stream())
        await asyncio.to_thread(files.settle, sha256)
        return _told(there, 201, sha256)

    @routes.post("/v1/attachments/check", summary="哪些附件还没有 · which of these are wanted")
    async def check(request: Request) -> Any:
        match await _json(request):
            case {"sha256": [*asked], **more} if not more and len(asked) <= ASKED:
                pass
            case _:
                raise Malformed("request", path="sha256", has="", wanted=f"a list of at most {ASKED}")
        for place, sha256 in enumerate(asked):
            b64u.decode(str(sha256), 32, path=f"sha256[{place}]")
        wanted, here = await asyncio.to_thread(files.sorted, asked)
        return {"wanted": wanted, "here": here}

    @routes.get("/v1/attachments/{sha256}", summary="附件 · a photo or document by its hash")
    def read(sha256: str, request: Request) -> Response:
        viewer = people.viewer(request)
        found, public = files.look(sha256, viewer)
        media = found.media_type or "application/octet-stream"
        shown = "inline" if media.startswith("image/") else "attachment"
        headers = {
            **_HEADERS,
            "Cache-Control": KEPT if public else "private, no-store",
            "Content-Disposition": f'{shown}; filename="{sha256[:8]}.{ENDINGS.get(media, "bin")}"',
            "Content-Length": str(found.size),
            "ETag": f'"{sha256}"',
        }
        if f'"{sha256}"' in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={name: headers[name] for name in ("Cache-Control", "ETag")})
        return StreamingResponse(files.stream(sha256), headers=headers, media_type=media)

    return routes


def _named(request: Request) -> str:
    """The hash by which it comes (RFC 9530 ``Content-Digest``): known before a single byte is read."""
    given = request.headers.get("content-digest", "")
    if (match := _digest(given.strip())) is None:
        raise Malformed("attachment-digest", path="Content-Digest", has=given[:80], wanted="sha-256=:…:")
    try:
        return b64u.encode(base64.b64decode(match[1], validate=True))
    except binascii.Error:
        raise Malformed("attachment-digest", path="Content-Digest", has=given[:80], wanted="sha-256=:…:") from None


async def _drop(request: Request, most: int) -> None:
    """Read past what was sent once more, so that the answer is heard."""
    async for chunk in _limited(request, most):
        del chunk


async def _limited(request: Request, most: int) -> AsyncIterator[bytes]:
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > most:
            raise TooLarge("size", path="", has=count, wanted=most)
        yield chunk


async def _json(request: Request) -> Any:
    parts = [part async for part in _limited(request, 64 * ASKED)]
    try:
        return orjson.loads(b"".join(parts))
    except orjson.JSONDecodeError:
        raise Malformed("request", path="", has="", wanted="JSON") from None


def _told(body: dict[str, str], status: int, sha256: str) -> Response:
    headers = {"Location": f"/v1/attachments/{sha256}"}
    return Response(orjson.dumps(body), status, headers, media_type="application/json")
