"""A log as a folder of files, which any file server turns into a log that strangers can follow (c2sp.org/tlog-tiles).

    checkpoint                 the newest signed checkpoint
    tile/…                     hash tiles and entry bundles, named as they are served
    statements/{first}-{last}  the statements among 256 entries each, the lines of /log/statements/{first}-{last}
    policy.json                the pin; whoever audits should have it from elsewhere
    README

Which files there are follows from the checkpoint's size alone: one too many is as wrong as one too few.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from app.publishing.reading import exists
from ledger.errors import Malformed
from ledger.tiles import ENTRIES, HEIGHT, WIDTH, TileId, parse_tile_path, right_edge, tile_path

CHECKPOINT = "checkpoint"
PIN = "policy.json"
README = "README"
MAX_PIN = 128 << 10

ABOUT = """\
耕迹总账的公开副本：checkpoint 是总账签名的检查点，tile/ 是哈希树和账目（c2sp.org/tlog-tiles），
statements/ 是每条记录签名的原文（不含封存内容），policy.json 是核验所依据的公开钉。
用 gengji audit --from 加上本文件夹即可离线核验；请从别处取得公开钉再作比较。
用任何文件服务器发布本文件夹，就是一份别人可以跟踪的总账。

A public copy of a Gengji log: checkpoint is the head that the log signed, tile/ its tree and entries
(c2sp.org/tlog-tiles), statements/ what each party signed, without what is sealed, policy.json the pin to check by.
`gengji audit --from` and this folder check all of it, off line; have the pin from elsewhere, and compare. Any file
server makes of this folder a log that others can follow.
"""

_statements = re.compile("statements/(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})").fullmatch


def statements_path(first: int, size: int) -> str:
    """Where the statements from ``first`` on are, a multiple of 256, in a log of ``size`` entries."""
    return f"statements/{first}-{min(first + WIDTH, size) - 1}"


def beside(first: int, size: int) -> tuple[TileId, TileId, str]:
    """Of 256 entries from ``first`` on, or as many as there are: the hashes, the entries, the statements' path."""
    index, width = first // WIDTH, min(WIDTH, size - first)
    return TileId(0, index, width), TileId(ENTRIES, index, width), statements_path(first, size)


def upper_tiles(size: int, since: int = 0) -> Iterator[TileId]:
    """The tiles of level 1 and above, but those that were full at size ``since``."""
    level = 1
    while count := size >> level * HEIGHT:
        for first in range((since >> level * HEIGHT) // WIDTH * WIDTH, count, WIDTH):
            yield TileId(level, first // WIDTH, min(WIDTH, count - first))
        level += 1


def read_file(path: Path, most: int) -> bytes:
    """The file's bytes, one more than ``most`` of a longer one. Raises FileNotFoundError for what is no plain file.

    A folder comes from strangers: what is endless, or never answers (a pipe), must not hold up who reads it.
    """
    with open(path, "rb", opener=_plain) as file:  # Path.open knows no opener
        return file.read(most + 1)


def _plain(path: str, flags: int) -> int:
    opened = os.open(path, flags | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(opened).st_mode):
        return opened
    os.close(opened)
    raise FileNotFoundError(errno.ENOENT, "no plain file", path)


def partial_paths(size: int) -> set[str]:
    """The files of a log of ``size`` entries that a longer one does not have."""
    paths = {tile_path(tile) for tile in right_edge(size)}
    if size % WIDTH:
        paths |= {tile_path(TileId(ENTRIES, size // WIDTH, size % WIDTH)), statements_path(size - size % WIDTH, size)}
    return paths


def belongs(path: str, size: int) -> bool:
    """Whether the folder of a log of ``size`` entries has this file."""
    if path in (CHECKPOINT, PIN, README):
        return True
    if found := _statements(path):
        first = int(found[1])
        return first < size and first % WIDTH == 0 and path == statements_path(first, size)
    try:
        tile = parse_tile_path(path)
    except Malformed:
        return False
    # Wide enough, and no narrower than it could be.
    return exists(tile, size) and (tile.width == WIDTH or path in partial_paths(size))
