"""The roots of a log at every size that it was signed at, as the audit recomputed them: on the disk, not in memory."""

from array import array
from bisect import bisect_left
from pathlib import Path

from ledger.merkle import HASH_SIZE, Hash


class Roots:
    """Grows with the walk, in ``folder``: 32 bytes a root on the disk, 8 in memory."""

    def __init__(self, folder: Path) -> None:
        self._sizes = array("Q")
        self._file = (folder / "roots").open("w+b")

    def add(self, size: int, root: Hash) -> None:
        """The root of the first ``size`` leaves; sizes rise."""
        self._sizes.append(size)
        self._file.seek(0, 2)
        self._file.write(root)

    def at(self, size: int) -> Hash | None:
        place = bisect_left(self._sizes, size)
        if place == len(self._sizes) or self._sizes[place] != size:
            return None
        self._file.seek(place * HASH_SIZE)
        return Hash(self._file.read(HASH_SIZE))

    def close(self) -> None:
        self._file.close()
