"""A device's notebook: every statement of one key, numbered, each naming the one before (format §3).

A statement is on the disk before anyone is told of it, and nothing leaves that is not; so a crash at any point
loses nothing, and no number is given out twice. ``state`` is what is known of its fate::

    waiting ──▶ receipted   the service took it, and its receipt holds against the pin
       │  └───▶ adopted     the service has it from this key, but this notebook had lost it
       ├──────▶ refused     it takes no number; ``retry`` signs it again
       └──────▶ replaced    signed again under another number, because one before it took none

Refused and replaced ones are kept, byte for byte: what was printed from them is void. Processes may share a
notebook; SQLite's write lock is what keeps them apart.
"""

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from clients.device import Device
from clients.draft import Draft, draft_of
from clients.errors import NoDevice
from clients.forgetting import Forgetting
from clients.heads import Head, Heads
from ledger import b64u, records
from ledger.canonical import MAX_INTEGER, dumps
from ledger.errors import BadProof, LedgerError
from ledger.identity import StatementHash
from ledger.receipt import Receipt
from ledger.receipt import parse as parse_receipt
from ledger.statement import Disclosure, Statement, open_sealed, parse, seal, sign
from ledger.statement import draft as payload_of

State: TypeAlias = Literal["waiting", "receipted", "adopted", "refused", "replaced"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS statements (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,
    n INTEGER NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    jws TEXT NOT NULL,
    disclosures TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'receipted', 'adopted', 'refused', 'replaced')),
    source TEXT,
    answer TEXT,
    again TEXT
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_number ON statements (n)
    WHERE state IN ('waiting', 'receipted', 'adopted');
