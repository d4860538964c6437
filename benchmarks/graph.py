"""``python -m benchmarks.graph DIR [URL]``: a database of a million batches, and what walking it costs.

The rows of the projections are written as they would stand, without statements behind them: lineage, holdings and the
scope of a recall read nothing else. Made once and kept in DIR (a minute or two); measuring alone takes seconds.

One batch stands in the middle of a web of 10,000 over 20 levels, each made of two of the level before. Another became
50,000 lots, each with a shop that holds some of it. All the rest are farms' harvests, in the same tables.
"""

import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, text

from app.batches.reading import BatchReader
from app.config import Settings
from app.db import connect
from app.log import open_log
from app.recalls.scope import scope
from app.tables import batches, lineage, postings, shipments
from ledger import b64u
from ledger.identity import ChainId, trace_code
from tests.app.seeding import LOG_ID, seed
from tests.world import county

BATCHES = 1_000_000
LEVELS, WEB, NEAR = 20, 10_000, 200
"""A web of so many levels and batches; the middle one is made of, and became, so many."""
CUTS, LOTS = 250, 200
"""What the other became: so many lots, each split into so many."""
SHOPS, STREETS = 500, 10
TIMES = 7
LIMIT_LINEAGE, LIMIT_SCOPE = 300.0, 2000.0
KG = 1_000_000


class Rows:
    """The rows of a county's projections, made in the order of its log."""

    def __init__(self, parties: list[str], products: list[str]) -> None:
        self.tables: dict[str, list[tuple[Any, ...]]] = {
            each.name: [] for each in (batches, lineage, postings, shipments)
        }
        self.count = self._index = 0
        self._makers: dict[bytes, bytes] = {}
        self._random = random.Random(7)  # noqa: S311 - which shop gets what keeps no secret
        self._parties, self._products = [list(map(b64u.decode, each)) for each in (parties, products)]

    def batch(self, parents: tuple[bytes, ...] = (), maker: bytes = b"", kind: str = "lot") -> bytes:
        """A new batch of 100 kg, made of 10 kg of each of ``parents``; all of it is in its maker's hands."""
        chain = sha256(b"batch %d" % self.count).digest()
        maker = maker or self.party()
        index = self._next()
        row = (chain, index, trace_code(ChainId(b64u.encode(chain))), kind, maker, self._random.choice(self._products))
        self.tables["batches"].append((LOG_ID, *row, None, "kg", "2026-03-01T01:00:00Z"))
        legs = [(chain, "origin", maker, -100 * KG), (chain, "held", maker, 100 * KG)]
        for parent in parents:
            self.tables["lineage"].append((LOG_ID, chain, parent, index))
            legs += [(parent, "held", maker, -10 * KG), (parent, "consumed", maker, 10 * KG)]
        self._post(index, legs)
        self.count += 1
        self._makers[chain] = maker
        return chain

    def handed_over(self, batch: bytes, to: bytes = b"", *, arrived: bool = True) -> None:
        """80 kg of it shipped, and received unless they are on the road; 5 kg of that sold."""
        sender, to = self._makers[batch], to or self.party()
        index = self._next()
        shipment = sha256(b"shipment %d" % index).digest()
        self.tables["shipments"].append((LOG_ID, shipment, index, sender, to, None, None))
        self._post(index, [(batch, "held", sender, -80 * KG), (batch, "transit", shipment, 80 * KG)])
        if arrived:
            self._post(self._next(), [(batch, "transit", shipment, -80 * KG), (batch, "held", to, 80 * KG)])
            self._post(self._next(), [(batch, "held", to, -5 * KG), (batch, "sold", to, 5 * KG)])

    def _post(self, index: int, legs: list[tuple[bytes, str, bytes, int]]) -> None:
        rows = [(LOG_ID, index, line, index, *leg) for line, leg in enumerate(legs)]
        self.tables["postings"] += rows

    def party(self) -> bytes:
        return self._random.choice(self._parties)

    def _next(self) -> int:
        self._index += 1
        return self._index


