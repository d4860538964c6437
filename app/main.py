"""The service, wired top to bottom: ``create_app(settings)`` is all there is to read."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from app import config, problems, schema, seasons, security
from app.accounts import demonstration
from app.accounts import routes as accounts
from app.accounts.people import People
from app.attachments import routes as attachments
from app.attachments.service import Attachments
from app.attachments.store import Store
from app.audit import routes as audit
from app.batches import routes as batches
from app.batches.reading import BatchReader
from app.certificates import routes as certificates
from app.certificates.service import Certificates
from app.completeness import profile
from app.completeness import routes as completeness
from app.completeness.service import Completer
from app.config import Settings
from app.custody import routes as custody
from app.custody.holding import Custodian
from app.db import opened
from app.desk import routes as desk
from app.dossier import routes as whole_records
from app.erasure import retention
from app.erasure import routes as erasure
from app.erasure.service import Eraser
from app.evidence import routes as evidence
from app.evidence.making import Bundles
from app.handover import routes as handover
from app.handover.service import Handovers
from app.head_as_get import HeadAsGet
from app.heads.making import Daily
from app.heads.reading import Heads
from app.log import open_log
from app.notices import contacts as where
from app.notices import routes as notices
from app.notices.following import Follower
from app.notices.said import Sender
from app.notices.sending import Sending
from app.notices.webhook import Poster
from app.origins import routes as other_logs
from app.origins.service import Origins
from app.parties import routes as parties
from app.parties.names import Names
from app.public import routes as public
from app.public.shelf import Shelf
from app.publishing import routes as publishing
from app.recalls import routes as recalls
from app.recalls.service import Recalls
from app.statements import reading
from app.statements import routes as statements
from app.statements.service import Capture
from app.web import routes as web
from app.web.pages import Pages
from app.witnessing.gathering import watch
from app.worklists import routes as worklists
from app.worklists.service import Worklists


def create_app(settings: Settings, *, synchronous: str = "FULL") -> FastAPI:
    """A service over the log in ``settings.data``. Raises Stopped where it must not start, saying why."""
    ends = ExitStack()
    try:
        return _wire(settings, ends, synchronous)
    except BaseException:
        ends.close()
        raise


def _wire(settings: Settings, ends: ExitStack, synchronous: str) -> FastAPI:
    """What the service opened and began is ended by ``ends``, last things first, when the service ends."""
    engine = ends.enter_context(opened(settings.url, synchronous=synchronous, mapped=True))
    schema.check(engine)
    log = open_log(settings, engine, synchronous=synchronous)
    ends.callback(log.journal.close)
    if (witnessing := watch(engine, log, settings.data, settings.witnesses)) is not None:
        ends.callback(witnessing.close)
    heads = Heads(engine, log.log_id, settings.data)
    store = Store(settings)
    eraser = Eraser(settings, engine, log.log_id, store)
    # What an old backup brought back is gone again before anybody can ask for it.
    eraser.finish()

    sender = Sender(log.origin, log.public_url, log.demonstration, Names(log.journal.registry))
    by_mail = settings.mail is not None
    contacts = where.Contacts(engine, log.log_id, sender, settings.keys / where.KEY, by_mail=by_mail)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        poster = Poster(demonstration=log.demonstration)
        work = [
            asyncio.create_task(one.run())
            for one in (
                Daily(settings, engine, log, heads),
                Follower(engine, log),
                Sending(settings, engine, log.log_id, contacts, poster),
            )
        ]
        yield
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        # Its thread may be reading yet: a connection that comes back to a pool that is gone is closed by nobody.
        await asyncio.get_running_loop().shutdown_default_executor()
        ends.close()

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
    shelf = Shelf(engine, log, pages.edition)
    app.include_router(public.router(pages, batch_reader, shelf, log))

    app.include_router(publishing.router(publishing.PublicLog(engine, log)))

    reader = reading.Reader(engine, log.log_id)
    capture = Capture(engine, log.journal, log.log_id)
    app.include_router(statements.router(capture, log.journal, reader))
    app.include_router(batches.router(batch_reader, people))
    completer = Completer(batch_reader, engine, log, profile.read(settings.data))
    app.include_router(completeness.router(batch_reader, completer))
    app.include_router(whole_records.router(batch_reader, people, log))
    origins = Origins(engine, log, settings.data)
    bundles = Bundles(engine, log, heads, origins)
    app.include_router(evidence.router(batch_reader, bundles, people))
    app.include_router(other_logs.router(origins, shelf.doubt))
    app.include_router(parties.router(log, heads))
    app.include_router(seasons.router(seasons.read(settings.data)))
    app.include_router(attachments.router(Attachments(engine, log.log_id, store), people))
    rules = retention.read(settings.data)
    app.include_router(erasure.router(eraser, batch_reader, people, engine, log, rules, shelf.doubt))
    custodian = Custodian(engine, log, capture, settings.keys / "custody.key")
    custodian.forget_revoked()
    app.include_router(custody.router(custodian, people))
    issuing = Certificates(engine, log, capture)
    app.include_router(certificates.router(issuing, batch_reader, people, custodian, pages))

    app.include_router(accounts.router(people, pages, Names(log.journal.registry), told, log.public_url))
    app.include_router(web.router(pages, people, told))

    handovers = Handovers(engine, log, batch_reader, issuing)
    app.include_router(handover.router(handovers, people, custodian, pages))
    calling = Recalls(engine, log)
    waiting = Worklists(engine, log, calling)
    app.include_router(worklists.router(waiting, people))
    app.include_router(audit.router(batch_reader, pages, people, engine, log, completer, waiting, settings.data))
    app.include_router(desk.router(batch_reader, pages, people, engine, log, completer, rules, calling, waiting))
    app.include_router(notices.router(contacts, people, pages, engine, log))
    app.include_router(recalls.router(calling, batch_reader, people, custodian, pages))

    @app.get("/healthz", tags=["operation"], summary="活着 · alive")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def from_environment() -> FastAPI:
    """For servers that start a factory by name: settings from ``GENGJI_DATA`` and what else stands there."""
    return create_app(config.load(Path(os.environ.get("GENGJI_DATA", "var")), os.environ))
