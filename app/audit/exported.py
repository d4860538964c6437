"""The audit of an exported log, by nothing but its files and the pin: what a stranger can check of it anywhere.

256 entries at a time their bundle is held against their hash tile, then entries and statements are replayed
(``ledger.replay``), and every upper tile and the checkpoint against what the entries come to. Where a bundle and a tile
contradict each other the tile above, or at the edge the signed root, says which of them is right. A file that is
missing, cut off, exchanged or one too many is named; memory stays as flat as the replay's.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

from app.audit.report import Report, Tally
from app.audit.signatures import Signatures, Signed
from app.audit.verify import BESIDE, Progress
from app.publishing.folder import CHECKPOINT, MAX_PIN, PIN, belongs, beside, read_file, upper_tiles
from app.publishing.reading import split_bundle
from ledger import b64u
from ledger.canonical import loads
from ledger.checkpoint import MAX_NOTE, Checkpoint, Note, open_checkpoint
from ledger.errors import BadSignature, LedgerError, Malformed
from ledger.keys import PublicKey
from ledger.merkle import EMPTY_ROOT, HASH_SIZE, Hash, leaf_hash
from ledger.policy import Pin
from ledger.replay import Fault, Replay
from ledger.statement import Statement
from ledger.tiles import HEIGHT, WIDTH, Frontier, TileId, expand, tile_path

MAX_TILE = WIDTH * HASH_SIZE
MOST = WIDTH * (1 << 16)
"""A bundle of the longest entries."""
MOST_STATEMENTS = WIDTH * (96 << 10)


def audit_folder(folder: Path, pin: Pin, progress: Progress = lambda done, size: None) -> Report:
    """Check an exported log against the pin. Raises OSError where the folder can't be read at all."""
    if not folder.is_dir():
        raise NotADirectoryError(20, "no folder", str(folder))
    tally = Tally()
    checkpoint = _checkpoint(folder, pin, tally)
    if checkpoint is None:
        return tally.report(pin.origin, 0, b64u.encode(EMPTY_ROOT))
    auditor = Auditor(folder, pin, checkpoint, tally)
    auditor.run(progress)
    return tally.report(pin.origin, checkpoint.size, b64u.encode(auditor.root))


def _checkpoint(folder: Path, pin: Pin, tally: Tally) -> Checkpoint | None:
    """The folder's checkpoint, as far as it can be read: by whom it is not signed is told, and it is gone on with."""
    tally.checked["files"] += 1
    try:
        text = read_file(folder / CHECKPOINT, MAX_NOTE).decode()
        checkpoint = Checkpoint.parse(Note.parse(text).text)
    except FileNotFoundError:
        tally.fail("checkpoint", "files", CHECKPOINT, 0, "absent")
        return None
    except (UnicodeDecodeError, LedgerError) as error:
        failed = error if isinstance(error, LedgerError) else Malformed("note", path="text", wanted="UTF-8")
        tally.fail("checkpoint", "files", CHECKPOINT, 0, failed)
        return None
    try:
        _, cosigned = open_checkpoint(text, pin.policy.signer(text), pin.policy.witness_keys)
        if not pin.policy.satisfied(cosigned):
            raise BadSignature("quorum", path=CHECKPOINT, has=len(cosigned), wanted=pin.policy.quorum)
    except LedgerError as error:
        tally.fail("checkpoint", "files", CHECKPOINT, 0, error)
    return checkpoint


