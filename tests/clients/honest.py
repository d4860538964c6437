"""A service in memory, honest until it is told otherwise: a `World` behind an httpx transport."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

from ledger.errors import LedgerError, Malformed, NotAllowed
from ledger.identity import ChainId, mark, trace_code
from ledger.keys import KeyId
from ledger.policy import Pin, Policy
from ledger.statement import Statement, open_sealed, parse, read_presentation
from ledger.tiles import HEIGHT, WIDTH, parse_tile_path
from tests.bundles import bundle_of
from tests.world import World

Change = Callable[[dict[str, Any]], None]


class Service:
    """`refusing` says no to a statement for a reason of its own; `tamper` changes each good answer on its way out."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.requests: list[httpx.Request] = []
        self.fetched: list[str] = []
        """What was read of the log."""
        self.lose = 0
        """So many answers are lost after the service has done what was asked."""
        self.cut: int | None = None
        """The next stream breaks off after so many lines, all of which were recorded."""
        self.instead: list[httpx.Response] = []
        """Given out before anything is looked at."""
        self.refusing: Callable[[Statement], LedgerError | None] = lambda statement: None
        self.tamper: Change = lambda answer: None
        self.checkpoint: Callable[[World], str] = World.note
        """What is published as the newest checkpoint."""
        self.lineage: dict[str, Any] = {"chain": "", "nodes": [], "edges": []}

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    @property
    def pin(self) -> Pin:
        return Pin(Policy(((self.world.vkey, ""),)), self.world.parties["root"])

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/log/"):
            self.fetched.append(request.url.path)
            return self.published(request.url.path.removeprefix("/log/"))
        self.requests.append(request)
        if self.instead:
            return self.instead.pop(0)
        response = self._route(request)
        if self.lose:
            self.lose -= 1
            raise httpx.ReadError("the answer was lost", request=request)
        return response

    def _route(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if (request.method, path) == ("POST", "/v1/statements"):
            if request.headers["content-type"] == "application/x-ndjson":
                return httpx.Response(200, content=self._stream(request))
            answer = self._capture(*read_presentation(request.content.decode()))
            return httpx.Response(answer.pop("status"), json=answer)
        if (request.method, path) == ("POST", "/v1/statements/check"):
            asked = json.loads(request.content)
            return httpx.Response(200, json={"findings": [{"code": "asked", "params": {"n": asked["payload"]["n"]}}]})
        if path == "/v1/log":
            told = {"origin": self.world.log, "root": self.world.parties["root"], "time_zone": "Asia/Shanghai"}
            return httpx.Response(200, json=told)
        if path.startswith("/v1/parties/"):
            return self._party(ChainId(path.split("/")[3]))
        if path.endswith("/lineage"):
            return httpx.Response(200, json=self.lineage | {"direction": request.url.params["direction"]})
        if path.endswith("/bundle"):
            return self._bundle(path.split("/")[3], map(int, request.url.params.get_list("since")))
        if "/label." in path:
            return httpx.Response(200, content=path.rpartition(".")[2].encode())
        if path.endswith("/erasures"):
            return httpx.Response(200, json={"erasures": [], "next": None})
        if path.startswith("/v1/keys/"):
            return self._notebook(KeyId(path.split("/")[3]), int(request.url.params["from"]))
        if path in ("/v1/products", "/v1/places"):
            return httpx.Response(200, json=self._registered(path.removeprefix("/v1/"), request.url.params))
        return _missing(path)

    def _registered(self, what: str, asked: httpx.QueryParams) -> dict[str, Any]:
        """Products or places by part of what they are called, those of ``party`` if it is asked for."""
        registry = self.world.registry
        rows = registry.products if what == "products" else registry.places
        listed = [
            {**row.body, "id": chain}
            for chain, row in rows.items()
            if asked["q"].casefold() in json.dumps(row.body, ensure_ascii=False).casefold()
            and asked.get("party", row.party) == row.party
        ]
        return {what: listed, "next": None}

    def published(self, path: str) -> httpx.Response:
        """The log as a stranger's mirror reads it: the checkpoint, and hash tiles for every size there was."""
        if path == "checkpoint":
            return httpx.Response(200, text=self.checkpoint(self.world)) if self.world.entries else _missing(path)
        tile = parse_tile_path(path)
        first, height = tile.index * WIDTH, tile.level * HEIGHT
        last = first + tile.width - 1
        if tile.level < 0 or last >= len(self.world.entries) >> height:
            return _missing(path)
        return httpx.Response(200, content=b"".join(self.world.nodes([(height, i) for i in range(first, last + 1)])))

    def _stream(self, request: httpx.Request) -> Iterator[bytes]:
        cut, self.cut = self.cut, None
        for place, line in enumerate(request.content.decode().splitlines()):
            if place == cut:
                raise httpx.ReadError("broken off", request=request)
            sent = json.loads(line)
            yield json.dumps(self._capture(sent["statement"], sent["disclosures"])).encode() + b"\n"

    def _capture(self, jws: str, disclosures: list[str]) -> dict[str, Any]:
        try:
            statement = parse(jws)
            again = statement.hash in self.world.first
            if not again:
                self._admit(statement, disclosures)
        except LedgerError as error:
            status = 409 if error.code in ("notebook", "code-taken") else 403 if isinstance(error, NotAllowed) else 422
            return {"status": status, "code": error.code, "params": error.params, "detail": str(error)}
        answer = {
            "status": 200 if again else 201,
            "created": [
                {"chain": chain, "mark": mark(chain), "trace_code": trace_code(chain)} for chain in statement.created
            ],
            "findings": [],
            "receipt": json.loads(self.world.receipt(statement).text()),
            "statement": statement.hash,
        }
        self.tamper(answer)
        return answer

    def _admit(self, statement: Statement, disclosures: list[str]) -> None:
        own = self.own(statement.kid)
        n, after = len(own), own[-1].hash if own else None
        if (statement.n, statement.after) != (n, after):
            error = NotAllowed("notebook", n=n)
            error.params["after"] = after  # type: ignore[assignment]
            raise error
        if refusal := self.refusing(statement):
            raise refusal
        for chain in statement.on:
            if chain not in self.world.heads:
                raise Malformed("unknown-batch", path="on", has=chain)
        open_sealed(statement, disclosures, complete=True)
        self.world.disclosures[statement.hash] = disclosures
        self.world.clock += 1
        self.world.put(statement)

    def own(self, kid: KeyId) -> list[Statement]:
        return [statement for statement in self.world.statements if statement.kid == kid]

    def _bundle(self, code: str, since: Iterable[int]) -> httpx.Response:
        (chain,) = (one for one in self.world.heads if trace_code(one) == code)
        return httpx.Response(200, text=bundle_of(self.world, chain, since=since).text())

    def _party(self, chain: ChainId) -> httpx.Response:
        found = self.world.registry.parties.get(chain)
        if found is None:
            return httpx.Response(404, json={"code": "no-party", "params": {"has": chain}, "status": 404})
        keys = [
            {"kid": key.public.kid, "revoked": key.revoked}
            for key in self.world.registry.keys.values()
            if key.party == chain
        ]
        return httpx.Response(200, json={"id": chain, "name": found.profile["name"], "keys": keys})

    def _notebook(self, kid: KeyId, start: int) -> httpx.Response:
        # Two at a time, so that a reader has to turn the page.
        page = self.own(kid)[start : start + 2]
        more = start + 2 if len(self.own(kid)) > start + 2 else None
        rows = [{"n": one.n, "statement": one.jws, "index": self.world.first[one.hash]} for one in page]
        return httpx.Response(200, json={"statements": rows, "next": more})


def _missing(path: str) -> httpx.Response:
    return httpx.Response(404, json={"code": "no-code", "params": {"path": path}, "status": 404})


@contextmanager
def listening(service: Service) -> Iterator[str]:
    """The address of the same service, for programs that go through the network."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = httpx.Request(self.command, f"http://x{self.path}", headers=dict(self.headers), content=body)
            response = service(request)
            content = response.read()
            self.send_response(response.status_code)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
