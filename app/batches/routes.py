"""``/v1/batches`` and ``/v1/changes``: HTTP only."""

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from app.accounts.people import People
from app.batches.concerns import Concern
from app.batches.events import Event
from app.batches.holdings import Holding
from app.batches.lineage import DEPTH, MAX_DEPTH, Direction, Graph
from app.batches.reading import MOST, PAGE, BatchPage, BatchReader, ChangePage
from app.batches.search import Wanted
from app.batches.views import BatchView
from app.errors import NotFound
from app.wire import PUBLIC, as_json
from labels import drawing
from labels.label import STANDARD, LabelError, Size
from ledger.canonical import MAX_INTEGER
from ledger.errors import Malformed

AsOf = Annotated[str, Query(description="a log index, or a time YYYY-MM-DDTHH:MM:SSZ by which it was recorded")]
Cursor = Annotated[str, Query(description="``next`` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST)]

_MEDIA = {"png": "image/png", "svg": "image/svg+xml"}


def router(reader: BatchReader, people: People) -> APIRouter:
    """The routes over one log. A batch's ``name`` is its trace code, mark or chain id."""
    routes = APIRouter(tags=["batches"])

    @routes.get("/v1/batches", response_model=BatchPage, summary="查找批次 · find batches")
    def batches(
        q: str = "",
        product: str = "",
        lot: str = "",
        party: str = "",
        kind: str = "",
        cursor: Cursor = "",
        limit: Limit = PAGE,
    ) -> Response:
        """Newest first. ``product`` (an id or a GTIN) with ``lot`` is its owner's name for one batch."""
        if product and lot:
            by_gtin = len(product) <= 14 and product.isdigit()
            chain = reader.find_gtin_lot(product, lot) if by_gtin else reader.find_lot(product, lot)
            return as_json(BatchPage([reader.batch(chain)], None))
        return as_json(reader.search(Wanted(q, product, lot, party, kind), cursor, limit))

    @routes.get("/v1/batches/{name}", response_model=BatchView, summary="一个批次 · a batch")
    def batch(name: str, as_of: AsOf = "") -> Response:
        return as_json(reader.batch(reader.find(name), as_of))

    @routes.get("/v1/batches/{name}/events", response_model=list[Event], summary="批次的记录 · what happened to it")
    def events(name: str, request: Request, as_of: AsOf = "") -> Response:
        """Each field by its audience: more for a party that signed, holds or held it, and for supervisors."""
        viewer = people.viewer(request)
        return as_json(reader.events(reader.find(name), viewer, as_of), viewer)

    @routes.get("/v1/batches/{name}/findings", response_model=list[Concern], summary="批次的问题项 · what was found")
    def findings(name: str, as_of: AsOf = "") -> Response:
        """Open and closed, with what closed them; those of an ancestor where they hold this batch too."""
        return as_json(reader.findings(reader.find(name), as_of))

    @routes.get("/v1/batches/{name}/lineage", response_model=Graph, summary="谱系 · what it came from and became")
    def lineage(
        name: str,
        direction: Direction = "both",
        depth: Annotated[int, Query(ge=0, le=MAX_DEPTH)] = DEPTH,
        as_of: AsOf = "",
    ) -> Response:
        return as_json(reader.lineage(reader.find(name), direction, depth, as_of))

    @routes.get("/v1/batches/{name}/holdings", response_model=list[Holding], summary="结存 · where all of it is")
    def holdings(name: str, as_of: AsOf = "") -> Response:
        return as_json(reader.holdings(reader.find(name), as_of))

    @routes.get("/v1/batches/{name}/label.{form}", summary="标签 · its label, PNG or SVG", response_class=Response)
    def label(
        name: str,
        form: str,
        request: Request,
        size: Annotated[str, Query(description="width x height in mm")] = f"{STANDARD.width}x{STANDARD.height}",
        dpi: int = 300,
        text: Annotated[Literal["zh", "en"], Query(description="the language of names and quantity")] = "zh",
    ) -> Response:
        if form not in _MEDIA:
            raise NotFound("no-page", path=request.url.path)
        said = reader.label(reader.find(name), text, str(request.base_url))
        paper = _size(size)
        try:
            drawn = drawing.png(said, paper, dpi) if form == "png" else drawing.svg(said, paper)
        except LabelError as error:
            # What was asked for does not fit on it: the asker's to mend, unlike other failures of drawing.
            raise Malformed(error.code, **error.params) from None
        return Response(drawn, media_type=_MEDIA[form], headers=PUBLIC)

    @routes.get("/v1/changes", response_model=ChangePage, summary="之后发生了什么 · what happened since")
    def changes(
        request: Request,
        after: Annotated[
            int, Query(ge=-1, le=MAX_INTEGER, description="``next`` of the answer before; -1 to begin")
        ] = -1,
        limit: Limit = MOST,
    ) -> Response:
        viewer = people.viewer(request)
        return as_json(reader.changes(after, viewer, limit), viewer)

    return routes


def _size(text: str) -> Size:
    found = re.fullmatch(r"([0-9]{2,3}(?:\.[0-9])?)x([0-9]{2,3}(?:\.[0-9])?)", text)
    if not found:
        raise Malformed("label-size", path="size", has=text[:20], wanted="60x40")
    return Size(float(found[1]), float(found[2]))
