"""The service, as a program reaches it over HTTP: asks again when it has to, and takes nothing for proven."""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from clients.answers import Answer
from clients.errors import Unreachable
from clients.notebook import Kept
from ledger.statement import present
from ledger.wordings import Lang

TRIES = 8
TRIES_OF_NOBODY = 3
"""Enough where nothing listens and nothing ever has: that is no service being started again."""
LONGEST_WAIT = 120.0
MOST = 32 << 20
"""The most bytes that an answer makes sense with: a bundle may have 16 MiB, the statements of 256 entries 17."""
LONGEST_ANSWER = 600.0
"""How long, in s, one answer may take, however it trickles."""


class Service:
    """The service at ``url``. ``clock`` gives seconds since 1970, ``sleep`` waits so many."""

    def __init__(
        self,
        url: str,
        transport: httpx.BaseTransport | None = None,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        lang: Lang = "zh",
    ) -> None:
        self.url = url
        self._clock, self._sleep = clock, sleep
        self._answered_once = False
        self._http = httpx.Client(
            base_url=url,
            transport=transport,
            headers={"accept-language": lang},
            timeout=httpx.Timeout(60, connect=10),
        )

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- reading -------------------------------------------------------------------------------------------------

    def batch(self, code: str) -> dict[str, Any]:
        """A batch by its trace code, mark or chain id, as the service shows it: not proven, a bundle is."""
        return self.get(f"/v1/batches/{quote(code, safe='')}")

    def trace(self, code: str, direction: str = "back") -> dict[str, Any]:
        """The lineage of a batch: ``back`` to what it was made of, ``forward`` to what became of it, or ``both``."""
        return self.get(f"/v1/batches/{quote(code, safe='')}/lineage", {"direction": direction})

    def completeness(self, code: str) -> dict[str, Any]:
        """How complete a batch's record is, by the profiles that are for such goods."""
        return self.get(f"/v1/batches/{quote(code, safe='')}/completeness")

    def label(self, code: str, format: str = "png") -> bytes:  # noqa: A002 - the word for it on every label
        """The label of a batch, drawn by the service."""
        return self._ask("GET", f"/v1/batches/{quote(code, safe='')}/label.{quote(format, safe='')}").content

    def certificate(self, statement: str, size: str, text: str, disclosures: Sequence[str] = ()) -> bytes:
        """A certificate as PDF, drawn by the service; with its contact for who shows the disclosure of that."""
        path, params = f"/v1/certificates/{quote(statement, safe='')}.pdf", {"size": size, "text": text}
        if not disclosures:
            return self._ask("GET", path, params=params).content
        shown = orjson.dumps({"disclosures": disclosures})
        return self._ask("POST", path, shown, {"content-type": "application/json"}, params).content

    def bundle(self, code: str, since: Sequence[int] = ()) -> bytes:
        """The bundle of a batch, which shows that checkpoints of the sizes ``since`` are continued: to be verified."""
        path = f"/v1/batches/{quote(code, safe='')}/bundle"
        return self._ask("GET", path, params={"since": [*map(str, since)]}).content

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at ``path``. Raises Refused or Unreachable."""
        return self._object(self._ask("GET", path, params=params))

    def read(self, path: str) -> bytes:
        """What stands at ``path``, whatever it is. Raises Refused or Unreachable."""
        return self._ask("GET", path).content

    def erasures(self, kid: str, after: int) -> dict[str, Any]:
        """What was erased of a key's statements behind the erasure of that number."""
        return self.get(f"/v1/keys/{quote(kid, safe='')}/erasures", {"after": str(after)})

    # --- writing -------------------------------------------------------------------------------------------------

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that answers another. Raises Refused or Unreachable."""
        return self._object(self._ask("POST", path, orjson.dumps(body), {"content-type": "application/json"}))

    def attachments(self, hashes: Sequence[str]) -> dict[str, list[str]]:
        """Which of these files the service knows of and lacks (``wanted``), and which it has (``here``)."""
        told = self.post("/v1/attachments/check", {"sha256": hashes})
        known = set(hashes)
        return {
            name: [one for one in some if one in known] if isinstance(some := told.get(name), list) else []
            for name in ("wanted", "here")
        }

    def bring(self, data: bytes) -> None:
        """Bring a file that a recorded statement names. Raises Refused or Unreachable."""
        digest = b64encode(sha256(data).digest()).decode()
        self._ask("POST", "/v1/attachments", data, {"content-digest": f"sha-256=:{digest}:"})

    def bring_origin(self, intake: str, bundle: bytes) -> None:
        """Bring the bundle of another log that bears out a recorded intake. Raises Refused or Unreachable."""
        headers = {"content-type": "application/json"}
        self._ask("POST", "/v1/origins", bundle, headers, {"intake": intake})

    def record(self, batch: Sequence[Kept]) -> list[Answer]:
        """One try: the answers that arrived, in order; fewer than asked for where the connection broke."""
        try:
            return self._one(batch[0]) if len(batch) == 1 else self._many(batch)
        except httpx.TransportError:
            return []

    def _one(self, kept: Kept) -> list[Answer]:
        body = present(kept.statement.jws, kept.disclosures).encode()
        headers = {"content-type": "application/jose"}
        return [self._answered(self._request("POST", "/v1/statements", body, headers, None))]

    def _many(self, batch: Sequence[Kept]) -> list[Answer]:
        body = b"".join(
            orjson.dumps({"disclosures": kept.disclosures, "statement": kept.statement.jws}) + b"\n" for kept in batch
        )
        headers = {"content-type": "application/x-ndjson"}
        answers: list[Answer] = []
        with self._http.stream("POST", "/v1/statements", content=body, headers=headers) as response:
            if not response.is_success:
                return [self._answered(self._whole(response))]
            try:
                for line in self._lines(response):
                    if not isinstance(told := _json(line), dict) or len(answers) == len(batch):
                        break
                    status = told.get("status")
                    answers.append(Answer(status if isinstance(status, int) else 0, told))
            except httpx.TransportError:
                # What was heard before it broke off counts.
                pass
        return answers

    # --- asking, and asking again ----------------------------------------------------------------------------------

    def wait(self, tries: int, answer: Answer, code: str = "unreachable") -> None:
        """Half a second after the first try, then twice as long each time, or as long as the service asks for."""
        if tries >= TRIES:
            raise Unreachable(code, path=self.url, has=answer.status, wanted=TRIES)
        wait = answer.retry_after if answer.retry_after is not None else 0.5 * 2.0 ** (tries - 1)
        self._sleep(min(wait, LONGEST_WAIT))

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | Sequence[str]] | None = None,
    ) -> httpx.Response:
        tries = 0
        while True:
            try:
                response = self._request(method, path, body, headers, params)
            except httpx.TransportError as error:
                nobody = isinstance(error, httpx.ConnectError) and not self._answered_once
                if nobody and tries + 1 >= TRIES_OF_NOBODY:
                    raise Unreachable("not-running", path=self.url) from None
                answer = Answer(0, {})
            else:
                self._answered_once = True
                if response.is_success:
                    return response
                answer = self._answered(response)
                if not answer.passing:
                    raise answer.error(path)
            tries += 1
            self.wait(tries, answer, "no-answer")

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str | Sequence[str]] | None,
    ) -> httpx.Response:
        with self._http.stream(method, path, content=body, headers=headers, params=params) as response:
            return self._whole(response)

    def _whole(self, response: httpx.Response) -> httpx.Response:
        content = b"".join(self._parts(response))
        unpacked = [(name, value) for name, value in response.headers.items() if name != "content-encoding"]
        return httpx.Response(response.status_code, headers=unpacked, content=content, request=response.request)

    def _lines(self, response: httpx.Response) -> Iterator[bytes]:
        rest = b""
        for part in self._parts(response):
            *lines, rest = (rest + part).split(b"\n")
            yield from lines
        if rest:
            yield rest

    def _parts(self, response: httpx.Response) -> Iterator[bytes]:
        """What comes. Raises Unreachable ``answer`` where it has no end: whoever answers is not trusted."""
        began, size = self._clock(), 0
        for part in response.iter_bytes():
            size += len(part)
            if size > MOST or self._clock() - began > LONGEST_ANSWER:
                raise Unreachable("answer", path=response.request.url.path, has=size, wanted=MOST)
            yield part

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        told = _json(response.content)
        if not isinstance(told, dict):
            raise Unreachable("answer", path=str(response.url), has=response.text[:80], wanted="JSON")
        return told

    def _answered(self, response: httpx.Response) -> Answer:
        told = _json(response.content)
        return Answer(response.status_code, told if isinstance(told, dict) else {}, self._retry_after(response))

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Seconds or a date (RFC 9110 §10.2.3)."""
        given = response.headers.get("retry-after", "")
        if given.isascii() and given.isdigit():
            return float(given)
        try:
            return max(0.0, parsedate_to_datetime(given).timestamp() - self._clock())
        except ValueError:
            return None


def _json(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
