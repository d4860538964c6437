"""A log's public face over a `World`, honest or bent, for monitors to follow."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from clients.monitor.monitor import Monitor
from clients.service import Service as Http
from ledger.identity import ChainId, TraceCode, trace_code
from ledger.replay import Fault
from ledger.tiles import WIDTH, parse_tile_path
from tests.clients.honest import Service
from tests.world import World


class Published(Service):
    """The public log whole: checkpoint, tiles, entry bundles, statements.

    `served` may change any answer's bytes by its path; `lost` paths break the connection.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.served: Callable[[str, bytes], bytes] = lambda path, data: data
        self.lost: Callable[[str], bool] = lambda path: False
        self.partial = True

    def published(self, path: str) -> httpx.Response:
        if self.lost(path):
            raise httpx.ConnectError("nobody there")
        if path.startswith("tile/entries/"):
            answer = self.bundle(path)
        elif path.startswith("statements/"):
            first, last = map(int, path.removeprefix("statements/").split("-"))
            answer = httpx.Response(200, content="".join(self.lines(first, last)).encode())
        else:
            answer = super().published(path)
        if answer.is_success:
            return httpx.Response(200, content=self.served(path, answer.content))
        return answer

    def bundle(self, path: str) -> httpx.Response:
        tile = parse_tile_path(path)
        entries = self.world.entries[tile.index * WIDTH : tile.index * WIDTH + tile.width]
        if len(entries) < tile.width or (tile.width < WIDTH and not self.partial):
            return httpx.Response(404, json={"code": "no-tile", "params": {}})
        texts = [entry.text().encode() for entry in entries]
        return httpx.Response(200, content=b"".join(len(text).to_bytes(2) + text for text in texts))

    def lines(self, first: int, last: int) -> Iterator[str]:
        for statement in self.world.statements:
            if first <= self.world.first[statement.hash] <= last:
                yield f'{{"index":{self.world.first[statement.hash]},"statement":"{statement.jws}"}}\n'


def following(
    folder: Path, service: Published, told: list[Fault], code: Callable[[ChainId], TraceCode] = trace_code
) -> Monitor:
    """A monitor that waits for nothing; `told` gathers what it finds."""
    http = Http("http://log.example", service.transport, sleep=lambda seconds: None)
    return Monitor(folder, service.pin, http, told.append, code)
