"""The audit: everything stored, checked again from the bytes in the order of the log.

One walk over the statements brings, for each: its row against its JWS, key and role at its place (format §7), its
fields, its notebook, what its signer had seen, its sealed fields, its entries in their chains and, where a commit
ended, the tree, its tile hashes and the signed checkpoint. Signatures are verified beside it; the projections are
recomputed along the way and compared at the end. Nothing is kept but the edges: of the tree, of each notebook, of
the chains met lately; memory stays flat however long the log is.

A bad record is named and walked past, with the least that follows from it: of a bad entry the signed root says
which hash was the right one, so that its damage ends with its commit.
"""

import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from app.attachments.store import Store
from app.audit.heads import DailyHeads
from app.audit.losses import Losses, check_files
from app.audit.projections import Shadow
from app.audit.report import Report, Tally
from app.audit.rows import Ahead, pages, raw, said, select_raw, stream
from app.audit.signatures import Signatures, Signed
from app.audit.tree import Tree
from app.audit.witnessed import check_witnessed
from app.errors import Stopped
from app.stored import chunks
from app.tables import checkpoints, disclosures, entries, logs, statements
from ledger import b64u, records
from ledger.checkpoint import open_checkpoint
from ledger.entry import Entry
from ledger.errors import LedgerError, Malformed, NotAllowed
from ledger.identity import ChainId, StatementHash
from ledger.keys import KeyId
from ledger.merkle import EMPTY_ROOT, Hash
from ledger.policy import Pin
from ledger.registry import KINDS as REGISTRY_KINDS
from ledger.registry import Registry
from ledger.statement import Statement, open_sealed, parse

PAGE = 500
"""How many statements are read ahead together."""

BESIDE = 5000
"""From how many entries on signatures are worth processes of their own."""

REMEMBERED = 100_000
"""How many chains' last entries are kept at hand."""

Progress = Callable[[int, int], None]


def audit(
    engine: Engine,
    pin: Pin,
    locked: str | None = None,
    progress: Progress = lambda done, size: None,
    store: Store | None = None,
) -> Report:
    """Check the log of ``pin`` in a database against the pin and ``locked``, the note that the lock held beforehand.

    With ``store`` the files that statements name are hashed again as well.
    Raises whatever the database raises where it can't be read at all.
    """
    tally = Tally()
    with engine.connect() as connection, tempfile.TemporaryDirectory(prefix="gengji-audit-") as folder:
        log_id = connection.execute(select(logs.c.log_id).where(logs.c.origin == pin.origin)).scalar()
        if log_id is None:
            tally.fail("log", "logs", pin.origin, 0, "absent")
            return tally.report(pin.origin, 0, b64u.encode(EMPTY_ROOT))
        auditor = Auditor(connection, log_id, pin, tally, folder, progress)
        auditor.run(locked)
        if store is not None:
            check_files(engine, connection, log_id, store, tally)
        _check_file(connection, tally, auditor.size)
        return tally.report(pin.origin, auditor.size, b64u.encode(auditor.root))


def _check_file(connection: Connection, tally: Tally, size: int) -> None:
    """An index that was bent leads look-ups to another row, though every row is as it was: SQLite knows its own."""
    if connection.dialect.name == "sqlite":
        told = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if told != "ok":
            tally.fail("database", "database", "integrity_check", size, "database-damaged", has=told)


