"""Certificates over HTTP: what one would say, those that stand, and their paper. HTTP only."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.accounts.people import People
from app.batches.reading import BatchReader
from app.certificates.drafting import Prepared
from app.certificates.issued import Issued, as_plain
from app.certificates.service import Certificates
from app.custody.holding import Custodian, Unsigned
from app.errors import Conflict
from app.parties.names import Names
from app.problems import language, problem
from app.recording import Finding
from app.statements.answering import finding_json
from app.viewing import Viewer
from app.web.pages import Pages, wants_page
from app.wire import PRIVATE, PUBLIC, as_json, read_json
from labels.certificate import BASES, FORMS
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.statement import Disclosure

Size = Annotated[str, Query(description="a4, or label: 80 × 60 mm")]
Lang = Annotated[Literal["zh", "en"], Query(description="the language of captions and names")]

_TYPED = ("contact", "number", "origin", "product_name")
"""The fields that a person may put right before signing; the others are what the record says."""
_CLOSED = frozenset(("held", "certificate-none"))


MOST = 16 * 1024


class Shown(msgspec.Struct, forbid_unknown_fields=True):
    """Disclosures of a certificate's sealed fields, as its signer keeps them."""

    disclosures: list[str]


_shown = msgspec.json.Decoder(Shown)


def router(
    certificates: Certificates, reader: BatchReader, people: People, custodian: Custodian, pages: Pages
) -> APIRouter:
    """The routes over one log. A batch's ``name`` is its trace code, mark or chain id."""
    routes = APIRouter(tags=["certificates"])

    @routes.get("/v1/batches/{name}/certificate", summary="拟一张合格证 · what a certificate would say")
    def drawn_up(
        name: str,
        request: Request,
        party: Annotated[str, Query(description="whose it would be; the asker's, or whoever made the batch")] = "",
    ) -> Response:
        """Drawn up from the record, ready for ``certify``; 409 ``held`` with its reasons while the batch is on hold."""
        viewer = people.viewer(request)
        chain = reader.find(name)
        ours = viewer.party if viewer and not viewer.staff else certificates.holder(chain)
        ready = certificates.ready(chain, ChainId(party or ours), viewer)
        return as_json(_plain(ready.prepared, ready.findings, certificates.names), viewer)

    @routes.get("/v1/batches/{name}/certificates", summary="批次的合格证 · the certificates of a batch")
    def listed(name: str, request: Request) -> Response:
        """The newest first, each with whether it still holds."""
        viewer = people.viewer(request)
        found = certificates.of_batch(reader.find(name), viewer)
        return as_json({"certificates": [as_plain(one) for one in found]}, viewer)

    @routes.get("/v1/certificates/{statement}.pdf", summary="合格证 PDF · on paper", response_class=Response)
    def paper(statement: str, request: Request, size: Size = "a4", text: Lang = "zh") -> Response:
        """With the contact for those who may read it; 409 ``held`` while the goods are on hold."""
        viewer = people.viewer(request)
        drawn = certificates.drawn(statement, viewer, size, text, str(request.base_url))
        return _pdf(drawn, statement, PRIVATE if viewer else PUBLIC)

    @routes.post("/v1/certificates/{statement}.pdf", summary="带联系方式的合格证 · with the contact, for who has it")
    async def presented(statement: str, request: Request, size: Size = "a4", text: Lang = "zh") -> Response:
        """As above, for programs that hold the certificate's disclosures and no session."""
        wanted = await read_json(request, _shown, MOST)
        shown = [Disclosure(one) for one in wanted.disclosures]
        base = str(request.base_url)
        drawn = await asyncio.to_thread(certificates.drawn, statement, None, size, text, base, shown)
        return _pdf(drawn, statement, PRIVATE)

    @routes.get("/v1/certificates/{statement}", summary="一张合格证 · a certificate")
    def one(statement: str, request: Request) -> Response:
        viewer = people.viewer(request)
        return as_json(as_plain(*certificates.one(statement, viewer)), viewer)

    # --- the party's own page ------------------------------------------------------------------------------------

    def look(request: Request, viewer: Viewer, name: str, wrong: LedgerError | None = None) -> Response:
        """What would be signed, or why it can't be; and what was."""
        chain = reader.find(name)
        prepared = certificates.prepared(chain, viewer.party, viewer)
        issued = [one for one in certificates.of_batch(chain, viewer) if one.party.id == viewer.party]
        findings: Sequence[Finding] = ()
        closed: LedgerError | None = None
        by_hand = False
        try:
            try:
                findings = custodian.check(viewer, Unsigned("certify", None, _checkable(prepared)))
            except Conflict as error:
                if not (by_hand := error.code == "held-none"):
                    raise
                findings = certificates.ready(chain, viewer.party, viewer).findings
        except LedgerError as error:
            closed = error
        said: dict[str, Any] = {
            "batch": prepared.batch,
            "prepared": prepared,
            "findings": [finding_json(one, certificates.names) for one in findings],
            "held": certificates.holding(chain),
            "issued": issued,
            "by_hand": by_hand,
            "closed": problem(closed, language(request)) if closed and closed.code not in _CLOSED else None,
            "nothing": "goods" in prepared.missing,
            "wrong": problem(wrong, language(request)) if wrong else None,
            "bases": BASES,
            "forms": FORMS,
        }
        status = said["wrong"]["status"] if said["wrong"] else 200
        return pages.render(request, "desk/certificate.html", viewer=viewer, status=status, **said)

    @routes.get("/desk/certificates/{name}", include_in_schema=False)
    def preview(name: str, request: Request) -> Response:
        viewer = people.require(request)
        if wants_page(request):
            return look(request, viewer, name)
        ready = certificates.ready(reader.find(name), viewer.party, viewer)
        return as_json(_plain(ready.prepared, ready.findings, certificates.names), viewer)

    @routes.post("/desk/certificates/{name}", include_in_schema=False)
    async def sign(name: str, request: Request) -> Response:
        """The second tap: signed with the key that the service holds for the party."""
        viewer = await asyncio.to_thread(people.require, request)
        sent = await request.form()
        known = frozenset(str(code) for code in sent.getlist("finding"))
        try:
            chain = await asyncio.to_thread(reader.find, name)
            ready = await asyncio.to_thread(certificates.ready, chain, viewer.party, viewer)
            fields = dict(ready.prepared.fields)
            for field in _TYPED:
                if typed := " ".join(str(sent.get(field, "")).split()):
                    fields[field] = typed
                elif field in sent:
                    fields.pop(field, None)
            await custodian.state(viewer, Unsigned("certify", None, fields, known=known))
        except LedgerError as error:
            if not wants_page(request):
                raise
            return await asyncio.to_thread(look, request, viewer, name, error)
        return RedirectResponse(f"/desk/certificates/{quote(name, safe='')}#issued", 303)

    return routes


