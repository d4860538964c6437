"""Capture: from the characters that arrived to a record the journal can append, and the findings asked beforehand."""

import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Engine, func, select

from app.batches.books import Books
from app.journal import Journal
from app.recording import Finding, Record
from app.tables import entries
from ledger import b64u, records
from ledger.canonical import Json, check_normal, dumps
from ledger.errors import Malformed
from ledger.keys import KeyId
from ledger.registry import Registry
from ledger.statement import (
    Disclosure,
    Statement,
    check_signature,
    open_sealed,
    parse,
    read_payload,
)

_Verify = Callable[[bytes, bytes], None]


class Capture:
    """Reads and checks what parties send. Safe on many threads: each keeps key objects of its own."""

    def __init__(self, engine: Engine, journal: Journal, log_id: int) -> None:
        self._engine = engine
        self._journal = journal
        self._log_id = log_id
        self._mine = threading.local()

    def read(self, jws: str, disclosures: Sequence[Disclosure], *, verify: bool) -> Record:
        """A record whose form and sealed fields hold. Raises Malformed, and to ``verify`` NotAllowed or BadSignature.

        Without some of its disclosures it may be what stands in the log already, and was erased where it was signed
        too. So much the journal can say; such a record is neither looked into nor ever written.

        A thread of its own verifies here. The event loop leaves it to the journal's thread: each verification gives
        the interpreter away, and getting it back costs the loop more than the verification.
        """
        statement = parse(jws)
        opened = open_sealed(statement, disclosures)
        if closed := len(statement.sealed) - len(opened):
            return Record(statement, closed=closed)
        record = _record(statement, opened, b64u.decode(jws.split(".")[1]).decode())
        if verify:
            self._check_signature(statement, self._journal.registry)
            record = replace(record, verified=True)
        return record

    def _check_signature(self, statement: Statement, registry: Registry) -> None:
        key = registry.key_of(statement)
        verifiers: dict[KeyId, _Verify] = self._mine.__dict__.setdefault("verifiers", {})
        verify = verifiers.get(key.kid)
        if verify is None:
            if len(verifiers) > 4096:
                verifiers.clear()
            verify = verifiers[key.kid] = key.verifier()
        check_signature(statement, key, verify)

    def findings(self, payload: Json, disclosures: Sequence[Disclosure]) -> list[Finding]:
        """What an unsigned payload would be answered with: the same refusals, the same findings, nothing written."""
        statement = read_payload(payload)
        opened = open_sealed(statement, disclosures, complete=True)
        record = _record(statement, opened, dumps(payload).decode())
        with self._engine.connect() as connection:
            registry = self._journal.registry
            registry.authorise(statement, signed=False)
            books = Books(self._log_id).open(connection, registry, [record])
            now = self._journal.now()
            books.admit(record, now)
            last = connection.execute(select(func.max(entries.c.log_index)).where(entries.c.log_id == self._log_id))
            return books.post(record, (last.scalar() or 0) + 1, now)


def _record(statement: Statement, opened: Mapping[str, tuple[Json, Disclosure]], payload: str) -> Record:
    if not unicodedata.is_normalized("NFC", payload):
        raise Malformed("nfc", path="body", wanted="Unicode NFC")
    values = {name: value for name, (value, _) in opened.items()}
    check_normal(values, "body")
    records.check(statement, values)
    sealed = tuple((name, records.SEALED.get(name, "owner"), disclosure) for name, (_, disclosure) in opened.items())
    return Record(statement, sealed, values)
