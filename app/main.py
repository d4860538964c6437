"""The service, wired top to bottom: ``create_app(settings)`` is all there is to read."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from app import config, problems, schema, security
from app.accounts import demonstration
from app.accounts import routes as accounts
from app.accounts.people import People
from app.audit import routes as audit
from app.batches import routes as batches
from app.batches.reading import BatchReader
from app.config import Settings
from app.db import connect
from app.desk import routes as desk
from app.errors import NotFound
from app.heads import HeadAsGet
from app.log import open_log
from app.parties import routes as parties
from app.parties.names import Names
from app.public import routes as public
from app.public.shelf import Shelf
from app.statements import reading
from app.statements import routes as statements
from app.statements.service import Capture
from app.web import routes as web
from app.web.pages import Pages


def create_app(settings: Settings, *, synchronous: str = "FULL") -> FastAPI:
    """A service over the log in ``settings.data``. Raises Stopped where it must not start, saying why."""
    engine = connect(settings.url, synchronous=synchronous)
    schema.check(engine)
    log = open_log(settings, engine, synchronous=synchronous)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(log.journal.close)
        engine.dispose()

    app = FastAPI(
        title="耕迹 Gengji",
        summary="农产品溯源总账 · a traceability ledger that anyone can check",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own pages of it take their scripts from elsewhere
        redoc_url=None,
    )
    people = People(engine, log.log_id, settings.session_hours)
    security.install(app, people, log.public_url)
    app.add_middleware(HeadAsGet)
    pages = Pages(log)
    pages.install(app)
    problems.install(app, web.worded(pages, people))
    told = demonstration.place(settings.data, demonstration=log.demonstration)

    batch_reader = BatchReader(engine, log)
    # First, for routes are tried in turn, and no other is asked for as often as the page behind a label.
    app.include_router(public.router(pages, batch_reader, Shelf(engine, log, pages.edition), log))

    reader = reading.Reader(engine, log.log_id)
    app.include_router(statements.router(Capture(engine, log.journal, log.log_id), log.journal, reader))
    app.include_router(batches.router(batch_reader, people))
    app.include_router(parties.router(log))

    app.include_router(accounts.router(people, pages, Names(log.journal.registry), told, log.public_url))
    app.include_router(web.router(pages, people, told))

    app.include_router(audit.router(batch_reader, pages, people, engine, log, settings.data))

    app.include_router(desk.router(batch_reader, pages, people, engine, log))

    @app.get(
        "/log/checkpoint", response_class=PlainTextResponse, tags=["log"], summary="检查点 · the newest checkpoint"
    )
    def checkpoint() -> str:
        note = log.journal.latest()
        if note is None:
            raise NotFound("no-checkpoint")
        return note

    @app.get("/healthz", tags=["operation"], summary="活着 · alive")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def from_environment() -> FastAPI:
    """For servers that start a factory by name: settings from ``GENGJI_DATA`` and what else stands there."""
    return create_app(config.load(Path(os.environ.get("GENGJI_DATA", "var")), os.environ))
