"""``/v1/batches/{name}/record.csv`` and ``.json``: HTTP only."""

from fastapi import APIRouter, Request, Response

from app.accounts.people import People
from app.batches.reading import BatchReader
from app.batches.routes import AsOf
from app.dossier.making import as_csv, dossier
from app.errors import NotFound
from app.log import Log
from app.problems import language
from app.wire import PRIVATE, PUBLIC, as_json
from ledger.identity import trace_code


def router(reader: BatchReader, people: People, log: Log) -> APIRouter:
    """The route over one log."""
    routes = APIRouter(tags=["batches"])

    @routes.get("/v1/batches/{name}/record.{form}", summary="批次的全部记录 · a batch's whole record in one file")
    def record(name: str, form: str, request: Request, as_of: AsOf = "") -> Response:
        """CSV for a spreadsheet, in the language asked for, or JSON; each field by its audience."""
        if form not in ("csv", "json"):
            raise NotFound("no-page", path=request.url.path)
        viewer = people.viewer(request)
        chain = reader.find(name)
        whole = dossier(reader, log, chain, viewer, as_of)
        if form == "json":
            answer = as_json(whole, viewer)
        else:
            text = as_csv(whole, reader.names.registry.time_zone, language(request))
            headers = dict(PRIVATE if viewer else PUBLIC)
            answer = Response(text, media_type="text/csv; charset=utf-8", headers=headers)
        answer.headers["Content-Disposition"] = f'attachment; filename="record-{trace_code(chain)}.{form}"'
        return answer

    return routes
