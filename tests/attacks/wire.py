"""The network between people and a service: it can be bent, and led to another service, without anybody noticing."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from app.config import Settings
from app.main import create_app
from clients.service import Service
from ledger import b64u
from ledger.canonical import Json
from ledger.statement import Statement
from tests.app.visiting import Visitor, visiting
from tests.world import World


@dataclass
class Wire:
    """Whoever holds an end of it asks the service that it leads to now.

    `swallow` takes requests of these methods away, `bend` may change an answer on its way.
    """

    bend: Callable[[str, bytes], bytes] = lambda path, data: data
    swallow: Collection[str] = ()
    _ends: list[Visitor] = field(default_factory=list)

    @contextmanager
    def to(self, data: Path) -> Iterator[Visitor]:
        """Leads to a service over this folder, which starts now and ends with the block."""
        with visiting(create_app(Settings(data=data))) as visitor:
            self._ends.append(visitor)
            try:
                yield visitor
            finally:
                self._ends.pop()

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._pass)

    @property
    def service(self) -> Service:
        """As monitors and devices reach it."""
        return Service("https://county.example", self.transport, sleep=lambda seconds: None)

    def _pass(self, request: httpx.Request) -> httpx.Response:
        if request.method in self.swallow:
            raise httpx.ReadTimeout("no answer", request=request)
        headers = {name: request.headers[name] for name in ("accept", "content-type") if name in request.headers}
        path = request.url.raw_path.decode()
        answer = self._ends[-1].ask(request.method, path, headers, content=request.read())
        given = {"content-type": answer.headers.get("content-type", "")}
        return httpx.Response(answer.status_code, headers=given, content=self.bend(path, answer.content))


def send(visitor: Visitor, world: World, statement: Statement) -> httpx.Response:
    """A statement with all that is sealed in it, as its signer sends it."""
    text = world.presentation(statement)
    return visitor.ask("POST", "/v1/statements", {"content-type": "application/jose"}, content=text)


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    problem: Mapping[str, Any] = answer.json()
    return answer.status_code, problem["code"]


def attached(data: bytes) -> dict[str, Json]:
    """How a statement names a file."""
    digest = b64u.encode(sha256(data).digest())
    return {"media_type": "application/pdf", "name": "report.pdf", "sha256": digest, "size": len(data)}
