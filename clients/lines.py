"""Records as files of JSON lines, and the times in them as people write them.

One record a line, all fields in the clear::

    {"kind":"harvest","at":"2026-07-20 09:30","body":{"inputs":[…],"outputs":[…],"person":"王芳"},"on":[],"for":null}

A field that names files takes their paths, seen from the folder of the lines: ``"attachments":["photos/a.jpg"]``. What
a record in a file beside them brought into being, or that record, is ``@FILE``, its second batch ``@FILE/2``; ``?``
stands for what is still to be filled in. Times in the body may be written as ``at`` is.
``on`` may be left out where the fields name the batches, ``for`` where the party speaks for itself. A line is stated
once: the same line sent again, tomorrow or out of another file, is the record that was sent before.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from clients.client import Client
from clients.device import Device
from clients.draft import Draft
from clients.errors import Unreachable, Usage
from clients.filling import Filling, source_of
from ledger.errors import LedgerError, Malformed
from ledger.identity import ChainId

_WHEN = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})(?:[T ](?P<hour>\d{2}:\d{2}(?::\d{2})?) ?(?P<offset>Z|[+-]\d{2}:?\d{2})?)?"
)
NOON = "12:00"
"""The hour of a record that knows only its day, as in an imported sheet."""


@dataclass(frozen=True)
class Line:
    """A line of a file: the draft in it, or what is wrong with it."""

    where: str
    draft: Draft | None
    error: LedgerError | None = None


def read(client: Client, files: Iterable[Path]) -> Iterator[Line]:
    """Every line of the files that is not empty; ``-`` is standard input."""
    clock = Clock(client)
    for file in files:
        if str(file).startswith("--") and not file.exists():
            raise Usage("no-option", has=str(file))
        try:
            text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8-sig")
        except UnicodeDecodeError:
            raise Usage("file-encoding", path=str(file)) from None
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                where = f"{file.name}:{number}"
                try:
                    yield Line(where, _draft(client, clock, line, where, file.parent))
                except LedgerError as error:
                    yield Line(where, None, error)


def utc(text: str, here: Callable[[], ZoneInfo]) -> str:
    """``2026-07-20T09:30:00+08:00``, or by the clocks ``here`` ``2026-07-20 09:30`` and ``2026-07-20``, its noon.

    What is none of these stays as it is, and the kind's own check speaks of it.
    """
    match = _WHEN.fullmatch(text.strip())
    if match is None:
        return text
    try:
        when = datetime.fromisoformat(f"{match['day']}T{match['hour'] or NOON}{match['offset'] or ''}")
        return f"{(when if when.tzinfo else when.replace(tzinfo=here())).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError):
        return text


class Clock:
    """Times as they are signed, from times as people write them; the log's time zone is asked once and noted."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._zone = client.notebook.device.zone
        self._asked = False

    def utc(self, text: str) -> str:
        """As ``utc``, by the log's clocks. Raises Malformed ``at-zone`` where nobody can say which those are."""
        return utc(text, lambda: self._here(text))

    def _here(self, text: str) -> ZoneInfo:
        if not self._zone and not self._asked:
            self._asked = True
            try:
                self._zone = str(self._client.log().get("time_zone") or "")
            except Unreachable:
                pass
            else:
                # Opened anew: this one may have its address from the command line.
                Device.open(self._client.notebook.device.folder).within(self._zone)
        if not self._zone:
            raise Malformed("at-zone", path="at", has=text)
        return ZoneInfo(self._zone)


def _draft(client: Client, clock: Clock, line: str, where: str, beside: Path) -> Draft:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        raise Malformed("line", path=where, has=line.strip()[:40]) from None
    match record:
        case {"kind": str(kind), "at": str(at), "body": dict(body), **more} if more.keys() <= {"on", "for"}:
            on, for_ = more.get("on") or [], more.get("for")
            if isinstance(on, list) and all(isinstance(chain, str) for chain in on) and isinstance(for_, str | None):
                filling = Filling(client.notebook, clock.utc, beside)
                return client.draft(
                    kind,
                    client.outbox.named(filling.fields(kind, body), beside),
                    map(filling.batch, on),
                    clock.utc(at),
                    for_=ChainId(for_) if for_ else None,
                    source=source_of(record),
                )
    raise Malformed("line", path=where, has=line.strip()[:40])
