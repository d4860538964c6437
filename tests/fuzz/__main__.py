"""``python -m tests.fuzz [--minutes 10] [--seed N] [TARGET …]``: hunts through the parsers, some at a time.

What it finds it writes to ``tests/vectors/fuzz`` and exits with 1: mend the parser, keep the file.
"""

import argparse
import os
import sys
import time
from multiprocessing import Pool
from random import SystemRandom

from tests.fuzz.hunting import KEPT, Hunt, hunt, keep
from tests.fuzz.mutating import seeded
from tests.fuzz.targets import TARGETS

Outcome = tuple[str, int, int, int, float, dict[str, str]]


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    asked.add_argument("--minutes", type=float, default=10, help="for each target")
    asked.add_argument("--seed", type=int, default=SystemRandom().randrange(2**32))
    asked.add_argument("targets", nargs="*", metavar="TARGET", choices=[one.name for one in TARGETS] + [[]])
    given = asked.parse_args()
    names = given.targets or [one.name for one in TARGETS]
    print(f"seed {given.seed}, {given.minutes:g} minutes each: {', '.join(names)}", flush=True)
    bad = 0
    with Pool(os.cpu_count()) as pool:
        work = [(name, given.seed, given.minutes * 60) for name in names]
        for name, tried, accepted, answers, slowest, faults in pool.imap_unordered(_hunt, work):
            bad += len(faults)
            figures = f"{tried:>9} tried {accepted:>8} accepted {answers:>5} answers  slowest {slowest * 1000:.0f} ms"
            print(f"{'✗' if faults else '✓'} {name:<16}{figures}", flush=True)
            for fault, path in faults.items():
                print(f"    {fault}: {path}", flush=True)
    if bad:
        print(f"{bad} kept in {KEPT}", file=sys.stderr)
    return 1 if bad else 0


def _hunt(work: tuple[str, int, float]) -> Outcome:
    name, seed, seconds = work
    (target,) = (one for one in TARGETS if one.name == name)
    end = time.monotonic() + seconds
    found: Hunt = hunt(target, seeded(f"{seed} {name}"), lambda tried: time.monotonic() < end)
    paths = dict(zip(found.faults, map(str, keep(found)), strict=True))
    return name, found.tried, found.accepted, len(found.answers), found.slowest, paths


if __name__ == "__main__":
    sys.exit(main())
