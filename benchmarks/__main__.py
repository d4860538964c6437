"""``python -m benchmarks``: measures, prints one JSON document, each figure beside its limit from the same run.

Machines are noisy: what counts is the ratio; each pair is measured in turn several times and the medians are given.
"""

import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import nacl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.bindings import crypto_sign_open
from sqlalchemy import select

from app.audit.verify import audit
from app.db import connect, insert_rows
from app.schema import migrate
from app.tables import PROJECTIONS, TRUTH, disclosures, logs
from benchmarks.heads import headed
from benchmarks.rules import REBUILT, columns, measured
from benchmarks.season import prepared
from benchmarks.verifying import verified
from labels.drawing import png, svg
from labels.label import Label
from ledger import b64u
from ledger.identity import ChainId, trace_code
from ledger.policy import Pin
from ledger.statement import Statement
from tests.parts.service import serving
from tests.world import World

CONNECTIONS = 32
EACH = int(os.environ.get("BENCH_EACH", "240"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
ROOT = Path(__file__).parents[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures = [
            *capture(Path(folder)),
            *audited(Path(folder)),
            *ruled(),
            *drawn(),
            *headed(),
            *verified(),
        ]
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "libsodium": nacl.__version__,
    }
    print(json.dumps({"machine": machine, "figures": figures}, ensure_ascii=False, indent=2))


def figure(name: str, unit: str, got: Sequence[float], limit_name: str, limit: Sequence[float]) -> dict[str, Any]:
    """One figure beside its limit, both as medians, and the median of the ratios pair by pair."""
    return {
        "figure": name,
        "unit": unit,
        "measured": round(statistics.median(got), 1),
        "limit": limit_name,
        "limit_measured": round(statistics.median(limit), 1),
        "ratio": round(statistics.median(a / b for a, b in zip(got, limit, strict=True)), 2),
        "rounds": len(got),
    }


# --- capture -----------------------------------------------------------------------------------------------------


def capture(folder: Path) -> list[dict[str, Any]]:
    singles, empties, streams, limits, pages, gets, tiles, bare = [], [], [], [], [], [], [], []
    idle = 0
    for number in range(ROUNDS):
        data = folder / f"round-{number}"
        settings, world, seasons = prepared(data, "", CONNECTIONS, 2 * EACH)
        one_by_one, streamed = [s[:EACH] for s in seasons], [s[EACH:] for s in seasons]
        with serving(data, factory="benchmarks.server:service") as (url, program):
            idle = idle or resident(program.pid)
            bodies = [[world.presentation(s) for s in season] for season in one_by_one]
            empties.append(load(url, "POST /empty", bodies))
            singles.append(load(url, "POST /v1/statements", bodies))
            before = rows_in(settings.url)
            streams.append(stream(url, world, streamed))
            code = httpx.get(f"{url}/v1/batches").json()
            target = _a_page(url, code)
            if target:
                gets.append(read(url, "/empty"))
                pages.append(read(url, target))
            bare.append(read(url, "/empty"))
            tiles.append(read(url, "/log/tile/0/000"))
        sent = [statement for season in streamed for statement in season]
        inserts = raw_inserts(settings.url, folder / f"raw-{number}.sqlite", before, len(sent))
        limits.append(min(raw_verifies(world, sent), inserts))
    figures = [
        figure(
            "capture one by one, 32 connections", "statements/s", singles, "an empty POST of the same body", empties
        ),
        figure("capture of streams", "statements/s", streams, "the smaller of raw verifies and raw inserts", limits),
    ]
    if pages:
        figures.append(figure("consumer page, warm", "pages/s", pages, "an empty GET", gets))
    figures.append(figure("tile of the log, warm", "tiles/s", tiles, "an empty GET", bare))
    figures.append({"figure": "memory of the idle service", "unit": "MB", "measured": idle, "limit": "150 MB"})
    return figures


def _a_page(url: str, batches: Any) -> str:
    items = batches.get("batches") or batches.get("items") or []
    lots = [item for item in items if item.get("kind") == "lot"] or items
    return f"/t/{lots[0]['code'] if 'code' in lots[0] else lots[0]['trace_code']}" if lots else ""


def load(url: str, line: str, bodies: Sequence[Sequence[str]]) -> float:
    """Requests a second, each connection sending its own one after the other."""
    host, port = url.removeprefix("http://").split(":")
    head = f"{line} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nContent-Type: application/jose\r\n"
    requests = [[f"{head}Content-Length: {len(body)}\r\n\r\n{body}" for body in some] for some in bodies]
    asked = json.dumps({"host": host, "port": int(port), "connections": requests})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=asked, capture_output=True, text=True, check=True, cwd=ROOT
    )
    answer = json.loads(done.stdout)
    good = sum(count for status, count in answer["statuses"].items() if status in ("200", "201"))
    if good != sum(map(len, bodies)):
        raise SystemExit(f"{line}: {answer['statuses']}")
    return float(good / answer["seconds"])


def read(url: str, path: str) -> float:
    """GETs a second over as many connections: from wrk, for our own sockets are slower than a page from the cache."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return load(url, f"GET {path}", [[""] * 200] * CONNECTIONS)
    command = [wrk, "-t1", f"-c{CONNECTIONS}", "-d3s", "-H", "Accept: text/html", url + path]
    for _ in range(2):  # the first run warms what the second measures
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told:
        raise SystemExit(f"GET {path}: {told}")
    return float(told.split("Requests/sec:")[1].split()[0])


def stream(url: str, world: World, seasons: Sequence[Sequence[Statement]]) -> float:
    """Statements a second over four NDJSON streams at once."""
    lines = [
        json.dumps({"statement": one.jws, "disclosures": world.disclosures[one.hash]}) for s in seasons for one in s
    ]
    share = len(seasons[0]) * (len(seasons) // 4)

    async def send() -> float:
        async with httpx.AsyncClient(timeout=300) as client:
            began = time.perf_counter()
            answers = await asyncio.gather(
                *(
                    client.post(
                        f"{url}/v1/statements",
                        content="\n".join(lines[at : at + share]),
                        headers={"content-type": "application/x-ndjson"},
                    )
                    for at in range(0, len(lines), share)
                )
            )
            seconds = time.perf_counter() - began
        good = sum(answer.text.count('"status":201') for answer in answers)
        if good != len(lines):
            raise SystemExit(f"stream: {good} of {len(lines)} recorded; {answers[0].text[:300]}")
        return len(lines) / seconds

    return asyncio.run(send())


def raw_verifies(world: World, statements: Sequence[Statement]) -> float:
    """Verifications a second by the fastest library installed, on as many threads as serve best in one process."""
    asked = []
    for one in statements[:4000]:
        message, _, signature = one.jws.rpartition(".")
        key = b64u.decode(next(d for d in world.devices.values() if d.key.public.kid == one.kid).key.public.x)
        asked.append((b64u.decode(signature), message.encode(), key))

    def sodium(some: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        for signature, message, key in some:
            crypto_sign_open(signature + message, key)

    def openssl(some: Sequence[tuple[bytes, bytes, bytes]]) -> None:
        for signature, message, key in some:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)

    def timed(check: Callable[[Any], None], threads: int) -> float:
        with ThreadPoolExecutor(threads) as pool:
            began = time.perf_counter()
            list(pool.map(check, [asked[i::threads] for i in range(threads)]))
            return len(asked) / (time.perf_counter() - began)

    return max(timed(check, threads) for check in (sodium, openssl) for threads in (1, os.cpu_count() or 1))


def rows_in(url: str) -> dict[str, int]:
    engine = connect(url)
    with engine.connect() as connection:
        counts = {table.name: len(connection.execute(select(table.c.log_id)).all()) for table in _tables()}
    engine.dispose()
    return counts


def _tables() -> list[Any]:
    return [table for table in (*TRUTH, disclosures, *PROJECTIONS) if table is not logs]


def raw_inserts(url: str, target: Path, before: dict[str, int], statements: int) -> float:
    """The rows that the stream wrote, written again into an empty database of the same schema in groups of 128."""
    source = connect(url)
    with source.connect() as connection:
        rows = {}
        for table in _tables():
            order = [column for column in table.primary_key]
            raw = connection.exec_driver_sql(
                f"SELECT * FROM {table.name} ORDER BY {', '.join(c.name for c in order)}"  # noqa: S608
            )
            rows[table] = [tuple(row) for row in raw][before[table.name] :]
    source.dispose()
    engine = connect(f"sqlite:///{target}")
    migrate(engine)
    groups = -(-statements // 128)
    began = time.perf_counter()
    for group in range(groups):
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            for table, all_rows in rows.items():
                share = -(-len(all_rows) // groups)
                insert_rows(connection, table, all_rows[group * share : (group + 1) * share])
    seconds = time.perf_counter() - began
    engine.dispose()
    return statements / seconds


def resident(pid: int) -> int:
    """Resident memory in MB, as Linux counts it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


# --- audit, labels -----------------------------------------------------------------------------------------------


def audited(folder: Path) -> list[dict[str, Any]]:
    """A full audit of what the last round captured, against verifying its signatures and nothing else."""
    got, limits = [], []
    data = folder / f"round-{ROUNDS - 1}"
    _, world, seasons = prepared(folder / "audit", "", 4, 4)
    del seasons
    for _ in range(ROUNDS):
        engine = connect(f"sqlite:///{data / 'ledger.sqlite'}")
        began = time.perf_counter()
        report = audit(engine, Pin.parse((data / "policy.json").read_text()))
        seconds = time.perf_counter() - began
        if not report.clean:
            raise SystemExit(f"audit: {report.first}")
        got.append(report.checked["statements"] / seconds)
        engine.dispose()
        limits.append(raw_verifies(world, world.statements * 400))
    return [figure("full audit", "statements/s", got, "raw verifies", limits)]


def ruled() -> list[dict[str, Any]]:
    """What the rules add to capture (at most 30 %), and how fast everything is recomputed."""
    pairs = measured(ROUNDS)
    ruled, bare = columns(pairs["captured"])
    rebuilt = [1e6 / each for each in columns(pairs["rebuilt"])[0]]
    return [
        figure("capture with the rules", "µs of CPU a statement", ruled, "capture without any", bare),
        figure("rebuild", "statements/s of CPU", rebuilt, "wanted", [REBUILT] * len(rebuilt)),
    ]


def drawn() -> list[dict[str, Any]]:
    label = Label(
        url="https://trace.example.org/t/AAAAAAAAAAAAAAAAAAAAAA",
        product="丹景山高山番茄",
        quantity="1250.5 公斤",
        origin="四川省成都市彭州市丹景山镇",
        date="2026-07-01",
        producer="青禾蔬菜种植专业合作社",
        trace_code=trace_code(ChainId("A" * 43)),
    )
    rates = []
    for draw in (png, svg):
        began = time.perf_counter()
        for _ in range(100):
            draw(label)
        rates.append(100 / (time.perf_counter() - began))
    return [
        {"figure": "labels drawn, PNG 300 dpi", "unit": "labels/s", "measured": round(rates[0])},
        {"figure": "labels drawn, SVG", "unit": "labels/s", "measured": round(rates[1])},
    ]


if __name__ == "__main__":
    main()
