"""A whole log replayed from what anyone may fetch of it: the entries, and the statements in their public form.

The audit of an exported log and a monitor run this same walk (format §8). It takes the entries in the order of the
log, the statements beside them, and holds each against all that came before:

    entry        its chain, seq, prev and time of receipt, byte for byte; one for each of its statement's targets
    statement    its signature; its key, role and grant at this index; its notebook, without a gap
    seen         the root that its signer had checked is the root that this log had at that size
    names        one trace code one chain, one (product, lot) one batch, one GTIN one product
    log.heads    recomputed

What is wrong is told and walked past, with the least that follows from it. The tree grows along: whoever holds the
checkpoint compares ``root`` with it, and then knows that these were the log's entries.

Kept are, as measured for a million of each: 62 MB for chains, 163 MB at most for ``ledger.heads`` over them, 17 MB for
trace codes, 25 MB for lots; 32 bytes for every 256 entries, a few hundred for each key, 20 MB for the newest leaves.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from ledger import b64u, entry, merkle
from ledger.canonical import MAX_INTEGER
from ledger.entry import Entry
from ledger.errors import BadProof, LedgerError, Malformed, NotAllowed
from ledger.heads import Heads
from ledger.identity import ChainId, StatementHash, TraceCode, trace_code
from ledger.keys import KeyId, PublicKey
from ledger.merkle import HASH_SIZE, Hash, leaf_hash
from ledger.packed import Chains, Packed
from ledger.registry import KINDS, Registry
from ledger.statement import Statement, parse, to_ms
from ledger.tiles import HEIGHT, WIDTH, Frontier, TileId, TileReader, expand, tile_path


class Fault(NamedTuple):
    """What is wrong at which log index, and why.

    ``check`` is one of log, statement, signature, registry, notebook, seen, names, heads, entry; ``what`` the chain of
    an entry, else the statement's hash, and empty where it can't be read.
    """

    check: str
    at: int
    what: str
    error: LedgerError


Verify = Callable[[int, Statement, PublicKey], None]
"""Checks a statement's signature, now or later; raises BadSignature or tells of it in its own way."""

Leaves = Callable[[int], Sequence[Hash]]
"""The 256 hashes of a full tile of level 0, by its index. They are held against the tree before they are used."""

AT_HAND = 1 << 16
"""How many of the newest leaves are kept, so that roots seen lately need no tile."""

KEPT = 64
"""How many tiles are kept that were fetched for roots seen long ago."""

KEPT_ROOTS = 1 << 14

_received = re.compile(rb'"received":(0|[1-9][0-9]{0,15}),').search

T = TypeVar("T")


def verify_now(index: int, statement: Statement, key: PublicKey) -> None:
    """Raises BadSignature."""
    statement.verify(key)


