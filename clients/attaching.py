"""Files beside statements: named by their hash when the statement is signed, brought when the service knows it.

A file is copied into the device's folder before it is named, so that it can still be brought after a crash, and by
whoever runs ``gengji submit`` next; the copy goes once the service has it.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.errors import Refused, Usage
from clients.photos import stripped
from clients.service import Service
from clients.wordings import reason
from ledger import b64u
from ledger.canonical import Json
from ledger.media import ENDINGS, media_type
from ledger.records import ATTACHING

LARGEST = 20 * 1024 * 1024
ASKED = 200


@dataclass(frozen=True)
class Brought:
    """What became of a file: the service has it, or says why it does not take it."""

    sha256: str
    refused: Refused | None = None


class Outbox:
    """The files that wait in ``folder``, each under its hash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def attach(self, path: Path, *, as_it_is: bool = False) -> dict[str, Json]:
        """Keep a copy of a photo or document, and give what names it in a statement.

        What a photo tells of place, time and device is left out unless it is wanted ``as_it_is``. Raises Usage
        ``attach-file``, ``attach-type`` or ``attach-size``.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Usage("attach-file", path=str(path), has=reason(error, "zh"), wanted=reason(error, "en")) from None
        media = media_type(data)
        if media is None:
            raise Usage("attach-type", path=str(path), wanted=", ".join(ENDINGS.values()))
        data = data if as_it_is else stripped(data)
        if len(data) > LARGEST:
            raise Usage("attach-size", path=str(path), has=len(data), wanted=LARGEST)
        digest = hashlib.sha256(data)
        self._keep(self._folder / digest.hexdigest(), data)
        return {
            "media_type": media,
            "name": path.name[:120],
            "sha256": b64u.encode(digest.digest()),
            "size": len(data),
        }

    def _keep(self, path: Path, data: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)

    def named(self, fields: Mapping[str, Any], beside: Path) -> dict[str, Any]:
        """Fields with every file's path, seen from ``beside``, replaced by what names the file."""
        return {name: self._named(value, beside) if name in ATTACHING else value for name, value in fields.items()}

    def _named(self, value: Any, beside: Path) -> Any:
        if isinstance(value, str):
            return self.attach(beside / value)
        return [self._named(one, beside) for one in value] if isinstance(value, list) else value

    def waiting(self) -> dict[str, Path]:
        """The files that the service may not have yet, by hash."""
        found = self._folder.glob("[0-9a-f]" * 64) if self._folder.is_dir() else iter(())
        return {b64u.encode(bytes.fromhex(path.name)): path for path in sorted(found)}

    def bring(self, service: Service, each: Callable[[Brought], None] = lambda _: None) -> list[Brought]:
        """Bring what the service knows of and lacks. Broken off, it goes on with the next file. Raises Unreachable."""
        brought = []
        for one in self._bring(service):
            each(one)
            brought.append(one)
        return brought

    def _bring(self, service: Service) -> Iterator[Brought]:
        waiting = self.waiting()
        hashes = list(waiting)
        for start in range(0, len(hashes), ASKED):
            told = service.attachments(hashes[start : start + ASKED])
            for sha256 in told["here"]:
                waiting[sha256].unlink(missing_ok=True)
            for sha256 in told["wanted"]:
                try:
                    service.bring(waiting[sha256].read_bytes())
                except Refused as refused:
                    yield Brought(sha256, refused)
                else:
                    waiting[sha256].unlink(missing_ok=True)
                    yield Brought(sha256)

    def forget(self, erased: Iterable[Any]) -> None:
        """The copies of files that these field's values named, wherever they are."""
        waiting = self.waiting()
        for value in erased:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and one.get("sha256") in waiting:
                    waiting[one["sha256"]].unlink(missing_ok=True)
