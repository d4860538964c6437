"""Worklists: what waits for a party, or in the part of the county that somebody supervises; worked out at reading."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from sqlalchemy import Engine

from app.log import Log
from app.parties.names import Names
from app.parties.supervised import sees
from app.recalls.service import Recalls
from app.rules.tables import Tables
from app.viewing import Viewer
from app.worklists import found, stated
from app.worklists.task import FIRST, Asking, Key, Lister, Task
from ledger.errors import Malformed

PAGE = 50
SHOWN = 8
"""How much of each list stands on a desk."""

LISTS: Mapping[str, tuple[str, str]] = {
    "recalls": ("召回未反馈", "recalls not answered"),
    "retests": ("快检不合格待复检", "retests due"),
    "unanswered": ("到期未答复的发货", "shipments not answered"),
    "holds": ("暂停到期未处理", "holds past their day"),
    "inspections": ("待整改", "to be put right"),
    "certificates": ("待开合格证", "certificates due"),
    "results": ("抽样待出结果", "laboratory results due"),
}
"""The lists, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Worklist:
    """A list, or a page of it; ``next`` leads to what follows."""

    name: str
    zh: str
    en: str
    tasks: list[Task]
    next: str | None


class Worklists:
    """The worklists of one log; ``clock`` gives seconds. Its methods read the database: not for an event loop."""

    def __init__(self, engine: Engine, log: Log, recalls: Recalls, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._log_id = log.log_id
        self._clock = clock
        self.names = Names(log.journal.registry)
        self._listers: Mapping[str, Lister] = {
            "recalls": partial(stated.recalls, recalls),
            "retests": found.retests,
            "unanswered": stated.unanswered,
            "holds": found.holds,
            "inspections": stated.inspections,
            "certificates": found.certificates,
            "results": stated.results,
        }

    def of(self, viewer: Viewer, name: str = "", after: str = "", limit: int = PAGE) -> list[Worklist]:
        """One list, or all; a page of each, what waits longest first.

        Raises Malformed ``choice`` for a list that there is not, ``cursor`` for an ``after`` that no list gave.
        """
        if name and name not in LISTS:
            raise Malformed("choice", path="list", has=name[:80], wanted=" | ".join(LISTS))
        start = _key(after)
        with self._engine.connect() as connection:
            if self._engine.dialect.name != "sqlite":  # which gives nothing else
                connection.execution_options(isolation_level="REPEATABLE READ")
            asking = Asking(
                connection,
                self._log_id,
                self.names,
                Tables.load(connection, self._log_id),
                datetime.fromtimestamp(int(self._clock()), UTC),
                sees(viewer, self.names.registry),
                viewer.party,
                viewer.staff,
            )
            return [self._page(one, asking, start, limit) for one in ([name] if name else LISTS)]

    def _page(self, name: str, asking: Asking, after: Key, limit: int) -> Worklist:
        tasks = list(islice(self._listers[name](asking, after), limit + 1))
        more = f"{tasks[limit - 1].key[0]}.{tasks[limit - 1].key[1]}" if len(tasks) > limit else None
        return Worklist(name, *LISTS[name], tasks[:limit], more)


def _key(cursor: str) -> Key:
    if not cursor:
        return FIRST
    index, dot, line = cursor.partition(".")
    if not (dot and all(part.isascii() and part.isdigit() and len(part) < 16 for part in (index, line))):
        raise Malformed("cursor", path="after", has=cursor[:80])
    return int(index), int(line)
