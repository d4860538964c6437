"""The daily heads of a million chains: how long the root takes, and showing one chain out of them (format §6)."""

import time
from hashlib import sha256
from typing import Any

from ledger import b64u
from ledger.heads import Heads
from ledger.identity import ChainId

CHAINS = 1_000_000
SHOWN = 1000


def headed() -> list[dict[str, Any]]:
    """One process, all in memory, from the entries on; its own time, for others may be at work beside it."""
    entries = [sha256(number.to_bytes(8)).digest() for number in range(CHAINS)]
    chains = [ChainId(b64u.encode(entry)) for entry in entries]
    started = time.process_time()
    walk = Heads()
    for chain, entry in zip(chains, entries, strict=True):
        walk.add(chain, entry, 0)
    lines = walk.at(CHAINS)
    assert lines.root
    rooted = time.process_time()
    for chain in chains[:: CHAINS // SHOWN]:
        lines.show(chain)
    shown = (time.process_time() - rooted) / SHOWN * 1000
    return [
        {"figure": "heads of a million chains", "unit": "s", "measured": round(rooted - started, 1), "limit": "10 s"},
        {"figure": "one chain shown of a million", "unit": "ms", "measured": round(shown, 3), "limit": "1 ms"},
    ]
