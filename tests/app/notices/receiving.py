"""Those who are told: a party's own program behind HTTP, and a mail server, each on a free port of this machine."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

ENOUGH = 30.0


@dataclass
class Program:
    """A webhook's receiver: what it got, and what it answers, which is 204 unless a test says otherwise."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event | None = None
    """While it is there and not set, nothing is answered."""

    @property
    def told(self) -> list[dict[str, Any]]:
        return [orjson.loads(body) for _, body in self.got]

    @property
    def events(self) -> list[str]:
        return [one["event"] for one in self.told]


@contextmanager
def program() -> Iterator[Program]:
    """A receiver that listens as long as the block lasts."""
    state = Program()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            state.came.set()
            if state.go_on is not None:
                state.go_on.wait(ENOUGH)
            status, headers = state.answers.pop(0) if state.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}/gengji"
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield state
        finally:
            if state.go_on is not None:
                state.go_on.set()
            server.shutdown()
            serving.join()


@dataclass
class PostOffice:
    """A mail server (RFC 5321, so much of it as a sender needs): the letters that it took, and what it refuses."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    sign_ins: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """Answers to commands instead of its own: ``{"RCPT": "550 nobody"}``."""


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """A mail server that listens as long as the block lasts."""
    office = PostOffice()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline().decode().rstrip("\r\n"):
                verb = line.split(" ")[0].upper().partition(":")[0]
                if verb in office.refuse:
                    self._say(office.refuse[verb])
                elif verb == "EHLO":
                    self._say("250-here\r\n250 AUTH PLAIN")
                elif verb == "AUTH":
                    office.sign_ins.append(line.split(" ")[2])
                    self._say("235 welcome")
                elif verb == "DATA":
                    self._say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    letter = message_from_bytes(b"".join(lines), policy=policy.SMTP)
                    assert isinstance(letter, EmailMessage)
                    office.letters.append(letter)
                    self._say("250 taken")
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        office.port = server.server_address[1]
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield office
        finally:
            server.shutdown()
            serving.join()
