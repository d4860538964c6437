"""What the API answers with: the readers' own frozen records, as JSON."""

from typing import Any

import orjson
from fastapi import Response

from app.viewing import Viewer

PRIVATE = {"Cache-Control": "private, no-store"}
PUBLIC = {"Cache-Control": "no-cache", "Vary": "Cookie"}


def as_json(value: Any, viewer: Viewer | None = None) -> Response:
    """Straight from dataclasses; what somebody may see because of who they are stays out of every cache."""
    return Response(orjson.dumps(value), media_type="application/json", headers=PRIVATE if viewer else PUBLIC)
