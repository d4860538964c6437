"""Exporting: the public log written to a folder (``app.publishing.folder``), and later what is new since then.

Each file appears whole or not at all, the checkpoint last: whoever reads meanwhile finds a log that is complete at the
checkpoint that he read. What was cut off is gone on with from the last stretch that is known to be on the disk.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine

from app import stored
from app.errors import Conflict
from app.publishing.folder import ABOUT, CHECKPOINT, PIN, README, beside, partial_paths, read_file, upper_tiles
from app.publishing.reading import read_statements, read_tile
from ledger.checkpoint import MAX_NOTE, open_checkpoint
from ledger.errors import LedgerError
from ledger.merkle import root
from ledger.policy import Pin
from ledger.tiles import WIDTH, TileId, tile_path

STRETCH = 256 * WIDTH
"""How many entries are written between two times that the disk is asked to have it all."""

_UNDER_WAY = ".export"

Progress = Callable[[int, int], None]


class _Journey(msgspec.Struct):
    """What an export leaves behind while it is under way: how far it is on the disk, and for which sizes."""

    done: int = 0
    sizes: list[int] = []


def export(
    engine: Engine,
    log_id: int,
    pin: Pin,
    note: str,
    folder: Path,
    progress: Progress = lambda done, size: None,
) -> int:
    """Write the log under ``note``, one of its own checkpoints, to ``folder``; how many entries were new there.

    Raises Conflict ``export-folder`` for a folder that holds anything else, ``export-other`` for an export of another
    history, or of more than ``note`` has.
    """
    size = stored.read_note(note).size
    with engine.connect() as connection:
        before = _before(connection, log_id, pin, folder, size)
        journey = _under_way(folder, size)
        journey.done = max(journey.done, before) // WIDTH * WIDTH
        journey.sizes = sorted({*journey.sizes, before, size})
    folder.mkdir(parents=True, exist_ok=True)
    _mark(folder, journey)
    since = journey.done
    for start in range(since, size, STRETCH):
        end = min(start + STRETCH, size)
        with engine.connect() as connection:
            for first in range(start, end, WIDTH):
                _write_stretch(connection, log_id, folder, first, size)
                progress(min(first + WIDTH, size), size)
        if end < size:
            os.sync()
            journey.done = end
            _mark(folder, journey)
    with engine.connect() as connection:
        for tile in upper_tiles(size, since):
            _write_tile(connection, log_id, folder, tile)
    _write(folder / PIN, pin.text().encode())
    _write(folder / README, ABOUT.encode())
    os.sync()
    _write(folder / CHECKPOINT, note.encode())
    os.sync()
    _sweep(folder, journey.sizes, size)
    return size - before


def _before(connection: Connection, log_id: int, pin: Pin, folder: Path, size: int) -> int:
    """How many entries the folder has already, under a checkpoint that this log goes on from."""
    path = folder / CHECKPOINT
    if not path.exists():
        if folder.exists() and not (folder / _UNDER_WAY).exists() and any(folder.iterdir()):
            raise Conflict("export-folder", path=str(folder))
        return 0
    try:
        text = read_file(path, MAX_NOTE).decode()
        held, _ = open_checkpoint(text, pin.policy.signer(text))
    except (LedgerError, UnicodeDecodeError):
        raise Conflict("export-folder", path=str(folder)) from None
    if held.size > size or root(held.size, stored.nodes(connection, log_id, size)) != held.root:
        raise Conflict("export-other", path=str(folder), has=held.size, wanted=size)
    return held.size


def _under_way(folder: Path, size: int) -> _Journey:
    """What an export to this folder left behind; one of more than there is was none of this log, and is begun anew."""
    try:
        left = msgspec.json.decode((folder / _UNDER_WAY).read_bytes(), type=_Journey)
    except (FileNotFoundError, msgspec.DecodeError):
        return _Journey()
    return left if all(0 <= one <= size for one in (left.done, *left.sizes)) else _Journey()


def _mark(folder: Path, journey: _Journey) -> None:
    _write(folder / _UNDER_WAY, msgspec.json.encode(journey))


def _write_stretch(connection: Connection, log_id: int, folder: Path, first: int, size: int) -> None:
    hashes, bundle, path = beside(first, size)
    _write_tile(connection, log_id, folder, hashes)
    _write_tile(connection, log_id, folder, bundle)
    last = min(first + WIDTH, size) - 1
    _write(folder / path, b"".join(read_statements(connection, log_id, first, last)))


def _write_tile(connection: Connection, log_id: int, folder: Path, tile: TileId) -> None:
    _write(folder / tile_path(tile), read_tile(connection, log_id, tile))


def _write(path: Path, data: bytes) -> None:
    """The file whole or not at all; what is there is replaced."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.unlink(missing_ok=True)
        _write_new(unfinished, data)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(unfinished, data)
    unfinished.replace(path)


def _write_new(path: Path, data: bytes) -> None:
    # Never through a link that somebody left in the folder.
    with path.open("xb") as file:
        file.write(data)


def _sweep(folder: Path, sizes: list[int], size: int) -> None:
    """Take away what only the log of another size had, and the mark of an export under way."""
    for other in sizes:
        for path in map(folder.joinpath, partial_paths(other) - partial_paths(size)):
            path.unlink(missing_ok=True)
            if path.parent.suffix == ".p" and path.parent.is_dir() and not any(path.parent.iterdir()):
                path.parent.rmdir()
    for left in folder.rglob(".*.part"):
        left.unlink()
    (folder / _UNDER_WAY).unlink()
