"""``python -m benchmarks.rules``: what the rules add to capture, and how fast everything is recomputed.

In CPU time, one program after another: other work on the machine then counts least.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.batches.rebuild import rebuild
from app.config import Settings
from app.db import connect
from benchmarks.stories import settled, stories
from tests.app.seeding import LOG_ID, journal, record, seed

STATEMENTS = 6000
AT_ONCE = 128
"""How many statements a group of the journal has when it is busy."""

REBUILT = 20_000
"""Statements a second (issue 4)."""

_WITHOUT = "import app.rules.rulebook as book; book.RULES = (); from benchmarks.rules import told; told({folder!r})"
_WITH = "from benchmarks.rules import told; told({folder!r})"


def told(folder: str) -> None:
    """Captures and rebuilds in this process; prints the CPU seconds of each and the most memory, in MB."""
    world, stocks = settled()
    settings = seed(Path(folder), world)
    captured = asyncio.run(_captured(settings, world, stocks))
    engine = connect(settings.url)
    with engine.execution_options(writes=True).begin() as connection:
        began = time.process_time()
        count = rebuild(connection, LOG_ID)
        rebuilt = (time.process_time() - began) / count
    engine.dispose()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"captured": captured, "rebuilt": rebuilt, "memory": memory}))


async def _captured(settings: Settings, world: Any, stocks: Any) -> float:
    """CPU seconds a statement in the journal, signatures and everything."""
    engine = connect(settings.url)
    writer = journal(settings, engine, world)
    records = [record(world, one) for one in stories(world, stocks, STATEMENTS)]
    began = time.process_time()
    for at in range(0, len(records), AT_ONCE):
        for outcome in await writer.append(records[at : at + AT_ONCE]):
            if isinstance(outcome, Exception):
                raise outcome
    seconds = time.process_time() - began
    writer.close()
    engine.dispose()
    return seconds / len(records)


def measured(rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Of each round the microseconds a statement with the rules and without: to capture it, to post it again."""
    pairs: dict[str, list[tuple[float, float]]] = {"captured": [], "rebuilt": []}
    for _ in range(rounds):
        ruled, bare = _run(_WITH), _run(_WITHOUT)
        for name, some in pairs.items():
            some.append((ruled[name] * 1e6, bare[name] * 1e6))
    return pairs


def _run(program: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", program.format(folder=folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def columns(pairs: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [one for one, _ in pairs], [other for _, other in pairs]


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 3), indent=2))
