"""What waits to be done: one row of a worklist, and what the lists are worked out from.

Worklists depend on the present moment, so they are worked out at reading and never recorded: they are no findings.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.batches import views
from app.batches.views import BatchView
from app.parties.names import Name, Names
from app.rules.tables import Tables
from ledger.identity import ChainId

Key: TypeAlias = tuple[int, int]
"""Where in its list a task stands: the first index of what gave rise to it, and a line."""
Text: TypeAlias = Mapping[str, str]
"""``zh`` and ``en``."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done, since when, until when (a time or a day), and how many seconds late it is, if at all."""

    key: Key
    text: Text
    party: Name | None
    """Who has to do it."""
    code: str | None
    """The trace code of the batch that it is about."""
    since: str
    until: str | None
    late: int | None
    href: str


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and what may be looked things up in. ``mine`` says whether a party's tasks are the asker's to see."""

    connection: Connection
    log_id: int
    names: Names
    tables: Tables
    now: datetime
    mine: Callable[[ChainId], bool]
    party: ChainId
    staff: bool
    """Whether ``mine`` are all those of whom a supervisor supervises; else it is ``party`` alone."""

    @property
    def moment(self) -> str:
        """Now, as times are stated."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def today(self) -> date:
        """Where the log is."""
        return self.now.astimezone(self.zone).date()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.names.registry.time_zone)

    def day(self, moment: str) -> date:
        """The calendar day of a time as stated, where the log is."""
        return datetime.fromisoformat(moment).astimezone(self.zone).date()

    def late(self, until: str | None) -> int | None:
        """Seconds past a time, or past the end of a day, where the log is."""
        if until is None:
            return None
        if len(until) == len("2026-03-01"):
            end = datetime.combine(date.fromisoformat(until) + timedelta(days=1), time(), self.zone)
        else:
            end = datetime.fromisoformat(until)
        seconds = int((self.now - end).total_seconds())
        return seconds if seconds > 0 else None

    def any_mine(self, *parties: str | None) -> bool:
        return any(party is not None and self.mine(ChainId(party)) for party in parties)

    def batches(self, chains: Iterator[ChainId]) -> dict[ChainId, BatchView]:
        return views.read(self.connection, self.log_id, self.names, chains)

    def page_of(self, batch: BatchView) -> str:
        """Where this asker looks at a batch."""
        return f"/audit/batches/{batch.mark}" if self.staff else f"/t/{batch.code}"


Lister: TypeAlias = Callable[[Asking, Key], Iterator[Task]]
"""A list from behind a key on, what waits longest first."""
FIRST: Key = (-1, 0)


def working_days(start: date, days: int) -> date:
    """The last of so many working days after ``start``: no Saturdays, no Sundays; public holidays are not known."""
    end = start
    while days > 0:
        end += timedelta(days=1)
        days -= end.weekday() < 5
    return end


def after_hours(moment: str, hours: int) -> str:
    """So many hours later, as times are stated."""
    return (datetime.fromisoformat(moment).astimezone(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
