"""``/v1/batches/{name}/completeness`` and the profiles that it knows: HTTP only, the same for everybody."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.batches.reading import BatchReader
from app.batches.routes import AsOf
from app.completeness.judging import Completeness
from app.completeness.service import Completer
from app.wire import as_json
from ledger.identity import ChainId


@dataclass(frozen=True, slots=True)
class CompletenessPage:
    """How complete a batch's record is, by each profile."""

    batch: ChainId
    profiles: list[Completeness]


def router(reader: BatchReader, completer: Completer) -> APIRouter:
    """The routes over one log."""
    routes = APIRouter(tags=["batches"])

    @routes.get(
        "/v1/batches/{name}/completeness",
        response_model=CompletenessPage,
        summary="记录完整度 · which key data elements are there, late or missing",
    )
    def completeness(
        name: str,
        profile: Annotated[str, Query(description="a profile's id; all that are for such goods if none is given")] = "",
        as_of: AsOf = "",
    ) -> Response:
        chain = reader.find(name)
        return as_json(CompletenessPage(chain, completer.of(chain, profile, as_of)))

    @routes.get("/v1/profiles", summary="完整度要求 · the profiles and where they come from")
    def profiles() -> list[dict[str, Any]]:
        return [
            {
                "id": one.id,
                "zh": one.zh,
                "en": one.en,
                "since": one.since.isoformat(),
                "source": one.source,
                "demonstration": one.demonstration,
                "categories": one.categories,
                "foods": one.foods,
            }
            for _, one in sorted(completer.profiles.items())
        ]

    return routes
