"""A group: the statements that one transaction writes, and the rows that they come to."""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from app.db import insert_rows
from app.recording import Finding, Record
from app.tables import attachments, disclosures, entries, statements
from ledger import b64u
from ledger.entry import Entry
from ledger.identity import StatementHash
from ledger.merkle import Hash


@dataclass(slots=True)
class Written:
    """A statement of the group that is in the transaction but has no receipt yet."""

    record: Record
    first_index: int
    entries: list[Entry]
    findings: list[Finding]


@dataclass(slots=True)
class Group:
    """What one transaction writes: statements by hash, and all their leaves in the order of the log."""

    received: int
    written: dict[StatementHash, Written] = field(default_factory=dict)
    leaves: list[Hash] = field(default_factory=list)

    def insert(self, connection: Connection, log_id: int) -> None:
        """Writes statements, entries, and beside them what is sealed in them and the files that they name."""
        rows = []
        linked = []
        sealed = []
        files = []
        hashes = iter(self.leaves)
        for done in self.written.values():
            statement, first = done.record.statement, done.first_index
            iss = b64u.decode(statement.iss) if statement.iss else None
            ids = (b64u.decode(statement.hash), b64u.decode(statement.kid))
            rows.append((log_id, first, *ids, statement.n, statement.kind, iss, statement.jws))
            for index, entry in enumerate(done.entries, first):
                prev = b64u.decode(entry.prev) if entry.prev is not None else None
                place = (index, b64u.decode(entry.chain), entry.seq, prev)
                linked.append((log_id, *place, entry.received, first, next(hashes)))
            sealed += [(log_id, first, *field) for field in done.record.disclosures]
            files += [(log_id, first, *file) for file in done.record.files()]
        insert_rows(connection, statements, rows)
        insert_rows(connection, entries, linked)
        insert_rows(connection, disclosures, sealed)
        insert_rows(connection, attachments, files)
