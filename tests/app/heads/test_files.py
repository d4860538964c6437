"""Lines in a mapped file are the lines that were written; what is damaged is not read at all."""

from hashlib import sha256
from pathlib import Path

import pytest

from app.heads import files
from ledger import b64u
from ledger.heads import Heads, Lines
from ledger.identity import ChainId


def grown(count: int) -> Lines:
    heads = Heads()
    for number in range(count):
        digest = sha256(bytes([number])).digest()
        heads.add(ChainId(b64u.encode(digest)), digest, 0)
    return heads.at(count)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100])
def test_what_is_written_is_read_back(tmp_path: Path, count: int) -> None:
    lines = grown(count)
    files.write(tmp_path / "heads", count, lines)
    found = files.read(tmp_path / "heads", count)
    assert found is not None
    assert (found.count, found.root) == (count, lines.root)
    for number in (3, 200):
        chain = ChainId(b64u.encode(sha256(bytes([number])).digest()))
        assert found.show(chain) == lines.show(chain)


def test_only_the_newest_stay(tmp_path: Path) -> None:
    for size in (5, 900, 20, 1000):
        files.write(tmp_path, size, grown(5))
    assert {path.name for path in tmp_path.iterdir()} == {"20.heads", "900.heads", "1000.heads"}
    assert files.read(tmp_path, 5) is None


def test_a_damaged_file_is_none(tmp_path: Path) -> None:
    files.write(tmp_path, 20, grown(20))
    path = tmp_path / "20.heads"
    whole = path.read_bytes()
    for damaged in (b"", whole[:20], whole[:-1], whole[:200], b"x" + whole[1:], whole + b"\0", whole[:24]):
        path.write_bytes(damaged)
        assert files.read(tmp_path, 20) is None