class Auditor:
    """One audit of the files in ``folder``, under a checkpoint of theirs."""

    def __init__(self, folder: Path, pin: Pin, checkpoint: Checkpoint, tally: Tally) -> None:
        self._folder = folder
        self._pin = pin
        self._checkpoint = checkpoint
        self._size = checkpoint.size
        self._tally = tally
        self._tree = Frontier()
        self._known: dict[int, Hash] = {}
        self._upper: dict[int, list[Hash]] = {}
        self._tops = bytearray()
        self._signatures = Signatures(self._bad_signature, beside=self._size > BESIDE)
        self._replay = Replay(pin.origin, pin.root, self._fault, self._leaves, self._verify)

    @property
    def root(self) -> Hash:
        return self._tree.root()

    def run(self, progress: Progress) -> None:
        there = self._files()
        if self._size > there * WIDTH:
            # Before anything is looked for that a mere number promises.
            self._tally.fail("checkpoint", "files", CHECKPOINT, 0, "beyond", has=there * WIDTH, wanted=str(self._size))
            return
        self._check_pin()
        try:
            self._replay.follow(self._entries(progress), self._statements(), self._known)
        finally:
            self._signatures.close()
        for tile in upper_tiles(self._size, self._size):
            self._check_tile(tile, self._upper.get(tile.level, []))
        if self._tree.root() != self._checkpoint.root:
            has, wanted = b64u.encode(self._checkpoint.root), b64u.encode(self.root)
            differs = Malformed("changed", path="root", has=has, wanted=wanted)
            self._tally.fail("checkpoint", "files", CHECKPOINT, self._size, differs)
        self._tally.checked["entries"] += self._replay.size
        self._tally.checked["statements"] += self._replay.statements

    # --- files ---------------------------------------------------------------------------------------------------

    def _files(self) -> int:
        """How many files there are; those that this log does not have are told."""
        count = 0
        for found in self._folder.rglob("*"):
            if found.is_dir() and not found.is_symlink():
                continue
            count += 1
            path = found.relative_to(self._folder).as_posix()
            if not belongs(path, self._size):
                self._tally.fail("file", "files", path, self._size, "extra")
        return count

    def _check_pin(self) -> None:
        """The folder's own pin, where it has one, is of the same log."""
        if not (self._folder / PIN).exists():
            return
        self._tally.checked["files"] += 1
        try:
            found = Pin.parse(self._peek(PIN, MAX_PIN).decode())
        except (LedgerError, UnicodeDecodeError) as error:
            self._fail(PIN, 0, "pin", str(error)[:80], self._pin.root)
            return
        if (found.origin, found.root) != (self._pin.origin, self._pin.root):
            self._fail(PIN, 0, "pin.root", found.root, self._pin.root)

    def _read(self, path: str, at: int, most: int) -> bytes | None:
        """A file's bytes; None, having told so, if it is not there or longer than it could be."""
        try:
            data = self._peek(path, most)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self._tally.fail("file", "files", path, at, "absent")
            return None
        self._tally.checked["files"] += 1
        if len(data) > most:
            self._fail(path, at, "size", len(data), most)
            return None
        return data

    def _peek(self, path: str, most: int) -> bytes:
        return read_file(self._folder / path, most)

    def _fail(self, path: str, at: int, where: str, has: object, wanted: object) -> None:
        said = {"path": where, "has": str(has), "wanted": str(wanted)}
        self._tally.fail("file", "files", path, at, "changed", **said)

    # --- entries -------------------------------------------------------------------------------------------------

    def _entries(self, progress: Progress) -> Iterator[bytes]:
        for first in range(0, self._size, WIDTH):
            hashes, bundle, _ = beside(first, self._size)
            entries, leaves = self._settle(hashes, bundle, first)
            self._check_completed()
            for place, (data, leaf) in enumerate(zip(entries, leaves, strict=True)):
                if data is None:
                    self._known[first + place] = leaf
                yield data or b""
            for index in [index for index in self._known if index < self._replay.size]:
                del self._known[index]
            progress(min(first + WIDTH, self._size), self._size)

    def _settle(self, hashes: TileId, bundle: TileId, first: int) -> tuple[Sequence[bytes | None], Sequence[Hash]]:
        """The entries, None for those that are damaged, and their true hashes: the tree goes on with them."""
        tile = self._hashes(hashes, first)
        data = self._read(tile_path(bundle), first, MOST)
        entries = [*split_bundle(data or b"")]
        made = [leaf_hash(entry) for entry in entries]
        whole = data is not None and len(made) == bundle.width and sum(2 + len(one) for one in entries) == len(data)
        if data is not None and not whole:
            self._fail(tile_path(bundle), first, "entries", len(made), bundle.width)
        if tile is None:
            return self._take(entries, made, bundle.width)
        if tile != made:
            # One of the two is wrong. What they are held against next was hashed from the right one.
            fits = self._fits(hashes, tile)
            if whole and not fits:
                self._differ(tile_path(hashes), first, tile, made)
                return self._take(entries, made, bundle.width)
            if whole:
                self._differ(tile_path(bundle), first, made, tile)
            elif not fits:
                self._fail(tile_path(hashes), first, "root", "–", "–")
        self._tree.extend(tile)
        good = [entry if leaf == wanted else None for entry, leaf, wanted in zip_longest(entries, made, tile)]
        return good[: hashes.width], tile

    def _take(
        self, entries: Sequence[bytes], made: Sequence[Hash], width: int
    ) -> tuple[Sequence[bytes | None], Sequence[Hash]]:
        """What the bundle has; what it has not is lost, and nothing that comes after fits the checkpoint."""
        lost = max(0, width - len(entries))
        leaves = [*made[:width], *[EMPTY_ROOT] * lost]
        self._tree.extend(leaves)
        return [*entries[:width], *[None] * lost], leaves

    def _fits(self, tile: TileId, leaves: Sequence[Hash]) -> bool:
        """Whether these are the hashes that the tile above was made of, or the checkpoint where there is none."""
        if tile.width == WIDTH:
            above = TileId(1, tile.index // WIDTH, min(WIDTH, (self._size >> HEIGHT) - tile.index // WIDTH * WIDTH))
            at = tile.index % WIDTH * HASH_SIZE
            with suppress(OSError):
                return self._peek(tile_path(above), MAX_TILE)[at : at + HASH_SIZE] == expand(leaves)[HEIGHT][0]
            return False
        self._tree.extend(leaves)
        fits = self._tree.root() == self._checkpoint.root
        self._tree.rollback()
        return fits

    def _differ(self, path: str, first: int, has: Sequence[Hash], wanted: Sequence[Hash]) -> None:
        place = next((n for n, (a, b) in enumerate(zip_longest(has, wanted)) if a != b), 0)
        one, other = (b64u.encode(row[place]) if place < len(row) else "–" for row in (has, wanted))
        self._fail(path, first + place, f"[{place}]", one, other)

    # --- tiles ---------------------------------------------------------------------------------------------------

    def _hashes(self, tile: TileId, at: int) -> list[Hash] | None:
        """A hash tile; None, having told so, where it is not one of this width."""
        data = self._read(tile_path(tile), at, MAX_TILE)
        if data is None:
            return None
        if len(data) != tile.width * HASH_SIZE:
            self._fail(tile_path(tile), at, "size", len(data), tile.width * HASH_SIZE)
            return None
        return _cut(data)

    def _check_completed(self) -> None:
        """Gather what was filled by now, and hold each upper tile that is full against its file."""
        for level, index, hash_ in self._tree.completed():
            row = self._upper.setdefault(level, [])
            row.append(hash_)
            if level == 1:
                self._tops += hash_
            if len(row) == WIDTH:
                self._check_tile(TileId(level, index // WIDTH), row)
                row.clear()
        self._tree.settle()

    def _check_tile(self, tile: TileId, wanted: Sequence[Hash]) -> None:
        at = min(self._size, (tile.index * WIDTH + tile.width) << tile.level * HEIGHT) - 1
        has = self._hashes(tile, at)
        if has is not None and has != wanted:
            self._differ(tile_path(tile), at, has, wanted)

    def _leaves(self, index: int) -> list[Hash]:
        """The hashes of a full tile that was walked past, from whichever file still has them."""
        hashes, bundle, _ = beside(index * WIDTH, self._size)
        found: list[Hash] = []
        with suppress(OSError):
            found = _cut(self._peek(tile_path(hashes), MAX_TILE))
        top = bytes(self._tops[index * HASH_SIZE : (index + 1) * HASH_SIZE])
        if len(found) != WIDTH or expand(found)[HEIGHT][0] != top:
            with suppress(OSError):
                found = [leaf_hash(entry) for entry in split_bundle(self._peek(tile_path(bundle), MOST))]
        return found

    # --- statements ----------------------------------------------------------------------------------------------

    def _statements(self) -> Iterator[tuple[int, str]]:
        for first in range(0, self._size, WIDTH):
            _, _, path = beside(first, self._size)
            data = self._read(path, first, MOST_STATEMENTS)
            if data is None:
                continue
            last = first - 1
            for number, line in enumerate(data.removesuffix(b"\n").split(b"\n") if data else (), 1):
                match _line(line):
                    case (int(index), str(jws)) if last < index < first + WIDTH:
                        last = index
                        yield index, jws
                    case _:
                        self._fail(path, max(first, last), f"line {number}", ascii(line[:60]), "a statement")
            if data and not data.endswith(b"\n"):
                self._fail(path, max(first, last), "size", len(data), len(data) + 1)

    def _verify(self, index: int, statement: Statement, key: PublicKey) -> None:
        message, _, signature = statement.jws.rpartition(".")
        self._signatures.add(
            Signed("signature", "statements", index, index, key, b64u.decode(signature, 64), message.encode())
        )

    def _bad_signature(self, signed: Signed) -> None:
        self._tally.fail(signed.check, signed.table, signed.number, signed.at, "signature")

    def _fault(self, fault: Fault) -> None:
        if fault.check == "entry" and fault.at in self._known:
            return  # its file was told of, and so was the place in it
        table = "entries" if fault.check == "entry" else "statements"
        self._tally.fail(fault.check, table, fault.at, fault.at, fault.error)


def _line(line: bytes) -> tuple[int, str] | None:
    """The index and the JWS of a canonical line."""
    try:
        match loads(line):
            case {"index": int(index), "statement": str(jws), **rest} if not rest:
                return index, jws
    except LedgerError:
        pass
    return None


def _cut(data: bytes) -> list[Hash]:
    return [Hash(data[at : at + HASH_SIZE]) for at in range(0, len(data), HASH_SIZE)]
