"""The hunt: mutate, ask, and go on from whatever brought an answer that was not heard before."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random

from tests.fuzz.mutating import mutate
from tests.fuzz.targets import ACCEPTED, Target

KEPT = Path(__file__).parent.parent / "vectors" / "fuzz"
"""What was found once, by target; the tests ask for all of it ever after."""

POOL = 400
"""How many inputs are gone on from."""

PLACES = 60
"""In how many places one code is a new answer: a path may quote what was given, and never ends."""

LARGE = 256 * 1024
"""Larger ones are not gone on from: they only take longer."""


@dataclass
class Hunt:
    """What came of one target: inputs, those that were taken, every kind of answer, and the faults by their words."""

    target: Target
    tried: int = 0
    accepted: int = 0
    answers: set[str] = field(default_factory=set)
    faults: dict[str, bytes] = field(default_factory=dict)
    slowest: float = 0.0


def hunt(target: Target, random: Random, going: Callable[[int], bool]) -> Hunt:
    """Try inputs while ``going`` says so of their number."""
    found, good = Hunt(target), target.good()
    pool, codes = list(good), Counter[str]()
    while going(found.tried):
        data = mutate(random.choice(pool), random, good)
        found.tried += 1
        started = time.perf_counter()
        fault, answer = target.judge(data)
        found.slowest = max(found.slowest, time.perf_counter() - started)
        if fault:
            kind = fault.partition(":")[0]
            if kind not in found.faults:
                found.faults[kind] = shrunk(data, lambda smaller, kind=kind: target.judge(smaller)[0].startswith(kind))
            continue
        found.accepted += answer == ACCEPTED
        code = answer.partition(" ")[0]
        if answer not in found.answers and codes[code] < PLACES:
            found.answers.add(answer)
            codes[code] += 1
            if len(data) <= LARGE:
                # The good examples stay.
                pool[len(good) :] = [*pool[len(good) :], data][-POOL:]
    return found


def shrunk(data: bytes, faulty: Callable[[bytes], bool]) -> bytes:
    """As small as leaving pieces out makes it, while it stays faulty."""
    size = max(1, len(data) // 2)
    while size:
        at = 0
        while at < len(data):
            smaller = data[:at] + data[at + size :]
            if faulty(smaller):
                data = smaller
            else:
                at += size
        size //= 2
    return data


def keep(found: Hunt, folder: Path = KEPT) -> list[Path]:
    """The faults as files, each named after its bytes."""
    paths = []
    for data in found.faults.values():
        path = folder / found.target.name / sha256(data).hexdigest()[:16]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
    return paths