class Replay:
    """The walk over the log ``origin`` that ``log.open`` on the chain ``root`` began; ``follow`` takes what comes next.

    ``code`` names a chain; another than the real one serves tests, which can't wait for two chains of one code.
    """

    def __init__(
        self,
        origin: str,
        root: ChainId,
        failed: Callable[[Fault], None],
        leaves: Leaves,
        verify: Verify = verify_now,
        code: Callable[[ChainId], TraceCode] = trace_code,
    ) -> None:
        self.registry = Registry(origin)
        self.statements = 0
        """How many went in."""
        self._root = root
        self._failed = failed
        self._leaves = leaves
        self._verify = verify
        self._code = code
        self._received = 0
        self._chains = Chains()
        self._notebooks: dict[KeyId, tuple[int, StatementHash, int]] = {}
        self._codes = Packed(9)
        self._lots = Packed(16)
        self._heads = Heads()
        self._tree = Frontier()
        self._filled: dict[int, bytearray] = {}
        self._tiles = TileReader(self._fetch, KEPT)
        self._roots: dict[int, str] = {}
        self._known: Mapping[int, Hash] = {}

    @property
    def size(self) -> int:
        """How many entries went in."""
        return self._tree.size

    @property
    def root(self) -> Hash:
        """The root over them (RFC 6962 §2.1)."""
        return self._tree.root()

    def follow(
        self,
        entries: Iterable[bytes],
        statements: Iterable[tuple[int, str]],
        known: Mapping[int, Hash] = MappingProxyType({}),
    ) -> None:
        """Take the entries from ``size`` on, and the statements among them by first index, ascending.

        Both are taken as they come and end together, where a statement ends. Iterating may raise what it likes, and
        may put into ``known`` the leaf hash of an entry that is damaged, where a tile still has it: with it chains
        and tree go on as if the entry were whole.
        """
        linked, stated = _Ahead(iter(entries)), _Ahead(iter(statements))
        self._known = known
        while linked:
            first = self.size
            self._extra(stated, first - 1)
            here = next(stated.take(1)) if stated and stated.next[0] == first else None
            self._extra(stated, first)
            end = stated.next[0] if stated else MAX_INTEGER
            if here is None:
                self._tell("statement", first, "", Malformed("absent", path="statement"))
            statement = self._read(*here) if here is not None else None
            if statement is None:
                self._pass(linked, end)
            else:
                self._take(statement, first, list(_entries_of(statement, linked, first, end)))
            if self._tree.size - self._tree.at_hand > AT_HAND:
                self._settle()
        self._extra(stated, MAX_INTEGER)

    def _extra(self, stated: "_Ahead[tuple[int, str]]", last: int) -> None:
        """Statements up to this index that nothing is left for."""
        for index, _ in stated.take_while(lambda told: told[0] <= last):
            self._tell("statement", index, "", Malformed("extra", path="statement"))

    # --- a statement ---------------------------------------------------------------------------------------------

    def _read(self, index: int, jws: str) -> Statement | None:
        self.statements += 1
        try:
            return parse(jws)
        except LedgerError as error:
            self._tell("statement", index, "", error)
            return None

    def _take(self, statement: Statement, first: int, entries: Sequence[bytes]) -> None:
        may = self._holds("registry", self._check_signer, statement, first)
        self._holds("log", self._check_root, statement, first)
        self._holds("signature", self._check_signature, statement, first)
        # Also a statement that breaks its notebook is what the key's next one goes on from.
        seen = statement.seen[0] if statement.seen and self._holds("seen", self._check_seen, statement, first) else 0
        self._holds("notebook", self._check_notebook, statement, first)
        self._notebooks[statement.kid] = (statement.n, statement.hash, seen)
        self._holds("names", self._check_names, statement, first)
        if statement.kind == "log.heads" and may:
            self._holds("heads", self._check_heads, statement, first)
        self._link(statement, first, entries)
        if may:
            self.registry.apply(statement, first, self._received)

    def _tell(self, check: str, index: int, what: str, error: LedgerError) -> None:
        self._failed(Fault(check, index, what, error))

    def _holds(self, name: str, check: Callable[[Statement, int], None], statement: Statement, first: int) -> bool:
        try:
            check(statement, first)
        except LedgerError as error:
            self._tell(name, first, statement.hash, error)
            return False
        return True

    def _check_signer(self, statement: Statement, first: int) -> None:
        self.registry.authorise(statement)

    def _check_root(self, statement: Statement, first: int) -> None:
        if first == 0 and self._root not in statement.created:
            raise NotAllowed("changed", path="root", has=statement.hash, wanted=self._root)

    def _check_signature(self, statement: Statement, first: int) -> None:
        known = self.registry.keys.get(statement.kid)
        # An unknown key was told of with its right to sign, and so was a revoked one, which can still be verified.
        key = known.public if known is not None else self._opening_key(statement)
        if key is None:
            return
        if statement.alg != key.alg:
            raise Malformed("header", path="header", has=statement.alg, wanted=key.alg)
        self._verify(first, statement, key)

    def _opening_key(self, statement: Statement) -> PublicKey | None:
        try:
            return self.registry.key_of(statement)
        except LedgerError:
            return None

    def _check_notebook(self, statement: Statement, first: int) -> None:
        n, hash_, seen = self._notebooks.get(statement.kid, (-1, None, 0))
        if statement.n != n + 1:
            raise Malformed("notebook-gap", path="n", has=statement.n, wanted=n + 1)
        if statement.after != hash_:
            raise Malformed("notebook-gap", path="after", has=statement.after or "–", wanted=hash_ or "–")
        size = statement.seen[0] if statement.seen else 0
        if size < seen:
            raise Malformed("seen-falls", path="seen.size", has=size, wanted=seen)

    def _check_seen(self, statement: Statement, first: int) -> None:
        size, root = statement.seen or (0, "")
        if size > first or self._root_at(size) != root:
            raise Malformed("seen-other", path="seen", has=size, wanted=first)

    def _check_names(self, statement: Statement, first: int) -> None:
        if statement.kind in KINDS:
            gtin = statement.body.get("gtin")
            if isinstance(gtin, str) and gtin.zfill(14) in self.registry.gtins:
                raise NotAllowed("gtin-taken", path="body.gtin", has=gtin)
            return
        for place, chain in enumerate(statement.created):
            code = self._code(chain)
            if not self._codes.add(int(code).to_bytes(9)):
                raise NotAllowed("code-taken", path=f"body.outputs[{place}]", has=code)
        for place, output in enumerate(statement.body.get("outputs", ())):
            if "lot" in output and not self._lots.add(_lot(output)):
                raise NotAllowed("lot-taken", path=f"body.outputs[{place}].lot", has=str(output["lot"]))

    def _check_heads(self, statement: Statement, first: int) -> None:
        self._heads.check(statement.body, to_ms(statement.at))

    # --- its entries ---------------------------------------------------------------------------------------------

    def _link(self, statement: Statement, first: int, entries: Sequence[bytes]) -> None:
        leaves = []
        received = next((int(found[1]) for found in map(_received, entries) if found), self._received)
        for place, chain in enumerate(statement.targets[: len(entries)]):
            data, index = entries[place], first + place
            leaf = self._leaf(index, data)
            leaves.append(leaf)
            last = self._chains.last(chain)
            if last is None and place < len(statement.on):
                self._tell("entry", index, chain, Malformed("unknown-chain", path="on", has=chain))
            seq, prev = (last[0] + 1, b64u.encode(last[1])) if last is not None else (0, None)
            wanted = Entry(chain, prev, received, seq, statement.hash)
            if data != wanted.text().encode():
                seq = self._compare(index, chain, data, wanted)
            elif received < self._received:
                falls = Malformed("time-falls", path="received", has=received, wanted=self._received)
                self._tell("entry", index, chain, falls)
            self._chains.put(chain, seq, leaf)
            self._heads.add(chain, leaf, seq, received)
        self._received = max(received, self._received)
        for place in range(len(entries), len(statement.targets)):
            self._tell("entry", first + place, statement.targets[place], Malformed("absent", path="entry"))
        self._tree.extend(leaves)

    def _leaf(self, index: int, data: bytes) -> Hash:
        return self._known.get(index) or leaf_hash(data)

    def _compare(self, index: int, chain: ChainId, data: bytes, wanted: Entry) -> int:
        """What is wrong with an entry; the seq with which the chain goes on."""
        try:
            has = entry.parse(data.decode("utf-8", "replace"))
        except LedgerError as error:
            self._tell("entry", index, chain, error)
            return wanted.seq
        name = next(name for name in Entry.__slots__ if getattr(has, name) != getattr(wanted, name))
        one, other = str(getattr(has, name)), str(getattr(wanted, name))
        self._tell("entry", index, chain, Malformed("changed", path=name, has=one, wanted=other))
        return has.seq if has.chain == chain else wanted.seq

    def _pass(self, linked: "_Ahead[bytes]", end: int) -> None:
        """Entries of a statement that can't be read, at least one: as long as they name the same, up to ``end``."""
        stated = None
        while linked and self.size < end:
            try:
                has = entry.parse(linked.next.decode("utf-8", "replace"))
            except LedgerError as error:
                if stated is None:
                    self._tell("entry", self.size, "", error)
                    self._tree.append(self._leaf(self.size, next(linked.take(1))))
                    self._heads.skip()
                return
            if stated not in (None, has.statement):
                return
            stated = has.statement
            last = self._chains.last(has.chain)
            wanted = (last[0] + 1, b64u.encode(last[1])) if last is not None else (0, None)
            if (has.seq, has.prev) != wanted:
                changed = Malformed("changed", path="prev", has=has.prev or "–", wanted=wanted[1] or "–")
                self._tell("entry", self.size, has.chain, changed)
            leaf = self._leaf(self.size, next(linked.take(1)))
            self._chains.put(has.chain, has.seq, leaf)
            self._heads.add(has.chain, leaf, has.seq, has.received)
            self._tree.append(leaf)
            self._received = max(self._received, has.received)

    # --- roots of before -----------------------------------------------------------------------------------------

    def _root_at(self, size: int) -> str:
        if size not in self._roots:
            if len(self._roots) >= KEPT_ROOTS:
                self._roots.clear()
            stored = self._tiles.at(self.size)
            self._roots[size] = b64u.encode(merkle.root(size, self._tree.nodes(stored)))
        return self._roots[size]

    def _settle(self) -> None:
        """Let the leaves go; of each full tile its root stays, by which it is known again."""
        for level, _, hash_ in self._tree.completed():
            self._filled.setdefault(level, bytearray()).extend(hash_)
        self._tree.settle()

    def _fetch(self, wanted: list[TileId]) -> list[list[Hash]]:
        found = []
        for tile in wanted:
            if tile.level:
                hashes = self._stored(tile.level, tile.index * WIDTH, WIDTH)
            else:
                hashes = list(self._leaves(tile.index))
                if expand(hashes)[HEIGHT] != self._stored(1, tile.index, 1):
                    raise BadProof("tile-other", path=tile_path(tile))
            found.append(hashes)
        return found

    def _stored(self, level: int, first: int, count: int) -> list[Hash]:
        row = self._filled[level]
        return [
            Hash(bytes(row[at : at + HASH_SIZE])) for at in range(first * HASH_SIZE, (first + count) * HASH_SIZE, 32)
        ]


class _Ahead(Generic[T]):
    """An iterator with a look at what comes next; true while there is something."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._held = deque[T]()

    def __bool__(self) -> bool:
        if not self._held:
            self._held.extend(islice(self._items, 1))
        return bool(self._held)

    @property
    def next(self) -> T:
        return self._held[0]

    def take(self, count: int) -> Iterator[T]:
        while count and self:
            count -= 1
            yield self._held.popleft()

    def take_while(self, wanted: Callable[[T], bool]) -> Iterator[T]:
        while self and wanted(self.next):
            yield self._held.popleft()


def _entries_of(statement: Statement, linked: _Ahead[bytes], first: int, end: int) -> Iterator[bytes]:
    """One for each target; where the next statement is said to begin before, only as far as they name this one."""
    named = statement.hash.encode()
    for index in range(first, first + len(statement.targets)):
        if not linked or (index >= end and named not in linked.next):
            return
        yield from linked.take(1)


def _lot(output: Any) -> bytes:
    """What stands for a product's lot. Bodies are held to their kinds at admission alone: these may be anything."""
    return sha256(f"{output.get('product')}\n{output['lot']}".encode()).digest()[:16]
