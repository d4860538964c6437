"""One witness asked: what it answers has an end."""

import asyncio
import tracemalloc
import zlib

import httpx

from app.witnessing.asking import MAX_ANSWER, look
from tests.world import World


def test_an_answer_is_not_unpacked_before_it_is_measured() -> None:
    """A few kB of it would else become a hundred MB in the service."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packer.compress(bytes(1600 * MAX_ANSWER // 2)) + packer.flush()
    assert len(packed) < 2 * MAX_ANSWER
    accepted = []

    def answer(request: httpx.Request) -> httpx.Response:
        accepted.append(request.headers["accept-encoding"])
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(packed))

    async def ask() -> object:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            return await look(http, "http://witness.example", [World().vkey])

    tracemalloc.start()
    assert asyncio.run(ask()) is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert accepted == ["identity"]
    assert peak < 100 * MAX_ANSWER
