"""One witness, asked about one checkpoint over HTTP: what it answers, and what it can show for it.

What a witness merely says counts as that witness's word. A checkpoint that it shows, signed by our own log, is proof,
whoever brings it: then there are more entries, or others, than we have (docs/adr/0010).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from app.errors import Stopped
from ledger import witnessing
from ledger.checkpoint import Checkpoint, Note, Signature, VKey, open_note
from ledger.errors import LedgerError, Malformed
from ledger.merkle import Hash
from ledger.policy import Witness
from ledger.witnessing import SIZE_TYPE, AddCheckpoint

PATIENCE = 10.0
"""How long, in s, a witness has for one question, however slowly it speaks."""

TRIES = 3
"""How often a witness may correct what we take its last checkpoint for, in one question."""

MAX_ANSWER = 64 * 1024

Proof = Callable[[int, int], Sequence[Hash]]
"""What shows that the tree of one size continues that of another."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """It looked, and signed, at ``time`` (POSIX seconds) by a clock that is ``off`` s from ours at least."""

    signature: Signature
    time: int
    off: float


@dataclass(frozen=True, slots=True)
class Ahead:
    """It says that it saw ``size`` entries, more than we asked about; ``shown`` if it has our signature for them."""

    size: int
    shown: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Beside:
    """It says that what it saw is not continued; ``shown`` is what our log signed there."""

    size: int
    shown: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer, or none that makes sense; ``why`` is for the operator."""

    why: str


Answer = Cosigned | Ahead | Beside | Silent


class Asker:
    """Asks one witness, at ``url``, and remembers what it saw last."""

    def __init__(
        self,
        witness: Witness,
        url: str,
        logs: Sequence[VKey],
        http: httpx.AsyncClient,
        clock: Callable[[], float],
        prove: Proof,
    ) -> None:
        self.witness = witness
        self.url = url.rstrip("/")
        self._logs = logs
        self._http = http
        self._clock = clock
        self._prove = prove
        self._last = 0

    async def ask(self, note: Note, checkpoint: Checkpoint, patience: float = PATIENCE) -> Answer:
        """What the witness says to this checkpoint of ours, within ``patience`` s."""
        try:
            async with asyncio.timeout(patience):
                return await self._ask(note, checkpoint)
        except TimeoutError:
            return Silent(f"no answer within {patience:g} s")
        except Stopped:
            raise  # our own database, and no fault of the witness
        except (httpx.HTTPError, httpx.InvalidURL, LedgerError) as error:
            return Silent(f"{type(error).__name__}: {error}")

    async def _ask(self, note: Note, checkpoint: Checkpoint) -> Answer:
        for _ in range(TRIES):
            # Not more than what is asked about: a witness that was asked about a newer one has seen that since.
            old = min(self._last, checkpoint.size)
            request = AddCheckpoint(old, tuple(self._prove(old, checkpoint.size)), note)
            asked = self._clock()
            status, media, text = await _send(self._http, "POST", f"{self.url}/add-checkpoint", str(request).encode())
            if status == 200:
                signature, time = witnessing.cosignature(note, text, self.witness.vkey)
                self._last = checkpoint.size
                # Its seconds are whole ones, cut off.
                return Cosigned(signature, time, max(0.0, asked - time - 1, time - self._clock()))
            if status == 409 and media == SIZE_TYPE:
                self._last = witnessing.read_size(text)
                if self._last > checkpoint.size:
                    return Ahead(self._last, await look(self._http, self.url, self._logs))
                continue
            if status == 422:
                return Beside(old, await look(self._http, self.url, self._logs))
            return Silent(f"it answered {status}: {text[:200]!a}")
        return Silent("it keeps changing what it says it saw last")


async def look(http: httpx.AsyncClient, url: str, logs: Sequence[VKey]) -> Checkpoint | None:
    """What the witness at ``url`` shows as the newest it cosigned, where our log's signature is below it."""
    try:
        status, _, text = await _send(http, "GET", f"{url}/{witnessing.checkpoint_path(logs[0].name)}", None)
        if status != 200:
            return None
        note, _ = open_note(text, logs)
        checkpoint = Checkpoint.parse(note.text)
    except (httpx.HTTPError, httpx.InvalidURL, LedgerError):
        return None
    return checkpoint if checkpoint.origin == logs[0].name else None


async def _send(http: httpx.AsyncClient, method: str, url: str, body: bytes | None) -> tuple[int, str, str]:
    """Status, media type and text of the answer. Raises Malformed for a longer one than any that makes sense."""
    async with http.stream(method, url, content=body, headers={"accept-encoding": "identity"}) as response:
        if response.headers.get("content-encoding", "identity") != "identity":
            # It could unpack to anything before it is counted.
            raise httpx.DecodingError("packed, though it was not asked to be")
        parts = bytearray()
        async for part in response.aiter_bytes():
            parts += part
            if len(parts) > MAX_ANSWER:
                raise Malformed("size", path="answer", has=len(parts), wanted=MAX_ANSWER)
        media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return response.status_code, media, parts.decode("utf-8", "replace")
