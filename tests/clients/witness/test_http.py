"""HTTP for a witness, spoken to by hand: what is well asked is answered, and all else that is sent has an end."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from clients.witness import http
from clients.witness.http import Answer, Asked, Server

LIMIT = 1000


def echo(asked: Asked) -> Answer:
    return Answer(200, f"{asked.method} {asked.path} {len(asked.body)}".encode(), headers=(("x-said", "yes"),))


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    taken = socket.create_server(("127.0.0.1", 0))
    address = taken.getsockname()
    loop = asyncio.new_event_loop()
    task = loop.create_task(Server(taken, echo, LIMIT).serve())
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.wait([task])))
    thread.start()
    yield address
    loop.call_soon_threadsafe(task.cancel)
    thread.join(10)
    assert not thread.is_alive(), "a connection kept the server from ending"
    loop.close()


def say(server: tuple[str, int], *parts: bytes) -> bytes:
    """All that comes back until the server hangs up."""
    with socket.create_connection(server, 10) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while more := connection.recv(65536):
            said += more
        return said


def statuses(said: bytes) -> list[int]:
    return [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]


def test_a_request_is_answered(server: tuple[str, int]) -> None:
    said = say(server, b"GET /path?query HTTP/1.1\r\nhost: x\r\n\r\n")
    assert statuses(said) == [200]
    assert said.endswith(b"GET /path 0")
    assert b"x-said: yes" in said.lower()


def test_a_connection_takes_many_one_after_another_and_at_once(server: tuple[str, int]) -> None:
    one = b"POST /p HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc"
    assert statuses(say(server, one * 3)) == [200] * 3
    # In the smallest pieces that there are.
    assert statuses(say(server, *(bytes([byte]) for byte in one * 2))) == [200] * 2


def test_a_head_has_no_body(server: tuple[str, int]) -> None:
    said = say(server, b"HEAD /p HTTP/1.1\r\nhost: x\r\n\r\nGET /q HTTP/1.1\r\nhost: x\r\n\r\n")
    assert statuses(said) == [200, 200]
    assert b"HEAD /p 0" not in said
    assert said.endswith(b"GET /q 0")


def test_chunks_are_put_together(server: tuple[str, int]) -> None:
    head = b"POST /p HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    assert say(server, head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").endswith(b"POST /p 5")


def test_who_waits_for_leave_gets_it(server: tuple[str, int]) -> None:
    head = b"POST /p HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n"
    with socket.create_connection(server, 10) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        connection.sendall(b"abc")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /p HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n" + b"a" * 1001,
        b"POST /p HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        + b"64\r\n"
        + (b"a" * 100 + b"\r\n64\r\n") * 20,
    ],
)
def test_a_body_that_is_too_long_ends_there(server: tuple[str, int], sent: bytes) -> None:
    assert statuses(say(server, sent)) == [413]


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"hello\r\n\r\n", [400]),
        (b"GET / HTTP/1.1\r\n\r\n", [400]),  # no host
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc", [400]),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\nabc", [501]),
        (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 20_000, [431]),
        (b"GET /" + b"a" * 200_000, [431]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", []),
        (b"", []),
    ],
)
def test_what_is_no_request_ends_the_connection(server: tuple[str, int], sent: bytes, answered: list[int]) -> None:
    assert statuses(say(server, sent))[: len(answered)] == answered
    assert statuses(say(server, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")) == [200]


def test_half_a_request_is_not_answered_as_one(server: tuple[str, int]) -> None:
    assert statuses(say(server, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab")) in ([], [400])


@pytest.mark.parametrize(
    ("patience", "said"),
    [
        ("HEAD_PATIENCE", b""),
        ("HEAD_PATIENCE", b"POST / HTTP/1.1\r\n"),
        ("PATIENCE", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab"),
    ],
)
def test_who_says_nothing_more_is_not_waited_for(
    server: tuple[str, int], monkeypatch: pytest.MonkeyPatch, patience: str, said: bytes
) -> None:
    monkeypatch.setattr(http, patience, 0.05)
    with socket.create_connection(server, 4) as connection:
        connection.sendall(said)
        assert connection.recv(1) == b""


def test_more_connections_than_there_is_room_for(server: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CONNECTIONS", 2)
    request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
    with socket.create_connection(server, 10) as one, socket.create_connection(server, 10) as two:
        for connection in (one, two):
            connection.sendall(request)
            assert connection.recv(65536)
        assert say(server) == b""
        one.sendall(request)
        assert one.recv(65536).startswith(b"HTTP/1.1 200")
