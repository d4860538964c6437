"""``/v1/held/…``: keys that the service holds, made for registrars, used by the people of their parties. HTTP only."""

import asyncio
from typing import Any

import msgspec
import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.accounts.people import People
from app.custody.holding import Custodian, Unsigned
from app.statements.answering import appended_json, finding_json
from app.wire import PRIVATE, read_json
from ledger.identity import ChainId

MOST = 64 * 1024


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """For which party a key is to be made; none for one yet to be registered."""

    party: str | None = None


class Draft(msgspec.Struct, forbid_unknown_fields=True, rename={"for_": "for"}):
    """What is to be stated, all fields in the clear; ``findings`` are the codes of those that its author has seen."""

    kind: str
    fields: dict[str, Any]
    at: str | None = None
    on: list[str] = []
    for_: str | None = None
    findings: list[str] = []

    def unsigned(self) -> Unsigned:
        return Unsigned(
            self.kind,
            self.at,
            self.fields,
            tuple(map(ChainId, self.on)),
            ChainId(self.for_) if self.for_ is not None else None,
            frozenset(self.findings),
        )


_wanted = msgspec.json.Decoder(Wanted)
_draft = msgspec.json.Decoder(Draft)


def router(custodian: Custodian, people: People) -> APIRouter:
    """The routes over one log."""
    routes = APIRouter(prefix="/v1/held", tags=["held keys"])

    @routes.post("/keys", status_code=201, summary="由服务代管的新密钥 · a new key that the service holds")
    async def make(request: Request) -> Response:
        viewer = await asyncio.to_thread(people.require, request)
        wanted = await read_json(request, _wanted, MOST)
        party = ChainId(wanted.party) if wanted.party is not None else None
        offer = await asyncio.to_thread(custodian.make, viewer, party)
        return Response(orjson.dumps(offer), 201, PRIVATE, "application/json")

    @routes.post("/statements/check", summary="代签前查看问题项 · findings before the service signs")
    async def check(request: Request) -> Response:
        viewer = await asyncio.to_thread(people.require, request)
        draft = await read_json(request, _draft, MOST)
        found = await asyncio.to_thread(custodian.check, viewer, draft.unsigned())
        answer = {"findings": [finding_json(finding, custodian.names) for finding in found]}
        return Response(orjson.dumps(answer), headers=PRIVATE, media_type="application/json")

    @routes.post("/statements", status_code=201, summary="由服务代签并记录 · signed by the service, and recorded")
    async def state(request: Request) -> Response:
        viewer = await asyncio.to_thread(people.require, request)
        draft = await read_json(request, _draft, MOST)
        outcome = await custodian.state(viewer, draft.unsigned())
        answer = appended_json(outcome, outcome.findings, custodian.names)
        return Response(orjson.dumps(answer), 201, PRIVATE, "application/json")

    return routes
