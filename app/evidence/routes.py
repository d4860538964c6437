"""``/v1/batches/{code}/bundle``: the file that proves a batch without us."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.accounts.people import People
from app.batches.reading import BatchReader
from app.errors import TooLarge
from app.evidence.making import Bundles
from app.wire import PRIVATE, PUBLIC
from ledger.bundle import MAX_BYTES
from ledger.canonical import MAX_INTEGER
from ledger.identity import trace_code

MOST_SINCE = 16
"""Of how many checkpoints a proof is given at once: each costs as much as ten entries."""


def router(reader: BatchReader, bundles: Bundles, people: People) -> APIRouter:
    """The routes over one log."""
    routes = APIRouter(tags=["evidence"])

    @routes.get("/v1/batches/{name}/bundle", summary="凭证包 · all that is needed to check it off line")
    def bundle(
        name: str,
        request: Request,
        since: Annotated[
            list[Annotated[int, Query(ge=1, le=MAX_INTEGER)]] | None,
            Query(
                max_length=MOST_SINCE,
                description="sizes of checkpoints that the asker remembers, to be given a proof from",
            ),
        ] = None,
    ) -> Response:
        """Canonical JSON; with what is sealed as far as the asker may read it."""
        viewer = people.viewer(request)
        chain = reader.find(name)
        made = bundles.make(chain, since=since or (), viewer=viewer).text().encode()
        if len(made) > MAX_BYTES:
            raise TooLarge("bundle-size", path=trace_code(chain), has=len(made), wanted=MAX_BYTES)
        headers = {"Content-Disposition": f'attachment; filename="{trace_code(chain)}.bundle.json"'}
        return Response(made, media_type="application/json", headers=headers | (PRIVATE if viewer else PUBLIC))

    return routes