def _pdf(drawn: bytes, statement: str, headers: Mapping[str, str]) -> Response:
    name = quote(f"承诺达标合格证-{statement[:8]}.pdf")
    said = f"inline; filename=\"certificate-{statement[:8]}.pdf\"; filename*=UTF-8''{name}"
    return Response(drawn, media_type="application/pdf", headers={**headers, "Content-Disposition": said})


def _checkable(prepared: Prepared) -> dict[str, Any]:
    """Its fields with something in the place of what is still missing."""
    if "goods" in prepared.missing:
        raise Conflict("certificate-none", path="goods", has=prepared.batch.chain, wanted=prepared.party.zh)
    return {"origin": "–", **prepared.fields}


def _plain(prepared: Prepared, findings: Sequence[Finding], names: Names) -> dict[str, Any]:
    return {
        "kind": "certify",
        "fields": prepared.fields,
        "missing": prepared.missing,
        "party": prepared.party,
        "batch": {"chain": prepared.batch.chain, "code": prepared.batch.code, "name": prepared.batch.name},
        "findings": [finding_json(one, names) for one in findings],
        "standing": [_named(one) for one in prepared.standing],
    }


def _named(one: Issued) -> dict[str, Any]:
    return {"statement": one.statement, "number": one.number, "issued": one.issued}
