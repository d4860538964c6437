"""The lines of a ``log.heads`` in a file that is mapped, so that any chain is shown in well under a millisecond.

A file ``<size>.heads`` holds 16 bytes of what it is, the number of lines (8 bytes, big-endian), the sorted rows and
the kept nodes of ``ledger.heads.Lines``. It can be made again from the database at any time.
"""

import mmap
import os
from contextlib import suppress
from pathlib import Path

from ledger.errors import Malformed
from ledger.heads import ROW, Lines

KEPT = 3
"""How many files stay: a reader may still be at the one before the newest."""

_WHAT = b"gengji heads v1\n"
_HEADER = len(_WHAT) + 8


class _Stretch:
    """A part of a mapped file, read by slices from its own beginning."""

    def __init__(self, mapped: mmap.mmap, begin: int, end: int) -> None:
        self._mapped, self._begin, self._length = mapped, begin, end - begin

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: slice) -> bytes:
        start, stop, _ = at.indices(self._length)
        return self._mapped[self._begin + start : self._begin + stop]


def write(folder: Path, size: int, lines: Lines) -> None:
    """Whole or not at all; the oldest files go."""
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(folder, size)
    beside = path.with_suffix(f".{os.getpid()}")
    with beside.open("wb") as file:
        file.write(_WHAT + lines.count.to_bytes(8))
        file.write(lines.rows[:])
        file.write(lines.nodes[:])
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    for old in sorted(folder.glob("*.heads"), key=lambda kept: int(kept.stem))[:-KEPT]:
        old.unlink(missing_ok=True)


def read(folder: Path, size: int) -> Lines | None:
    """The lines of that size, mapped; None where there is no file of them, or one that is damaged."""
    with suppress(FileNotFoundError, Malformed), _path(folder, size).open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        if length < _HEADER:
            return None
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        border = _HEADER + int.from_bytes(mapped[len(_WHAT) : _HEADER]) * ROW
        if mapped[: len(_WHAT)] != _WHAT or border > length:
            return None
        return Lines(_Stretch(mapped, _HEADER, border), _Stretch(mapped, border, length))
    return None


def _path(folder: Path, size: int) -> Path:
    return folder / f"{size}.heads"