def county_of(rows: Rows) -> dict[str, str]:
    """Fills ``rows``; the web's levels and the lots lie apart in the log, with harvests between them."""

    def others(most: int) -> None:
        for _ in range(most // 2):
            rows.batch((rows.batch(kind="planting"),))

    width = (WEB - 2 * NEAR) // (LEVELS - 2)
    between = (BATCHES - WEB - CUTS * LOTS) // (LEVELS + 4)
    buyers = [rows.party()] * STREETS
    level = [rows.batch(kind="planting") for _ in range(width)]
    middle = b""
    for at in range(LEVELS):
        for number, each in enumerate(level):
            rows.handed_over(each, buyers[number % STREETS])
        others(between)
        if at == LEVELS // 2:
            middle = rows.batch(tuple(level), buyers[0])
            rows.handed_over(middle, buyers[0])
            level = [middle] * STREETS
        # As much as one buyer has of two neighbours in his street goes into each of his.
        wide = NEAR if at in (LEVELS // 2 - 1, LEVELS // 2) else width
        pairs = [{level[n % len(level)], *level[n::wide], level[(n + STREETS) % len(level)]} for n in range(wide)]
        level = [rows.batch(tuple(pair), buyers[n % STREETS]) for n, pair in enumerate(pairs)]
        together = at in (LEVELS // 2 - 2, LEVELS // 2 - 1)
        buyers = [rows.party()] * STREETS if together else [rows.party() for _ in range(STREETS)]
    recalled = rows.batch()
    cuts = [rows.batch((recalled,)) for _ in range(CUTS)]
    for _ in range(LOTS):
        others(between // LOTS)
        for number, cut in enumerate(cuts):
            rows.handed_over(rows.batch((cut,)), arrived=number % 10 > 0)
    others(BATCHES - rows.count)
    return {"middle": b64u.encode(middle), "recalled": b64u.encode(recalled)}


def made(folder: Path, url: str) -> dict[str, str]:
    world = county()
    for number in range(SHOPS):
        world.register(f"shop-{number}", "shop")
    settings = seed(folder, world, url)
    rows = Rows([world.parties[f"shop-{number}"] for number in range(SHOPS)], list(world.products.values()))
    chosen = county_of(rows)
    engine = connect(settings.url)
    for table in (batches, lineage, postings, shipments):
        # By primary key: the way a tree on disk is filled fastest.
        found = sorted(rows.tables[table.name], key=lambda row: row[1:3])
        _load(engine, table.name, [column.name for column in table.columns], found)
        print(f"{table.name}: {len(found):,} rows", file=sys.stderr)
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()
    return chosen


def _load(engine: Engine, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    """Past all care for the disk: a database for measuring may be made again."""
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        if engine.dialect.name == "sqlite":
            cursor.execute("PRAGMA synchronous=OFF")
            cursor.execute("PRAGMA cache_size=-2000000")
            cursor.execute("BEGIN")
            cursor.executemany(
                f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})",  # noqa: S608
                rows,
            )
        else:
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        connection.commit()


def measured(settings: Settings, chosen: dict[str, str]) -> dict[str, Any]:
    engine = connect(settings.url, mapped=True)  # as the service does
    log = open_log(settings, engine)
    reader = BatchReader(engine, log)
    middle = ChainId(chosen["middle"])
    graph = reader.lineage(middle)
    found: dict[str, Any] = {
        "batches": BATCHES,
        "graph": {"batches": len(graph.nodes), "ties": len(graph.edges), "truncated": graph.truncated},
        "lineage both ways": _timed(lambda: reader.lineage(middle), LIMIT_LINEAGE),
        "lineage as JSON": _timed(lambda: orjson.dumps(reader.lineage(middle)), LIMIT_LINEAGE),
    }
    with engine.connect() as connection:
        starts = [b64u.decode(chosen["recalled"])]
        reached = scope(connection, LOG_ID, starts)
        found["recall"] = {"batches": len(reached.batches), "stoppable": len(reached.stoppable())}
        found["recall scope"] = _timed(lambda: scope(connection, LOG_ID, starts).by_party(), LIMIT_SCOPE)
    log.journal.close()
    engine.dispose()
    found["a thousand sums of a thousand, ms"] = _yardstick()
    return found


def _yardstick() -> float:
    """What this machine takes now for something that never changes; 12 ms where nothing else runs on it."""
    began = time.process_time()
    for _ in range(1000):
        sum(range(1000))
    return round((time.process_time() - began) * 1000, 1)


def _timed(asked: Callable[[], object], limit: float) -> dict[str, float]:
    """Milliseconds of this process's own time (others may be at work beside it) and by the clock."""
    spent, waited = [], []
    for _ in range(TIMES):
        began, clock = time.process_time(), time.perf_counter()
        asked()
        spent.append((time.process_time() - began) * 1000)
        waited.append((time.perf_counter() - clock) * 1000)
    return {
        "own time, ms": round(statistics.median(spent)),
        "by the clock, ms": round(statistics.median(waited)),
        "limit": limit,
    }


def main() -> None:
    # As `gengji serve` has it.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    folder = Path(sys.argv[1])
    url = sys.argv[2] if len(sys.argv) > 2 else ""
    chosen = folder / "graph.json"
    if not chosen.exists():
        chosen.write_text(json.dumps(made(folder, url)))
    print(json.dumps(measured(Settings(data=folder, database_url=url), json.loads(chosen.read_text())), indent=2))


if __name__ == "__main__":
    main()
