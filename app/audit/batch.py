"""One batch checked again from the stored bytes, as a stranger would from its bundle (format §8).

Gathered are the chains of the batch, of its ancestors, of the root and of every party involved, whole, and then held
in the order of the log against what they say of each other, against the tree, and the tree against the newest signed
checkpoint. It takes milliseconds, so a person may press the button as often as they like.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from app import stored
from app.audit.report import Report, Tally
from app.audit.rows import raw, said
from app.audit.signatures import Signed, verify
from app.audit.tree import read_checkpoint
from app.audit.verify import check_lock, column_of, open_rows
from app.stored import chunks
from app.tables import checkpoints, disclosures, entries, statements
from ledger import b64u
from ledger.checkpoint import Checkpoint
from ledger.entry import Entry
from ledger.errors import BadSignature, LedgerError, Malformed, NotAllowed
from ledger.identity import ChainId
from ledger.keys import KeyId
from ledger.merkle import EMPTY_ROOT, Hash, Nodes, inclusion_proof, verify_inclusion
from ledger.policy import Pin
from ledger.registry import Registry
from ledger.statement import Statement, parse


def verify_batch(engine: Engine, log_id: int, pin: Pin, chain: ChainId, locked: str | None = None) -> Report:
    """Everything that ``chain`` rests on; ``locked`` is the note that the lock held beforehand."""
    with engine.connect() as connection:
        return _Batch(connection, log_id, pin).run(chain, locked)


class _Batch:
    def __init__(self, connection: Connection, log_id: int, pin: Pin) -> None:
        self._connection = connection
        self._log_id = log_id
        self._pin = pin
        self._tally = Tally()
        self._registry = Registry(pin.origin)
        self._entries: dict[ChainId, list[Row[Any]]] = {}
        self._rows: dict[int, Row[Any]] = {}
        self._statements: dict[int, Statement] = {}
        self._notebooks: dict[KeyId, Statement] = {}
        self._received: dict[int, int] = {}

    def run(self, chain: ChainId, locked: str | None) -> Report:
        head = self._head(locked)
        self._gather([chain, self._pin.root])
        self._check_statements()
        self._tally.suspect = sum(
            self._registry.suspect(statement.kid, self._received.get(index, 0))
            for index, statement in self._statements.items()
        )
        nodes = stored.nodes(self._connection, self._log_id, head.size)
        for each, rows in self._entries.items():
            self._check_chain(each, rows, head, nodes)
        return self._tally.report(self._pin.origin, head.size, b64u.encode(head.root))

    # --- gathering -----------------------------------------------------------------------------------------------

    def _head(self, locked: str | None) -> Checkpoint:
        """The newest checkpoint, signed and not behind the lock."""
        query = select(*raw(checkpoints)).where(checkpoints.c.log_id == self._log_id)
        row = self._connection.execute(query.order_by(checkpoints.c.size.desc()).limit(1)).first()
        if row is None:
            self._tally.fail("checkpoint", "checkpoints", 0, 0, "absent")
            return Checkpoint(self._pin.origin, 0, EMPTY_ROOT)
        self._tally.checked["checkpoints"] += 1
        head = Checkpoint(self._pin.origin, 0, EMPTY_ROOT)
        try:
            head, signatures = read_checkpoint(row, self._pin.policy)
            if verify([signed.plain for signed in signatures]):
                raise BadSignature("signature")
            if locked is not None:
                check_lock(locked, self._pin, head.size, self._root_at)
        except LedgerError as error:
            self._tally.fail("checkpoint", "checkpoints", row.size, row.size, error)
        return head

    def _root_at(self, size: int) -> str | None:
        query = select(*raw(checkpoints)).where(checkpoints.c.log_id == self._log_id, checkpoints.c.size == size)
        row = self._connection.execute(query).first()
        return None if row is None else said(row.root)

    def _gather(self, chains: Iterable[ChainId]) -> None:
        """The chains, and those that their statements rest on, until there are no more."""
        wanted = set(chains)
        while wanted:
            rows = self._of_chains(wanted)
            self._entries.update({chain: [] for chain in wanted})
            for row in rows:
                self._entries[ChainId(said(row.chain))].append(row)
            new = self._read({row.first_index for row in rows if isinstance(row.first_index, int)})
            wanted = {chain for statement in new for chain in _rests_on(statement, self._entries)}
            wanted -= self._entries.keys()

    def _of_chains(self, chains: Iterable[ChainId]) -> list[Row[Any]]:
        query = select(*raw(entries)).where(entries.c.log_id == self._log_id).order_by(entries.c.seq)
        return [
            row for some in chunks(chains) for row in self._connection.execute(query.where(entries.c.chain.in_(some)))
        ]

    def _read(self, indexes: set[int]) -> list[Statement]:
        new = []
        query = select(*raw(statements)).where(statements.c.log_id == self._log_id)
        for some in chunks(indexes - self._rows.keys()):
            for row in self._connection.execute(query.where(statements.c.first_index.in_(some))):
                self._rows[row.first_index] = row
                self._tally.checked["statements"] += 1
                try:
                    if not isinstance(row.jws, str):
                        raise Malformed("jws", path="", has=type(row.jws).__name__, wanted="text")
                    self._statements[row.first_index] = statement = parse(row.jws)
                except LedgerError as error:
                    self._fail("statement", row.first_index, error)
                else:
                    new.append(statement)
        return new

    # --- statements ----------------------------------------------------------------------------------------------

    def _check_statements(self) -> None:
        sealed = self._sealed()
        rows = [row for rows in self._entries.values() for row in rows]
        self._received = {row.first_index: row.received for row in rows if isinstance(row.received, int)}
        for index in sorted(self._statements):
            statement = self._statements[index]
            if wrong := column_of(self._rows[index], statement):
                self._fail("statement", index, wrong)
            check = "registry"
            try:
                key = self._registry.key_of(statement)
                self._registry.authorise(statement)
                self._registry.apply(statement, index, self._received.get(index, 0))
                check = "log"
                if index == 0 and self._pin.root not in statement.created:
                    raise NotAllowed("changed", path="root", has=self._pin.origin, wanted=self._pin.root)
                check = "signature"
                message, _, signature = statement.jws.rpartition(".")
                if statement.alg != key.alg:
                    raise Malformed("header", path="header", has=statement.alg, wanted=key.alg)
                one = Signed("signature", "statements", index, index, key, b64u.decode(signature), message.encode())
                self._tally.checked["signatures"] += 1
                if verify([one.plain]):
                    raise BadSignature("signature")
                check = "notebook"
                self._check_notebook(statement)
                check = "disclosure"
                open_rows(statement, sealed.get(index, []))
                self._tally.checked["disclosures"] += len(sealed.get(index, []))
            except LedgerError as error:
                self._fail(check, index, error)

    def _check_notebook(self, statement: Statement) -> None:
        """Numbers rise with the log; where the statement before is here too, it is the one that is named."""
        before = self._notebooks.get(statement.kid)
        self._notebooks[statement.kid] = statement
        if before is None:
            return
        if statement.n <= before.n:
            raise Malformed("notebook-gap", path="n", has=statement.n, wanted=before.n + 1)
        if statement.n == before.n + 1 and statement.after != before.hash:
            raise Malformed("notebook-gap", path="after", has=statement.after or "–", wanted=before.hash)

    def _sealed(self) -> dict[int, list[Row[Any]]]:
        found: dict[int, list[Row[Any]]] = {}
        query = select(*raw(disclosures)).where(disclosures.c.log_id == self._log_id)
        for some in chunks(self._statements):
            for row in self._connection.execute(query.where(disclosures.c.first_index.in_(some))):
                found.setdefault(row.first_index, []).append(row)
        return found

    # --- chains --------------------------------------------------------------------------------------------------

    def _check_chain(self, chain: ChainId, rows: list[Row[Any]], head: Checkpoint, nodes: Nodes) -> None:
        self._tally.checked["chains"] += 1
        if not rows:
            self._tally.fail("entry", "entries", chain, 0, "absent")
        prev, received = None, 0
        for seq, row in enumerate(rows):
            self._tally.checked["entries"] += 1
            try:
                leaf = self._check_entry(chain, row, seq, prev, received)
                self._check_included(row, leaf, head, nodes)
            except LedgerError as error:
                # One bad leaf makes every proof fail: the entry that is bad in itself is to be named first.
                elsewhere = error.code in ("inclusion", "database-tile")
                at = row.log_index + (head.size if elsewhere else 0)
                self._tally.fail("inclusion" if elsewhere else "entry", "entries", row.log_index, at, error)
            prev, received = row.hash, row.received if isinstance(row.received, int) else received

    def _check_entry(self, chain: ChainId, row: Row[Any], seq: int, prev: bytes | None, received: int) -> Hash:
        """The entry follows on in its chain, and is its statement's."""
        statement = self._statements.get(row.first_index)
        if statement is None:
            # What is wrong with a statement that is there is told by its own name.
            if row.first_index not in self._rows:
                raise Malformed("absent", path="statement", has=row.first_index)
            return Hash(row.hash)
        targets, place = statement.targets, row.log_index - row.first_index
        if not 0 <= place < len(targets) or targets[place] != chain:
            wanted = targets.index(chain) + row.first_index if chain in targets else "–"
            raise Malformed("changed", path="log_index", has=row.log_index, wanted=str(wanted))
        before = b64u.encode(prev) if prev is not None else None
        leaf = Entry(chain, before, row.received, seq, statement.hash).hash()
        for path, has, wanted in (("seq", row.seq, seq), ("prev", row.prev, prev), ("hash", row.hash, leaf)):
            if has != wanted:
                raise Malformed("changed", path=path, has=said(has), wanted=said(wanted))
        if row.received < received:
            raise Malformed("time-falls", path="received", has=row.received, wanted=received)
        return leaf

    def _check_included(self, row: Row[Any], leaf: Hash, head: Checkpoint, nodes: Nodes) -> None:
        self._tally.checked["inclusion"] += 1
        proof = inclusion_proof(row.log_index, head.size, nodes)
        verify_inclusion(leaf, row.log_index, head.size, proof, head.root)

    def _fail(self, check: str, index: int, error: LedgerError) -> None:
        self._tally.fail(check, "statements", index, index, error)


def _rests_on(statement: Statement, known: dict[ChainId, list[Row[Any]]]) -> set[ChainId]:
    """Who signed it and for whom, whom it names as agent, and, where it brought a batch that is here, out of what."""
    chains = {chain for chain in (statement.iss, statement.for_) if chain is not None}
    if isinstance(agent := statement.body.get("agent"), str):
        chains.add(ChainId(agent))
    if any(chain in known for chain in statement.created):
        chains |= set(statement.on)
    return chains
