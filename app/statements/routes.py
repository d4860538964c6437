"""``/v1/statements`` and what is read back of them: HTTP only."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.errors import TooLarge, UnknownType, status_of
from app.journal import Journal
from app.parties.names import Names
from app.problems import Lang, language, problem
from app.recording import Appended, Outcome
from app.statements import reading
from app.statements.answering import appended_json, finding_json
from app.statements.service import Capture
from ledger.errors import LedgerError, Malformed
from ledger.statement import read_presentation

MAX_STATEMENT = 256 * 1024
"""The most bytes that one statement with its disclosures is sent in."""

LINES = 128
"""How many lines of a stream are read, verified and appended together."""


class Answers(StreamingResponse):
    """Answers that go out while the questions still come in: nothing but the questions may read what arrives."""

    media_type = "application/x-ndjson"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.stream_response(send)


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """A statement as JSON carries it."""

    statement: str
    disclosures: list[str] = []


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """An unsigned payload, with the disclosures of what would be sealed."""

    payload: Any
    disclosures: list[str] = []


_number = re.compile("[0-9]{1,16}").fullmatch
_sent = msgspec.json.Decoder(Sent)
_asked = msgspec.json.Decoder(Asked)


def _read(decoder: "msgspec.json.Decoder[Any]", data: bytes) -> Any:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("request", path="", has=str(error)[:120]) from None


def router(capture: Capture, journal: Journal, reader: reading.Reader) -> APIRouter:
    """The routes over one log."""
    routes, names = APIRouter(tags=["statements"]), Names(journal.registry)

    @routes.post("/v1/statements", status_code=201, summary="记录一条或多条已签名的记录 · record signed statements")
    async def record(request: Request) -> Response:
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media == "application/x-ndjson":
            return Answers(_stream(request))
        body = await _body(request)
        if media == "application/jose":
            jws, disclosures = read_presentation(_ascii(body))
        elif media == "application/json":
            sent = _read(_sent, body)
            jws, disclosures = sent.statement, sent.disclosures
        else:
            raise UnknownType("media-type", has=media, wanted="application/jose | application/json")
        (outcome,) = await journal.append([capture.read(jws, disclosures, verify=False)])
        if isinstance(outcome, LedgerError):
            raise outcome
        status, answer = _answer(outcome)
        return Response(orjson.dumps(answer), status, media_type="application/json")

    async def _stream(request: Request) -> AsyncIterator[bytes]:
        lang = language(request)
        try:
            async for lines in _lines(request):
                read = await asyncio.to_thread(_read_lines, lines)
                good = [record for record in read if not isinstance(record, LedgerError)]
                done = iter(await journal.append(good) if good else [])
                outcomes: list[Outcome] = [next(done) if not isinstance(r, LedgerError) else r for r in read]
                yield b"".join(orjson.dumps(_line(outcome, lang)) + b"\n" for outcome in outcomes)
        except LedgerError as error:
            # The answer has begun, so its status can't say it: the last line does, and the stream ends.
            yield orjson.dumps(_line(error, lang)) + b"\n"
        except ClientDisconnect:
            return

    def _read_lines(lines: Iterable[bytes]) -> list[Any]:
        def one(line: bytes) -> Any:
            try:
                if len(line) > MAX_STATEMENT:
                    raise TooLarge("size", path="", has=len(line), wanted=MAX_STATEMENT)
                sent = _read(_sent, line)
                return capture.read(sent.statement, sent.disclosures, verify=True)
            except LedgerError as error:
                return error

        return [one(line) for line in lines]

    def _line(outcome: Outcome, lang: Lang) -> dict[str, Any]:
        if isinstance(outcome, LedgerError):
            return {"status": status_of(outcome), **problem(outcome, lang)}
        status, answer = _answer(outcome)
        return {"status": status, **answer}

    def _answer(outcome: Appended) -> tuple[int, dict[str, Any]]:
        found = reader.findings(outcome.first_index) if outcome.again else outcome.findings
        return 200 if outcome.again else 201, appended_json(outcome, found, names)

    @routes.post("/v1/statements/check", summary="签名前查看问题项 · findings before signing")
    async def check(request: Request) -> Response:
        body = await _body(request)
        asked = _read(_asked, body)
        found = await asyncio.to_thread(capture.findings, asked.payload, asked.disclosures)
        answer = {"findings": [finding_json(finding, names) for finding in found]}
        return Response(orjson.dumps(answer), media_type="application/json")

    @routes.get("/v1/keys/{kid}/statements", summary="一个密钥的签名簿 · a notebook")
    def notebook(kid: str, request: Request) -> dict[str, Any]:
        start = request.query_params.get("from", "0")
        if not _number(start):
            raise Malformed("number", path="from", has=start[:80], wanted="0, 1, …")
        return reader.notebook(kid, int(start))

    return routes


async def _body(request: Request) -> bytes:
    """The whole body, given up on as soon as it is too much."""
    parts = []
    size = 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MAX_STATEMENT:
            raise TooLarge("size", path="", has=size, wanted=MAX_STATEMENT)
    return b"".join(parts)


def _ascii(body: bytes) -> str:
    try:
        return body.decode("ascii").strip()
    except UnicodeDecodeError:
        raise Malformed("jws", path="", wanted="ASCII") from None


async def _lines(request: Request) -> AsyncIterator[list[bytes]]:
    """The lines of the body as they arrive, up to ``LINES`` at a time; a line without end is cut off as too large."""
    rest = b""
    waiting: list[bytes] = []
    async for chunk in request.stream():
        *lines, rest = (rest + chunk).split(b"\n")
        waiting += [line for line in lines if line.strip()]
        if len(rest) > MAX_STATEMENT:
            raise TooLarge("size", path="", has=len(rest), wanted=MAX_STATEMENT)
        while len(waiting) >= LINES:
            yield waiting[:LINES]
            waiting = waiting[LINES:]
    if rest.strip():
        waiting.append(rest)
    if waiting:
        yield waiting