class Auditor:
    """One audit of one log, in one transaction: what the service writes meanwhile is not looked at."""

    def __init__(
        self,
        connection: Connection,
        log_id: int,
        pin: Pin,
        tally: Tally,
        folder: str,
        progress: Progress,
    ) -> None:
        self.size = 0
        self._connection = connection
        self._log_id = log_id
        self._pin = pin
        self._tally = tally
        self._progress = progress
        self._goal = _goal(connection, log_id)
        self._registry = Registry(pin.origin)
        self._signatures = Signatures(self._bad_signature, beside=self._goal > BESIDE)
        self._tree = Tree(connection, log_id, pin.policy, tally, self._signatures.add, Path(folder))
        self._shadow = Shadow(connection, log_id, folder, self._registry, tally)
        self._entries = Ahead(stream(connection, select_raw(entries, log_id)))
        self._disclosures = Ahead(stream(connection, select_raw(disclosures, log_id)))
        self._losses = Losses(connection, log_id, tally)
        self._daily = DailyHeads(connection, log_id)
        self._heads: OrderedDict[ChainId, tuple[int, bytes]] = OrderedDict()
        self._notebooks: dict[KeyId, tuple[int, StatementHash, int]] = {}
        self._received = 0

    @property
    def root(self) -> Hash:
        return self._tree.root

    def run(self, locked: str | None) -> None:
        try:
            for page in pages(self._connection, select_raw(statements, self._log_id), PAGE):
                self._page(page)
                self._progress(self.size, self._goal)
            self._orphans(None)
            for row in self._disclosures.rest():
                self._fail_disclosure(row)
            self._losses.close(self.size)
            self._tree.close(self.size)
            check_witnessed(
                self._connection, self._log_id, self._pin.policy, self._tally, self._signatures.add, self._tree.root_at
            )
            self._check_lock(locked)
            self._shadow.compare()
            self._tally.suspect = self._count_suspect()
        finally:
            self._signatures.close()
            self._tree.free()
            self._shadow.close()

    # --- the walk ------------------------------------------------------------------------------------------------

    def _page(self, page: Sequence[Row[Any]]) -> None:
        read = [self._read(row) for row in page]
        known = [statement for statement in read if statement is not None]
        self._remember(known)
        self._shadow.open(known, self.size)
        for row, statement in zip(page, read, strict=True):
            self._take(row, statement)
        self._shadow.write()
        while len(self._heads) > REMEMBERED:
            self._heads.popitem(last=False)

    def _read(self, row: Row[Any]) -> Statement | None:
        """The row's statement, unless its bytes are none any more; the columns have to be what it says."""
        self._tally.checked["statements"] += 1
        try:
            statement = parse(row.jws) if isinstance(row.jws, str) else None
            if statement is None:
                raise Malformed("jws", path="", has=type(row.jws).__name__, wanted="text")
        except LedgerError as error:
            self._fail("statement", row.first_index, error)
            return None
        if wrong := column_of(row, statement):
            self._fail("statement", row.first_index, wrong)
        return statement

    def _take(self, row: Row[Any], statement: Statement | None) -> None:
        first = row.first_index
        if not isinstance(first, int) or not self.size <= first < self._goal:
            self._fail("statement", first, "extra")
            return
        if first > self.size:
            self._orphans(first)
        sealed = self._sealed(first)
        if statement is not None:
            allowed = self._check(statement, first, sealed)
            received = self._link(statement.targets, row, statement, first)
            self._shadow.post(statement, first, received)
            if allowed:
                self._registry.apply(statement, first, received)
        else:
            self._link(None, row, None, first)
        self._tree.reach(self.size)

    def _orphans(self, end: int | None) -> None:
        """Entries whose statement is not stored, up to ``end``."""
        if end is not None or self._entries.next is not None:
            self._fail("statement", self.size, "absent")
        taken = self._entries.below(end) if end is not None else self._entries.rest()
        for row in taken:
            if isinstance(row.log_index, int) and self.size <= row.log_index < self._goal:
                self._pass(row)
                self._tree.reach(self.size)
            else:
                self._fail_entry(row.log_index, "extra")
        if end is not None:
            self._pad(end)

    def _pad(self, end: int) -> None:
        """Entries that are not stored: their places stay empty."""
        while self.size < end:
            self._fail_entry(self.size, "absent")
            self._tree.add(EMPTY_ROOT)
            self._daily.skip()
            self.size += 1

    # --- a statement ---------------------------------------------------------------------------------------------

    def _check(self, statement: Statement, first: int, sealed: Sequence[Row[Any]]) -> bool:
        """Everything about a statement but its entries; True if it may stand where it stands."""
        check = "registry"
        allowed = False
        try:
            key = self._registry.key_of(statement)
            if statement.alg != key.alg:
                raise Malformed("header", path="header", has=statement.alg, wanted=key.alg)
            message, _, signature = statement.jws.rpartition(".")
            self._signatures.add(
                Signed("signature", "statements", first, first, key, b64u.decode(signature), message.encode())
            )
            self._registry.authorise(statement)
            allowed = True
            if first == 0 and self._pin.root not in statement.created:
                check = "log"
                raise NotAllowed("changed", path="root", has=self._registry.origin, wanted=self._pin.root)
            check = "notebook"
            self._check_notebook(statement)
            check = "seen"
            self._check_seen(statement, first)
            self._notebooks[statement.kid] = (
                statement.n,
                statement.hash,
                statement.seen[0] if statement.seen else 0,
            )
            if statement.kind == "log.heads":
                check = "heads"
                self._tally.checked["heads"] += 1
                self._daily.check(statement, first)
            if sealed or statement.sealed:
                check = "disclosure"
            opened = open_rows(statement, sealed)
            check = "record"
            self._check_record(statement, opened)
            self._losses.check(statement, first, sealed, opened)
        except LedgerError as error:
            table = "disclosures" if check == "disclosure" else "statements"
            key_ = f"{first}, {error.params.get('name', '–')}" if check == "disclosure" else first
            self._tally.fail(check, table, key_, first, error)
            if check in ("notebook", "seen"):
                self._notebooks[statement.kid] = (statement.n, statement.hash, 0)
        return allowed

    def _check_notebook(self, statement: Statement) -> None:
        n, hash_, _ = self._notebooks.get(statement.kid, (-1, None, 0))
        if statement.n != n + 1:
            raise Malformed("notebook-gap", path="n", has=statement.n, wanted=n + 1)
        if statement.after != hash_:
            raise Malformed("notebook-gap", path="after", has=statement.after or "–", wanted=hash_ or "–")

    def _check_seen(self, statement: Statement, first: int) -> None:
        before = self._notebooks[statement.kid][2] if statement.kid in self._notebooks else 0
        size, root = statement.seen or (0, "")
        if size < before:
            raise Malformed("seen-falls", path="seen.size", has=size, wanted=before)
        if size and (size > first or self._root_at(size) != root):
            raise Malformed("seen-other", path="seen", has=size, wanted=first)

    def _root_at(self, size: int) -> str | None:
        root = self._tree.root_at(size)
        return None if root is None else b64u.encode(root)

    def _sealed(self, first: int) -> list[Row[Any]]:
        """The statement's disclosures; those before it, left behind, belong to none."""
        for row in self._disclosures.below(first):
            self._fail_disclosure(row)
        found = []
        while (own := self._disclosures.at(first)) is not None:
            self._tally.checked["disclosures"] += 1
            found.append(own)
        return found

    def _check_record(self, statement: Statement, opened: dict[str, Any]) -> None:
        """The fields against their kind; a kind that is not known here is passed, the registry's were held already."""
        if statement.kind not in records.KINDS or statement.kind in REGISTRY_KINDS:
            return
        try:
            records.check(statement, opened)
        except Malformed as error:
            name = str(error.params.get("path", "")).removeprefix("body.")
            erased = len(opened) < len(statement.sealed) and name in records.SEALED
            if error.code != "missing" or not erased:
                raise

    def _bad_signature(self, signed: Signed) -> None:
        self._tally.fail(signed.check, signed.table, signed.number, signed.at, "signature")

    # --- its entries ---------------------------------------------------------------------------------------------

    def _remember(self, page: Sequence[Statement]) -> None:
        """Bring the heads of the chains that this page goes on from, as they were when it began."""
        wanted = {chain for statement in page for chain in statement.on} - self._heads.keys()
        columns = {column.name: column for column in raw(entries)}
        before = (entries.c.log_id == self._log_id) & (entries.c.log_index < self.size)
        for some in chunks(wanted):
            last = (
                select(func.max(entries.c.log_index)).where(before, entries.c.chain.in_(some)).group_by(entries.c.chain)
            )
            query = select(entries.c.chain, columns["seq"], columns["hash"]).where(
                entries.c.log_id == self._log_id, entries.c.log_index.in_(last)
            )
            self._heads.update({chain: (seq, hash_) for chain, seq, hash_ in self._connection.execute(query)})

    def _link(self, targets: Sequence[ChainId] | None, row: Row[Any], statement: Statement | None, first: int) -> int:
        """The statement's entries, one for each target (or all that name it); when it was received."""
        if targets is None:
            targets = []
            while self._entries.next is not None and self._entries.next.first_index == first:
                self._pass(self._entries.pop())
            return self._received
        hash_ = statement.hash if statement is not None else StatementHash("")
        for place, chain in enumerate(targets):
            index = first + place
            for extra in self._entries.below(index):
                self._fail_entry(extra.log_index, "extra")
            entry = self._entries.at(index)
            if entry is None:
                self._fail_entry(index, "absent")
                self._heads.pop(chain, None)
                self._tree.add(EMPTY_ROOT)
                self._daily.skip()
            else:
                self._entry(entry, chain, hash_, first, place)
            self.size = index + 1
        return self._received

    def _pass(self, entry: Row[Any]) -> None:
        """An entry without a statement to hold it against: its hash is taken as it is."""
        self._tally.checked["entries"] += 1
        self._pad(entry.log_index)
        self._heads.pop(chain := ChainId(said(entry.chain)), None)
        self._tree.add(Hash(entry.hash) if isinstance(entry.hash, bytes) else EMPTY_ROOT)
        self._daily.add(chain, entry.seq, entry.hash, entry.received)
        self.size = entry.log_index + 1
        self._received = entry.received if isinstance(entry.received, int) else self._received

    def _entry(self, entry: Row[Any], chain: ChainId, hash_: StatementHash, first: int, place: int) -> None:
        self._tally.checked["entries"] += 1
        seq, prev = self._heads.get(chain, (-1, None))
        seq += 1
        text = Entry(chain, b64u.encode(prev) if prev is not None else None, entry.received, seq, hash_).text()
        leaf = Hash(sha256(b"\x00" + text.encode()).digest())
        wanted = (entry.log_index, b64u.decode(chain), seq, prev, entry.received, first, leaf)
        if tuple(entry) != wanted:
            names = ("log_index", "chain", "seq", "prev", "received", "first_index", "hash")
            name, has, want = next(three for three in zip(names, entry, wanted, strict=True) if three[1] != three[2])
            if name == "hash" and not self._in_time(entry.received, first, place):
                name, has, want = "received", entry.received, self._received
            self._fail_entry(entry.log_index, "changed", path=name, has=said(has), wanted=said(want))
            self._tree.add(leaf, entry.hash if isinstance(entry.hash, bytes) else None)
            # If its own hash is that of another entry, what follows goes on from there: both are known to nobody.
            self._go_on(chain, seq, leaf if name != "received" else entry.hash, None)
            return
        if not self._in_time(entry.received, first, place):
            if place == 0 and entry.received > self._received:
                self._tree.missing(first)
            else:
                self._fail_entry(entry.log_index, "time-falls", has=entry.received, wanted=self._received)
        self._received = entry.received
        self._tree.add(leaf)
        self._go_on(chain, seq, leaf, entry.received)

    def _go_on(self, chain: ChainId, seq: int, hash_: bytes, received: int | None) -> None:
        self._heads[chain] = (seq, hash_)
        self._daily.add(chain, seq, hash_, received)

    def _in_time(self, received: object, first: int, place: int) -> bool:
        """The same within a commit, never less than before, and more only where a commit ended."""
        if received == self._received:
            return True
        ended = place == 0 and self._tree.covered == first
        return isinstance(received, int) and ended and received > self._received

    def _count_suspect(self) -> int:
        """How many statements a thief may have signed, as it is known at the end of the log."""
        count = 0
        stated = select(func.count()).select_from(
            statements.join(
                entries,
                (entries.c.log_id == statements.c.log_id) & (entries.c.log_index == statements.c.first_index),
            )
        )
        for kid in self._registry.keys:
            if (since := self._registry.suspect_since(kid)) is not None:
                count += self._connection.execute(
                    stated.where(
                        statements.c.log_id == self._log_id, statements.c.kid == kid, entries.c.received >= since
                    )
                ).scalar_one()
        return count

    # --- the lock ------------------------------------------------------------------------------------------------

    def _check_lock(self, locked: str | None) -> None:
        if locked is not None:
            self._tally.checked["lock"] += 1
            try:
                check_lock(locked, self._pin, self._tree.covered, self._root_at)
            except LedgerError as error:
                self._tally.fail("lock", "lock", self._pin.origin, self.size, error)

    # --- naming --------------------------------------------------------------------------------------------------

    def _fail(self, check: str, first: Any, error: LedgerError | str, **params: str | int) -> None:
        self._tally.fail(check, "statements", first, first if isinstance(first, int) else 0, error, **params)

    def _fail_entry(self, index: Any, code: str, **params: str | int) -> None:
        self._tally.fail("entry", "entries", index, index if isinstance(index, int) else 0, code, **params)

    def _fail_disclosure(self, row: Row[Any]) -> None:
        self._tally.checked["disclosures"] += 1
        at = row.first_index if isinstance(row.first_index, int) else 0
        self._tally.fail("disclosure", "disclosures", f"{row.first_index}, {row.name}", at, "extra")


