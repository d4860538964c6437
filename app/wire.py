"""What the API answers with: the readers' own frozen records, as JSON."""

from typing import Any, TypeVar

import msgspec
import orjson
from fastapi import Request, Response

from app.errors import TooLarge
from app.viewing import Viewer
from ledger.errors import Malformed

T = TypeVar("T")

PRIVATE = {"Cache-Control": "private, no-store"}
PUBLIC = {"Cache-Control": "no-cache", "Vary": "Cookie"}


def as_json(value: Any, viewer: Viewer | None = None) -> Response:
    """Straight from dataclasses; what somebody may see because of who they are stays out of every cache."""
    return Response(orjson.dumps(value), media_type="application/json", headers=PRIVATE if viewer else PUBLIC)


async def read_json(request: Request, decoder: "msgspec.json.Decoder[T]", most: int) -> T:
    """What the body says, at most so many bytes of it. Raises TooLarge ``size`` or Malformed ``request``."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise TooLarge("size", path="", has=len(body), wanted=most)
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("request", path="", has=str(error)[:120]) from None
