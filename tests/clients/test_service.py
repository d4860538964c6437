"""Reading from a service that means harm: what it answers has an end, in bytes and in time."""

import zlib
from collections.abc import Iterator

import httpx
import pytest

from clients import service
from clients.errors import Refused, Unreachable
from clients.notebook import Kept
from clients.service import Service
from tests.world import World


class Endless(httpx.SyncByteStream):
    """Counts how often somebody asked for more."""

    def __init__(self, part: bytes) -> None:
        self.part, self.asked = part, 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.asked += 1
            yield self.part


def answering(stream: httpx.SyncByteStream, headers: dict[str, str] | None = None) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(200, headers=headers, stream=stream))


def test_an_answer_without_end_is_given_up() -> None:
    stream = Endless(bytes(1 << 20))
    with Service("http://log.example", answering(stream)) as read, pytest.raises(Unreachable, match="answer"):
        read.read("/log/checkpoint")
    assert stream.asked == (service.MOST >> 20) + 1


def test_so_is_one_that_unpacks_to_more_than_any_has() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packer.compress(bytes(service.MOST)) + packer.compress(b"x") + packer.flush()
    transport = httpx.MockTransport(
        lambda request: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(packed))
    )
    with Service("http://log.example", transport) as read, pytest.raises(Unreachable, match="answer"):
        read.read("/log/statements/0-255")


def test_one_that_trickles_is_given_up() -> None:
    clock = iter(range(0, 10_000, 100))
    stream = Endless(b"x")
    transport = answering(stream)
    with Service("http://log.example", transport, clock=lambda: next(clock)) as read, pytest.raises(Unreachable):
        read.read("/log/checkpoint")
    assert stream.asked == 7


def test_what_was_packed_arrives_unpacked() -> None:
    packed = zlib.compress(b"tile", wbits=31)
    transport = httpx.MockTransport(
        lambda request: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(packed))
    )
    with Service("http://log.example", transport) as read:
        assert read.read("/log/tile/entries/000") == b"tile"


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("status", [201, 500])
def test_an_answer_to_what_is_recorded_has_an_end_too(world: World, count: int, status: int) -> None:
    stream = Endless(b" " * (1 << 20))
    transport = httpx.MockTransport(lambda request: httpx.Response(status, stream=stream))
    batch = [Kept(statement, (), "waiting") for statement in world.statements[:count]]
    with Service("http://log.example", transport) as read, pytest.raises(Unreachable, match="answer"):
        read.record(batch)
    assert stream.asked == (service.MOST >> 20) + 1


def test_a_redirection_is_not_followed_and_said_of_what() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(301, headers={"location": "https://else.example"}))
    with Service("http://log.example", transport) as read, pytest.raises(Refused) as refused:
        read.read("/log/checkpoint")
    assert (refused.value.code, refused.value.params) == ("answer", {"path": "/log/checkpoint", "has": 301})
