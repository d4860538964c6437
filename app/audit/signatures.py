"""Signatures, verified beside the walk in processes of their own.

Threads would not do: a check gives the interpreter's lock away for a tenth of a millisecond, and gets it back from
a busy walk only when that has had its five. A short log is verified in place, where a process costs more than it
brings.
"""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from typing import NamedTuple

from ledger.errors import BadSignature
from ledger.keys import Algorithm, PublicKey

CHUNK = 512
WAITING = 8
"""How many chunks may wait: enough to keep the others busy, few enough to stay flat."""


class Signed(NamedTuple):
    """A signature with what it is over, and the record to name when it fails; ``at`` is the log index it stands by."""

    check: str
    table: str
    number: int
    at: int
    key: PublicKey
    signature: bytes
    message: bytes

    @property
    def plain(self) -> tuple[Algorithm, str, str, bytes, bytes]:
        """What goes to another process."""
        return self.key.alg, self.key.x, self.key.y, self.signature, self.message


@lru_cache(maxsize=4096)
def _verifier(alg: Algorithm, x: str, y: str) -> Callable[[bytes, bytes], None]:
    return PublicKey(alg, x, y).verifier()


def verify(signed: Iterable[tuple[Algorithm, str, str, bytes, bytes]]) -> list[int]:
    """The places of those that do not verify."""
    bad = []
    for place, (alg, x, y, signature, message) in enumerate(signed):
        try:
            _verifier(alg, x, y)(signature, message)
        except BadSignature:
            bad.append(place)
    return bad


class Signatures:
    """Takes signatures as the walk meets them; ``failed`` is told of each that is bad, at the latest by ``close``."""

    def __init__(self, failed: Callable[[Signed], None], *, beside: bool) -> None:
        self._failed = failed
        self._gathered: list[Signed] = []
        self._waiting: deque[tuple[list[Signed], Future[list[int]]]] = deque()
        self._pool: ProcessPoolExecutor | None = None
        if beside:
            processes = max(1, (os.cpu_count() or 2) - 1)
            self._pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))

    def add(self, signed: Signed) -> None:
        self._gathered.append(signed)
        if len(self._gathered) >= CHUNK:
            self._send()

    def close(self) -> None:
        """Waits for what is under way."""
        try:
            self._send()
            while self._waiting:
                self._collect()
        finally:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)

    def _send(self) -> None:
        chunk, self._gathered = self._gathered, []
        plain = [signed.plain for signed in chunk]
        if self._pool is None:
            self._tell(chunk, verify(plain))
            return
        self._waiting.append((chunk, self._pool.submit(verify, plain)))
        while len(self._waiting) > WAITING:
            self._collect()

    def _collect(self) -> None:
        chunk, future = self._waiting.popleft()
        self._tell(chunk, future.result())

    def _tell(self, chunk: list[Signed], bad: list[int]) -> None:
        for place in bad:
            self._failed(chunk[place])
