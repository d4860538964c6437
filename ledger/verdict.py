"""What verification finds: a verdict, with its reservations, or the first check that failed (format §8).

Rejected
├── Unreadable   not the bytes of a bundle: nothing in it can be judged
└── Invalid      a bundle, and one that proves nothing
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.canonical import Json
from ledger.checkpoint import Checkpoint
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.receipt import Proven
from ledger.registry import Registry
from ledger.statement import Statement


class Rejected(LedgerError):
    """``check`` (1 to 16) failed for ``reason``, at ``record``; ``cause`` says what it has and what is wanted."""

    def __init__(self, check: int, reason: str, record: str, cause: LedgerError) -> None:
        super().__init__("rejected", check=check, reason=reason, path=record)
        self.check, self.reason, self.record, self.cause = check, reason, record, cause


class Unreadable(Rejected):
    """The bytes are not those of a bundle."""


class Invalid(Rejected):
    """A bundle that does not hold."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A reservation; ``ledger.wordings`` has the sentence for ``code``, and ``record`` is what it is about."""

    code: str
    record: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A statement in its place, with those of its entries and sealed fields that the bundle carries."""

    statement: Statement
    first_index: int
    entries: tuple[Proven, ...]
    opened: Mapping[str, Json]
    custody: str
    """``service`` where the service holds the key: it proves nothing against the operator."""
    suspect: bool
    settled: bool
    """Whether the daily heads cover it and all chains carried: what decides about its key and role was not withheld."""

    @property
    def received(self) -> int:
        """When the log took it in, ms."""
        return self.entries[0].entry.received


@dataclass(frozen=True)
class Verdict:
    """A bundle that holds."""

    checkpoint: Checkpoint
    witnessed: tuple[tuple[str, int], ...]
    """Name and time, in seconds, of each witness of the policy that signed."""
    about: tuple[ChainId, ...]
    steps: tuple[Step, ...]
    registry: Registry
    """As the carried statements leave it: names of parties, places and products."""
    complete_as_of: int | None
    """The time, in ms, up to which the daily heads say of each chain carried that nothing was left out."""
    remarks: tuple[Remark, ...]
    others: tuple["Verdict", ...]
