"""What was erased, told beside the lock: a file of JSON lines that no backup holds and no value stands in.

A line names the statement, the field and the digest or file that it lost; reading it, an erasure can be made again in
a database that was restored from before it.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec


class Telling(msgspec.Struct, frozen=True):
    """One erasure, without its value."""

    statement: str
    field: str
    digest: str | None
    sha256: str | None
    ground: str
    reason: str


class Told:
    """The file; made when something is first erased."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, tellings: Sequence[Telling]) -> None:
        """Durable when this returns."""
        if not tellings:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            file.write(b"".join(msgspec.json.encode(one) + b"\n" for one in tellings))
            file.flush()
            os.fsync(file.fileno())

    def all(self) -> Iterator[Telling]:
        """Every line that is whole: the last one may have been cut off by a crash, and its erasure with it."""
        if not self._path.exists():
            return
        for line in self._path.read_bytes().splitlines():
            try:
                yield msgspec.json.decode(line, type=Telling)
            except msgspec.DecodeError:
                continue
