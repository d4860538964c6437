"""The newest checkpoint of each log that this verifier has seen, kept in one file: ``{"checkpoints":[<note>, …]}``.

Whoever remembers finds out a log that is shown shortened or rewritten (format §8, check 4).
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from clients.errors import Usage
from ledger.bundle import Bundle
from ledger.canonical import Json, dumps, loads
from ledger.checkpoint import Checkpoint, Note
from ledger.errors import LedgerError
from ledger.verdict import Verdict


def read_heads(path: Path) -> dict[str, str]:
    """The notes by origin; none where there is no file yet. Raises Usage ``remember-file``."""
    try:
        told = loads(path.read_bytes().removesuffix(b"\n"), path=str(path))
    except FileNotFoundError:
        return {}
    except LedgerError:
        raise Usage("remember-file", path=str(path)) from None
    match told:
        case {"checkpoints": [*notes], **rest} if not rest:
            try:
                known = {read_checkpoint(str(note)).origin: str(note) for note in notes}
            except LedgerError:
                known = {}
            if len(known) == len(notes):
                return known
    raise Usage("remember-file", path=str(path))


def read_checkpoint(note: str) -> Checkpoint:
    """What a note says, whoever signed it."""
    return Checkpoint.parse(Note.parse(note).text)


def newer(notes: Mapping[str, str], bundle: Bundle, verdict: Verdict) -> dict[str, str]:
    """``notes``, brought up to what ``verdict`` has found true in ``bundle`` and in those of other logs within."""
    known = dict(notes)
    proven = {one.checkpoint for one in _all(verdict)}
    for note in _notes(bundle):
        checkpoint = read_checkpoint(note)
        before = known.get(checkpoint.origin)
        if checkpoint in proven and (before is None or read_checkpoint(before).size < checkpoint.size):
            known[checkpoint.origin] = note
    return known


def write_heads(path: Path, notes: Mapping[str, str]) -> None:
    """Whole or not at all: half a memory would be none."""
    told: dict[str, Json] = {"checkpoints": [notes[origin] for origin in sorted(notes)]}
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(dumps(told) + b"\n")
    os.replace(beside, path)


def _notes(bundle: Bundle) -> Iterable[str]:
    yield bundle.checkpoint
    for other in bundle.others:
        yield from _notes(other)


def _all(verdict: Verdict) -> Iterable[Verdict]:
    yield verdict
    for other in verdict.others:
        yield from _all(other)