CREATE INDEX IF NOT EXISTS waiting ON statements (n) WHERE state = 'waiting';
CREATE UNIQUE INDEX IF NOT EXISTS one_source ON statements (source) WHERE state <> 'replaced';
CREATE TABLE IF NOT EXISTS successors (old TEXT PRIMARY KEY, new TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS receipts (
    hash TEXT PRIMARY KEY REFERENCES statements (hash),
    first INTEGER NOT NULL,
    quorum INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS disputed (id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL, text TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
"""
ID_LENGTH = 43
_LIVE = "state IN ('waiting', 'receipted', 'adopted')"
_COLUMNS = "jws, disclosures, state, source, answer, again"


@dataclass(frozen=True)
class Kept:
    """A statement as the notebook has it; ``answer`` is what the service said, ``again`` what took its place."""

    statement: Statement
    disclosures: tuple[Disclosure, ...]
    state: State
    source: str | None = None
    answer: Mapping[str, Any] | None = None
    again: StatementHash | None = None

    @property
    def hash(self) -> StatementHash:
        return self.statement.hash


@dataclass(frozen=True)
class Examined:
    """A receipt that proves ``kept`` to be under ``head``, and the rest of what the service answered."""

    kept: Kept
    receipt: Receipt
    head: Head
    told: Mapping[str, Any]


class Notebook:
    """The notebook of ``device``. ``clock`` gives seconds since 1970; a thread needs a Notebook of its own."""

    def __init__(self, device: Device, clock: Callable[[], float] = time.time) -> None:
        self.device = device
        self._clock = clock
        path = device.folder / "notebook.sqlite"
        # It holds what is sealed: the file is the owner's alone, and so are those that SQLite puts beside it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
        # FULL, in WAL too: what a commit returned from survives a loss of power.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)
        self.heads = Heads(self._db, device.pin, device.folder)
        self.forgetting = Forgetting(self._db)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Notebook":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside is on the disk when this ends, all or none, for the price of one."""
        if self._db.in_transaction:
            yield
            return
        # The lock is taken before anything is read: no two processes see the same last number.
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # --- reading -----------------------------------------------------------------------------------------------------

    def __getitem__(self, hash_: StatementHash) -> Kept:
        for kept in self._select("hash = ?", hash_):
            return kept
        raise KeyError(hash_)

    def newest(self, hash_: StatementHash) -> Kept:
        """The statement, or what has been signed in its place since."""
        kept = self[hash_]
        while kept.again:
            kept = self[kept.again]
        return kept

    def of_source(self, source: str) -> Kept | None:
        """What was last stated from ``source``, whatever became of it."""
        return next(self._select("source = ? AND state <> 'replaced'", source), None)

    def all(self, *states: State) -> list[Kept]:
        """Everything in the order of signing, or what is in one of ``states``."""
        return [kept for kept in self._select("TRUE") if not states or kept.state in states]

    def outgoing(self, start: int | None = None, limit: int = -1) -> list[Kept]:
        """What waits to be sent, by number; with ``start`` everything from that number on."""
        if start is None:
            return list(self._select("state = 'waiting' ORDER BY n LIMIT ?", limit))
        return list(self._select(f"n >= ? AND {_LIVE} ORDER BY n LIMIT ?", start, limit))

    def settled(self) -> tuple[int, StatementHash | None]:
        """The number after the last that the service is known to have, and that last one's hash."""
        return self._after("state IN ('receipted', 'adopted')")

    def at(self, n: int) -> StatementHash | None:
        """The hash of this key's statement ``n``, as it now stands."""
        row = self._db.execute(f"SELECT hash FROM statements WHERE n = ? AND {_LIVE}", (n,)).fetchone()  # noqa: S608
        return StatementHash(row[0]) if row else None

    def receipt(self, hash_: StatementHash) -> Receipt | None:
        """The receipt, checked when it was stored."""
        row = self._db.execute("SELECT text FROM receipts WHERE hash = ?", (hash_,)).fetchone()
        return parse_receipt(row[0]) if row else None

    def provisional(self, below: int = MAX_INTEGER) -> list[Kept]:
        """What has a receipt, for an index ``below`` this one, that the policy's witnesses have not confirmed yet."""
        where = "hash IN (SELECT hash FROM receipts WHERE NOT quorum AND first < ?) ORDER BY n"
        return list(self._select(where, below))

    def confirmed(self) -> bool:
        """Whether every receipt has its quorum."""
        return self._db.execute("SELECT 1 FROM receipts WHERE NOT quorum LIMIT 1").fetchone() is None

    def disputed(self) -> list[tuple[StatementHash, str, str]]:
        """Receipts that did not hold, with the reason: evidence, if the log's key has signed them."""
        rows = self._db.execute("SELECT hash, text, reason FROM disputed ORDER BY id")
        return [(StatementHash(hash_), text, reason) for hash_, text, reason in rows]

    def _select(self, where: str, *values: str | int) -> Iterator[Kept]:
        order = "" if "ORDER" in where else " ORDER BY id"
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM statements WHERE {where}{order}", values)  # noqa: S608
        for jws, disclosures, state, source, answer, again in rows.fetchall():
            told = json.loads(answer) if answer else None
            yield Kept(parse(jws), tuple(json.loads(disclosures)), state, source, told, again)

    def _after(self, where: str) -> tuple[int, StatementHash | None]:
        row = self._db.execute(
            f"SELECT n, hash FROM statements WHERE {where} ORDER BY n DESC LIMIT 1"  # noqa: S608
        ).fetchone()
        return (row[0] + 1, StatementHash(row[1])) if row else (0, None)

    # --- signing -----------------------------------------------------------------------------------------------------

    def sign(self, drafts: Iterable[Draft]) -> list[Kept]:
        """Sign and keep them, all or none; what comes back is on the disk.

        A draft whose source was stated before is not stated again. Raises Malformed with the path of what a kind
        does not allow, NoDevice ``no-party`` before the device has one.
        """
        with self.together():
            return [self._known(draft) or self._append(draft.renamed(self._successor)) for draft in drafts]

    def payload(self, draft: Draft) -> tuple[dict[str, Any], list[Disclosure]]:
        """What would be signed now, with its disclosures; nothing is kept."""
        disclosures = [seal(name, value, secrets.token_bytes(16)) for name, value in draft.sealed.items()]
        n, after = self._after(_LIVE)
        if self.device.party is None:
            raise NoDevice("no-party", path=str(self.device.folder))
        payload = payload_of(
            log=self.device.pin.origin,
            kind=draft.kind,
            at=draft.at,
            body=draft.body,
            iss=self.device.party,
            iat=int(self._clock()),
            n=n,
            after=after,
            seen=self._claim(after),
            on=draft.on,
            for_=draft.for_,
            disclosures=disclosures,
        )
        return payload, disclosures

    def _claim(self, after: StatementHash | None) -> tuple[int, str] | None:
        """What ``seen`` says: never less than the statement before did, which another copy may have signed."""
        seen = self.heads.seen()
        own = (seen.size, b64u.encode(seen.root)) if seen else None
        before = self[after].statement.seen if after else None
        return max((claim for claim in (before, own) if claim), key=lambda claim: claim[0], default=None)

    def _known(self, draft: Draft) -> Kept | None:
        return self.of_source(draft.source) if draft.source is not None else None

    def _append(self, draft: Draft, instead_of: Kept | None = None) -> Kept:
        payload, disclosures = self.payload(draft)
        statement = sign(payload, self.device.key)
        while next(self._select("hash = ?", statement.hash), None):
            # Refused and stated again within one second: it must not be the same statement.
            payload["iat"] += 1
            statement = sign(payload, self.device.key)
        opened = open_sealed(statement, disclosures, complete=True)
        values = {name: value for name, (value, _) in opened.items()}
        records.check(statement, values)
        if (corrected := self._corrected(draft)) is not None:
            records.check_correction(statement, values, corrected)
        self._insert(statement, disclosures, "waiting", draft.source)
        if instead_of is not None:
            self._db.execute(
                "UPDATE statements SET place = (SELECT place FROM statements WHERE hash = ?) WHERE hash = ?",
                (instead_of.hash, statement.hash),
            )
            self._succeed(instead_of.statement, statement)
        return Kept(statement, tuple(disclosures), "waiting", draft.source)

    def _corrected(self, draft: Draft) -> Statement | None:
        named = draft.body.get("statement") if draft.kind == "correct" else None
        found = next(self._select("hash = ?", named), None) if isinstance(named, str) else None
        return found.statement if found else None

    def _insert(
        self, statement: Statement, disclosures: Sequence[Disclosure], state: State, source: str | None
    ) -> None:
        self._db.execute(
            "INSERT INTO statements (place, n, hash, jws, disclosures, state, source)"
            " SELECT coalesce(max(id), 0) + 1, ?, ?, ?, ?, ?, ? FROM statements",
            (statement.n, statement.hash, statement.jws, json.dumps(disclosures), state, source),
        )

    # --- what the service said ---------------------------------------------------------------------------------------

    def settle(self, hash_: StatementHash, answer: Mapping[str, Any]) -> Receipt:
        """``examine`` and ``keep`` one. Raises what was found wrong with it."""
        examined, error = self.examine([(hash_, answer)])
        if error:
            raise error
        self.keep(*examined)
        return examined[0].receipt

    def examine(
        self, answers: Iterable[tuple[StatementHash, Mapping[str, Any]]]
    ) -> tuple[list[Examined], LedgerError | None]:
        """Check the receipts in the service's answers, in order, up to the first that does not hold.

        With that one's error: BadProof, BadSignature or Malformed, where it proves another statement, comes from
        another log, contradicts an earlier receipt or gives an index that was taken long ago. It is kept as disputed.
        Whether the log at their heads is still the one that was seen before is for ``clients.following``.
        """
        good: list[Examined] = []
        for hash_, answer in answers:
            kept, given = self[hash_], answer.get("receipt")
            try:
                receipt = parse_receipt(dumps(given))
                head = self._check(kept.statement, receipt, good[-1].receipt.entries[0].index if good else None)
            except LedgerError as error:
                self.dispute(hash_, given, error)
                return good, error
            told = {name: value for name, value in answer.items() if name != "receipt"}
            good.append(Examined(kept, receipt, head, told))
        return good, None

    def keep(self, *examined: Examined) -> None:
        """These statements have their receipts: from now on they are settled."""
        with self.together():
            for one in examined:
                hash_ = one.kept.hash
                if self[hash_].state in ("refused", "replaced"):
                    # It was given up too early, by a no that was not the service's.
                    self.adopt([one.kept.statement])
                self._db.execute(
                    "INSERT INTO receipts (hash, first, quorum, text) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (hash) DO UPDATE SET quorum = excluded.quorum, text = excluded.text"
                    " WHERE excluded.quorum >= quorum",
                    (hash_, one.receipt.entries[0].index, one.head.quorum, one.receipt.text()),
                )
                self._db.execute(
                    "UPDATE statements SET state = 'receipted', answer = ? WHERE hash = ?",
                    (json.dumps(one.told, ensure_ascii=False), hash_),
                )

    def dispute(self, hash_: StatementHash, given: Any, error: LedgerError) -> None:
        """Keep what came in place of a receipt that holds."""
        self._db.execute(
            "INSERT INTO disputed (hash, text, reason) VALUES (?, ?, ?)",
            (hash_, json.dumps(given, ensure_ascii=False), error.code),
        )

    def _check(self, statement: Statement, receipt: Receipt, before: int | None) -> Head:
        """``before`` is the first index of the statement that was stated last before this one, if it is at hand."""
        policy = self.device.pin.policy
        head = self.heads.open(receipt.checkpoint)
        receipt.check(statement, policy.signer(receipt.checkpoint), policy.witness_keys)
        earlier = self.receipt(statement.hash)
        if earlier and [(p.index, p.entry) for p in earlier.entries] != [(p.index, p.entry) for p in receipt.entries]:
            raise BadProof("receipt-moved", path="entries", has=receipt.entries[0].index)
        first, claimed = receipt.entries[0].index, statement.seen[0] if statement.seen else 0
        if before is None:
            row = self._db.execute(
                f"SELECT first FROM statements JOIN receipts USING (hash) WHERE n < ? AND {_LIVE}"  # noqa: S608
                " ORDER BY n DESC LIMIT 1",
                (statement.n,),
            ).fetchone()
            before = row[0] if row else -1
        least = max(claimed, before + 1)
        if first < least:
            raise BadProof("rollback", path="entries[0].index", has=first, wanted=least)
        return head

    def refuse(self, hash_: StatementHash, problem: Mapping[str, Any]) -> list[Kept]:
        """Take a waiting statement out, and those that name it or what it creates; sign all others behind it again.

        Gives those that are refused now, the first for its ``problem``, the others because they hang on it. Nothing
        happens to one that no longer waits.
        """
        with self.together():
            kept = self[hash_]
            if kept.state != "waiting":
                return []
            behind = self.outgoing(kept.statement.n + 1)
            self._set(kept, "refused", problem)
            refused, gone = [kept], {kept.hash, *kept.statement.created}
            staying = []
            for one in behind:
                if draft_of(one.statement, one.disclosures).mentions(gone):
                    self._set(one, "refused", {"code": "hangs-on", "params": {"has": hash_}})
                    refused.append(one)
                    gone |= {one.hash, *one.statement.created}
                else:
                    self._set(one, "replaced")
                    staying.append(one)
            self._sign_again(staying)
            return [self[one.hash] for one in refused]

    def retry(self, hashes: Iterable[StatementHash]) -> list[Kept]:
        """Sign refused statements again, in their order, as the newest; the refused bytes stay, as replaced."""
        wanted = set(hashes)
        with self.together():
            refused = [kept for kept in self._select("state = 'refused' ORDER BY place") if kept.hash in wanted]
            for kept in refused:
                self._set(kept, "replaced", kept.answer)
            return self._sign_again(refused)

    def adopt(self, statements: Sequence[Statement]) -> None:
        """Take in what the service has of this key after ``settled()``, each verified as our own signature.

        What waited here under their numbers is signed again behind them. Raises BadProof ``notebook-fork`` where
        they do not continue this notebook, BadSignature for what this key has not signed.
        """
        with self.together():
            n, after = self.settled()
            waiting = self.outgoing()
            for statement in statements:
                statement.verify(self.device.key.public)
                if (statement.n, statement.after) != (n, after) or statement.log != self.device.pin.origin:
                    raise BadProof("notebook-fork", path=f"n {statement.n}", has=statement.hash)
                n, after = n + 1, statement.hash
            # What waits and is there already was taken and its answer lost: sent again, it gets its receipt.
            same = 0
            for one, statement in zip(waiting, statements, strict=False):
                if one.hash != statement.hash:
                    break
                same += 1
            if same == len(statements):
                return
            displaced = waiting[same:]
            for one in displaced:
                self._set(one, "replaced")
            stated = {self._adopt(statement) for statement in statements[same:]}
            self._sign_again([one for one in displaced if one.hash not in stated])

    def _adopt(self, statement: Statement) -> StatementHash:
        """Gives the hash of what had taken this one's place here, which then has nothing more to state."""
        known = next(self._select("hash = ?", statement.hash), None)
        if known is None:
            self._insert(statement, (), "adopted", None)
            return statement.hash
        last = self.newest(known.hash)
        self._succeed(last.statement, statement)
        # It stands for itself again, and ends the line of its successors.
        self._db.execute("UPDATE statements SET state = 'adopted', again = NULL WHERE hash = ?", (known.hash,))
        self._db.executemany("DELETE FROM successors WHERE old = ?", [(one,) for one in _ids(statement)])
        return last.hash

    def _sign_again(self, replaced: Iterable[Kept]) -> list[Kept]:
        return [
            self._append(draft_of(kept.statement, kept.disclosures, kept.source).renamed(self._successor), kept)
            for kept in replaced
        ]

    def _succeed(self, old: Statement, new: Statement) -> None:
        self._db.execute("UPDATE statements SET again = ? WHERE hash = ?", (new.hash, old.hash))
        self._db.executemany("INSERT OR REPLACE INTO successors VALUES (?, ?)", zip(_ids(old), _ids(new), strict=True))

    def _successor(self, text: str) -> str:
        """For an id of what was signed again, or of what that created, the one that stands in its place now."""
        while len(text) == ID_LENGTH:
            row = self._db.execute("SELECT new FROM successors WHERE old = ?", (text,)).fetchone()
            if row is None:
                break
            text = row[0]
        return text

    def _set(self, kept: Kept, state: State, answer: Mapping[str, Any] | None = None) -> None:
        self._db.execute(
            "UPDATE statements SET state = ?, answer = ? WHERE hash = ?",
            (state, json.dumps(answer, ensure_ascii=False) if answer else None, kept.hash),
        )


def _ids(statement: Statement) -> tuple[str, ...]:
    return (statement.hash, *statement.created)
