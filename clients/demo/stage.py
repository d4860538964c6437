"""The stage: whose turn it is, what time it is, and that nobody refers to what has not arrived yet.

A story is a generator. It yields the moment, a day of the season and an hour, at which it goes on; between two moments
its parties state what they do. All stories are put on together in the order of time, as a county's season goes.
Statements are signed as they are made and sent as late as may be: when another party speaks of the same batch or
shipment, or at the end. So the log has everything about a batch in the order in which it happened.

Devices' clocks show the stage's time: what is signed on a day of the season says so, and only when the service
received it tells that all was played in a minute.

Each has a source made of its story and its place in it. So a play that was broken off is simply put on again: what is
signed is not signed twice, and what is not sent yet is sent.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from clients.client import Client
from clients.notebook import Kept
from ledger.canonical import Json
from ledger.identity import ChainId, TraceCode

Moment: TypeAlias = tuple[int, float]
"""A day of the season, from 0, and an hour of that day, 8.5 for half past eight."""

Story: TypeAlias = Iterator[Moment]

DAYS = 120
BETWEEN = timedelta(minutes=4)
LOCAL = timedelta(hours=8)


class Stage:
    """``start`` is the first midnight of the season, in seconds since 1970; the county keeps UTC+8."""

    def __init__(self, start: int) -> None:
        self._midnight = datetime.fromtimestamp(start, UTC)
        self._now = self._midnight + timedelta(hours=8)
        self._story = "founding"
        self._told: Counter[str] = Counter()
        self._lots: Counter[str] = Counter()
        self._unsent: dict[str, Client] = {}
        self.products: dict[str, ChainId] = {}
        self.places: dict[str, ChainId] = {}
        self.shown: dict[str, TraceCode] = {}

    # --- time ----------------------------------------------------------------------------------------------------

    def clock(self) -> float:
        """What every device takes for the time, in seconds since 1970."""
        return self._now.timestamp()

    @property
    def at(self) -> str:
        return self.later(0)

    def later(self, hours: float) -> str:
        """The time so many hours from now, or ago, as statements write it."""
        return (self._now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def day(self, ahead: int = 0) -> str:
        """The local date so many days from now."""
        return (self._now + LOCAL + timedelta(days=ahead)).date().isoformat()

    def lot(self, code: str) -> str:
        """The next lot number of a product for today: code, month and day, a letter."""
        name = code + self.day()[5:].replace("-", "")
        self._lots[name] += 1
        return name + chr(ord("A") + self._lots[name] - 1)

    # --- the play ------------------------------------------------------------------------------------------------

    def put_on(self, stories: Mapping[str, Story], a_day_passed: Callable[[], None] = lambda: None) -> None:
        """Tell them all to their end, then deliver what is left; ``a_day_passed`` is called for each of ``DAYS``."""
        today = 0
        turns: list[tuple[Moment, str]] = [((0, 0.0), name) for name in stories]
        while turns:
            (day, hour), name = heapq.heappop(turns)
            self._story, self._now = name, self._midnight + timedelta(days=day, hours=hour)
            while today < day:
                today += 1
                a_day_passed()
            following = next(stories[name], None)
            if following is not None:
                heapq.heappush(turns, (following, name))
        self.deliver(*set(self._unsent.values()))
        for _ in range(today, DAYS):
            a_day_passed()

    def state(
        self,
        client: Client,
        kind: str,
        fields: Mapping[str, Json],
        on: Iterable[ChainId] = (),
        for_: ChainId | None = None,
    ) -> Kept:
        """Sign what happens now, once; a few minutes pass."""
        self._told[self._story] += 1
        source = f"{self._story} {self._told[self._story]}"
        draft = client.draft(kind, fields, on, self.at, for_=for_, source=source)
        for named in (*draft.on, *_texts({**draft.body})):
            owner = self._unsent.get(named)
            if owner not in (None, client):
                self.deliver(owner)
        (kept,) = client.notebook.sign([draft])
        self._now += BETWEEN
        if kept.state == "waiting":
            self._unsent |= dict.fromkeys((kept.hash, *kept.statement.targets), client)
        return kept

    def deliver(self, *clients: Client) -> None:
        """Send what they have signed. Raises what the service refused: this play is one that it takes whole."""
        for client in clients:
            for outcome in client.send():
                if outcome.refused is not None:
                    raise outcome.refused
        self._unsent = {named: owner for named, owner in self._unsent.items() if owner not in clients}


def _texts(value: Json) -> Iterator[str]:
    """Every text in it: the ids of what it refers to are among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
