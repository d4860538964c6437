"""``python -m benchmarks.million DIR [ENTRIES]``: a log of a million entries, and what evidence costs out of it.

The log is made once and kept in DIR (ten minutes or so); measuring alone takes a minute. Each batch has nine
plantings behind it and thirty events, and its entries are spread over the whole log: the worst case for proofs, which
then share no tiles.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.config import Settings
from app.db import connect
from app.evidence.making import Bundles
from app.heads.reading import Heads
from app.journal import Journal
from app.log import open_log
from app.origins.service import Origins
from app.recording import Record
from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.policy import Pin
from ledger.statement import Statement
from ledger.verify import verify
from tests.app.seeding import journal, seed
from tests.world import World, county

ENTRIES = 1_000_000
PLANTINGS, EVENTS = 9, 29
EACH = PLANTINGS * 2 + 1 + EVENTS
"""The entries of one batch's story."""
AT_ONCE = 512
ASKED = 60
LIMIT_MADE, LIMIT_VERIFIED = 20.0, 10.0
"""Milliseconds (issue: bundle of 30 events with 10 ancestors)."""


def main() -> None:
    folder = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else ENTRIES
    chosen = folder / "chosen.json"
    if not chosen.exists():
        chosen.write_text(json.dumps(made(folder, count)))
    print(json.dumps(measured(Settings(data=folder), json.loads(chosen.read_text())), indent=2))


def made(folder: Path, count: int) -> list[str]:
    """Makes the log, and chooses some of its batches."""
    world = county()
    settings = seed(folder, world)
    engine = connect(settings.url)
    writer = journal(settings, engine, world)
    batches: list[ChainId] = []
    asyncio.run(_write(writer, world, count, batches))
    writer.close()
    engine.dispose()
    return list(batches[:: max(1, len(batches) // ASKED)][:ASKED])


async def _write(writer: Journal, world: World, count: int, batches: list[ChainId]) -> None:
    began, size = time.monotonic(), 0
    waiting: list[Statement] = []
    for statement in _statements(world, count // EACH, batches):
        waiting.append(statement)
        if len(waiting) == AT_ONCE:
            size += await _append(writer, waiting)
            waiting.clear()
            print(f"\r{size:>9,} statements, {size / (time.monotonic() - began):,.0f}/s", end="", file=sys.stderr)
    await _append(writer, waiting)
    print(file=sys.stderr)


async def _append(writer: Journal, statements: list[Statement]) -> int:
    for outcome in await writer.append([Record(one, verified=True) for one in statements]):
        if isinstance(outcome, Exception):
            raise outcome
    return len(statements)


def _statements(world: World, stories: int, batches: list[ChainId]) -> Iterator[Statement]:
    """Stage by stage over all stories, so that no two entries of a batch are neighbours."""
    plantings: list[list[ChainId]] = [[] for _ in range(stories)]
    for _ in range(PLANTINGS):
        for mine in plantings:
            planted = world.statement("plant", "farm", {"outputs": [world.output("tomato", "100")]})
            mine.append(planted.created[0])
            yield planted
    for mine in plantings:
        inputs: list[Json] = [{"batch": one} for one in sorted(mine)]
        body: dict[str, Json] = {"inputs": inputs, "outputs": [world.output("tomato", "40", grade="一级")]}
        harvested = world.statement("harvest", "farm", body, mine)
        batches.append(harvested.created[0])
        yield harvested
    for event in range(EVENTS):
        for batch in batches:
            yield world.statement(
                "observe", "farm", {"growth_stage": f"第 {event + 1} 次观察", "weather": "晴"}, [batch]
            )
    world.disclosures.clear()


def measured(settings: Settings, batches: list[str]) -> dict[str, Any]:
    """Milliseconds to make and to verify a bundle, each batch for the first time and again."""
    engine = connect(settings.url)
    log = open_log(settings, engine)
    heads, origins = Heads(engine, log.log_id, settings.data), Origins(engine, log, settings.data)
    bundles = Bundles(engine, log, heads, origins)
    pins = [Pin.parse(settings.pin.read_text())]
    first, again, checked = [], [], []
    for batch in batches:
        for times in (first, again):
            began = time.perf_counter()
            text = bundles.make(ChainId(batch)).text()
            times.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        verdict = verify(text, pins, asked=batch)
        checked.append((time.perf_counter() - began) * 1000)
    size = log.journal.registry and verdict.checkpoint.size
    log.journal.close()
    engine.dispose()
    return {
        "entries of the log": size,
        "entries of a bundle": sum(len(step.entries) for step in verdict.steps),
        "bytes of a bundle": len(text),
        "made, the first time, ms": _told(first, LIMIT_MADE),
        "made again, ms": _told(again, LIMIT_MADE),
        "verified, ms": _told(checked, LIMIT_VERIFIED),
    }


def _told(times: list[float], limit: float) -> dict[str, float]:
    return {"median": round(statistics.median(times), 1), "worst": round(max(times), 1), "limit": limit}


if __name__ == "__main__":
    main()