def column_of(row: Row[Any], statement: Statement) -> Malformed | None:
    """The column of a statement's row that is not what its JWS says, as the error to tell."""
    signed = (
        b64u.decode(statement.hash),
        _bytes(statement.kid),
        statement.n,
        statement.kind,
        _bytes(statement.iss) if statement.iss else None,
    )
    stored = (row.hash, row.kid, row.n, row.kind, row.iss)
    if stored == signed:
        return None
    for name, has, wanted in zip(("hash", "kid", "n", "kind", "iss"), stored, signed, strict=True):
        if has != wanted:
            return Malformed("changed", path=name, has=said(has), wanted=said(wanted))
    return None


def open_rows(statement: Statement, sealed: Iterable[Row[Any]]) -> dict[str, Any]:
    """What stored disclosures open; one that is gone was erased, which breaks nothing. Raises Malformed."""
    opened: dict[str, Any] = {}
    for row in sealed:
        if not isinstance(row.disclosure, str):
            raise Malformed("disclosure", path=f"body.{row.name}", has=type(row.disclosure).__name__, name=row.name)
        try:
            ((name, (value, _)),) = open_sealed(statement, [row.disclosure]).items()
        except LedgerError as error:
            raise Malformed(error.code, **{**error.params, "name": str(row.name)}) from None
        audience = records.SEALED.get(name, "owner")
        for path, has, wanted in (("name", row.name, name), ("audience", row.audience, audience)):
            if has != wanted:
                raise Malformed("changed", path=path, has=str(has), wanted=wanted, name=str(row.name))
        if name in opened:
            raise Malformed("disclosure", path=f"body.{name}", has=row.disclosure[:40], name=name)
        opened[name] = value
    return opened


def check_lock(locked: str, pin: Pin, size: int, root_at: Callable[[int], str | None]) -> None:
    """The lock may be behind a database of this size, never ahead of it or beside it. Raises LedgerError."""
    held, _ = open_checkpoint(locked, pin.policy.signer(locked))
    if held.size > size:
        raise Stopped("database-behind", has=size, wanted=held.size)
    if held.size and root_at(held.size) != b64u.encode(held.root):
        raise Stopped("database-beside", has=size, wanted=held.size)


def _goal(connection: Connection, log_id: int) -> int:
    """Where the log should end: at its newest checkpoint, unless that is out of all proportion to what is there."""
    count: int = connection.execute(select(func.count()).where(entries.c.log_id == log_id)).scalar_one()
    newest = connection.execute(select(func.max(checkpoints.c.size)).where(checkpoints.c.log_id == log_id)).scalar()
    return max(count, newest) if isinstance(newest, int) and newest <= 2 * count + PAGE else count


_bytes = lru_cache(maxsize=4096)(b64u.decode)
