"""``/v1/origins``: another log's bundle, for an intake here that says where it comes from. HTTP only."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from app.errors import TooLarge
from app.origins.service import Origins
from ledger.bundle import MAX_BYTES


def router(origins: Origins, changed: Callable[[], None]) -> APIRouter:
    """The routes over one log; ``changed`` hears that something is verified now that was not."""
    routes = APIRouter(tags=["evidence"])
    # To verify is work that anyone may ask for: one at a time, and the rest of the service goes on.
    one = asyncio.Lock()

    @routes.post("/v1/origins", summary="来源凭证包 · the bundle of another log that bears out an intake's origin")
    async def bring(
        request: Request, intake: Annotated[str, Query(description="hash of the recorded intake")]
    ) -> Response:
        """The canonical bundle about the batch that was shipped, no older than the head that the intake names."""
        # Before a byte is read: only what a record here names is wanted, of a log that is pinned.
        await asyncio.to_thread(origins.named, intake)
        data = await _read(request)
        async with one:
            new = await asyncio.to_thread(origins.bring, intake, data)
        if new:
            changed()
        return Response(orjson.dumps({"intake": intake}), 201 if new else 200, media_type="application/json")

    return routes


async def _read(request: Request) -> bytes:
    parts, count = [], 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > MAX_BYTES:
            raise TooLarge("size", path="", has=count, wanted=MAX_BYTES)
        parts.append(chunk)
    return b"".join(parts)
