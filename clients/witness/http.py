"""HTTP for a witness: few connections, small requests, and for each of them an end.

h11 reads the protocol, as it does in httpx; the standard library's own server warns against use in the open, and a
framework would be more than the witness itself. Put a proxy in front of it for TLS.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import h11

CONNECTIONS = 256
"""How many at once; one more is closed unanswered."""

HEAD_PATIENCE = 5.0
"""How long, in s, a request's head may take from the end of the exchange before: who only connects is soon gone."""

PATIENCE = 30.0
"""How long, in s, the rest of an exchange may take, however slowly somebody speaks or listens."""

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its path without what follows ``?``."""

    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` are said beside content type and length."""

    status: int
    body: bytes = b""
    media: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


class Server:
    """Answers at ``taken``, a socket that listens, with what ``answer`` says, one at a time; bodies up to ``limit``."""

    def __init__(self, taken: socket.socket, answer: Callable[[Asked], Answer], limit: int) -> None:
        self._taken = taken
        self._answer = answer
        self._limit = limit
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(self) -> None:
        """Until it is cancelled."""
        server = await asyncio.start_server(self._connected, sock=self._taken, limit=_CHUNK)
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for writer in self._open.values():
                writer.transport.abort()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= CONNECTIONS:
            writer.close()
            return
        self._open[task] = writer
        connection = h11.Connection(h11.SERVER)
        try:
            again = True
            while again:
                async with asyncio.timeout(HEAD_PATIENCE) as limit:
                    again = await self._exchange(connection, reader, writer, limit)
        except (OSError, TimeoutError):
            pass  # whoever asked is gone, or too slow
        finally:
            del self._open[task]
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _exchange(
        self,
        connection: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limit: asyncio.Timeout,
    ) -> bool:
        """One request and its answer; whether another may follow."""
        method = ""
        try:
            asked = await self._read(connection, reader, writer, limit)
            if asked is None:
                return False
            method = asked.method
            answer = self._answer(asked) if len(asked.body) <= self._limit else Answer(413)
        except h11.RemoteProtocolError as error:
            answer = Answer(error.error_status_hint)
        if connection.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return False
        headers = [("content-type", answer.media), ("content-length", str(len(answer.body))), *answer.headers]
        said = connection.send(h11.Response(status_code=answer.status, headers=headers)) or b""
        if method != "HEAD":
            said += connection.send(h11.Data(data=answer.body)) or b""
        said += connection.send(h11.EndOfMessage()) or b""
        writer.write(said)
        await writer.drain()
        if {connection.our_state, connection.their_state} != {h11.DONE}:
            # Hung up on with something unread, whoever asked would never see the answer.
            writer.write_eof()
            while await reader.read(_CHUNK):
                pass
            return False
        connection.start_next_cycle()
        return True

    async def _read(
        self,
        connection: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limit: asyncio.Timeout,
    ) -> Asked | None:
        """The next request, a body that is too long cut off above the limit; None where there is no other."""
        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                connection.receive_data(await reader.read(_CHUNK))
            elif isinstance(event, h11.Request):
                request = event
                limit.reschedule(asyncio.get_running_loop().time() + PATIENCE)
            elif isinstance(event, h11.Data):
                body += event.data
            elif not isinstance(event, h11.EndOfMessage):
                return None
            if request is not None and (isinstance(event, h11.EndOfMessage) or len(body) > self._limit):
                path = request.target.decode("ascii", "replace").partition("?")[0]
                return Asked(request.method.decode("ascii"), path, bytes(body))
