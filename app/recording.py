"""What passes through the journal: records go in, receipts or refusals come out, and projections are told.

Those who bring statements, and those who keep what follows from them, know these and not the journal's workings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection

from ledger import b64u, records
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.receipt import Receipt
from ledger.registry import Registry
from ledger.statement import Disclosure, Statement


@dataclass(frozen=True, slots=True)
class Record:
    """A statement that was read and fits its kind; its sealed fields with their audiences."""

    statement: Statement
    disclosures: tuple[tuple[str, str, Disclosure], ...] = ()
    """(name, audience, disclosure) of each sealed field."""
    opened: Mapping[str, Any] = field(default_factory=dict)
    verified: bool = False
    """Whether its signature has been checked; if not, the journal does it."""
    closed: int = 0
    """How many sealed fields came without their disclosures: such a statement is only known again, never recorded."""

    def files(self) -> Iterator[tuple[str, int, bytes, int, str, str]]:
        """The attachments that it names, as the table of them has them: field, line, SHA-256, size, type, audience."""
        lines: dict[str, int] = {}
        for name, audience, one in records.attached(self.statement, self.opened):
            line = lines[name] = lines.get(name, -1) + 1
            yield name, line, b64u.decode(one["sha256"]), one["size"], one["media_type"], audience


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a record breaks: ``hold`` blocks the next step, ``flag`` only shows."""

    code: str
    severity: str
    batch: ChainId | None
    params: Mapping[str, str]
    about: int | None = None
    """The first index of the statement that it concerns; None: the one that it was found with."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What stands in the log now; ``again`` if it stood there before."""

    statement: Statement
    first_index: int
    receipt: Receipt
    findings: tuple[Finding, ...]
    again: bool = False
    provisional: bool = False
    """Whether the receipt's checkpoint still lacks the witnesses that the pin wants."""


Outcome: TypeAlias = Appended | LedgerError


class Projection(Protocol):
    """What follows from the statements, kept in the same transaction as they are."""

    def open(self, connection: Connection, registry: Registry, page: Sequence[Record], *, careful: bool) -> object:
        """Bring what these records need; without ``careful`` the database's constraints stand for some checks."""

    def admit(self, record: Record, received: int) -> None:
        """Raises Malformed, NotAllowed or Conflict for what may not stand beside what stands already."""

    def post(self, record: Record, index: int, received: int) -> list[Finding]:
        """Takes the statement in; what it breaks is found, not refused."""
        ...

    def write(self) -> None:
        """Writes the rows of all that was posted."""

    def forget(self) -> None:
        """A group failed or somebody else wrote: nothing remembered holds any more."""
